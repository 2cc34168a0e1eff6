//! Which record holds a number?
//!
//! The same questions inside a transaction that writes and one that reads.

use redb::{Range, ReadableTable};
use vigie_codec::disk::DamagedError;
use vigie_model::{Moment, Seq, StreamId, Tick};

use super::pen::Bytes;
use super::shelf::{ColumnsRow, SealRow, Shelf, all_of, at, number};
use crate::errors::Trouble;

/// A key and what stands there, if it proved right.
pub(crate) type Found<T> = (Vec<u8>, Result<T, DamagedError>);

/// Reads a tick's record.
pub(crate) fn tick(key: &[u8], row: &[u8]) -> Result<Tick, DamagedError> {
    let tick: Tick = Shelf::Tick.read(key, row)?;
    if Some(tick.seq.0) == number(key) { Ok(tick) } else { Err(DamagedError::Shape) }
}

/// Reads when a tick was measured, and not what.
pub(crate) fn tick_moment(key: &[u8], row: &[u8]) -> Result<Moment, DamagedError> {
    /// How a tick begins.
    #[derive(serde::Deserialize)]
    struct Begins {
        seq: Seq,
        at: Moment,
    }
    let body = Shelf::Tick.unwrap(key, row)?;
    let (Begins { seq, at }, _) = postcard::take_from_bytes(body).map_err(|_| DamagedError::Shape)?;
    if Some(seq.0) == number(key) { Ok(at) } else { Err(DamagedError::Shape) }
}

/// Reads a segment's record.
pub(crate) fn seal(key: &[u8], row: &[u8]) -> Result<SealRow, DamagedError> {
    let seal: SealRow = Shelf::Seal.read(key, row)?;
    if Some(seal.first()) == number(key) { Ok(seal) } else { Err(DamagedError::Shape) }
}

/// The segment that begins at or before a number, the nearest.
pub(crate) fn segment_before(
    seals: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    from: u64,
) -> Result<Option<Found<SealRow>>, Trouble> {
    let (low, high) = (at(stream, 0), at(stream, from));
    let Some(row) = seals.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next_back() else { return Ok(None) };
    let (key, row) = row?;
    Ok(Some((key.value().to_vec(), seal(key.value(), row.value()))))
}

/// The segments that begin after a number, in order, as long as `each` says so.
pub(crate) fn segments_from(
    seals: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    from: u64,
    mut each: impl FnMut(&[u8], Result<SealRow, DamagedError>) -> bool,
) -> Result<(), Trouble> {
    let (low, high) = (at(stream, from), at(stream, u64::MAX));
    for row in seals.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        if !each(key.value(), seal(key.value(), row.value())) {
            break;
        }
    }
    Ok(())
}

/// The segments that hold any number of a range; or the key of one that is damaged, which must be settled first.
pub(crate) fn segments_touching(
    seals: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    first: u64,
    last: u64,
) -> Result<Result<Vec<SealRow>, Vec<u8>>, Trouble> {
    let mut touching = Vec::new();
    match segment_before(seals, stream, first)? {
        Some((key, Err(_))) => return Ok(Err(key)),
        Some((_, Ok(row))) if row.last() >= first => touching.push(row),
        _ => {}
    }
    let mut damaged = None;
    if first < last {
        segments_from(seals, stream, first + 1, |key, row| match row {
            Ok(row) if row.first() <= last => {
                touching.push(row);
                true
            }
            Err(_) if number(key).is_some_and(|begins| begins <= last) => {
                damaged = Some(key.to_vec());
                false
            }
            _ => false,
        })?;
    }
    Ok(damaged.map_or(Ok(touching), Err))
}

/// Reads the record of ticks laid out by series.
pub(crate) fn columns(key: &[u8], row: &[u8]) -> Result<ColumnsRow, DamagedError> {
    let columns: ColumnsRow = Shelf::Columns.read(key, row)?;
    if number(key).is_some_and(|first| first <= columns.last.0) { Ok(columns) } else { Err(DamagedError::Shape) }
}

/// The columns that begin at or before a number, the nearest.
pub(crate) fn columns_before(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    from: u64,
) -> Result<Option<Found<ColumnsRow>>, Trouble> {
    let (low, high) = (at(stream, 0), at(stream, from));
    let Some(row) = table.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next_back() else { return Ok(None) };
    let (key, row) = row?;
    Ok(Some((key.value().to_vec(), columns(key.value(), row.value()))))
}

/// Loose ticks of a range, in order, as long as `each` says so.
pub(crate) fn ticks_in(
    ticks: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    (first, last): (u64, u64),
    mut each: impl FnMut(&[u8], Result<Tick, DamagedError>) -> bool,
) -> Result<(), Trouble> {
    let (low, high) = (at(stream, first), at(stream, last));
    for row in ticks.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        if !each(key.value(), tick(key.value(), row.value())) {
            break;
        }
    }
    Ok(())
}

/// All rows of a stream on a shelf.
pub(crate) fn rows_of(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
) -> Result<Range<'_, Bytes, Bytes>, Trouble> {
    let (low, high) = all_of(stream);
    Ok(table.range::<&[u8]>(low.as_slice()..=high.as_slice())?)
}

/// Whether a stream has any record on a shelf.
pub(crate) fn any(table: &impl ReadableTable<Bytes, Bytes>, stream: StreamId) -> Result<bool, Trouble> {
    Ok(rows_of(table, stream)?.next().is_some())
}
