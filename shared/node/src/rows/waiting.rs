//! Whose wish is next?
//!
//! A session that wishes something urgent goes before those that do not. Among equals they take turns: one that always
//! wishes more does not keep the others waiting.

use std::collections::{BTreeMap, VecDeque};
use std::ops::Bound;

use vigie_sync::rows::RowPeer;
use vigie_sync::{RowsWish, SessionId};

use super::desk::Wished;

type Wishes = VecDeque<(RowPeer, RowsWish)>;

/// What sessions wish, each in its order.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    of: BTreeMap<SessionId, Wishes>,
    /// The session whose turn it was last, among those with something urgent and among the others.
    last: [Option<SessionId>; 2],
}

impl Waiting {
    pub(super) fn add(&mut self, (session, peer, wish): Wished) {
        self.of.entry(session).or_default().push_back((peer, wish));
    }

    /// Nobody waits for the answers any more.
    pub(super) fn gone(&mut self, session: SessionId) {
        self.of.remove(&session);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The next wish of the session whose turn it is.
    pub(super) fn next(&mut self) -> Option<Wished> {
        let urgent = |wishes: &Wishes| wishes.iter().any(|(_, wish)| wish.is_urgent());
        let session = self.in_turn(0, urgent).or_else(|| self.in_turn(1, |_| true))?;
        let wishes = self.of.get_mut(&session)?;
        let next = wishes.pop_front();
        if wishes.is_empty() {
            self.of.remove(&session);
        }
        next.map(|(peer, wish)| (session, peer, wish))
    }

    /// The first such session after the one whose turn it was, or from the beginning.
    fn in_turn(&mut self, turn: usize, is: impl Fn(&Wishes) -> bool) -> Option<SessionId> {
        let after = self.last[turn].map_or(Bound::Unbounded, Bound::Excluded);
        let mut round = self.of.range((after, Bound::Unbounded)).chain(&self.of);
        let session = *round.find(|(_, wishes)| is(wishes))?.0;
        self.last[turn] = Some(session);
        Some(session)
    }
}

#[cfg(test)]
mod tests {
    use vigie_codec::wire::rows::{RowAsk, RowHello};
    use vigie_merge::Scope;
    use vigie_model::{NodeId, Role};
    use vigie_sync::rows::RowWish;

    use super::*;

    fn wish(session: u64, wish: RowWish) -> Wished {
        let peer = RowPeer { node: NodeId::from_bytes([7; 16]), role: Role::Hub, view: Scope::Deployment };
        (SessionId(session), peer, RowsWish::Talk(wish))
    }

    fn serve(urgency: u8) -> RowWish {
        let hello = RowHello {
            epoch: 1,
            start: 1,
            last: 0,
            seen_of_you: None,
            seen_of_hub: None,
            empty: true,
            unsure: false,
            recovering: false,
        };
        RowWish::Serve(RowAsk { urgency, epoch: 1, since: 0 }, hello)
    }

    #[test]
    fn a_session_that_always_wishes_more_does_not_keep_the_others_waiting() {
        let mut waiting = Waiting::default();
        for session in [1, 2, 3] {
            waiting.add(wish(session, RowWish::Digest));
        }
        let mut turns = Vec::new();
        for _ in 0..7 {
            // The first one never has enough.
            waiting.add(wish(1, RowWish::Digest));
            turns.extend(waiting.next().map(|(session, ..)| session.0));
        }
        assert_eq!(turns, [1, 2, 3, 1, 1, 1, 1]);
        waiting.add(wish(2, RowWish::Digest));
        assert_eq!(waiting.next().map(|(session, ..)| session), Some(SessionId(2)));
        waiting.gone(SessionId(1));
        assert!(waiting.is_empty() && waiting.next().is_none());
    }

    #[test]
    fn what_concerns_alerts_goes_first_and_takes_turns_too() {
        let mut waiting = Waiting::default();
        waiting.add(wish(1, serve(1)));
        for _ in 0..2 {
            waiting.add(wish(2, serve(0)));
            waiting.add(wish(3, serve(0)));
        }
        let turns: Vec<u64> = std::iter::from_fn(|| waiting.next()).map(|(session, ..)| session.0).collect();
        assert_eq!(turns, [2, 3, 2, 3, 1]);
    }
}
