//! What do machines measure that are not there?
//!
//! Pure: the same machine at the same moment always measures the same. Levels wander about what such a machine has at that
//! hour; totals are the sum of a rate that is never negative, so that they only grow, over restarts too.

use std::f64::consts::TAU;

use vigie_model::{Kind, Resolution, Sample, SeriesDef, SeriesIx, UtcMs};

use crate::cast::{Part, Sort};

/// How often machines measure.
pub(crate) const EVERY_MS: i64 = 10_000;

const DAY_MS: f64 = 86_400_000.0;

/// So long before the beginning each had been switched on: nobody is to be told that it just started.
const UP_BEFORE_MS: i64 = 17 * 86_400_000;

/// Whole kilobytes: nobody looks closer.
const BYTES: Resolution = Resolution::Step { step: 4_096, exponent: 0 };

/// A series, and what it measures.
struct Series {
    name: &'static str,
    labels: &'static [(&'static str, &'static str)],
    unit: &'static str,
    kind: Kind,
    resolution: Resolution,
    value: fn(&Moment) -> f64,
}

/// What an agent says of itself; none of it is made up.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Own {
    /// What its store takes, and may take, on the disk.
    pub(crate) store_bytes: u64,
    pub(crate) store_limit_bytes: u64,
    /// Ticks that nobody has acknowledged yet.
    pub(crate) waiting_ticks: u64,
}

/// One machine at one moment.
struct Moment {
    part: Part,
    at_ms: i64,
    /// Since the demonstration began.
    since_ms: i64,
    is_trouble: bool,
    own: Own,
}

const ROOT: [(&str, &str); 3] =
    [("system.device", "/dev/sda1"), ("system.filesystem.mountpoint", "/"), ("system.filesystem.type", "ext4")];

const fn in_state(state: &'static str) -> [(&'static str, &'static str); 4] {
    [ROOT[0], ROOT[1], ROOT[2], ("system.filesystem.state", state)]
}

const USED: [(&str, &str); 4] = in_state("used");
const FREE: [(&str, &str); 4] = in_state("free");

const fn level(
    name: &'static str,
    labels: &'static [(&'static str, &'static str)],
    unit: &'static str,
    resolution: Resolution,
    value: fn(&Moment) -> f64,
) -> Series {
    Series { name, labels, unit, kind: Kind::Gauge, resolution, value }
}

const fn total(
    name: &'static str,
    labels: &'static [(&'static str, &'static str)],
    value: fn(&Moment) -> f64,
) -> Series {
    Series { name, labels, unit: "By", kind: Kind::Counter, resolution: Resolution::ONE, value }
}

/// As agents name them. Their order is the place of each in its stream: a new one comes last.
const ALL: [Series; 17] = [
    level("system.cpu.utilization", &[], "1", Resolution::THOUSANDTH, Moment::cpu),
    level("system.cpu.load_average.1m", &[], "{thread}", Resolution::HUNDREDTH, Moment::load),
    level("system.memory.utilization", &[], "1", Resolution::THOUSANDTH, Moment::memory),
    level("system.memory.usage", &[("system.memory.state", "used")], "By", BYTES, |at| at.memory() * at.memory_bytes()),
    level("system.memory.usage", &[("system.memory.state", "free")], "By", BYTES, |at| {
        (1.0 - at.memory()) * at.memory_bytes()
    }),
    level("system.filesystem.utilization", &ROOT, "1", Resolution::THOUSANDTH, Moment::disk),
    level("system.filesystem.usage", &USED, "By", BYTES, |at| at.disk() * at.disk_bytes()),
    level("system.filesystem.usage", &FREE, "By", BYTES, |at| (1.0 - at.disk()) * at.disk_bytes()),
    level("system.filesystem.limit", &ROOT, "By", BYTES, Moment::disk_bytes),
    total("system.network.io", &[("network.interface.name", "eth0"), ("network.io.direction", "receive")], |at| {
        at.passed(1.0)
    }),
    total("system.network.io", &[("network.interface.name", "eth0"), ("network.io.direction", "transmit")], |at| {
        at.passed(0.4)
    }),
    total("system.disk.io", &[("system.device", "sda"), ("disk.io.direction", "write")], |at| at.passed(0.1)),
    level("system.uptime", &[], "s", Resolution::ONE, |at| ((at.since_ms + UP_BEFORE_MS) / 1_000) as f64),
    level("vigie.agent.store.usage", &[], "By", BYTES, |at| at.own.store_bytes as f64),
    level("vigie.agent.store.limit", &[], "By", BYTES, |at| at.own.store_limit_bytes as f64),
    level("vigie.agent.ticks.waiting", &[], "{tick}", Resolution::ONE, |at| at.own.waiting_ticks as f64),
    level("hw.temperature", &[("hw.id", "chamber")], "Cel", Resolution::TENTH, Moment::chamber),
];

