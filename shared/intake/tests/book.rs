//! What is pushed is kept once, whatever the sender and the store do.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use proptest::prelude::*;
use vigie_codec::SigningKey;
use vigie_intake::{Book, Limits, Noted, Outcome, Standing, read_book};
use vigie_merge::RangeSet;
use vigie_model::{Incarnation, NodeId, Resolution, SeriesDef, SeriesIx, Slug, StreamId, UtcMs};
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::{LayOut, Log, Options, Outcome as Became, Record, Write};

type Place = (Slug, Slug);

/// Each value of each series at each moment; the bits, so that a NaN is itself.
type Said = BTreeMap<(String, i64), u64>;

fn key() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

fn me() -> NodeId {
    NodeId::of_key(key().verifying_key().as_bytes())
}

fn place() -> Place {
    ("acme".parse().expect("a slug"), "lyon".parse().expect("a slug"))
}

fn options() -> Options {
    let lay_out = LayOut::All;
    Options { cap_percent_of_disk: None, new_epoch: Some(7), lay_out, lay_out_ticks: 8, ..Options::relay(1 << 30) }
}

fn open(disk: &FaultDisk) -> Log {
    Log::open_on(disk.clone(), options()).expect("the disk is sound").0
}

/// A node that takes in what is pushed.
struct Node {
    log: Log,
    book: Book,
    streams: u64,
}

impl Node {
    /// Begins where the log ends.
    fn start(log: Log, streams: u64) -> Self {
        let book = read_book(&log, (me(), key()), Limits::default(), UtcMs(0)).expect("sound");
        Self { log, book, streams }
    }

    /// Pushes samples of series named by a letter; says whether they were kept, and how many were known.
    fn push(&mut self, samples: &[(&str, i64, f64)]) -> (bool, u64) {
        let Noted { writes, outcome, duplicates, .. } = self.note(samples);
        (self.keep(writes, outcome), duplicates)
    }

    /// Numbers what is pushed, and keeps nothing yet.
    fn note(&mut self, samples: &[(&str, i64, f64)]) -> Noted {
        let streams = &mut self.streams;
        let mut fresh = || {
            *streams += 1;
            Some(Incarnation(*streams))
        };
        let mut entry = self.book.entry(place(), &mut fresh);
        for (name, at_ms, value) in samples {
            entry.series(&[("__name__", name), ("job", "test")], &[(*at_ms, *value)]);
        }
        entry.finish()
    }

    /// Reads the book anew if it is outdated; says whether it was.
    fn reads_anew(&mut self) -> bool {
        let len = |stream| self.log.streams().get(&stream).map_or(0, |facts| facts.schema_len);
        let is_lost = |stream| self.log.places_given(stream).expect("sound") > len(stream);
        self.book.refuse_if_bereft(len, is_lost);
        let is_outdated = self.book.is_outdated();
        if is_outdated {
            let mut anew = read_book(&self.log, (me(), key()), Limits::default(), UtcMs(0)).expect("sound");
            anew.follow(&self.book);
            self.book = anew;
        }
        is_outdated
    }

    fn tend(&mut self, closing: bool) {
        if let Some((writes, outcome)) = self.book.due(0, closing) {
            self.keep(writes, outcome);
        }
    }

    fn keep(&mut self, writes: Vec<Write>, outcome: Outcome) -> bool {
        match self.log.commit(writes.clone()) {
            Ok(all) => {
                assert!(all.iter().all(|one| matches!(one, Became::Kept(_))), "{all:?}");
                self.book.done(outcome, 0);
                true
            }
            Err(_) => {
                self.book.undone(writes, outcome);
                false
            }
        }
    }

