//! Comparing everything, as the side that asks and as the side that answers.

use std::collections::VecDeque;

use vigie_codec::wire::rows::{Entry, MAX_KEYS, RowFrame, Span, Spanned};
use vigie_merge::{Key, Urgency};
use vigie_model::Role;

use super::{COMPARE_EVERY_MS, Doing, Lane, RowBroke, RowTalk, RowWish};
use crate::rows::keep::Digest;
use crate::rows::ranges::{Comparison, Next, answer};

/// How long two nodes that know up to where they are have to tell each other the rest, before all is compared.
const CATCH_UP_MS: u64 = 120_000;

/// How long an answerer keeps its sums after the last question: some journeys on the worst line.
const KEEP_SUMS_MS: u64 = 60_000;

/// Each question has its own number, which its answer bears, so that an answer that comes twice is no answer to the next
/// question: which comparison in the upper half, which question in the lower.
pub(super) const STEPS: u32 = 1 << 16;

/// Questions for rows that wait here to be answered: one for what the peer lacks, one whether what it gave is kept.
const MAX_WANTS: usize = 2;

fn comparison_of(number: u32) -> u32 {
    number / STEPS
}

/// A comparison of this side's.
#[derive(Debug)]
pub(super) struct Comparing {
    run: u32,
    /// The last question about sums, and about rows.
    compare_no: u32,
    want_no: u32,
    steps: u32,
    /// None until the sums are there.
    comparison: Option<Comparison>,
    /// The last change in the sums of this side.
    last: u64,
    /// The last change in the peer's sums.
    settles_at: Option<u64>,
    /// Keys to be asked for.
    wanted: VecDeque<Vec<u8>>,
    /// Asked for.
    asked: Vec<Vec<u8>>,
    /// Rows are being kept.
    keeping: bool,
    /// An answer to spans is missing.
    listening: bool,
    settling: bool,
}

impl Comparing {
    fn next_number(&mut self) -> u32 {
        self.steps = (self.steps + 1) % STEPS;
        self.run * STEPS + self.steps
    }
}

/// A comparison of the peer's.
#[derive(Debug)]
pub(super) struct Answering {
    run: u32,
    digest: Option<Digest>,
    /// The question that waits for the sums, and its number.
    waiting: (u32, Vec<Span>),
    asked_ms: u64,
}

impl Answering {
    pub(super) fn until_ms(&self) -> Option<u64> {
        self.digest.is_some().then_some(self.asked_ms + KEEP_SUMS_MS)
    }
}

impl RowTalk {
    /// One side is enough: the one nearer to the machines, or the one with the smaller id.
    pub(super) fn plan_to_compare(&mut self, compared_ms_ago: Option<u64>, nothing: bool) {
        let begins = match (self.me.role, self.peer.role) {
            (Role::Relay | Role::Agent, Role::Hub) | (Role::Agent, Role::Relay) => true,
            (Role::Hub, Role::Relay | Role::Agent) | (Role::Relay, Role::Agent) => false,
            _ => self.me.node < self.peer.node,
        };
        let Some(hello) = self.hello().filter(|_| begins) else { return };
        let known_there = hello.seen_of_you.is_some_and(|seen| seen.epoch == self.facts.epoch) && !hello.unsure;
        let unsure = !nothing && (self.cursors.contains(&None) || !known_there);
        // What changed while the peer was away comes by its sequence first: compared at once, it would come twice.
        let left_ms = COMPARE_EVERY_MS.saturating_sub(compared_ms_ago.unwrap_or(0)).max(CATCH_UP_MS);
        self.compare_due_ms = Some(self.now_ms + if unsure { 0 } else { left_ms });
    }

    pub(super) fn compare_when_due(&mut self) {
        if self.answering.as_ref().and_then(Answering::until_ms).is_some_and(|until| until <= self.now_ms) {
            self.answering = None;
        }
        let due = self.compare_due_ms.is_some_and(|due| due <= self.now_ms);
        if !due || self.comparing.is_some() || self.hello().is_none() {
            return;
        }
        self.compare_due_ms = None;
        self.runs = (self.runs + 1) % STEPS;
        self.comparing = Some(Comparing {
            run: self.runs,
            compare_no: 0,
            want_no: 0,
            steps: 0,
            comparison: None,
            last: 0,
            settles_at: None,
            wanted: VecDeque::new(),
            asked: Vec::new(),
            keeping: false,
            listening: false,
            settling: false,
        });
        self.do_next(Doing::DigestToAsk, RowWish::Digest);
    }

    pub(super) fn digested(&mut self, digest: Digest) {
        match self.doing.pop_front() {
            Some(Doing::DigestToAsk) => {
                if let Some(comparing) = &mut self.comparing {
                    comparing.last = digest.last;
                    comparing.comparison = Some(Comparison::begin(digest));
                    self.compare_further();
                }
            }
            Some(Doing::DigestToAnswer) => {
                if let Some(answering) = &mut self.answering {
                    answering.digest = Some(digest);
                    let (number, spans) = std::mem::take(&mut answering.waiting);
                    self.asked_to_compare(number, spans);
                }
            }
            Some(_) | None => {}
        }
    }