/// Only cold rooms have the last.
fn of(part: &Part) -> &'static [Series] {
    if part.sort == Sort::ColdRoom { &ALL } else { &ALL[..ALL.len() - 1] }
}

/// The series of a machine.
pub(crate) fn series(part: &Part) -> Vec<SeriesDef> {
    let def = |one: &Series| SeriesDef::new(one.name, one.labels, one.unit, one.kind, one.resolution);
    // Plain names and decimal steps; a test makes them all.
    of(part).iter().filter_map(|one| def(one).ok()).collect()
}

/// What a machine measures now, so long after the demonstration began, and what its agent says of itself.
pub(crate) fn measured(part: &Part, at: UtcMs, since_ms: i64, is_trouble: bool, own: Own) -> Vec<Sample> {
    let is_trouble = is_trouble && part.sort == Sort::Server;
    let moment = Moment { part: *part, at_ms: at.0, since_ms: since_ms.max(0), is_trouble, own };
    let sample = |(ix, one): (u32, &Series)| {
        let value = one.resolution.quantise((one.value)(&moment))?;
        Some(Sample { series: SeriesIx(ix), value })
    };
    (0..).zip(of(part)).filter_map(sample).collect()
}

impl Moment {
    /// Between 0 at night and 1 in the middle of the day: shops are open in the daytime of central Europe.
    fn day(&self) -> f64 {
        let hour = (self.at_ms as f64 + 3_600_000.0).rem_euclid(DAY_MS) / DAY_MS * 24.0;
        ((hour - 7.0) / 13.0 * TAU / 2.0).sin().max(0.0) * f64::from(u8::from((7.0..20.0).contains(&hour)))
    }

