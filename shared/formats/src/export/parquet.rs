//! How are samples taken away into a data frame?

use std::io::Write;
use std::sync::Arc;

use parquet::basic::{Compression, Encoding};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::ColumnPath;

pub use parquet::errors::ParquetError;

use super::{Window, object};
use crate::{ForeignSample, NAME};

/// Rows that are held before they are written: 1 MB of times and values, and the texts of their series.
pub const ROWS_PER_GROUP: usize = 64 * 1024;

/// Bytes of texts that are held before their rows are written, for series with few samples each.
const TEXT_BYTES_PER_GROUP: usize = 8 << 20;

/// Rows of text handed to the encoder at once; each costs 32 bytes there, whatever its length.
const ROWS_AT_ONCE: usize = 1024;

/// What every table begins with.
const SERIES_AND_TIME: &str = "required binary metric (STRING);
    required binary labels (STRING);
    required int64 time (TIMESTAMP(MILLIS,true));";

/// Writes Parquet: `metric` (the name), `labels` (a JSON object of the others, sorted), `time` (UTC, milliseconds) and
/// `value`, of which every bit is kept; or, of windows, `window_s`, `count` and the other columns. Snappy inside.
///
/// Memory: one row group, at most [`ROWS_PER_GROUP`] rows or 8 MiB of texts and what the encoder makes of them, and
/// about 1 KB per group written so far for the footer. Of windows a row is four times as large.
pub struct ParquetWriter<W: Write + Send> {
    out: SerializedFileWriter<W>,
    rows: Rows,
}

impl<W: Write + Send> std::fmt::Debug for ParquetWriter<W> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetWriter").field("rows_held", &self.rows.times.len()).finish_non_exhaustive()
    }
}

impl<W: Write + Send> ParquetWriter<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn new(out: W) -> Result<Self, ParquetError> {
        Self::begin(out, &[], &["value"])
    }

    /// Begins a file of windows.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn of_windows(out: W) -> Result<Self, ParquetError> {
        Self::begin(out, &["window_s", "count"], &Window::NUMBERS)
    }

    fn begin(out: W, counts: &[&'static str], values: &[&'static str]) -> Result<Self, ParquetError> {
        let counted: String = counts.iter().map(|name| format!(" required int64 {name};")).collect();
        let valued: String = values.iter().map(|name| format!(" required double {name};")).collect();
        let schema =
            Arc::new(parse_message_type(&format!("message samples {{ {SERIES_AND_TIME}{counted}{valued} }}"))?);
        let properties = properties(counts.iter().chain(&["time"]), values.iter());
        let out = SerializedFileWriter::new(out, schema, Arc::new(properties))?;
        Ok(Self { out, rows: Rows::of(counts.len(), values.len()) })
    }

    /// Takes a piece of a series; what fills a row group is written.
    ///
    /// # Errors
    /// When the sink fails; the file is then of no use.
    pub fn series<S: AsRef<str>>(&mut self, labels: &[(S, S)], samples: &[ForeignSample]) -> Result<(), ParquetError> {
        self.each_group(labels, samples, |rows, (time_ms, value)| rows.add(*time_ms, &[], &[*value]))
    }

    /// Takes some windows of a series.
    ///
    /// # Errors
    /// As [`ParquetWriter::series`].
    pub fn windows<S: AsRef<str>>(&mut self, labels: &[(S, S)], windows: &[Window]) -> Result<(), ParquetError> {
        self.each_group(labels, windows, |rows, window| {
            let counts = [window.length_s(), window.count.cast_signed()];
            rows.add(window.begins_ms, &counts, &window.numbers());
        })
    }

    fn each_group<S: AsRef<str>, T>(
        &mut self,
        labels: &[(S, S)],
        of: &[T],
        add: impl Fn(&mut Rows, &T),
    ) -> Result<(), ParquetError> {
        let metric = ByteArray::from(crate::label(labels, NAME).unwrap_or_default());
        let labels = ByteArray::from(labels_json(labels).into_bytes());
        let mut left = of;
        while !left.is_empty() {
            let room = ROWS_PER_GROUP - self.rows.times.len();
            let (piece, rest) = left.split_at(room.min(left.len()));
            self.rows.add_run(&metric, &labels, piece.len());
            piece.iter().for_each(|one| add(&mut self.rows, one));
            left = rest;
            if self.rows.full() {
                self.write_group()?;
            }
        }
        Ok(())
    }

    /// Ends the file and gives the sink back.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn finish(mut self) -> Result<W, ParquetError> {
        self.write_group()?;
        self.out.into_inner()
    }

    fn write_group(&mut self) -> Result<(), ParquetError> {
        let empty = Rows::of(self.rows.counts.len(), self.rows.values.len());
        let rows = std::mem::replace(&mut self.rows, empty);
        if rows.times.is_empty() {
            return Ok(());
        }
        let mut group = self.out.next_row_group()?;
        write_texts(&mut group, &rows.runs, |run| &run.metric)?;
        write_texts(&mut group, &rows.runs, |run| &run.labels)?;
        write_numbers::<_, Int64Type>(&mut group, &rows.times)?;
        rows.counts.iter().try_for_each(|counts| write_numbers::<_, Int64Type>(&mut group, counts))?;
        rows.values.iter().try_for_each(|values| write_numbers::<_, DoubleType>(&mut group, values))?;
        group.close()?;
        Ok(())
    }
}

