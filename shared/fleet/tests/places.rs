//! Who asks of some places is told of what stands there, and of nothing else anything is looked at.

mod common;

use common::*;
use vigie_fleet::Known;
use vigie_model::{NodeId, Role, Slug};
use vigie_serve::Lookout;

/// Three machines and a relay at lyon, two machines at paris.
fn hub() -> (Hub, Vec<Machine>) {
    let hub = Hub::new();
    let machines: Vec<Machine> = (1..=5).map(|seed| Machine::new(seed, 1)).collect();
    for (at, machine) in machines.iter().enumerate() {
        hub.fleet.enrolled(machine.known(if at < 3 { "lyon" } else { "paris" }, &format!("till-{at}")));
    }
    let relay = Machine::new(9, 1);
    hub.fleet.enrolled(Known { role: Role::Relay, ..relay.known("lyon", "relay") });
    (hub, machines)
}

/// The machines of a site, and how many machines were asked of for that.
fn at(hub: &Hub, wanted: &str) -> (Vec<NodeId>, usize) {
    let mut asked = 0;
    let machines = hub.fleet.machines_at(&mut |_, site| site.as_str() == wanted, &mut |_, _, site| {
        asked += 1;
        site.as_str() == wanted
    });
    let glances = hub.fleet.glances_at(&mut |_, site| site.as_str() == wanted, &mut |_, _, _| true);
    let ids = |ids: &mut dyn Iterator<Item = NodeId>| ids.collect::<Vec<_>>();
    let ids_of_machines = ids(&mut machines.iter().map(|machine| machine.id));
    assert_eq!(ids_of_machines, ids(&mut glances.iter().map(|glance| glance.id)), "a glance is of the same");
    (ids_of_machines, asked)
}

fn sorted(machines: &[Machine]) -> Vec<NodeId> {
    let mut ids: Vec<NodeId> = machines.iter().map(|machine| machine.stream.agent).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn of_machines_at_other_places_none_is_asked_of_and_those_there_come_in_the_order_of_ids() {
    let (hub, machines) = hub();
    assert_eq!(at(&hub, "lyon"), (sorted(&machines[..3]), 3));
    assert_eq!(at(&hub, "paris"), (sorted(&machines[3..]), 2));
    assert_eq!(at(&hub, "nice"), (Vec::new(), 0));
    let everywhere = hub.fleet.machines_at(&mut |_, _| true, &mut |_, _, _| true);
    assert_eq!(everywhere, hub.fleet.machines_where(&mut |_, _, _| true));
    assert_eq!(everywhere.len(), 5);
}

#[test]
fn of_many_machines_each_is_asked_of_once_in_the_order_of_ids_however_they_were_enrolled() {
    let hub = Hub::new();
    // More than are drawn up at once; an id says nothing of when its machine was enrolled.
    let mut ids: Vec<NodeId> = (0..1_000u32).map(|number| NodeId::of_key(&key_of(number))).collect();
    for (number, node) in ids.iter().enumerate() {
        let (client, site) = ("acme".parse().expect("a name"), "lyon".parse().expect("a name"));
        hub.fleet.enrolled(Known { node: *node, role: Role::Agent, client, site, name: format!("till-{number}") });
    }
    ids.sort_unstable();
    let mut asked = Vec::new();
    let machines = hub.fleet.machines_where(&mut |id, _, _| {
        asked.push(id);
        true
    });
    assert!(asked == ids, "a page counts on it");
    assert!(machines.iter().map(|machine| machine.id).eq(ids.iter().copied()));
    let mut glances: Vec<NodeId> = hub.fleet.glances_where(&mut |_, _, _| true).iter().map(|one| one.id).collect();
    glances.sort_unstable();
    assert!(glances == ids, "of a table nobody is left out, and nobody comes twice");
}

fn key_of(number: u32) -> [u8; 32] {
    let mut key = [0; 32];
    key[..4].copy_from_slice(&number.to_le_bytes());
    key
}

#[test]
fn who_moves_or_goes_stands_where_they_are_now() {
    let (hub, machines) = hub();
    hub.fleet.enrolled(machines[0].known("paris", "till-0"));
    hub.fleet.removed(machines[4].stream.agent);
    assert_eq!(at(&hub, "lyon"), (sorted(&machines[1..3]), 2));
    assert_eq!(at(&hub, "paris").0, sorted(&[Machine::new(1, 1), Machine::new(4, 1)]));
    let sites = hub.fleet.sites();
    let counts = sites.iter().map(|site| (site.name.as_str(), site.machines, site.relays.len()));
    assert_eq!(counts.collect::<Vec<_>>(), [("lyon", 2, 1), ("paris", 2, 0)]);
    machines.iter().for_each(|machine| hub.fleet.removed(machine.stream.agent));
    assert_eq!(at(&hub, "paris"), (Vec::new(), 0));
    let sites: Vec<Slug> = hub.fleet.sites().into_iter().map(|site| site.name).collect();
    assert_eq!(sites, ["lyon".parse().expect("a name")], "where nobody is enrolled any more is no site");
}

#[test]
fn a_site_that_nobody_wants_is_not_told_of_and_each_is_asked_of_once() {
    let (hub, _) = hub();
    let mut asked = Vec::new();
    let sites = hub.fleet.sites_where(&mut |client, site| {
        asked.push(format!("{client}/{site}"));
        site.as_str() == "paris"
    });
    assert_eq!(sites.iter().map(|site| (site.name.as_str(), site.machines)).collect::<Vec<_>>(), [("paris", 2)]);
    assert_eq!(sites, hub.fleet.sites().split_off(1));
    asked.sort();
    assert_eq!(asked, ["acme/lyon", "acme/paris"]);
}
