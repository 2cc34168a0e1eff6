//! Ticks of a machine with a running total, a level and doubles that are all there is among doubles.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use vigie_merge::RangeSet;
use vigie_model::{Boot, Moment, Resolution, Sample, Seq, SeriesIx, Tick, UtcMs};
use vigie_rollup::{Cell, Fold, HOUR_MS, Hour, Piece, Shape};

pub const T0: i64 = 472_222 * HOUR_MS;

pub const SHAPES: [Shape; 4] = [
    Shape { exact: false, climbs: false, sketched: true },
    Shape { exact: false, climbs: true, sketched: false },
    Shape { exact: true, climbs: true, sketched: true },
    Shape { exact: true, climbs: false, sketched: true },
];

const STALE: u64 = 0x7ff0_0000_0000_0002;

pub fn fold(ticks: &[(UtcMs, Tick)]) -> Option<Piece> {
    let mut fold = Fold::new(Hour::of(UtcMs(T0)));
    for (at, tick) in ticks {
        assert!(fold.add(*at, tick, |ix| SHAPES.get(ix.0 as usize).copied()), "there is room for {tick:?}");
    }
    fold.finish()
}

pub fn chosen(ticks: &[(UtcMs, Tick)], wanted: impl Fn(usize) -> bool) -> Vec<(UtcMs, Tick)> {
    ticks.iter().enumerate().filter(|(at, _)| wanted(*at)).map(|(_, tick)| tick.clone()).collect()
}

/// How far a tick's number, and its time, are from those of the one before.
type Step = (u64, i64);

/// What four series say, and whether the counters begin anew.
type Values = (i64, i64, f64, f64, bool);

/// Ticks of one hour, with holes, of a machine whose clock is sometimes set.
pub fn some_ticks(most: usize) -> impl Strategy<Value = Vec<(UtcMs, Tick)>> {
    let step = prop_oneof![8 => Just((1u64, 10_000i64)), 1 => (1u64..5, 0i64..200_000), 1 => (1u64..3, -300_000i64..0)];
    let values = (-1_000i64..1_000, 0i64..40, any_double(), any_double(), prop::bool::weighted(0.05));
    prop::collection::vec((step, values), most..=most).prop_map(|steps| {
        let (mut number, mut at, mut total, mut climbs) = (0u64, 0i64, 0i64, 0f64);
        let tick = |((more, later), (level, climb, one, other, again)): (Step, Values)| {
            number += more;
            at = (at + later).rem_euclid(HOUR_MS);
            (total, climbs) = if again { (climb, climb as f64) } else { (total + climb, climbs + climb as f64) };
            let double = if one.is_finite() { climbs } else { one };
            let values = [level, total, double.to_bits().cast_signed(), other.to_bits().cast_signed()];
            ticked(number, at, values)
        };
        steps.into_iter().map(tick).collect()
    })
}

fn ticked(number: u64, at: i64, values: [i64; 4]) -> (UtcMs, Tick) {
    let samples = (0..).zip(values).map(|(ix, value)| Sample { series: SeriesIx(ix), value }).collect();
    let boot = Boot { no: 1, ms: number * 10_000 };
    (UtcMs(T0 + at), Tick { seq: Seq(number), at: Moment { utc: UtcMs(T0 + at), boot }, samples })
}

/// Sums of these are exact, so that pieces may be compared.
fn any_double() -> impl Strategy<Value = f64> {
    let special = prop::sample::select(vec![
        f64::NAN,
        f64::from_bits(STALE),
        f64::INFINITY,
        f64::NEG_INFINITY,
        -0.0,
        0.25,
        9.5367431640625e-7,
        1e15,
    ]);
    prop_oneof![4 => (-1_000i32..1_000).prop_map(f64::from), 1 => special]
}

pub fn double_tick(at: usize, value: f64) -> (UtcMs, Tick) {
    let bits = value.to_bits().cast_signed();
    ticked(at as u64 + 1, at as i64 * 10_000, [0, 0, bits, bits])
}

/// What a cell should say, counted again without any cleverness.
pub fn plainly(ticks: &[(UtcMs, Tick)], series: SeriesIx, shape: Shape, cell: &Cell) -> Result<(), TestCaseError> {
    let resolution = if shape.exact { Resolution::Exact } else { Resolution::ONE };
    let all: Vec<(UtcMs, i64)> = ticks.iter().filter_map(|(at, tick)| Some((*at, tick.value(series)?))).collect();
    let value = |kept: &i64| resolution.value(*kept);
    let stale = |kept: &i64| shape.exact && kept.cast_unsigned() == STALE;
    prop_assert_eq!(cell.stale() as usize, all.iter().filter(|(_, kept)| stale(kept)).count());
    let nan = all.iter().filter(|(_, kept)| value(kept).is_nan() && !stale(kept)).count();
    prop_assert_eq!(cell.nan() as usize, nan);
    let numbers: Vec<(UtcMs, i64)> = all.into_iter().filter(|(_, kept)| !value(kept).is_nan()).collect();
    prop_assert_eq!(cell.count() as usize, numbers.len());
    prop_assert_eq!(cell.last(), numbers.last().copied());
    prop_assert_eq!(cell.first(), numbers.first().copied().filter(|_| shape.climbs));
    let values: Vec<f64> = numbers.iter().map(|(_, kept)| value(kept)).collect();
    let (min, max) = (cell.min().map(|kept| value(&kept)), cell.max().map(|kept| value(&kept)));
    prop_assert_eq!(min, values.iter().copied().min_by(f64::total_cmp));
    prop_assert_eq!(max, values.iter().copied().max_by(f64::total_cmp));
    let sum: f64 = values.iter().sum();
    let said = cell.sum(resolution);
    prop_assert!(
        said == sum || (said.is_nan() && sum.is_nan()) || (said - sum).abs() < 1e-9 * sum.abs(),
        "{} {}",
        said,
        sum
    );
    if shape.climbs && !values.is_empty() && values.iter().all(|value| value.is_finite() && value.abs() < 1e14) {
        let climbed: f64 = values.windows(2).map(|two| if two[1] < two[0] { two[1] } else { two[1] - two[0] }).sum();
        let said = cell.climb(resolution).expect("climbs are kept");
        prop_assert!((said - climbed).abs() < 1e-6, "{} {}", said, climbed);
    }
    Ok(())
}

/// Sets of places of which each two are apart, or one holds the other.
pub fn nested(len: usize, cuts: &[usize]) -> Vec<RangeSet> {
    let mut sets = vec![RangeSet::of(0, len as u64 - 1)];
    for cut in cuts {
        let set = sets[cut % sets.len()].clone();
        // By turns, so that the halves lie between one another.
        let own: Vec<u64> = set.ranges().flat_map(|(first, last)| first..=last).collect();
        let half =
            |from: usize| -> RangeSet { own.iter().skip(from).step_by(2).map(|number| (*number, *number)).collect() };
        let (even, odd) = (half(0), half(1));
        if even.is_empty() || odd.is_empty() || sets.contains(&even) {
            continue;
        }
        sets.extend([even, odd]);
    }
    // The whole stays away now and then, or nothing would have to be joined.
    if !cuts.len().is_multiple_of(3) {
        sets.remove(0);
    }
    if sets.is_empty() { vec![RangeSet::of(0, len as u64 - 1)] } else { sets }
}

pub fn shuffled(len: usize, mut seed: u64) -> Vec<usize> {
    let mut all: Vec<usize> = (0..len).collect();
    for at in (1..len).rev() {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        all.swap(at, (seed >> 33) as usize % (at + 1));
    }
    all
}
