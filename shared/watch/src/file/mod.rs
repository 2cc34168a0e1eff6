//! How are rules kept in files? As Prometheus keeps them, read as strictly, with the line of what is wrong.

mod fields;
mod read;
mod write;
pub(crate) mod yaml;

pub(crate) use fields::{Faults, Fields};
pub use read::{Fault, Strictness, read_rules};
pub use write::write_rules;
pub use yaml::{MAX_FILE_BYTES, Place};

/// Whether series can have this name.
pub(crate) fn is_metric_name(text: &str) -> bool {
    read::is_name(text, true)
}
