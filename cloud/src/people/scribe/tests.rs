//! A hub's rows, written here and as if a site had, and what stands in the audit of them.

use std::collections::BTreeMap;

use vigie_alerts::{Book, Decision, Edit, Heard, Judge, Said, Thing, Verdict};
use vigie_merge::{Actor, Marker};
use vigie_model::{NodeId, Role, Severity};
use vigie_node::Budget;
use vigie_people::Line;
use vigie_serve::Place;
use vigie_store::fault::FaultDisk;

use super::*;
use crate::people::audit;

struct Hub {
    state: Arc<State>,
    rows: NodeRows,
    clock: NodeClock,
    book: Book,
}

impl Hub {
    fn new() -> Self {
        let state = Arc::new(State::open_on(FaultDisk::new()).expect("a state").0);
        let clock = NodeClock::new();
        let who = (NodeId::of_key(&[1; 32]), Role::Hub);
        let rows = NodeRows::open(state.clone(), who, None, UtcMs(0), false, clock.clone()).expect("rows");
        let mut hub = Self { state, rows, clock, book: Book::new() };
        let heard = Heard {
            scope: Scope::Site(slug("acme"), slug("lyon")),
            thing: Thing([3; 16]),
            rule: "Hot".to_owned(),
            severity: Severity::Critical,
            labels: BTreeMap::from([("machine".to_owned(), "till-1".to_owned())]),
            annotations: BTreeMap::new(),
            value: 99.0,
            doubt: None,
            verdict: Verdict::Wrong,
            at: UtcMs(1_000),
        };
        let judge = Judge { node: NodeId::of_key(&[2; 32]), name: "relay".to_owned() };
        let edits = hub.book.judged(&heard, &judge, [7; 10]).expect("short names");
        hub.write(edits, None);
        hub
    }

    /// Writes rows; as if the node of an actor had.
    fn write(&mut self, edits: Vec<Edit>, actor: Option<Actor>) {
        let keys: Vec<Key> = edits.iter().map(|edit| edit.key.clone()).collect();
        let written = self.rows.edit_blocking(move |pen| {
            for edit in edits {
                let key = edit.key.clone();
                let made = pen.put_made(&key, |row, marker| {
                    edit.onto(row, actor.map_or(marker, |actor| Marker { actor, ..marker }))
                })?;
                made.expect("nothing changed meanwhile");
            }
            Ok(())
        });
        written.expect("rows are written");
        for key in keys {
            let row = self.rows.get(&key).expect("rows").expect("it was written");
            self.book.take(&key, &row, UtcMs(2_000));
        }
    }

    fn decides(&mut self, by: &str, actor: Option<Actor>, what: Decision) {
        let id = self.book.alerts().next().expect("an alert").place.id;
        let at = if actor.is_some() { "relay-lyon" } else { "hub" };
        let said = Said::new(what, by, at, UtcMs(5_000));
        let edits = self.book.decided(id, &said).expect("it can be decided");
        self.write(edits, actor);
    }

    fn scribe(&self) -> Arc<Scribe> {
        Arc::new(Scribe::open(self.state.clone(), self.rows.clone(), self.clock.clone()).expect("a scribe"))
    }

    fn lines(&self) -> Vec<Line> {
        let links = audit::lines(&self.state, Some(&slug("acme")), 0, 1_000).expect("lines");
        links.into_iter().filter_map(|(_, link)| link.line()).collect()
    }

    fn told(&self) -> Vec<(String, String, String, String)> {
        let told = |line: Line| (line.what, line.who, line.by, line.from);
        self.lines().into_iter().map(told).collect()
    }
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn ann() -> Acting {
    Acting { name: "ann".to_owned(), who: "ann@acme.org".to_owned(), by: "api", from: "192.0.2.1".to_owned() }
}

fn told(what: &str, who: &str, by: &str, from: &str) -> (String, String, String, String) {
    (what.to_owned(), who.to_owned(), by.to_owned(), from.to_owned())
}

#[test]
fn a_decision_here_bears_its_way_and_stands_there_before_the_act_is_over() {
    let mut hub = Hub::new();
    let scribe = hub.scribe();
    assert!(hub.lines().is_empty(), "what a judge finds is nobody's deed");
    scribe.acting(ann(), || hub.decides("ann", None, Decision::Acknowledge("mine".to_owned())));
    assert_eq!(hub.told(), [told("alert.acknowledge", "ann@acme.org", "api", "192.0.2.1")]);
    scribe.acting(ann(), || hub.decides("ann", None, Decision::Unacknowledge));
    let line = hub.lines().pop().expect("a line");
    assert_eq!(
        (line.what.as_str(), &line.before, &line.after),
        ("alert.unacknowledge", &json!({ "note": "mine" }), &json!(null))
    );
    assert!(line.on.contains("acme/lyon") && line.on.contains("Hot of till-1"), "{}", line.on);
    assert_eq!(line.happened_ms, 5_000);
    assert!(line.learnt_ms > 5_000);
}

#[test]
fn what_a_site_decided_is_the_sites_whoever_acts_here_meanwhile() {
    let mut hub = Hub::new();
    let scribe = hub.scribe();
    let relay = Some(Actor::of(7, 1));
    scribe.acting(ann(), || {
        hub.decides("ann", relay, Decision::Acknowledge("seen".to_owned()));
        hub.decides("marc", relay, Decision::Comment(vigie_merge::Ulid::new(UtcMs(9), [4; 10]), "a fan".to_owned()));
    });
    let mut all = hub.told();
    all.sort();
    assert_eq!(
        all,
        [told("alert.acknowledge", "ann", "site", "relay-lyon"), told("alert.comment", "marc", "site", "relay-lyon")]
    );
}

#[test]
fn what_was_decided_before_a_crash_is_written_after_it_once() {
    let mut hub = Hub::new();
    hub.decides("ann", None, Decision::Assign("marc".to_owned()));
    let place: Place = "acme/lyon".parse().expect("a place");
    let budget = Budget { bytes_per_month: Some(300_000_000), backlog_hours: None };
    budget.set(&hub.rows, (&place.client, &place.site), "ann", UtcMs(6_000)).expect("a budget");
    drop(hub.scribe());
    let mut all = hub.told();
    all.sort();
    assert_eq!(all, [told("alert.assign", "ann", "hub", "hub"), told("link.set", "ann", "hub", "")]);
    drop(hub.scribe());
    assert_eq!(hub.lines().len(), 2, "none is written twice");
}

#[test]
fn who_grants_is_who_acts_for_the_row_does_not_say_it() {
    let hub = Hub::new();
    let scribe = hub.scribe();
    let place: Place = "acme/lyon".parse().expect("a place");
    let console = Acting { name: String::new(), who: "console".to_owned(), by: "command line", from: String::new() };
    scribe.acting(console.clone(), || {
        vigie_grants::add(&hub.rows, &place, "Marc Petit", 30, vigie_grants::May::Look, UtcMs(1_000)).expect("granted")
    });
    scribe.acting(console, || vigie_grants::revoke(&hub.rows, &place, "marc petit", UtcMs(2_000)).expect("revoked"));
    let by = |what| told(what, "console", "command line", "");
    assert_eq!(hub.told(), [by("grant.add"), by("grant.revoke")]);
    let line = hub.lines().pop().expect("a line");
    assert_eq!(
        (line.on.as_str(), &line.before["may"], &line.after),
        ("acme/lyon Marc Petit", &json!("look"), &json!(null))
    );
}
