//! What holds of the queue and of a trial, whatever happens?

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use vigie_forward::{Queue, Trial};
use vigie_merge::RangeSet;
use vigie_model::{Incarnation, NodeId, StreamId};

fn stream(number: u64) -> StreamId {
    StreamId { agent: NodeId::of_key(&[7; 32]), incarnation: Incarnation(number) }
}

/// What happens to a target's queue.
#[derive(Debug, Clone)]
enum Event {
    /// A number of a stream becomes durable.
    Came(u64, u64),
    /// The next stream in turn goes, with at most so many numbers.
    Goes(usize),
    /// The batch of this place arrives.
    Arrives(usize),
    /// The batch of this place is lost.
    Lost(usize),
    /// What arrived is written down.
    Noted,
    /// The program ends at once and begins again.
    Crash,
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3u64, 1..40u64).prop_map(|(stream, number)| Event::Came(stream, number)),
        4 => (1..6usize).prop_map(Event::Goes),
        3 => (0..4usize).prop_map(Event::Arrives),
        1 => (0..4usize).prop_map(Event::Lost),
        2 => Just(Event::Noted),
        1 => Just(Event::Crash),
    ]
}

/// A target, its queue, and a receiver that remembers all that it got.
#[derive(Default)]
struct World {
    here: BTreeMap<StreamId, RangeSet>,
    queue: Queue,
    flying: Vec<(StreamId, RangeSet)>,
    rows: BTreeMap<StreamId, RangeSet>,
    got: BTreeMap<StreamId, RangeSet>,
}

impl World {
    fn happens(&mut self, event: &Event) {
        match *event {
            Event::Came(of, number) => {
                let here = self.here.entry(stream(of)).or_default();
                here.insert(number, number);
                self.queue.told(stream(of), here.clone(), 0);
            }
            Event::Goes(most) => drop(self.go(most)),
            Event::Arrives(at) if at < self.flying.len() => {
                let (stream, numbers) = self.flying.remove(at);
                self.got.entry(stream).or_default().union_with(&numbers);
                self.queue.done(stream, 0);
            }
            Event::Lost(at) if at < self.flying.len() => self.queue.back(self.flying.remove(at).0),
            Event::Arrives(_) | Event::Lost(_) => {}
            Event::Noted => {
                self.rows.extend(self.queue.to_note());
                self.queue.noted();
            }
            Event::Crash => {
                self.flying.clear();
                self.queue = Queue::new(self.rows.clone());
                self.here.iter().for_each(|(stream, here)| self.queue.told(*stream, here.clone(), 0));
            }
        }
    }

    fn go(&mut self, most: usize) -> bool {
        let Some((stream, waiting)) = self.queue.turn() else { return false };
        let rows = self.rows.get(&stream).cloned().unwrap_or_default();
        assert_eq!(waiting.intersection(&rows), RangeSet::new(), "what is written down never goes again");
        assert!(self.flying.iter().all(|(other, _)| *other != stream), "a stream is in one batch at a time");
        let oldest = waiting.ranges().flat_map(|(first, last)| first..=last).take(most);
        let numbers: RangeSet = oldest.map(|number| (number, number)).collect();
        self.queue.take(stream, numbers.clone());
        self.flying.push((stream, numbers));
        true
    }
}

proptest! {
    #[test]
    fn every_number_arrives_and_what_is_written_down_never_goes_again(events in vec(event(), 0..200)) {
        let mut world = World::default();
        events.iter().for_each(|event| world.happens(event));
        // From now on the receiver is well.
        while world.go(5) || !world.flying.is_empty() {
            world.happens(&Event::Arrives(0));
        }
        prop_assert_eq!(&world.got, &world.here);
        prop_assert_eq!(world.queue.waiting().ticks, 0);
        // And after one more crash nothing that was written down is left to do.
        world.happens(&Event::Noted);
        world.happens(&Event::Crash);
        prop_assert!(world.queue.turn().is_none());
    }

    #[test]
    fn a_few_samples_that_are_refused_are_found_one_by_one(len in 1..=24usize, bad in btree_set(0..24usize, 0..12)) {
        let (taken, refused) = tried(len, |range| !range.clone().any(|at| bad.contains(&at)));
        let good: BTreeSet<usize> = (0..len).filter(|at| !bad.contains(at)).collect();
        prop_assert_eq!(refused as usize, len - good.len());
        prop_assert_eq!(taken, good);
    }

    #[test]
    fn a_few_among_many_are_found_as_well(bad in btree_set(0..2_000usize, 0..6)) {
        let (taken, refused) = tried(2_000, |range| bad.range(range.clone()).next().is_none());
        prop_assert_eq!(refused as usize, bad.len());
        prop_assert_eq!(taken.len(), 2_000 - bad.len());
    }

    #[test]
    fn each_sample_arrives_or_is_counted_whatever_the_receiver_says(
        len in 1..3_000usize,
        says in vec(any::<bool>(), 1..64),
    ) {
        let mut turn = 0;
        let (taken, refused) = tried(len, |_| { turn += 1; says[turn % says.len()] });
        prop_assert!(taken.len() + refused as usize >= len, "{} and {}", taken.len(), refused);
    }
}

#[test]
fn a_receiver_that_refuses_everything_is_not_asked_for_each_sample() {
    let mut asked = 0;
    let (taken, refused) = tried(2_000, |_| {
        asked += 1;
        false
    });
    assert_eq!((taken.len(), refused), (0, 2_000));
    assert!(asked < 150, "asked {asked} times");
}

#[test]
fn a_stream_with_a_long_backlog_lets_others_go_in_turn() {
    let mut queue = Queue::new([]);
    queue.told(stream(1), RangeSet::of(1, 10_000), 0);
    queue.told(stream(2), RangeSet::of(1, 1), 0);
    let mut turns = Vec::new();
    for _ in 0..3 {
        let (stream, waiting) = queue.turn().expect("something waits");
        let first = waiting.first().expect("it waits");
        queue.take(stream, RangeSet::of(first, first));
        queue.done(stream, 0);
        turns.push(stream);
    }
    assert_eq!(turns, [stream(1), stream(2), stream(1)]);
    assert_eq!(queue.waiting().ticks, 9_998);
}

/// Runs a trial to its end: the samples that arrived, and how many were given up.
fn tried(len: usize, mut takes: impl FnMut(&std::ops::Range<usize>) -> bool) -> (BTreeSet<usize>, u64) {
    let mut trial = Trial::new([0..len / 2, len / 2..len]);
    let mut taken = BTreeSet::new();
    while let Some(range) = trial.next() {
        if takes(&range) {
            taken.extend(range);
            trial.taken();
        } else {
            trial.refuse();
        }
    }
    (taken, trial.refused())
}
