//! How much of a core does a relay's watchman take that looks at 500 machines with 1,000 rules, each worked out every 10 s?
//!
//! A real log and fleet, real rows and state, in memory; machines measure 150 series every 10 s. Only what the watchman does
//! is timed, not what brings the samples in.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use vigie_codec::SigningKey;
use vigie_fleet::{Fleet, Known};
use vigie_lookout::{At, Setup, Watching, Watchman};
use vigie_model::{
    Boot, Incarnation, Kind, Moment, NodeId, Resolution, Role, Sample, Seq, SeriesDef, SeriesIx, Slug, StreamId, Tick,
    UtcMs,
};
use vigie_node::{Happening, NodeClock, NodeRows};
use vigie_notify::config::check;
use vigie_notify::{Desk, Seat};
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Options, State, Write};
use vigie_sync::{PeerIs, SessionId, Way};

const MACHINES: u16 = 500;
const SERIES: u32 = 150;
const RULES: usize = 1_000;
const INTERVAL_MS: i64 = 10_000;
/// Ticks before the first question: rules look five minutes back.
const BEFORE: u64 = 30;
/// Intervals that are timed.
const TIMED: u64 = 6;

fn main() {
    for (name, rules) in
        [("no rules but the defaults", 0), ("1,000 thresholds", RULES), ("1,000 rules of all kinds", RULES)]
    {
        let is_mixed = name.ends_with("kinds");
        let (seconds, alerts) = share_of_a_core(rules, is_mixed);
        println!("{name}: {:.1} % of a core, {alerts} alerts open", 100.0 * seconds);
    }
}

/// CPU seconds of the watchman for each second, and how many alerts he found.
fn share_of_a_core(rules: usize, is_mixed: bool) -> (f64, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    write_rules(folder.path(), rules, is_mixed);
    let mut site = Site::new();
    (0..BEFORE).for_each(|_| site.measure());
    let (watchman, now_ms) = watchman(folder.path(), site.fleet.clone(), site.now_ms);
    let (mut spent, mut begun) = (0.0, 0.0);
    for interval in 0..=TIMED {
        site.measure();
        for second in 0..10 {
            now_ms.store(site.now_ms + second * 1_000, Ordering::Relaxed);
            let before = cpu_seconds();
            watchman.look_around();
            watchman.judge();
            watchman.judge();
            spent += cpu_seconds() - before;
        }
        // In the first one all alerts begin: that is written and told once.
        begun = if interval == 0 { spent } else { begun };
    }
    use vigie_serve::Incidents;
    ((spent - begun) / (TIMED as f64 * 10.0), watchman.incidents().len())
}

fn write_rules(folder: &Path, count: usize, is_mixed: bool) {
    let expr = |at: usize| match (at % 20, is_mixed) {
        (0 | 1, true) => format!("rate(figure_{}_total[5m]) > 1000", at % 30),
        (2, true) => format!("sum by (site) (figure_{}_total) > 1e12", at % 30),
        (3, true) => format!("predict_linear(figure_{}_total[5m], 3600) < -1e12", at % 30),
        _ => format!("figure_{}_total{{device=\"{}\"}} > {}", at % 30, at % 5, 999_000 + at),
    };
    let mut text = "groups:\n  - name: thousand\n    interval: 10s\n    rules:\n".to_owned();
    for at in 0..count {
        let _written = writeln!(
            text,
            "      - alert: R{at}\n        expr: {}\n        for: 1m\n        labels: {{severity: warning}}\n        annotations: {{summary: \"{{{{ $labels.machine }}}} at {{{{ $value | humanize }}}}\"}}",
            expr(at)
        );
    }
    if count > 0 {
        std::fs::create_dir_all(folder.join("rules")).expect("a folder");
        std::fs::write(folder.join("rules/thousand.yml"), text).expect("a file");
    }
}

fn watchman(folder: &Path, fleet: Arc<Fleet>, begin_ms: i64) -> (Arc<Watchman>, Arc<AtomicI64>) {
    let (state, _) = State::open_on(FaultDisk::new()).expect("a state");
    let state = Arc::new(state);
    let (node, home) = (NodeId::from_bytes([200; 16]), (slug("acme"), slug("lyon")));
    let place = Some((&home.0, &home.1));
    let rows = NodeRows::open(state.clone(), (node, Role::Relay), place, UtcMs(0), false, NodeClock::new());
    let (rules, _) = check(&[], &[], Seat::Relay).expect("nothing is said");
    let now_ms = Arc::new(AtomicI64::new(begin_ms));
    let clock = now_ms.clone();
    let desk = Desk::open(state.clone(), rules.clone(), b"boot", at(begin_ms).now()).expect("a desk");
    let setup = Setup {
        sight: fleet,
        rows: Arc::new(rows.expect("rows")),
        desk: Arc::new(desk),
        state,
        node,
        role: Role::Relay,
        name: "relay-1".to_owned(),
        home: Some(home),
        watching: Watching {
            rules: folder.join("rules"),
            off: Default::default(),
            url: None,
            french: false,
            keep_ms: 100 * 86_400_000,
        },
        rules,
        channels: Default::default(),
        certificate_ends: Arc::new(move || UtcMs(begin_ms + 90 * 86_400_000)),
        stated: Arc::new(Vec::new),
        clock: Arc::new(move || at(clock.load(Ordering::Relaxed))),
    };
    (Watchman::begin(setup).expect("a watchman"), now_ms)
}

