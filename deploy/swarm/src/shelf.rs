//! What does a simulated relay keep? What a real one does, in memory, and only until the hub has signed for it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_codec::segment::Segment;
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::MAX_DEFS_PER_FRAME;
use vigie_merge::RangeSet;
use vigie_model::{SeriesDef, StreamId, Tick, UtcMs};
use vigie_sync::keep::{Kept, Outcome, Record, StreamFacts, Write};
use vigie_sync::{Answer, Ask};

use crate::figures::Figures;

/// Loose ticks in one record, as a real store gives them.
const TICKS_AT_ONCE: usize = 64;

/// What a segment weighs besides its body.
const SEAL_BYTES: usize = 240;

/// What one loose tick weighs, about.
const TICK_BYTES: usize = 200;

/// One stream.
#[derive(Debug)]
struct OfStream {
    facts: Arc<StreamFacts>,
    segments: BTreeMap<u64, Segment>,
    loose: BTreeMap<u64, Arc<Tick>>,
    statements: Vec<SignedStatement>,
    /// When live ticks were measured that the hub has not acknowledged, and those it has not signed for.
    unacknowledged: BTreeMap<u64, UtcMs>,
    unsigned: BTreeMap<u64, UtcMs>,
}

/// All streams of one relay.
#[derive(Debug)]
pub(crate) struct Shelf {
    defs: Arc<[SeriesDef]>,
    streams: BTreeMap<StreamId, OfStream>,
    figures: Arc<Figures>,
    samples_per_tick: u64,
}

impl Shelf {
    pub(crate) fn new(defs: Arc<[SeriesDef]>, figures: Arc<Figures>) -> Self {
        let samples_per_tick = defs.len() as u64;
        Self { defs, streams: BTreeMap::new(), figures, samples_per_tick }
    }

    /// Keeps all of it and says which streams were touched, as they are now.
    pub(crate) fn keep(&mut self, writes: Vec<Write>, now: UtcMs) -> (Vec<Outcome>, Vec<(StreamId, Arc<StreamFacts>)>) {
        let mut touched = BTreeSet::new();
        let mut outcomes = Vec::with_capacity(writes.len());
        for write in writes {
            let stream = self.keep_one(write, now);
            touched.insert(stream);
            outcomes.push(Outcome::Kept(nothing_new(stream)));
        }
        let facts = |stream: StreamId| Some((stream, self.streams.get(&stream)?.facts.clone()));
        (outcomes, touched.into_iter().filter_map(facts).collect())
    }

    fn keep_one(&mut self, write: Write, now: UtcMs) -> StreamId {
        match write {
            Write::Stream { stream, key, name } => {
                let fresh = || OfStream::new(StreamFacts::new(key, name));
                self.streams.entry(stream).or_insert_with(fresh);
                stream
            }
            Write::Ticks { stream, ticks } => self.with(stream, |kept| kept.ticks(ticks)),
            Write::Segment(segment) => self.with(segment.header().stream, |kept| kept.segment(segment)),
            Write::Statement(signed) => self.with(signed.stream, |kept| kept.statement(signed)),
            Write::Schema { stream, from, defs } => self.with(stream, |kept| {
                kept.facts_mut().schema_len = from + defs.len() as u32;
            }),
            Write::Receipt(receipt) => {
                let figures = self.figures.clone();
                self.with(receipt.stream, |kept| {
                    figures.signed(receipt.held.without(kept.facts.held()).count());
                    kept.signed(&receipt.held, now, &figures);
                    kept.facts_mut().receipt = Some(receipt);
                })
            }
            Write::Custody { stream, have, sealed } => {
                let figures = self.figures.clone();
                let samples = self.samples_per_tick;
                self.with(stream, |kept| {
                    let fresh = have.without(&kept.facts.custody).count();
                    figures.acknowledged(fresh, fresh * samples);
                    kept.acknowledged(&have, now, &figures);
                    let facts = kept.facts_mut();
                    (facts.custody, facts.custody_sealed) = (have, sealed);
                })
            }
            Write::Tally { stream, tally } => self.with(stream, |kept| {
                let facts = kept.facts_mut();
                if tally.ticks > facts.tally.ticks {
                    facts.tally = tally;
                }
            }),
            // What it says now follows in the same breath; figures count what is new to it.
            Write::CustodyLost { stream } | Write::Reserve { stream, .. } => stream,
            // A relay of the swarm folds nothing and is asked for nothing but what it sends anyway.
            Write::RolledTold { stream, .. }
            | Write::RolledThere { stream, .. }
            | Write::Thinned { stream, .. }
            | Write::Wanted { stream, .. } => stream,
            Write::Rollup(rollup) => rollup.stream,
            Write::Seal(seal) => seal.header.stream,
        }
    }

