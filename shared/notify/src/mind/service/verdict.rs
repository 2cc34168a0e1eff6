//! What does an answer over HTTP mean for a message?

use vigie_model::UtcMs;

use super::super::letter::{Outcome, Whose};
use super::super::text::Text;

/// What a service answered.
#[derive(Debug, Clone, Copy)]
pub struct Reply<'a> {
    /// The status.
    pub status: u16,
    /// The body, as far as it was read.
    pub said: &'a str,
    /// How long it asks to wait, in milliseconds.
    pub after_ms: Option<i64>,
}

impl Reply<'_> {
    /// For people: the status, and what was said with it.
    pub(crate) fn words(&self) -> String {
        if self.said.is_empty() { self.status.to_string() } else { format!("{}: {}", self.status, self.said) }
    }

    pub(super) fn taken(&self) -> Outcome {
        Outcome::Taken(Text::new(&self.words()))
    }

    /// Nothing else goes there now either.
    pub(super) fn later(&self) -> Outcome {
        Outcome::Later { why: Text::new(&self.words()), after_ms: self.after_ms, whose: Whose::Channel }
    }

    pub(super) fn never(&self) -> Outcome {
        Outcome::Never(Text::new(&self.words()))
    }
}

/// What statuses mean where a service says nothing else of them.
pub(crate) fn usual(reply: &Reply<'_>) -> Outcome {
    match reply.status {
        200..=299 => reply.taken(),
        300..=399 => {
            let why = format!("{} (redirects are not followed: say the new address)", reply.words());
            Outcome::Later { why: Text::new(&why), after_ms: reply.after_ms, whose: Whose::Channel }
        }
        // A conflict is about this message: the receiver is still busy with it.
        409 => Outcome::Later { why: Text::new(&reply.words()), after_ms: reply.after_ms, whose: Whose::Letter },
        // About what was sent, and it would be sent the same again. Gone is gone.
        400 | 405 | 406 | 410 | 411 | 413 | 414 | 415 | 422 | 431 | 451 => reply.never(),
        // A wrong token or address is a mistake that somebody mends; nothing is lost by it until the message expires.
        _ => reply.later(),
    }
}

/// RFC 9110, section 10.2.3: seconds, or a date. Some services say parts of seconds.
pub(crate) fn retry_after_ms(said: &str, now: UtcMs) -> Option<i64> {
    let said = said.trim();
    if let Ok(seconds) = said.parse::<f64>() {
        // A wait of more than a day is none that anybody means; below nought there is none.
        return (0.0..=86_400.0 * 31.0).contains(&seconds).then(|| (seconds * 1_000.0).ceil() as i64);
    }
    let at = jiff::fmt::rfc2822::parse(said).ok()?;
    Some(at.timestamp().as_millisecond().saturating_sub(now.0))
}
