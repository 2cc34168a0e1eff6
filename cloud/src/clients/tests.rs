//! A hub from which a client is erased, and that is killed meanwhile.

use std::sync::{Arc, Mutex, RwLock};

use serde_json::{Value, json};
use vigie_jobs::{JobKind, JobWish, Priority};
use vigie_merge::{Key, Kind, Scope, Ulid};
use vigie_model::{
    Boot, Incarnation, Kind as Measure, Moment, NodeId, Resolution, Role, Sample, Seq, SeriesDef, SeriesIx, StreamId,
    Tick, UtcMs, pushed_name,
};
use vigie_node::{NodeClock, NodeRows};
use vigie_people::{Answer, Asker, Grant, Language, Order, Spans, Verifier, Who};
use vigie_serve::{
    BoardOwner, BoardWish, Boards, Erasure, ErasureState, Erasures, Holdings, People, PhotoKept, PhotoKind, Photos,
    Undecided,
};
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::{Log, Options, State, Write};

use super::begin::begin_all;
use super::eraser::Eraser;
use super::whose::{Fate, Whose, tables};
use crate::boards::Shelf;
use crate::jobs::Book;
use crate::people::{HEADS, LINES, Register, Scribe};
use crate::photos::Album;
use crate::registry::{ACCESS, NODES, NodeRow, Registry, TOKENS};
use crate::{quotas, repeats, retention, status_pages};

/// Stands in whatever is the client's, and in nothing else.
const NAME: &str = "quincaillerie";
const OTHER: &str = "bron";

fn slug(name: &str) -> vigie_model::Slug {
    name.parse().expect("a name")
}

fn node(number: u8) -> NodeId {
    NodeId::of_key(&[number; 32])
}

const MACHINE: u8 = 1;
const RELAY: u8 = 2;
const OTHERS: u8 = 3;
const HUB: u8 = 9;

/// Both of the hub's files.
#[derive(Clone)]
struct Disks {
    state: FaultDisk,
    log: FaultDisk,
}

impl Disks {
    fn copy(&self) -> Self {
        let state = FaultDisk::from_image(self.state.image());
        state.take_witness_of(&self.state);
        Self { state, log: FaultDisk::from_image(self.log.image()) }
    }

    /// After a kill: what was written is there.
    fn killed(&self) -> Self {
        Self { state: self.state.killed(), log: self.log.killed() }
    }

    fn tell(&self, text: &str) -> bool {
        let holds = |image: Vec<u8>| image.windows(text.len()).any(|window| window == text.as_bytes());
        holds(self.state.image()) || holds(self.log.image())
    }
}

struct Hub {
    state: Arc<State>,
    register: Arc<Register>,
    rows: NodeRows,
    eraser: Eraser,
    _runtime: tokio::runtime::Runtime,
    _folder: tempfile::TempDir,
}

impl Hub {
    /// As the hub starts: what is to be erased goes before anybody reads.
    fn open(disks: &Disks) -> Option<Self> {
        Self::open_as(disks, true)
    }

    /// `begins` is false where what is to happen before anybody reads failed, and the hub went on.
    fn open_as(disks: &Disks, begins: bool) -> Option<Self> {
        let state = Arc::new(State::open_on(disks.state.clone()).ok()?.0);
        let options = Options { cap_percent_of_disk: None, new_epoch: Some(7), ..Options::hub(1 << 30) };
        let mut log = Log::open_on(disks.log.clone(), options).ok()?.0;
        if begins {
            begin_all(&state, &mut log, node(HUB), &["all".to_owned()].into(), UtcMs(9_000)).ok()?;
        }
        let (clock, folder) = (NodeClock::new(), tempfile::tempdir().ok()?);
        let who = (node(HUB), Role::Hub);
        let rows = NodeRows::open(state.clone(), who, None, UtcMs(0), false, clock.clone()).ok()?;
        let register = Register::open(state.clone(), clock.clone(), folder.path(), Spans::default()).ok()?;
        let register = Arc::new(register);
        let scribe = Arc::new(Scribe::open(state.clone(), rows.clone(), clock.clone()).ok()?);
        let boards = Arc::new(Shelf::open(state.clone(), clock.clone()).ok()?);
        register.written_by(scribe, vec![boards]);
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().ok()?;
        let eraser = Eraser {
            state: state.clone(),
            log: Arc::new(RwLock::new(log)),
            hub: node(HUB),
            people: register.clone(),
            in_file: ["all".to_owned()].into(),
            clock,
            runtime: runtime.handle().clone(),
            again: tokio::sync::mpsc::unbounded_channel().0,
            asking: Mutex::default(),
        };
        Some(Self { state, register, rows, eraser, _runtime: runtime, _folder: folder })
    }