    fn with(&mut self, stream: StreamId, change: impl FnOnce(&mut OfStream)) -> StreamId {
        if let Some(kept) = self.streams.get_mut(&stream) {
            change(kept);
        }
        stream
    }

    /// A live tick was measured: how long the hub takes for it is noted.
    pub(crate) fn measured(&mut self, stream: StreamId, tick: &Tick) {
        self.with(stream, |kept| {
            kept.unacknowledged.insert(tick.seq.0, tick.at.utc);
            kept.unsigned.insert(tick.seq.0, tick.at.utc);
        });
    }

    /// Answers the relay's mind.
    pub(crate) fn answer(&self, stream: StreamId, ask: &Ask) -> Answer {
        let Some(kept) = self.streams.get(&stream) else { return Answer::Failed };
        match ask {
            Ask::Records { wanted, budget_bytes } => Answer::Records(kept.records(wanted.clone(), *budget_bytes)),
            Ask::Schema { from } => {
                let upto = (kept.facts.schema_len as usize).min(*from as usize + MAX_DEFS_PER_FRAME);
                let defs = self.defs.get(*from as usize..upto).unwrap_or_default().to_vec();
                Answer::Schema { from: *from, defs }
            }
            Ask::Seals { within } => Answer::Seals(kept.seals(within)),
            Ask::Anchors => Answer::Anchors(kept.statements.clone()),
            // Agents fold nothing.
            Ask::Hours { .. } => Answer::Hours(vigie_sync::keep::HoursFound::default()),
        }
    }

    /// Streams of which something is here that the hub has not signed for.
    pub(crate) fn unsettled(&self) -> u64 {
        let is_settled = |kept: &&OfStream| kept.facts.have.without(kept.facts.held()).is_empty();
        (self.streams.len() - self.streams.values().filter(is_settled).count()) as u64
    }
}

impl OfStream {
    fn new(facts: StreamFacts) -> Self {
        Self {
            facts: Arc::new(facts),
            segments: BTreeMap::new(),
            loose: BTreeMap::new(),
            statements: Vec::new(),
            unacknowledged: BTreeMap::new(),
            unsigned: BTreeMap::new(),
        }
    }

    fn facts_mut(&mut self) -> &mut StreamFacts {
        Arc::make_mut(&mut self.facts)
    }

    fn ticks(&mut self, ticks: Vec<Arc<Tick>>) {
        for tick in ticks {
            let facts = self.facts_mut();
            facts.have.insert(tick.seq.0, tick.seq.0);
            facts.present.insert(tick.seq.0, tick.seq.0);
            facts.samples += tick.samples.len() as u64;
            self.loose.insert(tick.seq.0, tick);
        }
    }

    fn segment(&mut self, segment: Segment) {
        let (first, last) = (segment.header().first.0, segment.header().last.0);
        let (head, head_at) = (segment.header().hash(), segment.header().last);
        let facts = self.facts_mut();
        for set in [&mut facts.have, &mut facts.present, &mut facts.sealed] {
            set.insert(first, last);
        }
        (facts.head, facts.head_at) = (head, head_at);
        self.loose.retain(|seq, _| *seq < first || *seq > last);
        self.segments.insert(first, segment);
    }

    fn statement(&mut self, signed: SignedStatement) {
        if let Statement::Anchor(anchor) = signed.statement {
            self.facts_mut().anchors.insert(anchor.boot.no, anchor);
        }
        self.statements.push(signed);
    }

    fn acknowledged(&mut self, have: &RangeSet, now: UtcMs, figures: &Figures) {
        self.unacknowledged.retain(|seq, at| {
            let there = have.contains(*seq);
            if there {
                figures.acknowledged_after(now.0 - at.0);
            }
            !there
        });
    }

    /// What the hub has signed for is not needed here any more; a real relay keeps it for some days.
    fn signed(&mut self, held: &RangeSet, now: UtcMs, figures: &Figures) {
        self.unsigned.retain(|seq, at| {
            let there = held.contains(*seq);
            if there {
                figures.signed_after(now.0 - at.0);
            }
            !there
        });
        self.segments.retain(|_, segment| !held.contains_range(segment.header().first.0, segment.header().last.0));
        self.loose.retain(|seq, _| !held.contains(*seq));
    }

    /// Newest first, as much as the budget allows, at least one.
    fn records(&self, mut wanted: RangeSet, budget_bytes: u64) -> Vec<Record> {
        let (mut records, mut bytes) = (Vec::new(), 0);
        while let Some(number) = wanted.last().filter(|_| records.is_empty() || bytes < budget_bytes as usize) {
            if let Some((record, weight)) = self.record(&mut wanted, number) {
                records.push(record);
                bytes += weight;
            }
        }
        records
    }