/// A relay's log and fleet, and the machines that fill them.
struct Site {
    log: Arc<RwLock<Log>>,
    fleet: Arc<Fleet>,
    streams: Vec<StreamId>,
    seq: u64,
    now_ms: i64,
}

impl Site {
    fn new() -> Self {
        let (log, _) = Log::open_on(FaultDisk::new(), Options::relay(4 << 30)).expect("an empty disk");
        let log = Arc::new(RwLock::new(log));
        let home = Some((slug("acme"), slug("lyon")));
        let fleet = Fleet::of_log((Role::Relay, "relay-1".to_owned()), home, log.clone(), NodeClock::new());
        let begin_ms = NodeClock::new().now().utc.0 - (BEFORE as i64 + 1) * INTERVAL_MS;
        let mut site = Self { log, fleet: Arc::new(fleet), streams: Vec::new(), seq: 0, now_ms: begin_ms };
        (0..MACHINES).for_each(|number| site.enrol(number));
        site
    }

    fn enrol(&mut self, number: u16) {
        let mut seed = [7; 32];
        seed[..2].copy_from_slice(&number.to_be_bytes());
        let key = *SigningKey::from_bytes(&seed).verifying_key().as_bytes();
        let stream = StreamId { agent: NodeId::of_key(&key), incarnation: Incarnation(1) };
        let (client, site, name) = (slug("acme"), slug("lyon"), format!("machine-{number}"));
        self.fleet.enrolled(Known { node: stream.agent, role: Role::Agent, client, site, name: name.clone() });
        let defs = (0..SERIES).map(|ix| {
            let device = (ix % 5).to_string();
            let name = format!("figure.{}", ix / 5);
            SeriesDef::new(&name, &[("device", &device)], "", Kind::Counter, Resolution::ONE).expect("a definition")
        });
        let schema = Write::Schema { stream, from: 0, defs: defs.collect() };
        self.commit(stream, vec![Write::Stream { stream, key, name }, schema]);
        let (client, site) = (slug("acme"), slug("lyon"));
        let peer = PeerIs { node: stream.agent, role: Role::Agent, client, site, way: Way::Down, formerly: None };
        self.fleet.happened(&Happening::Up { session: SessionId(number.into()), peer, beat_ms: 10_000 });
        self.streams.push(stream);
    }

    /// Every machine measures once.
    fn measure(&mut self) {
        (self.seq, self.now_ms) = (self.seq + 1, self.now_ms + INTERVAL_MS);
        let at = Moment { utc: UtcMs(self.now_ms), boot: Boot { no: 1, ms: self.seq * 10_000 } };
        for (number, stream) in self.streams.clone().into_iter().enumerate() {
            // One value in some thousand is above a threshold, and moves.
            let value = |ix: u32| ((number as i64 * 7_919 + i64::from(ix) * 104_729) % 1_000_003) + self.seq as i64;
            let samples = (0..SERIES).map(|ix| Sample { series: SeriesIx(ix), value: value(ix) }).collect();
            let tick = Arc::new(Tick { seq: Seq(self.seq), at, samples });
            self.fleet.happened(&Happening::Seen(stream, tick.clone(), Some(SessionId(number as u64))));
            self.commit(stream, vec![Write::Ticks { stream, ticks: vec![tick] }]);
        }
    }

    fn commit(&self, stream: StreamId, writes: Vec<Write>) {
        let facts = {
            let mut log = self.log.write().unwrap_or_else(PoisonError::into_inner);
            log.commit(writes).expect("a disk in order");
            log.streams().get(&stream).cloned().expect("it was introduced")
        };
        self.fleet.happened(&Happening::Facts(stream, Arc::new(facts)));
    }
}

fn at(ms: i64) -> At {
    At { utc: UtcMs(ms), boot_ms: ms }
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

/// What this program has taken of all cores, its threads together.
fn cpu_seconds() -> f64 {
    let spent = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}
