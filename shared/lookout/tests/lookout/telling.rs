//! Is nothing lost and nobody told twice where disks refuse, programs die, and more is wrong than is followed?

use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::{MINUTE, Node, ROUTE, SECOND, World, write_rule};
use vigie_lookout::{Found, RowBook, RowEdit, RowTrouble};
use vigie_merge::{Key, Row};
use vigie_model::Role;
use vigie_node::NodeRows;
use vigie_notify::{Heard, Kind};
use vigie_serve::Incidents;
use vigie_store::fault::FaultDisk;
use vigie_store::rows::Reaching;

/// So long may something take that waits for no disk, on the busiest of machines.
const PATIENCE: Duration = Duration::from_secs(30);

/// Rows before which something stands.
struct Before {
    rows: NodeRows,
    /// What was told is not written down.
    refuses_marks: bool,
    /// Whoever asks what the hub has says so, and waits until he is let go.
    asked: Option<(Sender<()>, Mutex<Receiver<()>>)>,
}

impl RowBook for Before {
    fn all(&self) -> Result<Vec<Found>, RowTrouble> {
        RowBook::all(&self.rows)
    }

    fn change(&self, edits: Vec<RowEdit>) -> Result<Vec<(Key, Row)>, RowTrouble> {
        if self.refuses_marks && edits.iter().any(|edit| edit.key.name().starts_with("told/")) {
            return Err(RowTrouble::Store("no room".to_owned()));
        }
        self.rows.change(edits)
    }

    fn some(&self, keys: &[Key]) -> Result<Vec<(Key, Row)>, RowTrouble> {
        RowBook::some(&self.rows, keys)
    }

    fn have_each(&self, asked: Vec<Reaching>) -> Vec<bool> {
        if let Some((asked, go)) = &self.asked {
            asked.send(()).expect("somebody listens");
            go.lock().expect("no panic").recv().unwrap_or_default();
        }
        RowBook::have_each(&self.rows, asked)
    }
}

fn oven(world: &World, heat: f64) {
    world.hear(1, Role::Agent, "lyon");
    world.measure("oven_celsius", 1, "lyon", heat);
}

fn burning(folder: &Path, relay: &Node) {
    assert!(folder.join("rules").exists());
    relay.run(MINUTE, |world| oven(world, 20.0));
    relay.run(6 * SECOND, |world| oven(world, 300.0));
}

#[test]
fn what_was_told_is_shown_to_the_hub_though_the_disk_refused_it_first_and_the_program_ended() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write_rule(site.path(), "OvenHot", "oven_celsius > 200", "");
    let world = Arc::<World>::default();
    let refuses = |rows| -> Arc<dyn RowBook> { Arc::new(Before { rows, refuses_marks: true, asked: None }) };
    let relay = Node::begin_with(site.path(), &world, Role::Relay, refuses);
    burning(site.path(), &relay);
    assert_eq!(relay.told(), [(Kind::Firing, "OvenHot of m1".to_owned())]);
    drop(relay);
    let relay = Node::begin(site.path(), &world, Role::Relay);
    relay.watchman.show_what_was_told();
    assert!(relay.desk.unshown().is_empty());
    let hub = Node::begin(everywhere.path(), &world, Role::Hub);
    relay.gives(&hub);
    assert_eq!(hub.watchman.incidents().len(), 1);
    world.pass(5 * MINUTE);
    assert_eq!(hub.told(), [], "its receivers have heard of it");
}

#[test]
fn who_looks_at_alerts_does_not_wait_while_rows_are_read_for_the_hub() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let (asks, asked) = channel();
    let (go, let_go) = channel();
    let slow = |rows| -> Arc<dyn RowBook> {
        Arc::new(Before { rows, refuses_marks: false, asked: Some((asks, Mutex::new(let_go))) })
    };
    let relay = Node::begin_with(folder.path(), &Arc::default(), Role::Relay, slow);
    relay.run(MINUTE, |world| oven(world, 20.0));
    let (before, watchman) = (relay.watchman.changes(), relay.watchman.clone());
    let judge = std::thread::spawn({
        let (watchman, world) = (watchman.clone(), relay.world.clone());
        move || {
            (0..6).for_each(|second| {
                world.pass(SECOND);
                oven(&world, 300.0);
                watchman.look_around();
                watchman.hub_heard(vigie_model::UtcMs(second));
                watchman.judge();
            });
        }
    });
    asked.recv_timeout(PATIENCE).expect("it is asked what the hub has");
    let (says, said) = channel();
    std::thread::spawn(move || says.send(watchman.changes()));
    let changes = said.recv_timeout(PATIENCE);
    drop(go);
    drop(judge.join());
    assert!(changes.expect("nobody waits for the disk") > before);
}

