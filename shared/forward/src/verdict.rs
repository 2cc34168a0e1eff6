//! What does a receiver's status say about what was sent?

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

/// What becomes of what was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrived.
    Taken,
    /// It is wrong, and would be wrong again: split it.
    Refused,
    /// It may well arrive later.
    Later,
}

impl Verdict {
    /// By the status of RFC 9110. What says nothing about the samples (a wrong token, a wrong address, a redirect) makes
    /// them wait: a mistake in a configuration loses nothing.
    pub(crate) fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Taken,
            // Bad request, conflict, too large, unprocessable: this is about what was sent.
            400 | 409 | 413 | 422 => Self::Refused,
            _ => Self::Later,
        }
    }
}

/// A `Retry-After` in either form of RFC 9110, section 10.2.3: seconds, or a date.
pub(crate) fn retry_after(said: &str, now: OffsetDateTime) -> Option<Duration> {
    let said = said.trim();
    if let Ok(seconds) = said.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let at = OffsetDateTime::parse(said, &Rfc2822).ok()?;
    Some(Duration::try_from(at - now).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_about_the_samples_passes_them_over() {
        for status in [301, 307, 401, 403, 404, 405, 408, 415, 429, 500, 503, 599, 101] {
            assert_eq!(Verdict::of(status), Verdict::Later, "{status}");
        }
        for status in [400, 409, 413, 422] {
            assert_eq!(Verdict::of(status), Verdict::Refused, "{status}");
        }
        assert_eq!(Verdict::of(204), Verdict::Taken);
    }

    #[test]
    fn a_receiver_says_when_to_come_again_in_seconds_or_by_date() {
        let now = OffsetDateTime::from_unix_timestamp(784_111_777).expect("1994");
        let after = |said| retry_after(said, now);
        assert_eq!(after(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(after("Sun, 06 Nov 1994 08:50:37 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(after("Sun, 06 Nov 1994 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(after("soon"), None);
    }
}
