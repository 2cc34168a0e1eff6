//! Hours that others folded: where do they stand, which stay, and which ticks are in them?
//!
//! A relay that sends rollups vouches for its pieces; no agent signed them. So they stand apart from what was folded here,
//! each with a label that says who folded it. Two laws hold at all times, and no tick counts twice by them: a tick is in
//! pieces of one hour only, and within that hour [`Pieces`](vigie_rollup::Pieces) chooses.

use redb::ReadableTable;
use serde::{Deserialize, Serialize};
use vigie_merge::RangeSet;
use vigie_model::{NodeId, SeriesIx, StreamId};
use vigie_rollup::{Hour, MAX_SIDE_BY_SIDE, Piece, Sheet, Window};

use super::pen::{Bytes, Pen, add};
use super::rolls::{self, Group};
use super::shelf::{STREAM_BYTES, Shelf};
use crate::errors::Trouble;
use crate::types::{Outcome, Rollup, StreamFacts, limit};

const SHEETS: u8 = 3;
const LABELS: u8 = 4;
const BESIDE: u8 = 5;

/// Bytes of a label's key.
const LABEL_BYTES: usize = STREAM_BYTES + 1 + 8 + 2;

/// Who folded a piece.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Label {
    pub(crate) maker: NodeId,
    /// The life of the maker's store.
    life: u64,
    edition: u64,
    pub(crate) covered: RangeSet,
}

/// What is known beside the note of what was folded here.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Beside {
    /// Ticks in pieces of others, those whose hours have expired too.
    foreign: RangeSet,
    makers: Vec<NodeId>,
    edition: u64,
    retold: RangeSet,
    wanted: RangeSet,
}

/// Makers that are remembered by name for each stream: the relays of a site, and those they took the place of.
const MAX_MAKERS: usize = 16;

/// Cells of one hour of a stream: 100,000 series in five runs of numbers each, in some 100 MB for the moment that it is
/// looked at.
const MAX_CELLS: usize = 1 << 19;

/// A piece of somebody else's, as it stands.
#[derive(Debug, Clone)]
pub(crate) struct Foreign {
    pub(crate) hour: Hour,
    no: u16,
    pub(crate) label: Label,
}

fn ordered(hour: Hour) -> [u8; 8] {
    (hour.count().cast_unsigned() ^ (1 << 63)).to_be_bytes()
}

fn label_key(stream: StreamId, hour: Hour, no: u16) -> Vec<u8> {
    let mut key = stream.to_bytes().to_vec();
    key.push(LABELS);
    key.extend(ordered(hour));
    key.extend(no.to_be_bytes());
    key
}

fn sheet_key(stream: StreamId, hour: Hour, no: u16, from: SeriesIx) -> Vec<u8> {
    let mut key = label_key(stream, hour, no);
    key[STREAM_BYTES] = SHEETS;
    key.extend(from.0.to_be_bytes());
    key
}

pub(crate) fn beside_key(stream: StreamId) -> Vec<u8> {
    let mut key = stream.to_bytes().to_vec();
    key.push(BESIDE);
    key
}

/// Whether a key of the rollup shelf is one of these.
pub(crate) fn is_foreign(key: &[u8]) -> bool {
    key.get(STREAM_BYTES).is_some_and(|kind| [SHEETS, LABELS, BESIDE].contains(kind))
}

/// The hour and the number of a piece in the key of its label, or of one of its sheets.
fn piece_of(key: &[u8]) -> Option<(Hour, u16)> {
    let rest = key.get(STREAM_BYTES + 1..LABEL_BYTES)?;
    let count = u64::from_be_bytes(rest[..8].try_into().ok()?) ^ (1 << 63);
    Some((Hour::number(count.cast_signed()), u16::from_be_bytes(rest[8..].try_into().ok()?)))
}

/// The labels of some hours, both included; those that can not be read are left out.
pub(crate) fn labels(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    (first, last): (Hour, Hour),
) -> Result<Vec<Foreign>, Trouble> {
    let (low, high) = (label_key(stream, first, 0), label_key(stream, last, u16::MAX));
    let mut found = Vec::new();
    for row in table.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        let Some((hour, no)) = piece_of(key.value()) else { continue };
        if let Ok(label) = Shelf::Rollup.read(key.value(), row.value()) {
            found.push(Foreign { hour, no, label });
        }
    }
    Ok(found)
}

