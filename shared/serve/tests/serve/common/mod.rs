//! A node in a vector, and somebody who asks it.

#![allow(dead_code, reason = "each test file uses a part of it")]

pub(crate) mod book;
pub(crate) mod browser;
pub(crate) mod desk;
pub(crate) mod document;
pub(crate) mod hub;
pub(crate) mod pages;
pub(crate) mod site;
pub(crate) mod watch;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use serde_json::Value;
use tower::ServiceExt;
use vigie_model::{NodeId, Now, Role, Slug, UtcMs};
use vigie_query::InMemory;
use vigie_serve::{
    Access, Agent, Amount, Clients, Described, Exposition, Fact, Health, Identity, Incidents, Intake, Inventory,
    LabelSet, Ledger, LedgerSummary, Lookout, Machine, Mark, NotReady, NotRemembered, Options, Origin, Owner, Path,
    Raw, RawError, RawState, Reach, Reachability, Repeats, Site, Source, Stamp, TokenTable, Told, router, router_with,
};

/// 2026-11-21T11:02:10Z.
pub(crate) const NOW_MS: i64 = 1_795_258_930_000;

/// A token that sees everything.
pub(crate) const ALL: &str = "token-of-all";
/// A token that sees the client acme.
pub(crate) const ACME: &str = "token-of-acme";

/// A node with machines `compta` (acme) and `mairie` (bron), whose clock is moved by hand.
pub(crate) struct Node {
    pub(crate) begun_ms: i64,
    pub(crate) mono_ms: AtomicU64,
    pub(crate) ready: Result<(), NotReady>,
    pub(crate) source: Box<dyn Source>,
    pub(crate) machines: Vec<Machine>,
    pub(crate) described: Vec<Described>,
    pub(crate) intake: Option<Arc<dyn Intake>>,
    /// How many machines were drawn up for whoever asked.
    pub(crate) drawn: Arc<AtomicUsize>,
}

impl Node {
    pub(crate) fn new() -> Self {
        Self::beside([])
    }

    /// With more machines beside them.
    pub(crate) fn beside<const N: usize>(more: [Machine; N]) -> Self {
        let mut machines = vec![machine("compta", "acme", "lyon"), machine("mairie", "bron", "ecole")];
        machines.extend(more);
        let mut source = InMemory::default();
        for machine in &machines {
            source.add(labels("up", machine), [(NOW_MS - 60_000, 1.0), (NOW_MS, 0.5)]);
        }
        Self {
            begun_ms: NOW_MS,
            mono_ms: AtomicU64::new(0),
            ready: Ok(()),
            source: Box::new(source),
            machines,
            described: Vec::new(),
            intake: None,
            drawn: Arc::default(),
        }
    }