    fn has(&self, client: &str) -> Holdings {
        self.eraser.holdings(&slug(client)).expect("it reads")
    }

    fn receipt(&self) -> Erasure {
        self.eraser.list().expect("receipts").into_iter().next().expect("one")
    }

    fn order(&self, who: Who, order: Order) -> Answer {
        let asker = Asker { who, by: "api", from: "192.0.2.7".to_owned() };
        self.register.carry_out(order, &asker).expect("carried out")
    }

    fn person(&self, email: &str, grants: &[&str]) {
        let grant = |text: &&str| {
            let (role, scope) = text.split_once('@').expect("ROLE@SCOPE");
            Grant { role: role.parse().expect("a role"), scope: scope.parse().expect("a scope") }
        };
        let (email, name) = (email.parse().expect("an address"), "Somebody".parse().expect("a name"));
        let invite = Order::Invite { email, name, grants: grants.iter().map(grant).collect(), language: Language::En };
        let Answer::Invited(invited) = self.order(Who::Console, invite) else { panic!("a code") };
        self.order(Who::Nobody, Order::Accept { code: invited.code, name: None, password: Verifier::of_nobody() });
    }

    fn chains_are_whole(&self) -> bool {
        self.register.chains().expect("chains").iter().all(|client| {
            let verified = vigie_serve::verify_audit(self.register.as_ref(), client.as_ref()).expect("it reads");
            verified["whole"] == true
        })
    }

    /// All rows that stay when the client goes, but for the provider's audit, which tells of it.
    fn of_others(&self) -> Vec<(&'static str, Vec<u8>, Vec<u8>)> {
        let erasure = vigie_people::ClientErasure::new(slug(NAME), "");
        let log = self.eraser.log.read().expect("nobody panics");
        let whose = Whose::read((&self.state, &log), node(HUB), &["all".to_owned()].into(), erasure, &slug(NAME));
        let whose = whose.expect("it reads");
        let mut all = Vec::new();
        for table in tables() {
            let is_own = table == vigie_store::rows::STATE_TABLES[3] || table == vigie_store::rows::STATE_TABLES[1];
            for (key, row) in self.state.scan(table, b"").expect("rows") {
                let is_told = [LINES, HEADS].contains(&table) && key.starts_with(b"*");
                if whose.fate(table, &key, &row) == Fate::Stays && !is_told && !is_own {
                    all.push((table, key, row));
                }
            }
        }
        all
    }
}