    /// Between -1 and 1, smooth: another value each so many seconds, and a line between them.
    fn wander(&self, salt: u64, over_s: i64) -> f64 {
        let over_ms = over_s * 1_000;
        let (no, into) = (self.at_ms.div_euclid(over_ms), self.at_ms.rem_euclid(over_ms) as f64 / over_ms as f64);
        let point = |no: i64| {
            let mixed = mix(self.part.seed() ^ salt.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ no.cast_unsigned());
            (mixed >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
        };
        point(no) * (1.0 - into) + point(no + 1) * into
    }

    fn cpu(&self) -> f64 {
        let (quiet, busy) = match self.part.sort {
            Sort::Till => (0.05, 0.30),
            Sort::Server => (0.15, 0.35),
            Sort::ColdRoom => (0.03, 0.02),
            Sort::Router => (0.06, 0.20),
            Sort::Screen => (0.25, 0.10),
            Sort::Storage => (0.08, 0.05),
        };
        let trouble = if self.is_trouble { 0.2 } else { 0.0 };
        (quiet + busy * self.day() + trouble + 0.05 * self.wander(1, 60) + 0.03 * self.wander(2, 20)).clamp(0.01, 0.9)
    }

    fn load(&self) -> f64 {
        self.cpu() * f64::from(self.part.made().cores)
    }

    fn memory(&self) -> f64 {
        let usual = match self.part.sort {
            Sort::Till | Sort::Screen => 0.55,
            Sort::Server => 0.68,
            Sort::ColdRoom => 0.30,
            Sort::Router => 0.40,
            Sort::Storage => 0.50,
        };
        if self.is_trouble { 0.991 } else { usual + 0.04 * self.day() + 0.02 * self.wander(3, 600) }
    }

    fn disk(&self) -> f64 {
        let days = self.since_ms as f64 / DAY_MS;
        match self.part.sort {
            // Above what is warned of from the first minute, and no critical one within a month.
            Sort::Storage => (0.922 + 0.0015 * days).min(0.965),
            Sort::Server => (0.61 + 0.004 * days).min(0.85),
            Sort::Till | Sort::Screen => 0.38,
            Sort::ColdRoom | Sort::Router => 0.22,
        }
    }

    fn chamber(&self) -> f64 {
        // A compressor that comes and goes every twenty minutes.
        -19.0 + 0.8 * (self.at_ms as f64 / 1_200_000.0 * TAU).sin() + 0.3 * self.wander(4, 120)
    }

    /// Bytes since the machine was switched on, at a share of what it usually passes.
    fn passed(&self, share: f64) -> f64 {
        let per_s = match self.part.sort {
            Sort::Till => 9_000.0,
            Sort::Server => 140_000.0,
            Sort::ColdRoom => 700.0,
            Sort::Router => 260_000.0,
            Sort::Screen => 30_000.0,
            Sort::Storage => 90_000.0,
        };
        let up_s = (self.since_ms + UP_BEFORE_MS) as f64 / 1_000.0;
        // The rate is 1 + 0.6 cos + 0.3 cos of two periods, which is never below a tenth.
        let wave = |size: f64, period_s: f64| size * period_s / TAU * (up_s / period_s * TAU).sin();
        (per_s * share * (up_s + wave(0.6, 86_400.0) + wave(0.3, 900.0))).max(0.0)
    }

    fn memory_bytes(&self) -> f64 {
        self.part.made().memory_bytes as f64
    }

    fn disk_bytes(&self) -> f64 {
        self.part.made().disk_bytes as f64
    }
}

/// SplitMix64's last step: neighbours become strangers.
fn mix(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cast::CAST;

    const BEGAN: i64 = 1_790_000_000_000;

    fn values(part: &Part, since_ms: i64, is_trouble: bool) -> Vec<f64> {
        let samples = measured(part, UtcMs(BEGAN + since_ms), since_ms, is_trouble, Own::default());
        samples.iter().zip(series(part)).map(|(sample, def)| def.resolution().value(sample.value)).collect()
    }

    fn value(part: &Part, name: &str, since_ms: i64, is_trouble: bool) -> f64 {
        let at = series(part).iter().position(|def| def.name() == name).expect("it has such a series");
        values(part, since_ms, is_trouble)[at]
    }

    #[test]
    fn every_machine_measures_each_of_its_series_every_time() {
        for part in &CAST {
            assert_eq!(series(part).len(), of(part).len(), "each is a plain series");
            for since in (0..40 * 86_400_000).step_by(3_333_333) {
                let samples = measured(part, UtcMs(BEGAN + since), since, since % 2 == 0, Own::default());
                assert_eq!(samples.len(), of(part).len(), "{} at {since}", part.name);
                assert!((0..).zip(&samples).all(|(ix, sample)| sample.series == SeriesIx(ix)));
            }
        }
    }

    #[test]
    fn totals_only_grow_and_shares_are_shares() {
        for part in &CAST {
            let defs = series(part);
            let mut before: Option<Vec<f64>> = None;
            for since in (0..3 * 86_400_000).step_by(10_000 * 31) {
                let now = values(part, since, false);
                for (at, def) in defs.iter().enumerate() {
                    if def.unit() == "1" {
                        assert!((0.0..=1.0).contains(&now[at]), "{} of {}: {}", def.name(), part.name, now[at]);
                    }
                    if let (Kind::Counter, Some(before)) = (def.kind(), &before) {
                        assert!(now[at] > before[at], "{} of {} at {since}", def.name(), part.name);
                    }
                }
                before = Some(now);
            }
        }
    }

    #[test]
    fn the_server_runs_out_of_memory_in_trouble_and_nobody_else_does() {
        for part in &CAST {
            let full = value(part, "system.memory.utilization", 70_000, true) > 0.98;
            assert_eq!(full, part.sort == Sort::Server, "{}", part.name);
            assert!(value(part, "system.memory.utilization", 70_000, false) < 0.88, "{}", part.name);
        }
    }

    #[test]
    fn one_disk_is_warned_of_from_the_first_minute_and_none_is_critical_within_a_month() {
        for part in &CAST {
            let full = |since| value(part, "system.filesystem.utilization", since, false);
            assert_eq!(full(60_000) > 0.9, part.sort == Sort::Storage, "{}", part.name);
            assert!(full(30 * 86_400_000) < 0.97, "{}", part.name);
        }
    }
}