/// Rows that wait for their group. Texts are held once for each run of rows of one series.
struct Rows {
    runs: Vec<Run>,
    times: Vec<i64>,
    /// Column by column.
    counts: Vec<Vec<i64>>,
    values: Vec<Vec<f64>>,
    text_bytes: usize,
}

struct Run {
    metric: ByteArray,
    labels: ByteArray,
    rows: usize,
}

impl Rows {
    fn of(counts: usize, values: usize) -> Self {
        let (counts, values) = (vec![Vec::new(); counts], vec![Vec::new(); values]);
        Self { runs: Vec::new(), times: Vec::new(), counts, values, text_bytes: 0 }
    }

    fn add_run(&mut self, metric: &ByteArray, labels: &ByteArray, rows: usize) {
        self.text_bytes += metric.len() + labels.len();
        self.runs.push(Run { metric: metric.clone(), labels: labels.clone(), rows });
    }

    fn add(&mut self, time_ms: i64, counts: &[i64], values: &[f64]) {
        self.times.push(time_ms);
        self.counts.iter_mut().zip(counts).for_each(|(column, count)| column.push(*count));
        self.values.iter_mut().zip(values).for_each(|(column, value)| column.push(*value));
    }

    fn full(&self) -> bool {
        self.times.len() >= ROWS_PER_GROUP || self.text_bytes >= TEXT_BYTES_PER_GROUP
    }
}

/// Texts repeat, so they are a dictionary, as large as all of a group's texts; times and counts step evenly, so their steps
/// are kept; doubles compress best with their bytes apart.
fn properties<'a>(
    stepping: impl Iterator<Item = &'a &'static str>,
    values: impl Iterator<Item = &'a &'static str>,
) -> WriterProperties {
    let builder = WriterProperties::builder()
        .set_created_by("vigie".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_dictionary_page_size_limit(2 * TEXT_BYTES_PER_GROUP);
    let stepping = stepping.map(|name| (*name, Encoding::DELTA_BINARY_PACKED));
    let values = values.map(|name| (*name, Encoding::BYTE_STREAM_SPLIT));
    let builder = stepping.chain(values).fold(builder, |builder, (name, encoding)| {
        let column = ColumnPath::from(name);
        builder.set_column_dictionary_enabled(column.clone(), false).set_column_encoding(column, encoding)
    });
    builder.build()
}

fn write_texts<W: Write + Send>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    runs: &[Run],
    text: impl Fn(&Run) -> &ByteArray,
) -> Result<(), ParquetError> {
    let mut column = next_column(group)?;
    let mut rows = runs.iter().flat_map(|run| std::iter::repeat_n(text(run), run.rows));
    loop {
        let some: Vec<ByteArray> = rows.by_ref().take(ROWS_AT_ONCE).cloned().collect();
        if some.is_empty() {
            return column.close();
        }
        column.typed::<ByteArrayType>().write_batch(&some, None, None)?;
    }
}

fn write_numbers<W: Write + Send, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    numbers: &[T::T],
) -> Result<(), ParquetError> {
    let mut column = next_column(group)?;
    column.typed::<T>().write_batch(numbers, None, None)?;
    column.close()
}

fn next_column<'g, W: Write + Send>(
    group: &'g mut SerializedRowGroupWriter<'_, W>,
) -> Result<parquet::file::writer::SerializedColumnWriter<'g>, ParquetError> {
    group.next_column()?.ok_or_else(|| ParquetError::General("the schema has a column less".to_owned()))
}

/// The labels of a series but its name, as a JSON object.
fn labels_json<S: AsRef<str>>(labels: &[(S, S)]) -> String {
    let others = labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).filter(|(name, _)| *name != NAME);
    object(others)
}
