//! From ticks to a piece.

use std::collections::BTreeMap;

use vigie_merge::RangeSet;
use vigie_model::{SeriesIx, Tick, UtcMs};

use crate::grid::{MAX_SLOTS, Slot};
use crate::part::Part;
use crate::piece::{Parts, Piece, Rows};
use crate::shape::Shape;
use crate::window::{Hour, MINUTE_MS};

/// Folds the ticks of one stream in one hour.
#[derive(Debug)]
pub struct Fold {
    piece: Piece,
    /// The minutes, in the order they were met, and in which run of numbers.
    minutes: Vec<(usize, Slot)>,
    last: Option<u64>,
}

impl Fold {
    /// Begins with no tick.
    pub fn new(hour: Hour) -> Self {
        let covered = RangeSet::new();
        let piece = Piece { hour, covered, whole: Vec::new(), minutes: None, series: BTreeMap::new() };
        Self { piece, minutes: Vec::new(), last: None }
    }

    /// Adds a tick with its true time, and a larger number than all before it; says whether it had a place. It has none
    /// if it is of another hour, came out of order, has a series that nobody knows the shape of, or would be one hole too
    /// many: then another fold may take it.
    pub fn add(&mut self, at: UtcMs, tick: &Tick, shape: impl Fn(SeriesIx) -> Option<Shape>) -> bool {
        let number = tick.seq.0;
        let in_order = self.last.is_none_or(|last| last < number) && tick.is_well_formed();
        let known = tick.samples.iter().all(|sample| shape(sample.series).is_some());
        if Hour::of(at) != self.piece.hour || !in_order || !known || self.is_full() {
            return false;
        }
        let minute = at.0.saturating_sub(self.piece.hour.begins().0) / MINUTE_MS;
        let slot = Slot { minute: 0, first: number, last: number, ticks: 1, from_ms: at.0, to_ms: at.0 };
        let follows = self.last.is_some_and(|last| last + 1 == number);
        match self.piece.whole.last_mut().filter(|_| follows) {
            Some(run) => grow(run, &slot),
            None => self.piece.whole.push(slot),
        }
        let whole = self.piece.whole.len() - 1;
        let slot = Slot { minute: minute as u8, ..slot };
        let known = self.minutes.iter().rposition(|(run, known)| (*run, known.minute) == (whole, slot.minute));
        let minute = known.unwrap_or(self.minutes.len());
        match self.minutes.get_mut(minute) {
            Some((_, known)) => grow(known, &slot),
            None => self.minutes.push((whole, slot)),
        }
        for sample in &tick.samples {
            let Some(shape) = shape(sample.series) else { continue };
            let rows = self.piece.series.entry(sample.series).or_insert_with(|| Rows::none(shape));
            let part = Part::of(shape, at.0, sample.value);
            take(shape, &mut rows.whole, whole as u32, &part);
            take(shape, &mut rows.minutes, minute as u32, &part);
            if shape.sketched {
                rows.sketch.add(shape, sample.value, part.count);
            }
        }
        self.piece.covered.insert(number, number);
        self.last = Some(number);
        true
    }

    /// The piece; nothing where there was no tick.
    pub fn finish(mut self) -> Option<Piece> {
        self.last?;
        // Minutes in order, though a clock that was set back met them in another.
        let mut order: Vec<usize> = (0..self.minutes.len()).collect();
        order.sort_by_key(|at| (self.minutes[*at].1.minute, self.minutes[*at].1.first));
        let mut place = vec![0u32; order.len()];
        (0u32..).zip(&order).for_each(|(to, from)| place[*from] = to);
        for rows in self.piece.series.values_mut() {
            rows.minutes.iter_mut().for_each(|(slot, _)| *slot = place[*slot as usize]);
            rows.minutes.sort_by_key(|(slot, _)| *slot);
        }
        self.piece.minutes = Some(order.iter().map(|at| self.minutes[*at].1).collect());
        Some(self.piece)
    }

    fn is_full(&self) -> bool {
        self.minutes.len() >= MAX_SLOTS
    }
}

impl Rows {
    pub(crate) fn none(shape: Shape) -> Self {
        Self { shape, whole: Vec::new(), minutes: Vec::new(), sketch: crate::Sketch::default() }
    }
}

fn grow(slot: &mut Slot, next: &Slot) {
    (slot.last, slot.to_ms) = (next.last, next.to_ms);
    slot.ticks = slot.ticks.saturating_add(1);
}

/// Adds a sample to the part of its slot, which is nearly always the last.
fn take(shape: Shape, parts: &mut Parts, slot: u32, sample: &Part) {
    match parts.iter_mut().rev().find(|(known, _)| *known == slot) {
        Some((_, part)) => *part = part.then(shape, sample),
        None => parts.push((slot, *sample)),
    }
}
