//! Random histories against a plain map.

use std::collections::{BTreeMap, BTreeSet};

use crate::common::*;
use proptest::prelude::*;
use vigie_merge::RangeSet;
use vigie_model::{GapReason, UtcMs};
use vigie_store::fault::FaultDisk;
use vigie_store::{Outcome, Write};

/// Where a number stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Is {
    Loose,
    /// In the segment that begins there.
    Sealed(u64),
    Gap,
}

/// What the log must know, kept as simply as can be.
#[derive(Debug, Default)]
struct Plain {
    numbers: BTreeMap<u64, Is>,
    under_gap: BTreeSet<u64>,
    gone: BTreeSet<u64>,
    held: RangeSet,
}

#[derive(Debug, Clone)]
enum Step {
    Ticks(u64, u64),
    Segment(u64, u64),
    Seal(u64, u64),
    Gap(u64, u64),
    Receipt(u64),
    Forget,
    LayOut,
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let range = || (1u64..120, 0u64..25).prop_map(|(first, more)| (first, first + more));
    // Honest agents cut segments at fixed places.
    let cut = || {
        (0u64..12, 1u64..3).prop_map(|(at, size)| {
            if size == 1 { (at * 10 + 1, at * 10 + 10) } else { (at / 2 * 20 + 1, at / 2 * 20 + 20) }
        })
    };
    prop_oneof![
        4 => range().prop_map(|(first, last)| Step::Ticks(first, last)),
        3 => cut().prop_map(|(first, last)| Step::Segment(first, last)),
        3 => cut().prop_map(|(first, last)| Step::Seal(first, last)),
        2 => range().prop_map(|(first, last)| Step::Gap(first, last)),
        1 => (1u64..120).prop_map(Step::Receipt),
        1 => Just(Step::Forget),
        2 => Just(Step::LayOut),
        1 => Just(Step::Reopen),
    ]
}

impl Plain {
    fn ticks(&mut self, first: u64, last: u64) {
        for number in first..=last {
            let known = matches!(self.numbers.get(&number), Some(Is::Loose | Is::Sealed(_)));
            if !known {
                self.numbers.insert(number, Is::Loose);
            }
        }
    }

    /// Whether a segment finds its place free.
    fn is_free(&self, first: u64, last: u64) -> bool {
        let gone = |number: &u64| self.gone.contains(number);
        let sealed = |number: &u64| matches!(self.numbers.get(number), Some(Is::Sealed(_)));
        let said = |number: &u64| sealed(number) || self.under_gap.contains(number);
        let contested = (first..=last).any(|number| sealed(&number) && !gone(&number));
        let all_forgotten = (first..=last).all(|number| said(&number) && gone(&number));
        !contested && !all_forgotten
    }

    /// Whether some of a range was sealed and is forgotten: it may lie in columns still, which this knows nothing of.
    fn may_lie_in_columns(&self, first: u64, last: u64) -> bool {
        let sealed = |number: &u64| matches!(self.numbers.get(number), Some(Is::Sealed(_)));
        (first..=last).any(|number| sealed(&number) && self.gone.contains(&number))
    }

    fn segment(&mut self, first: u64, last: u64) {
        if self.is_free(first, last) {
            for number in first..=last {
                self.numbers.insert(number, Is::Sealed(first));
                self.gone.remove(&number);
            }
        }
    }

    fn seal(&mut self, first: u64, last: u64) {
        let loose = |number: u64| self.numbers.get(&number) == Some(&Is::Loose) && !self.gone.contains(&number);
        if (first..=last).all(loose) {
            self.segment(first, last);
        }
    }

    fn gap(&mut self, first: u64, last: u64) {
        for number in first..=last {
            self.numbers.entry(number).or_insert(Is::Gap);
            self.under_gap.insert(number);
        }
    }

    fn forget(&mut self) {
        let mut ends: BTreeMap<u64, u64> = BTreeMap::new();
        for (number, is) in &self.numbers {
            if let Is::Sealed(first) = is {
                ends.insert(*first, *number);
            }
        }
        let held = &self.held;
        let goes = |number: &u64, is: &Is| match is {
            Is::Loose => held.contains(*number),
            Is::Sealed(first) => held.contains_range(*first, ends[first]),
            Is::Gap => false,
        };
        self.gone.extend(self.numbers.iter().filter(|(number, is)| goes(number, is)).map(|(number, _)| *number));
    }

    fn set(&self, wanted: impl Fn(u64, Is) -> bool) -> RangeSet {
        self.numbers
            .iter()
            .filter(|(number, is)| wanted(**number, **is))
            .map(|(number, _)| (*number, *number))
            .collect()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_leaves_what_a_plain_map_would(steps in prop::collection::vec(step(), 1..40)) {
        let (machine, disk) = (Machine::new(1), FaultDisk::new());
        let mut log = Some(open(&disk));
        let mut plain = Plain::default();
        let hello = |log: &mut vigie_store::Log| keep(log, vec![machine.hello()]);
        hello(log.as_mut().expect("open"));
        let mut at = T0;
        for step in steps {
            let here = log.as_mut().expect("open");
            match step {
                Step::Ticks(first, last) => {
                    keep(here, vec![machine.ticks(first, last)]);
                    plain.ticks(first, last);
                }
                Step::Segment(first, last) => {
                    let outcome = here.commit(vec![machine.sealed(first, last)]).expect("sound").remove(0);
                    let forged = matches!(&outcome, Outcome::Forged(_, lost) if lost.is_empty());
                    prop_assert!(forged || matches!(outcome, Outcome::Kept(_)));
                    prop_assert!(!forged || !plain.is_free(first, last) || plain.may_lie_in_columns(first, last));
                    if !forged {
                        plain.segment(first, last);
                    }
                }
                Step::Seal(first, last) => {
                    here.commit(vec![Write::Seal(machine.segment(first, last).seal)]).expect("sound");
                    plain.seal(first, last);
                }
                Step::Gap(first, last) => {
                    keep(here, vec![machine.gap(first, last, GapReason::Interrupted, None)]);
                    plain.gap(first, last);
                }
                Step::Receipt(until) => {
                    at += 1;
                    keep(here, vec![machine.receipt(RangeSet::of(1, until), 1, at)]);
                    plain.held.insert(1, until);
                }
                Step::Forget => {
                    here.forget(UtcMs(T0 + 80 * 3_600_000)).expect("sound");
                    plain.forget();
                }
                Step::LayOut => {
                    lay_out(here);
                }
                Step::Reopen => {
                    let before = here.streams().clone();
                    log = None;
                    let again = log.insert(open(&disk));
                    prop_assert_eq!(again.streams(), &before);
                }
            }
            let here = log.as_ref().expect("open");
            let facts = &here.streams()[&machine.stream];
            prop_assert_eq!(&facts.have, &plain.set(|_, _| true));
            prop_assert_eq!(&facts.gaps, &plain.set(|_, is| is == Is::Gap));
            prop_assert_eq!(&facts.present, &plain.set(|number, _| !plain.gone.contains(&number)));
            let sealed = plain.set(|number, is| matches!(is, Is::Sealed(_)) || plain.under_gap.contains(&number));
            prop_assert_eq!(&facts.sealed, &sealed);
            prop_assert_eq!(facts.samples, plain.set(|_, is| is != Is::Gap).count() * 5);
            let there = plain.set(|number, is| is != Is::Gap && !plain.gone.contains(&number));
            prop_assert_eq!(&served(here, &machine).ticks, &there);
            prop_assert_eq!(asked(here, &machine), there);
        }
    }
}
