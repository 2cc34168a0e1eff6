//! Which life of its store is this agent in, and what must be written down of it?
//!
//! Usually there is one life, and it goes on from one start to the next. When the store can not even reserve numbers, a
//! new one begins in memory; when the store is back, both are written down, the older first.

use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_merge::RangeSet;
use vigie_model::{Anchor, GapReason, Incarnation, Moment, NodeId, Sample, Seq, SeriesDef, StreamId, Tick, UtcMs};

use crate::keep::{StreamFacts, Write};
use crate::origin::{Origin, Promise, SealAfter};
use crate::unbacked::Unbacked;

/// Lives in memory at once. A third would mean that the store came back and went away twice without a single commit.
const MAX_LIVES: usize = 4;

/// The lives of this agent, the present one last.
#[derive(Debug)]
pub struct Lives {
    lives: Vec<Origin>,
    agent: NodeId,
    name: String,
    key: SigningKey,
    seal_after: SealAfter,
    /// To be written with the next commit: gaps that a crash left, tails of earlier runs, what the clock meant.
    debts: Vec<Write>,
    unbacked: Unbacked,
}

/// What a commit under way will have settled.
#[derive(Debug)]
pub struct Settling {
    promises: Vec<(StreamId, Promise)>,
    debts: usize,
}

/// What a store holds of an earlier life.
#[derive(Debug)]
pub struct Earlier {
    /// Which life.
    pub stream: StreamId,
    /// What is known of it.
    pub facts: StreamFacts,
    /// Its definitions, as far as they can be read.
    pub defs: Vec<SeriesDef>,
    /// How many places it has ever given to definitions.
    pub places: u32,
    /// Its ticks that are in no segment.
    pub tail: Vec<Arc<Tick>>,
}

impl Lives {
    /// Goes on with the life named `present`, if the store holds it; begins one with the random `fresh` otherwise.
    pub fn resume(
        (agent, name, key): (NodeId, String, SigningKey),
        earlier: Vec<Earlier>,
        present: Option<Incarnation>,
        fresh: Incarnation,
        seal_after: SealAfter,
        now: UtcMs,
    ) -> Self {
        let mut lives =
            Self { lives: Vec::new(), agent, name, key, seal_after, debts: Vec::new(), unbacked: Unbacked::default() };
        let mut latest_defs = Vec::new();
        for life in earlier.into_iter().filter(|life| life.stream.agent == agent) {
            // Without all its definitions a life can not go on: a place might be given to another series.
            let goes_on = present == Some(life.stream.incarnation) && life.defs.len() as u32 == life.places;
            let defs = life.defs.clone();
            let key = lives.key.clone();
            let (origin, writes) = Origin::resume(life.stream, &life.facts, life.defs, life.tail, key, seal_after, now);
            lives.debts.extend(writes);
            if goes_on {
                latest_defs = defs;
                lives.lives.push(origin);
            }
        }
        if lives.lives.is_empty() {
            lives.begin(fresh, latest_defs);
        }
        lives
    }

    fn begin(&mut self, incarnation: Incarnation, defs: Vec<SeriesDef>) {
        let key = self.key.clone();
        self.lives.push(Origin::new(self.agent, incarnation, self.name.clone(), key, defs, self.seal_after));
    }

    fn present(&mut self) -> &mut Origin {
        // There is always one: `resume` begins it and `settled` never drops the last.
        let last = self.lives.len() - 1;
        &mut self.lives[last]
    }

    /// The stream that ticks are numbered in now.
    pub fn stream(&self) -> StreamId {
        self.lives[self.lives.len() - 1].stream()
    }

    /// Whether anything of the present life is durable.
    pub fn is_on_disk(&self) -> bool {
        self.lives[self.lives.len() - 1].is_on_disk()
    }

    /// Definitions of the present life.
    pub fn defs(&self) -> Vec<SeriesDef> {
        self.lives[self.lives.len() - 1].defs().to_vec()
    }

    /// The number the next tick will have.
    pub fn next_seq(&self) -> Seq {
        Seq(self.lives[self.lives.len() - 1].tally().ticks).next()
    }

    /// Whether a tick can be numbered in the present life.
    pub fn can_number(&self) -> bool {
        self.lives[self.lives.len() - 1].can_number()
    }

    /// How many ticks can be numbered in the present life before a commit must reserve more.
    pub fn numbers_left(&self) -> u64 {
        self.lives[self.lives.len() - 1].numbers_left()
    }

