//! What is asked about the past: selectors, and answers with their coverage.
