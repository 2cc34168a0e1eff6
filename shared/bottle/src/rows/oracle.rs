//! What was promised?

use std::collections::{BTreeMap, BTreeSet};

use vigie_merge::{Key, Marker, Row};

/// What one acknowledged write said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Wrote {
    /// A register of which the last write counts: this marker, and whether it was a deletion.
    Last(Marker, bool),
    /// A value, unlike any other, and whether it was a deletion.
    Value(Vec<u8>),
    /// A deletion of all values that were seen.
    Cleared,
    /// A member, unlike any other.
    Member(Vec<u8>),
    /// A member of a set that grows.
    Grown(Vec<u8>),
    /// Present or not, at this length of history.
    Length(Row),
    /// Numbers.
    Ranges(Row),
}

/// One acknowledged write.
#[derive(Debug, Clone)]
pub(super) struct Write {
    pub(super) key: Key,
    pub(super) wrote: Wrote,
    /// Nobody asks for it any more.
    pub(super) forgiven: bool,
}

#[derive(Debug, Default)]
pub(super) struct Oracle {
    pub(super) writes: Vec<Write>,
    /// Values and members that somebody overwrote or removed, having seen them.
    pub(super) overwritten: BTreeSet<(Key, Vec<u8>)>,
}

impl Oracle {
    pub(super) fn wrote(&mut self, key: Key, wrote: Wrote, forgiven: bool) {
        self.writes.push(Write { key, wrote, forgiven });
    }

    /// Whether a row holds what was written, or what somebody wrote over it.
    pub(super) fn holds(&self, write: &Write, row: Option<&Row>) -> bool {
        let gone = |what: &Vec<u8>| self.overwritten.contains(&(write.key.clone(), what.clone()));
        match (&write.wrote, row) {
            (Wrote::Cleared, _) => true,
            (Wrote::Last(marker, deletion), Some(row)) => {
                let later = row.marker().is_some_and(|is| is >= *marker);
                // Once a deletion is forgotten, what is written by a clock that was set back is later all the same.
                later || (*deletion && (row.is_tombstone() || self.written_after(&write.key, *marker, row.marker())))
            }
            // A deletion that everybody has may be forgotten, and with it what it deleted.
            (Wrote::Last(marker, _), None) => self.deleted_after(&write.key, *marker),
            (Wrote::Value(value), Some(Row::Many(many))) => {
                gone(value) || many.values().iter().any(|(_, is)| is.as_ref() == Some(value))
            }
            (Wrote::Member(member), Some(Row::Members(members))) => gone(member) || members.contains(member),
            (Wrote::Grown(member), Some(Row::Grow(grow))) => grow.members().contains(member),
            (Wrote::Length(least) | Wrote::Ranges(least), Some(row)) => {
                let mut joined = row.clone();
                joined.merge(least.clone()).is_ok() && joined == *row
            }
            (Wrote::Value(what) | Wrote::Member(what), None) => gone(what),
            (Wrote::Value(_) | Wrote::Member(_) | Wrote::Grown(_) | Wrote::Length(_) | Wrote::Ranges(_), _) => false,
        }
    }

    /// Whether a row was written with this write in it: an older deletion looks like a later one, and is none.
    pub(super) fn keeps(&self, write: &Write, row: &Row) -> bool {
        match &write.wrote {
            Wrote::Last(marker, true) => {
                row.marker().is_some_and(|is| is >= *marker) || self.written_after(&write.key, *marker, row.marker())
            }
            _ => self.holds(write, Some(row)),
        }
    }

    /// Whether what bears one marker was acknowledged after what bears another.
    fn written_after(&self, key: &Key, before: Marker, after: Option<Marker>) -> bool {
        let place = |marker: Marker| {
            let bears = |write: &Write| write.key == *key && matches!(write.wrote, Wrote::Last(at, _) if at == marker);
            self.writes.iter().position(bears)
        };
        after.and_then(place).is_some_and(|after| place(before).is_some_and(|before| before < after))
    }

    fn deleted_after(&self, key: &Key, marker: Marker) -> bool {
        let of_key = self.writes.iter().filter(|write| write.key == *key);
        of_key
            .filter_map(|write| match &write.wrote {
                Wrote::Last(at, deletion) if *at >= marker => Some(*deletion),
                _ => None,
            })
            .any(|deletion| deletion)
    }

    /// What is asked for and is not in these rows.
    pub(super) fn missing(&self, rows: &BTreeMap<Key, Row>) -> Option<&Write> {
        self.writes.iter().filter(|write| !write.forgiven).find(|write| !self.holds(write, rows.get(&write.key)))
    }
}
