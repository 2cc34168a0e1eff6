//! What this side asked for.

use vigie_codec::wire::rows::{MAX_KEYS, RowAsk, RowFrame, RowGive};

use super::{Applied, Asked, Doing, Lane, RowTalk, RowWish, lane_of};

impl RowTalk {
    /// Asks what changed, for each urgency whose place is known and that is not asked already.
    pub(super) fn ask(&mut self) {
        let Some(hello) = self.hello() else { return };
        for urgency in 0..2 {
            let (Some(since), Asked::Not) = (self.cursors[urgency], self.asked[urgency]) else { continue };
            self.asked[urgency] = Asked::Since(since);
            let ask = RowAsk { urgency: urgency as u8, epoch: hello.epoch, since };
            self.send(lane_of(urgency), &RowFrame::Ask(ask));
        }
    }

    pub(super) fn given(&mut self, give: RowGive) {
        let (urgency, Some(hello)) = (usize::from(give.urgency), self.hello()) else { return };
        if give.epoch != hello.epoch || self.asked[urgency] != Asked::Since(give.since) {
            return;
        }
        self.asked[urgency] = Asked::Keeping;
        self.do_next(Doing::Apply(urgency), RowWish::Apply(give, hello));
    }

    pub(super) fn applied(&mut self, applied: Applied) {
        self.tell_refused(&applied);
        match self.doing.pop_front() {
            Some(Doing::Apply(urgency)) => {
                self.cursors[urgency] = applied.upto.or(self.cursors[urgency]);
                self.asked[urgency] = Asked::Not;
                // The next question is the acknowledgement: it can only follow from what is durable.
                self.ask();
            }
            Some(Doing::KeepWanted) => {
                self.kept_wanted();
                self.compare_further();
            }
            Some(
                Doing::KeepGiven
                | Doing::DigestToAsk
                | Doing::DigestToAnswer
                | Doing::FetchWanted(_)
                | Doing::FetchGiven,
            )
            | None => {}
        }
    }

    fn tell_refused(&mut self, applied: &Applied) {
        if applied.refused.is_empty() {
            return;
        }
        let some = applied.refused.iter().take(MAX_KEYS).cloned().collect();
        let count = u32::try_from(applied.refused.len()).unwrap_or(u32::MAX);
        self.send(Lane::State, &RowFrame::Refused(count, some));
    }
}
