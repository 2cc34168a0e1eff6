//! What does one line say?

use std::borrow::Cow;

use super::TextFormat;
use super::cursor::{Cursor, unescaped};
use super::number;
use crate::{Kind, NAME};

/// One line of a page.
#[derive(Debug)]
pub(super) enum Line<'a> {
    /// Nothing, or a comment.
    Blank,
    /// `# TYPE`.
    Type(Cow<'a, str>, Kind),
    /// `# HELP`.
    Help(Cow<'a, str>, Cow<'a, str>),
    /// `# UNIT`.
    Unit(Cow<'a, str>, &'a str),
    /// `# EOF`.
    End,
    /// A sample.
    Sample(Sample<'a>),
}

/// A sample, with its labels in the line's order, [`NAME`] first.
#[derive(Debug)]
pub(super) struct Sample<'a> {
    pub(super) labels: Vec<(Cow<'a, str>, Cow<'a, str>)>,
    pub(super) value: f64,
    pub(super) time_ms: Option<i64>,
    pub(super) exemplar: bool,
}

/// Why a line can not be read.
pub(super) type Fault = &'static str;

impl<'a> Line<'a> {
    /// Reads a line without its end. At most `max_labels` labels are gathered, and one more to show that there are more.
    pub(super) fn read(text: &'a str, format: TextFormat, max_labels: usize) -> Result<Self, Fault> {
        let mut cursor = Cursor::new(text.strip_suffix('\r').unwrap_or(text));
        cursor.skip_blanks();
        match cursor.rest.chars().next() {
            None => Ok(Self::Blank),
            Some('#') => comment(cursor, format),
            Some(_) => sample(cursor, format, max_labels).map(Self::Sample),
        }
    }
}

fn comment(mut cursor: Cursor<'_>, format: TextFormat) -> Result<Line<'_>, Fault> {
    cursor.eat('#');
    cursor.skip_blanks();
    match cursor.word() {
        "TYPE" => {
            let name = family_name(&mut cursor)?;
            let kind = Kind::of_word(cursor.rest.trim_end()).ok_or("a TYPE that is none")?;
            Ok(Line::Type(name, kind))
        }
        "HELP" => {
            let name = family_name(&mut cursor)?;
            Ok(Line::Help(name, unescaped(cursor.rest, format == TextFormat::OpenMetrics)))
        }
        "UNIT" if format == TextFormat::OpenMetrics => {
            let name = family_name(&mut cursor)?;
            Ok(Line::Unit(name, cursor.rest.trim_end()))
        }
        "EOF" if format == TextFormat::OpenMetrics => Ok(Line::End),
        _ => Ok(Line::Blank),
    }
}

fn family_name<'a>(cursor: &mut Cursor<'a>) -> Result<Cow<'a, str>, Fault> {
    const NONE: Fault = "a comment about a family without its name";
    let name = if cursor.rest.starts_with('"') {
        cursor.quoted().ok_or(NONE)?
    } else {
        Cow::Borrowed(cursor.bare_name(true).ok_or(NONE)?)
    };
    if !cursor.rest.is_empty() && !cursor.rest.starts_with([' ', '\t']) {
        return Err("a family name with a character that needs quotes");
    }
    cursor.skip_blanks();
    Ok(name)
}

fn sample(mut cursor: Cursor<'_>, format: TextFormat, max_labels: usize) -> Result<Sample<'_>, Fault> {
    let mut labels = Vec::new();
    if !cursor.rest.starts_with('{') {
        let name = cursor.bare_name(true).ok_or("a metric without a name")?;
        labels.push((Cow::Borrowed(NAME), Cow::Borrowed(name)));
        cursor.skip_blanks();
    }
    if cursor.eat('{') {
        braces(&mut cursor, max_labels, &mut labels)?;
    }
    if !labels.iter().any(|(name, _)| name == NAME) {
        return Err("a metric without a name");
    }
    cursor.skip_blanks();
    let value = number::value(cursor.word()).ok_or("a value that is no number")?;
    let (mut time_ms, mut exemplar) = (None, false);
    if !cursor.rest.is_empty() && !cursor.rest.starts_with('#') {
        time_ms = Some(time(cursor.word(), format).ok_or("a time that is no number")?);
    }
    if format == TextFormat::OpenMetrics && cursor.rest.starts_with('#') {
        exemplar = true;
    } else if !cursor.rest.is_empty() {
        return Err("something behind a sample");
    }
    Ok(Sample { labels, value, time_ms, exemplar })
}

fn time(word: &str, format: TextFormat) -> Option<i64> {
    match format {
        TextFormat::Prometheus => word.parse().ok(),
        TextFormat::OpenMetrics => number::ms_of_seconds(word),
    }
}

/// Reads `name="value",…}`; a quoted text alone is the metric's name.
fn braces<'a>(
    cursor: &mut Cursor<'a>,
    max_labels: usize,
    labels: &mut Vec<(Cow<'a, str>, Cow<'a, str>)>,
) -> Result<(), Fault> {
    loop {
        cursor.skip_blanks();
        if cursor.eat('}') {
            return Ok(());
        }
        let label = label(cursor)?;
        if labels.len() <= max_labels {
            labels.push(label);
        }
        cursor.skip_blanks();
        if !cursor.eat(',') && !cursor.rest.starts_with('}') {
            return Err("labels that do not end");
        }
    }
}

fn label<'a>(cursor: &mut Cursor<'a>) -> Result<(Cow<'a, str>, Cow<'a, str>), Fault> {
    let quoted = cursor.rest.starts_with('"');
    let name = if quoted {
        cursor.quoted().ok_or("a quoted name that does not end")?
    } else {
        Cow::Borrowed(cursor.bare_name(false).ok_or("a label without a name")?)
    };
    cursor.skip_blanks();
    if cursor.eat('=') {
        cursor.skip_blanks();
        let value = cursor.quoted().ok_or("a label value without its quotes")?;
        Ok((name, value))
    } else if quoted {
        Ok((Cow::Borrowed(NAME), name))
    } else {
        Err("a label without a value")
    }
}
