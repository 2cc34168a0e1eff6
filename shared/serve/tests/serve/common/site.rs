//! A relay in a vector: a site with machines, things that are wrong, and people who decide.

mod doorkeeper;
mod written;

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use vigie_model::{Doubt, NodeId, Now, Role, Severity, Slug, UtcMs};
use vigie_query::InMemory;
use vigie_serve::{Amount, Health};
use vigie_serve::{
    Carries, Cut, Described, Exposition, Incident, IncidentState, Intake, Inventory, JudgedBy, Ledger, Line, Link,
    Lookout, Machine, NotReady, Options, Own, Parts, Raw, RawError, Reach, Reachability, Reached, Room, Site, Source,
    Stamp, Surroundings, Upward, Word, router_of,
};

use self::doorkeeper::Doorkeeper;
use self::written::Written;
pub(crate) use super::book::Book;
use super::{Door, NOW_MS, Node, id_of, labels, machine, slug};

/// A token that may decide at acme/lyon.
pub(crate) const DECIDES: &str = "token-of-lyon";

/// The hub is out of reach since then: three hours and eighteen minutes.
pub(crate) const CUT_MS: i64 = NOW_MS - 11_880_000;

/// A relay.
pub(crate) struct Relay {
    pub(crate) node: Node,
    pub(crate) up: Option<Upward>,
    pub(crate) line: Option<Line>,
    pub(crate) around: Option<Arc<Surroundings>>,
}

impl Relay {
    /// A site that is cut off, with five machines in each state.
    pub(crate) fn cut_off() -> Self {
        let mut source = InMemory::default();
        let states = [
            ("compta-2", Reachability::Live, Health::Critical),
            ("srv-fichiers", Reachability::Live, Health::Ok),
            ("caisse-1", Reachability::Silent, Health::Ok),
            ("poste-direction", Reachability::Asleep, Health::Ok),
            ("sauvegarde", Reachability::Late, Health::Warning),
            ("borne-entree", Reachability::Unseen, Health::Unknown),
        ];
        let machines: Vec<Machine> = states.iter().map(|(name, state, health)| seen(name, *state, *health)).collect();
        for machine in machines.iter().take(2) {
            measured(&mut source, machine);
        }
        let node = Node { source: Box::new(source), machines, ..Node::new() };
        let link =
            Link { connected: false, since: Some(at(-11_880)), last_heard: Some(at(-11_883)), round_trip_ms: None };
        let up = Upward {
            to: "hub.example.org:7800".to_owned(),
            link,
            waiting: Amount::known(43_210, None),
            rows: None,
            drain: None,
            waited_most: None,
            room: Some(Room { used_bytes: 412_000_000, most_bytes: 2_000_000_000, full_in_seconds: Some(219_600) }),
        };
        let line = Line {
            attempts: 214,
            last_error: Some("hub.example.org: nothing came back within 10 s".to_owned()),
            ..Line::default()
        };
        Self { node, up: Some(up), line: Some(line), around: None }
    }

    /// The same with the hub in reach.
    pub(crate) fn in_reach() -> Self {
        let link =
            Link { connected: true, since: Some(at(-86_400)), last_heard: Some(at(-1)), round_trip_ms: Some(48.2) };
        let line = Line {
            found: Some("203.0.113.7:7800".to_owned()),
            sent_packets: 120_412,
            lost_packets: 913,
            ..Line::default()
        };
        let mut relay = Self::cut_off();
        relay.up = relay.up.map(|up| Upward { link, waiting: Amount::known(0, None), ..up });
        Self { line: Some(line), ..relay }
    }
}

/// Six hours of samples, with a hole.
fn measured(source: &mut InMemory, machine: &Machine) {
    let times =
        || (0..2_160).map(|n| NOW_MS - n * 10_000).filter(|at| !(-9_000_000..-6_600_000).contains(&(at - NOW_MS)));
    let wave = |at: i64, base: f64, swing: f64| {
        let turn = at as f64 / 3_600_000.0;
        (base + swing * (turn * 2.1).sin() + swing * 0.4 * (turn * 17.0).sin()).clamp(0.0, 1.0)
    };
    for (metric, base, swing) in [
        ("system_cpu_utilization_ratio", 0.35, 0.2),
        ("system_memory_utilization_ratio", 0.62, 0.05),
        ("system_filesystem_utilization_ratio", 0.93, 0.01),
    ] {
        let mut samples: Vec<(i64, f64)> = times().map(|at| (at, wave(at, base, swing))).collect();
        samples.reverse();
        source.add(labels(metric, machine), samples);
    }
}

