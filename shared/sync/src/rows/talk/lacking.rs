//! What a comparison found that one side lacks and did not ask for: given, and taken.
//!
//! A store keeps more slowly than a line brings: who gives waits from time to time until the peer has kept what came, and who
//! takes never holds more than that.

use std::collections::VecDeque;

use vigie_codec::wire::rows::{Entry, MAX_KEYS, RowFrame, RowHello};

use super::compare::STEPS;
use super::{Doing, Lane, RowBroke, RowTalk, RowWish};

/// Frames of rows that are given before the peer has said that it kept them: one on its way while another is being kept.
const GIVEN_AHEAD: usize = 2;

/// Such frames that wait here to be kept: as many as a peer gives ahead, and as many again, doubled.
const MAX_GIVEN: usize = 2 * GIVEN_AHEAD;

/// What the peer was found to lack.
#[derive(Debug, Default)]
pub(super) struct Giving {
    waiting: VecDeque<Vec<u8>>,
    fetching: Vec<Vec<u8>>,
    /// Frames given since the peer last said that it kept them, the question to it that is open, and the last one's number.
    ahead: usize,
    awaits: Option<u32>,
    asks: u32,
    /// The comparison that is over, and the last change in it.
    done: Option<(u32, u64)>,
}

impl Giving {
    /// The next question whether what was given is kept: no comparison has number 0, and no question.
    fn next_number(&mut self) -> u32 {
        self.asks = self.asks % (STEPS - 1) + 1;
        self.asks
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.fetching.is_empty() && self.done.is_none()
    }

    pub(super) fn add(&mut self, lacking: Vec<Vec<u8>>) {
        self.waiting.extend(lacking);
    }

    /// All was compared.
    pub(super) fn ends_with(&mut self, number: u32, last: u64) {
        self.done = Some((number, last));
    }

    pub(super) fn awaits(&self, number: u32) -> bool {
        self.awaits == Some(number)
    }
}

impl RowTalk {
    /// What the peer lacks, some at a time.
    pub(super) fn give_lacking(&mut self) {
        let busy = !self.giving.fetching.is_empty() || self.giving.awaits.is_some();
        let Some(hello) = self.hello().filter(|_| !busy) else { return };
        if self.giving.waiting.is_empty() {
            // Only once all was compared is it known that nothing more is lacking.
            if let Some((run, last)) = self.giving.done.take() {
                self.send(Lane::State, &RowFrame::Done(run, last));
            }
            return;
        }
        if self.giving.ahead >= GIVEN_AHEAD {
            // Wishes are carried out in their order: what answers a question for no rows has kept all that came before it.
            let number = self.giving.next_number();
            self.giving.awaits = Some(number);
            return self.send(Lane::State, &RowFrame::Want(number, Vec::new()));
        }
        let most = self.giving.waiting.len().min(MAX_KEYS / 2);
        self.giving.fetching = self.giving.waiting.drain(..most).collect();
        self.do_next(Doing::FetchGiven, RowWish::Fetch(self.giving.fetching.clone(), hello));
    }

    /// What was fetched goes out.
    pub(super) fn give(&mut self, entries: Vec<Entry>) {
        let fetched = std::mem::take(&mut self.giving.fetching);
        if !entries.is_empty() {
            // What did not fit comes next; where nothing came, nothing may be given.
            let came = |key: &Vec<u8>| entries.iter().any(|entry| entry.key == *key);
            let left: Vec<_> = fetched.into_iter().filter(|key| !came(key)).collect();
            left.into_iter().rev().for_each(|key| self.giving.waiting.push_front(key));
            self.giving.ahead += 1;
            self.send(Lane::State, &RowFrame::Rows(0, entries));
        }
        self.give_lacking();
    }

    /// The peer has answered that it kept what was given.
    pub(super) fn given_was_kept(&mut self) {
        (self.giving.awaits, self.giving.ahead) = (None, 0);
        self.give_lacking();
    }

    /// The peer gives what its comparison found to be lacking here.
    pub(super) fn rows_given(&mut self, entries: Vec<Entry>, hello: RowHello) {
        let waiting = self.under_way(|doing| *doing == Doing::KeepGiven);
        if self.taking.is_none() || waiting >= MAX_GIVEN {
            return self.close(RowBroke::Unasked);
        }
        self.do_next(Doing::KeepGiven, RowWish::Keep(entries, hello));
    }

    pub(super) fn under_way(&self, is: impl Fn(&Doing) -> bool) -> usize {
        self.doing.iter().filter(|doing| is(doing)).count()
    }
}
