//! What text is an attribute's value?
//!
//! As OpenTelemetry's Go library renders it (`pcommon.Value.AsString`), on which Prometheus' labels rest: texts as
//! they are, numbers and truths as JSON writes them, lists and maps as JSON, bytes in base64.

use std::borrow::Cow;
use std::fmt::Write;

use data_encoding::BASE64;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

use super::tree::Attribute;

/// A value of any kind.
#[derive(Debug, Default)]
pub(super) enum AnyValue<'a> {
    #[default]
    Empty,
    Text(Cow<'a, str>),
    Truth(bool),
    Int(i64),
    Double(f64),
    List(Vec<AnyValue<'a>>),
    Map(Vec<Attribute<'a>>),
    /// In base64, as JSON and labels have them.
    Bytes(Cow<'a, str>),
}

impl AnyValue<'_> {
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        Self::Bytes(Cow::Owned(BASE64.encode(bytes)))
    }

    pub(super) fn as_text(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) | Self::Bytes(text) => Cow::Borrowed(text),
            Self::Empty => Cow::Borrowed(""),
            Self::Truth(_) | Self::Int(_) | Self::Double(_) | Self::List(_) | Self::Map(_) => {
                let mut json = String::new();
                self.write_json(&mut json);
                Cow::Owned(json)
            }
        }
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Self::Empty => out.push_str("null"),
            Self::Text(text) | Self::Bytes(text) => write_text(text, out),
            Self::Truth(truth) => out.push_str(if *truth { "true" } else { "false" }),
            Self::Int(number) => write_display(number, out),
            Self::Double(number) => write_double(*number, out),
            Self::List(values) => {
                out.push('[');
                separated(values, out, Self::write_json);
                out.push(']');
            }
            Self::Map(entries) => {
                let mut sorted: Vec<_> = entries.iter().collect();
                sorted.sort_by(|one, other| one.key.cmp(&other.key));
                out.push('{');
                separated(&sorted, out, |entry, out| {
                    write_text(&entry.key, out);
                    out.push(':');
                    entry.value.write_json(out);
                });
                out.push('}');
            }
        }
    }
}

fn separated<T>(all: &[T], out: &mut String, write: impl Fn(&T, &mut String)) {
    for (at, one) in all.iter().enumerate() {
        if at > 0 {
            out.push(',');
        }
        write(one, out);
    }
}

fn write_display(value: &impl std::fmt::Display, out: &mut String) {
    write!(out, "{value}").expect("writing to a string never fails");
}

/// Plain from 1e-6 up to 1e21, else with an exponent, as Go's JSON and ECMAScript do.
fn write_double(number: f64, out: &mut String) {
    let size = number.abs();
    if number == 0.0 || (1e-6..1e21).contains(&size) || !number.is_finite() {
        write_display(&number, out);
    } else {
        let text = format!("{number:e}");
        out.push_str(&if text.contains("e-") { text } else { text.replace('e', "e+") });
    }
}

/// Go's JSON also escapes what HTML would take for its own.
fn write_text(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                write!(out, "\\u{:04x}", u32::from(c)).expect("writing to a string never fails");
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

impl<'de: 'a, 'a> Deserialize<'de> for AnyValue<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(OneKey)
    }
}

/// Reads `{"stringValue": …}` and its like; the last key known here wins.
struct OneKey;

impl<'de> Visitor<'de> for OneKey {
    type Value = AnyValue<'de>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an OpenTelemetry value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<AnyValue<'de>, A::Error> {
        let mut value = AnyValue::Empty;
        while let Some(key) = map.next_key::<Cow<'de, str>>()? {
            value = match key.as_ref() {
                "stringValue" => AnyValue::Text(map.next_value()?),
                "boolValue" => AnyValue::Truth(map.next_value()?),
                "intValue" => AnyValue::Int(map.next_value::<Signed>()?.0),
                "doubleValue" => AnyValue::Double(map.next_value::<Double>()?.0),
                "bytesValue" => AnyValue::Bytes(map.next_value()?),
                "arrayValue" => AnyValue::List(map.next_value::<Values<AnyValue<'de>>>()?.values),
                "kvlistValue" => AnyValue::Map(map.next_value::<Values<Attribute<'de>>>()?.values),
                _ => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
        }
        Ok(value)
    }
}

#[derive(serde::Deserialize)]
struct Signed(#[serde(deserialize_with = "signed")] i64);

fn signed<'de, D: Deserializer<'de>>(from: D) -> Result<i64, D::Error> {
    Ok(super::json::maybe_signed(from)?.unwrap_or(0))
}

#[derive(serde::Deserialize)]
struct Double(#[serde(deserialize_with = "super::json::double")] f64);

#[derive(serde::Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
struct Values<T> {
    #[serde(default = "Vec::new")]
    values: Vec<T>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_become_the_texts_that_go_makes_of_them() {
        let of = |json: &str| {
            let value: AnyValue<'_> = serde_json::from_str(json).expect("a value");
            value.as_text().into_owned()
        };
        assert_eq!(of(r#"{"stringValue":"a<b"}"#), "a<b");
        assert_eq!(of(r#"{"intValue":"-7"}"#), "-7");
        assert_eq!(of(r#"{"doubleValue":1}"#), "1");
        assert_eq!(of(r#"{"doubleValue":1e21}"#), "1e+21");
        assert_eq!(of(r#"{"doubleValue":1e-7}"#), "1e-7");
        assert_eq!(of(r#"{"boolValue":true}"#), "true");
        assert_eq!(of(r#"{"bytesValue":"aGk="}"#), "aGk=");
        let list = r#"{"arrayValue":{"values":[{"stringValue":"a<b"},{"intValue":1},{}]}}"#;
        assert_eq!(of(list), r#"["a\u003cb",1,null]"#);
        let map = r#"{"kvlistValue":{"values":[{"key":"b","value":{"intValue":1}},{"key":"a"}]}}"#;
        assert_eq!(of(map), r#"{"a":null,"b":1}"#);
    }
}
