//! Where does stand what minutes and hours come down to, and is it whole?
//!
//! For each stream a note says which ticks have been folded, by which anchors; for each hour there are pieces, each in
//! sheets of some series. The hours of a stream lie side by side, and apart from the minutes, which are many more bytes.

use std::collections::BTreeMap;

use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use vigie_merge::RangeSet;
use vigie_model::{Anchor, SeriesIx, StreamId};
use vigie_rollup::{Hour, Piece, Sheet, Window};

use super::facts::Change;
use super::foreign;
use super::pen::{Bytes, Pen, add};
use super::shelf::{STREAM_BYTES, Shelf, all_of};
use super::thin;
use crate::errors::Trouble;
use crate::types::StreamFacts;

const HOURS: u8 = 1;
const MINUTES: u8 = 2;

/// Bytes of a sheet's key.
const KEY_BYTES: usize = STREAM_BYTES + 1 + 8 + 2 + 4;

/// What has been folded of a stream.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    /// The ticks that are in some piece. What has expired stays here, or it would be folded again.
    pub(crate) ticks: RangeSet,
    /// By which their hours were told.
    pub(crate) anchors: Vec<Anchor>,
    /// How often any of this has changed.
    pub(crate) changes: u64,
    /// Before these hours the minutes, and the hours themselves, have been deleted for their age.
    pub(crate) minutes_from: i64,
    pub(crate) hours_from: i64,
}

impl Default for Note {
    fn default() -> Self {
        let (minutes_from, hours_from) = (i64::MIN, i64::MIN);
        Self { ticks: RangeSet::new(), anchors: Vec::new(), changes: 0, minutes_from, hours_from }
    }
}

impl Note {
    /// Whether an hour should have sheets of a window.
    fn has(&self, window: Window, hour: Hour) -> bool {
        let from = if window == Window::Hour { self.hours_from } else { self.minutes_from };
        from <= hour.count()
    }
}

/// Where a sheet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) window: Window,
    pub(crate) hour: Hour,
    /// Pieces of one hour that will not join stand side by side.
    pub(crate) no: u16,
    pub(crate) from: SeriesIx,
}

impl Place {
    pub(crate) fn key(self, stream: StreamId) -> Vec<u8> {
        let mut key = stream.to_bytes().to_vec();
        key.push(if self.window == Window::Hour { HOURS } else { MINUTES });
        // So that hours before 1970 stand before those after.
        key.extend((self.hour.count().cast_unsigned() ^ (1 << 63)).to_be_bytes());
        key.extend(self.no.to_be_bytes());
        key.extend(self.from.0.to_be_bytes());
        key
    }

    /// The place in such a key; nothing in that of the note.
    pub(crate) fn of(key: &[u8]) -> Option<Self> {
        let rest = key.get(STREAM_BYTES..KEY_BYTES).filter(|_| key.len() == KEY_BYTES)?;
        let window = match rest[0] {
            HOURS => Window::Hour,
            MINUTES => Window::Minute,
            _ => return None,
        };
        let count = u64::from_be_bytes(rest[1..9].try_into().ok()?) ^ (1 << 63);
        let no = u16::from_be_bytes(rest[9..11].try_into().ok()?);
        let from = SeriesIx(u32::from_be_bytes(rest[11..].try_into().ok()?));
        Some(Self { window, hour: Hour::number(count.cast_signed()), no, from })
    }
}

/// The key of a stream's note.
pub(crate) fn note_key(stream: StreamId) -> Vec<u8> {
    let mut key = stream.to_bytes().to_vec();
    key.push(0);
    key
}

/// All sheets of some hours, both included, as bounds.
pub(crate) fn hours(stream: StreamId, window: Window, first: Hour, last: Hour) -> (Vec<u8>, Vec<u8>) {
    let low = Place { window, hour: first, no: 0, from: SeriesIx(0) };
    let high = Place { window, hour: last, no: u16::MAX, from: SeriesIx(u32::MAX) };
    (low.key(stream), high.key(stream))
}

