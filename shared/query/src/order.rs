//! How are ten thousand rows put in the order of their labels without looking into every text?
//!
//! Rows that are asked for together have most labels in common. What all have in common is passed over, and the bytes
//! that follow are compared as one number; the labels themselves are compared only where these are equal.

use std::cmp::Ordering;

use crate::LabelSet;

/// Fewer are sorted sooner than they are prepared.
const WORTH_PREPARING: usize = 64;

/// Puts rows in the order of their labels. Rows with the same labels stay as they came.
pub(crate) fn sort_by_labels<T>(rows: &mut Vec<T>, labels: impl Fn(&T) -> &LabelSet) {
    let in_order = |a: &T, b: &T| labels(a).cmp(labels(b)) != Ordering::Greater;
    if rows.is_sorted_by(in_order) {
        return;
    }
    if rows.len() < WORTH_PREPARING {
        rows.sort_by(|a, b| labels(a).cmp(labels(b)));
        return;
    }
    let common = Common::of(rows.iter().map(&labels));
    let mut keyed: Vec<(u128, usize)> = rows.iter().map(|row| common.key(labels(row))).zip(0..).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| labels(&rows[a.1]).cmp(labels(&rows[b.1]))));
    // Rows are moved once, not with every step of sorting.
    let mut moved: Vec<Option<T>> = rows.drain(..).map(Some).collect();
    rows.extend(keyed.into_iter().filter_map(|(_, at)| moved[at].take()));
}

/// What all rows begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Common {
    /// So many labels.
    pairs: usize,
    /// And so many bytes of the next one's value. Nothing where rows do not have the same label there.
    bytes: Option<usize>,
}

impl Common {
    /// In one pass: a row that has fewer labels in common than those before it tells all about the first that differs,
    /// for the others have that one in full.
    fn of<'a>(mut rows: impl Iterator<Item = &'a LabelSet>) -> Self {
        let Some(first) = rows.next() else { return Self { pairs: 0, bytes: None } };
        let mut common = Self { pairs: usize::MAX, bytes: None };
        for row in rows {
            let pairs = row.same_at_the_beginning(first);
            if pairs > common.pairs {
                continue;
            }
            let bytes = same_bytes(row, first, pairs);
            let bytes = if pairs < common.pairs { bytes } else { bytes.zip(common.bytes).map(|(a, b)| a.min(b)) };
            common = Self { pairs, bytes };
        }
        common
    }

    /// The bytes after what is common, the first in the highest place: keys are in the order of the labels, or equal.
    fn key(self, row: &LabelSet) -> u128 {
        let mut key = [0; size_of::<u128>()];
        if let (Some(bytes), Some((_, value))) = (self.bytes, row.iter().nth(self.pairs)) {
            let rest = value.as_bytes().get(bytes..).unwrap_or_default();
            let rest = &rest[..rest.len().min(key.len())];
            key[..rest.len()].copy_from_slice(rest);
        }
        u128::from_be_bytes(key)
    }
}

/// How many bytes of the values of the label at a place are the same; nothing where that label is not the same.
fn same_bytes(a: &LabelSet, b: &LabelSet, at: usize) -> Option<usize> {
    let ((a_name, a_value), (b_name, b_value)) = a.iter().nth(at).zip(b.iter().nth(at))?;
    let same = a_value.bytes().zip(b_value.bytes()).take_while(|(a, b)| a == b).count();
    (a_name == b_name).then_some(same)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Few letters, so that much is in common, with those that texts could be mistaken at.
    fn text() -> impl Strategy<Value = String> {
        proptest::collection::vec(
            prop_oneof![Just('\0'), Just('a'), Just('b'), Just('\u{e9}'), Just('\u{10ffff}')],
            0..24,
        )
        .prop_map(String::from_iter)
    }

    fn rows() -> impl Strategy<Value = Vec<LabelSet>> {
        let row = proptest::collection::vec((text(), text()), 0..4).prop_map(LabelSet::new);
        (text(), proptest::collection::vec(row, WORTH_PREPARING..200))
            .prop_map(|(common, rows)| rows.iter().map(|row| row.with("", &common)).collect())
    }

    proptest! {
        #[test]
        fn prepared_or_not_the_order_is_the_same(mut rows in rows()) {
            let mut plainly = rows.clone();
            plainly.sort();
            sort_by_labels(&mut rows, |row| row);
            prop_assert_eq!(rows, plainly);
        }
    }

    #[test]
    fn machines_that_differ_in_their_names_alone_are_in_order_by_their_keys() {
        let named =
            |number: u32| LabelSet::new([("client", "acme".to_owned()), ("machine", format!("machine-{number}"))]);
        let rows: Vec<LabelSet> = (0..1_000).map(named).collect();
        let common = Common::of(rows.iter());
        assert_eq!((common.pairs, common.bytes), (1, Some("machine-".len())));
        let keys: std::collections::BTreeSet<u128> = rows.iter().map(|row| common.key(row)).collect();
        assert_eq!(keys.len(), rows.len(), "no text has to be looked into");
    }
}
