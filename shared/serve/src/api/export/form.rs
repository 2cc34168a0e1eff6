//! In which form does an export leave?

use std::io;

use axum::http::HeaderMap;
use vigie_formats::export::{Cells, CsvError, CsvWriter, JsonLines, Nans, ParquetError, ParquetWriter, Window};
use vigie_query::{Cell, QueryError, SeriesCells, SeriesSamples};

use crate::params::Params;
use crate::problem::Problem;
use crate::{ExportFormat, accept};

/// Samples that are written at once. A reader parses a line at once, so a line stays below some hundred kilobytes.
const PIECE_SAMPLES: usize = 8_192;

/// A form of export.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    JsonLines,
    Csv,
    Parquet,
}

impl Form {
    const ALL: [Self; 3] = [Self::JsonLines, Self::Csv, Self::Parquet];

    /// What the request asks for.
    pub(super) fn of(params: &Params, headers: &HeaderMap) -> Result<Self, Problem> {
        match params.get("format") {
            Some("jsonl") => Ok(Self::JsonLines),
            Some("csv") => Ok(Self::Csv),
            Some("parquet") => Ok(Self::Parquet),
            Some(_) => Err(Problem::bad_parameter("format is jsonl, csv or parquet")),
            None => {
                let liked = accept::preferred(headers, &Self::ALL.map(Self::media));
                Ok(liked.map_or(Self::JsonLines, |at| Self::ALL[at]))
            }
        }
    }

    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::JsonLines | Self::Parquet => self.media(),
        }
    }

    fn media(self) -> &'static str {
        match self {
            Self::JsonLines => "application/stream+json",
            Self::Csv => "text/csv",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

impl From<ExportFormat> for Form {
    fn from(said: ExportFormat) -> Self {
        match said {
            ExportFormat::Jsonl => Self::JsonLines,
            ExportFormat::Csv => Self::Csv,
            ExportFormat::Parquet => Self::Parquet,
        }
    }
}

/// Where an export is written: to whoever reads it, or into a file.
type Out<'o> = &'o mut (dyn io::Write + Send);

/// Writes an export in its form.
pub(super) struct Writer<'o> {
    to: To<'o>,
    samples: Vec<(i64, f64)>,
    windows: Vec<Window>,
}

enum To<'o> {
    JsonLines(JsonLines<Out<'o>>),
    Csv(CsvWriter<Out<'o>>),
    Parquet(Box<ParquetWriter<Out<'o>>>),
}

impl<'o> Writer<'o> {
    /// Begins, of samples or of minutes and hours. `names` are the labels that series have, which only a table asks for.
    pub(super) fn new(form: Form, windows: bool, names: Vec<String>, out: Out<'o>) -> Result<Self, QueryError> {
        let to = match form {
            Form::JsonLines => To::JsonLines(JsonLines::new(out, Nans::Null)),
            Form::Csv => {
                let columns = CsvWriter::columns(names.iter().map(String::as_str));
                let begin = if windows { CsvWriter::of_windows } else { CsvWriter::new };
                To::Csv(begin(out, columns, Cells::Guarded).map_err(of_csv)?)
            }
            Form::Parquet => {
                let begin = if windows { ParquetWriter::of_windows } else { ParquetWriter::new };
                To::Parquet(Box::new(begin(out).map_err(of_parquet)?))
            }
        };
        Ok(Self { to, samples: Vec::new(), windows: Vec::new() })
    }

    /// Writes a piece of a series.
    pub(super) fn piece(&mut self, piece: SeriesSamples<'_>) -> Result<(), QueryError> {
        let labels: Vec<_> = piece.labels.iter().collect();
        let columns = piece.timestamps_ms.chunks(PIECE_SAMPLES).zip(piece.values.chunks(PIECE_SAMPLES));
        for (timestamps_ms, values) in columns {
            self.samples.clear();
            self.samples.extend(timestamps_ms.iter().copied().zip(values.iter().copied()));
            match &mut self.to {
                To::JsonLines(lines) => lines.series(&labels, &self.samples).map_err(of_io)?,
                To::Csv(table) => table.series(&labels, &self.samples).map_err(of_csv)?,
                To::Parquet(table) => table.series(&labels, &self.samples).map_err(of_parquet)?,
            }
        }
        Ok(())
    }

    /// Writes minutes or hours of a series, those that touch a time.
    pub(super) fn cells(&mut self, piece: SeriesCells<'_>, (start_ms, end_ms): (i64, i64)) -> Result<(), QueryError> {
        let labels: Vec<_> = piece.labels.iter().collect();
        for some in piece.cells.chunks(PIECE_SAMPLES) {
            let touches = |cell: &&Cell| cell.begins_ms <= end_ms && start_ms < cell.begins_ms + cell.length_ms;
            self.windows.clear();
            self.windows.extend(some.iter().filter(touches).map(window));
            match &mut self.to {
                To::JsonLines(lines) => lines.windows(&labels, &self.windows).map_err(of_io)?,
                To::Csv(table) => table.windows(&labels, &self.windows).map_err(of_csv)?,
                To::Parquet(table) => table.windows(&labels, &self.windows).map_err(of_parquet)?,
            }
        }
        Ok(())
    }

    /// Writes what belongs at the end.
    pub(super) fn finish(self) -> Result<(), QueryError> {
        match self.to {
            To::JsonLines(lines) => lines.finish().map(|_| ()).map_err(of_io),
            To::Csv(table) => table.finish().map(|_| ()).map_err(of_csv),
            To::Parquet(table) => table.finish().map(|_| ()).map_err(of_parquet),
        }
    }
}

fn window(cell: &Cell) -> Window {
    let value = |kept: Option<(i64, f64)>| kept.map_or(f64::NAN, |(_, value)| value);
    Window {
        begins_ms: cell.begins_ms,
        length_ms: cell.length_ms,
        count: cell.count,
        sum: cell.sum,
        min: cell.min,
        max: cell.max,
        first: value(cell.first),
        last: value(cell.last),
        climbed: cell.climbed,
        coverage: cell.coverage,
    }
}

/// An outlet fails only when its reader has gone; who writes a file knows why it failed.
fn of_io(_: io::Error) -> QueryError {
    QueryError::Canceled
}

fn of_csv(error: CsvError) -> QueryError {
    match error {
        CsvError::Io(error) => of_io(error),
        CsvError::NoColumn(_) => QueryError::Internal("a label appeared while the export ran; ask again".to_owned()),
    }
}

fn of_parquet(error: ParquetError) -> QueryError {
    match error {
        ParquetError::External(_) => QueryError::Canceled,
        other => QueryError::Internal(other.to_string()),
    }
}