/// The first hour up to one of which somebody else folded anything.
pub(crate) fn first_hour(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    last: Hour,
) -> Result<Option<Hour>, Trouble> {
    next_hour(table, stream, (Hour::number(i64::MIN), last))
}

/// The first hour among some of which somebody else folded anything.
pub(crate) fn next_hour(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    (first, last): (Hour, Hour),
) -> Result<Option<Hour>, Trouble> {
    let (low, high) = (label_key(stream, first, 0), label_key(stream, last, u16::MAX));
    let row = table.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next().transpose()?;
    Ok(row.and_then(|(key, _)| piece_of(key.value())).map(|(hour, _)| hour))
}

/// A piece, if all its sheets are there and prove right; otherwise the key by which it is settled.
pub(crate) fn piece(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
    of: &Foreign,
) -> Result<Result<Piece, Vec<u8>>, Trouble> {
    let (low, high) =
        (sheet_key(stream, of.hour, of.no, SeriesIx(0)), sheet_key(stream, of.hour, of.no, SeriesIx(u32::MAX)));
    let mut sheets = Vec::new();
    for row in table.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
        let (key, row) = row?;
        match Shelf::Rollup.unwrap(key.value(), row.value()) {
            Ok(sheet) => sheets.push(sheet.to_vec()),
            Err(_) => return Ok(Err(low)),
        }
    }
    let piece = Piece::of_sheets(sheets.iter().map(Vec::as_slice)).ok();
    let sound = |piece: &Piece| piece.hour() == of.hour && *piece.covered() == of.label.covered;
    Ok(piece.filter(sound).ok_or(low))
}

/// What is known beside the note; the error is a damaged record.
pub(crate) fn beside(
    table: &impl ReadableTable<Bytes, Bytes>,
    stream: StreamId,
) -> Result<Result<Beside, vigie_codec::disk::DamagedError>, Trouble> {
    let key = beside_key(stream);
    let Some(row) = table.get(key.as_slice())? else { return Ok(Ok(Beside::default())) };
    Ok(Shelf::Rollup.read(&key, row.value()))
}

impl Beside {
    /// Puts it into what is held in memory.
    pub(crate) fn tell(self, facts: &mut StreamFacts) {
        let rolled = &mut facts.rolled;
        (rolled.foreign, rolled.makers) = (self.foreign, self.makers);
        (rolled.edition, rolled.retold, rolled.wanted) = (self.edition, self.retold, self.wanted);
    }
}

/// What is to be done with a piece that has come.
enum Verdict {
    /// Kept, and these go.
    Keep(Vec<Foreign>),
    /// All its ticks are here already.
    Known,
    /// Its ticks are in other hours by somebody else, or it is an old one that came late, or there are too many.
    Refuse,
}

