//! What did some series come down to, minute by minute or hour by hour?

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use vigie_merge::RangeSet;
use vigie_model::{SeriesIx, StreamId, UtcMs};
use vigie_rollup::{Cell, Hour, Pieces, Sheet, Sketch, Window};

use super::Log;
use super::facts::Change;
use super::fold::sealed_here;
use super::foreign::{self, Foreign};
use super::load::Shelves;
use super::loss::Loss;
use super::rolls::{self, Group};
use super::shelf::Shelf;
use crate::errors::{ReadError, Trouble};

/// Hours read in one transaction.
const HOURS_AT_ONCE: i64 = 128;

/// What some series came down to in one hour.
#[derive(Debug, Clone, PartialEq)]
pub struct Rolled {
    /// The hour.
    pub hour: Hour,
    /// The ticks that were folded.
    pub covered: RangeSet,
    /// Ticks that are here, have numbers between those that were folded, and have not been folded: they are of this hour,
    /// or their machine's clock was set back and forth.
    pub left_out: u64,
    /// For each series asked, in the order asked, its cells and when their windows begin. Windows without samples are left
    /// out.
    pub cells: Vec<Vec<(UtcMs, Cell)>>,
    /// For each series asked how the hour is spread, where that is kept and hours were asked.
    pub sketches: Vec<Option<Sketch>>,
}

impl Log {
    /// Hands what some series came down to in the hours that touch two times, both included, to `each`, hour by hour, until
    /// it says that it is enough. Hours in which nothing was folded are left out.
    ///
    /// No tick is counted twice. Of the sheets only those with these series are read beyond their heads.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn rollups_between(
        &self,
        stream: StreamId,
        series: &[SeriesIx],
        window: Window,
        from: UtcMs,
        to: UtcMs,
        mut each: impl FnMut(&Rolled) -> ControlFlow<()>,
    ) -> Result<(), ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(()) };
        let present = facts.present_ticks();
        let (mut next, last) = (Hour::of(from).count(), Hour::of(to).count());
        while next <= last {
            let Some(first) = self.reading(|shelves| first_hour(shelves, stream, window, (next, last)))? else { break };
            let end = last.min(first.saturating_add(HOURS_AT_ONCE - 1));
            let hours = self.reading(|shelves| {
                let bounds = rolls::hours(stream, window, Hour::number(first), Hour::number(end));
                let mut by_hour: BTreeMap<Hour, Vec<Group>> = BTreeMap::new();
                for ((hour, _), group) in rolls::groups(&shelves.rollups, bounds)? {
                    by_hour.entry(hour).or_default().push(group);
                }
                let mut others: BTreeMap<Hour, Vec<Foreign>> = BTreeMap::new();
                if window == Window::Hour && !facts.rolled.foreign.is_empty() {
                    let hours = (Hour::number(first), Hour::number(end));
                    for one in foreign::labels(&shelves.rollups, stream, hours)? {
                        by_hour.entry(one.hour).or_default();
                        others.entry(one.hour).or_default().push(one);
                    }
                }
                let rolled = |(hour, groups): (Hour, Vec<Group>)| {
                    let others = others.get(&hour).map_or(&[][..], Vec::as_slice);
                    self.rolled(shelves, stream, (hour, window), &groups, others, series).transpose()
                };
                by_hour.into_iter().filter_map(rolled).collect::<Result<Vec<Rolled>, Trouble>>()
            })?;
            for mut rolled in hours {
                let hull = rolled.covered.first().zip(rolled.covered.last());
                let inside = hull.map(|(first, last)| present.within(first, last)).unwrap_or_default();
                rolled.left_out = inside.without(&rolled.covered).count();
                if each(&rolled).is_break() {
                    return Ok(());
                }
            }
            next = end.saturating_add(1);
        }
        Ok(())
    }

    /// From when on ticks may not have been folded yet, though they are sealed; nothing where all are. Before it all that is
    /// sealed and here is in the rollups.
    ///
    /// # Errors
    /// When nothing can be read at all.
    pub fn unfolded_from(&self, stream: StreamId) -> Result<Option<UtcMs>, ReadError> {
        let Some(facts) = self.streams.get(&stream) else { return Ok(None) };
        let Ok(note) = self.reading(|shelves| rolls::note(&shelves.rollups, stream))? else {
            return Ok(Some(UtcMs(i64::MIN)));
        };
        let spans = self.spans(stream)?;
        let fresh = sealed_here(facts, &spans).without(&note.ticks);
        let touched = spans.iter().filter(|span| fresh.touches(span.first, span.last));
        Ok(touched.map(|span| span.earliest(facts.anchors.get(&span.boot_no))).min())
    }

    fn rolled(
        &self,
        shelves: &Shelves,
        stream: StreamId,
        (hour, window): (Hour, Window),
        groups: &[Group],
        others: &[Foreign],
        series: &[SeriesIx],
    ) -> Result<Option<Rolled>, Trouble> {
        if let ([group], []) = (groups, others) {
            let rolled = group.rolled(hour, series);
            if rolled.is_none() {
                self.note_rollup(stream, group);
            }
            return Ok(rolled);
        }
        let mut pieces = Pieces::default();
        for piece in rolls::pieces(&shelves.rollups, stream, hour)?.into_values() {
            match piece {
                Some(piece) if window == Window::Hour || piece.has_minutes() => {
                    pieces.put(piece);
                }
                Some(_) => {}
                None => groups.iter().for_each(|group| self.note_rollup(stream, group)),
            }
        }
        for one in others {
            match foreign::piece(&shelves.rollups, stream, one)? {
                Ok(piece) => drop(pieces.put(piece)),
                Err(key) => self.note(Loss::row(stream, Shelf::Rollup, key)),
            }
        }
        Ok(pieces.answer().map(|piece| Rolled {
            hour,
            covered: piece.covered().clone(),
            left_out: 0,
            cells: series.iter().map(|ix| piece.cells(*ix, window)).collect(),
            sketches: series.iter().map(|ix| piece.sketch(*ix).filter(|_| window == Window::Hour).cloned()).collect(),
        }))
    }

    /// Notes a piece that did not prove right; whether it is damaged is looked at again when it is settled.
    fn note_rollup(&self, stream: StreamId, group: &Group) {
        if let Some((key, _)) = group.rows.first() {
            self.note(Loss::row(stream, Shelf::Rollup, key.clone()));
        }
    }
}

