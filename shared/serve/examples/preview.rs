//! Shows the page without a mesh: one node with a handful of invented machines, in every state a machine can be in.
//!
//! For looking at the page while changing it, at every width, in both themes and languages, and for taking pictures of
//! it. Nothing here is measured, and nothing is kept.
//!
//! ```text
//! cargo run -p vigie-serve --example preview -- [hub|relay|empty] [address] [extra machines] [open]
//! ```
//! The token is `preview`. With `open` everybody is signed in: for a headless browser that takes pictures.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::map_request;
use vigie_model::{ClockSource, GapReason, Incarnation, NodeId, Now, Role, Slug, StreamId, UtcMs};
use vigie_query::InMemory;
use vigie_serve::{
    Access, Amount, Beat, Clients, ClockNote, Described, Drain, Exposition, Fact, GivenUp, Goodbye, Health, Heard,
    Hole, HoleKind, Identity, Intake, LabelSet, Lack, Ledger, LedgerSummary, Link, Listener, Lookout, Machine, Mark,
    NotReady, Options, Origin, Owner, Path, Raw, RawError, Reach, Relay, Shortfall, Site, Source, Stamp, StreamLedger,
    TokenTable, Upward, reach, reach_of_site, router, serve,
};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut words = std::env::args().skip(1);
    let scene = words.next().unwrap_or_else(|| "hub".to_owned());
    let address: SocketAddr = words.next().unwrap_or_else(|| "127.0.0.1:8099".to_owned()).parse()?;
    let extra = words.next().map_or(Ok(0), |count| count.parse())?;
    let listener = tokio::net::TcpListener::bind(address).await?;
    println!("http://{address} shows {scene}; the token is preview");
    let stage = Arc::new(Stage::new(&scene, extra));
    let access: Arc<dyn Access> = Arc::new(TokenTable::new([(
        TokenTable::hash("preview"),
        Identity { name: "preview".to_owned(), clients: Clients::All, ..Identity::default() },
    )]));
    let mut router = router(stage, access, Options::default());
    if words.next().as_deref() == Some("open") {
        router = Router::new().fallback_service(router).layer(map_request(sign_in_everybody));
    }
    serve(listener, router, std::future::pending()).await?;
    Ok(())
}

async fn sign_in_everybody(mut request: Request) -> Request {
    request.headers_mut().insert("authorization", HeaderValue::from_static("Bearer preview"));
    request
}

/// How often everything here measures.
const INTERVAL_MS: u64 = 10_000;
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

/// What happens to a machine.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Part {
    Live,
    Ok,
    Warning,
    Critical,
    Late,
    Silent,
    Cut(Health),
    Asleep,
    Unseen,
    Lossy,
    WrongClock,
}

#[derive(Debug, Clone)]
struct Actor {
    id: NodeId,
    name: String,
    client: &'static str,
    site: &'static str,
    part: Part,
    base: f64,
}

struct Stage {
    scene: String,
    begun: Instant,
    begun_ms: i64,
    actors: Vec<Actor>,
    source: InMemory,
}

impl Stage {
    fn new(scene: &str, extra: usize) -> Self {
        let begun_ms = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64);
        let mut actors = if scene == "empty" { Vec::new() } else { cast(scene) };
        for n in 0..extra {
            actors.push(actor(&format!("poste-{n:04}"), "mairie-bron", "ecoles", Part::Live));
        }
        let mut source = InMemory::default();
        for actor in &actors {
            actor.play(begun_ms, &mut source);
        }
        Self { scene: scene.to_owned(), begun: Instant::now(), begun_ms, actors, source }
    }

    fn now_ms(&self) -> i64 {
        self.begun_ms + self.begun.elapsed().as_millis() as i64
    }
}

fn cast(scene: &str) -> Vec<Actor> {
    let lyon = [
        ("srv-fichiers", Part::Live),
        ("srv-sauvegarde", Part::Ok),
        ("compta-1", Part::Warning),
        ("compta-2", Part::Critical),
        ("accueil", Part::Late),
        ("imprimante-3e", Part::Silent),
        ("portable-direction", Part::Asleep),
        ("nouveau-poste", Part::Unseen),
        ("nas-archives-photographies-et-plans", Part::Lossy),
        ("<b>borne</b> & \"caisse\"", Part::WrongClock),
    ];
    let mut actors: Vec<_> = lyon.iter().map(|(name, part)| actor(name, "acme", "lyon", *part)).collect();
    if scene != "relay" {
        for (name, part) in [
            ("caisse-1", Part::Cut(Health::Ok)),
            ("caisse-2", Part::Cut(Health::Critical)),
            ("serveur-magasin", Part::Cut(Health::Unknown)),
        ] {
            actors.push(actor(name, "mairie-bron", "mediatheque", part));
        }
        actors.push(actor("vps-paris", "acme", "paris", Part::Live));
    }
    actors
}