    /// What is kept of everything; no series has two values at a moment.
    fn answered(&self) -> Said {
        let mut said = Said::new();
        for (stream, facts) in self.log.streams() {
            let defs = definitions(&self.log, *stream, facts.schema_len);
            let series: Vec<SeriesIx> = (0..defs.len() as u32).map(SeriesIx).collect();
            let (from, to) = (UtcMs(i64::MIN), UtcMs(i64::MAX));
            self.log
                .columns_between(*stream, &series, from, to, |columns| {
                    for (column, def) in columns.iter().zip(&defs) {
                        for (at, kept) in column.times_ms.iter().zip(&column.values) {
                            let bits = def.resolution().value(*kept).to_bits();
                            let before = said.insert((name_of(def), *at), bits);
                            assert_eq!(before, None, "{} at {at} is kept twice", name_of(def));
                        }
                    }
                    ControlFlow::Continue(())
                })
                .expect("sound");
        }
        said
    }
}

fn definitions(log: &Log, stream: StreamId, len: u32) -> Vec<SeriesDef> {
    let mut defs = Vec::new();
    while (defs.len() as u32) < len {
        defs.extend(log.schema(stream, defs.len() as u32, usize::MAX).expect("sound"));
    }
    defs
}

fn name_of(def: &SeriesDef) -> String {
    assert_eq!(def.prometheus_labels(), [("job".to_owned(), "test".to_owned())]);
    def.prometheus_name()
}

#[test]
fn what_is_sent_again_is_known() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    let batch = [("a", 1_000, 0.1), ("b", 1_000, f64::NAN), ("a", 2_000, -0.0)];
    assert_eq!(node.push(&batch), (true, 0));
    assert_eq!(node.push(&batch), (true, 3));
    // Its sender may have heard nothing because the node was killed.
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    assert_eq!(node.push(&batch), (true, 3));
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.tally.samples, facts.samples), (3, 3), "nothing is counted twice");
    let bits = |value: f64| value.to_bits();
    let all = [(("a", 1_000), bits(0.1)), (("a", 2_000), bits(-0.0)), (("b", 1_000), bits(f64::NAN))];
    let all: Said = all.into_iter().map(|((name, at), bits)| ((name.to_owned(), at), bits)).collect();
    assert_eq!(node.answered(), all);
}

#[test]
fn what_is_sent_again_while_it_is_on_its_way_is_kept_once_and_answered_when_it_is_durable() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let body = [("a", 1_000, 1.0), ("b", 1_000, 0.5), ("a", 2_000, 2.0)];
    let first = node.note(&body);
    let again = node.note(&body);
    assert_eq!((again.samples, again.duplicates, again.writes.len()), (0, 3, 0));
    let more = node.note(&[("a", 2_000, 3.0), ("a", 3_000, 3.0)]);
    assert_eq!((more.samples, more.duplicates), (1, 1), "the first value stands although it is not durable");
    assert_eq!(node.book.standing(&again.awaited), Standing::OnTheWay);
    assert_eq!(node.book.standing(&first.awaited), Standing::Durable, "it awaits nothing but its own");
    assert!(node.keep(first.writes, first.outcome));
    assert!([&again, &more].iter().all(|noted| node.book.standing(&noted.awaited) == Standing::Durable));
    assert!(node.keep(more.writes, more.outcome));
    assert_eq!(node.push(&body), (true, 3));
    assert_eq!(node.answered().len(), 4);
}

#[test]
fn what_is_sent_again_after_the_store_left_it_undone_is_kept_once_and_answered_with_it() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let body = [("a", 1_000, 1.0), ("b", 1_000, 0.5)];
    let first = node.note(&body);
    let meanwhile = node.note(&body);
    node.book.undone(first.writes, first.outcome);
    assert_eq!(node.book.standing(&meanwhile.awaited), Standing::Undone, "who waits is told to come later");
    let again = node.note(&body);
    assert_eq!((again.samples, again.duplicates), (0, 2));
    assert_eq!(node.book.standing(&again.awaited), Standing::OnTheWay, "it is tried again with this push");
    assert!(node.keep(again.writes, again.outcome));
    assert_eq!(node.book.standing(&again.awaited), Standing::Durable);
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.tally.samples, facts.samples, node.answered().len()), (2, 2, 2));
}

