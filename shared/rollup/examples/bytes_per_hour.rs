//! How many bytes does an hour of a machine come down to, with and without its minutes, and how long does it take?

use std::time::Instant;

use vigie_agent::collect::{Class, synthetic_value};
use vigie_codec::columns::Columns;
use vigie_model::{Boot, Moment, Sample, Seq, SeriesIx, Tick, UtcMs};
use vigie_rollup::{Fold, HOUR_MS, Hour, Piece, Shape, Sheet, Window};

const BEGIN: i64 = 497_000 * HOUR_MS;

fn tick(seq: u64, series: u32, class: Class, exact: bool) -> Tick {
    let value = |ix| {
        let value = synthetic_value(7, class, ix, seq);
        if exact { (value as f64).to_bits().cast_signed() } else { value }
    };
    Tick {
        seq: Seq(seq),
        at: Moment { utc: UtcMs(BEGIN + seq as i64 * 10_000), boot: Boot { no: 1, ms: seq * 10_000 } },
        samples: (0..series).map(|ix| Sample { series: SeriesIx(ix), value: value(ix) }).collect(),
    }
}

#[expect(clippy::print_stdout, reason = "a program that prints a table")]
fn main() {
    for (name, class, exact) in [
        ("machine", Class::Machine, false),
        ("noise", Class::Noise, false),
        ("machine, as doubles", Class::Machine, true),
    ] {
        for series in [150u32, 1_000] {
            let ticks: Vec<Tick> = (0..360).map(|seq| tick(seq, series, class, exact)).collect();
            // Every fifth a running total, as on a machine.
            let shape = |ix: SeriesIx| {
                let climbs = exact || ix.0.is_multiple_of(5);
                Some(Shape { exact, climbs, sketched: exact || !climbs })
            };
            let begun = Instant::now();
            let mut fold = Fold::new(Hour::of(UtcMs(BEGIN)));
            ticks.iter().for_each(|tick| assert!(fold.add(tick.at.utc, tick, shape)));
            let piece = fold.finish().expect("ticks");
            let folded = begun.elapsed();
            let begun = Instant::now();
            let (hours, minutes) = (piece.sheets(Window::Hour), piece.sheets(Window::Minute));
            let wrote = begun.elapsed();
            let weigh = |sheets: &[(SeriesIx, Vec<u8>)]| sheets.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
            let begun = Instant::now();
            let all = hours.iter().chain(&minutes).map(|(_, bytes)| bytes.as_slice());
            assert_eq!(Piece::of_sheets(all).as_ref(), Ok(&piece));
            let read = begun.elapsed();
            let begun = Instant::now();
            let one = Sheet::read(&minutes[0].1).expect("a sheet").series(SeriesIx(7)).expect("a series").0.len();
            let one_read = begun.elapsed();
            let raw = Columns::encode(&ticks).expect("a run");
            let raw = raw.head.len() + raw.leaves.iter().map(Vec::len).sum::<usize>();
            let (hours, minutes) = (weigh(&hours), weigh(&minutes));
            println!(
                "{name} {series}: hour {hours} B, minutes {minutes} B, raw {raw} B; fold {folded:?}, write {wrote:?}, read {read:?}, one series' {one} minutes {one_read:?}"
            );
        }
    }
}
