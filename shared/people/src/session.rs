//! Which browsers are signed in?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use crate::Id;
use crate::secret::Kept;

/// Browsers of one person; whoever signs in once more ends the one that was used longest ago.
pub(crate) const MOST_SESSIONS: usize = 20;

/// For so long a person counts as having just proved who they are: to change people or tokens, and not to come back to a
/// browser that was left open.
pub const PROOF_MS: i64 = 10 * 60_000;

/// The longest that somebody sees what another person sees: half an hour answers a call.
pub const LONGEST_SEEN_MINUTES: u32 = 30;

/// Bytes that are kept of what a browser says it is.
const AGENT_BYTES: usize = 160;

/// How long things last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spans {
    /// A session that was not used for this long ends.
    pub idle_ms: i64,
    /// A session ends after this long, used or not.
    pub life_ms: i64,
    /// Days after which a password must be changed; 0 for never.
    pub password_days: u32,
}

impl Default for Spans {
    /// A working day's lunch signs nobody out, a stolen laptop's browser is out the next morning, and passwords hold.
    fn default() -> Self {
        Self { idle_ms: 8 * 3_600_000, life_ms: 7 * 24 * 3_600_000, password_days: 0 }
    }
}

/// A browser that is signed in, of which the hub keeps a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Which.
    pub id: Id,
    /// Whose.
    pub person: Id,
    /// What is kept of its secret.
    pub kept: Kept,
    /// Since when.
    pub opened_ms: i64,
    /// When it was used last, to some minutes.
    pub used_ms: i64,
    /// When its person last proved who they are.
    pub proved_ms: i64,
    /// From which address it was opened.
    pub from: String,
    /// What the browser says it is.
    pub agent: String,
    /// Somebody else who sees in it what its person sees.
    #[serde(default)]
    pub seen: Option<Seen>,
}

/// That somebody sees what another person sees.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Who looks.
    pub by: Id,
    /// From which browser of theirs: when it is out, this is too.
    pub from: Id,
    /// Until when.
    pub until_ms: i64,
    /// Whether they act in the other's name, too.
    pub acts: bool,
}

impl Session {
    /// Whether it still opens.
    pub fn is_open(&self, spans: &Spans, now: UtcMs) -> bool {
        let since = |then_ms: i64| now.0.saturating_sub(then_ms);
        let is_seen = self.seen.as_ref().is_none_or(|seen| now.0 < seen.until_ms);
        is_seen && since(self.used_ms) < spans.idle_ms && since(self.opened_ms) < spans.life_ms
    }

    /// Whether its person proved themselves a moment ago.
    pub fn is_proved(&self, now: UtcMs) -> bool {
        now.0.saturating_sub(self.proved_ms) < PROOF_MS
    }
}

/// What a browser says it is, as far as it is kept.
pub(crate) fn agent(said: &str) -> String {
    let plain = said.chars().filter(|char| char.is_ascii_graphic() || *char == ' ');
    plain.take(AGENT_BYTES).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Chance;

    #[test]
    fn a_session_ends_when_it_is_not_used_and_when_it_is_old() {
        let chance = Chance::new([1; 32]);
        let session = Session {
            id: chance.id("a"),
            person: chance.id("b"),
            kept: Kept::of("secret"),
            opened_ms: 0,
            used_ms: 0,
            proved_ms: 0,
            from: String::new(),
            agent: agent("Firefox\u{1b}[2J"),
            seen: None,
        };
        let spans = Spans { idle_ms: 100, life_ms: 250, ..Spans::default() };
        assert!(session.is_open(&spans, UtcMs(99)) && !session.is_open(&spans, UtcMs(100)));
        let used = Session { used_ms: 200, ..session };
        assert!(used.is_open(&spans, UtcMs(249)) && !used.is_open(&spans, UtcMs(250)));
        assert!(used.is_proved(UtcMs(PROOF_MS - 1)) && !used.is_proved(UtcMs(PROOF_MS)));
        assert_eq!(used.agent, "Firefox[2J");
    }
}