    pub(crate) fn later(&self, ms: u64) {
        self.mono_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Lookout for Node {
    fn role(&self) -> Role {
        Role::Hub
    }

    fn name(&self) -> String {
        "hub-1".to_owned()
    }

    fn now(&self) -> Now {
        let mono_ms = self.mono_ms.load(Ordering::SeqCst);
        Now { mono_ms, utc: UtcMs(self.begun_ms + mono_ms.cast_signed()) }
    }

    fn ready(&self) -> Result<(), NotReady> {
        self.ready.clone()
    }

    fn sites(&self) -> Vec<Site> {
        let site = |machine: &Machine| Site {
            name: machine.site.clone(),
            client: machine.client.clone(),
            relays: Vec::new(),
            reachability: machine.reachability,
            machines: 1,
            waiting: Amount::known(0, Some(0)),
            drain: None,
        };
        let sites: BTreeMap<_, _> =
            self.machines.iter().map(site).map(|site| ((site.client.clone(), site.name.clone()), site)).collect();
        sites.into_values().collect()
    }

    fn machines_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Machine> {
        let mut by_id: Vec<&Machine> = self.machines.iter().collect();
        by_id.sort_by_key(|machine| machine.id);
        by_id.retain(|machine| wanted(machine.id, &machine.client, &machine.site));
        self.drawn.fetch_add(by_id.len(), Ordering::SeqCst);
        by_id.into_iter().cloned().collect()
    }

    fn machine(&self, id: NodeId) -> Option<Machine> {
        self.machines.iter().find(|machine| machine.id == id).cloned()
    }

    fn inventory(&self, _: NodeId) -> Inventory {
        let (observed_at, learnt_at) = (Stamp(UtcMs(NOW_MS - 9_000)), Stamp(UtcMs(NOW_MS - 8_000)));
        let value = Agent { version: "0.1.0".to_owned(), began: observed_at };
        Inventory { agent: Some(Told { value, observed_at, learnt_at }), ..Inventory::default() }
    }

    fn ledger(&self, id: NodeId) -> Option<Ledger> {
        let total = LedgerSummary { collected: Amount::known(7, Some(70)), ..LedgerSummary::default() };
        Some(Ledger { machine: id, as_of: Stamp(UtcMs(NOW_MS)), total, streams: Vec::new(), holes: Vec::new() })
    }

    fn raw(&self, machine: NodeId, start: UtcMs, end: UtcMs, ask: bool) -> Result<Raw, RawError> {
        let state = if ask { RawState::Asked } else { RawState::NotAsked };
        let (start, end) = (Stamp(start), Stamp(end));
        Ok(Raw {
            machine,
            start,
            end,
            state,
            ticks: 360,
            here: 0,
            asked: if ask { 360 } else { 0 },
            gone: 0,
            thinned: 0,
        })
    }

    fn source(&self) -> &dyn Source {
        &*self.source
    }

    fn described(&self) -> Vec<Described> {
        self.described.clone()
    }

    fn intake(&self) -> Option<Arc<dyn Intake>> {
        self.intake.clone()
    }

    fn own_metrics(&self, out: &mut Exposition) {
        out.gauge("vigie_hub_streams", "Streams kept here.").value(2.0);
    }
}

/// A machine that was just heard.
pub(crate) fn machine(name: &str, client: &str, site: &str) -> Machine {
    let origin = Origin {
        observed_at: Stamp(UtcMs(NOW_MS - 3_000)),
        learnt_at: Stamp(UtcMs(NOW_MS - 2_750)),
        path: Path::new(["agent", "relay:r1", "hub"].map(str::to_owned)),
        verified: true,
    };
    Machine {
        id: id_of(name),
        name: name.to_owned(),
        client: slug(client),
        site: slug(site),
        mark: Mark::default(),
        health: Health::Unknown,
        reachability: Reach { state: Reachability::Live, since: Some(origin.observed_at) },
        interval_ms: 10_000,
        cpu: Some(Fact { value: 0.214, origin: origin.clone() }),
        memory: None,
        last_sample: Some(origin),
        clock: None,
        ledger: LedgerSummary::default(),
        drain: None,
    }
}

pub(crate) fn id_of(name: &str) -> NodeId {
    NodeId::of_key(blake3::hash(name.as_bytes()).as_bytes())
}

pub(crate) fn slug(name: &str) -> Slug {
    name.parse().expect("a plain name")
}

/// The labels of a series of a machine.
pub(crate) fn labels(metric: &str, machine: &Machine) -> LabelSet {
    let owner = Owner {
        client: machine.client.to_string(),
        site: machine.site.to_string(),
        machine: machine.name.clone(),
        machine_id: machine.id.to_string(),
    };
    let owned = owner.labels().map(|(name, value)| (name.to_owned(), value.to_owned()));
    LabelSet::new(owned.into_iter().chain([("__name__".to_owned(), metric.to_owned())]))
}

pub(crate) fn tokens() -> Arc<dyn Access> {
    let who = |name: &str, clients| Identity { name: name.to_owned(), clients, ..Identity::default() };
    Arc::new(TokenTable::new([
        (TokenTable::hash(ALL), who("everyone", Clients::All)),
        (TokenTable::hash(ACME), who("acme", Clients::Only([slug("acme")].into()))),
    ]))
}

/// Whether a program of others is there to be asked. It must be, unless `VIGIE_WITHOUT_PEERS=1` says that nothing is to be
/// proved about it.
pub(crate) fn peer_is_here(program: &str) -> bool {
    if std::env::var_os("VIGIE_WITHOUT_PEERS").is_some_and(|said| said == "1") {
        return false;
    }
    let asked = std::process::Command::new(program).arg("--version").output();
    assert!(
        asked.is_ok(),
        "{program} is not installed: apt-get install prometheus, or set VIGIE_WITHOUT_PEERS=1 to prove nothing about it"
    );
    true
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }
}

/// A node behind its router.
pub(crate) struct Door {
    pub(crate) node: Arc<Node>,
    router: Router,
}

impl Door {
    pub(crate) fn new() -> Self {
        Self::of(Node::new(), Options::default())
    }

