//! Machines whose ticks come to a hub without a network.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockWriteGuard};

use vigie_codec::SigningKey;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, seal};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_fleet::{Fleet, Known};
use vigie_model::{
    Anchor, Boot, ClockSource, Gap, GapReason, Incarnation, Kind, Moment, NodeId, Resolution, Role, Sample, Seq,
    SeriesDef, SeriesIx, StreamId, Tick, UtcMs,
};
use vigie_node::{Happening, NodeClock};
use vigie_query::{Hints, LabelSet, Limits, Matcher, Selection, Source, SourceError, Visit};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Options, Rollups, Write};

pub const T0: i64 = 1_700_000_000_000;

/// A hub and what it knows.
pub struct Hub {
    pub log: Arc<RwLock<Log>>,
    pub fleet: Fleet,
}

/// One life of the store of a machine.
pub struct Machine {
    key: SigningKey,
    pub stream: StreamId,
}

impl Machine {
    pub fn new(seed: u8, incarnation: u64) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let agent = NodeId::of_key(key.verifying_key().as_bytes());
        Self { key, stream: StreamId { agent, incarnation: Incarnation(incarnation) } }
    }

    pub fn known(&self, site: &str, name: &str) -> Known {
        let slug = |text: &str| text.parse().expect("a slug");
        Known {
            node: self.stream.agent,
            role: Role::Agent,
            client: slug("acme"),
            site: slug(site),
            name: name.to_owned(),
        }
    }

    pub fn hello(&self) -> Write {
        Write::Stream { stream: self.stream, key: *self.key.verifying_key().as_bytes(), name: "box".to_owned() }
    }

    pub fn schema(&self, from: u32, defs: Vec<SeriesDef>) -> Write {
        Write::Schema { stream: self.stream, from, defs }
    }

    pub fn ticks(&self, ticks: impl IntoIterator<Item = Arc<Tick>>) -> Write {
        Write::Ticks { stream: self.stream, ticks: ticks.into_iter().collect() }
    }

    /// Ticks that follow one another, signed together.
    pub fn sealed(&self, ticks: &[Arc<Tick>]) -> Write {
        let ticks: Vec<Tick> = ticks.iter().map(|tick| Tick::clone(tick)).collect();
        let empty = (0, SchemaHash::EMPTY);
        Write::Segment(seal(self.stream, &ticks, empty, HeaderHash::NONE, &self.key).expect("a run of ticks"))
    }

    pub fn gap(&self, seq: u64) -> Write {
        let noted_at = UtcMs(T0);
        let gap = Gap { first: Seq(seq), last: Seq(seq), reason: GapReason::Interrupted, samples: None, noted_at };
        Write::Statement(SignedStatement::new(self.stream, Statement::Gap(gap), &self.key))
    }

    pub fn anchor(&self, boot: Boot, utc: i64, error_ms: u32) -> Write {
        let anchor = Anchor { boot, utc: UtcMs(utc), error_ms, source: ClockSource::Hub };
        Write::Statement(SignedStatement::new(self.stream, Statement::Anchor(anchor), &self.key))
    }
}

impl Hub {
    pub fn new() -> Self {
        let (log, _) = Log::open_on(FaultDisk::new(), Options { rollups: Rollups::All, ..Options::hub(1 << 30) })
            .expect("an empty disk");
        let log = Arc::new(RwLock::new(log));
        let fleet = fleet_of(&log);
        Self { log, fleet }
    }

    /// Begins again from what the log holds, with the same machines enrolled.
    pub fn restart(&mut self, enrolled: &[Known]) {
        self.fleet = fleet_of(&self.log);
        enrolled.iter().for_each(|known| self.fleet.enrolled(known.clone()));
    }

    /// Folds all that is sealed into minutes and hours, and tells the fleet.
    pub fn fold(&self, machine: &Machine) {
        let later = UtcMs(i64::MAX / 2);
        loop {
            let gathered = self.log().gather_folds(later, 8).expect("a disk in order");
            let folded: Vec<_> = gathered.into_iter().map(vigie_store::ToFold::fold).collect();
            if folded.is_empty() {
                break;
            }
            self.log().put_folded(&folded).expect("a disk in order");
        }
        self.commit(machine, Vec::new());
    }

