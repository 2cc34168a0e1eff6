//! How are samples written for another Prometheus to read, as its federation does?

use std::io;

use super::TextFormat;
use super::number::written;
use crate::{ForeignSample, Kind, Metadata, NAME};

/// Writes the exposition format 0.0.4 or OpenMetrics, series by series, in the memory of one line.
///
/// As Prometheus' own federation, it makes a family of each name: parts of histograms and summaries are untyped, so
/// that any choice of series can be written and read back.
#[derive(Debug)]
pub struct TextWriter<W> {
    out: W,
    format: TextFormat,
    family: String,
    line: String,
}

/// A series that was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// A family begins before the one that was just written; the page would have families in pieces.
    #[error("{name} came after {after}: series are written in the order of their names")]
    OutOfOrder {
        /// The family that came too late.
        name: String,
        /// The family before it.
        after: String,
    },
    /// The labels say no name.
    #[error("a series without a name can not be written")]
    NoName,
    /// The sink failed; what was written before may be there in part.
    #[error("the page can not be written further: {0}")]
    Io(#[from] io::Error),
}

impl<W: io::Write> TextWriter<W> {
    /// A page of 0.0.4 to this sink.
    pub fn new(out: W) -> Self {
        Self::in_format(out, TextFormat::Prometheus)
    }

    /// A page to this sink. In OpenMetrics totals are of unknown kind, because a series need not bear the name that it
    /// asks of them.
    pub fn in_format(out: W, format: TextFormat) -> Self {
        Self { out, format, family: String::new(), line: String::new() }
    }

    /// Writes one sample of a series. Series come in the order of their names; labels are sorted.
    ///
    /// A name that is no classic Prometheus name is written in quotes, which Prometheus reads from version 3 on.
    ///
    /// # Errors
    /// When the name is missing or out of order, or the sink fails.
    pub fn sample<S: AsRef<str>>(
        &mut self,
        labels: &[(S, S)],
        metadata: Option<&Metadata>,
        (time_ms, value): ForeignSample,
    ) -> Result<(), WriteError> {
        let name = crate::label(labels, NAME).ok_or(WriteError::NoName)?;
        self.line.clear();
        self.begin_family(name, metadata)?;
        let own = labels.iter().map(|(key, text)| (key.as_ref(), text.as_ref())).filter(|(key, _)| *key != NAME);
        write_series(&mut self.line, name, own);
        self.line.push_str(&format!(" {} {}\n", written(value), self.time(time_ms)));
        self.out.write_all(self.line.as_bytes())?;
        Ok(())
    }

    /// Ends the page and gives the sink back, flushed.
    ///
    /// # Errors
    /// When the sink fails.
    pub fn finish(mut self) -> Result<W, WriteError> {
        if self.format == TextFormat::OpenMetrics {
            self.out.write_all(b"# EOF\n")?;
        }
        self.out.flush()?;
        Ok(self.out)
    }

    fn begin_family(&mut self, name: &str, metadata: Option<&Metadata>) -> Result<(), WriteError> {
        if self.family == name {
            return Ok(());
        }
        if self.family.as_str() > name {
            return Err(WriteError::OutOfOrder { name: name.to_owned(), after: self.family.clone() });
        }
        name.clone_into(&mut self.family);
        let shown = if is_classic(name, true) { name.to_owned() } else { quoted(name) };
        if let Some(known) = metadata.filter(|known| !known.help.is_empty()) {
            let help = known.help.replace('\\', "\\\\").replace('\n', "\\n");
            self.line.push_str(&format!("# HELP {shown} {help}\n"));
        }
        self.line.push_str(&format!("# TYPE {shown} {}\n", type_word(self.format, metadata)));
        Ok(())
    }

    /// Milliseconds in 0.0.4, seconds in OpenMetrics.
    fn time(&self, time_ms: i64) -> String {
        let (sign, ms) = (if time_ms < 0 { "-" } else { "" }, time_ms.unsigned_abs());
        match self.format {
            TextFormat::Prometheus => time_ms.to_string(),
            TextFormat::OpenMetrics => format!("{sign}{}.{:03}", ms / 1000, ms % 1000),
        }
    }
}

fn write_series<'a>(line: &mut String, name: &str, labels: impl Iterator<Item = (&'a str, &'a str)>) {
    let classic = is_classic(name, true);
    let first = if classic { None } else { Some(quoted(name)) };
    let pairs = labels.map(|(key, value)| {
        let key = if is_classic(key, false) { key.to_owned() } else { quoted(key) };
        format!("{key}={}", quoted(value))
    });
    let inside = first.into_iter().chain(pairs).collect::<Vec<_>>().join(",");
    if classic {
        line.push_str(name);
    }
    if !inside.is_empty() {
        line.push('{');
        line.push_str(&inside);
        line.push('}');
    }
}

fn type_word(format: TextFormat, metadata: Option<&Metadata>) -> &'static str {
    match (metadata.map(|known| known.kind).unwrap_or_default(), format) {
        (Kind::Gauge, _) => Kind::Gauge.word(),
        (Kind::Counter, TextFormat::Prometheus) => Kind::Counter.word(),
        (_, TextFormat::Prometheus) => "untyped",
        (_, TextFormat::OpenMetrics) => Kind::Unknown.word(),
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

/// Whether a name needs no quotes.
fn is_classic(name: &str, colons: bool) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || (colons && c == ':');
    !name.is_empty() && name.chars().all(allowed) && !name.starts_with(|c: char| c.is_ascii_digit())
}
