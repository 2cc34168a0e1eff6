//! What need not be sent any more, because it is over?

use std::collections::BTreeSet;

use super::super::alert::Change;
use super::super::clocks::Clocks;
use super::super::group::BRIEF_MS;
use super::super::key::Digest16;
use super::super::letter::{Letter, LetterId};
use super::super::notice::{Intent, Kind};
use super::super::text::Text;
use super::Outbox;

impl Outbox {
    /// Takes back what waits of a ladder that nobody climbs any more: somebody knows, or it is over.
    pub fn withdraw(&mut self, thread: Digest16, now: Clocks) {
        let of = |letter: &Letter| letter.intent.thread == thread && letter.intent.notice.kind == Kind::Escalated;
        let waiting = self.letters.iter().filter(|(id, letter)| !self.under_way.contains(id) && of(letter));
        for id in waiting.map(|(id, _)| *id).collect::<Vec<_>>() {
            self.log(id, Text::new("taken back: somebody knows, or it is over"), now);
        }
    }

    /// Takes back what the end of everything in it makes needless. Says whether the end itself is needless too.
    ///
    /// A beginning that waits while its end is decided is not sent: the end says since when it was. Where nobody can know
    /// of the beginning, for it was never tried, and it was brief, nobody is told of the end either.
    pub(super) fn take_back(&mut self, end: &Intent, now: Clocks) -> bool {
        if !matches!(end.notice.kind, Kind::Resolved | Kind::Back) {
            return false;
        }
        let covered = |letter: &Letter| {
            let of = &letter.intent;
            let ends = |(instance, change): &(_, Change)| {
                *change == Change::Ended || end.tells.contains(&(*instance, Change::Ended))
            };
            matches!(of.notice.kind, Kind::Firing | Kind::Cut)
                && (of.thread, &of.route, &of.channel, &of.to) == (end.thread, &end.route, &end.channel, &end.to)
                && of.tells.iter().all(ends)
        };
        let under_way = &self.under_way;
        let back = self.letters.iter().filter(|(id, letter)| !under_way.contains(id) && covered(letter));
        let back: Vec<LetterId> = back.map(|(id, _)| *id).collect();
        let untried: BTreeSet<_> = back
            .iter()
            .filter_map(|id| self.letters.get(id).filter(|letter| letter.attempts == 0))
            .flat_map(|letter| letter.intent.tells.iter().map(|(instance, _)| *instance))
            .collect();
        for id in back {
            // It stands in the log, so that it is not made anew when the same is heard again.
            self.log(id, Text::new("taken back: it was over before it arrived"), now);
        }
        let brief = end
            .notice
            .over
            .iter()
            .all(|line| line.until.is_some_and(|until| until.at.0.saturating_sub(line.since.at.0) < BRIEF_MS));
        brief && end.notice.more_over == 0 && end.tells.iter().all(|(instance, _)| untried.contains(instance))
    }
}