impl Group {
    /// What some series came down to; nothing if a sheet does not prove right.
    fn rolled(&self, hour: Hour, series: &[SeriesIx]) -> Option<Rolled> {
        let sheets: Vec<Sheet<'_>> = self.sheets()?.into_iter().map(Sheet::read).collect::<Result<_, _>>().ok()?;
        let (mut cells, mut sketches) = (Vec::with_capacity(series.len()), Vec::with_capacity(series.len()));
        for ix in series {
            let sheet = sheets.iter().find(|sheet| sheet.may_hold(*ix))?;
            let (own, sketch) = sheet.series(*ix).ok()?;
            cells.push(own);
            sketches.push(sketch);
        }
        let covered = sheets.first()?.covered().clone();
        Some(Rolled { hour, covered, left_out: 0, cells, sketches })
    }
}

/// The first hour with a sheet.
fn first_hour(
    shelves: &Shelves,
    stream: StreamId,
    window: Window,
    (from, to): (i64, i64),
) -> Result<Option<i64>, Trouble> {
    let hours = (Hour::number(from), Hour::number(to));
    let (low, high) = rolls::hours(stream, window, hours.0, hours.1);
    let first = shelves.rollups.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next().transpose()?;
    let own = first.and_then(|(key, _)| rolls::Place::of(key.value())).map(|place| place.hour.count());
    let other = if window == Window::Hour { foreign::next_hour(&shelves.rollups, stream, hours)? } else { None };
    Ok(own.into_iter().chain(other.map(Hour::count)).min())
}
