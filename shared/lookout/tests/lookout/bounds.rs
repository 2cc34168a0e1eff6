//! What does a judge leave to others, and what must not keep it from judging the rest?

use std::sync::{Arc, Mutex};

use crate::common::{MINUTE, Node, SECOND, World, write_rule};
use vigie_lookout::{Found, RowBook, RowEdit, RowTrouble};
use vigie_merge::{Key, Row};
use vigie_model::Role;
use vigie_node::NodeRows;
use vigie_serve::{IncidentState, Incidents};
use vigie_store::rows::Reaching;

fn oven(world: &World, node: u8, heat: f64) {
    world.hear(node, Role::Agent, "lyon");
    world.measure("oven_celsius", node, "lyon", heat);
}

#[test]
fn a_relay_shows_no_alert_of_all_sites_that_it_still_has_and_goes_on_with_its_own() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write_rule(everywhere.path(), "FleetHot", "sum(oven_celsius) > 200", "");
    write_rule(site.path(), "OvenHot", "oven_celsius > 200", "");
    let hub = Node::hub(everywhere.path());
    hub.run(10 * SECOND, |world| {
        world.hear(50, Role::Agent, "alone");
        world.measure("oven_celsius", 50, "alone", 300.0);
    });
    assert_eq!(hub.incident("FleetHot of ").site, None, "it is of the whole deployment");
    let relay = Node::relay(site.path());
    relay.run(MINUTE, |world| oven(world, 1, 20.0));
    hub.shows(&relay);
    relay.run(3 * MINUTE, |world| oven(world, 1, 20.0));
    assert!(
        relay.watchman.incidents().iter().all(|one| one.summary != "FleetHot of "),
        "nobody there can decide of it"
    );
    assert_eq!(hub.incident("FleetHot of ").standing, IncidentState::Firing, "nor did the relay end it");
    relay.run(10 * SECOND, |world| oven(world, 1, 300.0));
    assert_eq!(relay.incident("OvenHot of m1").standing, IncidentState::Firing);
}

/// Rows of which some can not be written.
struct Refusing {
    rows: NodeRows,
    refused: Arc<Mutex<Option<String>>>,
}

impl RowBook for Refusing {
    fn all(&self) -> Result<Vec<Found>, RowTrouble> {
        RowBook::all(&self.rows)
    }

    fn change(&self, edits: Vec<RowEdit>) -> Result<Vec<(Key, Row)>, RowTrouble> {
        let refused = self.refused.lock().expect("no test panics here").clone();
        match refused.filter(|id| edits.iter().any(|edit| edit.key.name().contains(id.as_str()))) {
            Some(id) => Err(RowTrouble::Refused(format!("{id} holds no more"))),
            None => RowBook::change(&self.rows, edits),
        }
    }

    fn some(&self, keys: &[Key]) -> Result<Vec<(Key, Row)>, RowTrouble> {
        if self.refused.lock().expect("no test panics here").is_some() {
            return Err(RowTrouble::Store("it can not be read".to_owned()));
        }
        RowBook::some(&self.rows, keys)
    }

    fn have_each(&self, asked: Vec<Reaching>) -> Vec<bool> {
        RowBook::have_each(&self.rows, asked)
    }
}

#[test]
fn an_alert_that_can_not_be_written_keeps_no_other_from_being_written() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let refused = Arc::<Mutex<Option<String>>>::default();
    let to_refuse = refused.clone();
    let relay = Node::begin_with(folder.path(), &Arc::default(), Role::Relay, |rows| {
        Arc::new(Refusing { rows, refused: to_refuse })
    });
    let run = |ms: i64, first: f64, second: f64| {
        relay.run(ms, |world| {
            oven(world, 1, first);
            oven(world, 2, second);
        });
    };
    run(3 * MINUTE, 300.0, 20.0);
    *refused.lock().expect("no test panics here") = Some(relay.incident("OvenHot of m1").id);
    run(20 * SECOND, 20.0, 300.0);
    assert_eq!(relay.incident("OvenHot of m2").standing, IncidentState::Firing);
    assert_eq!(relay.incident("OvenHot of m1").standing, IncidentState::Firing, "its end could not be written");
    *refused.lock().expect("no test panics here") = None;
    run(10 * SECOND, 20.0, 300.0);
    assert_eq!(relay.incident("OvenHot of m1").standing, IncidentState::Resolved, "it can be now");
}

/// Two relays of one site, for so many seconds; each gives its rows to the other.
fn both(relays: &[Node; 2], seconds: usize, each: impl Fn(&World, usize)) {
    for _ in 0..seconds {
        for (at, relay) in relays.iter().enumerate() {
            relay.run(SECOND, |world| each(world, at));
        }
        relays[0].gives(&relays[1]);
        relays[1].gives(&relays[0]);
    }
}

fn times(relay: &Node, summary: &str) -> (IncidentState, u32) {
    let one = relay.incident(summary);
    (one.standing, one.times)
}

#[test]
fn of_two_relays_of_a_site_each_judges_the_machines_that_it_heard_last() {
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    folders.iter().for_each(|folder| write_rule(folder.path(), "OvenHot", "oven_celsius > 200", ""));
    let relays = [Node::relay_beside(folders[0].path(), 200), Node::relay_beside(folders[1].path(), 201)];
    // Machine 1 is enrolled at the first alone, and machine 2 at the second; machine 3 goes from one to the other.
    let at = |third: Option<usize>| {
        move |world: &World, at: usize| {
            oven(world, 1 + u8::try_from(at).expect("one of two"), 300.0);
            if third == Some(at) {
                oven(world, 3, 20.0);
            }
        }
    };
    both(&relays, 60, at(Some(0)));
    both(&relays, 150, at(Some(1)));
    for relay in &relays {
        for summary in ["OvenHot of m1", "OvenHot of m2"] {
            assert_eq!(times(relay, summary), (IncidentState::Firing, 1), "{summary}");
        }
        assert_eq!(relay.watchman.incidents().len(), 2, "the third answers, though not here");
    }
    both(&relays, 60, at(None));
    both(&relays, 60, at(Some(0)));
    for relay in &relays {
        assert_eq!(times(relay, "m3 does not answer"), (IncidentState::Resolved, 1));
    }
}

#[test]
fn a_row_that_could_not_be_read_when_it_changed_is_read_as_soon_as_it_can_be() {
    let folders = [tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder")];
    write_rule(folders[0].path(), "OvenHot", "oven_celsius > 200", "");
    let refused = Arc::new(Mutex::new(Some("nothing".to_owned())));
    let to_refuse = refused.clone();
    let relay = Node::relay_beside(folders[0].path(), 200);
    let other = Node::begin_with(folders[1].path(), &Arc::default(), Role::Relay, |rows| {
        Arc::new(Refusing { rows, refused: to_refuse })
    });
    relay.run(10 * SECOND, |world| oven(world, 1, 300.0));
    let keys = relay.gives_rows(&other);
    assert!(other.watchman.changed(false, keys).is_err());
    other.run(SECOND, |_| {});
    assert_eq!(other.watchman.incidents(), []);
    *refused.lock().expect("no test panics here") = None;
    other.run(SECOND, |_| {});
    assert_eq!(other.watchman.incidents().len(), 1, "it is there now");
}
