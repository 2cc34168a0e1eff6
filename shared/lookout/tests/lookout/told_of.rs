//! Who was told of one incident, and why others were not: as its page says it.

use std::sync::Arc;

use crate::common::{MINUTE, Node, ROUTE, SECOND, World, slug, write_rule};
use vigie_model::Role;
use vigie_notify::{Kind, Outcome, Text};
use vigie_serve::{Dispatch, MessageState, MuteKind, MuteWish, RouteStands, ToldOf};
use vigie_store::fault::FaultDisk;

fn burns(world: &World) {
    world.hear(1, Role::Agent, "lyon");
    world.measure("oven_celsius", 1, "lyon", 300.0);
}

fn cools(world: &World) {
    world.hear(1, Role::Agent, "lyon");
    world.measure("oven_celsius", 1, "lyon", 20.0);
}

fn of(node: &Node, incident: &str) -> ToldOf {
    node.watchman.told_of(incident).expect("it is known")
}

fn messages(told: &ToldOf) -> Vec<(&str, MessageState)> {
    told.messages.iter().map(|one| (one.kind.as_str(), one.state)).collect()
}

fn stands(told: &ToldOf) -> Vec<(&str, RouteStands)> {
    told.routes.iter().map(|one| (one.route.as_str(), one.standing)).collect()
}

#[test]
fn an_incident_knows_its_own_messages_through_flaps_and_restarts_and_none_of_the_one_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let relay = Node::relay(folder.path());
    relay.run(MINUTE, cools);
    for _ in 0..2 {
        relay.run(MINUTE, burns);
        assert_eq!(relay.told().len(), 1);
        relay.run(MINUTE, cools);
        assert_eq!(relay.told().len(), 1);
    }
    let first = relay.incident("OvenHot of m1").id;
    let all = [("firing", MessageState::Sent), ("resolved", MessageState::Sent)].repeat(2);
    assert_eq!(messages(&of(&relay, &first)), all);
    // Eleven minutes later it is another incident; one of its messages can not be sent, and one waits.
    relay.run(11 * MINUTE, cools);
    relay.run(MINUTE, burns);
    let due = relay.desk.due(relay.world.at().now());
    relay.settle(&due.letters[0], Outcome::Never(Text::new("550 no such person")));
    relay.run(MINUTE, cools);
    let world = relay.world.clone();
    drop(relay);
    let relay = Node::begin(folder.path(), &world, Role::Relay);
    relay.run(SECOND, cools);
    assert_eq!(messages(&of(&relay, &first)), all, "it is known after a restart");
    use vigie_serve::Incidents;
    let second = relay.watchman.incidents().into_iter().map(|one| one.id).find(|id| *id != first).expect("another");
    let told = of(&relay, &second);
    assert_eq!(messages(&told)[0], ("firing", MessageState::Dead));
    assert_eq!(told.messages[0].said.as_deref(), Some("550 no such person"));
    assert_eq!((told.earlier, told.known_since), (0, None));
    assert!(relay.watchman.told_of("00000000000000000000000000").is_err(), "no such incident");
}

#[test]
fn why_nobody_was_told_is_said_of_each_route() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let others = "[[route]]\nname='others'\nchannels=['hook']\nclients=['bron']\n";
    let routes = format!("{others}[[route]]\n{}", ROUTE.replace("wait_s=0", "wait_s=120"));
    let relay = Node::relay_on(&FaultDisk::new(), folder.path(), &Arc::default(), &routes).expect("it begins");
    relay.run(MINUTE, cools);
    relay.run(MINUTE, burns);
    assert_eq!(relay.told(), [], "it gathers what belongs to it");
    let id = relay.incident("OvenHot of m1").id;
    let told = of(&relay, &id);
    assert_eq!(
        (stands(&told), told.messages.len()),
        (vec![("r", RouteStands::Waits)], 0),
        "others' route is none of it"
    );
    let until = told.routes[0].until.expect("it is known").ms();
    assert!((1..=2 * MINUTE).contains(&(until - relay.world.at().utc.0)), "{until}");
    let wish = MuteWish {
        kind: MuteKind::Maintenance,
        client: Some(slug("acme")),
        site: Some(slug("lyon")),
        labels: [("machine".to_owned(), "m1".to_owned())].into(),
        from_ms: None,
        until_ms: relay.world.at().utc.0 + 5 * MINUTE,
        every: None,
        why: "new door".to_owned(),
    };
    use vigie_serve::Incidents;
    relay.watchman.mute(&wish, "ann").expect("it is kept");
    let told = of(&relay, &id);
    assert_eq!(stands(&told), [("r", RouteStands::Muted)]);
    assert_eq!(told.routes[0].until.map(|until| until.ms()), Some(wish.until_ms));
    relay.run(8 * MINUTE, burns);
    assert!(matches!(relay.told()[..], [(Kind::Firing, _)]));
    assert_eq!(stands(&of(&relay, &id)), [("r", RouteStands::Told)]);
}

#[test]
fn where_no_route_is_for_it_that_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    write_rule(folder.path(), "OvenHot", "oven_celsius > 200", "");
    let routes = "[[route]]\nname='others'\nchannels=['hook']\nclients=['bron']\n";
    let relay = Node::relay_on(&FaultDisk::new(), folder.path(), &Arc::default(), routes).expect("it begins");
    relay.run(MINUTE, cools);
    relay.run(MINUTE, burns);
    assert_eq!(of(&relay, &relay.incident("OvenHot of m1").id), ToldOf::default());
}

#[test]
fn what_the_site_has_told_already_is_said_at_the_hub() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write_rule(site.path(), "OvenHot", "oven_celsius > 200", "");
    let world = Arc::<World>::default();
    let relay = Node::begin(site.path(), &world, Role::Relay);
    relay.run(MINUTE, cools);
    relay.run(MINUTE, burns);
    assert_eq!(relay.told().len(), 1);
    let hub = Node::begin(everywhere.path(), &world, Role::Hub);
    relay.gives(&hub);
    let id = relay.incident("OvenHot of m1").id;
    assert_eq!((stands(&of(&hub, &id)), hub.told().len()), (vec![("r", RouteStands::Elsewhere)], 0));
    assert_eq!(stands(&of(&relay, &id)), [("r", RouteStands::Told)]);
}
