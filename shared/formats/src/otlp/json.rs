//! How do OpenTelemetry requests come as JSON?
//!
//! Protocol buffers' JSON with OTLP's own rules: lowerCamelCase keys, 64 bit numbers as text or number, enums as
//! numbers, `null` as the default, unknown keys passed over.
//! <https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>

use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, SeqAccess, Unexpected, Visitor};

use super::tree::{Request, Temporality};
use crate::{Counted, DecodeError, Limits, Place};

/// Reads a body that is within the limits. Each part begins with a brace, so they are counted before any is made.
pub(super) fn read<'a>(body: &'a [u8], parts_cap: usize, limits: &Limits) -> Result<Request<'a>, DecodeError> {
    if body.len() > limits.body_bytes {
        return Err(DecodeError::BodyTooLarge { found: body.len() as u64, cap: limits.body_bytes });
    }
    let beyond = body.iter().enumerate().filter(|(_, byte)| **byte == b'{').nth(parts_cap);
    if let Some((at, _)) = beyond {
        return Err(DecodeError::TooMany { what: Counted::Parts, cap: parts_cap, at: Place::Byte(at) });
    }
    serde_json::from_slice(body).map_err(|error| DecodeError::Json { why: error.to_string() })
}

/// A value, or its default for `null`.
pub(super) fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}

pub(super) fn unsigned<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(from.deserialize_any(Number::<u64>(PhantomData))?.unwrap_or(0))
}

pub(super) fn maybe_signed<'de, D: Deserializer<'de>>(from: D) -> Result<Option<i64>, D::Error> {
    from.deserialize_any(Number(PhantomData))
}

pub(super) fn double<'de, D: Deserializer<'de>>(from: D) -> Result<f64, D::Error> {
    Ok(maybe_double(from)?.unwrap_or(0.0))
}

pub(super) fn maybe_double<'de, D: Deserializer<'de>>(from: D) -> Result<Option<f64>, D::Error> {
    from.deserialize_any(Number(PhantomData))
}

pub(super) fn unsigned_list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u64>, D::Error> {
    list(from)
}

pub(super) fn double_list<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<f64>, D::Error> {
    list(from)
}

/// The length of a list whose elements are not kept.
pub(super) fn count<'de, D: Deserializer<'de>>(from: D) -> Result<u64, D::Error> {
    Ok(Option::<Length>::deserialize(from)?.map_or(0, |length| length.0))
}

pub(super) fn temporality<'de, D: Deserializer<'de>>(from: D) -> Result<Temporality, D::Error> {
    #[derive(serde::Deserialize)]
    #[serde(untagged)]
    enum Either {
        Number(u64),
        Word(String),
    }
    Ok(match Option::deserialize(from)? {
        Some(Either::Number(number)) => Temporality::of(number),
        Some(Either::Word(word)) if word == "AGGREGATION_TEMPORALITY_DELTA" => Temporality::Delta,
        Some(Either::Word(word)) if word == "AGGREGATION_TEMPORALITY_CUMULATIVE" => Temporality::Cumulative,
        _ => Temporality::Unspecified,
    })
}

fn list<'de, D: Deserializer<'de>, T: OfNumber>(from: D) -> Result<Vec<T>, D::Error> {
    let elements: Option<Vec<Element<T>>> = Option::deserialize(from)?;
    Ok(elements.unwrap_or_default().into_iter().map(|element| element.0).collect())
}

/// One number in a list.
struct Element<T>(T);

impl<'de, T: OfNumber> Deserialize<'de> for Element<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let number = from.deserialize_any(Number(PhantomData))?;
        number.map(Self).ok_or_else(|| Error::invalid_type(Unexpected::Unit, &"a number"))
    }
}

/// Kinds of numbers, from all that JSON says numbers with.
trait OfNumber: Sized {
    fn of_unsigned(number: u64) -> Option<Self>;
    fn of_signed(number: i64) -> Option<Self>;
    fn of_double(number: f64) -> Option<Self>;
    fn of_text(text: &str) -> Option<Self>;
}

impl OfNumber for u64 {
    fn of_unsigned(number: u64) -> Option<Self> {
        Some(number)
    }
    fn of_signed(number: i64) -> Option<Self> {
        number.try_into().ok()
    }
    fn of_double(number: f64) -> Option<Self> {
        i64::of_double(number)?.try_into().ok()
    }
    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl OfNumber for i64 {
    fn of_unsigned(number: u64) -> Option<Self> {
        number.try_into().ok()
    }
    fn of_signed(number: i64) -> Option<Self> {
        Some(number)
    }
    fn of_double(number: f64) -> Option<Self> {
        // Up to 2^53 every whole double is exact; beyond, a sender that means an integer writes it as text.
        (number.trunc() == number && number.abs() <= 9_007_199_254_740_992.0).then_some(number as Self)
    }
    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl OfNumber for f64 {
    fn of_unsigned(number: u64) -> Option<Self> {
        Some(number as Self)
    }
    fn of_signed(number: i64) -> Option<Self> {
        Some(number as Self)
    }
    fn of_double(number: f64) -> Option<Self> {
        Some(number)
    }
    fn of_text(text: &str) -> Option<Self> {
        // Rust reads `NaN`, `Infinity` and `-Infinity`, which is how protocol buffers write them.
        text.parse().ok()
    }
}

/// Reads a number, a number in quotes, or `null` as none.
struct Number<T>(PhantomData<T>);

impl<T: OfNumber> Visitor<'_> for Number<T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a number of 64 bits, in quotes or not")
    }
    fn visit_unit<E: Error>(self) -> Result<Option<T>, E> {
        Ok(None)
    }
    fn visit_u64<E: Error>(self, number: u64) -> Result<Option<T>, E> {
        T::of_unsigned(number).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
    }
    fn visit_i64<E: Error>(self, number: i64) -> Result<Option<T>, E> {
        T::of_signed(number).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
    }
    fn visit_f64<E: Error>(self, number: f64) -> Result<Option<T>, E> {
        T::of_double(number).map(Some).ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
    }
    fn visit_str<E: Error>(self, text: &str) -> Result<Option<T>, E> {
        T::of_text(text).map(Some).ok_or_else(|| E::custom("a text that is no number of 64 bits"))
    }
}

/// How many elements a list has.
struct Length(u64);

impl<'de> Deserialize<'de> for Length {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_seq(Counter)
    }
}

struct Counter;

impl<'de> Visitor<'de> for Counter {
    type Value = Length;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Length, A::Error> {
        let mut length = 0;
        while list.next_element::<IgnoredAny>()?.is_some() {
            length += 1;
        }
        Ok(Length(length))
    }
}
