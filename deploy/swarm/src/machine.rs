//! What does one agent say, without its program? Figures made up, numbered and sealed by the agent's own mind.

use std::sync::Arc;

use vigie_agent::collect::{Class, synthetic_value};
use vigie_codec::SigningKey;
use vigie_codec::wire::Tally;
use vigie_model::{Anchor, Boot, ClockSource, Incarnation, Moment, NodeId, Sample, SeriesDef, SeriesIx, Tick, UtcMs};
use vigie_sync::keep::Write;
use vigie_sync::origin::{Origin, SealAfter};

/// What all machines of a swarm have in common.
#[derive(Debug, Clone)]
pub(crate) struct Kind {
    pub(crate) class: Class,
    pub(crate) series: u32,
    pub(crate) interval_ms: u64,
    pub(crate) seal_after: SealAfter,
    /// The definitions, for machines and relays alike.
    pub(crate) defs: Arc<[SeriesDef]>,
}

/// What a machine has measured in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) ticks: u64,
    pub(crate) samples: u64,
    seed: u64,
    class: Class,
}

impl Measured {
    /// How busy the processors were in each tick, in thousandths: the first of the made-up series.
    pub(crate) fn cpu(&self) -> impl Iterator<Item = i64> {
        let Self { seed, class, .. } = *self;
        (1..=self.ticks).map(move |seq| synthetic_value(seed, class, 0, seq))
    }
}

/// One simulated agent.
#[derive(Debug)]
pub(crate) struct Machine {
    origin: Origin,
    seed: u64,
    kind: Kind,
    /// How much older than its first tick the machine says its tail is: machines do not seal all at once.
    head_start_ms: u64,
    /// The machine's clock at its first tick.
    born_ms: Option<u64>,
}

impl Machine {
    /// A machine that has measured nothing. `share` is its place among all, from 0 up to 1.
    pub(crate) fn new(name: String, key: &SigningKey, life: Incarnation, seed: u64, share: f64, kind: &Kind) -> Self {
        let agent = NodeId::of_key(&key.verifying_key().to_bytes());
        let defs = kind.defs.to_vec();
        let origin = Origin::new(agent, life, name, key.clone(), defs, kind.seal_after);
        let head_start_ms = (kind.seal_after.age_ms as f64 * share) as u64;
        Self { origin, seed, kind: kind.clone(), head_start_ms, born_ms: None }
    }

    pub(crate) fn stream(&self) -> vigie_model::StreamId {
        self.origin.stream()
    }

    /// All it measured so far.
    pub(crate) fn all_measured(&self) -> Measured {
        let Tally { ticks, samples } = self.origin.tally();
        Measured { ticks, samples, seed: self.seed, class: self.kind.class }
    }

    /// What makes it known, and what its clock meant, before the first tick.
    pub(crate) fn introduction(&mut self, now: UtcMs) -> Vec<Write> {
        let (mut writes, promise) = self.origin.writes(0, now, false);
        self.origin.kept(&promise);
        let boot = self.boot_at(now);
        writes.push(self.origin.anchored(Anchor { boot, utc: now, error_ms: 5, source: ClockSource::Hub }));
        writes
    }

    /// History up to `until`, as it was sealed when it was measured.
    pub(crate) fn history(&mut self, ticks: u64, until: UtcMs) -> Vec<Write> {
        let mut writes = Vec::new();
        for back in (1..=ticks).rev() {
            let at = UtcMs(until.0 - (back * self.kind.interval_ms).cast_signed());
            let now_ms = at.0.cast_unsigned();
            // A number is always free: each was followed by a commit.
            let _numbered = self.tick(at, now_ms);
            writes.extend(self.kept(now_ms, at, back == 1).into_iter().filter(is_lasting));
        }
        // What was given back at the end is reserved again.
        writes.extend(self.kept(until.0.cast_unsigned(), until, false));
        self.born_ms = None;
        writes
    }

    /// Measures a tick that is due at `at`, a whole second.
    pub(crate) fn measure(&mut self, at: UtcMs, now_ms: u64) -> Option<Arc<Tick>> {
        let now_ms = self.own_clock(now_ms);
        self.tick(at, now_ms)
    }