/// Something in each table, of the client and of another.
fn fill(hub: &Hub) {
    let put =
        |table: &str, key: &[u8], row: Value| hub.state.put(table, key, row.to_string().as_bytes()).expect("kept");
    for (number, role, client) in [(MACHINE, "agent", NAME), (RELAY, "relay", NAME), (OTHERS, "agent", OTHER)] {
        let id = node(number).to_string();
        let row = json!({ "node": id, "role": role, "client": client, "site": "vaise", "name": format!("{client}-{number}"),
            "advertised": [], "token": "t", "enrolled_at_ms": 5, "revoked": false });
        put(NODES, id.as_bytes(), row);
    }
    for (client, id) in [(NAME, "aa"), (OTHER, "bb")] {
        let token = json!({ "id": id, "client": client, "site": "vaise", "roles": ["agent"], "uses_left": 1,
            "expires_at_ms": 9, "revoked": false, "made_at_ms": 1, "proof": "00" });
        put(TOKENS, id.as_bytes(), token);
        put(quotas::TABLE, client.as_bytes(), json!({ "most": { "machines": 9 }, "by": "root", "made_ms": 1 }));
        put(retention::TABLE, client.as_bytes(), json!({ "days": { "raw_days": 9 }, "by": "root", "made_ms": 1 }));
        let hook = json!({ "id": id, "url": format!("https://{client}.example.org"), "kinds": [], "client": client,
            "site": null, "by": "root", "made_ms": 1 });
        put(vigie_notify::HOOK_TABLES[0], id.as_bytes(), hook);
        for hook in ["aa", "bb", "cc"] {
            let event = json!({ "event": { "kind": "alert", "client": client, "site": null, "data": {}, "at_ms": 1 }, "tries": 0 });
            put(vigie_notify::HOOK_TABLES[2], &[hook.as_bytes(), &[0], client.as_bytes()].concat(), event);
        }
        let body = json!({ "id": 7, "place": format!("{client}/vaise") }).to_string();
        let body = data_encoding::BASE64.encode(body.as_bytes());
        let answer = json!({ "sent": [0], "answer": { "status": 200, "kind": null, "etag": null, "body": body } });
        let row = [&[0x7f; 8][..], answer.to_string().as_bytes()].concat();
        hub.state.put(repeats::TABLE, client.as_bytes(), &row).expect("kept");
        let page =
            json!({ "said": { "client": client, "title": client, "components": [] }, "notices": [], "made_ms": 1 });
        put(status_pages::TABLES[0], format!("public-{id}").as_bytes(), page);
        hub.state.put(status_pages::TABLES[1], &[client.as_bytes(), &[0; 5]].concat(), &[0; 8]).expect("kept");
        let wish = JobWish {
            kind: JobKind::Export,
            priority: Priority::Usual,
            client: Some(slug(client)),
            what: format!("{{client=\"{client}\"}}"),
            by: "root@example.org".to_owned(),
            order: json!({ "client": client }),
            not_before: UtcMs(0),
        };
        let book = Book::open(hub.state.clone(), NodeClock::new()).expect("a book");
        book.add(wish).expect("kept");
        let place = format!("{client}/vaise");
        hub.state.put("notify-site", place.as_bytes(), client.as_bytes()).expect("kept");
        let learnt = [&[1; 9], client.as_bytes()].concat();
        let incident = format!("01{}", if client == NAME { "A" } else { "B" }.repeat(24));
        hub.state.put("lookout.learnt", incident.as_bytes(), &learnt).expect("kept");
    }
    put(ACCESS, b"one", json!({ "name": "one", "hash": "0", "clients": [NAME], "made_at_ms": 1 }));
    put(ACCESS, b"two", json!({ "name": "two", "hash": "0", "clients": [NAME, OTHER], "made_at_ms": 1 }));
    put(ACCESS, b"all", json!({ "name": "all", "hash": "0", "clients": [], "made_at_ms": 1 }));
    for number in [MACHINE, OTHERS] {
        let key = [node(number).as_bytes().as_slice(), &[0; 8]].concat();
        hub.state.put("lookout.silence", &key, &[1; 9]).expect("kept");
    }
    hub.person("root@example.org", &["admin@*"]);
    hub.person(&format!("ann@{NAME}.example.org"), &[&format!("operator@{NAME}/vaise")]);
    hub.person("zoe@example.org", &[&format!("observer@{NAME}"), &format!("operator@{OTHER}")]);
    hub.person("bob@example.org", &[&format!("operator@{OTHER}")]);
    boards(hub);
    photos(hub);
    shared(hub);
    samples(hub);
}

