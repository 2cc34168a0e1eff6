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

use super::object;
use crate::{ForeignSample, NAME};

/// Rows that are held before they are written: 1 MB of times and values, and the texts of their series.
pub const ROWS_PER_GROUP: usize = 64 * 1024;

/// Bytes of texts that are held before their rows are written, for series with few samples each.
const TEXT_BYTES_PER_GROUP: usize = 8 << 20;

/// Rows of text handed to the encoder at once; each costs 32 bytes there, whatever its length.
const ROWS_AT_ONCE: usize = 1024;

const SCHEMA: &str = "message samples {
    required binary metric (STRING);
    required binary labels (STRING);
    required int64 time (TIMESTAMP(MILLIS,true));
    required double value;
}";

/// Writes Parquet: `metric` (the name), `labels` (a JSON object of the others, sorted), `time` (UTC, milliseconds) and
/// `value`, of which every bit is kept. Snappy inside.
///
/// Memory: one row group, at most [`ROWS_PER_GROUP`] rows or 8 MiB of texts and what the encoder makes of them, and
/// about 1 KB per group written so far for the footer.
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
        let schema = Arc::new(parse_message_type(SCHEMA)?);
        let out = SerializedFileWriter::new(out, schema, Arc::new(properties()))?;
        Ok(Self { out, rows: Rows::default() })
    }

    /// Takes a piece of a series; what fills a row group is written.
    ///
    /// # Errors
    /// When the sink fails; the file is then of no use.
    pub fn series<S: AsRef<str>>(&mut self, labels: &[(S, S)], samples: &[ForeignSample]) -> Result<(), ParquetError> {
        let metric = ByteArray::from(crate::label(labels, NAME).unwrap_or_default());
        let labels = ByteArray::from(labels_json(labels).into_bytes());
        let mut left = samples;
        while !left.is_empty() {
            let room = ROWS_PER_GROUP - self.rows.times.len();
            let (piece, rest) = left.split_at(room.min(left.len()));
            self.rows.add(&metric, &labels, piece);
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
        let rows = std::mem::take(&mut self.rows);
        if rows.times.is_empty() {
            return Ok(());
        }
        let mut group = self.out.next_row_group()?;
        write_texts(&mut group, &rows.runs, |run| &run.metric)?;
        write_texts(&mut group, &rows.runs, |run| &run.labels)?;
        write_numbers::<_, Int64Type>(&mut group, &rows.times)?;
        write_numbers::<_, DoubleType>(&mut group, &rows.values)?;
        group.close()?;
        Ok(())
    }
}

/// Rows that wait for their group. Texts are held once for each run of rows of one series.
#[derive(Default)]
struct Rows {
    runs: Vec<Run>,
    times: Vec<i64>,
    values: Vec<f64>,
    text_bytes: usize,
}

struct Run {
    metric: ByteArray,
    labels: ByteArray,
    rows: usize,
}

impl Rows {
    fn add(&mut self, metric: &ByteArray, labels: &ByteArray, samples: &[ForeignSample]) {
        self.text_bytes += metric.len() + labels.len();
        self.runs.push(Run { metric: metric.clone(), labels: labels.clone(), rows: samples.len() });
        self.times.extend(samples.iter().map(|(time_ms, _)| time_ms));
        self.values.extend(samples.iter().map(|(_, value)| value));
    }

    fn full(&self) -> bool {
        self.times.len() >= ROWS_PER_GROUP || self.text_bytes >= TEXT_BYTES_PER_GROUP
    }
}

/// Texts repeat, so they are a dictionary, as large as all of a group's texts; times step evenly, so their steps are
/// kept; doubles compress best with their bytes apart.
fn properties() -> WriterProperties {
    let (time, value) = (ColumnPath::from("time"), ColumnPath::from("value"));
    WriterProperties::builder()
        .set_created_by("vigie".to_owned())
        .set_compression(Compression::SNAPPY)
        .set_dictionary_page_size_limit(2 * TEXT_BYTES_PER_GROUP)
        .set_column_dictionary_enabled(time.clone(), false)
        .set_column_encoding(time, Encoding::DELTA_BINARY_PACKED)
        .set_column_dictionary_enabled(value.clone(), false)
        .set_column_encoding(value, Encoding::BYTE_STREAM_SPLIT)
        .build()
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
    group.next_column()?.ok_or_else(|| ParquetError::General("the schema has four columns".to_owned()))
}

/// The labels of a series but its name, as a JSON object.
fn labels_json<S: AsRef<str>>(labels: &[(S, S)]) -> String {
    let others = labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref())).filter(|(name, _)| *name != NAME);
    object(others)
}