fn seen(name: &str, state: Reachability, health: Health) -> Machine {
    let since_s = match state {
        Reachability::Live => Some(-3),
        Reachability::Late => Some(-95),
        Reachability::Silent => Some(-1_260),
        Reachability::Asleep => Some(-30_000),
        Reachability::Cut | Reachability::Unseen | Reachability::Retired => None,
    };
    let heard = !matches!(state, Reachability::Unseen);
    let plain = machine(name, "acme", "lyon");
    Machine {
        health,
        reachability: Reach { state, since: since_s.map(at) },
        memory: plain.cpu.clone().filter(|_| heard).map(|fact| vigie_serve::Fact { value: 0.64, ..fact }),
        cpu: plain.cpu.clone().filter(|_| heard),
        ..plain
    }
}

/// So many seconds from now.
pub(crate) fn at(seconds: i64) -> Stamp {
    Stamp(UtcMs(NOW_MS + seconds * 1_000))
}

/// A cut of the site that is over, which began and ended so many seconds from now.
pub(crate) fn cut(n: u32, from_s: i64, to_s: i64) -> Cut {
    Cut {
        id: format!("01JD0000000000000001{n:06}"),
        client: slug("acme"),
        site: slug("lyon"),
        from: at(from_s),
        to: at(to_s),
        began: 3,
        ended: 2,
        open: 1,
        known_by: vec!["Marc Petit".to_owned()],
        incidents: Vec::new(),
    }
}

/// Something that is wrong with a machine since a while.
pub(crate) fn incident(n: u32, summary: &str, severity: Severity, machine: &str, since_s: i64) -> Incident {
    Incident {
        id: format!("01JD0000000000000000{n:06}"),
        standing: IncidentState::Firing,
        rule: "DiskNearlyFull".to_owned(),
        severity,
        summary: summary.to_owned(),
        client: Some(slug("acme")),
        site: Some(slug("lyon")),
        machine: Some(machine.to_owned()),
        machine_id: Some(id_of(machine).to_string()),
        labels: [("alertname", "DiskNearlyFull"), ("machine", machine), ("severity", severity.as_str())]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into(),
        annotations: [("runbook".to_owned(), "Empty C:\\Temp, then look at the backups.".to_owned())].into(),
        value: Some(0.973),
        doubt: None,
        began: Some(at(since_s)),
        since: Some(at(since_s)),
        ended: None,
        times: 1,
        learnt_at: at(since_s + 1),
        judge: Some(JudgedBy { node: id_of("relay-1"), name: "relay-1".to_owned() }),
        contradicted: false,
        acknowledgements: Vec::new(),
        assignments: Vec::new(),
        snoozed_until: None,
        closings: Vec::new(),
        comments: Vec::new(),
        muted_by: Vec::new(),
        reached: Reached::Everywhere,
        past: Vec::new(),
        escalations: Vec::new(),
    }
}

pub(crate) fn word(by: &str, place: &str, seconds: i64, text: &str) -> Word {
    Word {
        id: None,
        by: by.to_owned(),
        at: place.to_owned(),
        happened_at: at(seconds),
        learnt_at: Some(at(seconds + 1)),
        text: text.to_owned(),
    }
}

/// What a page may take on the line with all that it loads, and in how many requests.
pub(crate) const MOST_BYTES: usize = 30_000;
pub(crate) const MOST_REQUESTS: usize = 4;

/// What a browser is sent for a page and for each file that the page names, packed as the relay packs it: how many bytes,
/// and in how many requests.
pub(crate) async fn on_the_line(door: &Door, cookie: &str, path: &str) -> (usize, usize) {
    let page = door.get_with_cookie(cookie, path).await;
    let named = |attribute: &str| -> Vec<String> {
        let values = page.text().split(attribute).skip(1).filter_map(|rest| Some(rest.split_once('"')?.0.to_owned()));
        values.filter(|value| value.starts_with('/') && value.contains('.')).collect()
    };
    let mut files = [named("<link rel=\"icon\" href=\""), named("stylesheet\" href=\""), named("src=\"")].concat();
    files.push(path.to_owned());
    files.sort();
    files.dedup();
    let mut bytes = 0;
    for file in &files {
        let request = Request::get(file).header("cookie", cookie).header("accept-encoding", "gzip");
        let answer = door.send(request.body(Body::empty()).expect("a request")).await;
        assert_eq!((answer.status, answer.header("content-encoding")), (StatusCode::OK, "gzip"), "{file}");
        bytes += answer.body.len();
    }
    (bytes, files.len())
}

