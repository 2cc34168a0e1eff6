//! What can a template call?

use std::cmp::Ordering;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::gofmt::{printf, quoted};
use super::humanize::{humanize, humanize_1024, humanize_duration, humanize_percentage, time_ms};
use super::value::Value;
use super::{Ask, Sample};
use crate::duration::parse_duration;

/// What a compiled regular expression of a template may take: as in a matcher.
const MAX_REGEX_BYTES: usize = 512 * 1024;

/// What a parameter takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    Anything,
    Text,
    Found,
    Sample,
}

impl Takes {
    pub(super) fn go_type(self) -> &'static str {
        match self {
            Self::Anything => "interface {}",
            Self::Text => "string",
            Self::Found => "template.queryResult",
            Self::Sample => "*template.sample",
        }
    }

    pub(super) fn fits(self, value: &Value) -> bool {
        matches!(
            (self, value),
            (Self::Anything, _)
                | (Self::Text, Value::Text(_))
                | (Self::Found, Value::Found(_))
                | (Self::Sample, Value::Sample(_))
        )
    }
}

/// The parameters of a function, and whether the last may come any number of times.
pub(super) fn signature(name: &str) -> Option<(&'static [Takes], bool)> {
    use Takes::{Anything, Found, Sample, Text};
    Some(match name {
        "query" | "title" | "toUpper" | "toLower" | "safeHtml" | "stripPort" | "stripDomain" | "parseDuration" => {
            (&[Text], false)
        }
        "first" => (&[Found], false),
        "label" => (&[Text, Sample], false),
        "value" | "strvalue" => (&[Sample], false),
        "sortByLabel" => (&[Text, Found], false),
        "match" => (&[Text, Text], false),
        "reReplaceAll" => (&[Text, Text, Text], false),
        "humanize" | "humanize1024" | "humanizeDuration" | "humanizePercentage" | "humanizeTimestamp" | "toTime"
        | "not" | "len" => (&[Anything], false),
        "ne" | "lt" | "le" | "gt" | "ge" => (&[Anything, Anything], false),
        "eq" | "and" | "or" | "index" => (&[Anything, Anything], true),
        "printf" => (&[Text, Anything], true),
        "args" | "print" | "println" | "html" | "urlquery" => (&[Anything], true),
        "externalURL" | "pathPrefix" => (&[], false),
        _ => return None,
    })
}

pub(super) fn is_function(name: &str) -> bool {
    signature(name).is_some()
}

/// Calls a function with arguments that fit its signature.
pub(super) fn call(name: &str, arguments: &[Value], ask: Ask<'_>, external_url: &str) -> Result<Value, String> {
    let text = |at: usize| match arguments.get(at) {
        Some(Value::Text(text)) => text.as_str(),
        _ => "",
    };
    let made = |text: String| Ok(Value::Text(text));
    match (name, arguments) {
        ("query", _) => ask(text(0)).map(|found| Value::Found(found.into_iter().map(Arc::new).collect())),
        ("first", [Value::Found(found)]) => match found.first() {
            Some(sample) => Ok(Value::Sample(sample.clone())),
            None => Err("first() called on vector with no elements".to_owned()),
        },
        ("label", [_, Value::Sample(sample)]) => made(sample.labels.get(text(0)).to_owned()),
        ("value", [Value::Sample(sample)]) => Ok(Value::Float(sample.value)),
        ("strvalue", [Value::Sample(sample)]) => made(sample.labels.get("__value__").to_owned()),
        ("sortByLabel", [_, Value::Found(found)]) => Ok(Value::Found(sorted(found, text(0)))),
        ("match", _) => pattern(text(0)).map(|regex| Value::Bool(regex.is_match(text(1)))),
        ("reReplaceAll", _) => made(replaced(&pattern(text(0))?, text(1), text(2))),
        ("title", _) => made(title(text(0))),
        ("toUpper", _) => made(text(0).to_uppercase()),
        ("toLower", _) => made(text(0).to_lowercase()),
        ("safeHtml", _) => made(text(0).to_owned()),
        ("stripPort", _) => made(split_port(text(0)).map_or(text(0), |(host, _)| host).to_owned()),
        ("stripDomain", _) => made(strip_domain(text(0))),
        ("parseDuration", _) => parse_duration(text(0)).map(|ms| Value::Float(ms as f64 / 1000.0)),
        ("humanize", [value]) => made(humanize(number(value)?)),
        ("humanize1024", [value]) => made(humanize_1024(number(value)?)),
        ("humanizeDuration", [value]) => made(humanize_duration(number(value)?)),
        ("humanizePercentage", [value]) => made(humanize_percentage(number(value)?)),
        ("humanizeTimestamp", [value]) => match time_ms(number(value)?)? {
            Ok(ms) => made(Value::Time(ms).shown()),
            Err(shown) => made(shown),
        },
        ("toTime", [value]) => time_ms(number(value)?)?.map(Value::Time).map_err(|_| "value is NaN or Inf".to_owned()),
        ("not", [value]) => Ok(Value::Bool(!value.is_true())),
        ("len", [value]) => length(value).map(|length| Value::Int(i64::try_from(length).unwrap_or(i64::MAX))),
        ("index", [of, at @ ..]) => at.iter().try_fold(of.clone(), |of, at| indexed(&of, at)),
        ("eq", [first, others @ ..]) => equal_to_any(first, others).map(Value::Bool),
        ("ne", [a, b]) => equal(a, b).map(|is| Value::Bool(!is)),
        ("lt", [a, b]) => ordered(a, b).map(|is| Value::Bool(is == Some(Ordering::Less))),
        // Go has `le` as less or equal, and the others as what these are not, which tells for NaN.
        ("le", [a, b]) => ordered(a, b).map(|is| Value::Bool(matches!(is, Some(Ordering::Less | Ordering::Equal)))),
        ("gt", [a, b]) => ordered(a, b).map(|is| Value::Bool(!matches!(is, Some(Ordering::Less | Ordering::Equal)))),
        ("ge", [a, b]) => ordered(a, b).map(|is| Value::Bool(is != Some(Ordering::Less))),
        ("printf", [_, rest @ ..]) => printf(text(0), rest).map(Value::Text),
        ("print", values) => made(print(values)),
        ("println", values) => made(values.iter().map(Value::shown).collect::<Vec<_>>().join(" ") + "\n"),
        ("html", values) => made(html(&print(values))),
        ("urlquery", values) => made(url_query(&print(values))),
        ("args", values) => {
            Ok(Value::Named(values.iter().enumerate().map(|(at, value)| (format!("arg{at}"), value.clone())).collect()))
        }
        ("externalURL", _) => made(external_url.to_owned()),
        ("pathPrefix", _) => made(path_of(external_url)),
        _ => Err(format!("wrong arguments for {name}")),
    }
}

