//! Do rules do what their unit tests say? The files are those of `promtool test rules`, and so is the verdict.
//!
//! Reads no files itself: whoever calls gives the rule files that the unit-test file names.

mod case;
mod run;
mod series;
mod show;
pub(crate) mod storage;

pub use case::{TestFile, read_tests};
pub use run::{Difference, RunOptions, run_tests};
pub use series::{SeriesError, read_series};