/// What is wrong at a site that looks like one.
pub(crate) fn usual() -> Vec<Incident> {
    let disk = Incident {
        acknowledgements: vec![
            word("Marc Petit", "relay-1", -11_000, "I am on it"),
            Word { learnt_at: Some(at(-60)), ..word("Sophie Bernard", "hub", -10_700, "") },
        ],
        assignments: vec![word("Marc Petit", "relay-1", -10_990, "Marc Petit")],
        comments: vec![word("Marc Petit", "relay-1", -9_000, "Old backups fill it.\nEmptying D: now.")],
        standing: IncidentState::Acknowledged,
        reached: Reached::Site,
        ..incident(1, "Disk C: of compta-2 is 97 % full", Severity::Critical, "compta-2", -11_400)
    };
    let contradicted = Incident {
        contradicted: true,
        closings: vec![Word { learnt_at: Some(at(-100)), ..word("Sophie Bernard", "hub", -5_000, "Router restarted") }],
        reached: Reached::Site,
        ..incident(2, "caisse-1 does not answer", Severity::Critical, "caisse-1", -1_260)
    };
    let doubtful = Incident {
        doubt: Some(Doubt::Silent),
        ..incident(3, "Memory of caisse-1 is nearly used up", Severity::Warning, "caisse-1", -4_000)
    };
    let snoozed = Incident {
        standing: IncidentState::Snoozed,
        snoozed_until: Some(at(7_200)),
        muted_by: vec!["01JD0000000000000000000900".to_owned()],
        ..incident(4, "The last backup of sauvegarde is 26 h old", Severity::Warning, "sauvegarde", -90_000)
    };
    let over = Incident {
        standing: IncidentState::Resolved,
        ended: Some(at(-3_600)),
        ..incident(5, "CPU of srv-fichiers was busy for 15 min", Severity::Warning, "srv-fichiers", -6_000)
    };
    vec![disk, contradicted, doubtful, snoozed, over]
}

/// The relay's router, and its book.
pub(crate) fn open(relay: Relay, book: Book) -> (Router, Arc<Book>) {
    let book = Arc::new(book);
    let parts = Parts::of(Arc::new(relay), Arc::new(Doorkeeper::new()), Options::default());
    let carries = Some(Carries::Out(Arc::new(Written)));
    let router = router_of(Parts { incidents: Some(Arc::clone(&book) as _), carries, ..parts });
    (router, book)
}

impl Lookout for Relay {
    fn role(&self) -> Role {
        Role::Relay
    }

    fn name(&self) -> String {
        "relay-1".to_owned()
    }

    fn now(&self) -> Now {
        self.node.now()
    }

    fn ready(&self) -> Result<(), NotReady> {
        self.node.ready()
    }

    fn upward(&self) -> Option<Upward> {
        self.up.clone()
    }

    fn line(&self) -> Option<Line> {
        self.line.clone()
    }

    fn surroundings(&self) -> Option<Arc<Surroundings>> {
        self.around.clone()
    }

    fn own(&self) -> Option<Own> {
        Some(Own {
            began: at(-3 * 86_400),
            memory_bytes: Some(31_744_000),
            certificate_until: at(300 * 86_400),
            clock_off_ms: Some(-420_000),
        })
    }

    fn sites(&self) -> Vec<Site> {
        self.node.sites()
    }

    fn machines_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Machine> {
        self.node.machines_where(wanted)
    }

    fn machine(&self, id: NodeId) -> Option<Machine> {
        self.node.machine(id)
    }

    fn inventory(&self, id: NodeId) -> Inventory {
        self.node.inventory(id)
    }

    fn ledger(&self, id: NodeId) -> Option<Ledger> {
        self.node.ledger(id)
    }

    fn source(&self) -> &dyn Source {
        self.node.source()
    }

    fn described(&self) -> Vec<Described> {
        self.node.described()
    }

    fn intake(&self) -> Option<Arc<dyn Intake>> {
        self.node.intake()
    }

    fn raw(&self, id: NodeId, from: UtcMs, to: UtcMs, ask: bool) -> Result<Raw, RawError> {
        self.node.raw(id, from, to, ask)
    }

    fn own_metrics(&self, out: &mut Exposition) {
        self.node.own_metrics(out);
    }
}

/// A door to it, as the other tests use.
pub(crate) fn door(relay: Relay, book: Book) -> (Door, Arc<Book>) {
    let (router, book) = open(relay, book);
    (Door::around(router), book)
}
