//! How are samples taken away so that VictoriaMetrics, or this crate's own bits, come back?

use std::io;

use super::{Window, json_text, object};
use crate::{ForeignSample, NORMAL_NAN_BITS};

/// Writes the lines of VictoriaMetrics' `/api/v1/export`, which its `/api/v1/import` takes back:
/// `{"metric":{"__name__":"up"},"values":[1],"timestamps":[1700000000000]}`.
///
/// Infinities are the texts `"Infinity"` and `"-Infinity"`, as there. Finite values are the shortest that read back to
/// the same bits, minus zero among them. Memory: one line at a time, so feed a long series in pieces of some thousand
/// samples; each piece is a line, and a reader joins lines of one series by their times.
#[derive(Debug)]
pub struct JsonLines<W> {
    out: W,
    nans: Nans,
    line: String,
}

/// What becomes of values that are no number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nans {
    /// Every NaN is `null`, as VictoriaMetrics writes and reads it; the stale marker is then a NaN as all others.
    Null,
    /// The normal NaN is `null`, any other the text `"NaN:"` and its sixteen hex digits: nothing is lost, and
    /// VictoriaMetrics refuses such lines.
    Exact,
}

impl<W: io::Write> JsonLines<W> {
    /// Lines to this sink.
    pub fn new(out: W, nans: Nans) -> Self {
        Self { out, nans, line: String::new() }
    }

    /// Writes a piece of a series as one line; no samples are no line.
    ///
    /// # Errors
    /// When the sink fails; the line may be there in part.
    pub fn series<S: AsRef<str>>(&mut self, labels: &[(S, S)], samples: &[ForeignSample]) -> io::Result<()> {
        if samples.is_empty() {
            return Ok(());
        }
        self.begin(labels);
        self.list("values", samples, |nans, (_, value)| value_json(*value, nans));
        self.list("timestamps", samples, |_, (time_ms, _)| time_ms.to_string());
        self.end()
    }

    /// Writes some windows of a series as one line, which no other program knows: a list of timestamps at which they
    /// begin, of their lengths in seconds (`window_s`), of their counts, and one for each of the other columns.
    ///
    /// # Errors
    /// When the sink fails; the line may be there in part.
    pub fn windows<S: AsRef<str>>(&mut self, labels: &[(S, S)], windows: &[Window]) -> io::Result<()> {
        if windows.is_empty() {
            return Ok(());
        }
        self.begin(labels);
        self.list("timestamps", windows, |_, window| window.begins_ms.to_string());
        self.list("window_s", windows, |_, window| window.length_s().to_string());
        self.list("count", windows, |_, window| window.count.to_string());
        for (at, name) in Window::NUMBERS.into_iter().enumerate() {
            self.list(name, windows, |nans, window| value_json(window.numbers()[at], nans));
        }
        self.end()
    }

    fn begin<S: AsRef<str>>(&mut self, labels: &[(S, S)]) {
        self.line.clear();
        self.line.push_str("{\"metric\":");
        self.line.push_str(&object(labels.iter().map(|(name, value)| (name.as_ref(), value.as_ref()))));
    }

    fn end(&mut self) -> io::Result<()> {
        self.line.push_str("}\n");
        self.out.write_all(self.line.as_bytes())
    }

    /// Gives the sink back, flushed.
    ///
    /// # Errors
    /// When the sink can not be flushed.
    pub fn finish(mut self) -> io::Result<W> {
        self.out.flush()?;
        Ok(self.out)
    }

    fn list<T>(&mut self, name: &str, of: &[T], text: impl Fn(Nans, &T) -> String) {
        self.line.push_str(&format!(",{}:[", json_text(name)));
        for (at, one) in of.iter().enumerate() {
            if at > 0 {
                self.line.push(',');
            }
            self.line.push_str(&text(self.nans, one));
        }
        self.line.push(']');
    }
}

fn value_json(value: f64, nans: Nans) -> String {
    if value.is_nan() {
        match nans {
            Nans::Exact if value.to_bits() != NORMAL_NAN_BITS => format!("\"NaN:{:016x}\"", value.to_bits()),
            Nans::Exact | Nans::Null => "null".to_owned(),
        }
    } else if value.is_infinite() {
        if value > 0.0 { "\"Infinity\"" } else { "\"-Infinity\"" }.to_owned()
    } else {
        crate::text::written(value)
    }
}
