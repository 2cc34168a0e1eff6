//! A machine to keep things of.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::receipt::Receipt;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, Segment, seal};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_merge::RangeSet;
use vigie_model::{
    Anchor, Boot, ClockSource, Gap, GapReason, Incarnation, Kind, Moment, NodeId, Resolution, Role, Sample, Seq,
    SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};
use vigie_store::fault::FaultDisk;
use vigie_store::{LayOut, Log, Options, Outcome, Record, Rollups, Write};
use vigie_sync::Ledger;

pub const T0: i64 = 1_700_000_000_000;

/// An agent with a key and a stream.
pub struct Machine {
    pub key: SigningKey,
    pub stream: StreamId,
    pub series: u32,
    /// Whether its values are as hard to code as values can be.
    pub noisy: bool,
    /// Its stream's name.
    pub name: String,
}

impl Machine {
    pub fn new(seed: u8) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let agent = NodeId::of_key(key.verifying_key().as_bytes());
        let stream = StreamId { agent, incarnation: Incarnation(u64::from(seed)) };
        Self { key, stream, series: 5, noisy: false, name: format!("machine-{seed}") }
    }

    pub fn hello(&self) -> Write {
        let key = *self.key.verifying_key().as_bytes();
        Write::Stream { stream: self.stream, key, name: self.name.clone() }
    }

    /// A tick whose every value follows from its number.
    pub fn tick(&self, number: u64) -> Tick {
        let noise = |series| Chance(number * 1_000 + u64::from(series)).next().cast_signed();
        let of = |series| if self.noisy { noise(series) } else { value(number, series) };
        let samples = (0..self.series).map(|series| Sample { series: SeriesIx(series), value: of(series) });
        let at = Moment { utc: UtcMs(T0 + number as i64 * 10_000), boot: Boot { no: 1, ms: number * 10_000 } };
        Tick { seq: Seq(number), at, samples: samples.collect() }
    }

    pub fn ticks(&self, first: u64, last: u64) -> Write {
        let ticks = (first..=last).map(|number| Arc::new(self.tick(number))).collect();
        Write::Ticks { stream: self.stream, ticks }
    }

    pub fn segment(&self, first: u64, last: u64) -> Segment {
        self.segment_after(HeaderHash::NONE, first, last)
    }

    /// A segment that names the one before it.
    pub fn segment_after(&self, before: HeaderHash, first: u64, last: u64) -> Segment {
        let ticks: Vec<Tick> = (first..=last).map(|number| self.tick(number)).collect();
        seal(self.stream, &ticks, (0, SchemaHash::EMPTY), before, &self.key).expect("a run of ticks")
    }

    pub fn sealed(&self, first: u64, last: u64) -> Write {
        Write::Segment(self.segment(first, last))
    }

    /// Definitions of so many series.
    pub fn definitions(&self, count: u32) -> Write {
        let def =
            |ix: u32| SeriesDef::new(&format!("m{ix}"), &[], "", Kind::Gauge, Resolution::ONE).expect("a plain name");
        Write::Schema { stream: self.stream, from: 0, defs: (0..count).map(def).collect() }
    }

    /// A segment of ticks of several senders in turn, each with ten series of its own.
    pub fn sealed_in_turns(&self, first: u64, last: u64, senders: u64) -> Write {
        let tick = |number: u64| {
            let from = (number % senders) as u32 * 10;
            let samples = (from..from + 10).map(|ix| Sample { series: SeriesIx(ix), value: value(number, ix) });
            Tick { samples: samples.collect(), ..self.tick(number) }
        };
        let ticks: Vec<Tick> = (first..=last).map(tick).collect();
        let schema = (0, SchemaHash::EMPTY);
        Write::Segment(seal(self.stream, &ticks, schema, HeaderHash::NONE, &self.key).expect("a run of ticks"))
    }

    pub fn gap(&self, first: u64, last: u64, reason: GapReason, samples: Option<u64>) -> Write {
        let gap = Gap { first: Seq(first), last: Seq(last), reason, samples, noted_at: UtcMs(T0) };
        Write::Statement(SignedStatement::new(self.stream, Statement::Gap(gap), &self.key))
    }

    pub fn anchor(&self, boot_no: u32, boot_ms: u64, utc: i64) -> Write {
        self.anchor_within(20, boot_no, boot_ms, utc)
    }

    pub fn anchor_within(&self, error_ms: u32, boot_no: u32, boot_ms: u64, utc: i64) -> Write {
        let boot = Boot { no: boot_no, ms: boot_ms };
        let anchor = Anchor { boot, utc: UtcMs(utc), error_ms, source: ClockSource::Hub };
        Write::Statement(SignedStatement::new(self.stream, Statement::Anchor(anchor), &self.key))
    }

    pub fn receipt(&self, held: RangeSet, hub_epoch: u64, at: i64) -> Write {
        let hub = SigningKey::from_bytes(&[200; 32]);
        Write::Receipt(Receipt::new(self.stream, held, 0, hub_epoch, UtcMs(at), &hub))
    }
}

pub fn value(number: u64, series: u32) -> i64 {
    (number as i64 * 7 + i64::from(series) * 1_000) % 100_003
}

pub fn def(place: u32) -> SeriesDef {
    let label = place.to_string();
    SeriesDef::new("test.value", &[("place", &label)], "1", Kind::Gauge, Resolution::ONE).expect("a plain series")
}

pub fn set(ranges: &[(u64, u64)]) -> RangeSet {
    ranges.iter().copied().collect()
}