fn boards(hub: &Hub) {
    let shelf = Shelf::open(hub.state.clone(), NodeClock::new()).expect("a shelf");
    let widget = |client: &str| json!({ "kind": "status", "x": 0, "y": 0, "w": 6, "h": 2, "client": client });
    let question =
        json!({ "kind": "value", "x": 0, "y": 2, "w": 6, "h": 2, "query": format!("up{{client=\"{NAME}\"}}") });
    for (shared, widgets) in [(NAME, vec![widget(OTHER)]), (OTHER, vec![widget(NAME), widget(OTHER), question])] {
        let wish: BoardWish =
            serde_json::from_value(json!({ "name": "Tills", "shared": shared, "widgets": widgets })).expect("a board");
        let owner = BoardOwner { key: "root".to_owned(), name: "root@example.org".to_owned() };
        shelf.add(&wish, &owner).expect("kept");
    }
}

fn photos(hub: &Hub) {
    let album = Album::open(hub.state.clone()).expect("an album");
    for client in [NAME, OTHER] {
        let photo = PhotoKept {
            id: "1".to_owned(),
            incident: format!("of {client}"),
            client: Some(slug(client)),
            by: format!("ann@{client}.example.org"),
            happened_ms: 1,
            learnt_ms: 2,
            kind: PhotoKind::Jpeg,
            bytes: 9,
        };
        assert_eq!(album.add(&photo, format!("a photo of a till of {client}").as_bytes()), Ok(true));
    }
}

fn shared(hub: &Hub) {
    for (client, number) in [(NAME, MACHINE), (OTHER, OTHERS)] {
        let scope = Scope::Site(slug(client), slug("vaise"));
        let fact = Key::new(&scope, &Kind::Fact, &format!("{}/system", node(number))).expect("a key");
        let rule = format!("shop/{}", Ulid::new(UtcMs(5), [number; 10]));
        let rule = Key::new(&Scope::Client(slug(client)), &Kind::Rule, &rule).expect("a key");
        let written = hub.rows.edit_blocking(|pen| {
            pen.last(&fact, Some(format!("of {client}").into_bytes()))?;
            pen.many(&rule, &vigie_merge::Context::default(), Some(format!("rule of {client}").into_bytes()))
        });
        written.expect("written");
    }
}

fn samples(hub: &Hub) {
    let mut log = hub.eraser.log.write().expect("nobody panics");
    let pushed = |client: &str| pushed_name(&slug(client), &slug("vaise"));
    let streams = [
        (MACHINE, 1, format!("{NAME}-1")),
        (RELAY, 1, format!("{NAME}-2")),
        (OTHERS, 1, "till".to_owned()),
        (HUB, 1, pushed(NAME)),
        (HUB, 2, pushed(OTHER)),
    ];
    for (number, life, name) in streams {
        let stream = StreamId { agent: node(number), incarnation: Incarnation(life) };
        let label = name.clone();
        let def = SeriesDef::new("shelf", &[("of", &label)], "", Measure::Gauge, Resolution::ONE).expect("a series");
        let tick = |seq: u64| {
            let at = Moment { utc: UtcMs(1_700_000_000_000 + seq as i64), boot: Boot { no: 1, ms: seq } };
            Arc::new(Tick { seq: Seq(seq), at, samples: vec![Sample { series: SeriesIx(0), value: seq as i64 }] })
        };
        let writes = vec![
            Write::Stream { stream, key: [number; 32], name },
            Write::Schema { stream, from: 0, defs: vec![def] },
            Write::Ticks { stream, ticks: (1..=200).map(tick).collect() },
        ];
        log.commit(writes).expect("kept");
        let sent = [b"mimir".as_slice(), &[0], &stream.to_bytes()].concat();
        hub.state.put(vigie_forward::SENT, &sent, &[1]).expect("kept");
    }
}

fn filled() -> Disks {
    let disks = Disks { state: FaultDisk::new(), log: FaultDisk::new() };
    let hub = Hub::open(&disks).expect("a hub");
    fill(&hub);
    drop(hub);
    disks
}