/// The sheets of one piece and window, in order, as they stand.
#[derive(Debug, Default)]
pub(crate) struct Group {
    pub(crate) rows: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Group {
    /// The sheets, if all are there and prove right.
    pub(crate) fn sheets(&self) -> Option<Vec<&[u8]>> {
        let (mut next, mut sheets) = (Some(SeriesIx(0)), Vec::with_capacity(self.rows.len()));
        for (key, row) in &self.rows {
            let (place, bytes) = (Place::of(key)?, Shelf::Rollup.unwrap(key, row).ok()?);
            let sheet = Sheet::read(bytes).ok()?;
            let (from, until) = sheet.range();
            let here = (sheet.window(), sheet.hour(), from) == (place.window, place.hour, place.from);
            if !here || Some(from) != next {
                return None;
            }
            next = until;
            sheets.push(bytes);
        }
        (next.is_none()).then_some(sheets)
    }

    /// The ticks of the piece, from any sheet that can be read.
    pub(crate) fn covered(&self) -> Option<RangeSet> {
        let read = |(key, row): &(Vec<u8>, Vec<u8>)| {
            let sheet = Shelf::Rollup.unwrap(key, row).ok()?;
            Some(Sheet::read(sheet).ok()?.covered().clone())
        };
        self.rows.iter().find_map(read)
    }
}

/// What has been folded of a stream; the error is a damaged note.
pub(crate) fn note(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
) -> Result<Result<Note, vigie_codec::disk::DamagedError>, Trouble> {
    let key = note_key(stream);
    let Some(row) = table.get(key.as_slice())? else { return Ok(Ok(Note::default())) };
    Ok(Shelf::Rollup.read(&key, row.value()))
}

/// The sheets of some hours, by hour and piece.
pub(crate) fn groups(
    table: &impl ReadableTable<Bytes, Bytes>,
    (low, high): (Vec<u8>, Vec<u8>),
) -> Result<BTreeMap<(Hour, u16), Group>, Trouble> {
    let mut groups: BTreeMap<(Hour, u16), Group> = BTreeMap::new();
    for row in table.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        let Some(place) = Place::of(key.value()) else { continue };
        let group = groups.entry((place.hour, place.no)).or_default();
        group.rows.push((key.value().to_vec(), row.value().to_vec()));
    }
    Ok(groups)
}

/// The pieces of one hour, by their number; nothing where one has no hour that can be read.
pub(crate) fn pieces(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    hour: Hour,
) -> Result<BTreeMap<u16, Option<Piece>>, Trouble> {
    let whole = groups(table, hours(stream, Window::Hour, hour, hour))?;
    let minutes = groups(table, hours(stream, Window::Minute, hour, hour))?;
    let numbers = whole.keys().chain(minutes.keys()).map(|(_, no)| *no);
    let piece = |no: u16| {
        let mut sheets = whole.get(&(hour, no))?.sheets()?;
        if let Some(minutes) = minutes.get(&(hour, no)) {
            sheets.extend(minutes.sheets()?);
        }
        Piece::of_sheets(sheets).ok()
    };
    Ok(numbers.map(|no| (no, piece(no))).collect())
}