#[test]
fn what_was_sealed_before_a_kill_is_known_when_it_is_sent_again() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    let early: Vec<_> = (0..10).map(|n| ("a", n * 1_000, n as f64)).collect();
    let late = [("a", 20_000, 20.0), ("b", 20_000, 21.0)];
    assert_eq!(node.push(&early), (true, 0));
    node.tend(true);
    assert_eq!(node.push(&late), (true, 0));
    for laid_out in [false, true] {
        let Node { mut log, streams, .. } = node;
        if laid_out {
            let gathered = log.gather(1).expect("sound");
            let laid: Vec<_> = gathered.into_iter().map(|one| one.lay_out().expect("own segments")).collect();
            assert_eq!(log.put_in_place(&laid).expect("room"), 1);
        }
        drop(log);
        node = Node::start(open(&disk), streams);
        assert_eq!((node.push(&early), node.push(&late)), ((true, 10), (true, 2)));
        let facts = node.log.streams().values().next().expect("one stream");
        assert_eq!((facts.tally.samples, facts.samples), (12, 12), "nothing is counted twice");
    }
}

#[test]
fn of_two_values_at_one_moment_the_first_stands_whichever_body_they_came_in() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    assert_eq!(node.push(&[("a", 1_000, 1.0), ("a", 1_000, 2.0), ("a", 2_000, 1.0)]), (true, 1));
    assert_eq!(node.push(&[("a", 1_000, 3.0), ("a", 2_000, 3.0), ("a", 3_000, 1.0)]), (true, 2));
    node.tend(true);
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    assert_eq!(node.push(&[("a", 1_000, 4.0), ("a", 3_000, 4.0)]), (true, 2));
    let one = |at: i64| (("a".to_owned(), at), 1f64.to_bits());
    assert_eq!(node.answered(), [one(1_000), one(2_000), one(3_000)].into());
}

#[test]
fn what_a_store_in_trouble_left_undone_is_done_before_anything_else() {
    let mut refused = 0;
    for after in 0..16 {
        let disk = FaultDisk::new();
        let mut node = Node::start(open(&disk), 0);
        assert!(node.push(&[("a", 1_000, 1.0)]).0);
        disk.set_faults(Faults { refuse_sync_at: Some(disk.operations() + after), ..Faults::default() });
        if node.push(&[("a", 2_000, 2.0), ("b", 2_000, 2.5)]).0 {
            continue;
        }
        refused += 1;
        assert!(node.push(&[("a", 3_000, 3.0), ("c", 3_000, 3.5)]).0);
        assert_eq!(node.answered().len(), 5);
        let facts = node.log.streams().values().next().expect("one stream");
        assert_eq!(facts.have, RangeSet::of(1, 3), "no number is left out");
    }
    assert!(refused > 0, "the disk refused now and then");
}

#[test]
fn a_restart_goes_on_with_the_same_streams() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    node.push(&[("a", 1_000, 1.0), ("b", 1_000, 2.0)]);
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    node.push(&[("b", 2_000, 3.0), ("c", 2_000, 4.0)]);
    node.tend(true);
    assert_eq!(node.log.streams().len(), 1);
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.schema_len, facts.sealed.clone()), (3, RangeSet::of(1, 2)));
    assert_eq!(facts.tally.samples, 4);
    assert_eq!(node.answered().len(), 4);
}

/// A log of which damage took a definition, as it is found when that is read.
fn bereft(disk: &FaultDisk) -> Log {
    let (image, name) = (disk.image(), b"bravissimo");
    let found = (0..image.len() - name.len()).filter(|at| image[*at..].starts_with(name));
    found.for_each(|at| disk.flip_bit(at as u64 * 8));
    let mut log = open(disk);
    let (stream, facts) = log.streams().iter().next().map(|(stream, facts)| (*stream, facts.clone())).expect("one");
    assert!((log.schema(stream, 0, 9).expect("sound").len() as u32) < facts.schema_len, "its definition is damaged");
    log.take_damage();
    log
}

