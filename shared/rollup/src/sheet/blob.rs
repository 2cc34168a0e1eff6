//! One series of a sheet: its cells, field by field, and the sketch of its hour.

use vigie_codec::columns::short::{Reader, Writer};

use super::{Sheet, SheetError};
use crate::grid::Slot;
use crate::part::Part;
use crate::piece::Parts;
use crate::shape::{Shape, bits, double};
use crate::sketch::{Bin, MAX_BINS, MAX_COARSE, Sketch};
use crate::total::Total;

/// All doubles of the series are whole numbers and are written as such.
const WHOLE_DOUBLES: u8 = 1 << 3;
/// A sketch follows; without it, it holds the one value that there is, or nothing.
const SKETCH: u8 = 1 << 4;

/// Whole numbers that a double counts by one.
const COUNTED: f64 = 9_007_199_254_740_992.0;

/// What one series of a sheet says.
pub(super) struct Read {
    pub(super) shape: Shape,
    pub(super) parts: Parts,
    /// Of the hour only, and of series that have one.
    pub(super) sketch: Option<Sketch>,
}

pub(super) fn write(shape: Shape, slots: &[Slot], parts: &Parts, sketch: Option<&Sketch>) -> Vec<u8> {
    let sketch = sketch.filter(|sketch| shape.sketched && **sketch != plain_sketch(shape, parts));
    let whole: Option<Parts> = if shape.exact { parts.iter().map(as_whole).collect() } else { None };
    let mut flags = shape.bits();
    flags |= if whole.is_some() { WHOLE_DOUBLES } else { 0 } | if sketch.is_some() { SKETCH } else { 0 };
    let mut out = Writer::default();
    write_parts(shape, slots, whole.as_ref().unwrap_or(parts), &mut out);
    sketch.into_iter().for_each(|sketch| write_sketch(sketch, &mut out));
    let mut bytes = vec![flags];
    bytes.extend(out.finish());
    bytes
}

pub(super) fn read(bytes: &[u8], sheet: &Sheet<'_>) -> Result<Read, SheetError> {
    parse(bytes, sheet).ok_or(SheetError::NoSheet)
}

fn parse(bytes: &[u8], sheet: &Sheet<'_>) -> Option<Read> {
    let (flags, bytes) = bytes.split_first()?;
    let shape = Shape::of_bits(*flags);
    let whole = flags & WHOLE_DOUBLES != 0;
    let known = Shape::of_bits(u8::MAX).bits() | WHOLE_DOUBLES | SKETCH;
    if flags & !known != 0 || (whole && !shape.exact) {
        return None;
    }
    let mut columns = Reader::new(bytes);
    let mut parts = parse_parts(shape, shape.exact && !whole, &sheet.slots, &mut columns)?;
    if whole {
        parts.iter_mut().for_each(as_doubles);
    }
    let sketch = match sheet.window {
        crate::Window::Hour if shape.sketched && flags & SKETCH != 0 => Some(parse_sketch(&mut columns)?),
        crate::Window::Hour if shape.sketched => Some(plain_sketch(shape, &parts)),
        crate::Window::Hour | crate::Window::Minute => None,
    };
    Some(Read { shape, parts, sketch })
}

/// The sketch of a series whose numbers are all the same.
fn plain_sketch(shape: Shape, parts: &Parts) -> Sketch {
    let mut sketch = Sketch::default();
    let numbers = || parts.iter().map(|(_, part)| part).filter(|part| part.count > 0);
    if let Some(value) = numbers().next().map(|part| part.min)
        && numbers().all(|part| (part.min, part.max) == (value, value))
    {
        numbers().for_each(|part| sketch.add(shape, value, part.count));
    }
    sketch
}

