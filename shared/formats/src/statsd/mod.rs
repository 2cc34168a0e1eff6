//! How do programs count by datagram? StatsD and DogStatsD.
//!
//! A packet is lines of `name:value|type|@rate|#tag:value,…`; <https://github.com/statsd/statsd/blob/master/docs/metric_types.md>
//! and <https://docs.datadoghq.com/developers/dogstatsd/datagram_shell/>. Datagrams have no answers, so a bad line spoils
//! nothing but itself, and everything not taken is counted.

mod flush;
mod line;
mod sketch;

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};

use line::{Change, Line};
use sketch::Sketch;

/// How much a process may ask its agent to remember.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatsDLimits {
    /// Bytes of one packet. A datagram over IPv4 has at most 65,507.
    pub packet_bytes: usize,
    /// Names with their tags. Timers take up to 20 KB each, so the default is at most 200 MB, and usually below 10.
    pub names: usize,
    /// Tags of one name, the name itself among them.
    pub labels_per_series: usize,
    /// Bytes of a name, a tag's key or value.
    pub label_bytes: usize,
    /// Distinct members of all sets together; 16 bytes each.
    pub set_members: usize,
    /// Milliseconds after which a name that says nothing is forgotten. A counter that comes back begins at zero, which
    /// every reader of totals expects.
    pub idle_ms: i64,
}

impl Default for StatsDLimits {
    fn default() -> Self {
        Self {
            packet_bytes: 65_507,
            names: 10_000,
            labels_per_series: 32,
            label_bytes: 512,
            set_members: 1_000_000,
            idle_ms: 3_600_000,
        }
    }
}

/// What became of the lines so far, each counted once; totals since the beginning.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Values that were taken.
    pub taken: u64,
    /// Lines that can not be read, packets and tags that are too long, values that would make a total infinite or fall.
    pub malformed: u64,
    /// DogStatsD's events and service checks, which are no samples.
    pub events: u64,
    /// Values of names beyond [`StatsDLimits::names`].
    pub names_refused: u64,
    /// Values whose name is in use for another type.
    pub types_refused: u64,
    /// Members beyond [`StatsDLimits::set_members`]: the set's size is then the least it can be.
    pub members_refused: u64,
    /// Series of flushes that another name already makes, as a gauge `t_count` beside a timer `t`.
    pub series_refused: u64,
}

/// Puts the packets of all senders together between two flushes.
///
/// A counter becomes a running total `name_total`, a gauge keeps its last value, a timer, histogram or distribution
/// becomes a summary (`name{quantile="0.5"|"0.9"|"0.99"}`, `name_min`, `name_max` of the time since the last flush, and
/// running totals `name_sum` and `name_count`) in the unit it was sent in, a set the number of its members since the
/// last flush. Names become Prometheus' by underscores, as in statsd_exporter.
#[derive(Debug)]
pub struct StatsD {
    limits: StatsDLimits,
    names: HashMap<Labels, Name>,
    set_members: usize,
    tally: Tally,
}

/// Sorted by key, each key once, `__name__` among them.
type Labels = Vec<(String, String)>;

/// One name with its tags.
#[derive(Debug)]
struct Name {
    value: Value,
    heard: bool,
    heard_ms: Option<i64>,
}

#[derive(Debug)]
enum Value {
    Counter(f64),
    Gauge(f64),
    Timer(Box<Timer>),
    /// Members by their hash: two in a million meet once in 37 million tries.
    Set(HashSet<u64>),
}

#[derive(Debug, Default)]
struct Timer {
    sketch: Sketch,
    sum: f64,
    count: f64,
    milliseconds: bool,
}

impl StatsD {
    /// Begins without a name.
    pub fn new(limits: StatsDLimits) -> Self {
        Self { limits, names: HashMap::new(), set_members: 0, tally: Tally::default() }
    }

    /// Takes one datagram.
    pub fn take(&mut self, packet: &[u8]) {
        if packet.len() > self.limits.packet_bytes {
            self.tally.malformed += 1;
            return;
        }
        for line in packet.split(|byte| *byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.starts_with(b"_e{") || line.starts_with(b"_sc|") {
                self.tally.events += 1;
            } else if !line.is_empty() {
                self.take_line(line);
            }
        }
    }

    /// What became of the lines so far.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// Names in memory now.
    pub fn names(&self) -> usize {
        self.names.len()
    }

    fn take_line(&mut self, line: &[u8]) {
        let read = std::str::from_utf8(line).ok().and_then(|line| Line::read(line, &self.limits));
        let Some(line) = read else {
            self.tally.malformed += 1;
            return;
        };
        for change in line.changes {
            if self.has_room(&line.labels, &change) {
                self.change(&line.labels, change);
            } else {
                self.tally.names_refused += 1;
            }
        }
    }

    /// Whether the name is known, or there is room to make it known.
    fn has_room(&mut self, labels: &Labels, change: &Change<'_>) -> bool {
        let known = self.names.contains_key(labels);
        if !known && self.names.len() < self.limits.names {
            self.names.insert(labels.clone(), Name { value: Value::of(change), heard: false, heard_ms: None });
            return true;
        }
        known
    }

    fn change(&mut self, labels: &Labels, change: Change<'_>) {
        let Some(name) = self.names.get_mut(labels) else { return };
        match name.value.apply(change, &mut self.set_members, self.limits.set_members) {
            Ok(()) => {
                name.heard = true;
                self.tally.taken += 1;
            }
            Err(Refused::OtherType) => self.tally.types_refused += 1,
            Err(Refused::SetFull) => self.tally.members_refused += 1,
            Err(Refused::TooLarge) => self.tally.malformed += 1,
        }
    }
}

/// Why a value was not taken.
enum Refused {
    OtherType,
    SetFull,
    TooLarge,
}

impl Value {
    fn apply(&mut self, change: Change<'_>, set_members: &mut usize, cap: usize) -> Result<(), Refused> {
        match (self, change) {
            (Self::Counter(total), Change::Count(more)) => *total = finite(*total + more)?,
            (Self::Gauge(level), Change::Level(new)) => *level = new,
            (Self::Gauge(level), Change::Shift(by)) => *level = finite(*level + by)?,
            (Self::Timer(timer), Change::Timed { value, weight, milliseconds }) => {
                timer.observe(value, weight, milliseconds)?;
            }
            (Self::Set(members), Change::Member(member)) => {
                let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(member);
                if *set_members >= cap && !members.contains(&hash) {
                    return Err(Refused::SetFull);
                }
                *set_members += usize::from(members.insert(hash));
            }
            _ => return Err(Refused::OtherType),
        }
        Ok(())
    }

    fn of(change: &Change<'_>) -> Self {
        match change {
            Change::Count(_) => Self::Counter(0.0),
            Change::Level(_) | Change::Shift(_) => Self::Gauge(0.0),
            Change::Timed { .. } => Self::Timer(Box::default()),
            Change::Member(_) => Self::Set(HashSet::new()),
        }
    }
}

impl Timer {
    fn observe(&mut self, value: f64, weight: f64, milliseconds: bool) -> Result<(), Refused> {
        self.sum = finite(self.sum + value * weight)?;
        self.count += weight;
        self.milliseconds = milliseconds;
        self.sketch.observe(value, weight);
        Ok(())
    }
}

/// Once infinite, a total would stay so for ever.
fn finite(sum: f64) -> Result<f64, Refused> {
    if sum.is_finite() { Ok(sum) } else { Err(Refused::TooLarge) }
}