fn actor(name: &str, client: &'static str, site: &'static str, part: Part) -> Actor {
    let hash = blake3::hash(name.as_bytes());
    let id = NodeId::of_key(hash.as_bytes());
    let base = 0.08 + f64::from(hash.as_bytes()[0]) / 600.0;
    Actor { id, name: name.to_owned(), client, site, part, base }
}

impl Actor {
    fn owner(&self) -> Owner {
        Owner {
            client: self.client.to_owned(),
            site: self.site.to_owned(),
            machine: self.name.clone(),
            machine_id: self.id.to_string(),
        }
    }

    /// Up to when it was heard, before now.
    fn last_ms(&self, now_ms: i64) -> Option<i64> {
        let interval = INTERVAL_MS as i64;
        let on_beat = now_ms - now_ms.rem_euclid(interval);
        match self.part {
            Part::Unseen => None,
            Part::Late => Some(on_beat - 45_000),
            Part::Silent => Some(on_beat - 7 * MINUTE_MS),
            Part::Cut(_) => Some(on_beat - 43 * MINUTE_MS),
            Part::Asleep => Some(on_beat - 190 * MINUTE_MS),
            _ => Some(on_beat),
        }
    }

    /// Writes its last day, and a while ahead for as long as somebody looks.
    fn play(&self, now_ms: i64, source: &mut InMemory) {
        let Some(last) = self.last_ms(now_ms) else { return };
        let until = if last > now_ms - 20_000 { now_ms + DAY_MS / 4 } else { last };
        let metrics = [("system_cpu_utilization_ratio", 0.35), ("system_memory_utilization_ratio", 0.03)];
        for (metric, liveliness) in metrics {
            let labels = self.owner().labels().map(|(name, value)| (name.to_owned(), value.to_owned()));
            let labels = LabelSet::new(labels.into_iter().chain([("__name__".to_owned(), metric.to_owned())]));
            let times = (now_ms - now_ms.rem_euclid(INTERVAL_MS as i64) - DAY_MS..=until).step_by(INTERVAL_MS as usize);
            let heard = times.filter(|at| !self.is_gap(*at, now_ms));
            source.add(labels, heard.map(|at| (at, self.value(at, liveliness))));
        }
        if let Part::Cut(_) = self.part {
            let lack = Lack::Cut { since_ms: last };
            let (machine, machine_id) = (self.name.as_str().into(), self.id.to_string().into());
            let (client, site) = (self.owner().client.into(), self.site.into());
            source.lacks(Shortfall { machine, machine_id, client, site, lack });
        }
    }

    fn is_gap(&self, at: i64, now_ms: i64) -> bool {
        let ago = (now_ms - at) / MINUTE_MS;
        match self.part {
            Part::Lossy => (22..31).contains(&ago) || (180..240).contains(&ago),
            Part::Ok => (38..44).contains(&ago),
            _ => false,
        }
    }

    fn value(&self, at: i64, liveliness: f64) -> f64 {
        let t = at as f64 / 1000.0;
        let noise = f64::from(blake3::hash(&at.to_le_bytes()).as_bytes()[0]) / 255.0 - 0.5;
        let wave = (t / 1700.0).sin() * 0.4 + (t / 310.0).sin() * 0.25 + noise * 0.6;
        let share = self.base + if liveliness > 0.1 { 0.12 } else { 0.4 } + wave * liveliness * 0.6;
        (share.clamp(0.004, 0.998) * 1000.0).round() / 1000.0
    }

    fn path(&self, scene: &str) -> Path {
        let hops: &[&str] = match (scene, self.site) {
            ("relay", _) => &["agent", "relay:lyon-r1"],
            (_, "lyon") => &["agent", "relay:lyon-r1", "hub"],
            (_, "mediatheque") => &["agent", "relay:bron-r1", "hub"],
            (_, "ecoles") => &["agent", "relay:ecoles-r1", "hub"],
            _ => &["agent", "hub"],
        };
        Path::new(hops.iter().map(ToString::to_string))
    }

    fn reachability(&self, now_ms: i64) -> Reach {
        let now = UtcMs(now_ms);
        let last = self.last_ms(now_ms);
        let beat = |at: i64| Beat { at: UtcMs(at), every_ms: 10_000 };
        let relay_at = if let Part::Cut(_) = self.part { now_ms - 43 * MINUTE_MS } else { now_ms - 2_000 };
        let machine = match self.part {
            Part::Late => Some(beat(now_ms - 3_000)),
            _ => last.map(beat),
        };
        let goodbye =
            (self.part == Part::Asleep).then(|| Goodbye { at: UtcMs(now_ms - 190 * MINUTE_MS), back_at: None });
        let listener = Listener::Relay { relay: Some(beat(relay_at)), machine };
        let heard = Heard {
            interval_ms: INTERVAL_MS,
            observed_at: last.map(UtcMs),
            learnt_at: last.map(UtcMs),
            told_of: false,
            listener,
            goodbye,
            retired: false,
        };
        reach(&heard, now)
    }