#[test]
fn who_looks_at_alerts_does_not_wait_while_what_is_told_is_written_down() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = Node::relay(folder.path());
    relay.run(MINUTE, |world| oven(world, 20.0));
    let (before, now) = (relay.watchman.changes(), relay.world.at().now());
    let (watchman, desk) = (relay.watchman.clone(), relay.desk.clone());
    let (begins, began) = channel();
    let (go, let_go) = channel::<()>();
    // The desk is busy, as one is whose disk is slow.
    let busy = std::thread::spawn(move || {
        let waits = std::iter::once_with(move || {
            begins.send(()).expect("somebody listens");
            let_go.recv().unwrap_or_default();
            Heard::Hub
        });
        desk.hear(waits, now).expect("heard");
    });
    began.recv_timeout(PATIENCE).expect("the desk is busy");
    let judge = std::thread::spawn(move || relay.run(6 * SECOND, |world| oven(world, 300.0)));
    let (says, said) = channel();
    std::thread::spawn(move || {
        while watchman.changes() == before {
            std::thread::sleep(Duration::from_millis(1));
        }
        says.send(watchman.incidents().len())
    });
    let seen = said.recv_timeout(PATIENCE);
    drop(go);
    drop((judge.join(), busy.join()));
    assert_eq!(seen, Ok(1), "what burns is seen while the disk is slow");
}

#[test]
fn what_was_not_followed_for_lack_of_room_is_told_when_there_is_some() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    // Each alert is followed once for each route: a thousand of them, of which one tells at once.
    let first = format!("[[route]]\n{ROUTE}always=true\n");
    let patient = |n: usize| format!("[[route]]\nname='r{n}'\nchannels=['hook']\nwait_s=86400\n");
    let routes: String = [first].into_iter().chain((1..1_000).map(patient)).collect();
    let disk = FaultDisk::new();
    let relay = Node::relay_on(&disk, folder.path(), &Arc::default(), &routes).expect("it begins");
    let ovens = |world: &World, burns: &dyn Fn(u8) -> bool| {
        for number in 1..=21_u8 {
            world.hear(number, Role::Agent, "lyon");
            world.measure("oven_celsius", number, "lyon", if burns(number) { 300.0 } else { 20.0 });
        }
    };
    relay.run(MINUTE, |world| ovens(world, &|_| false));
    relay.run(6 * SECOND, |world| ovens(world, &|_| true));
    let burning = told_all(&relay);
    assert_eq!(burning.len(), 20, "one finds no room");
    assert_eq!(relay.watchman.checkup()["crowded"], true, "the doctor says so");
    relay.watchman.tell_the_rest();
    assert!(told_all(&relay).is_empty(), "there is none yet");
    let name = |number: u8| format!("OvenHot of m{number}");
    let out = (1..=21).find(|number| burning.contains(&name(*number))).expect("one was told");
    relay.run(6 * SECOND, |world| ovens(world, &|number| number != out));
    assert_eq!(told_all(&relay), [name(out)], "it is over");
    relay.watchman.tell_the_rest();
    let rest = told_all(&relay);
    assert_eq!(rest.len(), 1, "{rest:?}");
    assert!(!burning.contains(&rest[0]));
    assert_eq!(relay.watchman.checkup()["crowded"], false);
}

/// What is told, until nothing more is due.
fn told_all(relay: &Node) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let told = relay.told();
        if told.is_empty() {
            return all;
        }
        all.extend(told.into_iter().map(|(_, title)| title));
    }
}
