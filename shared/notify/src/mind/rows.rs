//! What must be written down, so that a restart forgets nothing?
//!
//! The mind says which rows changed; whoever has the disk writes them, all of one step together.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The shape of all rows; another would be another number.
const VERSION: u8 = 1;

/// A kind of row. The names stand on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Alerts that stand in one notice together.
    Group,
    /// An instance in a group.
    Member,
    /// What the hub knows of a site's line.
    Site,
    /// What the other side has told.
    Mark,
    /// What is over and done with.
    Done,
    /// What is to be sent.
    Letter,
    /// What was sent.
    Sent,
    /// Of what each of those told: as many rows, under the same keys.
    Told,
    /// What never will be.
    Dead,
    /// Where the steady clock stood.
    Clock,
    /// What was told of and is still to be shown to the other side.
    Shown,
    /// How far a group has climbed its route's ladder.
    Climb,
    /// What somebody called off before it was told.
    CalledOff,
}

impl Table {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::Group,
        Self::Member,
        Self::Site,
        Self::Mark,
        Self::Done,
        Self::Letter,
        Self::Sent,
        Self::Told,
        Self::Dead,
        Self::Clock,
        Self::Shown,
        Self::Climb,
        Self::CalledOff,
    ];

    /// Its name in the state.
    pub fn name(self) -> &'static str {
        match self {
            Self::Group => "notify-group",
            Self::Member => "notify-member",
            Self::Site => "notify-site",
            Self::Mark => "notify-mark",
            Self::Done => "notify-done",
            Self::Letter => "notify-letter",
            Self::Sent => "notify-sent",
            Self::Told => "notify-told",
            Self::Dead => "notify-dead",
            Self::Clock => "notify-clock",
            Self::Shown => "notify-shown",
            Self::Climb => "notify-climb",
            Self::CalledOff => "notify-called-off",
        }
    }
}

/// Rows that changed since they were last written: the newest value of each, or nothing where it goes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows(BTreeMap<(Table, Vec<u8>), Option<Vec<u8>>>);

impl Rows {
    pub(crate) fn put(&mut self, table: Table, key: &[u8], value: &impl Serialize) {
        self.0.insert((table, key.to_vec()), Some(write(value)));
    }

    pub(crate) fn remove(&mut self, table: Table, key: &[u8]) {
        self.0.insert((table, key.to_vec()), None);
    }

    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The changes: table, key, and the new value or nothing.
    pub fn iter(&self) -> impl Iterator<Item = (Table, &[u8], Option<&[u8]>)> {
        self.0.iter().map(|((table, key), value)| (*table, key.as_slice(), value.as_deref()))
    }

    /// They were written.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn append(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }
}

/// A value as it stands in a row.
pub(crate) fn write(value: &impl Serialize) -> Vec<u8> {
    // Numbers, texts and lists: writing them to memory does not fail.
    [vec![VERSION], postcard::to_stdvec(value).unwrap_or_default()].concat()
}

/// A row's value, if it is of a shape we know.
pub(crate) fn read<T: DeserializeOwned>(row: &[u8]) -> Option<T> {
    postcard::from_bytes(row.strip_prefix(&[VERSION])?).ok()
}