fn samples_of_others(hub: &Hub) -> Vec<(StreamId, u64, u64)> {
    let log = hub.eraser.log.read().expect("nobody panics");
    let facts = log.streams().iter().map(|(stream, facts)| (*stream, facts.samples, facts.bytes.total()));
    facts.filter(|(stream, ..)| stream.agent == node(OTHERS) || stream.incarnation == Incarnation(2)).collect()
}

#[test]
fn all_that_was_counted_of_a_client_goes_and_nothing_of_another() {
    let disks = filled();
    let hub = Hub::open(&disks).expect("a hub");
    let had = hub.has(NAME);
    let expected = Holdings {
        machines: 1,
        relays: 1,
        sites: 1,
        streams: 3,
        samples: 600,
        series: 3,
        rows: 2,
        rules: 1,
        people: 1,
        people_elsewhere: 1,
        tokens: 2,
        enrolments: 1,
        boards: 2,
        photos: 1,
        webhooks: 1,
        forwarded: 3,
        quotas: 1,
        retention: 1,
        answers: 1,
        jobs: 1,
        ..Holdings::default()
    };
    let Holdings { bytes, messages, remembered, audit_lines, .. } = had;
    assert!(bytes > 0 && messages == 4 && remembered >= 4 && audit_lines >= 2, "{had:?}");
    assert_eq!(had, Holdings { bytes, messages, remembered, audit_lines, ..expected });
    assert_eq!(hub.eraser.erase(&slug("nobody"), "root"), Err(Undecided::NotHere("such client")));

    let (others, samples) = (hub.of_others(), samples_of_others(&hub));
    let begun = hub.eraser.erase(&slug(NAME), "root@example.org").expect("begun");
    assert_eq!((begun.state, begun.had), (ErasureState::Begun, had));
    assert_eq!(hub.eraser.erase(&slug(NAME), "root@example.org").expect("the same").id, begun.id);
    drop(hub);

    let hub = Hub::open(&disks).expect("a hub");
    assert!(hub.has(NAME).is_nothing(), "{:?}", hub.has(NAME));
    let token = hub.state.get(ACCESS, b"two").expect("read").expect("it is another's, too");
    assert!(!String::from_utf8_lossy(&token).contains(NAME));
    hub.eraser.finish_all().expect("finished");
    let receipt = hub.receipt();
    assert_eq!(receipt.state, ErasureState::Done);
    assert!(
        receipt.left.expect("it was looked").is_nothing() && receipt.rewritten && receipt.nodes == 2,
        "{receipt:?}"
    );
    assert!(receipt.is_of(&slug(NAME)) && !receipt.is_of(&slug(OTHER)));
    assert!(receipt.chain.as_ref().is_some_and(|chain| chain.lines == audit_lines));
    let head = hub.register.head(None).expect("a head");
    assert!(receipt.audit.as_ref().is_some_and(|end| end.lines == head.seq));
    assert!(hub.chains_are_whole());
    let there = hub.of_others();
    for (table, key, row) in &others {
        let name = String::from_utf8_lossy(key);
        assert!(there.contains(&(*table, key.clone(), row.clone())), "{table} {name} is another's and changed");
    }
    assert!(others.len() > 15 && samples.len() == 2 && samples_of_others(&hub) == samples);

    // Its nodes stay out, and the name is free.
    let registry = Registry::new(hub.state.clone());
    let out = registry.revocations().expect("a list");
    assert!([MACHINE, RELAY].into_iter().all(|number| out.contains(node(number))) && !out.contains(node(OTHERS)));
    assert_eq!(registry.told_revocations().expect("a list").nodes().count(), 2);
    assert!(registry.node(node(MACHINE)).expect("it reads").is_none());
}

#[test]
fn no_byte_of_both_files_tells_the_name_of_who_was_erased() {
    let disks = filled();
    assert!(disks.tell(NAME));
    let hub = Hub::open(&disks).expect("a hub");
    hub.eraser.erase(&slug(NAME), "root@example.org").expect("begun");
    drop(hub);
    let hub = Hub::open(&disks).expect("a hub");
    hub.eraser.finish_all().expect("finished");
    assert!(!disks.tell(NAME), "while it runs");
    drop(hub);
    assert!(!disks.tell(NAME), "and closed");
    assert!(disks.tell(OTHER));
}

