//! What time does a text say?

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use vigie_model::UtcMs;

/// Times are some 24 characters; with fractions beyond any clock still fewer than this.
const MOST_CHARS: usize = 64;

/// A time of SAML, which is of UTC or says its offset.
pub(crate) fn read(text: &str) -> Option<UtcMs> {
    let text = Some(text.trim()).filter(|text| text.len() <= MOST_CHARS)?;
    let at = OffsetDateTime::parse(text, &Rfc3339).ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok().map(UtcMs)
}

/// The same, written. Beyond the years that can be written it is the epoch, which no reader takes for the present.
pub(crate) fn written(at: UtcMs) -> String {
    let at = OffsetDateTime::from_unix_timestamp(at.0.div_euclid(1_000)).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc3339).unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_they_are_written() {
        let at = UtcMs(1_795_258_930_000);
        assert_eq!(written(at), "2026-11-21T11:02:10Z");
        assert_eq!(read(&written(at)), Some(at));
        assert_eq!(read(" 2026-11-21T12:02:10.1234567+01:00 "), Some(UtcMs(at.0 + 123)));
        for bad in ["", "2026-11-21", "2026-11-21T11:02:10", "soon", &"9".repeat(100)] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
