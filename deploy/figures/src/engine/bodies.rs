//! What do machines say, as remote write? The values that `vigie-sim` makes up, so that every program keeps the same.

use std::time::Duration;

use vigie_agent::collect::{Class, synthetic_series, synthetic_value};
use vigie_formats::remote_write::V1Writer;
use vigie_model::Resolution;

/// Seconds from one tick to the next, where machines bring them by sessions.
pub(super) const INTERVAL_S: u64 = 10;

/// Ticks of one machine in one body: ten minutes. With all series of a machine that is what senders of backlogs send.
pub(super) const TICKS_AT_ONCE: u64 = 60;

/// Some machines over some time.
#[derive(Debug, Clone, Copy)]
pub(super) struct World {
    pub(super) machines: u32,
    pub(super) relays: u32,
    pub(super) series: u32,
    pub(super) ticks: u64,
    /// Seconds from one tick to the next.
    pub(super) interval_s: u64,
    /// Ticks of one machine in one body.
    pub(super) at_once: u64,
    /// How much later each machine measures than the one before it.
    pub(super) apart_ms: u32,
    /// How long a stretch of time takes at least to be pushed.
    pub(super) pace: Duration,
}

/// One body, packed.
#[derive(Debug)]
pub(super) struct Body {
    pub(super) bytes: Vec<u8>,
    pub(super) samples: u64,
}

/// One series without its machine: what all machines have in common.
struct Figure {
    labels: Vec<(String, String)>,
    resolution: Resolution,
}

impl World {
    pub(super) fn samples(&self) -> u64 {
        u64::from(self.machines) * u64::from(self.series) * self.ticks
    }

    pub(super) fn hours(&self) -> u64 {
        self.ticks * self.interval_s / 3_600
    }

    /// How the swarm calls a machine, and its site.
    pub(super) fn name_of(&self, machine: u32) -> (String, String) {
        let (relay, place) = (machine % self.relays, machine / self.relays);
        (format!("sim-{relay:03}-{place:04}"), format!("site-{relay:03}"))
    }

    /// The value of the first series of a machine in each tick, as people see it.
    pub(super) fn cpu(&self, machine: u32) -> impl Iterator<Item = f64> {
        let resolution = synthetic_series(Class::Machine, 0).resolution();
        let seed = seed(machine);
        (1..=self.ticks).map(move |seq| resolution.value(synthetic_value(seed, Class::Machine, 0, seq)))
    }

    /// The bodies of each stretch of time, one of each machine, the last tick at `end_ms`.
    pub(super) fn bodies(&self, end_ms: i64) -> Vec<Vec<Body>> {
        let figures: Vec<Figure> = (0..self.series).map(figure).collect();
        let stretches: Vec<u64> = (1..=self.ticks).step_by(self.at_once as usize).collect();
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let make = |firsts: &[u64]| -> Vec<Vec<Body>> {
            firsts.iter().map(|first| self.stretch(*first, &figures, end_ms)).collect()
        };
        std::thread::scope(|scope| {
            let parts = stretches.chunks(stretches.len().div_ceil(cores).max(1));
            let made: Vec<_> = parts.map(|firsts| scope.spawn(|| make(firsts))).collect();
            made.into_iter().flat_map(|part| part.join().expect("making up values does not panic")).collect()
        })
    }

    fn stretch(&self, first: u64, figures: &[Figure], end_ms: i64) -> Vec<Body> {
        let last = self.ticks.min(first + self.at_once - 1);
        (0..self.machines).map(|machine| self.body(machine, figures, (first, last), end_ms)).collect()
    }

    fn body(&self, machine: u32, figures: &[Figure], (first, last): (u64, u64), end_ms: i64) -> Body {
        let (name, site) = self.name_of(machine);
        let of_machine = [("client", "acme"), ("machine", &name), ("site", &site)];
        let end_ms = end_ms + i64::from(machine * self.apart_ms);
        let at_ms = |seq: u64| end_ms - ((self.ticks - seq) * self.interval_s * 1_000).cast_signed();
        let mut writer = V1Writer::default();
        let mut samples = Vec::new();
        for (series, figure) in (0..).zip(figures) {
            let mut labels: Vec<(&str, &str)> = figure.labels.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
            labels.extend(of_machine);
            labels.sort_unstable();
            let value = |seq| figure.resolution.value(synthetic_value(seed(machine), Class::Machine, series, seq));
            samples.clear();
            samples.extend((first..=last).map(|seq| (at_ms(seq), value(seq))));
            writer.series(&labels, &samples);
        }
        let bytes = writer.finish().expect("some thousand samples are far below 4 GiB");
        Body { bytes, samples: (last + 1 - first) * figures.len() as u64 }
    }
}

/// The seed that the swarm gives to its machine with this number.
fn seed(machine: u32) -> u64 {
    1_000_003 + u64::from(machine)
}

fn figure(series: u32) -> Figure {
    let def = synthetic_series(Class::Machine, series);
    let mut labels = def.prometheus_labels();
    labels.push(("__name__".to_owned(), def.prometheus_name()));
    Figure { labels, resolution: def.resolution() }
}

#[cfg(test)]
mod tests {
    use vigie_formats::Limits;
    use vigie_formats::remote_write::RemoteWrite;

    use super::*;

    #[test]
    fn every_sample_is_said_once_and_each_series_in_the_order_of_time() {
        let world = World {
            machines: 11,
            relays: 3,
            series: 8,
            ticks: 130,
            interval_s: 10,
            at_once: 60,
            apart_ms: 0,
            pace: Duration::ZERO,
        };
        let bodies = world.bodies(1_790_000_000_000);
        let mut last_ms = std::collections::BTreeMap::new();
        let mut samples = 0;
        for body in bodies.iter().flatten() {
            let batch = RemoteWrite::V1.decode_batch(&body.bytes, &Limits::default()).expect("it can be read");
            assert_eq!(batch.samples() as u64, body.samples);
            samples += body.samples;
            for series in batch.series {
                let times = series.samples.iter().map(|(at_ms, _)| *at_ms);
                let newest = last_ms.entry(series.labels).or_insert(0);
                times.for_each(|at_ms| {
                    assert!(at_ms > *newest);
                    *newest = at_ms;
                });
            }
        }
        assert_eq!((samples, last_ms.len()), (world.samples(), 11 * 8));
        assert!(last_ms.values().all(|at_ms| *at_ms == 1_790_000_000_000));
    }
}
