//! Measures the goals of the README and prints them as a table.
