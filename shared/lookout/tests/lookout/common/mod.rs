//! A relay or a hub whose samples, hearers and clock are made up; its rows and state are real.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use vigie_fleet::{Sighted, Spoken, Word};
use vigie_lookout::{At, KINDS, RowBook, Setup, Sight, Watching, Watchman};
use vigie_merge::{Key, Row};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_node::{NodeClock, NodeRows};
use vigie_notify::config::{ChannelSaid, RouteSaid, check};
use vigie_notify::{Desk, Kind, Letter, Outcome, Seat, Text};
use vigie_query::{Coverage, InMemory, LabelSet, Limits, Selection, SeriesSamples, Source, SourceError, Visit};
use vigie_store::State;
use vigie_store::fault::FaultDisk;

pub const SECOND: i64 = 1_000;
pub const MINUTE: i64 = 60 * SECOND;

/// 2023-11-14 22:13:20 UTC.
const T0: i64 = 1_700_000_000_000;

/// What a node is told, by hand.
#[derive(Default)]
pub struct World {
    source: Mutex<InMemory>,
    pushed: Mutex<InMemory>,
    sighted: Mutex<BTreeMap<NodeId, Sighted>>,
    /// Since the beginning.
    now_ms: AtomicI64,
    /// By how much the clock was set.
    set_by_ms: AtomicI64,
    pub has_no_network: AtomicBool,
    /// When the certificate of its node ends.
    pub certificate_ends_ms: AtomicI64,
    /// Pieces of series that were ever handed out.
    pub pieces_read: AtomicI64,
    /// How many per cent of its machines acme uses; nothing is said of it at 0.
    pub quota_used: AtomicI64,
}

impl World {
    fn quota_used(&self) -> Vec<(Arc<LabelSet>, f64)> {
        let labels = [("__name__", "vigie_quota_used_ratio"), ("client", "acme"), ("quota", "machines")];
        let used = self.quota_used.load(Ordering::Relaxed);
        if used == 0 { Vec::new() } else { vec![(Arc::new(LabelSet::new(labels)), used as f64 / 100.0)] }
    }
}

impl Source for World {
    fn select(
        &self,
        selection: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> Visit,
    ) -> Result<Coverage, SourceError> {
        let source = self.source.lock().expect("no test panics here").clone();
        source.select(selection, limits, &mut |samples| {
            self.pieces_read.fetch_add(1, Ordering::Relaxed);
            sink(samples)
        })
    }
}

impl Sight for World {
    fn source(&self) -> &dyn Source {
        self
    }

    fn pushed_here(&self) -> Box<dyn Source + '_> {
        Box::new(self.pushed.lock().expect("no test panics here").clone())
    }

    fn sighted(&self) -> Vec<Sighted> {
        self.sighted.lock().expect("no test panics here").values().cloned().collect()
    }

    fn vouched(&self, word: Word) {
        let mut sighted = self.sighted.lock().expect("no test panics here");
        if let Some(one) = sighted.get_mut(&word.machine) {
            one.word = Some(Spoken { relay: word.relay, answers: word.answers, since: word.since });
        }
    }

    fn network_works(&self) -> bool {
        !self.has_no_network.load(Ordering::Relaxed)
    }
}

impl World {
    pub fn at(&self) -> At {
        let ms = self.now_ms.load(Ordering::Relaxed);
        let set_by_ms = self.set_by_ms.load(Ordering::Relaxed);
        At { utc: UtcMs(T0 + ms + set_by_ms), boot_ms: 1_000_000 + ms }
    }