    fn machine(&self, scene: &str, now_ms: i64) -> Machine {
        let origin = self.last_ms(now_ms).map(|last| Origin {
            observed_at: Stamp(UtcMs(last)),
            learnt_at: Stamp(UtcMs(last + 240)),
            path: self.path(scene),
            verified: last < now_ms - 20_000,
        });
        let fact = |liveliness: f64| {
            let origin = origin.clone()?;
            Some(Fact { value: self.value(origin.observed_at.ms(), liveliness), origin })
        };
        Machine {
            id: self.id,
            name: self.name.clone(),
            client: slug(self.client),
            site: slug(self.site),
            mark: Mark::default(),
            health: match self.part {
                Part::Ok | Part::Silent => Health::Ok,
                Part::Warning => Health::Warning,
                Part::Critical => Health::Critical,
                Part::Cut(was) => was,
                _ => Health::Unknown,
            },
            reachability: self.reachability(now_ms),
            interval_ms: INTERVAL_MS,
            cpu: fact(0.35),
            memory: fact(0.03),
            last_sample: origin,
            clock: (self.part == Part::WrongClock).then_some(ClockNote {
                ahead_ms: 7 * MINUTE_MS,
                source: ClockSource::Hub,
                corrected: true,
            }),
            ledger: self.summary(now_ms),
            drain: (self.part == Part::Late).then_some(Drain { ticks_per_second: 31.0, done_in_seconds: Some(4) }),
        }
    }

    fn summary(&self, now_ms: i64) -> LedgerSummary {
        let Some(last) = self.last_ms(now_ms) else { return LedgerSummary::default() };
        let begun = self.first_ms();
        let ticks = (last - begun).unsigned_abs() / INTERVAL_MS;
        let per_tick = 160;
        let count = |ticks: u64| Amount::known(ticks, Some(ticks * per_tick));
        let waiting = match self.part {
            Part::Late => count(124),
            Part::Cut(_) => {
                let missed = (now_ms - last).unsigned_abs() / INTERVAL_MS;
                Amount::estimated(missed, Some(missed * per_tick))
            }
            _ => count(0),
        };
        let given_up = if self.part == Part::Lossy {
            vec![
                GivenUp { reason: GapReason::Evicted, ticks: 54, samples: Some(54 * per_tick) },
                GivenUp { reason: GapReason::Interrupted, ticks: 3, samples: None },
            ]
        } else {
            Vec::new()
        };
        let cut = matches!(self.part, Part::Cut(_));
        LedgerSummary {
            collected: Amount { estimated: cut, ..count(ticks + waiting.ticks) },
            at_relay: (self.site != "paris").then(|| Amount { estimated: cut, ..count(ticks + waiting.ticks) }),
            at_hub: Some(count(ticks)),
            expired: None,
            folded: None,
            thinned: None,
            waiting,
            given_up,
            duplicates: ticks / 997,
        }
    }

    /// Everything here began some days ago.
    fn first_ms(&self) -> i64 {
        1_794_700_000_000
    }

    fn ledger(&self, now_ms: i64) -> Ledger {
        let stream = StreamId { agent: self.id, incarnation: Incarnation(0xfeed) };
        let hole = |kind, reason, from: i64, until: Option<i64>, amount| Hole {
            stream,
            kind,
            reason,
            first: None,
            last: None,
            amount,
            from: Some(Stamp(UtcMs(now_ms - from * MINUTE_MS))),
            until: until.map(|until| Stamp(UtcMs(now_ms - until * MINUTE_MS))),
        };
        let none = Amount::known(0, None);
        let holes = match self.part {
            Part::Lossy => vec![
                hole(HoleKind::Lost, Some(GapReason::Evicted), 31, Some(22), Amount::known(54, Some(8_640))),
                hole(HoleKind::Absent, None, 240, Some(180), none),
            ],
            Part::Ok => vec![hole(HoleKind::Absent, None, 44, Some(38), none)],
            Part::Cut(_) => vec![hole(HoleKind::Waiting, None, 43, None, self.summary(now_ms).waiting)],
            Part::Asleep => vec![hole(HoleKind::Absent, None, 190, None, none)],
            _ => Vec::new(),
        };
        let total = self.summary(now_ms);
        let streams = vec![StreamLedger {
            stream,
            last_seq: total.collected.ticks,
            folded_by: Vec::new(),
            summary: total.clone(),
        }];
        Ledger { machine: self.id, as_of: Stamp(UtcMs(now_ms)), total, streams, holes }
    }
}

