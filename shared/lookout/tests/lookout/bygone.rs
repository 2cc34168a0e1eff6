//! What becomes of alerts that ended long ago?

use crate::common::{MINUTE, Node, World, write_rule};
use vigie_lookout::{KINDS, RowBook, told_of_nothing};
use vigie_merge::{Key, Kind, Row};
use vigie_model::{Role, UtcMs};
use vigie_serve::{Decision, Incidents};
use vigie_store::rows::Reaching;

const DAY: i64 = 86_400_000;

/// A relay of `lyon` where an oven burnt, which somebody knew and spoke of, and which is put out.
fn burnt(folder: &std::path::Path, book: impl FnOnce(vigie_node::NodeRows) -> std::sync::Arc<dyn RowBook>) -> Node {
    write_rule(folder, "OvenHot", "oven_celsius > 200", "");
    let relay = Node::begin_with(folder, &std::sync::Arc::default(), Role::Relay, book);
    relay.run(MINUTE, |world| oven(world, 20.0));
    relay.run(MINUTE, |world| oven(world, 300.0));
    assert_eq!(relay.told().len(), 1);
    let id = relay.watchman.incidents()[0].id.clone();
    for decision in [
        Decision::Acknowledge("on my way".to_owned()),
        Decision::Assign("bob".to_owned()),
        Decision::Comment("smoke".to_owned()),
    ] {
        relay.watchman.decide(&id, decision, "ann").expect("it is open");
    }
    relay.run(MINUTE, |world| oven(world, 20.0));
    assert_eq!(relay.told().len(), 1);
    relay
}

fn oven(world: &World, heat: f64) {
    world.hear(1, Role::Agent, "lyon");
    world.hear(2, Role::Agent, "lyon");
    world.measure("oven_celsius", 1, "lyon", heat);
}

/// Rows of alerts that say anything.
fn saying(node: &Node) -> Vec<Key> {
    let of_alerts = [Kind::Alert, Kind::About, Kind::Ack, Kind::Comment];
    let all = node.rows.scan_all(&of_alerts).expect("rows");
    all.into_iter().filter(|(_, row)| !row.is_tombstone()).map(|(key, _)| key).collect()
}

fn erase(node: &Node, days: i64) {
    node.watchman.erase_bygone(UtcMs(node.world.at().utc.0 + days * DAY));
}

#[test]
fn an_alert_that_ended_long_ago_goes_with_all_that_was_said_of_it_and_never_comes_back() {
    let folders = [(); 3].map(|()| tempfile::tempdir().expect("a folder"));
    let relay = burnt(folders[0].path(), |rows| std::sync::Arc::new(HubHas(rows)));
    let hub = Node::hub(folders[1].path());
    let stale = Node::relay_beside(folders[2].path(), 201);
    relay.gives(&hub);
    relay.gives(&stale);
    erase(&relay, 99);
    assert_eq!(relay.watchman.incidents().len(), 1, "it is kept for a hundred days");
    assert!(told_of_nothing(&relay.rows).is_empty());
    erase(&relay, 101);
    assert_eq!((relay.watchman.incidents(), saying(&relay)), (Vec::new(), Vec::new()));
    let told = told_of_nothing(&relay.rows);
    assert_eq!(told.len(), 1, "what was told of it may go too");
    // Who still has it gives it, and so does a hub that has not heard.
    stale.gives(&relay);
    hub.gives(&relay);
    assert_eq!((relay.watchman.incidents(), saying(&relay)), (Vec::new(), Vec::new()));
    relay.gives(&hub);
    stale.gives(&hub);
    assert_eq!((hub.watchman.incidents(), saying(&hub)), (Vec::new(), Vec::new()));
    relay.run(MINUTE, |world| oven(world, 20.0));
    assert_eq!((relay.told(), relay.watchman.incidents()), (Vec::new(), Vec::new()));
    // The same thing again is another alert.
    relay.run(MINUTE, |world| oven(world, 300.0));
    assert_eq!(relay.incident("OvenHot of m1").times, 1);
}

#[test]
fn what_the_hub_has_not_heard_is_not_erased() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = burnt(folder.path(), |rows| std::sync::Arc::new(rows));
    let before = saying(&relay);
    erase(&relay, 4_000);
    assert_eq!((relay.watchman.incidents().len(), saying(&relay)), (1, before));
}

#[test]
fn what_is_still_wrong_is_kept_however_long_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let relay = burnt(folder.path(), |rows| std::sync::Arc::new(HubHas(rows)));
    relay.run(MINUTE, |world| oven(world, 300.0));
    erase(&relay, 4_000);
    assert_eq!(relay.incident("OvenHot of m1").times, 2);
}

#[test]
fn what_was_said_of_an_alert_by_who_did_not_know_that_it_was_erased_goes_too() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let relay = burnt(folders[0].path(), |rows| std::sync::Arc::new(HubHas(rows)));
    let hub = Node::hub(folders[1].path());
    relay.gives(&hub);
    let id = hub.watchman.incidents()[0].id.clone();
    hub.watchman.decide(&id, Decision::Comment("who was there?".to_owned()), "zoe").expect("it is there");
    erase(&relay, 101);
    relay.gives(&hub);
    hub.gives(&relay);
    erase(&hub, 101);
    erase(&relay, 101);
    assert_eq!((saying(&hub), saying(&relay)), (Vec::new(), Vec::new()));
    assert_eq!((hub.watchman.incidents(), relay.watchman.incidents()), (Vec::new(), Vec::new()));
}

#[test]
fn the_hub_erases_what_a_relay_judged_that_is_no_more() {
    let folders = [(); 2].map(|()| tempfile::tempdir().expect("a folder"));
    let relay = burnt(folders[0].path(), |rows| std::sync::Arc::new(rows));
    let hub = Node::hub(folders[1].path());
    relay.gives(&hub);
    hub.world.hear(200, Role::Relay, "lyon");
    hub.run(5_000, |_| {});
    erase(&hub, 101);
    assert_eq!(hub.watchman.incidents().len(), 1, "its relay is there to do so");
    hub.world.retire(200);
    hub.run(5_000, |_| {});
    erase(&hub, 101);
    assert_eq!((hub.watchman.incidents(), saying(&hub)), (Vec::new(), Vec::new()));
}

/// Rows of which the hub has all.
struct HubHas(vigie_node::NodeRows);

impl RowBook for HubHas {
    fn all(&self) -> Result<Vec<vigie_lookout::Found>, vigie_lookout::RowTrouble> {
        RowBook::all(&self.0)
    }

    fn change(&self, edits: Vec<vigie_lookout::RowEdit>) -> Result<Vec<(Key, Row)>, vigie_lookout::RowTrouble> {
        RowBook::change(&self.0, edits)
    }

    fn some(&self, keys: &[Key]) -> Result<Vec<(Key, Row)>, vigie_lookout::RowTrouble> {
        RowBook::some(&self.0, keys)
    }

    fn have_each(&self, asked: Vec<Reaching>) -> Vec<bool> {
        assert!(asked.iter().flat_map(|asked| &asked.keys).all(|key| KINDS.contains(&key.kind())));
        vec![true; asked.len()]
    }
}