    pub fn pass(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Ordering::Relaxed);
    }

    /// Somebody sets the clock.
    pub fn set_clock(&self, by_ms: i64) {
        self.set_by_ms.fetch_add(by_ms, Ordering::Relaxed);
    }

    /// A machine or relay was heard now, by its own connection.
    pub fn hear(&self, node: u8, role: Role, site: &str) {
        self.hear_of("acme", node, role, site);
    }

    pub fn hear_of(&self, client: &str, node: u8, role: Role, site: &str) {
        let now = self.at().utc;
        let mut sighted = self.sighted.lock().expect("no test panics here");
        let one = Sighted {
            node: id(node),
            role,
            client: slug(client),
            site: slug(site),
            name: format!("m{node}"),
            heard_at: Some(now),
            beat_ms: None,
            is_connected: true,
            brought: None,
            sampled_at: (role == Role::Agent).then_some(now),
            goodbye_at: None,
            word: sighted.get(&id(node)).and_then(|known| known.word),
            clock_ahead_ms: None,
        };
        sighted.insert(id(node), one);
    }

    /// A node is heard no oftener than this by its link.
    pub fn beats(&self, node: u8, every_ms: u32) {
        let mut sighted = self.sighted.lock().expect("no test panics here");
        sighted.get_mut(&id(node)).expect("it was heard").beat_ms = Some(every_ms);
    }

    /// A machine was heard by way of a relay.
    pub fn bring(&self, node: u8, relay: u8, site: &str) {
        self.hear(node, Role::Agent, site);
        let mut sighted = self.sighted.lock().expect("no test panics here");
        let one = sighted.get_mut(&id(node)).expect("heard just now");
        (one.brought, one.heard_at, one.is_connected) = (Some((id(relay), self.at().utc)), None, false);
    }

    /// The node that hears them has stopped: all connections ended.
    pub fn disconnect_all(&self) {
        let mut sighted = self.sighted.lock().expect("no test panics here");
        sighted.values_mut().for_each(|one| one.is_connected = false);
    }

    /// A node said goodbye now.
    pub fn goodbye(&self, node: u8) {
        let now = self.at().utc;
        let mut sighted = self.sighted.lock().expect("no test panics here");
        sighted.get_mut(&id(node)).expect("it was heard").goodbye_at = Some(now);
    }

    /// Somebody pushed a value to this node itself, for a place.
    pub fn push(&self, name: &str, site: &str, value: f64) {
        let labels = LabelSet::new([("__name__", name), ("client", "acme"), ("site", site), ("oven", "1")]);
        for source in [&self.source, &self.pushed] {
            source.lock().expect("no test panics here").add(labels.clone(), [(self.at().utc.0, value)]);
        }
    }

    /// A machine's clock is so far ahead of the time that it was told.
    pub fn clock_is_ahead(&self, node: u8, ms: Option<i64>) {
        let mut sighted = self.sighted.lock().expect("no test panics here");
        sighted.get_mut(&id(node)).expect("it was heard").clock_ahead_ms = ms;
    }

    /// A node is enrolled no longer.
    pub fn retire(&self, node: u8) {
        self.sighted.lock().expect("no test panics here").remove(&id(node));
    }

    /// A series of a machine has this value now.
    pub fn measure(&self, name: &str, node: u8, site: &str, value: f64) {
        self.measured(name, node, site, value, self.at().utc);
    }

    /// It comes now that a series of a machine had this value then.
    pub fn measured(&self, name: &str, node: u8, site: &str, value: f64, then: UtcMs) {
        let machine_id = id(node).to_string();
        let labels = LabelSet::new([
            ("__name__", name),
            ("client", "acme"),
            ("site", site),
            ("machine", &format!("m{node}")),
            ("machine_id", &machine_id),
        ]);
        self.source.lock().expect("no test panics here").add(labels, [(then.0, value)]);
    }
}

pub fn id(node: u8) -> NodeId {
    NodeId::from_bytes([node; 16])
}

pub fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

/// A node with its folder: it can be ended and begun again.
pub struct Node {
    pub world: Arc<World>,
    pub watchman: Arc<Watchman>,
    pub rows: NodeRows,
    pub desk: Arc<Desk>,
}

const CHANNEL: &str = "[[channel]]\nkind='webhook'\nname='hook'\nurl='https://a.example/x'\nsecret_file='s'\n";

#[derive(serde::Deserialize)]
struct Said {
    channel: Vec<ChannelSaid>,
    route: Vec<RouteSaid>,
}

