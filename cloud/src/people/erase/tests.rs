//! A hub from which somebody is erased, and that is killed meanwhile.

use std::sync::Arc;

use serde_json::json;
use vigie_alerts::{Book, Decision, Edit, Heard, Judge, Said, Thing, Verdict};
use vigie_merge::Kind;
use vigie_model::{NodeId, Role, Severity};
use vigie_node::NodeClock;
use vigie_people::{Answer, Asker, Erased, Grant, Id, Language, Order, Spans, Verifier, Who};
use vigie_serve::{BoardOwner, BoardWish, Boards, People, Place};
use vigie_store::fault::{FaultDisk, Faults};

use super::*;
use crate::boards::Shelf;
use crate::people::{Acting, Register, Scribe};

const ANN: &str = "ann@acme.org";

/// By which name the site knows her.
const AT_SITE: &str = "Ann L";

struct Hub {
    state: Arc<State>,
    rows: NodeRows,
    boards: Arc<Shelf>,
    register: Register,
    scribe: Arc<Scribe>,
    /// Of the code of the first start, which is of no interest here.
    _folder: tempfile::TempDir,
}

impl Hub {
    fn open(disk: &FaultDisk) -> Option<Self> {
        let state = Arc::new(State::open_on(disk.clone()).ok()?.0);
        let (clock, folder) = (NodeClock::new(), tempfile::tempdir().ok()?);
        let who = (NodeId::of_key(&[1; 32]), Role::Hub);
        let rows = NodeRows::open(state.clone(), who, None, UtcMs(0), false, clock.clone()).ok()?;
        let register = Register::open(state.clone(), clock.clone(), folder.path(), Spans::default()).ok()?;
        let scribe = Arc::new(Scribe::open(state.clone(), rows.clone(), clock).ok()?);
        let boards = Arc::new(Shelf::open(state.clone(), NodeClock::new()).ok()?);
        register.written_by(scribe.clone(), vec![boards.clone()]);
        Some(Self { state, rows, boards, register, scribe, _folder: folder })
    }

    fn order(&self, who: Who, order: Order) -> Answer {
        let asker = Asker { who, by: "api", from: "192.0.2.7".to_owned() };
        self.register.carry_out(order, &asker).expect("carried out")
    }

    fn person(&self, email: &str, grant: &str) -> Id {
        let (role, scope) = grant.split_once('@').expect("ROLE@SCOPE");
        let grant = Grant { role: role.parse().expect("a role"), scope: scope.parse().expect("a scope") };
        let (email, name) = (email.parse().expect("an address"), "Somebody".parse().expect("a name"));
        let invite = Order::Invite { email, name, grants: vec![grant], language: Language::En };
        let Answer::Invited(invited) = self.order(Who::Console, invite) else { panic!("a code") };
        let accept = Order::Accept { code: invited.code, name: None, password: Verifier::of_nobody() };
        let Answer::Person(person) = self.order(Who::Nobody, accept) else { panic!("a person") };
        let sign_in = Order::SignIn {
            person: person.id.clone(),
            proved: Verifier::of_nobody(),
            code: String::new(),
            agent: "Firefox of hers".to_owned(),
        };
        self.order(Who::Nobody, sign_in);
        person.id
    }

    fn erase(&self) -> Option<Erased> {
        let person = self.ann()?;
        let at_sites = vec![AT_SITE.parse().expect("a name")];
        let asker = Asker { who: Who::Console, by: "command line", from: String::new() };
        match self.register.carry_out(Order::Erase { person, version: None, at_sites }, &asker).ok()? {
            Answer::Erased(erased) => Some(erased),
            other => panic!("{other:?}"),
        }
    }

    fn ann(&self) -> Option<Id> {
        let directory = self.register.directory();
        directory.person_of(&ANN.parse().expect("an address")).map(|person| person.id.clone())
    }