const THREE: [(&str, i64, f64); 3] = [("alpha", 1_000, 1.0), ("bravissimo", 1_000, 2.0), ("charlie", 1_000, 3.0)];

fn told(node: &Node) -> Vec<String> {
    node.answered().into_keys().map(|(name, at)| format!("{name} {at}")).collect()
}

#[test]
fn where_damage_took_definitions_a_new_series_begins_another_stream() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    node.push(&THREE);
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(bereft(&disk), streams);
    assert_eq!(node.push(&[("alpha", 2_000, 1.5), ("delta", 2_000, 4.0)]), (true, 0));
    assert!(node.log.streams().len() > 1, "its places are given to no other series");
    assert_eq!(told(&node), ["alpha 1000", "alpha 2000", "delta 2000"], "nobody knows any more what the others are");
}

/// A node that took in three series, and of whose log damage took definitions while it ran.
fn bereft_while_it_runs() -> Node {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    node.push(&THREE);
    let Node { log, book, streams } = node;
    drop(log);
    Node { log: bereft(&disk), book, streams }
}

#[test]
fn where_damage_takes_definitions_while_it_runs_nothing_more_is_kept_under_no_name() {
    let mut node = bereft_while_it_runs();
    assert!(node.reads_anew(), "the store has fewer definitions than it had");
    assert!(!node.reads_anew(), "once is enough");
    let next = THREE.map(|(name, at_ms, value)| (name, at_ms + 1_000, value));
    assert_eq!(node.push(&next), (true, 0));
    assert_eq!(told(&node), ["alpha 1000", "alpha 2000", "bravissimo 2000", "charlie 2000"]);
    assert!(!node.reads_anew());
}

#[test]
fn however_much_is_pushed_a_book_that_lacks_definitions_numbers_nothing_more_and_is_read_anew() {
    let mut node = bereft_while_it_runs();
    let steady = node.note(&[("alpha", 2_000, 2.0)]);
    node.book.sent();
    assert!(!node.reads_anew(), "something is with the store");
    assert!(node.book.is_refused(), "and nothing follows on it, so that it comes to an end");
    node.keep(steady.writes, steady.outcome);
    assert!(node.reads_anew());
    assert_eq!(node.push(&[("alpha", 2_000, 2.0)]), (true, 1));
}

#[test]
fn what_the_store_will_never_take_is_taken_under_other_definitions_when_it_is_sent_again() {
    let mut node = bereft_while_it_runs();
    let more = [("alpha", 2_000, 1.5), ("delta", 2_000, 4.0)];
    let first = node.note(&more);
    node.book.sent();
    let again = node.note(&more);
    assert!(!node.reads_anew(), "what is with the store may be kept yet");
    let became = node.log.commit(first.writes.clone()).expect("sound");
    assert!(became.iter().any(|one| matches!(one, Became::WrongSchema(_))), "{became:?}");
    node.book.refused(first.writes, first.outcome);
    assert!(node.book.is_refused() && node.book.due(0, true).is_none(), "it is not tried again as it was");
    assert!(node.reads_anew());
    assert_eq!(node.book.standing(&again.awaited), Standing::Undone, "whoever waits for it sends it again");
    assert!(node.push(&more).0);
    assert_eq!(told(&node), ["alpha 1000", "alpha 2000", "delta 2000"]);
}

#[test]
fn a_store_in_trouble_is_no_reason_to_read_anew() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let first = node.note(&THREE);
    node.book.sent();
    node.book.undone(first.writes, first.outcome);
    assert!(!node.reads_anew(), "what a full disk left undone is tried again as it was");
    assert_eq!(node.push(&THREE), (true, 3));
}

