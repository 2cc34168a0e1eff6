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
    if rows.len() < WORTH_PREPARING || rows.is_sorted_by(in_order) {
        rows.sort_by(|a, b| labels(a).cmp(labels(b)));
        return;
    }
    let common = Common::of(rows.iter().map(&labels));
    let mut keyed: Vec<(u128, T)> = rows.drain(..).map(|row| (common.key(labels(&row)), row)).collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0).then_with(|| labels(&a.1).cmp(labels(&b.1))));
    rows.extend(keyed.into_iter().map(|(_, row)| row));
}

/// What all rows begin with.
struct Common {
    /// So many labels.
    pairs: usize,
    /// And so many bytes of the next.
    bytes: usize,
}

impl Common {
    fn of<'a>(mut rows: impl Iterator<Item = &'a LabelSet> + Clone) -> Self {
        let Some(first) = rows.next() else { return Self { pairs: 0, bytes: 0 } };
        let pairs = rows.clone().map(|row| row.same_at_the_beginning(first)).min().unwrap_or(0);
        let same = |row: &LabelSet| bytes(row, pairs).zip(bytes(first, pairs)).take_while(|(a, b)| a == b).count();
        Self { pairs, bytes: rows.map(same).min().unwrap_or(0) }
    }

    /// The bytes after what is common, the first in the highest place: keys are in the order of the labels, or equal.
    fn key(&self, row: &LabelSet) -> u128 {
        let mut key = [0; size_of::<u128>()];
        key.iter_mut().zip(bytes(row, self.pairs).skip(self.bytes)).for_each(|(place, byte)| *place = byte);
        u128::from_be_bytes(key)
    }
}

/// Names and values from a label on, as bytes in the order of [`LabelSet`]: each text ends with a byte below all others.
fn bytes(row: &LabelSet, from: usize) -> impl Iterator<Item = u8> {
    // No byte of a text is above 0xf4, so there is room for the end below.
    row.iter()
        .skip(from)
        .flat_map(|(name, value)| [name, value])
        .flat_map(|text| text.bytes().map(|byte| byte + 1).chain([0]))
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
        assert_eq!((common.pairs, common.bytes), (1, "machine".len() + 1 + "machine-".len()));
        let keys: std::collections::BTreeSet<u128> = rows.iter().map(|row| common.key(row)).collect();
        assert_eq!(keys.len(), rows.len(), "no text has to be looked into");
    }
}