    /// Begins a new life in memory, because the store can not reserve numbers. Says what the mind must know of it.
    pub fn begin_in_memory(&mut self, incarnation: Incarnation) -> (StreamId, StreamFacts) {
        if self.lives.len() >= MAX_LIVES {
            self.lives.remove(1);
        }
        let defs = self.defs();
        self.begin(incarnation, defs);
        self.introduction()
    }

    /// What the mind must know of the present life before the store knows it.
    pub fn introduction(&self) -> (StreamId, StreamFacts) {
        (self.stream(), StreamFacts::new(self.key.verifying_key().to_bytes(), self.name.clone()))
    }

    /// Numbers a round. The tick may leave at once unless [`Lives::must_wait`].
    pub fn measured(&mut self, at: Moment, samples: Vec<Sample>, now_ms: u64) -> Option<Arc<Tick>> {
        self.present().measured(at, samples, now_ms)
    }

    /// Adds definitions.
    pub fn define(&mut self, defs: Vec<SeriesDef>) {
        self.present().define(defs);
    }

    /// Whether ticks must wait for a commit before they leave: they use definitions that a crash could undo.
    pub fn must_wait(&self) -> bool {
        self.lives[self.lives.len() - 1].has_new_defs()
    }

    /// All that is to be written now.
    pub fn writes(&mut self, now_ms: u64, now: UtcMs, closing: bool) -> (Vec<Write>, Settling) {
        let (mut writes, mut promises) = (Vec::new(), Vec::new());
        let last = self.lives.len() - 1;
        for (at, life) in self.lives.iter_mut().enumerate() {
            let (more, promise) = life.writes(now_ms, now, closing || at < last);
            writes.extend(more);
            promises.push((life.stream(), promise));
        }
        // Last, because some are of a life that these very writes introduce.
        writes.extend(self.debts.iter().cloned());
        (writes, Settling { promises, debts: self.debts.len() })
    }

    /// What was to be written is durable.
    pub fn settled(&mut self, settling: &Settling) {
        self.debts.drain(..settling.debts.min(self.debts.len()));
        for (stream, promise) in &settling.promises {
            if let Some(life) = self.lives.iter_mut().find(|life| life.stream() == *stream) {
                life.kept(promise);
            }
        }
        // A life that was the present one when the commit began may have measured since.
        let present = self.stream();
        self.lives.retain(|life| life.stream() == present || life.owes());
    }

    /// Records were set aside: their numbers become gaps.
    pub fn damaged(&mut self, stream: StreamId, lost: &RangeSet, now: UtcMs) {
        self.given_up(stream, lost, GapReason::Corrupt, now);
    }

    /// Ticks of a stream that were deleted here and are nowhere now, as far as is known; said regularly. After long enough
    /// they are owned up to: says whether there is something to write.
    pub fn nowhere(&mut self, stream: StreamId, nowhere: &RangeSet, now_ms: u64, now: UtcMs) -> bool {
        let lost = self.unbacked.seen(stream, nowhere, now_ms);
        self.given_up(stream, &lost, GapReason::Evicted, now);
        !lost.is_empty()
    }

    /// How many definitions of a stream the store has; said regularly. What damage took of them is written again: says
    /// whether there is something to write.
    pub fn defined(&mut self, stream: StreamId, schema_len: u32) -> bool {
        let life = self.lives.iter_mut().find(|life| life.stream() == stream);
        life.is_some_and(|life| life.define_again(schema_len))
    }

    fn given_up(&mut self, stream: StreamId, lost: &RangeSet, reason: GapReason, now: UtcMs) {
        let key = self.key.clone();
        let origin = self.lives.iter().find(|life| life.stream() == stream);
        let gaps = match origin {
            Some(origin) => origin.damaged(lost, reason, now),
            None => Origin::new(self.agent, stream.incarnation, self.name.clone(), key, Vec::new(), self.seal_after)
                .damaged(lost, reason, now),
        };
        self.debts.extend(gaps);
    }

    /// The whole store was set aside: of the life that went on in it, these numbers are gone.
    pub fn store_lost(&mut self, stream: StreamId, key: [u8; 32], upto: Seq, now: UtcMs) {
        let origin = Origin::new(
            self.agent,
            stream.incarnation,
            self.name.clone(),
            self.key.clone(),
            Vec::new(),
            self.seal_after,
        );
        self.debts.push(Write::Stream { stream, key, name: self.name.clone() });
        self.debts.extend(origin.damaged(&RangeSet::of(Seq::FIRST.0, upto.0), GapReason::StoreLost, now));
        self.debts.push(Write::Reserve { stream, until: upto });
    }