pub const ROUTE: &str =
    "name='r'\nchannels=['hook']\nwait_s=0\ninterval_s=0\nrepeat_s=0\ngroup_by=['machine', 'rule']\n";

impl Node {
    pub fn begin(folder: &Path, world: &Arc<World>, role: Role) -> Self {
        Self::begin_with(folder, world, role, |rows| Arc::new(rows))
    }

    /// One of several relays of `lyon`, with a world of its own.
    pub fn relay_beside(folder: &Path, node: u8) -> Self {
        Self::begin_as(folder, &Arc::default(), (id(node), Role::Relay), "", |rows| Arc::new(rows))
    }

    /// A node whose rows are kept by something that is put before them.
    pub fn begin_with(
        folder: &Path,
        world: &Arc<World>,
        role: Role,
        book: impl FnOnce(NodeRows) -> Arc<dyn RowBook>,
    ) -> Self {
        Self::begin_routed(folder, world, role, "", book)
    }

    /// As above; `more` is said of its route.
    pub fn begin_routed(
        folder: &Path,
        world: &Arc<World>,
        role: Role,
        more: &str,
        book: impl FnOnce(NodeRows) -> Arc<dyn RowBook>,
    ) -> Self {
        let node = if role == Role::Hub { id(250) } else { id(200) };
        Self::begin_as(folder, world, (node, role), more, book)
    }

    fn begin_as(
        folder: &Path,
        world: &Arc<World>,
        who: (NodeId, Role),
        more: &str,
        book: impl FnOnce(NodeRows) -> Arc<dyn RowBook>,
    ) -> Self {
        let (state, _) = State::open(folder).expect("a state");
        Self::try_begin(state, folder, world, who, &format!("[[route]]\n{ROUTE}{more}"), book).expect("it begins")
    }

    /// A relay of `lyon` on a disk that may fail, with these routes to `hook`; nothing if the disk does.
    pub fn relay_on(disk: &FaultDisk, folder: &Path, world: &Arc<World>, routes: &str) -> Option<Self> {
        let (state, _) = State::open_on(disk.clone()).ok()?;
        Self::try_begin(state, folder, world, (id(200), Role::Relay), routes, |rows| Arc::new(rows))
    }

    fn try_begin(
        state: State,
        folder: &Path,
        world: &Arc<World>,
        (node, role): (NodeId, Role),
        routes: &str,
        book: impl FnOnce(NodeRows) -> Arc<dyn RowBook>,
    ) -> Option<Self> {
        let (state, clock) = (Arc::new(state), NodeClock::new());
        let home = (role == Role::Relay).then(|| (slug("acme"), slug("lyon")));
        let place = home.as_ref().map(|(client, site)| (client, site));
        let rows = NodeRows::open(state.clone(), (node, role), place, UtcMs(0), false, clock).ok()?;
        let seat = if role == Role::Hub { Seat::Hub } else { Seat::Relay };
        let said: Said = toml::from_str(&format!("{CHANNEL}{routes}")).expect("a configuration");
        let (rules, channels) = check(&said.channel, &said.route, seat).expect("they make sense");
        let desk = Arc::new(Desk::open(state.clone(), rules.clone(), b"boot", world.at().now()).ok()?);
        world.certificate_ends_ms.store(T0 + 90 * 86_400_000, Ordering::Relaxed);
        let clock = world.clone();
        let setup = Setup {
            sight: world.clone(),
            rows: book(rows.clone()),
            state,
            node,
            role,
            name: format!("{role}-1"),
            home,
            watching: Watching {
                rules: folder.join("rules"),
                off: Default::default(),
                url: Some("https://vigie.example".to_owned()),
                french: false,
                keep_ms: 100 * 86_400_000,
            },
            desk: desk.clone(),
            rules,
            channels: channels.into_iter().map(vigie_notify::Channel::new).collect::<Vec<_>>().into(),
            certificate_ends: {
                let world = world.clone();
                Arc::new(move || UtcMs(world.certificate_ends_ms.load(Ordering::Relaxed)))
            },
            stated: {
                let world = world.clone();
                Arc::new(move || world.quota_used())
            },
            clock: Arc::new(move || clock.at()),
        };
        let watchman = Watchman::begin(setup).ok()?;
        Some(Self { world: world.clone(), watchman, rows, desk })
    }