    /// Deletes what was measured before a time, and tells the fleet.
    pub fn expire(&self, machine: &Machine, before_ms: i64) {
        while self.log().expire(machine.stream, UtcMs(before_ms)).expect("a disk in order").more {}
        self.commit(machine, Vec::new());
    }

    pub fn log(&self) -> RwLockWriteGuard<'_, Log> {
        self.log.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes writes of a machine durable and tells the fleet.
    pub fn commit(&self, machine: &Machine, writes: Vec<Write>) {
        let facts = {
            let mut log = self.log();
            log.commit(writes).expect("a disk in order");
            log.streams().get(&machine.stream).cloned().expect("it was introduced")
        };
        self.fleet.happened(&Happening::Facts(machine.stream, Arc::new(facts)));
    }

    /// A tick passes by before it is durable.
    pub fn sees(&self, machine: &Machine, tick: &Arc<Tick>) {
        self.fleet.happened(&Happening::Seen(machine.stream, tick.clone(), None));
    }

    /// Every sample that the fleet gives for this range, merged as a reader does.
    pub fn ask(&self, matchers: &[Matcher], range: (i64, i64), hints: Hints) -> Result<Answer, SourceError> {
        let mut answer = Answer::new();
        let selection = Selection { matchers, start_ms: range.0, end_ms: range.1, hints };
        self.fleet.select(&selection, &Limits::usual(), &mut |piece| {
            let series = answer.entry((**piece.labels).clone()).or_default();
            series.extend(piece.timestamps_ms.iter().copied().zip(piece.values.iter().map(|value| value.to_bits())));
            Visit::Continue(())
        })?;
        Ok(answer)
    }

    /// The newest sample of each series, as an instant vector asks for it.
    pub fn newest(&self, matchers: &[Matcher], range: (i64, i64)) -> Result<Newest, SourceError> {
        let hints = Hints { range_ms: Some(range.1 - range.0), newest_alone: true, ..Hints::default() };
        Ok(newest_of(&self.ask(matchers, range, hints)?))
    }

    pub fn labels(&self, matchers: &[Matcher], range: (i64, i64)) -> Vec<LabelSet> {
        let mut found = Vec::new();
        let asked = self.fleet.series(matchers, range.0, range.1, &Limits::usual(), &mut |labels| {
            found.push((**labels).clone());
            Visit::Continue(())
        });
        asked.expect("the index answers");
        found.sort();
        found.dedup();
        found
    }
}

pub type Answer = BTreeMap<LabelSet, BTreeMap<i64, u64>>;
pub type Newest = BTreeMap<LabelSet, (i64, u64)>;

pub fn newest_of(answer: &Answer) -> Newest {
    let newest = |samples: &BTreeMap<i64, u64>| samples.last_key_value().map(|(at, value)| (*at, *value));
    answer.iter().filter_map(|(labels, samples)| Some((labels.clone(), newest(samples)?))).collect()
}

fn fleet_of(log: &Arc<RwLock<Log>>) -> Fleet {
    Fleet::of_log((Role::Hub, "hub".to_owned()), None, log.clone(), NodeClock::new())
}

pub fn def(name: &str, labels: &[(&str, &str)]) -> SeriesDef {
    SeriesDef::new(name, labels, "", Kind::Gauge, Resolution::TENTH).expect("a definition")
}

pub fn tick(seq: u64, boot: Boot, utc: i64, series: &[u32]) -> Arc<Tick> {
    let sample = |ix: &u32| Sample { series: SeriesIx(*ix), value: seq as i64 * 100 + i64::from(*ix) };
    let at = Moment { utc: UtcMs(utc), boot };
    Arc::new(Tick { seq: Seq(seq), at, samples: series.iter().map(sample).collect() })
}

/// A tick of a machine in good order: every ten seconds from `T0` on.
pub fn plain_tick(seq: u64, series: &[u32]) -> Arc<Tick> {
    tick(seq, Boot { no: 1, ms: seq * 10_000 }, T0 + seq as i64 * 10_000, series)
}

/// When [`plain_tick`] was measured.
pub fn at(seq: u64) -> i64 {
    T0 + seq as i64 * 10_000
}
