//! Is everybody told, and once, wherever a relay is killed between two writes to its disk?
//!
//! From the samples to the receiver, as a relay is wired: rules, rows, desk, letters, and what the hub is shown of them. By
//! enumeration: the story is lived once for each operation of the disk, and for each moment before and after a message is
//! sent, and lived on by a second process. The receiver honours keys.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use crate::common::{Node, ROUTE, SECOND, World, write_rule};
use vigie_merge::{Kind as RowKind, Row};
use vigie_model::Role;
use vigie_notify::{Kind, Letter, Outcome, Text, Whose};
use vigie_store::fault::{FaultDisk, Faults};

/// Where the relay is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stop {
    Never,
    /// At this operation of its disk.
    AtOperation(u64),
    /// Before this message leaves, or after it arrived and before that is written down.
    AtMessage(usize, bool),
}

struct Stopped;

struct Story<'a> {
    folder: &'a Path,
    world: Arc<World>,
    stop: Stop,
    loses_answers: bool,
    /// Since the fire.
    now_s: i64,
    /// Each arrival, by its key.
    arrived: Vec<(String, Kind)>,
    sends: usize,
}

/// The oven burns from the beginning on, and is put out.
const PUT_OUT_S: i64 = 12;
const OVER_S: i64 = 30;

impl Story<'_> {
    /// One process, until it is killed or all is over.
    fn live(&mut self, disk: &FaultDisk) -> Result<Node, Stopped> {
        let routes = format!("[[route]]\n{ROUTE}always=true\n");
        let relay = Node::relay_on(disk, self.folder, &self.world, &routes).ok_or(Stopped)?;
        while self.now_s < OVER_S {
            self.is_alive(disk)?;
            self.now_s += 1;
            let heat = if self.now_s < PUT_OUT_S { 300.0 } else { 20.0 };
            relay.run(SECOND, |world| {
                world.hear(1, Role::Agent, "lyon");
                world.measure("oven_celsius", 1, "lyon", heat);
            });
            self.is_alive(disk)?;
            let due = relay.desk.due(self.world.at().now());
            for letter in &due.letters {
                self.is_alive(disk)?;
                let outcome = self.send(letter)?;
                drop(relay.desk.settle(letter.id(), outcome, self.world.at().now(), 0));
            }
            self.is_alive(disk)?;
            relay.watchman.show_what_was_told();
        }
        self.is_alive(disk)?;
        Ok(relay)
    }

    /// Nothing is done after the operation at which it was killed.
    fn is_alive(&self, disk: &FaultDisk) -> Result<(), Stopped> {
        match self.stop {
            Stop::AtOperation(at) if disk.operations() > at => Err(Stopped),
            Stop::Never | Stop::AtOperation(_) | Stop::AtMessage(..) => Ok(()),
        }
    }

    fn send(&mut self, letter: &Letter) -> Result<Outcome, Stopped> {
        let number = self.sends;
        self.sends += 1;
        if self.stop == Stop::AtMessage(number, false) {
            return Err(Stopped);
        }
        self.arrived.push((letter.intent.key.to_string(), letter.intent.notice.kind));
        if self.stop == Stop::AtMessage(number, true) {
            return Err(Stopped);
        }
        if self.loses_answers && number.is_multiple_of(2) {
            return Ok(Outcome::Later { why: Text::new("lost"), after_ms: None, whose: Whose::Channel });
        }
        Ok(Outcome::Taken(Text::new("ok")))
    }
}

/// A relay whose oven is cold, at rest.
fn before_the_fire(folder: &Path, world: &Arc<World>) -> FaultDisk {
    let disk = FaultDisk::new();
    let relay = Node::relay_on(&disk, folder, world, &format!("[[route]]\n{ROUTE}")).expect("it begins");
    relay.run(6 * SECOND, |world| {
        world.hear(1, Role::Agent, "lyon");
        world.measure("oven_celsius", 1, "lyon", 20.0);
    });
    drop(relay);
    disk
}

/// Lives the story with one stop: what the receiver saw, what the hub is shown, and how many operations and messages there
/// were up to the stop.
fn lived(folder: &Path, stop: Stop, loses_answers: bool) -> (Vec<Kind>, usize, u64, usize) {
    let world = Arc::<World>::default();
    let disk = before_the_fire(folder, &world).copied();
    if let Stop::AtOperation(at) = stop {
        disk.set_faults(Faults { cut_at: Some(at), ..Faults::default() });
    }
    let (now_s, sends) = (0, 0);
    let mut story = Story { folder, world, stop, loses_answers, now_s, arrived: Vec::new(), sends };
    let first = story.live(&disk);
    let (operations, sends) = (disk.operations(), story.sends);
    let relay = match first {
        Ok(relay) => relay,
        Err(Stopped) => {
            story.stop = Stop::Never;
            story.live(&disk.killed()).unwrap_or_else(|_| panic!("the second process can live: {stop:?}"))
        }
    };
    let mut seen = BTreeSet::new();
    let effects = story.arrived.iter().filter(|(key, _)| seen.insert(key.clone())).map(|(_, kind)| *kind).collect();
    let rows = relay.rows.scan_all(&[RowKind::Audit]).expect("rows");
    let marks = rows.iter().filter(|(key, _)| key.name().starts_with("told/"));
    let shown = marks.map(|(_, row)| if let Row::Grow(grow) = row { grow.members().len() } else { 0 }).sum();
    (effects, shown, operations, sends)
}

#[test]
fn wherever_a_relay_is_killed_its_receiver_sees_one_beginning_and_one_end_and_the_hub_is_shown_both() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    for loses_answers in [false, true] {
        let (_, _, operations, messages) = lived(folder.path(), Stop::Never, loses_answers);
        let writes = (0..operations).map(Stop::AtOperation);
        let sends = (0..messages).flat_map(|number| [false, true].map(|after| Stop::AtMessage(number, after)));
        let all: Vec<Stop> = [Stop::Never].into_iter().chain(writes).chain(sends).collect();
        assert!(all.len() > 50, "{} stops", all.len());
        for stop in all {
            let (effects, shown, _, _) = lived(folder.path(), stop, loses_answers);
            assert_eq!((&effects[..], shown), (&[Kind::Firing, Kind::Resolved][..], 2), "{stop:?} {loses_answers}");
        }
    }
}