    /// Earlier lives that were left alone are this agent's own after all: what they owe is written down.
    pub fn take_up(&mut self, earlier: Vec<Earlier>, now: UtcMs) {
        for life in earlier.into_iter().filter(|life| life.stream.agent == self.agent) {
            let (key, after) = (self.key.clone(), self.seal_after);
            let (_, writes) = Origin::resume(life.stream, &life.facts, life.defs, life.tail, key, after, now);
            self.debts.extend(writes);
        }
    }

    /// True time of the present boot was learnt.
    pub fn anchored(&mut self, anchor: Anchor) {
        let write = self.present().anchored(anchor);
        self.debts.push(write);
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::{Boot, ClockSource, SeriesIx};

    use super::*;

    fn lives() -> Lives {
        let key = SigningKey::from_bytes(&[3; 32]);
        let agent = NodeId::of_key(&key.verifying_key().to_bytes());
        let after = SealAfter { ticks: 4, age_ms: 60_000 };
        Lives::resume((agent, "till-3".to_owned(), key), Vec::new(), None, Incarnation(1), after, UtcMs(0))
    }

    fn measure(lives: &mut Lives, ms: u64) -> Seq {
        let at = Moment { utc: UtcMs(0), boot: Boot { no: 1, ms } };
        lives.measured(at, vec![Sample { series: SeriesIx(0), value: 7 }], ms).expect("a number can be given").seq
    }

    #[test]
    fn what_a_life_measured_while_its_commit_was_under_way_outlives_a_new_life() {
        let mut lives = lives();
        let (_, settling) = lives.writes(0, UtcMs(0), false);
        let first = lives.stream();
        let late = measure(&mut lives, 1);
        lives.begin_in_memory(Incarnation(2));
        lives.settled(&settling);
        let (writes, settling) = lives.writes(2, UtcMs(0), false);
        let sealed = writes.iter().any(|write| match write {
            Write::Segment(segment) => segment.header().stream == first && segment.header().last == late,
            _ => false,
        });
        assert!(sealed, "the tick of the first life is written: {writes:?}");
        lives.settled(&settling);
        assert_eq!(lives.lives.len(), 1, "and then the first life owes nothing");
    }

    #[test]
    fn lives_that_were_left_alone_owe_their_tail_and_gap_once_they_are_taken_up() {
        let mut lives = lives();
        let (_, settling) = lives.writes(0, UtcMs(0), false);
        lives.settled(&settling);
        let stream = StreamId { incarnation: Incarnation(9), ..lives.stream() };
        let mut facts = StreamFacts::new([0; 32], "till-3".to_owned());
        (facts.have, facts.reserved) = (RangeSet::of(1, 1), Seq(5));
        let at = Moment { utc: UtcMs(0), boot: Boot { no: 1, ms: 1 } };
        let tick = Tick { seq: Seq(1), at, samples: vec![Sample { series: SeriesIx(0), value: 7 }] };
        lives.take_up(
            vec![Earlier { stream, facts, defs: Vec::new(), places: 0, tail: vec![Arc::new(tick)] }],
            UtcMs(0),
        );
        let (writes, _) = lives.writes(1, UtcMs(0), false);
        let of_it = |write: &&Write| write.stream() == stream;
        let [Write::Statement(_), Write::Segment(segment)] = &writes.iter().filter(of_it).collect::<Vec<_>>()[..]
        else {
            panic!("a gap and a segment: {writes:?}")
        };
        assert_eq!((segment.header().first, segment.header().last), (Seq(1), Seq(1)));
        assert_ne!(lives.stream(), stream, "the present life goes on");
    }

    #[test]
    fn a_life_is_introduced_before_anything_is_said_of_it() {
        let mut lives = lives();
        let boot = Boot { no: 1, ms: 0 };
        lives.anchored(Anchor { boot, utc: UtcMs(5), error_ms: 1, source: ClockSource::Hub });
        let (writes, _) = lives.writes(0, UtcMs(0), false);
        assert!(matches!(writes.first(), Some(Write::Stream { .. })), "{writes:?}");
    }
}