fn number(value: &Value) -> Result<f64, String> {
    match value {
        Value::Float(number) => Ok(*number),
        Value::Int(number) => Ok(*number as f64),
        Value::Text(text) => {
            go_float(text).ok_or_else(|| format!("strconv.ParseFloat: parsing {}: invalid syntax", quoted(text)))
        }
        other => Err(format!("can't convert {} to float", other.go_type())),
    }
}

fn go_float(text: &str) -> Option<f64> {
    let unsigned = text.trim_start_matches(['+', '-']).to_ascii_lowercase();
    let word = unsigned.starts_with(|c: char| c.is_ascii_alphabetic());
    if word && !matches!(unsigned.as_str(), "inf" | "infinity" | "nan") {
        return None;
    }
    text.parse().ok()
}

fn pattern(text: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(text).size_limit(MAX_REGEX_BYTES).dfa_size_limit(MAX_REGEX_BYTES).build();
    built.map_err(|error| {
        let reason = error.to_string();
        format!("error parsing regexp: {}", reason.lines().last().unwrap_or_default())
    })
}

fn replaced(regex: &Regex, by: &str, text: &str) -> String {
    regex.replace_all(text, by).into_owned()
}

fn sorted(found: &[Arc<Sample>], label: &str) -> Vec<Arc<Sample>> {
    let mut sorted = found.to_vec();
    sorted.sort_by(|a, b| a.labels.get(label).cmp(b.labels.get(label)));
    sorted
}

/// The first letter of each word as a capital.
fn title(text: &str) -> String {
    let mut before = ' ';
    let separates = |c: char| !(c.is_alphanumeric() || c == '_') && (c.is_ascii() || c.is_whitespace());
    let mut titled = String::with_capacity(text.len());
    for c in text.chars() {
        if separates(before) {
            titled.extend(c.to_uppercase())
        } else {
            titled.push(c)
        }
        before = c;
    }
    titled
}

/// `host:port` and `[v6]:port`; nothing where there is no port.
fn split_port(text: &str) -> Option<(&str, &str)> {
    let (host, port) = text.rsplit_once(':')?;
    if let Some(inner) = host.strip_prefix('[') {
        return Some((inner.strip_suffix(']')?, port));
    }
    (!host.contains([':', '[', ']'])).then_some((host, port))
}