    pub(crate) fn of(node: Node, options: Options) -> Self {
        Self::guarded(node, options, tokens())
    }

    pub(crate) fn guarded(node: Node, options: Options, access: Arc<dyn Access>) -> Self {
        let node = Arc::new(node);
        Self { router: router(Arc::clone(&node) as Arc<dyn Lookout>, access, options), node }
    }

    /// A node whose rules somebody watches.
    pub(crate) fn watching(incidents: Arc<dyn Incidents>, access: Arc<dyn Access>) -> Self {
        let node = Arc::new(Node::new());
        let lookout = Arc::clone(&node) as Arc<dyn Lookout>;
        Self { router: router_with(lookout, incidents, access, Options::default()), node }
    }

    /// A door of another node's router.
    pub(crate) fn around(router: Router) -> Self {
        Self { router, node: Arc::new(Node::new()) }
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.expect("the router always answers");
        let (parts, body) = response.into_parts();
        // A stream of events has no end: its first piece stands for it.
        let streams = parts.headers.get("content-type").is_some_and(|kind| kind == "text/event-stream");
        let body = if streams {
            first_piece(body).await
        } else {
            to_bytes(body, usize::MAX).await.expect("a whole body").to_vec()
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// Asks with a token.
    pub(crate) async fn get(&self, token: &str, path: &str) -> Answer {
        self.send(asking(token, path).body(Body::empty()).expect("a request")).await
    }

    /// Asks with a cookie.
    pub(crate) async fn get_with_cookie(&self, cookie: &str, path: &str) -> Answer {
        self.send(Request::get(path).header("cookie", cookie).body(Body::empty()).expect("a request")).await
    }

    /// Posts a form from our own page.
    pub(crate) async fn post(&self, path: &str, headers: &[(&str, &str)], form: &str) -> Answer {
        let kind = "application/x-www-form-urlencoded";
        let request = Request::post(path).header("content-type", kind);
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        self.send(request.body(Body::from(form.to_owned())).expect("a request")).await
    }

    /// Signs in and gives the cookie.
    pub(crate) async fn sign_in(&self, token: &str) -> String {
        let answer = self.post("/sign-in", &[], &format!("token={token}")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.text());
        answer.header("set-cookie").split(';').next().expect("a cookie").to_owned()
    }

    /// The router itself, for what is not answered at once.
    pub(crate) fn router(&self) -> Router {
        self.router.clone()
    }
}

async fn first_piece(mut body: Body) -> Vec<u8> {
    let frame = std::future::poll_fn(|cx| http_body::Body::poll_frame(std::pin::Pin::new(&mut body), cx)).await;
    frame.and_then(Result::ok).and_then(|frame| frame.into_data().ok()).map(|data| data.to_vec()).unwrap_or_default()
}

pub(crate) fn asking(token: &str, path: &str) -> axum::http::request::Builder {
    let request = Request::get(path);
    if token.is_empty() { request } else { request.header("authorization", format!("Bearer {token}")) }
}

/// What was answered, in memory.
#[derive(Default)]
pub(crate) struct Remembered(pub(crate) Mutex<HashMap<[u8; 32], Vec<u8>>>);

impl Repeats for Remembered {
    fn recall(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>, NotRemembered> {
        Ok(self.0.lock().expect("no test panics here").get(key).cloned())
    }

    fn keep(&self, key: &[u8; 32], _: &str, what: &[u8], _: UtcMs) -> Result<(), NotRemembered> {
        self.0.lock().expect("no test panics here").insert(*key, what.to_vec());
        Ok(())
    }

    fn forget(&self, key: &[u8; 32]) -> Result<(), NotRemembered> {
        self.0.lock().expect("no test panics here").remove(key);
        Ok(())
    }
}
