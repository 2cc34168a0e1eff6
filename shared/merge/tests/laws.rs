//! The laws of range sets, against a plain set of numbers.

use std::collections::BTreeSet;

use crdts::CvRDT;
use proptest::prelude::*;
use vigie_merge::{RangeSet, RangeSetError};

fn any_set() -> impl Strategy<Value = RangeSet> {
    prop::collection::vec((0u64..120, 0u64..12), 0..14)
        .prop_map(|ranges| ranges.into_iter().map(|(first, len)| (first, first + len)).collect())
}

fn plain(set: &RangeSet) -> BTreeSet<u64> {
    set.ranges().flat_map(|(first, last)| first..=last).collect()
}

fn merged(a: &RangeSet, b: &RangeSet) -> RangeSet {
    let mut out = a.clone();
    out.merge(b.clone());
    out
}

proptest! {
    #[test]
    fn merging_is_commutative_associative_and_idempotent(a in any_set(), b in any_set(), c in any_set()) {
        prop_assert_eq!(merged(&a, &b), merged(&b, &a));
        prop_assert_eq!(merged(&merged(&a, &b), &c), merged(&a, &merged(&b, &c)));
        prop_assert_eq!(merged(&a, &a), a);
    }

    #[test]
    fn merging_says_whether_it_grew(a in any_set(), b in any_set()) {
        let mut out = a.clone();
        prop_assert_eq!(out.union_with(&b), out != a);
    }

    #[test]
    fn every_operation_agrees_with_a_plain_set(a in any_set(), b in any_set(), first in 0u64..130, len in 0u64..20) {
        let (pa, pb) = (plain(&a), plain(&b));
        prop_assert_eq!(plain(&merged(&a, &b)), pa.union(&pb).copied().collect::<BTreeSet<_>>());
        prop_assert_eq!(plain(&a.without(&b)), pa.difference(&pb).copied().collect::<BTreeSet<_>>());
        prop_assert_eq!(plain(&a.intersection(&b)), pa.intersection(&pb).copied().collect::<BTreeSet<_>>());
        prop_assert_eq!(a.count(), pa.len() as u64);
        let last = first + len;
        prop_assert_eq!(a.contains_range(first, last), (first..=last).all(|n| pa.contains(&n)));
        prop_assert_eq!(a.touches(first, last), (first..=last).any(|n| pa.contains(&n)));
        let mut less = a.clone();
        less.remove(first, last);
        prop_assert_eq!(plain(&less), pa.iter().copied().filter(|n| *n < first || *n > last).collect::<BTreeSet<_>>());
    }

    #[test]
    fn there_is_one_way_to_write_a_set(a in any_set(), b in any_set()) {
        for set in [merged(&a, &b), a.without(&b), a.intersection(&b)] {
            let written: Vec<(u64, u64)> = set.clone().into();
            prop_assert_eq!(RangeSet::try_from(written), Ok(set));
        }
    }

    #[test]
    fn a_list_that_is_no_set_is_refused(list in prop::collection::vec((0u64..20, 0u64..20), 0..6)) {
        let canonical: Vec<(u64, u64)> = list.iter().copied().filter(|(a, b)| a <= b).collect::<RangeSet>().into();
        let expected = if canonical == list { Ok(()) } else { Err(RangeSetError::NotCanonical) };
        prop_assert_eq!(RangeSet::try_from(list).map(|_| ()), expected);
    }
}

#[test]
fn the_ends_of_the_number_line_do_not_overflow() {
    let mut set = RangeSet::of(u64::MAX - 1, u64::MAX);
    set.insert(0, 0);
    assert!(set.insert(5, u64::MAX - 2));
    assert_eq!(set.ranges().collect::<Vec<_>>(), [(0, 0), (5, u64::MAX)]);
    assert!(set.remove(u64::MAX, u64::MAX));
    assert_eq!(set.last(), Some(u64::MAX - 1));
    assert_eq!(RangeSet::of(0, u64::MAX).count(), u64::MAX);
}