    pub fn relay(folder: &Path) -> Self {
        Self::begin(folder, &Arc::default(), Role::Relay)
    }

    pub fn hub(folder: &Path) -> Self {
        Self::begin(folder, &Arc::default(), Role::Hub)
    }

    /// Lets time pass, second by second; `each` says what happens in the world.
    pub fn run(&self, ms: i64, mut each: impl FnMut(&World)) {
        for _ in 0..ms / SECOND {
            self.world.pass(SECOND);
            each(&self.world);
            self.watchman.look_around();
            self.watchman.judge();
        }
    }

    /// What is sent now, by kind and the title of its first line; the receiver takes it.
    pub fn told(&self) -> Vec<(Kind, String)> {
        let due = self.desk.due(self.world.at().now());
        for letter in &due.letters {
            self.settle(letter, Outcome::Taken(Text::new("ok")));
        }
        self.watchman.show_what_was_told();
        let said = |letter: &Letter| {
            let notice = &letter.intent.notice;
            let line = notice.wrong.first().or(notice.over.first());
            (notice.kind, line.map(|line| line.title.as_str().to_owned()).unwrap_or_default())
        };
        due.letters.iter().map(said).collect()
    }

    /// What became of a letter.
    pub fn settle(&self, letter: &Letter, outcome: Outcome) {
        drop(self.desk.settle(letter.id(), outcome, self.world.at().now(), 0).expect("it is written down"));
    }

    /// Another node learns of all its rows, also of those that are not the other's to write.
    pub fn shows(&self, other: &Self) {
        other.watchman.arrived(&self.rows.scan_all(&KINDS).expect("rows"));
    }

    /// The one incident of this summary.
    pub fn incident(&self, summary: &str) -> vigie_serve::Incident {
        use vigie_serve::Incidents;
        let incidents = self.watchman.incidents();
        let found: Vec<_> = incidents.iter().filter(|one| one.summary == summary).collect();
        let [one] = found[..] else { panic!("{summary}: {incidents:?}") };
        one.clone()
    }

    /// Gives all its rows to another node, as a session would.
    pub fn gives(&self, other: &Self) {
        let keys = self.gives_rows(other);
        let taken = RowBook::some(&other.rows, &keys).expect("they are there");
        other.watchman.arrived(&taken);
    }

    /// As [`Node::gives`], and the other's watchman is not told yet.
    pub fn gives_rows(&self, other: &Self) -> Vec<Key> {
        let all = self.rows.scan_all(&KINDS).expect("rows");
        let keys: Vec<Key> = all.iter().map(|(key, _)| key.clone()).collect();
        let done = other.rows.edit_blocking(|pen| {
            for (key, row) in all {
                let merged = pen.put_made(&key, |ours, _| -> Result<Row, ()> {
                    let Some(mut ours) = ours else { return Ok(row) };
                    ours.merge(row).map_err(drop)?;
                    Ok(ours)
                });
                merged?.expect("rows of one type");
            }
            Ok(())
        });
        done.expect("the rows are taken");
        keys
    }
}

/// A file of rules with one rule that needs no time.
pub fn write_rule(folder: &Path, name: &str, expr: &str, more: &str) {
    let rules = folder.join("rules");
    std::fs::create_dir_all(&rules).expect("a folder");
    let text = format!(
        "groups:\n  - name: {name}\n    interval: 5s\n    rules:\n      - alert: {name}\n        expr: {expr}\n        labels: {{severity: critical{more}}}\n        annotations: {{summary: '{name} of {{{{ $labels.machine }}}}'}}\n"
    );
    std::fs::write(rules.join(format!("{name}.yml")), text).expect("a file");
}