#[test]
fn an_erasure_whose_streams_could_not_be_let_go_of_is_not_done_before_they_are() {
    let disks = filled();
    let hub = Hub::open(&disks).expect("a hub");
    hub.eraser.erase(&slug(NAME), "root@example.org").expect("begun");
    drop(hub);
    // The small state lets go, the log keeps what it had.
    drop(Hub::open(&Disks { state: disks.state.clone(), log: disks.copy().log }).expect("a hub"));
    let hub = Hub::open_as(&disks, false).expect("a hub that goes on");
    assert!(hub.eraser.finish_all().is_err());
    assert_eq!(hub.receipt().state, ErasureState::Deleting);
    drop(hub);
    assert!(disks.tell(NAME));
    let hub = Hub::open(&disks).expect("the next start");
    hub.eraser.finish_all().expect("finished");
    assert!(hub.receipt().left.expect("it was looked").is_nothing());
    assert!(!disks.tell(NAME));
}

#[test]
fn wherever_the_hub_is_killed_the_client_is_there_wholly_or_is_erased_by_itself() {
    let disks = filled();
    let had = {
        let hub = Hub::open(&disks).expect("a hub");
        let had = hub.has(NAME);
        hub.eraser.erase(&slug(NAME), "root@example.org").expect("begun");
        had
    };
    let all = |disks: &Disks| Hub::open(disks).and_then(|hub| hub.eraser.finish_all().ok());
    let whole = disks.copy();
    all(&whole).expect("all of it");
    let (in_state, in_log) = (whole.state.operations(), whole.log.operations());
    let cuts = (0..=in_state).map(|cut| (Some(cut), None)).chain((0..=in_log).map(|cut| (None, Some(cut))));
    let (mut asked, mut deleting, mut done) = (0, 0, 0);
    for (state_cut, log_cut) in cuts {
        let disks = disks.copy();
        disks.state.set_faults(Faults { cut_at: state_cut, ..Faults::default() });
        disks.log.set_faults(Faults { cut_at: log_cut, ..Faults::default() });
        all(&disks);
        let disks = disks.killed();
        let at = format!("killed at {state_cut:?} {log_cut:?}");
        // As it lies there: nothing of the small state is gone, or all of it.
        let state = State::open_on(disks.copy().state).expect("it opens").0;
        let rows = state.scan(NODES, b"").expect("rows");
        let there = rows.iter().filter(|(_, row)| serde_json::from_slice::<NodeRow>(row).is_ok()).count();
        let kept = super::receipt::all(&state).expect("receipts").remove(0);
        match kept.told.state {
            ErasureState::Begun => asked += usize::from(there == 3 && kept.client.is_some()),
            ErasureState::Deleting => deleting += usize::from(there == 1 && kept.client.is_none()),
            ErasureState::Done => done += usize::from(there == 1 && kept.streams().is_empty()),
        }
        drop(state);
        all(&disks).unwrap_or_else(|| panic!("{at}: the next process goes on"));
        let hub = Hub::open(&disks).unwrap_or_else(|| panic!("{at}: it opens"));
        let receipt = hub.receipt();
        assert_eq!((receipt.state, receipt.had), (ErasureState::Done, had), "{at}");
        assert!(receipt.left.is_some_and(|left| left.is_nothing()) && hub.has(NAME).is_nothing(), "{at}");
        assert!(hub.chains_are_whole(), "{at}");
        drop(hub);
        assert!(!disks.tell(NAME), "{at}");
    }
    assert!(asked > 0 && deleting > 0 && done > 0, "{asked} {deleting} {done}");
    assert_eq!(asked + deleting + done, (in_state + in_log + 2) as usize, "each is one of these, wholly");
}
