//! How are samples taken away into a spreadsheet?

use std::io;

use super::instant;
use crate::{ForeignSample, NAME};

/// Writes RFC 4180 with a header: `time`, a column for each label, `value`.
///
/// Times are RFC 3339 in UTC; values are the shortest that read back to the same, `NaN`, `+Inf` and `-Inf` by name
/// (all NaNs are one, the stale marker too). A label that a series has not is an empty cell, which is the same in
/// Prometheus' model. Memory: one row.
#[derive(Debug)]
pub struct CsvWriter<W> {
    out: W,
    columns: Vec<String>,
    cells: Cells,
    row: String,
}

/// What becomes of texts that a spreadsheet would run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cells {
    /// Every text as it is: for programs.
    Exact,
    /// An apostrophe before texts that begin as formulas do (`=`, `+`, `-`, `@`, tab, return): for people. Labels are
    /// the words of whoever named a machine, not of whoever opens the file.
    Guarded,
}

/// Rows that were not written.
#[derive(Debug, thiserror::Error)]
pub enum CsvError {
    /// A label has no column; without it rows of two series could not be told apart.
    #[error("the label {0} has no column; name it when the file begins")]
    NoColumn(String),
    /// The sink failed; the last row may be there in part.
    #[error("the file can not be written further: {0}")]
    Io(#[from] io::Error),
}

impl<W: io::Write> CsvWriter<W> {
    /// Begins a file with a column for each of these labels, in this order, [`NAME`] as any other.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn new(mut out: W, columns: Vec<String>, cells: Cells) -> Result<Self, CsvError> {
        let names = columns.iter().map(String::as_str).map(|name| cell(name, cells));
        let header: Vec<_> = ["time".to_owned()].into_iter().chain(names).chain(["value".to_owned()]).collect();
        out.write_all(format!("{}\r\n", header.join(",")).as_bytes())?;
        Ok(Self { out, columns, cells, row: String::new() })
    }

    /// Writes a piece of a series, a row for each sample.
    ///
    /// # Errors
    /// When a label has no column: nothing of the series is written. When the sink fails.
    pub fn series<S: AsRef<str>>(&mut self, labels: &[(S, S)], samples: &[ForeignSample]) -> Result<(), CsvError> {
        let column = |name: &str| self.columns.iter().any(|column| column == name);
        if let Some((name, _)) = labels.iter().find(|(name, _)| !column(name.as_ref())) {
            return Err(CsvError::NoColumn(name.as_ref().to_owned()));
        }
        let value = |name: &String| crate::label(labels, name).unwrap_or_default();
        let cells: String = self.columns.iter().map(|name| format!(",{}", cell(value(name), self.cells))).collect();
        for (time_ms, value) in samples {
            self.row.clear();
            self.row.push_str(&instant::written(*time_ms));
            self.row.push_str(&cells);
            self.row.push(',');
            self.row.push_str(&crate::text::written(*value));
            self.row.push_str("\r\n");
            self.out.write_all(self.row.as_bytes())?;
        }
        Ok(())
    }

    /// Gives the sink back, flushed.
    ///
    /// # Errors
    /// When the sink can not be flushed.
    pub fn finish(mut self) -> Result<W, CsvError> {
        self.out.flush()?;
        Ok(self.out)
    }
}

impl CsvWriter<io::Sink> {
    /// The columns that these series need: the name first, then the other labels in their order.
    pub fn columns<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
        let others: std::collections::BTreeSet<&str> = names.filter(|name| *name != NAME).collect();
        [NAME].into_iter().chain(others).map(str::to_owned).collect()
    }
}

fn cell(text: &str, cells: Cells) -> String {
    let formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let guard = if cells == Cells::Guarded && formula { "'" } else { "" };
    if text.contains([',', '"', '\r', '\n']) || text.starts_with(' ') || text.ends_with(' ') {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        format!("{guard}{text}")
    }
}