#[test]
fn series_beyond_the_limit_are_refused_and_counted() {
    let mut book = Book::new(me(), key(), Limits { series_per_place: 2, ..Limits::default() });
    let mut fresh = || Some(Incarnation(1));
    let mut entry = book.entry(place(), &mut fresh);
    for name in ["a", "b", "c"] {
        entry.series(&[("__name__", name)], &[(1, 1.0), (2, 1.0)]);
    }
    let noted = entry.finish();
    assert_eq!((noted.samples, noted.refused), (4, 2));
}

#[test]
fn many_series_are_spread_over_streams() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let names: Vec<String> = (0..10_000).map(|n| format!("m{n}")).collect();
    let samples: Vec<_> = names.iter().map(|name| (name.as_str(), 1_000, 1.0)).collect();
    assert!(node.push(&samples).0);
    assert_eq!(node.log.streams().len(), 10);
    assert_eq!(node.answered().len(), 10_000);
}

#[test]
fn numbers_are_kept_in_steps_and_come_back_bit_for_bit() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    let values = [stale, 3.0, 0.25, 7.0, f64::NEG_INFINITY, 1e-6, -0.0, 2.0, 1.0 / 3.0, 5.0];
    let samples: Vec<_> = (0i64..).zip(values).map(|(n, value)| ("a", n * 1_000, value)).collect();
    let (some, more) = samples.split_at(4);
    assert_eq!(node.push(some), (true, 0));
    assert_eq!(node.push(&samples), (true, 4), "what is sent again is known in whichever step it stands");
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    assert_eq!(node.push(more), (true, 6));
    let again = ("a", 2_000, 4.0);
    assert_eq!(node.push(&[again]), (true, 1), "of two values at one moment the first stands, in whichever step");
    let all: Said = samples.iter().map(|(name, at, value)| (((*name).to_owned(), *at), value.to_bits())).collect();
    assert_eq!(node.answered(), all);
    let (stream, facts) = node.log.streams().first_key_value().expect("one stream");
    let steps: Vec<Resolution> =
        definitions(&node.log, *stream, facts.schema_len).iter().map(SeriesDef::resolution).collect();
    let micro = Resolution::Step { step: 1, exponent: -6 };
    assert_eq!(steps, [Resolution::Exact, Resolution::ONE, Resolution::HUNDREDTH, micro]);
}

#[test]
fn a_series_that_begins_with_a_fraction_stays_in_its_step() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    assert_eq!(node.push(&[("a", 0, 0.25), ("a", 1_000, 3.0), ("a", 2_000, 0.5), ("b", 0, 1.0 / 3.0)]), (true, 0));
    assert_eq!(node.push(&[("a", 3_000, 4.0), ("b", 1_000, 7.0)]), (true, 0));
    let (stream, facts) = node.log.streams().first_key_value().expect("one stream");
    let steps: Vec<Resolution> =
        definitions(&node.log, *stream, facts.schema_len).iter().map(SeriesDef::resolution).collect();
    assert_eq!(steps, [Resolution::HUNDREDTH, Resolution::Exact], "one definition of each series");
    assert_eq!(node.answered().len(), 6);
}

#[test]
fn two_values_of_one_body_at_one_moment_are_one_sample_although_they_need_different_steps() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    assert_eq!(node.push(&[("a", 1_000, 1.0), ("a", 1_000, 1.5), ("a", 1_000, f64::NAN)]), (true, 2));
    assert_eq!(node.answered(), [(("a".to_owned(), 1_000), 1f64.to_bits())].into());
}

#[test]
fn much_that_comes_at_once_is_sealed_with_it_and_never_stands_loose() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let names: Vec<String> = (0..100).map(|n| format!("m{n}")).collect();
    let tick = |at: i64| names.iter().zip(0..).map(move |(name, n)| (name.as_str(), at * 10_000, (n + at * 7) as f64));
    let backlog: Vec<_> = (0..180).flat_map(tick).collect();
    assert_eq!(node.push(&backlog), (true, 0));
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.sealed.clone(), facts.bytes.loose), (RangeSet::of(1, 180), 0));
    assert!(facts.bytes.sealed < 18_000, "{} bytes for 18,000 samples", facts.bytes.sealed);
    assert_eq!(node.answered().len(), 18_000);
}

