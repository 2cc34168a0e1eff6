//! What does a page cost on the live lane and in a sealed block, in steps and as doubles?

use std::collections::HashMap;

use vigie_codec::block;
use vigie_codec::live::LiveEncoder;
use vigie_formats::{ForeignSeries, NAME};
use vigie_model::{Boot, Moment, Sample, Seq, SeriesIx, Tick, UtcMs};

use super::{Desk, Reading, Said};
use crate::collect::Schema;

const NOON: i64 = 1_795_219_200_000;

#[test]
fn steps_cost_less_than_half_of_what_doubles_cost() {
    let (steps, doubles) = costs((0..60).map(made_up_page));
    assert!(steps.live * 2.0 < doubles.live && steps.sealed * 2.0 < doubles.sealed, "{steps:?} {doubles:?}");
}

/// Bytes for each sample, the first tick left out: it pays once for what is new.
#[derive(Debug)]
struct Cost {
    live: f64,
    sealed: f64,
}

fn costs(pages: impl Iterator<Item = Vec<ForeignSeries>>) -> (Cost, Cost) {
    let mut schema = Schema::new();
    let mut desk = Desk::new(20_000, &schema);
    let mut readings = Vec::new();
    for (series, nth) in pages.zip(0..) {
        let said = Said { source: 0, at: at(nth), whole: true, series, answer: None };
        readings.extend(desk.take(&said, &mut schema).0);
    }
    let doubles = as_doubles(&readings, &schema);
    (cost(&readings), cost(&doubles))
}

fn cost(readings: &[Reading]) -> Cost {
    let tick =
        |(reading, seq): (&Reading, u64)| Tick { seq: Seq(seq), at: reading.at, samples: reading.samples.clone() };
    let ticks: Vec<Tick> = readings.iter().zip(1..).map(tick).collect();
    let mut lane = LiveEncoder::new();
    let live: Vec<usize> = ticks.iter().map(|tick| lane.encode(0, tick).len()).collect();
    let samples: usize = ticks[1..].iter().map(|tick| tick.samples.len()).sum();
    let sealed = block::encode(&ticks).len() - block::encode(&ticks[..1]).len();
    Cost { live: live[1..].iter().sum::<usize>() as f64 / samples as f64, sealed: sealed as f64 / samples as f64 }
}

/// The same readings, every series in the bits of its doubles.
fn as_doubles(readings: &[Reading], schema: &Schema) -> Vec<Reading> {
    let mut places: HashMap<_, u32> = HashMap::new();
    let mut one = |sample: &Sample| {
        let def = schema.def(sample.series).expect("declared");
        let next = places.len() as u32;
        let place = *places.entry((def.name(), def.labels())).or_insert(next);
        let value = def.resolution().value(sample.value).to_bits().cast_signed();
        Sample { series: SeriesIx(place), value }
    };
    let mut all = Vec::new();
    for reading in readings {
        let mut samples: Vec<_> = reading.samples.iter().map(&mut one).collect();
        samples.sort_unstable_by_key(|sample| sample.series);
        all.push(Reading { at: reading.at, samples });
    }
    all
}

fn at(nth: i64) -> Moment {
    Moment { utc: UtcMs(NOON + 10_000 * nth), boot: Boot { no: 1, ms: 9_000_000 + 10_000 * nth.cast_unsigned() } }
}

/// Totals of bytes, packets and processor seconds that grow unevenly, beside levels that stand still.
fn made_up_page(nth: i64) -> Vec<ForeignSeries> {
    let uneven = |series: i64| (nth * nth * (series + 3) * 7_919 + nth * 104_729 * series) as f64;
    let value = |series: i64| match series % 4 {
        0 => 1e6 + uneven(series),
        1 => (uneven(series) % 1e9).round() / 100.0,
        2 => 4_096.0 * series as f64,
        _ => 1.5 * series as f64,
    };
    let one = |series: i64| ForeignSeries {
        labels: vec![(NAME.to_owned(), format!("made_up_{series}"))],
        samples: vec![(at(nth).utc.0, value(series))],
        metadata: None,
        started_ms: None,
    };
    (0..200).map(one).collect()
}
