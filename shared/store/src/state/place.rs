//! Where a row stands, and whether it proves right there.

use vigie_codec::disk::{self, Kind};

use super::LostRow;

/// Longest name of a table: its length stands in one byte.
const MAX_NAME_BYTES: usize = 64;

/// Whether a row proves right.
pub(crate) fn is_right(_: usize, key: &[u8], row: &[u8]) -> bool {
    disk::unwrap(Kind::Note, key, row).is_ok()
}

/// Where a row stands: the length of its table's name, the name, the key.
pub(super) fn place(table: &str, key: &[u8]) -> Vec<u8> {
    debug_assert!(table.len() <= MAX_NAME_BYTES, "a table's name is a word");
    let mut place = vec![table.len() as u8];
    place.extend(table.as_bytes());
    place.extend(key);
    place
}

pub(super) fn unwrap(place: &[u8], row: &[u8]) -> Option<Vec<u8>> {
    match disk::unwrap(Kind::Note, place, row) {
        Ok((1, value)) => Some(value.to_vec()),
        _ => None,
    }
}

pub(super) fn lost_row(place: &[u8]) -> Option<LostRow> {
    let name = 1 + usize::from(*place.first()?);
    let table = String::from_utf8_lossy(place.get(1..name)?).into_owned();
    Some(LostRow { table, key: place.get(name..)?.to_vec() })
}