    /// All that is kept, as far as it can be read.
    fn texts(&self) -> String {
        let mut all = String::new();
        for table in [
            "people.person",
            "people.session",
            "people.token",
            "people.invitation",
            "boards.board",
            ERASED,
            NOTED,
            "audit.line",
        ] {
            for (key, row) in self.state.scan(table, b"").expect("rows") {
                all += &format!("{table} {} {}\n", String::from_utf8_lossy(&key), String::from_utf8_lossy(&row));
            }
        }
        let kinds = [Kind::Ack, Kind::Comment, Kind::Maintenance, Kind::Grant];
        for (key, row) in self.rows.scan_all(&kinds).expect("rows") {
            all += &format!("{} {}\n", key.scope(), String::from_utf8_lossy(&row.encode()));
        }
        all
    }

    fn is_whole(&self) -> bool {
        let chains = self.register.chains().expect("chains");
        chains.iter().all(|client| {
            let verified = vigie_serve::verify_audit(&self.register, client.as_ref()).expect("it can be read");
            assert_eq!(verified["broken"], json!(null));
            verified["whole"] == true
        })
    }

    fn write(&self, book: &mut Book, edits: Vec<Edit>) {
        for edit in edits {
            let key = edit.key.clone();
            let made = self
                .rows
                .edit_blocking(move |pen| pen.put_made(&edit.key.clone(), |row, marker| edit.onto(row, marker)));
            made.expect("written").expect("as it was seen");
            book.take(&key, &self.rows.get(&key).expect("rows").expect("it was written"), UtcMs(2_000));
        }
    }

    /// An alert of which she decides here, and under another name at the site.
    fn decisions(&self) {
        let mut book = Book::new();
        let heard = Heard {
            scope: Scope::Site("acme".parse().expect("a name"), "lyon".parse().expect("a name")),
            thing: Thing([3; 16]),
            rule: "Hot".to_owned(),
            severity: Severity::Critical,
            labels: [("machine".to_owned(), "till-1".to_owned())].into(),
            annotations: [].into(),
            value: 99.0,
            doubt: None,
            verdict: Verdict::Wrong,
            at: UtcMs(1_000),
        };
        let judge = Judge { node: NodeId::of_key(&[2; 32]), name: "relay".to_owned() };
        let edits = book.judged(&heard, &judge, [7; 10]).expect("short names");
        self.write(&mut book, edits);
        let id = book.alerts().next().expect("an alert").place.id;
        let decided = [
            (ANN, Decision::Acknowledge("a fan is on its way".to_owned())),
            ("bob@acme.org", Decision::Assign(ANN.to_owned())),
            (AT_SITE, Decision::Comment(vigie_merge::Ulid::new(UtcMs(9), [4; 10]), "it turns again".to_owned())),
        ];
        for (by, decision) in decided {
            let acting = Acting { name: by.to_owned(), who: by.to_owned(), by: "api", from: "192.0.2.8".to_owned() };
            let edits = book.decided(id, &Said::new(decision, by, "hub", UtcMs(5_000))).expect("it can be decided");
            self.scribe.acting(acting, || self.write(&mut book, edits));
        }
    }

    /// A board of hers, and another's that she changed last.
    fn boards(&self) {
        let wish: BoardWish = serde_json::from_value(json!({ "name": "Tills", "widgets": [] })).expect("a board");
        let owner = |key: String, name: &str| BoardOwner { key, name: name.to_owned() };
        self.boards.add(&wish, &owner(self.ann().expect("Ann").to_string(), ANN)).expect("kept");
        let other = self.boards.add(&wish, &owner("bob".to_owned(), "bob@acme.org")).expect("kept");
        self.boards.change(&other.head.id, other.head.version, &wish, ANN).expect("changed");
    }
}

/// A hub of which Ann is a person, on its disk.
fn hub(disk: &FaultDisk) -> Hub {
    let hub = Hub::open(disk).expect("a hub");
    hub.person("root@example.org", "admin@*");
    hub.person(ANN, "operator@acme");
    hub.person("bob@acme.org", "operator@acme");
    let place: Place = "acme/lyon".parse().expect("a place");
    vigie_grants::add(&hub.rows, &place, AT_SITE, 30, vigie_grants::May::Decide, UtcMs(1_000)).expect("granted");
    let other: Place = "bron/ecole".parse().expect("a place");
    vigie_grants::add(&hub.rows, &other, AT_SITE, 30, vigie_grants::May::Decide, UtcMs(1_000)).expect("granted");
    hub.decisions();
    hub.boards();
    hub
}