#[test]
fn little_that_comes_again_and_again_stands_loose_up_to_one_segment() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let names: Vec<String> = (0..50).map(|n| format!("m{n}")).collect();
    for at in 0..400i64 {
        let tick: Vec<_> = names.iter().map(|name| (name.as_str(), at * 15_000, at as f64 / 4.0)).collect();
        assert_eq!(node.push(&tick), (true, 0));
        let facts = node.log.streams().values().next().expect("one stream");
        let loose = facts.have.without(&facts.sealed).count();
        assert!(loose * 50 <= 8_192 + 50, "{loose} ticks are loose");
    }
    let facts = node.log.streams().values().next().expect("one stream");
    assert!(facts.sealed.count() >= 326 && facts.sealed == RangeSet::of(1, facts.sealed.count()));
    assert_eq!(node.answered().len(), 400 * 50);
}

#[test]
fn what_is_sealed_on_its_way_is_there_once_whatever_comes_first_and_whatever_a_kill_takes() {
    let names: Vec<String> = (0..10).map(|n| format!("m{n}")).collect();
    let tick = |at: i64| names.iter().map(move |name| (name.as_str(), at * 15_000, at as f64));
    let bodies: Vec<Vec<_>> = (0..3).map(|n| (n * 130..(n + 1) * 130).flat_map(tick).collect()).collect();
    // The third fills a segment with what the first two brought.
    for arrives in [&[0, 1, 2][..], &[2, 1, 0], &[1, 2, 0], &[2], &[2, 0]] {
        let disk = FaultDisk::new();
        let mut node = Node::start(open(&disk), 0);
        let mut noted: Vec<Option<Noted>> = bodies.iter().map(|body| Some(node.note(body))).collect();
        let sealed = |noted: &Noted| noted.writes.iter().filter(|write| matches!(write, Write::Segment(_))).count();
        assert_eq!(noted.iter().flatten().map(sealed).collect::<Vec<_>>(), [0, 0, 1]);
        for at in arrives {
            // The first of all introduces the stream.
            let hello = noted[0].as_ref().map(|first| first.writes[..2].to_vec()).unwrap_or_default();
            node.log.commit(hello).expect("sound");
            let Noted { writes, outcome, .. } = noted[*at].take().expect("each once");
            assert!(node.keep(writes, outcome));
        }
        let Node { log, streams, .. } = node;
        drop(log);
        let mut node = Node::start(open(&disk), streams);
        bodies.iter().for_each(|body| assert!(node.push(body).0, "its sender may have heard nothing"));
        assert_eq!(node.answered().len(), 3_900, "{arrives:?}");
        let facts = node.log.streams().values().next().expect("one stream");
        assert!(facts.gaps.is_empty() && facts.samples == facts.tally.samples, "{arrives:?}");
    }
}

#[test]
fn what_waits_for_long_is_sealed_although_more_would_fit() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    node.push(&[("a", 1_000, 1.0)]);
    for (now_ms, is_due) in [(599_999, false), (600_000, true), (600_001, false)] {
        let due = node.book.due(now_ms, false);
        assert_eq!(due.is_some(), is_due, "after {now_ms} ms");
        if let Some((writes, outcome)) = due {
            assert!(node.keep(writes, outcome));
        }
    }
}

