//! The nodes, the lines between them, and what happens.

mod lines;
mod trouble;
mod writing;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_merge::{Hlc, Key, Row, Scope};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_store::rows::{NewLife, Owner, Rows, RowsError};
use vigie_sync::rows::{RowPeer, Stamp, guard};

use self::lines::Line;
use super::disk::Disk;
use super::oracle::Oracle;
use crate::chance::Chance;

/// When the simulation begins.
const T0: i64 = 1_790_000_000_000;

const HOUR_MS: u64 = 3_600_000;

/// The sites, and the relays of each; node 0 is the hub.
const SITES: [(&str, &str, &[usize]); 3] =
    [("acme", "lyon", &[1, 2, 3]), ("acme", "nice", &[4, 5]), ("other", "paris", &[6])];

/// After the last trouble, everything is the same everywhere within this time.
const HEAL_MS: u64 = 6 * HOUR_MS;

/// More wishes than this in one seed are a conversation that never ends.
const MOST_WISHES: u64 = 2_000_000;

/// What happened, in numbers.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Acknowledged writes.
    pub writes: u64,
    /// Rows sent.
    pub entries: u64,
    /// Rows that brought nothing new.
    pub same: u64,
    /// Copies that there had to be: for each write one on each other node that may see it.
    pub ideal: u64,
    /// Frames sent, and their bytes.
    pub frames: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Sessions that began.
    pub sessions: u64,
    /// Power cuts.
    pub crashes: u64,
    /// Stores brought back from copies.
    pub restores: u64,
    /// New lives, for whatever reason.
    pub lives: u64,
    /// Nodes told to begin again.
    pub begun_again: u64,
    /// Deletions forgotten.
    pub forgotten: u64,
    /// Writes that nobody asks for any more.
    pub forgiven: u64,
    /// Rows whose markers were too far in the future.
    pub future: u64,
    /// Virtual hours.
    pub hours: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: &Self) {
        let Self {
            writes,
            entries,
            same,
            ideal,
            frames,
            bytes,
            sessions,
            crashes,
            restores,
            lives,
            begun_again,
            forgotten,
            forgiven,
            future,
            hours,
        } = other;
        self.writes += writes;
        self.entries += entries;
        self.same += same;
        self.ideal += ideal;
        self.frames += frames;
        self.bytes += bytes;
        self.sessions += sessions;
        self.crashes += crashes;
        self.restores += restores;
        self.lives += lives;
        self.begun_again += begun_again;
        self.forgotten += forgotten;
        self.forgiven += forgiven;
        self.future += future;
        self.hours += hours;
    }
}

impl std::fmt::Display for Tally {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "{} writes, {} rows sent ({:.2} for each copy there had to be, {} of them known already), {} frames, {} bytes, \
             {} sessions, {} power cuts, {} restores, {} new lives, {} begun again, {} forgotten, {} forgiven, {} future, \
             {} virtual hours",
            self.writes,
            self.entries,
            self.entries as f64 / self.ideal.max(1) as f64,
            self.same,
            self.frames,
            self.bytes,
            self.sessions,
            self.crashes,
            self.restores,
            self.lives,
            self.begun_again,
            self.forgotten,
            self.forgiven,
            self.future,
            self.hours
        )
    }
}

/// A node.
struct Node {
    who: RowPeer,
    number: u16,
    disk: Disk,
    rows: Option<Rows<Disk>>,
    /// How far its wall clock is off; none when it knows that it does not know.
    skew_ms: Option<i64>,
    recovering: bool,
    /// It was brought back whole, or lives twice, and nobody could notice yet.
    suspect: bool,
    copies: Vec<(u64, Disk)>,
    twin: Option<Disk>,
}

/// The world of one seed.
pub(super) struct World {
    now: u64,
    nodes: Vec<Node>,
    lines: Vec<Line>,
    oracle: Oracle,
    chance: Chance,
    /// Rows with dots in which one write may bear two names.
    tainted: BTreeSet<Key>,
    serial: u64,
    next_forget_ms: u64,
    wishes: u64,
    calm: bool,
    pub(super) tally: Tally,
    pub(super) said: Vec<String>,
    /// What is not as promised.
    broken: Option<String>,
    telling: bool,
}