    /// The next question of a comparison, or its end.
    pub(super) fn compare_further(&mut self) {
        let Some(hello) = self.hello() else { return };
        let Some(comparing) = &mut self.comparing else { return };
        let mut frames = Vec::new();
        let Some(comparison) = &mut comparing.comparison else { return };
        let compared = match comparison.next_question() {
            Next::Done => true,
            Next::Compare(_) if comparing.listening => false,
            Next::Compare(spans) => {
                comparing.listening = true;
                comparing.compare_no = comparing.next_number();
                frames.push(RowFrame::Compare(comparing.compare_no, spans));
                false
            }
        };
        // Rows that came while others are being kept would be passed over.
        if comparing.asked.is_empty() && !comparing.keeping && !comparing.wanted.is_empty() {
            let most = comparing.wanted.len().min(MAX_KEYS / 2);
            comparing.asked = comparing.wanted.drain(..most).collect();
            comparing.want_no = comparing.next_number();
            frames.push(RowFrame::Want(comparing.want_no, comparing.asked.clone()));
        }
        let settles = compared && comparing.asked.is_empty() && !comparing.keeping && !comparing.settling;
        if settles {
            comparing.settling = true;
            let at = comparing.settles_at.unwrap_or(hello.last);
            self.wishes.push_back(RowWish::Settle(at, hello));
        }
        frames.iter().for_each(|frame| self.send(Lane::State, frame));
    }

    pub(super) fn compared(&mut self, number: u32, last: u64, answers: Vec<Spanned>) {
        let Some(comparing) = self.comparing.as_mut().filter(|comparing| comparing.compare_no == number) else {
            return;
        };
        let Some(comparison) = comparing.comparison.as_mut().filter(|_| comparing.listening) else { return };
        if !comparison.answered(answers) {
            return;
        }
        comparing.listening = false;
        // What changed there since the first answer comes by the sequence.
        comparing.settles_at.get_or_insert(last);
        let found = comparison.take_found();
        let (urgent, other): (Vec<_>, Vec<_>) = found.theirs.into_iter().partition(|key| is_urgent(key));
        urgent.into_iter().rev().for_each(|key| comparing.wanted.push_front(key));
        comparing.wanted.extend(other);
        self.giving.add(found.ours);
        self.compare_further();
        self.give_lacking();
    }

    pub(super) fn kept_wanted(&mut self) {
        if let Some(comparing) = &mut self.comparing {
            comparing.keeping = false;
        }
    }

    /// The peer has compared, and sent what was lacking here.
    pub(super) fn done(&mut self, number: u32, last: u64) {
        let Some(hello) = self.hello() else { return };
        if self.taking == Some(comparison_of(number)) && self.settling_at.is_none() {
            self.settling_at = Some(last);
            (self.answering, self.taking) = (None, None);
            self.wishes.push_back(RowWish::Settle(last, hello));
        }
    }

    /// The peer compares.
    pub(super) fn asked_to_compare(&mut self, number: u32, spans: Vec<Span>) {
        let run = comparison_of(number);
        self.taking = Some(run);
        let same = self.answering.as_mut().filter(|answering| answering.run == run);
        let Some(answering) = same else {
            self.answering = Some(Answering { run, digest: None, waiting: (number, spans), asked_ms: self.now_ms });
            // Sums that are under way already are as new as those of another wish.
            if !self.doing.contains(&Doing::DigestToAnswer) {
                self.do_next(Doing::DigestToAnswer, RowWish::Digest);
            }
            return;
        };
        answering.asked_ms = self.now_ms;
        let Some(digest) = &answering.digest else { return };
        let answers = RowFrame::Compared(number, digest.last, answer(digest, &spans));
        self.send(Lane::State, &answers);
    }

    pub(super) fn wanted(&mut self, run: u32, keys: Vec<Vec<u8>>) {
        let Some(hello) = self.hello() else { return };
        if self.doing.contains(&Doing::FetchWanted(run)) {
            return;
        }
        if self.under_way(|doing| matches!(doing, Doing::FetchWanted(_))) >= MAX_WANTS {
            return self.close(RowBroke::Unasked);
        }
        self.do_next(Doing::FetchWanted(run), RowWish::Fetch(keys, hello));
    }

    pub(super) fn fetched(&mut self, entries: Vec<Entry>) {
        match self.doing.pop_front() {
            Some(Doing::FetchWanted(run)) => self.send(Lane::State, &RowFrame::Rows(run, entries)),
            Some(Doing::FetchGiven) => self.give(entries),
            Some(_) | None => {}
        }
    }

    pub(super) fn rows(&mut self, number: u32, entries: Vec<Entry>) {
        let Some(hello) = self.hello() else { return };
        if number == 0 {
            return self.rows_given(entries, hello);
        }
        if self.giving.awaits(number) {
            return self.given_was_kept();
        }
        let Some(comparing) = self.comparing.as_mut().filter(|comparing| comparing.want_no == number) else { return };
        if comparing.asked.is_empty() || comparing.keeping {
            return;
        }
        let asked = std::mem::take(&mut comparing.asked);
        // What did not fit is asked for again; where nothing came, nothing is there any more.
        if !entries.is_empty() {
            let came = |key: &Vec<u8>| entries.iter().any(|entry| entry.key == *key);
            asked.into_iter().filter(|key| !came(key)).for_each(|key| comparing.wanted.push_back(key));
        }
        comparing.keeping = true;
        self.do_next(Doing::KeepWanted, RowWish::Keep(entries, hello));
    }

    pub(super) fn settled(&mut self) {
        let at = match self.comparing.as_mut().filter(|comparing| comparing.settling) {
            Some(comparing) => {
                let (at, last) = (comparing.settles_at, comparing.last);
                self.giving.ends_with(comparing.run * STEPS, last);
                self.comparing = None;
                self.compare_due_ms = Some(self.now_ms + COMPARE_EVERY_MS);
                at
            }
            None => self.settling_at.take(),
        };
        self.cursors = self.cursors.map(|cursor| cursor.max(at));
        self.give_lacking();
        self.ask();
    }
}

fn is_urgent(key: &[u8]) -> bool {
    Key::read(key).is_ok_and(|key| key.kind().urgency() == Urgency::Alerts)
}
