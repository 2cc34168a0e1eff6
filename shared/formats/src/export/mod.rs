//! How does a person or a program take samples away? JSON lines, CSV and Parquet, in bounded memory.
//!
//! Each writer is fed series by series, a series in as many pieces as the caller likes, and holds no more than it says. Of
//! minutes and hours each has a form of its own, with the columns of a [`Window`].

mod csv;
mod instant;
mod json_lines;
#[cfg(feature = "parquet")]
mod parquet;
mod window;

pub use csv::{Cells, CsvError, CsvWriter};
pub use json_lines::{JsonLines, Nans};
#[cfg(feature = "parquet")]
pub use parquet::{ParquetError, ParquetWriter, ROWS_PER_GROUP};
pub use window::Window;

/// A JSON object of texts, in the order given.
fn object<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let pairs: Vec<_> = pairs.map(|(name, value)| format!("{}:{}", json_text(name), json_text(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn json_text(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
