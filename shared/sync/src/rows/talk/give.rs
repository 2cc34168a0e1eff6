//! What the peer asked for.

use vigie_codec::wire::rows::{RowAsk, RowFrame, RowGive};
use vigie_merge::Urgency;

use super::{COALESCE_MS, PASS_BY_MS, RowTalk, RowWish, lane_of};

/// A question of the peer's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Open {
    ask: RowAsk,
    /// Up to here nothing was for the peer.
    looked: u64,
}

/// What the peer said it has, to be remembered: one word is under way at a time, and the last of those that come meanwhile
/// waits.
#[derive(Debug, Default)]
pub(super) struct Passing {
    pub(super) under_way: bool,
    next: [Option<RowAsk>; 2],
}

impl RowTalk {
    /// The peer asks, and says by it what it has.
    pub(super) fn asked_for(&mut self, ask: RowAsk) {
        let urgency = usize::from(ask.urgency);
        self.open[urgency] = Some(Open { ask, looked: ask.since });
        self.passing.next[urgency] = Some(ask);
        self.pass();
    }

    pub(super) fn was_passed(&mut self) {
        self.passing.under_way = false;
        self.pass();
    }

    /// The peer's later word holds what its earlier one said: however often it asks, one is under way.
    fn pass(&mut self) {
        if self.passing.under_way {
            return;
        }
        if let Some(ask) = self.passing.next.iter_mut().find_map(Option::take) {
            self.passing.under_way = true;
            self.wishes.push_back(RowWish::Passed(ask));
        }
    }

    /// Answers open questions, the urgent one first: state waits while alerts are being gathered.
    pub(super) fn serve_what_can_be(&mut self) {
        let Some(hello) = self.hello() else { return };
        for urgency in Urgency::ALL.map(|urgency| urgency as usize) {
            let Some(Open { ask, looked }) = self.open[urgency] else { continue };
            if self.serve_at_ms(urgency).is_some_and(|at| at <= self.now_ms) {
                self.serving[urgency] = true;
                self.wishes.push_back(RowWish::Serve(RowAsk { since: looked, ..ask }, hello));
            }
        }
    }

    /// When an open question can be answered; none while there is nothing to say.
    pub(super) fn serve_at_ms(&self, urgency: usize) -> Option<u64> {
        let open = self.open[urgency].filter(|_| self.recalled.is_some() && !self.serving[urgency])?;
        if self.facts.newest[urgency] <= open.looked {
            return None;
        }
        let is_state = urgency == Urgency::State as usize;
        if is_state && self.serving[Urgency::Alerts as usize] {
            return None;
        }
        let gathers = is_state && self.metered;
        Some(self.given_ms[urgency].filter(|_| gathers).map_or(self.now_ms, |given| given + COALESCE_MS))
    }

    pub(super) fn served(&mut self, give: RowGive) {
        let urgency = usize::from(give.urgency);
        self.serving[urgency] = false;
        let Some(open) = &mut self.open[urgency] else { return };
        if give.epoch != self.facts.epoch || give.since != open.looked {
            return;
        }
        let told_ms = self.given_ms[urgency].unwrap_or(self.began_ms);
        if give.entries.is_empty() && self.now_ms < told_ms + PASS_BY_MS {
            // Nothing of it was for the peer; the next look begins after it.
            open.looked = give.upto;
            return;
        }
        // What went by in silence belongs to this answer: the peer knows only the place it asked from.
        let since = open.ask.since;
        self.open[urgency] = None;
        self.given_ms[urgency] = Some(self.now_ms);
        self.send(lane_of(urgency), &RowFrame::Give(RowGive { since, ..give }));
    }
}
