//! How are samples taken away into a spreadsheet?

use std::io;

use super::{Window, instant};
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
    pub fn new(out: W, columns: Vec<String>, cells: Cells) -> Result<Self, CsvError> {
        Self::begin(out, columns, cells, ["value"].into_iter())
    }

    /// The same for windows: behind the labels `window_s`, `count` and the other columns, in place of `value`.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn of_windows(out: W, columns: Vec<String>, cells: Cells) -> Result<Self, CsvError> {
        Self::begin(out, columns, cells, ["window_s", "count"].into_iter().chain(Window::NUMBERS))
    }

    fn begin(
        mut out: W,
        columns: Vec<String>,
        cells: Cells,
        values: impl Iterator<Item = &'static str>,
    ) -> Result<Self, CsvError> {
        let names = columns.iter().map(String::as_str).map(|name| cell(name, cells));
        let header: Vec<_> = ["time".to_owned()].into_iter().chain(names).chain(values.map(str::to_owned)).collect();
        out.write_all(format!("{}\r\n", header.join(",")).as_bytes())?;
        Ok(Self { out, columns, cells, row: String::new() })
    }

    /// Writes a piece of a series, a row for each sample.
    ///
    /// # Errors
    /// When a label has no column: nothing of the series is written. When the sink fails.
    pub fn series<S: AsRef<str>>(&mut self, labels: &[(S, S)], samples: &[ForeignSample]) -> Result<(), CsvError> {
        let cells = self.cells_of(labels)?;
        samples.iter().try_for_each(|(time_ms, value)| self.row(*time_ms, &cells, &[crate::text::written(*value)]))
    }

    /// Writes some windows of a series, a row for each.
    ///
    /// # Errors
    /// As [`CsvWriter::series`].
    pub fn windows<S: AsRef<str>>(&mut self, labels: &[(S, S)], windows: &[Window]) -> Result<(), CsvError> {
        let cells = self.cells_of(labels)?;
        windows.iter().try_for_each(|window| {
            let mut values = vec![window.length_s().to_string(), window.count.to_string()];
            values.extend(window.numbers().map(crate::text::written));
            self.row(window.begins_ms, &cells, &values)
        })
    }

    fn cells_of<S: AsRef<str>>(&self, labels: &[(S, S)]) -> Result<String, CsvError> {
        let column = |name: &str| self.columns.iter().any(|column| column == name);
        if let Some((name, _)) = labels.iter().find(|(name, _)| !column(name.as_ref())) {
            return Err(CsvError::NoColumn(name.as_ref().to_owned()));
        }
        let value = |name: &String| crate::label(labels, name).unwrap_or_default();
        Ok(self.columns.iter().map(|name| format!(",{}", cell(value(name), self.cells))).collect())
    }

    fn row(&mut self, time_ms: i64, cells: &str, values: &[String]) -> Result<(), CsvError> {
        self.row.clear();
        self.row.push_str(&instant::written(time_ms));
        self.row.push_str(cells);
        for value in values {
            self.row.push(',');
            self.row.push_str(value);
        }
        self.row.push_str("\r\n");
        self.out.write_all(self.row.as_bytes())?;
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
