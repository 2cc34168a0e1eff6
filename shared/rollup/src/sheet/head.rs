//! What all series of a sheet share, and where each of them is.

use vigie_codec::block::MAX_SERIES;
use vigie_codec::columns::short::{Reader, Writer};
use vigie_codec::varint::{self, unzigzag, zigzag};
use vigie_merge::RangeSet;
use vigie_model::SeriesIx;

use super::{Sheet, SheetError};
use crate::grid::{MAX_SLOTS, Slot};
use crate::window::{Hour, MINUTE_MS, Window};

const VERSION: u8 = 1;

/// Cells that one sheet may be read into: what is asked for before any of it is there, some 100 MiB at the very worst.
const MAX_CELLS: usize = 1 << 20;

pub(super) fn write(
    window: Window,
    hour: Hour,
    covered: &RangeSet,
    slots: &[Slot],
    (from, until): (SeriesIx, Option<SeriesIx>),
    places: &[(SeriesIx, usize)],
) -> Vec<u8> {
    let mut out = vec![VERSION, u8::from(window == Window::Minute)];
    varint::write(zigzag(hour.count()), &mut out);
    varint::write(u64::from(from.0), &mut out);
    // No sheet is before the first.
    varint::write(until.map_or(0, |until| u64::from(until.0)), &mut out);
    varint::write(covered.ranges().len() as u64, &mut out);
    let mut next = 0;
    for (first, last) in covered.ranges() {
        varint::write(first - next, &mut out);
        varint::write(last - first, &mut out);
        next = last;
    }
    let columns = slot_columns(hour, covered, slots);
    varint::write(slots.len() as u64, &mut out);
    varint::write(columns.len() as u64, &mut out);
    out.extend(columns);
    varint::write(places.len() as u64, &mut out);
    let (mut next, mut begin) = (0, 0);
    for (ix, end) in places {
        varint::write(u64::from(ix.0 - next), &mut out);
        varint::write((end - begin) as u64, &mut out);
        (next, begin) = (ix.0, *end);
    }
    out
}

pub(super) fn read(bytes: &[u8]) -> Result<Sheet<'_>, SheetError> {
    match bytes.first() {
        Some(&VERSION) => parse(&bytes[1..]).ok_or(SheetError::NoSheet),
        Some(later) => Err(SheetError::Version(*later)),
        None => Err(SheetError::NoSheet),
    }
}

fn parse(mut bytes: &[u8]) -> Option<Sheet<'_>> {
    let rest = &mut bytes;
    let window = match take(rest, 1)?[0] {
        0 => Window::Hour,
        1 => Window::Minute,
        _ => return None,
    };
    let count = unzigzag(varint::read(rest)?);
    let hour = Hour::number(count);
    if hour.count() != count {
        return None;
    }
    let (from, until) = (read_series(rest)?, read_series(rest)?);
    let until = (until != SeriesIx(0)).then_some(until);
    let covered = parse_covered(rest)?;
    let len = read_len(rest, MAX_SLOTS)?;
    let columns = read_len(rest, rest.len())?;
    let slots = parse_slots(hour, &covered, take(rest, columns)?, len)?;
    let count = read_len(rest, (MAX_CELLS / len.max(1)).min(MAX_SERIES as usize))?;
    let (mut places, mut next, mut end) = (Vec::new(), 0u32, 0usize);
    for at in 0..count {
        let gap = u32::try_from(varint::read(rest)?).ok().filter(|gap| at == 0 || *gap > 0)?;
        next = next.checked_add(gap).filter(|ix| *ix < MAX_SERIES)?;
        end = end.checked_add(usize::try_from(varint::read(rest)?).ok()?)?;
        places.push((SeriesIx(next), end));
    }
    let blobs = *rest;
    let (lowest, highest) = (places.first().map(|place| place.0), places.last().map(|place| place.0));
    let inside =
        lowest.is_none_or(|lowest| from <= lowest) && until.is_none_or(|until| from < until && highest < Some(until));
    let sound = blobs.len() == end && !slots.is_empty() && inside;
    sound.then_some(Sheet { window, hour, from, until, covered, slots, places, blobs })
}

fn parse_covered(rest: &mut &[u8]) -> Option<RangeSet> {
    let ranges = read_len(rest, MAX_SLOTS)?;
    let (mut covered, mut next) = (Vec::with_capacity(ranges.min(rest.len())), 0u64);
    for _ in 0..ranges {
        let first = next.checked_add(varint::read(rest)?)?;
        let last = first.checked_add(varint::read(rest)?)?;
        covered.push((first, last));
        next = last;
    }
    // Refuses what is not in order or touches.
    RangeSet::try_from(covered).ok()
}

fn slot_columns(hour: Hour, covered: &RangeSet, slots: &[Slot]) -> Vec<u8> {
    let mut out = Writer::default();
    let begin = covered.first().unwrap_or(0);
    let begins = |slot: &Slot| hour.begins().0 + i64::from(slot.minute) * MINUTE_MS;
    out.column(slots.iter().map(|slot| i64::from(slot.minute)));
    out.column(slots.iter().map(|slot| slot.first.wrapping_sub(begin).cast_signed()));
    out.column(slots.iter().map(|slot| (slot.last - slot.first).cast_signed()));
    out.column(slots.iter().map(|slot| (slot.last - slot.first).wrapping_sub(u64::from(slot.ticks)).cast_signed()));
    out.column(slots.iter().map(|slot| slot.from_ms - begins(slot)));
    out.column(slots.iter().map(|slot| slot.to_ms.wrapping_sub(slot.from_ms)));
    out.finish()
}

fn parse_slots(hour: Hour, covered: &RangeSet, bytes: &[u8], len: usize) -> Option<Vec<Slot>> {
    let begin = covered.first()?;
    let mut columns = Reader::new(bytes);
    let columns: [Vec<i64>; 6] = std::array::from_fn(|_| columns.column(len));
    let [minutes, firsts, extents, more, froms, tos] = &columns;
    let slot = |at: usize| {
        let minute = u8::try_from(minutes[at]).ok().filter(|minute| *minute < 60)?;
        let first = begin.checked_add(firsts[at].cast_unsigned())?;
        let last = first.checked_add(extents[at].cast_unsigned())?;
        let ticks = u32::try_from(extents[at].cast_unsigned().wrapping_sub(more[at].cast_unsigned())).ok()?;
        let from_ms = (hour.begins().0 + i64::from(minute) * MINUTE_MS).checked_add(froms[at])?;
        let to_ms = from_ms.checked_add(tos[at])?;
        let sound = ticks > 0 && covered.contains_range(first, last);
        sound.then_some(Slot { minute, first, last, ticks, from_ms, to_ms })
    };
    let slots: Option<Vec<Slot>> = (0..len).map(slot).collect();
    let in_order =
        |slots: &Vec<Slot>| slots.windows(2).all(|two| (two[0].minute, two[0].first) < (two[1].minute, two[1].first));
    slots.filter(in_order)
}

fn read_series(bytes: &mut &[u8]) -> Option<SeriesIx> {
    u32::try_from(varint::read(bytes)?).ok().map(SeriesIx)
}

fn read_len(bytes: &mut &[u8], most: usize) -> Option<usize> {
    usize::try_from(varint::read(bytes)?).ok().filter(|len| *len <= most)
}

fn take<'a>(bytes: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, rest) = bytes.split_at_checked(len)?;
    *bytes = rest;
    Some(taken)
}