fn write_parts(shape: Shape, slots: &[Slot], parts: &Parts, out: &mut Writer) {
    let has = |slot: u32| parts.binary_search_by_key(&slot, |(slot, _)| *slot).is_ok();
    out.column((0..slots.len() as u32).map(|slot| i64::from(!has(slot))));
    let all = || parts.iter().map(|(slot, part)| (&slots[*slot as usize], part));
    let samples = |part: &Part| i64::from(part.count) + i64::from(part.stale) + i64::from(part.nan);
    out.column(all().map(|(slot, part)| i64::from(slot.ticks) - samples(part)));
    out.column(all().map(|(_, part)| i64::from(part.stale)));
    out.column(all().map(|(_, part)| i64::from(part.nan)));
    let numbers = || all().filter(|(_, part)| part.count > 0);
    out.column(numbers().map(|(slot, part)| slot.to_ms.wrapping_sub(part.last_ms)));
    let mut column = |of: &dyn Fn(&Part) -> i64| out.column(numbers().map(|(_, part)| of(part)));
    if shape.climbs {
        column(&|part| part.last.wrapping_sub(part.first));
        column(&|part| part.first.wrapping_sub(part.min));
        column(&|part| part.max.wrapping_sub(part.last));
        column(&|part| halves(part.fallen).0);
        column(&|part| halves(part.fallen).1);
        column(&|part| halves(beside(part.sum, middle(part.first, part.last, part.count))).0);
        column(&|part| halves(beside(part.sum, middle(part.first, part.last, part.count))).1);
        out.column(numbers().map(|(slot, part)| part.first_ms.wrapping_sub(slot.from_ms)));
        let mut before = 0;
        // From the last of the window before: a step as small as those within.
        out.column(numbers().map(|(_, part)| part.first.wrapping_sub(std::mem::replace(&mut before, part.last))));
    } else {
        column(&|part| part.min);
        column(&|part| part.max.wrapping_sub(part.min));
        column(&|part| part.last.wrapping_sub(part.min));
        column(&|part| halves(beside(part.sum, middle(part.min, part.max, part.count))).0);
        column(&|part| halves(beside(part.sum, middle(part.min, part.max, part.count))).1);
    }
}

fn parse_parts(shape: Shape, doubles: bool, slots: &[Slot], columns: &mut Reader<'_>) -> Option<Parts> {
    let has = columns.column(slots.len());
    let present: Vec<u32> = (0u32..).zip(&has).filter(|(_, none)| **none == 0).map(|(slot, _)| slot).collect();
    let (less, stale, nan) =
        (columns.column(present.len()), columns.column(present.len()), columns.column(present.len()));
    let mut parts = Parts::with_capacity(present.len());
    for (at, slot) in present.iter().enumerate() {
        let count = i64::from(slots[*slot as usize].ticks);
        let count = count.checked_sub(less[at])?.checked_sub(stale[at])?.checked_sub(nan[at])?;
        let small = |value: i64| u32::try_from(value).ok();
        let part = Part { count: small(count)?, stale: small(stale[at])?, nan: small(nan[at])?, ..Part::none(shape) };
        parts.push((*slot, part));
    }
    let mut numbers: Vec<&mut (u32, Part)> = parts.iter_mut().filter(|(_, part)| part.count > 0).collect();
    let mut column = || columns.column(numbers.len());
    let total = |low: i64, high: i64| match doubles {
        true => Total::Double(double(low), double(high)),
        false => Total::Whole((i128::from(high) << 64).wrapping_add(i128::from(low))),
    };
    let ends = column();
    if shape.climbs {
        let [climbs, below, above, fallen, fallen_high, sum, sum_high, begins, steps] =
            std::array::from_fn(|_| column());
        let mut before = 0i64;
        for (at, (slot, part)) in numbers.iter_mut().enumerate() {
            let slot = &slots[*slot as usize];
            part.last_ms = slot.to_ms.wrapping_sub(ends[at]);
            part.first_ms = slot.from_ms.wrapping_add(begins[at]);
            part.first = before.wrapping_add(steps[at]);
            part.last = part.first.wrapping_add(climbs[at]);
            part.min = part.first.wrapping_sub(below[at]);
            part.max = part.last.wrapping_add(above[at]);
            part.fallen = total(fallen[at], fallen_high[at]);
            part.sum = apart(total(sum[at], sum_high[at]), middle(part.first, part.last, part.count));
            before = part.last;
        }
    } else {
        let [mins, spans, lasts, sum, sum_high] = std::array::from_fn(|_| column());
        for (at, (slot, part)) in numbers.iter_mut().enumerate() {
            part.last_ms = slots[*slot as usize].to_ms.wrapping_sub(ends[at]);
            part.min = mins[at];
            part.max = part.min.wrapping_add(spans[at]);
            part.last = part.min.wrapping_add(lasts[at]);
            part.sum = apart(total(sum[at], sum_high[at]), middle(part.min, part.max, part.count));
        }
    }
    Some(parts)
}

