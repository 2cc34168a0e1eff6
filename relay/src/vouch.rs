//! What is the hub told of the machines that do not answer?
//!
//! A change when it happens, and all of it on each connection and now and then: bytes may cost money, and most machines
//! answer most of the time.

use std::collections::BTreeMap;
use std::time::Duration;

use vigie_codec::wire::Answers;
use vigie_model::NodeId;
use vigie_sync::{SessionId, Word};

/// Machines need so long to come back to a relay that has just begun.
const BEGIN_AFTER_MS: u64 = 60_000;

/// What the hub was told.
#[derive(Debug)]
pub(crate) struct Vouching {
    every_ms: u64,
    told: Option<(SessionId, BTreeMap<NodeId, Word>)>,
    whole_due_ms: u64,
}

impl Vouching {
    /// Says all of it this often.
    pub(crate) fn new(every: Duration) -> Self {
        let every_ms = u64::try_from(every.as_millis()).unwrap_or(u64::MAX);
        Self { every_ms, told: None, whole_due_ms: 0 }
    }

    /// What is to be said now to the hub on this connection, given all machines that do not answer: whether it is all, and
    /// the words.
    pub(crate) fn due(&mut self, up: SessionId, silent: &[Word], now_ms: u64) -> Option<(bool, Vec<Word>)> {
        if now_ms < BEGIN_AFTER_MS {
            return None;
        }
        let now: BTreeMap<NodeId, Word> = silent.iter().map(|word| (word.stream.agent, *word)).collect();
        let known = self.told.take_if(|(session, _)| *session == up && now_ms < self.whole_due_ms);
        let Some((_, before)) = known else {
            self.whole_due_ms = now_ms.saturating_add(self.every_ms);
            self.told = Some((up, now));
            return Some((true, silent.to_vec()));
        };
        let is_new = |word: &&Word| before.get(&word.stream.agent).map(|old| old.answers) != Some(word.answers);
        let mut changed: Vec<Word> = now.values().filter(is_new).copied().collect();
        let back = before.values().filter(|old| !now.contains_key(&old.stream.agent));
        changed.extend(back.map(|old| Word { answers: Answers::Yes, heard_s_ago: 0, ..*old }));
        self.told = Some((up, now));
        (!changed.is_empty()).then_some((false, changed))
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Incarnation, StreamId};

    use super::*;

    const UP: SessionId = SessionId(1);

    fn silent(no: u8, heard_s_ago: u32) -> Word {
        let stream = StreamId { agent: NodeId::from_bytes([no; 16]), incarnation: Incarnation(1) };
        Word { stream, answers: Answers::No, heard_s_ago }
    }

    #[test]
    fn what_changes_is_said_at_once_and_all_of_it_seldom() {
        let mut vouching = Vouching::new(Duration::from_secs(900));
        assert_eq!(vouching.due(UP, &[silent(1, 40)], 59_999), None, "its machines may be on their way back");
        assert_eq!(vouching.due(UP, &[silent(1, 40)], 60_000), Some((true, vec![silent(1, 40)])));
        assert_eq!(vouching.due(UP, &[silent(1, 42)], 62_000), None, "that it lasts is no news");
        let both = [silent(1, 44), silent(2, 31)];
        assert_eq!(vouching.due(UP, &both, 64_000), Some((false, vec![silent(2, 31)])));
        let back = Word { answers: Answers::Yes, heard_s_ago: 0, ..silent(1, 44) };
        assert_eq!(vouching.due(UP, &[silent(2, 33)], 66_000), Some((false, vec![back])));
        assert_eq!(vouching.due(UP, &[silent(2, 926)], 959_000), None);
        assert_eq!(vouching.due(UP, &[silent(2, 927)], 960_000), Some((true, vec![silent(2, 927)])));
        assert_eq!(vouching.due(SessionId(2), &[], 961_000), Some((true, Vec::new())), "another connection");
    }
}
