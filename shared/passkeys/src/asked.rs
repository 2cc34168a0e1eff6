//! Which questions are open, and who was asked?

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use vigie_model::UtcMs;

/// Somebody looks for their key meanwhile. Browsers themselves give up sooner.
pub(crate) const LIFE_MS: i64 = 5 * 60_000;

/// Questions that are open. Beyond it the oldest is forgotten.
const MOST: usize = 4_096;

/// Of one asker: an office behind one address.
const MOST_OF_ONE: usize = 256;

/// Questions that wait for an answer, by the hash of their names: a look at this memory answers none.
#[derive(Debug)]
pub(crate) struct Asked<T>(Mutex<HashMap<[u8; 32], One<T>>>);

#[derive(Debug)]
struct One<T> {
    what: T,
    to: String,
    at_ms: i64,
}

impl<T> Default for Asked<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Asked<T> {
    /// Keeps a question that was put to somebody.
    pub(crate) fn ask(&self, name: &str, what: T, to: &str, now: UtcMs) {
        let mut table = self.table();
        table.retain(|_, one| now.0.saturating_sub(one.at_ms) < LIFE_MS);
        if table.values().filter(|one| one.to == to).count() >= MOST_OF_ONE {
            forget_oldest(&mut table, |one| one.to == to);
        }
        if table.len() >= MOST {
            forget_oldest(&mut table, |_| true);
        }
        table.insert(kept(name), One { what, to: to.to_owned(), at_ms: now.0 });
    }

    /// The question that this answers. It is answered once, rightly or not, and by whom it was put to.
    pub(crate) fn answered(&self, name: &str, by: &str, now: UtcMs) -> Option<T> {
        let one = self.table().remove(&kept(name))?;
        let is_theirs = one.to == by && now.0.saturating_sub(one.at_ms) < LIFE_MS;
        is_theirs.then_some(one.what)
    }

    fn table(&self) -> MutexGuard<'_, HashMap<[u8; 32], One<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn forget_oldest<T>(table: &mut HashMap<[u8; 32], One<T>>, of: impl Fn(&One<T>) -> bool) {
    let oldest = table.iter().filter(|(_, one)| of(one)).min_by_key(|(_, one)| one.at_ms).map(|(key, _)| *key);
    oldest.map(|oldest| table.remove(&oldest));
}

fn kept(name: &str) -> [u8; 32] {
    blake3::derive_key("vigie 2026-11 question to a passkey", name.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_answered_once_in_time_and_by_whom_it_was_put_to() {
        let asked = Asked::default();
        let ask = || asked.ask("name", 7, "ann", UtcMs(0));
        ask();
        assert_eq!(asked.answered("name", "ann", UtcMs(LIFE_MS - 1)), Some(7));
        assert_eq!(asked.answered("name", "ann", UtcMs(1)), None, "a second time");
        ask();
        assert_eq!(asked.answered("name", "ann", UtcMs(LIFE_MS)), None, "too late");
        ask();
        assert_eq!(asked.answered("name", "bob", UtcMs(1)), None, "somebody else");
        assert_eq!(asked.answered("name", "ann", UtcMs(1)), None, "and then it is over for both");
        assert_eq!(asked.answered("", "", UtcMs(1)), None);
    }

    #[test]
    fn whoever_asks_thousands_of_times_drives_out_their_own() {
        let asked = Asked::default();
        asked.ask("mine", (), "me", UtcMs(0));
        for n in 0..2_000 {
            asked.ask(&n.to_string(), (), "them", UtcMs(1 + n));
        }
        assert!(asked.answered("mine", "me", UtcMs(5_000)).is_some());
        assert_eq!(asked.table().len(), MOST_OF_ONE);
    }
}