/// What a sum would be if values lay evenly between two.
fn middle(one: i64, other: i64, count: u32) -> i128 {
    (i128::from(one) + i128::from(other)) * i128::from(count) / 2
}

/// A sum of whole numbers less what was guessed; one of doubles as it is.
fn beside(sum: Total, guess: i128) -> Total {
    match sum {
        Total::Whole(sum) => Total::Whole(sum.wrapping_sub(guess)),
        Total::Double(..) => sum,
    }
}

fn apart(sum: Total, guess: i128) -> Total {
    match sum {
        Total::Whole(sum) => Total::Whole(sum.wrapping_add(guess)),
        Total::Double(..) => sum,
    }
}

/// A sum as two numbers: the second is zero for whole numbers that are not huge.
fn halves(sum: Total) -> (i64, i64) {
    match sum {
        Total::Whole(sum) => {
            let low = sum as i64;
            (low, (sum.wrapping_sub(i128::from(low)) >> 64) as i64)
        }
        Total::Double(high, low) => (bits(high), bits(low)),
    }
}

/// A part of doubles as one of whole numbers, if all of them are and come back bit for bit.
fn as_whole((slot, part): &(u32, Part)) -> Option<(u32, Part)> {
    let number = |kept: i64| whole(double(kept)).map(|whole| whole as i64);
    let total = |sum: Total| match sum {
        Total::Double(high, low) if low.to_bits() == 0 => {
            whole(high).map(|whole| Total::Whole(i128::from(whole as i64)))
        }
        Total::Double(..) | Total::Whole(_) => None,
    };
    let values = (number(part.first)?, number(part.last)?, number(part.min)?, number(part.max)?);
    let (first, last, min, max) = values;
    Some((*slot, Part { first, last, min, max, sum: total(part.sum)?, fallen: total(part.fallen)?, ..*part }))
}

fn as_doubles((_, part): &mut (u32, Part)) {
    let number = |whole: i64| bits(whole as f64);
    let total = |sum: Total| match sum {
        Total::Whole(sum) => Total::Double(sum as f64, 0.0),
        Total::Double(..) => sum,
    };
    (part.first, part.last) = (number(part.first), number(part.last));
    (part.min, part.max) = (number(part.min), number(part.max));
    (part.sum, part.fallen) = (total(part.sum), total(part.fallen));
}

fn whole(double: f64) -> Option<f64> {
    let plain = double.fract() == 0.0 && double.abs() <= COUNTED && (double != 0.0 || double.is_sign_positive());
    plain.then_some(double)
}

fn write_sketch(sketch: &Sketch, out: &mut Writer) {
    let Sketch { coarse, zeros, below_all, above_all, negative, positive } = sketch;
    out.column([i64::from(*coarse), negative.len() as i64, positive.len() as i64]);
    out.column([i64::from(*zeros), i64::from(*below_all), i64::from(*above_all)]);
    for bins in [negative, positive] {
        let mut next = 0;
        out.column(bins.iter().map(|(bin, _)| i64::from(bin - std::mem::replace(&mut next, *bin))));
        out.column(bins.iter().map(|(_, count)| i64::from(*count)));
    }
}

fn parse_sketch(columns: &mut Reader<'_>) -> Option<Sketch> {
    let (sizes, counts) = (columns.column(3), columns.column(3));
    let coarse = u8::try_from(sizes[0]).ok().filter(|coarse| *coarse <= MAX_COARSE)?;
    let size = |at: usize| usize::try_from(sizes[at]).ok().filter(|size| *size <= MAX_BINS);
    let mut bins = |len: usize| {
        let (gaps, counts) = (columns.column(len), columns.column(len));
        let (mut bins, mut next) = (Vec::<Bin>::with_capacity(len), 0i32);
        for (at, (gap, count)) in gaps.iter().zip(&counts).enumerate() {
            let gap = i32::try_from(*gap).ok().filter(|gap| at == 0 || *gap > 0)?;
            next = next.checked_add(gap)?;
            bins.push((next, u32::try_from(*count).ok()?));
        }
        Some(bins)
    };
    let (negative, positive) = (bins(size(1)?)?, bins(size(2)?)?);
    let count = |at: usize| u32::try_from(counts[at]).ok();
    Some(Sketch { coarse, zeros: count(0)?, below_all: count(1)?, above_all: count(2)?, negative, positive })
}
