//! One site's memory; useful when alone.
