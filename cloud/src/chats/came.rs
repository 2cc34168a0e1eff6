//! Did this come from a chat before? Remembered durably, each channel in room of its own.

use std::sync::Arc;

use tracing::warn;
use vigie_model::UtcMs;
use vigie_node::NodeClock;
use vigie_serve::Repeats;

use crate::repeats::Answered;

/// For how long it is known that a button was pressed: Slack asks again for less than an hour.
const PRESSED_MS: i64 = 2 * 3_600_000;

/// What came.
pub(super) struct Came {
    pub(super) answered: Arc<Answered>,
    pub(super) clock: NodeClock,
}

impl Came {
    /// Nothing where this came before, or where that can not be known; remembered, durably, otherwise. A busy channel takes none of
    /// another's room.
    pub(super) fn is_first(&self, channel: &str, what: &[&str], for_ms: i64) -> Option<()> {
        if self.was_done(what)? {
            return None;
        }
        let until = self.after_ms(for_ms);
        let kept = self.answered.keep(&key_of(what), &sharer(channel), b"", until);
        kept.map_err(|error| warn!(channel, %error, "a chat is not answered")).ok()
    }

    /// Whether it was done; nothing where that can not be known.
    pub(super) fn was_done(&self, what: &[&str]) -> Option<bool> {
        let kept = self.answered.recall(&key_of(what)).map_err(|error| warn!(%error, "a chat is not answered")).ok()?;
        Some(kept.is_some())
    }

    /// It is done.
    pub(super) fn done(&self, channel: &str, what: &[&str]) {
        let until = self.after_ms(PRESSED_MS);
        if let Err(error) = self.answered.keep(&key_of(what), &sharer(channel), b"", until) {
            warn!(channel, %error, "that a button was pressed is not kept: pressed again it is decided again");
        }
    }

    fn after_ms(&self, ms: i64) -> UtcMs {
        UtcMs(self.clock.now().utc.0.saturating_add(ms))
    }
}

/// Whose room it takes what came from a chat. Those who write by HTTP are called otherwise.
fn sharer(channel: &str) -> String {
    format!("chat {channel}")
}

fn key_of(what: &[&str]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("vigie 2026-11 what a chat sent");
    for part in what {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part.as_bytes());
    }
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use vigie_store::State;
    use vigie_store::fault::FaultDisk;

    use super::*;

    #[test]
    fn a_busy_chat_keeps_no_other_from_being_answered() {
        let state = Arc::new(State::open_on(FaultDisk::new()).expect("a state").0);
        let answered = Arc::new(Answered::with_room(state, NodeClock::new(), 40).expect("answers"));
        let came = Came { answered, clock: NodeClock::new() };
        let is_first = |channel: &str, at: usize| came.is_first(channel, &["line", channel, &at.to_string()], 600_000);
        let heard = (0..100).take_while(|at| is_first("busy", *at).is_some()).count();
        assert_eq!(heard, 20, "half of the room, where it is alone");
        assert_eq!(is_first("quiet", 0), Some(()), "another channel has room of its own");
        assert_eq!((is_first("quiet", 0), is_first("busy", 3)), (None, None), "what came before is known");
    }
}