impl Lookout for Stage {
    fn role(&self) -> Role {
        if self.scene == "relay" { Role::Relay } else { Role::Hub }
    }

    fn name(&self) -> String {
        if self.scene == "relay" { "lyon-r1".to_owned() } else { "hub.exemple.fr".to_owned() }
    }

    fn now(&self) -> Now {
        Now { mono_ms: self.begun.elapsed().as_millis() as u64, utc: UtcMs(self.now_ms()) }
    }

    fn ready(&self) -> Result<(), NotReady> {
        Ok(())
    }

    fn upward(&self) -> Option<Upward> {
        let now_ms = self.now_ms();
        (self.scene == "relay").then(|| Upward {
            to: "hub.exemple.fr".to_owned(),
            link: Link {
                connected: false,
                since: Some(Stamp(UtcMs(now_ms - 198 * MINUTE_MS))),
                last_heard: Some(Stamp(UtcMs(now_ms - 198 * MINUTE_MS))),
                round_trip_ms: None,
            },
            waiting: Amount::known(11_880, Some(1_900_800)),
            rows: None,
            drain: None,
            waited_most: None,
            room: None,
        })
    }

    fn sites(&self) -> Vec<Site> {
        let now_ms = self.now_ms();
        let places = [
            ("acme", "lyon", "lyon-r1"),
            ("mairie-bron", "mediatheque", "bron-r1"),
            ("acme", "paris", ""),
            ("mairie-bron", "ecoles", "ecoles-r1"),
        ];
        let here = |site: &str| self.actors.iter().filter(|actor| actor.site == site).count() as u64;
        let sites = places.into_iter().filter(|(_, site, _)| here(site) > 0).map(|(client, name, relay)| {
            let cut = name == "mediatheque";
            let heard_ms = if cut { now_ms - 43 * MINUTE_MS } else { now_ms - 2_000 };
            let link = Link {
                connected: !cut,
                since: Some(Stamp(UtcMs(now_ms - if cut { 43 } else { 5_000 } * MINUTE_MS))),
                last_heard: Some(Stamp(UtcMs(heard_ms))),
                round_trip_ms: (!cut).then_some(38.4),
            };
            let relays = (!relay.is_empty()).then(|| Relay {
                id: actor(relay, client, name, Part::Live).id,
                name: relay.to_owned(),
                link,
                page: None,
            });
            Site {
                name: slug(name),
                client: slug(client),
                relays: relays.into_iter().collect(),
                reachability: reach_of_site([Some(Beat { at: UtcMs(heard_ms), every_ms: 10_000 })], UtcMs(now_ms)),
                machines: here(name),
                waiting: match name {
                    "mediatheque" => Amount::estimated(774, Some(123_840)),
                    "lyon" => Amount::known(124, Some(19_840)),
                    _ => Amount::known(0, Some(0)),
                },
                drain: None,
            }
        });
        sites.collect()
    }

    fn machines_where(&self, wanted: &mut dyn FnMut(NodeId, &Slug, &Slug) -> bool) -> Vec<Machine> {
        let now_ms = self.now_ms();
        let all = self.actors.iter().map(|actor| actor.machine(&self.scene, now_ms));
        let mut all: Vec<Machine> = all.collect();
        all.sort_by_key(|machine| machine.id);
        all.retain(|machine| wanted(machine.id, &machine.client, &machine.site));
        all
    }

    fn machine(&self, id: NodeId) -> Option<Machine> {
        let actor = self.actors.iter().find(|actor| actor.id == id)?;
        Some(actor.machine(&self.scene, self.now_ms()))
    }

    fn inventory(&self, _: NodeId) -> vigie_serve::Inventory {
        vigie_serve::Inventory::default()
    }

    fn ledger(&self, id: NodeId) -> Option<Ledger> {
        Some(self.actors.iter().find(|actor| actor.id == id)?.ledger(self.now_ms()))
    }

    fn source(&self) -> &dyn Source {
        &self.source
    }

    fn described(&self) -> Vec<Described> {
        Vec::new()
    }

    fn intake(&self) -> Option<Arc<dyn Intake>> {
        None
    }

    fn raw(&self, _id: NodeId, _from: UtcMs, _to: UtcMs, _ask: bool) -> Result<Raw, RawError> {
        Err(RawError::NotHere)
    }

    fn own_metrics(&self, out: &mut Exposition) {
        out.gauge("vigie_preview_machines", "Invented machines.").value(self.actors.len() as f64);
    }
}

fn slug(name: &str) -> Slug {
    name.parse().expect("the names here are plain")
}
