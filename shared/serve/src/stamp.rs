//! How is a moment written for people and programs?

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use vigie_model::UtcMs;

/// A moment in JSON: always RFC 3339, in UTC, with milliseconds (`2026-11-21T11:02:10.250Z`).
///
/// One form and no second field in milliseconds: it sorts as text, every language reads it, and a person at three in the
/// morning does too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp(pub UtcMs);

/// The years 1 to 9999 are what RFC 3339 can write; what lies outside is a broken clock and is shown at the edge.
const FIRST_MS: i64 = -62_135_596_800_000;
const LAST_MS: i64 = 253_402_300_799_999;

impl Stamp {
    /// Reads RFC 3339 with any offset, or seconds since 1970 with a fraction: what Prometheus' API takes.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(seconds) = text.parse::<f64>() {
            let ms = (seconds * 1000.0).round();
            // Beyond 2^53 a double no longer counts milliseconds.
            return (ms.abs() < 9.0e15).then_some(Self(UtcMs(ms as i64)));
        }
        let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
        i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000_000)).ok().map(|ms| Self(UtcMs(ms)))
    }

    /// Milliseconds since 1970 UTC.
    pub fn ms(self) -> i64 {
        self.0.0
    }
}

impl From<UtcMs> for Stamp {
    fn from(at: UtcMs) -> Self {
        Self(at)
    }
}

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = self.ms().clamp(FIRST_MS, LAST_MS);
        let at = OffsetDateTime::from_unix_timestamp(ms.div_euclid(1_000)).map_err(|_| fmt::Error)?;
        let parts = [(at.month() as u64, 5), (at.day().into(), 8), (at.hour().into(), 11), (at.minute().into(), 14)];
        // A list has thousands of them: the digits are put where they stand, and the form is not read for each.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        put(&mut text[..4], at.year().unsigned_abs().into());
        parts.into_iter().for_each(|(value, from)| put(&mut text[from..from + 2], value));
        put(&mut text[17..19], at.second().into());
        put(&mut text[20..23], ms.rem_euclid(1_000).unsigned_abs());
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

/// Writes the last digits of a number over what is there.
fn put(to: &mut [u8], mut value: u64) {
    for digit in to.iter_mut().rev() {
        // Below ten.
        *digit = b'0' + (value % 10) as u8;
        value /= 10;
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("not a moment as RFC 3339 writes it"))
    }
}

impl PartialSchema for Stamp {
    fn schema() -> RefOr<Schema> {
        let text = ObjectBuilder::new().schema_type(Type::String);
        let text = text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)));
        text.description(Some("A moment: RFC 3339, UTC, with milliseconds.")).into()
    }
}

impl ToSchema for Stamp {}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<i64> {
        Stamp::parse(text).map(Stamp::ms)
    }

    #[test]
    fn a_moment_is_written_in_one_form() {
        assert_eq!(Stamp(UtcMs(1_795_224_130_250)).to_string(), "2026-11-21T01:22:10.250Z");
        assert_eq!(Stamp(UtcMs(-1)).to_string(), "1969-12-31T23:59:59.999Z");
        assert_eq!(Stamp(UtcMs(i64::MAX)).to_string(), "9999-12-31T23:59:59.999Z");
        assert_eq!(Stamp(UtcMs(i64::MIN)).to_string(), "0001-01-01T00:00:00.000Z");
    }

    #[test]
    fn a_moment_is_read_as_prometheus_reads_it() {
        assert_eq!(read("1970-01-01T01:00:01.5+01:00"), Some(1_500));
        assert_eq!(read("1435781430.781"), Some(1_435_781_430_781));
        assert_eq!(read("-1"), Some(-1_000));
        for bad in ["", "now", "NaN", "inf", "1e300", "2026-13-01T00:00:00Z"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
