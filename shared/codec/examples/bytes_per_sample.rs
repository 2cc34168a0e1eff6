//! How many bytes does a sample of the synthetic machine cost, live and in blocks?

use vigie_agent::collect::{Class, synthetic_value};
use vigie_codec::block;
use vigie_codec::live::LiveEncoder;
use vigie_model::{Boot, Moment, Sample, Seq, SeriesIx, Tick, UtcMs};

fn tick(seq: u64, series: u32, class: Class) -> Tick {
    let value = |ix| synthetic_value(7, class, ix, seq);
    Tick {
        seq: Seq(seq),
        at: Moment { utc: UtcMs(1_790_000_000_000 + seq as i64 * 10_000), boot: Boot { no: 1, ms: seq * 10_000 } },
        samples: (0..series).map(|ix| Sample { series: SeriesIx(ix), value: value(ix) }).collect(),
    }
}

#[expect(clippy::print_stdout, reason = "a program that prints a table")]
fn main() {
    for (name, class) in [("machine", Class::Machine), ("noise", Class::Noise)] {
        for series in [100u32, 1_000] {
            let ticks: Vec<Tick> = (1..=720).map(|seq| tick(seq, series, class)).collect();
            let mut live = LiveEncoder::new();
            let sizes: Vec<usize> = ticks.iter().map(|tick| live.encode(0, tick).len()).collect();
            let warm: usize = sizes[360..].iter().sum();
            let mut line = format!("{name} {series}: live {:.3}", warm as f64 / 360.0 / f64::from(series));
            for block in [30, 60, 120, 360] {
                let bytes = block::encode(&ticks[..block]).len();
                line += &format!(" · block of {block} {:.3}", bytes as f64 / block as f64 / f64::from(series));
            }
            println!("{line}");
        }
    }
}