impl World {
    pub(super) fn new(seed: u64, real: bool, telling: bool) -> Self {
        let mut chance = Chance::of(seed ^ 0x726f_7773);
        let mut nodes = vec![Node::new(0, Role::Hub, Scope::Deployment, real)];
        for (client, site, relays) in SITES {
            let (Ok(client), Ok(site)) = (client.parse(), site.parse()) else { continue };
            let view = Scope::Site(client, site);
            nodes.extend(relays.iter().map(|relay| Node::new(*relay, Role::Relay, view.clone(), real)));
        }
        let mesh = chance.one_in(2);
        let mut lines: Vec<Line> = (1..nodes.len()).map(|relay| Line::new(relay, 0, &mut chance)).collect();
        if mesh {
            lines.extend([(1, 2), (2, 3), (3, 1), (4, 5)].map(|(one, other)| Line::new(one, other, &mut chance)));
        }
        let mut world = Self {
            now: HOUR_MS,
            nodes,
            lines,
            oracle: Oracle::default(),
            // Every fifth seed has no trouble but cuts: there, rows sent are counted against what there had to be.
            calm: seed.is_multiple_of(5),
            chance,
            tainted: BTreeSet::new(),
            serial: 0,
            next_forget_ms: 24 * HOUR_MS,
            wishes: 0,
            tally: Tally::default(),
            said: Vec::new(),
            broken: None,
            telling,
        };
        (0..world.nodes.len()).for_each(|node| world.open(node));
        world
    }

    /// Lives through everything.
    pub(super) fn live(&mut self) -> Result<(), String> {
        let steps = self.chance.between(150, 500);
        for _ in 0..steps {
            self.step();
            if self.broken.is_some() {
                break;
            }
        }
        self.heal();
        self.tally.hours = self.now / HOUR_MS;
        self.broken.take().map_or(Ok(()), Err)
    }

    fn step(&mut self) {
        match self.chance.below(100) {
            0..45 => self.write_somewhere(),
            45..80 => {
                let for_ms = match self.chance.below(20) {
                    0..12 => self.chance.between(10, 3_000),
                    12..17 => self.chance.between(5_000, 120_000),
                    17..19 => self.chance.between(600_000, 4 * HOUR_MS),
                    _ => self.chance.between(6 * HOUR_MS, 60 * HOUR_MS),
                };
                self.run_until(self.now + for_ms);
            }
            80..90 => self.cut_or_mend_a_line(),
            90..94 => self.end_a_session(),
            _ if self.calm => {}
            _ => self.trouble(),
        }
    }

    /// All is well from now on: after one conversation on each line everything is the same everywhere.
    fn heal(&mut self) {
        for node in 0..self.nodes.len() {
            self.nodes[node].disk.fail_never();
            self.stop_living_twice(node);
        }
        self.run_until(self.now + 10);
        (0..self.lines.len()).for_each(|line| self.mend(line));
        (0..self.lines.len()).for_each(|line| self.end(line));
        let (sessions, lives) = (self.tally.sessions, self.tally.lives + self.tally.begun_again);
        let until = self.now + HEAL_MS;
        while self.broken.is_none() && !self.is_quiet() {
            self.run_until(self.now + 5_000);
            if self.now > until {
                let unquiet: Vec<_> = self.unquiet();
                self.broken(format!("no rest long after the last trouble: {unquiet:?}"));
            }
        }
        let new_lives = self.tally.lives + self.tally.begun_again > lives;
        let expected = sessions + self.lines.len() as u64;
        if self.tally.sessions != expected && !new_lives {
            self.broken(format!("{} sessions for {} lines", self.tally.sessions - sessions, self.lines.len()));
        }
        self.compare_all();
        // Comparing everything finds nothing, and nothing circulates.
        let entries = self.tally.entries;
        self.run_until(self.now + 25 * HOUR_MS);
        if self.tally.entries != entries && self.tally.forgotten == 0 && self.broken.is_none() {
            self.broken(format!("{} rows were sent although nothing changed", self.tally.entries - entries));
        }
        self.compare_all();
    }