pub fn options() -> Options {
    Options {
        cap_percent_of_disk: None,
        new_epoch: Some(7),
        cache_bytes: 4 << 20,
        lay_out: LayOut::All,
        lay_out_ticks: 20,
        rollups: Rollups::All,
        ..Options::relay(1 << 30)
    }
}

pub fn agent_options(cap_bytes: u64) -> Options {
    Options { cap_percent_of_disk: None, new_epoch: Some(7), ..Options::agent(cap_bytes) }
}

pub fn open(disk: &FaultDisk) -> Log {
    Log::open_on(disk.clone(), options()).expect("the disk is sound").0
}

/// Commits and expects that all was kept.
pub fn keep(log: &mut Log, writes: Vec<Write>) {
    for outcome in log.commit(writes).expect("the disk is sound") {
        assert!(matches!(outcome, Outcome::Kept(_)), "{outcome:?}");
    }
}

/// Everything that can be loaded, number by number; panics on a wrong value.
pub fn served(log: &Log, machine: &Machine) -> Served {
    let all = RangeSet::of(1, u64::MAX - 1);
    let mut served = Served::default();
    let mut wanted = all;
    while let Ok(records) = log.load(machine.stream, &wanted, 1 << 20, true) {
        if records.is_empty() {
            break;
        }
        for record in records {
            match record {
                Record::Segment(segment) => {
                    segment.verify(&machine.key.verifying_key()).expect("what the agent signed");
                    wanted.remove(segment.header().first.0, segment.header().last.0);
                    for tick in segment.ticks().expect("a block") {
                        assert_eq!(tick, machine.tick(tick.seq.0), "a wrong value was served");
                        assert!(served.ticks.insert(tick.seq.0, tick.seq.0), "tick {} was served twice", tick.seq);
                    }
                }
                Record::Ticks(ticks) => {
                    for tick in ticks {
                        assert_eq!(*tick, machine.tick(tick.seq.0), "a wrong value was served");
                        assert!(served.ticks.insert(tick.seq.0, tick.seq.0), "tick {} was served twice", tick.seq);
                        wanted.remove(tick.seq.0, tick.seq.0);
                    }
                }
                Record::Statement(said) => {
                    said.verify(&machine.key.verifying_key()).expect("what the agent signed");
                    if let Statement::Gap(gap) = said.statement {
                        served.gaps.insert(gap.first.0, gap.last.0);
                        wanted.remove(gap.first.0, gap.last.0);
                    }
                }
            }
        }
    }
    served
}

/// Lays out all that is worth it; says how often anything was.
pub fn lay_out(log: &mut Log) -> usize {
    let mut laid_out = 0;
    while let Ok(gathered) = log.gather(2)
        && !gathered.is_empty()
    {
        let laid: Vec<_> = gathered.into_iter().map(|one| one.lay_out().expect("honest segments")).collect();
        match log.put_in_place(&laid) {
            Ok(in_place) => assert_eq!(in_place, laid.len(), "nothing changed meanwhile"),
            Err(_) => break,
        }
        laid_out += laid.len();
    }
    laid_out
}

/// The numbers of all ticks that answer a question about all time, series by series; panics on a wrong value.
pub fn asked(log: &Log, machine: &Machine) -> RangeSet {
    let series: Vec<SeriesIx> = (0..machine.series).map(SeriesIx).collect();
    let mut ticks = vec![RangeSet::new(); series.len()];
    log.columns_between(machine.stream, &series, UtcMs(i64::MIN), UtcMs(i64::MAX), |columns| {
        for ((column, ix), ticks) in columns.iter().zip(&series).zip(&mut ticks) {
            for (at, value) in column.times_ms.iter().zip(&column.values) {
                let number = (at - T0) as u64 / 10_000;
                assert_eq!(machine.tick(number).value(*ix), Some(*value), "a wrong value was served");
                assert!(ticks.insert(number, number), "tick {number} was served twice");
            }
        }
        ControlFlow::Continue(())
    })
    .expect("sound");
    assert!(ticks.iter().all(|one| *one == ticks[0]), "all series stand in all ticks");
    ticks.swap_remove(0)
}

#[derive(Debug, Default, PartialEq, Eq)]
pub struct Served {
    pub ticks: RangeSet,
    pub gaps: RangeSet,
}

pub fn given_up(log: &Log, machine: &Machine) -> BTreeMap<GapReason, u64> {
    Ledger::of(&log.streams()[&machine.stream], Role::Agent).given_up
}

/// splitmix64, so that a test's seed is its name.
pub struct Chance(pub u64);

impl Chance {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// redb panics on damaged pages, and says so each time.
pub fn quiet_redb() {
    let loud = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if panic.location().is_none_or(|at| !at.file().contains("redb")) {
            loud(panic);
        }
    }));
}

/// Twelve segments, one after the other.
pub fn segments(machine: &Machine) -> Vec<Segment> {
    (0..12u64).map(|at| machine.segment(1 + at * 300, (at + 1) * 300)).collect()
}

/// A closed log with those segments in it.
pub fn written(machine: &Machine, laid_out: bool) -> Vec<u8> {
    let disk = FaultDisk::new();
    let mut log = open(&disk);
    let schema = Write::Schema { stream: machine.stream, from: 0, defs: (0..5).map(def).collect() };
    keep(&mut log, vec![machine.hello(), schema]);
    keep(&mut log, segments(machine).into_iter().map(Write::Segment).collect());
    if laid_out {
        assert!(lay_out(&mut log) > 0);
    }
    keep(&mut log, vec![machine.ticks(3_601, 3_800), machine.gap(9_001, 9_020, GapReason::Interrupted, None)]);
    drop(log);
    disk.image()
}
