//! Which sign-ins have been begun, and by which browser?

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vigie_model::{Slug, UtcMs};
use vigie_people::Vouched;

/// Somebody looks for their telephone meanwhile, and nobody longer than this.
pub(crate) const LIFE_MS: i64 = 10 * 60_000;

/// Sign-ins that are under way. Beyond it the oldest is forgotten: a hub's people do not all come in one second, and whoever
/// begins thousands drives their own out first.
const MOST: usize = 4_096;

/// Of one address: an office behind one, on Monday morning.
const MOST_OF_ONE: usize = 256;

/// Sign-ins under way, by the hash of their state: a look at this memory answers none of them.
#[derive(Debug, Default)]
pub(crate) struct Begun(Mutex<HashMap<[u8; 32], Way>>);

/// One of them.
#[derive(Clone)]
pub(crate) struct Way {
    pub(crate) issuer: Slug,
    pub(crate) awaits: Awaits,
    /// What is kept of the secret that the browser keeps.
    pub(crate) browser: [u8; 32],
    pub(crate) from: String,
    pub(crate) at_ms: i64,
}

/// What a sign-in under way waits for.
#[derive(Clone)]
pub(crate) enum Awaits {
    /// The browser with a code.
    Code(Code),
    /// A form with an answer, which browsers send without what they keep: another site has them send it. `again` when the
    /// person was to prove there who they are.
    Answer { again: bool },
    /// The browser itself, by a link; what the answer said is here.
    Browser(Box<Vouched>),
}

/// What a code is redeemed with.
#[derive(Clone)]
pub(crate) struct Code {
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way").field("issuer", &self.issuer).field("at_ms", &self.at_ms).finish_non_exhaustive()
    }
}

impl Begun {
    pub(crate) fn begin(&self, state: &str, way: Way) {
        let mut table = self.table();
        table.retain(|_, other| way.at_ms.saturating_sub(other.at_ms) < LIFE_MS);
        if table.values().filter(|other| other.from == way.from).count() >= MOST_OF_ONE {
            let from = way.from.clone();
            forget_oldest(&mut table, |other| other.from == from);
        }
        if table.len() >= MOST {
            forget_oldest(&mut table, |_| true);
        }
        table.insert(kept(state), way);
    }

    /// The sign-in that a posted answer is to, whichever browser sends it. It is answered once.
    pub(crate) fn answered(&self, question: &str, issuer: &Slug, now: UtcMs) -> Option<Way> {
        let mut table = self.table();
        let way = table.get(&kept(question))?;
        let is_this = way.issuer == *issuer && matches!(way.awaits, Awaits::Answer { .. });
        if !is_this || now.0.saturating_sub(way.at_ms) >= LIFE_MS {
            return None;
        }
        table.remove(&kept(question))
    }

    /// The sign-in that this answers. It is answered once, rightly or not.
    pub(crate) fn end(&self, state: &str, browser: &str, now: UtcMs) -> Option<Way> {
        let way = self.table().remove(&kept(state))?;
        // Hashes of secrets: how long it takes to compare them tells nothing of these.
        let is_theirs = way.browser == kept(browser);
        Some(way).filter(|way| is_theirs && now.0.saturating_sub(way.at_ms) < LIFE_MS)
    }

    fn table(&self) -> MutexGuard<'_, HashMap<[u8; 32], Way>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_oldest(table: &mut HashMap<[u8; 32], Way>, of: impl Fn(&Way) -> bool) {
    let oldest = table.iter().filter(|(_, way)| of(way)).min_by_key(|(_, way)| way.at_ms).map(|(key, _)| *key);
    oldest.map(|oldest| table.remove(&oldest));
}

/// What is kept of a secret.
pub(crate) fn kept(secret: &str) -> [u8; 32] {
    blake3::derive_key("vigie 2026-11 sign-in under way", secret.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn way(from: &str, at_ms: i64) -> Way {
        let text = || "x".to_owned();
        let issuer = "acme".parse().expect("a name");
        let awaits = Awaits::Code(Code { nonce: text(), verifier: text() });
        Way { issuer, awaits, browser: kept("browser"), from: from.to_owned(), at_ms }
    }

    #[test]
    fn a_sign_in_is_ended_once_in_time_and_by_the_browser_that_began_it() {
        let begun = Begun::default();
        let begin = || begun.begin("state", way("a", 0));
        begin();
        assert!(begun.end("state", "browser", UtcMs(LIFE_MS - 1)).is_some());
        assert!(begun.end("state", "browser", UtcMs(1)).is_none(), "a second time");
        begin();
        assert!(begun.end("state", "browser", UtcMs(LIFE_MS)).is_none(), "too late");
        begin();
        assert!(begun.end("state", "another", UtcMs(1)).is_none(), "another browser");
        assert!(begun.end("state", "browser", UtcMs(1)).is_none(), "and then it is over for both");
        assert!(begun.end("", "", UtcMs(1)).is_none());
    }

    #[test]
    fn a_question_is_answered_once_in_time_by_whom_it_was_put_to_and_no_other_sign_in_is() {
        let (begun, acme, other) =
            (Begun::default(), "acme".parse().expect("a name"), "other".parse().expect("a name"));
        begun.begin("code", way("a", 0));
        assert!(begun.answered("code", &acme, UtcMs(1)).is_none(), "it waits for a code");
        let begin = || begun.begin("question", Way { awaits: Awaits::Answer { again: false }, ..way("a", 0) });
        begin();
        assert!(begun.answered("question", &other, UtcMs(1)).is_none());
        assert!(begun.answered("question", &acme, UtcMs(LIFE_MS)).is_none());
        assert!(begun.answered("question", &acme, UtcMs(1)).is_some());
        assert!(begun.answered("question", &acme, UtcMs(1)).is_none(), "a second time");
        assert!(begun.end("code", "browser", UtcMs(1)).is_some());
    }

    #[test]
    fn whoever_begins_thousands_drives_out_their_own() {
        let begun = Begun::default();
        begun.begin("mine", way("me", 0));
        for n in 0..2_000 {
            begun.begin(&n.to_string(), way("them", 1 + n));
        }
        assert!(begun.end("mine", "browser", UtcMs(5)).is_some());
        assert_eq!(begun.table().len(), MOST_OF_ONE);
    }
}