    /// Whether every row has the same bytes wherever it may be seen, and no write is lost.
    fn compare_all(&mut self) {
        let dumps: Vec<BTreeMap<Key, Vec<u8>>> = (0..self.nodes.len()).map(|node| self.dump(node)).collect();
        for (node, dump) in dumps.iter().enumerate().skip(1) {
            let who = &self.nodes[node].who;
            let of_hub: BTreeMap<_, _> = dumps[0].iter().filter(|(key, _)| guard::may_see(who, key)).collect();
            let mine: BTreeMap<_, _> = dump.iter().collect();
            // A deletion that one has forgotten and another has not, because an older copy brought it back, reads the same.
            let deleted = |bytes: Option<&&Vec<u8>>| {
                bytes.is_none_or(|bytes| Row::admit(bytes, |_| true).is_ok_and(|row| row.is_tombstone()))
            };
            let same = |key: &Key| {
                let (one, other) = (of_hub.get(key), mine.get(key));
                one == other || (self.tally.forgotten > 0 && deleted(one) && deleted(other))
            };
            let differ = of_hub.keys().chain(mine.keys()).find(|key| !same(key));
            if differ.is_some() {
                let key = differ.map(ToString::to_string).unwrap_or_default();
                let at = |rows: &BTreeMap<&Key, &Vec<u8>>| {
                    differ.and_then(|key| rows.get(*key)).map(|bytes| format!("{:?}", Row::admit(bytes, |_| true)))
                };
                return self.broken(format!("{key} differs: hub {:?}, relay {node} {:?}", at(&of_hub), at(&mine)));
            }
        }
        let rows: BTreeMap<Key, Row> =
            dumps[0].iter().filter_map(|(key, bytes)| Some((key.clone(), Row::admit(bytes, |_| true).ok()?))).collect();
        if let Some(lost) = self.oracle.missing(&rows) {
            let what = format!("{lost:?} is lost; there is {:?}", rows.get(&lost.key));
            self.broken(what);
        }
    }

    fn dump(&mut self, node: usize) -> BTreeMap<Key, Vec<u8>> {
        let Some(rows) = &mut self.nodes[node].rows else { return BTreeMap::new() };
        rows.dump().map(|rows| rows.into_iter().collect()).unwrap_or_default()
    }

    fn open(&mut self, node: usize) {
        let (number, seed) = (self.nodes[node].number, self.chance.any());
        let mono_ms = self.now;
        let one = &mut self.nodes[node];
        let lost = one.disk.open();
        let owner = Owner { who: one.who.clone(), number, floor: Hlc::ZERO, recovering: one.recovering };
        let mut chance = Chance::of(seed);
        let knows = Arc::new(|actor: vigie_merge::Actor| (1..=7).contains(&actor.number()));
        match Rows::open(one.disk.clone(), owner, knows, Box::new(move || chance.any()), lost, mono_ms) {
            Ok((rows, why)) => {
                one.rows = Some(rows);
                if why.is_some_and(|why| why != NewLife::First) {
                    one.suspect = false;
                    self.tally.lives += 1;
                }
                self.say(|| format!("node {node} opened: {why:?}"));
            }
            Err(error) => self.broken(format!("node {node} does not open: {error}")),
        }
    }

    fn stamp(&self, node: usize) -> Stamp {
        let true_ms = T0 + self.now.cast_signed();
        let trusted = self.nodes[node].skew_ms.map(|skew| UtcMs(true_ms + skew));
        Stamp { mono_ms: self.now, trusted }
    }

    /// What a node could not do: its power failed, or its rows began a new life.
    fn failed(&mut self, node: usize, error: &RowsError) {
        self.say(|| format!("node {node}: {error}"));
        match error {
            RowsError::NewLife => self.end_all(node),
            RowsError::Commit(_) | RowsError::Read(_) | RowsError::Witness(_) => self.crash(node),
        }
    }

    fn broken(&mut self, what: String) {
        self.broken.get_or_insert(what);
    }

    fn say(&mut self, line: impl FnOnce() -> String) {
        if self.telling {
            let line = format!("{:>12} {}", self.now, line());
            self.said.push(line);
        }
    }
}

impl Node {
    fn new(ix: usize, role: Role, view: Scope, real: bool) -> Self {
        let node = NodeId::from_bytes([ix as u8 + 1; 16]);
        Self {
            who: RowPeer { node, role, view },
            number: ix as u16 + 1,
            disk: Disk::new(real),
            rows: None,
            skew_ms: Some(0),
            recovering: false,
            suspect: false,
            copies: Vec::new(),
            twin: None,
        }
    }
}