#[test]
fn no_more_is_numbered_while_as_much_as_may_wait_is_not_durable() {
    let mut book = Book::new(me(), key(), Limits { samples_waiting: 3, ..Limits::default() });
    let mut fresh = || Some(Incarnation(1));
    let mut note = |book: &mut Book, at_ms: i64| {
        let mut entry = book.entry(place(), &mut fresh);
        entry.series(&[("__name__", "a")], &[(at_ms, 1.0), (at_ms + 1, 2.0)]);
        entry.finish()
    };
    let one = note(&mut book, 0);
    assert!(!book.is_full(), "2 of 3 wait");
    let other = note(&mut book, 10);
    assert!(book.is_full() && !book.is_in_trouble());
    book.undone(one.writes, one.outcome);
    assert!(book.is_full() && book.is_in_trouble(), "what was left undone waits as well");
    book.done(other.outcome, 0);
    assert!(!book.is_full());
    let again = note(&mut book, 20);
    assert!(book.is_full(), "what is tried again is counted once");
    book.done(again.outcome, 0);
    assert!(!book.is_full());
    let last = note(&mut book, 30);
    assert!(!book.is_full() && last.samples == 2);
}

#[derive(Debug, Clone)]
enum Step {
    Push(Vec<(u8, i64, u64)>),
    Refuse(u64),
    Tend(bool),
    LayOut,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let bits = prop_oneof![
        any::<u64>(),
        (-9i32..9).prop_map(|whole| f64::from(whole).to_bits()),
        (0u32..999).prop_map(|parts| (f64::from(parts) / 100.0).to_bits()),
    ];
    let sample = (0u8..6, 0i64..40, bits);
    prop_oneof![
        6 => prop::collection::vec(sample, 1..30).prop_map(Step::Push),
        1 => (0u64..12).prop_map(Step::Refuse),
        2 => any::<bool>().prop_map(Step::Tend),
        1 => Just(Step::LayOut),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_answered_for_is_there_and_nothing_that_was_never_said(steps in prop::collection::vec(step(), 1..40)) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let disk = FaultDisk::new();
        let mut node = Node::start(open(&disk), 0);
        let mut said: BTreeMap<(String, i64), Vec<u64>> = BTreeMap::new();
        let mut answered_for = BTreeSet::new();
        for step in steps {
            match step {
                Step::Push(samples) => {
                    let batch: Vec<_> =
                        samples.iter().map(|(n, at, bits)| (names[*n as usize], *at, f64::from_bits(*bits))).collect();
                    let durable = node.push(&batch).0;
                    for (name, at, value) in batch {
                        let sample = (name.to_owned(), at);
                        said.entry(sample.clone()).or_default().push(value.to_bits());
                        if durable {
                            answered_for.insert(sample);
                        }
                    }
                }
                Step::Refuse(after) => {
                    disk.set_faults(Faults { refuse_sync_at: Some(disk.operations() + after), ..Faults::default() });
                }
                Step::Tend(closing) => node.tend(closing),
                Step::LayOut => {
                    let gathered = node.log.gather(4).unwrap_or_default();
                    let laid: Vec<_> =
                        gathered.into_iter().map(|one| one.lay_out().expect("own segments")).collect();
                    // A disk that refuses leaves all as it was.
                    node.log.put_in_place(&laid).unwrap_or_default();
                }
                Step::Restart => {
                    disk.set_faults(Faults::default());
                    let Node { log, streams, .. } = node;
                    drop(log);
                    node = Node::start(open(&disk), streams);
                }
            }
        }
        disk.set_faults(Faults::default());
        // A disk that refused shows at the next use.
        for _ in 0..2 {
            node.tend(true);
        }
        // Where nothing was left to keep: a store in trouble opens anew with the next commit, and is not read before.
        prop_assert!(node.log.commit(Vec::new()).is_ok());
        let answered = node.answered();
        for sample in answered_for {
            prop_assert!(answered.contains_key(&sample), "{sample:?} is not there");
        }
        // What nobody was answered for may be there too: it was said all the same.
        for (sample, bits) in answered {
            prop_assert!(said[&sample].contains(&bits), "{sample:?} is {bits}, which nobody said");
        }
        for (stream, facts) in node.log.streams() {
            let records = node.log.load(*stream, &facts.present, usize::MAX, false).expect("sound");
            for record in records {
                if let Record::Segment(segment) = record {
                    prop_assert_eq!(segment.verify(&key().verifying_key()), Ok(()));
                }
            }
        }
    }
}