fn is_gone(hub: &Hub) {
    let boards: Vec<String> = hub.boards.heads().into_iter().map(|head| head.owner.name).collect();
    assert_eq!(boards, ["bob@acme.org"]);
    for line in hub.texts().lines() {
        assert!(!line.contains(ANN), "{line}");
        let is_of_another = line.contains("bron") || line.contains("ecole");
        assert!(!line.contains(AT_SITE) || is_of_another, "{line}");
    }
}

#[test]
fn who_is_erased_is_named_by_nothing_that_is_kept_and_each_chain_is_whole() {
    let disk = FaultDisk::new();
    let before = hub(&disk);
    assert!(before.texts().matches(ANN).count() > 6);
    let lines = before.register.head(Some(&"acme".parse().expect("a name"))).expect("a head").seq;
    let erased = before.erase().expect("erased");
    assert!(erased.lines >= 5 && erased.rows == 4 && erased.rows_left == 0, "{erased:?}");
    assert!(before.ann().is_none() && before.is_whole());
    is_gone(&before);
    // What was decided is there, under the pseudonym; no line says that it was decided again.
    drop(before);
    let after = Hub::open(&disk).expect("a hub");
    assert!(after.ann().is_none() && after.is_whole());
    is_gone(&after);
    let texts = after.texts();
    assert!(texts.contains("a fan is on its way") && texts.contains("it turns again"));
    let acme = after.register.head(Some(&"acme".parse().expect("a name"))).expect("a head").seq;
    assert_eq!(acme, lines + 1, "the line that tells of it alone");
    let bron = vigie_grants::list(&after.rows).expect("grants");
    assert_eq!(bron.len(), 1, "another client's of the same name keeps what is theirs");
}

#[test]
fn wherever_the_hub_is_killed_she_is_erased_wholly_or_not_at_all() {
    let disk = FaultDisk::new();
    drop(hub(&disk));
    let image = disk.image();
    let fresh = |cut_at| {
        let copy = FaultDisk::from_image(image.clone());
        copy.take_witness_of(&disk);
        copy.set_faults(Faults { cut_at, ..Faults::default() });
        copy
    };
    let whole = fresh(None);
    let opened = Hub::open(&whole).expect("a hub");
    let first = whole.operations();
    opened.erase().expect("erased");
    let last = whole.operations();
    drop(opened);
    assert!(last - first > 6, "{first}..{last}");
    let (mut not_begun, mut finished) = (0, 0);
    for cut_at in first..=last {
        let disk = fresh(Some(cut_at));
        drop(Hub::open(&disk).and_then(|hub| hub.erase()));
        let hub = Hub::open(&disk.killed()).expect("the next process lives");
        // What the hub does a moment after it began.
        hub.register.tidy().expect("kept");
        assert!(hub.is_whole(), "killed at {cut_at}");
        if hub.ann().is_some() {
            not_begun += 1;
            assert!(hub.texts().matches(ANN).count() > 6 && !hub.texts().contains("erased.invalid"), "{cut_at}");
            hub.erase().expect("erased the second time");
        } else {
            finished += 1;
        }
        is_gone(&hub);
    }
    assert!(not_begun > 0 && finished > 0, "{not_begun} {finished}");
}

#[test]
fn who_erases_themselves_is_not_named_by_the_line_that_tells_of_it() {
    let hub = hub(&FaultDisk::new());
    let boss = hub.person("boss@example.org", "admin@*");
    let sign_in = Order::SignIn {
        person: boss.clone(),
        proved: Verifier::of_nobody(),
        code: String::new(),
        agent: String::new(),
    };
    let Answer::SignedIn(session) = hub.order(Who::Nobody, sign_in) else { panic!("a session") };
    let erase = Order::Erase { person: boss.clone(), version: None, at_sites: Vec::new() };
    hub.order(Who::Person(boss, session.shown.id), erase);
    assert!(hub.is_whole() && !hub.texts().contains("boss@example.org"));
}
