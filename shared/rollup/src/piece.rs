//! What all series of a stream come down to in one hour, and of which ticks.

use std::collections::BTreeMap;

use vigie_merge::RangeSet;
use vigie_model::{SeriesIx, UtcMs};

use crate::cell::Cell;
use crate::grid::{self, MAX_SLOTS, Slot, Went};
use crate::part::Part;
use crate::shape::Shape;
use crate::sketch::Sketch;
use crate::window::{Hour, MINUTE_MS, Window};

/// What all series of a stream come down to in one hour, and of which ticks.
///
/// A function of the ticks alone: folded at once, or folded apart and [joined](Piece::join) in any order, it is the same,
/// but for the last of the 31 digits to which sums of doubles are kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    pub(crate) hour: Hour,
    pub(crate) covered: RangeSet,
    pub(crate) whole: Vec<Slot>,
    /// Nothing once the minutes were dropped.
    pub(crate) minutes: Option<Vec<Slot>>,
    pub(crate) series: BTreeMap<SeriesIx, Rows>,
}

/// One series of a piece: for each slot that has it what its samples come down to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Rows {
    pub(crate) shape: Shape,
    pub(crate) whole: Parts,
    pub(crate) minutes: Parts,
    pub(crate) sketch: Sketch,
}

/// Slots, ascending, and what is in them.
pub(crate) type Parts = Vec<(u32, Part)>;

/// Pieces that can not become one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// They are of different hours.
    #[error("the pieces are of different hours")]
    OtherHour,
    /// Both hold some tick.
    #[error("the pieces have ticks in common")]
    Overlap,
    /// They take a series for different things.
    #[error("the pieces contradict each other about a series")]
    Contradiction,
    /// Too many runs of numbers for one piece: they stay side by side.
    #[error("together the pieces have more holes than one may have")]
    TooManyHoles,
}

impl Piece {
    /// The hour it is of.
    pub fn hour(&self) -> Hour {
        self.hour
    }

    /// The numbers of the ticks it holds: all of the hour that were there.
    pub fn covered(&self) -> &RangeSet {
        &self.covered
    }

    /// Whether it still has its minutes.
    pub fn has_minutes(&self) -> bool {
        self.minutes.is_some()
    }

    /// The same without its minutes.
    #[must_use]
    pub fn without_minutes(mut self) -> Self {
        self.minutes = None;
        self.series.values_mut().for_each(|rows| rows.minutes = Vec::new());
        self
    }

    /// The series it holds.
    pub fn series(&self) -> impl Iterator<Item = SeriesIx> + '_ {
        self.series.keys().copied()
    }

    /// The cells of a series, with the beginnings of their windows, in order; empty windows are left out.
    pub fn cells(&self, series: SeriesIx, window: Window) -> Vec<(UtcMs, Cell)> {
        let Some(rows) = self.series.get(&series) else { return Vec::new() };
        let (slots, parts) = match window {
            Window::Hour => (self.whole.as_slice(), &rows.whole),
            Window::Minute => (self.minutes.as_deref().unwrap_or_default(), &rows.minutes),
        };
        cells(self.hour, slots, rows.shape, parts)
    }

    /// How the hour's values of a series are spread, if that is kept of it.
    pub fn sketch(&self, series: SeriesIx) -> Option<&Sketch> {
        self.series.get(&series).filter(|rows| rows.shape.sketched).map(|rows| &rows.sketch)
    }

    /// This and another piece as one. Minutes are kept if both have them.
    ///
    /// # Errors
    /// When they have ticks in common, are of different hours, contradict each other, or have too many holes.
    pub fn join(&self, other: &Self) -> Result<Self, JoinError> {
        if self.hour != other.hour {
            return Err(JoinError::OtherHour);
        }
        if !self.covered.intersection(&other.covered).is_empty() {
            return Err(JoinError::Overlap);
        }
        let mut covered = self.covered.clone();
        covered.union_with(&other.covered);
        let whole = grid::join(&self.whole, &other.whole, &covered);
        let minutes = self.minutes.as_deref().zip(other.minutes.as_deref());
        let minutes = minutes.map(|(ours, theirs)| grid::join(ours, theirs, &covered));
        let most = minutes.as_ref().map_or(0, |minutes| minutes.slots.len()).max(whole.slots.len());
        if most > MAX_SLOTS {
            return Err(JoinError::TooManyHoles);
        }
        let mut series = BTreeMap::new();
        for ix in self.series.keys().chain(other.series.keys()) {
            if series.contains_key(ix) {
                continue;
            }
            let (ours, theirs) = (self.series.get(ix), other.series.get(ix));
            let Some(shape) = ours.or(theirs).map(|rows| rows.shape) else { continue };
            if theirs.is_some_and(|theirs| theirs.shape != shape) {
                return Err(JoinError::Contradiction);
            }
            let mut sketch = ours.map(|rows| rows.sketch.clone()).unwrap_or_default();
            theirs.into_iter().for_each(|rows| sketch.add_all(&rows.sketch));
            let parts = |of: fn(&Rows) -> &Parts, grid: &grid::Joined| {
                parts_of(shape, (ours.map(of), &grid.ours), (theirs.map(of), &grid.theirs))
            };
            let rows = Rows {
                shape,
                whole: parts(|rows| &rows.whole, &whole),
                minutes: minutes.as_ref().map_or_else(Vec::new, |grid| parts(|rows| &rows.minutes, grid)),
                sketch,
            };
            series.insert(*ix, rows);
        }
        let minutes = minutes.map(|minutes| minutes.slots);
        Ok(Self { hour: self.hour, covered, whole: whole.slots, minutes, series })
    }
}

/// Puts the parts of two pieces into the slots they have in common, in the order of their numbers.
fn parts_of(
    shape: Shape,
    (ours, our_slots): (Option<&Parts>, &[Went]),
    (theirs, their_slots): (Option<&Parts>, &[Went]),
) -> Parts {
    let placed = |parts: Option<&Parts>, slots: &[Went]| {
        let place = |(slot, part): &(u32, Part)| slots.get(*slot as usize).map(|went| (*went, *part));
        parts.into_iter().flatten().filter_map(place).collect::<Vec<_>>()
    };
    let mut all = placed(ours, our_slots);
    all.extend(placed(theirs, their_slots));
    all.sort_by_key(|(went, _)| went.order);
    let mut parts: Parts = Vec::with_capacity(all.len());
    for (Went { to, .. }, part) in all {
        match parts.last_mut() {
            Some((last, before)) if *last == to => *before = before.then(shape, &part),
            _ => parts.push((to, part)),
        }
    }
    parts
}

/// One cell for each window that has any part.
pub(crate) fn cells(hour: Hour, slots: &[Slot], shape: Shape, parts: &[(u32, Part)]) -> Vec<(UtcMs, Cell)> {
    let begins = |minute: u8| UtcMs(hour.begins().0 + i64::from(minute) * MINUTE_MS);
    let mut cells: Vec<(UtcMs, Cell)> = Vec::with_capacity(parts.len());
    for (slot, part) in parts {
        let Some(slot) = slots.get(*slot as usize) else { continue };
        let (begins, cell) = (begins(slot.minute), Cell::of(shape, *part));
        match cells.last_mut() {
            Some((last, before)) if *last == begins => *before = before.then(&cell),
            _ => cells.push((begins, cell)),
        }
    }
    cells
}