    fn record(&self, wanted: &mut RangeSet, number: u64) -> Option<(Record, usize)> {
        let holds = |segment: &&Segment| segment.header().last.0 >= number;
        if let Some((_, segment)) = self.segments.range(..=number).next_back().filter(|(_, segment)| holds(segment)) {
            wanted.remove(segment.header().first.0, segment.header().last.0);
            return Some((Record::Segment(segment.clone()), segment.body.len() + SEAL_BYTES));
        }
        let (low, _) = wanted.ranges().next_back().unwrap_or((number, number));
        let mut run: Vec<_> = self.loose.range(low..=number).rev().map(|(_, tick)| tick.clone()).collect();
        let follows = run.iter().zip(0..).take_while(|(tick, back)| tick.seq.0 + back == number).count();
        run.truncate(follows.min(TICKS_AT_ONCE));
        wanted.remove(number.saturating_sub((run.len() as u64).max(1) - 1), number);
        run.reverse();
        let weight = run.len() * TICK_BYTES;
        (!run.is_empty()).then_some((Record::Ticks(run), weight))
    }

    fn seals(&self, within: &RangeSet) -> Vec<vigie_codec::segment::Seal> {
        let inside = |segment: &&Segment| within.contains_range(segment.header().first.0, segment.header().last.0);
        self.segments.values().filter(inside).map(|segment| segment.seal.clone()).collect()
    }
}

/// The mind of a relay learns what is durable from the facts; of the outcome it needs only that there is one.
fn nothing_new(stream: StreamId) -> Kept {
    Kept { stream, have: RangeSet::new(), sealed: RangeSet::new(), schema_len: 0, duplicates: 0, forked: false }
}

#[cfg(test)]
mod tests {
    use vigie_codec::SigningKey;
    use vigie_codec::receipt::Receipt;
    use vigie_model::{Boot, Incarnation, Moment, NodeId, Seq};

    use super::*;

    const STREAM: StreamId = StreamId { agent: NodeId::from_bytes([1; 16]), incarnation: Incarnation(1) };

    fn shelf(loose: &[u64]) -> Shelf {
        let mut shelf = Shelf::new(Arc::new([]), Arc::default());
        let at = Moment { utc: UtcMs(0), boot: Boot { no: 1, ms: 0 } };
        let ticks = loose.iter().map(|seq| Arc::new(Tick { seq: Seq(*seq), at, samples: Vec::new() })).collect();
        let stream = Write::Stream { stream: STREAM, key: [0; 32], name: "till".to_owned() };
        shelf.keep(vec![stream, Write::Ticks { stream: STREAM, ticks }], UtcMs(0));
        shelf
    }

    fn runs(shelf: &Shelf, wanted: RangeSet, budget_bytes: u64) -> Vec<Vec<u64>> {
        let Answer::Records(records) = shelf.answer(STREAM, &Ask::Records { wanted, budget_bytes }) else {
            panic!("records were asked for");
        };
        let numbers = |record: Record| match record {
            Record::Ticks(ticks) => ticks.iter().map(|tick| tick.seq.0).collect(),
            other => panic!("only loose ticks are here: {other:?}"),
        };
        records.into_iter().map(numbers).collect()
    }

    #[test]
    fn what_is_wanted_comes_newest_first_in_runs_without_holes() {
        let shelf = shelf(&[1, 2, 3, 5, 6, 9]);
        assert_eq!(runs(&shelf, RangeSet::of(2, 9), 1 << 20), [vec![9], vec![5, 6], vec![2, 3]]);
        assert_eq!(runs(&shelf, RangeSet::of(2, 9), 1), [vec![9]], "one record at least, and no more than asked");
        assert_eq!(runs(&shelf, RangeSet::of(7, 8), 1 << 20), [[0; 0]; 0], "what is not here ends the search");
    }

    #[test]
    fn what_the_hub_has_signed_for_is_kept_no_longer_and_is_settled() {
        let mut shelf = shelf(&[1, 2, 3]);
        assert_eq!(shelf.unsettled(), 1);
        let key = SigningKey::from_bytes(&[1; 32]);
        let receipt = |upto| Receipt::new(STREAM, RangeSet::of(1, upto), 0, 1, UtcMs(0), &key);
        shelf.keep(vec![Write::Receipt(receipt(2))], UtcMs(0));
        assert_eq!((shelf.unsettled(), runs(&shelf, RangeSet::of(1, 3), 1 << 20)), (1, vec![vec![3]]));
        shelf.keep(vec![Write::Receipt(receipt(3))], UtcMs(0));
        assert_eq!((shelf.unsettled(), shelf.figures.now().signed), (0, 3));
    }
}