impl Pen<'_> {
    /// What has been folded of a stream; nothing if the note is damaged, which is settled later.
    pub(crate) fn folded(&mut self, stream: StreamId) -> Result<Option<Note>, Trouble> {
        Ok(note(self.table(Shelf::Rollup)?, stream)?.ok())
    }

    pub(crate) fn write_folded(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        note: &mut Note,
    ) -> Result<(), Trouble> {
        note.changes = note.changes.wrapping_add(1);
        facts.rolled.own.clone_from(&note.ticks);
        let key = note_key(stream);
        let bytes = self.put(Shelf::Rollup, &key, &Shelf::Rollup.write(&key, note))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    /// Writes the sheets of a piece in the place of those that are there.
    pub(crate) fn write_piece(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        (hour, no): (Hour, u16),
        sheets: &[(Window, SeriesIx, Vec<u8>)],
    ) -> Result<(), Trouble> {
        self.remove_piece(stream, facts, (hour, no), None)?;
        for (window, from, bytes) in sheets {
            let key = Place { window: *window, hour, no, from: *from }.key(stream);
            let bytes = self.put(Shelf::Rollup, &key, &Shelf::Rollup.wrap(&key, bytes))?;
            add(&mut facts.bytes.other, bytes);
        }
        Ok(())
    }

    /// Removes a piece, or one window of it.
    pub(crate) fn remove_piece(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        (hour, no): (Hour, u16),
        only: Option<Window>,
    ) -> Result<(), Trouble> {
        for window in
            [Window::Hour, Window::Minute].into_iter().filter(|window| only.is_none_or(|only| only == *window))
        {
            let low = Place { window, hour, no, from: SeriesIx(0) };
            let high = Place { from: SeriesIx(u32::MAX), ..low };
            let bytes = self.remove_range(Shelf::Rollup, &low.key(stream), &high.key(stream), |_, _| {})?;
            add(&mut facts.bytes.other, bytes);
        }
        Ok(())
    }

    /// Sets a damaged sheet aside. Where all its ticks are still here they are folded anew; else only what it tells goes,
    /// the hour or its minutes.
    pub(crate) fn settle_rollup(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        key: &[u8],
    ) -> Result<(), Trouble> {
        if thin::is_let_go(key) {
            return self.recount_let_go(stream, facts);
        }
        if foreign::is_foreign(key) {
            return self.recount_foreign(stream, facts);
        }
        let Some(Place { hour, no, .. }) = Place::of(key) else { return self.recount_rollups(stream, facts) };
        let Some(mut note) = self.folded(stream)? else { return self.recount_rollups(stream, facts) };
        match self.mend_piece(stream, facts, (hour, no), &note)? {
            Mended::Whole => Ok(()),
            Mended::Gone(Some(covered)) => {
                note.ticks = note.ticks.without(&covered);
                self.unfolded.push(stream);
                self.write_folded(stream, facts, &mut note)
            }
            Mended::Left(_) => self.write_folded(stream, facts, &mut note),
            Mended::Gone(None) => self.recount_rollups(stream, facts),
        }
    }

    /// Looks at all sheets of a stream, and notes again what has been folded.
    pub(crate) fn recount_rollups(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        let (low, high) = all_of(stream);
        let key = note_key(stream);
        let old = self.folded(stream)?;
        if old.is_none() {
            let bytes = self.quarantine(Shelf::Rollup, &key)?;
            add(&mut facts.bytes.other, bytes);
        }
        let mut places: Vec<(Hour, u16)> = Vec::new();
        for row in self.table(Shelf::Rollup)?.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
            places.extend(Place::of(row?.0.value()).map(|place| (place.hour, place.no)));
        }
        places.sort_unstable();
        places.dedup();
        if places.is_empty() && old.as_ref().is_none_or(|old| old.ticks.is_empty()) {
            return Ok(());
        }
        let old = old.unwrap_or_default();
        // By which anchors they were folded is lost with the note; those of now are the best guess, and no tick moves.
        let anchors = match old.changes {
            0 => facts.anchors.values().copied().collect(),
            _ => old.anchors.clone(),
        };
        let mut note = Note { ticks: RangeSet::new(), anchors, ..old };
        for (hour, no) in places {
            let covered = match self.mend_piece(stream, facts, (hour, no), &note)? {
                Mended::Whole => self.covered(stream, (hour, no))?,
                Mended::Gone(_) => None,
                Mended::Left(covered) => Some(covered),
            };
            if let Some(covered) = covered {
                note.ticks.union_with(&covered);
            }
        }
        self.unfolded.push(stream);
        self.write_folded(stream, facts, &mut note)
    }

    fn mend_piece(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        piece: (Hour, u16),
        note: &Note,
    ) -> Result<Mended, Trouble> {
        let (whole, minutes) = (self.group(stream, Window::Hour, piece)?, self.group(stream, Window::Minute, piece)?);
        let sound = |group: &Group| !group.rows.is_empty() && group.sheets().is_some();
        let fit = |window, group: &Group| sound(group) || (group.rows.is_empty() && !note.has(window, piece.0));
        if fit(Window::Hour, &whole) && fit(Window::Minute, &minutes) {
            return Ok(Mended::Whole);
        }
        for (key, row) in whole.rows.iter().chain(&minutes.rows) {
            if Shelf::Rollup.unwrap(key, row).is_err() {
                let bytes = self.quarantine(Shelf::Rollup, key)?;
                add(&mut facts.bytes.other, bytes);
            }
        }
        let covered = whole.covered().or_else(|| minutes.covered());
        let here = |covered: &RangeSet| {
            covered.without(&facts.present_ticks()).is_empty() && covered.without(&facts.sealed).is_empty()
        };
        match covered.filter(|covered| !here(covered)) {
            Some(left) if sound(&whole) => {
                self.remove_piece(stream, facts, piece, Some(Window::Minute))?;
                Ok(Mended::Left(left))
            }
            Some(left) if sound(&minutes) => {
                self.remove_piece(stream, facts, piece, Some(Window::Hour))?;
                Ok(Mended::Left(left))
            }
            _ => {
                self.remove_piece(stream, facts, piece, None)?;
                Ok(Mended::Gone(whole.covered().or_else(|| minutes.covered())))
            }
        }
    }

    fn covered(&mut self, stream: StreamId, piece: (Hour, u16)) -> Result<Option<RangeSet>, Trouble> {
        let whole = self.group(stream, Window::Hour, piece)?.covered();
        if whole.is_some() { Ok(whole) } else { Ok(self.group(stream, Window::Minute, piece)?.covered()) }
    }

    fn group(&mut self, stream: StreamId, window: Window, (hour, no): (Hour, u16)) -> Result<Group, Trouble> {
        let mut groups = groups(self.table(Shelf::Rollup)?, hours(stream, window, hour, hour))?;
        Ok(groups.remove(&(hour, no)).unwrap_or_default())
    }
}

/// What became of a piece that was looked at.
enum Mended {
    Whole,
    /// Removed; which ticks it held, if that could be read.
    Gone(Option<RangeSet>),
    /// The hour or the minutes are left, of these ticks, which are not all here any more.
    Left(RangeSet),
}
