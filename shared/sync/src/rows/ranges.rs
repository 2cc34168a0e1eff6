//! Which rows differ, when nobody knows what changed since when?
//!
//! Range-based set reconciliation (Meyer, SRDS 2023, arXiv 2212.13567): sums over ranges of keys are compared, and what
//! differs is divided by 16 on either side in turn, until little enough is left to be listed. Keys stay in their order, so
//! that the rows of one site or one alert lie side by side. One side remembers where it is; the other answers from what it
//! has, so that a lost answer is asked for again.

use std::collections::BTreeMap;

use vigie_codec::wire::rows::{Span, Spanned};

use super::keep::{Digest, item_of, sum_of};

/// Into how many parts a range is divided: fewer mean more journeys, more mean more bytes in each.
const PARTS: usize = 16;

/// So few rows are listed rather than divided.
const LISTED: usize = 16;

/// Ranges in one question: its answer of 16 parts each stays within some thirty kilobytes.
const SPANS: usize = 64;

/// What a peer answers to spans, from what it has.
pub fn answer(digest: &Digest, spans: &[Span]) -> Vec<Spanned> {
    let answer = |span: &Span| {
        let ours = digest.between(&span.from, &span.to);
        if sum_of(ours) == span.sum {
            Spanned::Same
        } else if ours.len() <= LISTED {
            Spanned::Listed(ours.iter().map(item_of).collect())
        } else {
            Spanned::Parts(parts(ours, &span.from, &span.to))
        }
    };
    spans.iter().map(answer).collect()
}

/// What differs, as far as it was found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// Keys of rows that the peer has, and that are missing or different here.
    pub theirs: Vec<Vec<u8>>,
    /// Keys of rows here that are missing or different there.
    pub ours: Vec<Vec<u8>>,
}

/// What comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Send these, and hand over the answer.
    Compare(Vec<Span>),
    /// All was compared.
    Done,
}

/// The side that asks.
#[derive(Debug, Clone)]
pub struct Comparison {
    digest: Digest,
    /// Sent and not answered yet.
    asked: Vec<Span>,
    /// To be sent.
    waiting: Vec<Span>,
    found: Found,
}

impl Comparison {
    /// Begins with the sum of everything.
    pub fn begin(digest: Digest) -> Self {
        let sum = sum_of(digest.between(&[], &[]));
        let all = Span { from: Vec::new(), to: Vec::new(), sum };
        Self { digest, asked: Vec::new(), waiting: vec![all], found: Found::default() }
    }

    /// What is to be sent next; the same again while an answer is missing.
    pub fn next_question(&mut self) -> Next {
        if self.asked.is_empty() {
            let most = self.waiting.len().min(SPANS);
            self.asked = self.waiting.drain(..most).collect();
        }
        if self.asked.is_empty() { Next::Done } else { Next::Compare(self.asked.clone()) }
    }

    /// The peer's answer to the last spans; says whether it is one.
    pub fn answered(&mut self, answers: Vec<Spanned>) -> bool {
        if answers.len() != self.asked.len() {
            return false;
        }
        for (span, answer) in std::mem::take(&mut self.asked).into_iter().zip(answers) {
            match answer {
                Spanned::Same => {}
                Spanned::Listed(items) => {
                    let theirs = items.into_iter().map(|item| (item.key, item.print)).collect();
                    self.compare(&span, &theirs);
                }
                Spanned::Parts(parts) => parts.into_iter().for_each(|part| self.part(&span, part)),
            }
        }
        true
    }

    /// What differs, as far as is known now.
    pub fn take_found(&mut self) -> Found {
        std::mem::take(&mut self.found)
    }

    /// A part of the peer's that may differ: ours of it goes back, divided once more where that pays.
    fn part(&mut self, whole: &Span, theirs: Span) {
        let ours = self.digest.between(&theirs.from, &theirs.to);
        // A hostile peer could ask about the same range for ever: each answer is narrower than what was asked.
        let within =
            theirs.from >= whole.from && (whole.to.is_empty() || (!theirs.to.is_empty() && theirs.to <= whole.to));
        let narrower = theirs.from != whole.from || theirs.to != whole.to;
        if !within || !narrower || sum_of(ours) == theirs.sum {
            return;
        }
        if theirs.sum.count == 0 {
            self.found.ours.extend(ours.iter().map(|(key, _)| key.clone()));
        } else if ours.len() <= LISTED {
            self.waiting.push(Span { sum: sum_of(ours), from: theirs.from, to: theirs.to });
        } else {
            self.waiting.extend(parts(ours, &theirs.from, &theirs.to));
        }
    }

    fn compare(&mut self, span: &Span, theirs: &BTreeMap<Vec<u8>, u64>) {
        let ours = self.digest.between(&span.from, &span.to);
        let ours: BTreeMap<&[u8], u64> = ours.iter().map(|(key, print)| (key.as_slice(), *print as u64)).collect();
        let wanted = theirs.iter().filter(|(key, print)| ours.get(key.as_slice()) != Some(print)).map(|(key, _)| key);
        self.found.theirs.extend(wanted.cloned());
        let lacking = ours.iter().filter(|(key, print)| theirs.get(**key) != Some(print)).map(|(key, _)| key.to_vec());
        self.found.ours.extend(lacking);
    }
}

/// Divides what is in a range into parts of about the same size, which together are the range.
fn parts(ours: &[(Vec<u8>, u128)], from: &[u8], to: &[u8]) -> Vec<Span> {
    let size = ours.len().div_ceil(PARTS).max(1);
    let chunks: Vec<_> = ours.chunks(size).collect();
    let begin = |at: usize| match (at, chunks.get(at).and_then(|chunk| chunk.first())) {
        (0, _) => from.to_vec(),
        (at, Some((key, _))) => separator(chunks.get(at - 1).and_then(|chunk| chunk.last()), key),
        (_, None) => to.to_vec(),
    };
    let part =
        |(at, chunk): (usize, &&[(Vec<u8>, u128)])| Span { from: begin(at), to: begin(at + 1), sum: sum_of(chunk) };
    chunks.iter().enumerate().map(part).collect()
}

/// The shortest key between two neighbours: longer ones tell nothing more.
fn separator(before: Option<&(Vec<u8>, u128)>, key: &[u8]) -> Vec<u8> {
    let shared = before.map_or(0, |(before, _)| before.iter().zip(key).take_while(|(one, other)| one == other).count());
    key[..key.len().min(shared + 1)].to_vec()
}