    /// What is to be kept now; `closing` seals all there is.
    pub(crate) fn writes(&mut self, now_ms: u64, now: UtcMs, closing: bool) -> Vec<Write> {
        let now_ms = self.own_clock(now_ms);
        self.kept(now_ms, now, closing)
    }

    fn kept(&mut self, now_ms: u64, now: UtcMs, closing: bool) -> Vec<Write> {
        let (writes, promise) = self.origin.writes(now_ms, now, closing);
        // Memory keeps at once.
        self.origin.kept(&promise);
        writes
    }

    fn own_clock(&mut self, now_ms: u64) -> u64 {
        match self.born_ms {
            Some(_) => now_ms + self.head_start_ms,
            None => {
                self.born_ms = Some(now_ms);
                now_ms
            }
        }
    }

    fn tick(&mut self, at: UtcMs, now_ms: u64) -> Option<Arc<Tick>> {
        let seq = self.origin.tally().ticks + 1;
        let value = |series| synthetic_value(self.seed, self.kind.class, series, seq);
        let samples =
            (0..self.kind.series).map(|series| Sample { series: SeriesIx(series), value: value(series) }).collect();
        self.origin.measured(Moment { utc: at, boot: self.boot_at(at) }, samples, now_ms)
    }

    /// A machine that booted some time ago, each another.
    fn boot_at(&self, at: UtcMs) -> Boot {
        const BOOTED: i64 = 1_750_000_000_000;
        let ms = at.0 - BOOTED - (self.seed % 1_000_000).cast_signed();
        Boot { no: 1, ms: ms.max(0).cast_unsigned() }
    }
}

/// Whether a write outlasts its sealing: loose ticks of history are in segments by its end.
fn is_lasting(write: &Write) -> bool {
    !matches!(write, Write::Ticks { .. } | Write::Reserve { .. } | Write::Tally { .. })
}

#[cfg(test)]
mod tests {
    use vigie_agent::collect::synthetic_series;
    use vigie_codec::segment::Segment;

    use super::*;

    fn machine(seed: u64, share: f64) -> (Machine, SigningKey) {
        let kind = Kind {
            class: Class::Machine,
            series: 7,
            interval_ms: 10_000,
            seal_after: SealAfter { ticks: 360, age_ms: 600_000 },
            defs: (0..7).map(|series| synthetic_series(Class::Machine, series)).collect(),
        };
        let key = SigningKey::from_bytes(&[3; 32]);
        (Machine::new("sim".to_owned(), &key, Incarnation(9), seed, share, &kind), key)
    }

    fn segments(writes: Vec<Write>) -> Vec<Segment> {
        let segment = |write| if let Write::Segment(segment) = write { Some(segment) } else { None };
        writes.into_iter().filter_map(segment).collect()
    }

    #[test]
    fn history_is_signed_without_a_hole_and_holds_what_the_synthetic_collector_says() {
        let (mut machine, key) = machine(5, 0.0);
        machine.introduction(UtcMs(0));
        let segments = segments(machine.history(200, UtcMs(1_790_000_000_000)));
        assert!(segments.len() > 2, "it was sealed as it was measured, not at the end");
        let mut next = 1;
        for segment in &segments {
            segment.verify(&key.verifying_key()).expect("its agent signed it");
            for tick in segment.ticks().expect("it can be read") {
                assert_eq!((tick.seq.0, tick.samples.len()), (next, 7));
                let made = |sample: &Sample| synthetic_value(5, Class::Machine, sample.series.0, next);
                assert!(tick.samples.iter().all(|sample| sample.value == made(sample)));
                next += 1;
            }
        }
        assert_eq!((next, machine.all_measured().ticks), (201, 200));
        assert!(machine.measure(UtcMs(1_790_000_000_000), 0).is_some(), "and it goes on");
    }

    #[test]
    fn machines_seal_for_the_first_time_one_after_the_other() {
        let first_seal = |share| {
            let (mut machine, _) = machine(1, share);
            machine.introduction(UtcMs(0));
            (0..100_u64).find(|tick| {
                let (at, now_ms) = (UtcMs(1_790_000_000_000 + tick.cast_signed() * 10_000), tick * 10_000);
                machine.measure(at, now_ms);
                !segments(machine.writes(now_ms, at, false)).is_empty()
            })
        };
        assert_eq!([0.0, 0.5, 0.9].map(first_seal), [Some(60), Some(30), Some(6)]);
    }
}