fn strip_domain(text: &str) -> String {
    let (host, port) = split_port(text).unwrap_or((text, ""));
    if host.parse::<std::net::IpAddr>().is_ok() {
        return text.to_owned();
    }
    let host = host.split('.').next().unwrap_or_default();
    if port.is_empty() { host.to_owned() } else { format!("{host}:{port}") }
}

fn length(value: &Value) -> Result<usize, String> {
    match value {
        Value::Text(text) => Ok(text.len()),
        Value::Labels(labels) => Ok(labels.iter().len()),
        Value::Found(found) => Ok(found.len()),
        Value::Named(named) => Ok(named.len()),
        Value::Nil => Err("len of nil pointer".to_owned()),
        other => Err(format!("len of type {}", other.go_type())),
    }
}

fn indexed(of: &Value, at: &Value) -> Result<Value, String> {
    match (of, at) {
        (Value::Labels(labels), Value::Text(name)) => Ok(Value::Text(labels.get(name).to_owned())),
        (Value::Named(named), Value::Text(name)) => {
            Ok(named.iter().find(|(key, _)| key == name).map_or(Value::Nil, |(_, value)| value.clone()))
        }
        (Value::Found(found), Value::Int(at)) => {
            let sample = usize::try_from(*at).ok().and_then(|at| found.get(at));
            sample.map(|sample| Value::Sample(sample.clone())).ok_or_else(|| format!("index out of range: {at}"))
        }
        (Value::Text(text), Value::Int(at)) => {
            let byte = usize::try_from(*at).ok().and_then(|at| text.as_bytes().get(at));
            byte.map(|byte| Value::Int(i64::from(*byte))).ok_or_else(|| format!("index out of range: {at}"))
        }
        (Value::Nil, _) => Err("index of untyped nil".to_owned()),
        (other, _) => Err(format!("can't index item of type {}", other.go_type())),
    }
}

fn equal_to_any(first: &Value, others: &[Value]) -> Result<bool, String> {
    if others.is_empty() {
        return Err("missing argument for comparison".to_owned());
    }
    others.iter().try_fold(false, |is, other| Ok(is || equal(first, other)?))
}

fn equal(a: &Value, b: &Value) -> Result<bool, String> {
    for value in [a, b] {
        if matches!(value, Value::Labels(_) | Value::Found(_) | Value::Named(_)) {
            return Err(format!("uncomparable type {}: {}", value.go_type(), value.shown()));
        }
    }
    match (a, b) {
        (Value::Nil, _) | (_, Value::Nil) => Ok(matches!((a, b), (Value::Nil, Value::Nil))),
        (Value::Bool(a), Value::Bool(b)) => Ok(a == b),
        (Value::Int(a), Value::Int(b)) => Ok(a == b),
        (Value::Float(a), Value::Float(b)) => Ok(a == b),
        (Value::Text(a), Value::Text(b)) => Ok(a == b),
        _ => Err("incompatible types for comparison".to_owned()),
    }
}

fn ordered(a: &Value, b: &Value) -> Result<Option<Ordering>, String> {
    match (a, b) {
        (Value::Int(a), Value::Int(b)) => Ok(Some(a.cmp(b))),
        (Value::Float(a), Value::Float(b)) => Ok(a.partial_cmp(b)),
        (Value::Text(a), Value::Text(b)) => Ok(Some(a.cmp(b))),
        (Value::Int(_) | Value::Float(_) | Value::Text(_), Value::Int(_) | Value::Float(_) | Value::Text(_)) => {
            Err("incompatible types for comparison".to_owned())
        }
        _ => Err("invalid type for comparison".to_owned()),
    }
}

/// With a space between two values of which neither is a text.
fn print(values: &[Value]) -> String {
    let mut text = String::new();
    for (at, value) in values.iter().enumerate() {
        let is_text = |value: &Value| matches!(value, Value::Text(_));
        if at > 0 && !is_text(value) && !is_text(&values[at - 1]) {
            text.push(' ');
        }
        text.push_str(&if matches!(value, Value::Nil) { "<nil>".to_owned() } else { value.shown() });
    }
    text
}

fn html(text: &str) -> String {
    let escaped = |c: char| match c {
        '&' => "&amp;".to_owned(),
        '<' => "&lt;".to_owned(),
        '>' => "&gt;".to_owned(),
        '"' => "&#34;".to_owned(),
        '\'' => "&#39;".to_owned(),
        '\0' => "\u{fffd}".to_owned(),
        c => c.to_string(),
    };
    text.chars().map(escaped).collect()
}

fn url_query(text: &str) -> String {
    let escaped = |byte: u8| match byte {
        b' ' => "+".to_owned(),
        byte if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') => {
            char::from(byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    text.bytes().map(escaped).collect()
}

fn path_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or(String::new(), |at| rest[at..].to_owned())
}