impl Pen<'_> {
    /// Keeps a piece that somebody else folded.
    pub(crate) fn keep_rollup(&mut self, rollup: &Rollup) -> Result<Outcome, Trouble> {
        let stream = rollup.stream;
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        let outcome = self.take_in(stream, &mut facts, rollup);
        self.give(stream, facts);
        outcome
    }

    fn take_in(&mut self, stream: StreamId, facts: &mut StreamFacts, rollup: &Rollup) -> Result<Outcome, Trouble> {
        if !is_bounded(rollup) {
            return Ok(Outcome::Forged(stream, RangeSet::new()));
        }
        let Ok(piece) = Piece::of_sheets(rollup.sheets.iter().map(Vec::as_slice)) else {
            return Ok(Outcome::Forged(stream, RangeSet::new()));
        };
        // Minutes of somebody else would be as many bytes as the ticks.
        let piece = piece.without_minutes();
        let ticks = piece.covered().clone();
        if ticks.first().is_none_or(|first| first == 0) {
            return Ok(Outcome::Forged(stream, RangeSet::new()));
        }
        let replaced = match self.judge(stream, facts, rollup, &piece)? {
            Verdict::Keep(replaced) => replaced,
            Verdict::Known => return Ok(Outcome::Rolled { stream, edition: rollup.edition, ticks }),
            Verdict::Refuse => return Ok(Outcome::NotRolled(stream)),
        };
        let left_out = replaced.iter().any(|old| !old.label.covered.without(&ticks).is_empty());
        for old in &replaced {
            self.remove_foreign(stream, facts, old)?;
        }
        self.write_foreign(stream, facts, rollup, &piece)?;
        if left_out {
            self.count_foreign(stream, facts)?;
        }
        facts.rolled.foreign.union_with(&ticks);
        let makers = &mut facts.rolled.makers;
        if !makers.contains(&rollup.maker) && makers.len() < MAX_MAKERS {
            makers.push(rollup.maker);
        }
        self.write_beside(stream, facts)?;
        Ok(Outcome::Rolled { stream, edition: rollup.edition, ticks })
    }

    fn judge(
        &mut self,
        stream: StreamId,
        facts: &StreamFacts,
        rollup: &Rollup,
        piece: &Piece,
    ) -> Result<Verdict, Trouble> {
        let (ticks, hour) = (piece.covered(), piece.hour());
        if ticks.without(&facts.rolled.own).is_empty() {
            return Ok(Verdict::Known);
        }
        let ranges = facts.rolled.foreign.ranges().len() + ticks.ranges().len();
        if ranges > limit::RANGES {
            return Ok(Verdict::Refuse);
        }
        let own = ticks.intersection(&facts.rolled.own);
        if !own.is_empty() && !own.without(&self.own_of(stream, hour)?).is_empty() {
            return Ok(Verdict::Refuse);
        }
        let same = |one: &Foreign| (one.label.maker, one.label.life) == (rollup.maker, rollup.life);
        let mut replaced = Vec::new();
        let mut elsewhere = ticks.intersection(&facts.rolled.foreign);
        let here = labels(self.table(Shelf::Rollup)?, stream, (hour, hour))?;
        let beside = here.len();
        for one in here {
            let theirs = &one.label.covered;
            elsewhere = elsewhere.without(theirs);
            let inside = ticks.without(theirs).is_empty();
            let around = theirs.without(ticks).is_empty();
            let apart = ticks.intersection(theirs).is_empty();
            match one.label.edition.cmp(&rollup.edition) {
                _ if apart => {}
                std::cmp::Ordering::Greater if same(&one) => return Ok(Verdict::Refuse),
                std::cmp::Ordering::Less if same(&one) => replaced.push(one),
                _ if inside => return Ok(Verdict::Known),
                _ if around || same(&one) => replaced.push(one),
                _ => {}
            }
        }
        if !elsewhere.is_empty() {
            // A clock was put right since. Of one maker the newer is true; of two nobody can say whose is.
            for one in labels(self.table(Shelf::Rollup)?, stream, all_hours())? {
                if one.hour == hour || one.label.covered.intersection(ticks).is_empty() {
                    continue;
                }
                if !same(&one) || one.label.edition > rollup.edition {
                    return Ok(Verdict::Refuse);
                }
                replaced.push(one);
            }
        }
        let too_many = beside >= MAX_SIDE_BY_SIDE && !replaced.iter().any(|one| one.hour == hour);
        Ok(if too_many { Verdict::Refuse } else { Verdict::Keep(replaced) })
    }

    /// The ticks of the pieces of one hour that were folded here.
    fn own_of(&mut self, stream: StreamId, hour: Hour) -> Result<RangeSet, Trouble> {
        let groups = rolls::groups(self.table(Shelf::Rollup)?, rolls::hours(stream, Window::Hour, hour, hour))?;
        Ok(groups.values().filter_map(Group::covered).fold(RangeSet::new(), |mut all, covered| {
            all.union_with(&covered);
            all
        }))
    }

    fn write_foreign(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        rollup: &Rollup,
        piece: &Piece,
    ) -> Result<(), Trouble> {
        let (hour, mut no) = (piece.hour(), 0);
        while self.table(Shelf::Rollup)?.get(label_key(stream, hour, no).as_slice())?.is_some() {
            no += 1;
        }
        let Rollup { maker, life, edition, .. } = *rollup;
        let label = Label { maker, life, edition, covered: piece.covered().clone() };
        let key = label_key(stream, hour, no);
        let mut bytes = self.put(Shelf::Rollup, &key, &Shelf::Rollup.write(&key, &label))?;
        for (from, sheet) in piece.sheets(Window::Hour) {
            let key = sheet_key(stream, hour, no, from);
            bytes += self.put(Shelf::Rollup, &key, &Shelf::Rollup.wrap(&key, &sheet))?;
        }
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    fn remove_foreign(&mut self, stream: StreamId, facts: &mut StreamFacts, one: &Foreign) -> Result<(), Trouble> {
        let (low, high) =
            (sheet_key(stream, one.hour, one.no, SeriesIx(0)), sheet_key(stream, one.hour, one.no, SeriesIx(u32::MAX)));
        let mut bytes = self.remove_range(Shelf::Rollup, &low, &high, |_, _| {})?;
        bytes += self.remove(Shelf::Rollup, &label_key(stream, one.hour, one.no))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    /// Whether a piece that was folded here may take its place: not while some of its ticks are in another hour by somebody
    /// else, whose piece holds ticks that are not `ours` too. One that holds none goes.
    pub(crate) fn may_place(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        piece: &Piece,
        ours: &RangeSet,
    ) -> Result<bool, Trouble> {
        let common = piece.covered().intersection(&facts.rolled.foreign);
        if common.is_empty() {
            return Ok(true);
        }
        let mut others = labels(self.table(Shelf::Rollup)?, stream, all_hours())?;
        others.retain(|one| one.hour != piece.hour() && !one.label.covered.intersection(&common).is_empty());
        // Of what nobody will bring any more nothing better can come.
        let settled = |one: &Foreign| one.label.covered.without(ours).without(&facts.gaps).is_empty();
        if !others.iter().all(settled) {
            return Ok(false);
        }
        if !others.is_empty() {
            others.iter().try_for_each(|one| self.remove_foreign(stream, facts, one))?;
            self.count_foreign(stream, facts)?;
        }
        Ok(true)
    }

    /// Notes again which ticks are in pieces of others.
    fn count_foreign(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        facts.rolled.foreign = RangeSet::new();
        for one in labels(self.table(Shelf::Rollup)?, stream, all_hours())? {
            facts.rolled.foreign.union_with(&one.label.covered);
        }
        self.write_beside(stream, facts)
    }

    /// Ticks have been folded here: pieces of others that hold nothing else go.
    pub(crate) fn folded_here(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        ours: &RangeSet,
    ) -> Result<(), Trouble> {
        if facts.rolled.foreign.intersection(ours).is_empty() {
            return Ok(());
        }
        let mut gone = RangeSet::new();
        let mut left = RangeSet::new();
        for one in labels(self.table(Shelf::Rollup)?, stream, all_hours())? {
            if one.label.covered.without(ours).is_empty() {
                gone.union_with(&one.label.covered);
                self.remove_foreign(stream, facts, &one)?;
            } else {
                left.union_with(&one.label.covered);
            }
        }
        if !gone.is_empty() {
            facts.rolled.foreign = facts.rolled.foreign.without(&gone.without(&left));
            self.write_beside(stream, facts)?;
        }
        Ok(())
    }

    /// Pieces were taken apart whose ticks will be told by other times: whoever got them must be told again.
    pub(crate) fn taken_apart(
        &mut self,
        stream: StreamId,
        facts: &mut StreamFacts,
        ticks: &RangeSet,
        changes: u64,
    ) -> Result<(), Trouble> {
        facts.rolled.edition = (facts.rolled.edition + 1).max(changes);
        facts.rolled.retold.union_with(ticks);
        self.write_beside(stream, facts)
    }

    /// Whoever takes rollups has these, of this edition.
    pub(crate) fn keep_told(&mut self, stream: StreamId, edition: u64, ticks: &RangeSet) -> Result<Outcome, Trouble> {
        self.change_beside(stream, |facts| {
            if facts.rolled.edition == edition {
                facts.rolled.retold = facts.rolled.retold.without(ticks);
            }
        })
    }

    /// Somebody wants these ticks as they were measured, in place of what was wanted before.
    pub(crate) fn keep_wanted(&mut self, stream: StreamId, ticks: RangeSet) -> Result<Outcome, Trouble> {
        if ticks.ranges().len() > limit::RANGES {
            return Ok(Outcome::TooMuch(stream));
        }
        self.change_beside(stream, |facts| facts.rolled.wanted = ticks)
    }

    fn change_beside(&mut self, stream: StreamId, change: impl FnOnce(&mut StreamFacts)) -> Result<Outcome, Trouble> {
        let Some(mut facts) = self.take(stream) else { return Ok(Outcome::UnknownStream(stream)) };
        change(&mut facts);
        let done = self.write_beside(stream, &mut facts);
        let (edition, ticks) = (facts.rolled.edition, RangeSet::new());
        self.give(stream, facts);
        done.map(|()| Outcome::Rolled { stream, edition, ticks })
    }

    fn write_beside(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        let rolled = &facts.rolled;
        let record = Beside {
            foreign: rolled.foreign.clone(),
            makers: rolled.makers.clone(),
            edition: rolled.edition,
            retold: rolled.retold.clone(),
            wanted: rolled.wanted.clone(),
        };
        let key = beside_key(stream);
        let bytes = self.put(Shelf::Rollup, &key, &Shelf::Rollup.write(&key, &record))?;
        add(&mut facts.bytes.other, bytes);
        Ok(())
    }

    /// Looks at all pieces of others, removes those that are damaged, and notes again which ticks are left: what is gone
    /// comes again from below.
    pub(crate) fn recount_foreign(&mut self, stream: StreamId, facts: &mut StreamFacts) -> Result<(), Trouble> {
        let known = beside(self.table(Shelf::Rollup)?, stream)?;
        let (mut low, mut high) = (beside_key(stream), beside_key(stream));
        (low[STREAM_BYTES], high[STREAM_BYTES]) = (SHEETS, BESIDE);
        let (mut rows, mut pieces) = (0usize, std::collections::BTreeSet::new());
        for row in self.table(Shelf::Rollup)?.range::<&[u8]>(low.as_slice()..=high.as_slice())? {
            rows += 1;
            pieces.extend(piece_of(row?.0.value()));
        }
        if rows == 0 {
            return Ok(());
        }
        let mut record = match known {
            Ok(record) => record,
            Err(_) => {
                let bytes = self.quarantine(Shelf::Rollup, &beside_key(stream))?;
                add(&mut facts.bytes.other, bytes);
                // Which of our own were told is lost with it: all are told again, as of an edition later than any.
                let own = facts.rolled.own.clone();
                let changes = self.folded(stream)?.map_or(0, |note| note.changes);
                Beside { edition: changes + 1, retold: own, ..Beside::default() }
            }
        };
        let mut sound = RangeSet::new();
        let (mut makers, mut lost) = (record.makers.clone(), false);
        for (hour, no) in pieces {
            let key = label_key(stream, hour, no);
            let row = self.get(Shelf::Rollup, &key)?;
            let label: Option<Label> = row.as_ref().and_then(|row| Shelf::Rollup.read(&key, row).ok());
            let found = match label {
                Some(label) => {
                    let one = Foreign { hour, no, label };
                    piece(self.table(Shelf::Rollup)?, stream, &one)?.ok().map(|_| one)
                }
                None => None,
            };
            match found {
                Some(one) => {
                    sound.union_with(&one.label.covered);
                    if !makers.contains(&one.label.maker) && makers.len() < MAX_MAKERS {
                        makers.push(one.label.maker);
                    }
                }
                None => {
                    lost = true;
                    let bytes = if row.is_some() { self.quarantine(Shelf::Rollup, &key)? } else { 0 };
                    add(&mut facts.bytes.other, bytes);
                    let label =
                        Label { maker: NodeId::from_bytes([0; 16]), life: 0, edition: 0, covered: RangeSet::new() };
                    self.remove_foreign(stream, facts, &Foreign { hour, no, label })?;
                }
            }
        }
        // What has expired stays noted, or it would be sent again; which of it that is can not be told from what is lost.
        if lost {
            record.foreign = sound;
        } else {
            record.foreign.union_with(&sound);
        }
        record.makers = makers;
        record.tell(facts);
        self.write_beside(stream, facts)
    }

    /// Removes the pieces of others whose hours are over before one.
    pub(crate) fn expire_foreign(&mut self, stream: StreamId, last: Hour) -> Result<u64, Trouble> {
        let old = labels(self.table(Shelf::Rollup)?, stream, (Hour::number(i64::MIN), last))?;
        let Some(mut facts) = self.take(stream) else { return Ok(0) };
        let before = facts.bytes.other;
        let done = old.iter().try_for_each(|one| self.remove_foreign(stream, &mut facts, one));
        let freed = before.saturating_sub(facts.bytes.other);
        self.give(stream, facts);
        done.map(|()| freed)
    }
}

/// Whether the sheets are of an hour without its minutes, and no larger in memory than an hour can be: columns of nothing
/// but zeros are few bytes.
fn is_bounded(rollup: &Rollup) -> bool {
    let mut left = MAX_CELLS;
    rollup.sheets.iter().all(|sheet| {
        let Ok(sheet) = Sheet::read(sheet) else { return false };
        let enough = left.checked_sub(sheet.most_cells()).filter(|_| sheet.window() == Window::Hour);
        left = enough.unwrap_or(0);
        enough.is_some()
    })
}

/// Every hour there is.
fn all_hours() -> (Hour, Hour) {
    (Hour::number(i64::MIN), Hour::number(i64::MAX))
}
