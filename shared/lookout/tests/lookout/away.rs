//! What is known afterwards of the time when a site was cut off, and is anybody told of it again?

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use crate::common::{MINUTE, Node, ROUTE, SECOND, World, id, slug, write_rule};
use crate::rulings::ask;
use vigie_model::{Role, UtcMs};
use vigie_notify::Kind;
use vigie_people::Right;
use vigie_serve::{AvailabilityWish, Incidents, MachineMinutes, Minutes, PlacesPage, Powers};
use vigie_store::fault::FaultDisk;

const RELAY: u8 = 200;
const LOAD: &str = "system_cpu_load_average_1m";

/// The hub hears another site, and this one unless it is cut off: the samples of its two machines with it.
fn at_hub(world: &World, is_cut: bool) {
    world.hear(201, Role::Relay, "paris");
    world.bring(101, 201, "paris");
    if !is_cut {
        world.hear(RELAY, Role::Relay, "lyon");
        [1, 2].into_iter().for_each(|node| world.bring(node, RELAY, "lyon"));
        world.measure(LOAD, 1, "lyon", 0.5);
        world.measure(LOAD, 2, "lyon", 0.5);
    }
}

fn minutes(hub: &Node, from: UtcMs) -> [MachineMinutes; 2] {
    let (seen, to_ms) = (Powers::all(), hub.world.at().utc.0);
    let wish = AvailabilityWish { seen, client: Some(slug("acme")), site: Some(slug("lyon")), from_ms: from.0, to_ms };
    let found = hub.watchman.availability(&wish).expect("it is read");
    let [site] = &found.sites[..] else { panic!("{found:?}") };
    let together = site.machines.iter().fold(Minutes::default(), |sum, one| sum.and(one.minutes));
    assert_eq!(site.minutes, together);
    site.machines.clone().try_into().expect("two machines")
}

#[test]
fn what_began_and_ended_behind_a_cut_is_a_digest_what_is_still_wrong_pages_once_and_both_are_shown() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write_rule(site.path(), "OvenHot", "oven_celsius > 200", "");
    let (hub, world) = (Node::hub(everywhere.path()), Arc::<World>::default());
    // The site's own people have a route of their own.
    let routes = format!("[[route]]\n{}", ROUTE.replace("name='r'", "name='site'"));
    let relay = Node::relay_on(&FaultDisk::new(), site.path(), &world, &routes).expect("it begins");
    let ovens = |first: f64, second: f64| {
        move |world: &World| {
            for (node, heat) in [(1, first), (2, second)] {
                world.hear(node, Role::Agent, "lyon");
                world.measure("oven_celsius", node, "lyon", heat);
            }
        }
    };
    hub.run(MINUTE, |world| at_hub(world, false));
    relay.run(MINUTE, ovens(20.0, 20.0));
    assert_eq!((hub.told(), hub.watchman.cuts()), (Vec::new(), Vec::new()));
    hub.run(20 * MINUTE, |world| at_hub(world, true));
    assert!(matches!(hub.told()[..], [(Kind::Cut, _)]));
    assert_eq!(hub.watchman.cuts(), [], "what happens there is not known yet");
    relay.run(MINUTE, ovens(20.0, 20.0));
    relay.run(10 * MINUTE, ovens(300.0, 20.0));
    let lit = relay.incident("OvenHot of m1").id;
    relay.watchman.decide(&lit, vigie_serve::Decision::Acknowledge(String::new()), "marc").expect("it is open");
    relay.run(9 * MINUTE, ovens(20.0, 300.0));
    hub.run(10 * SECOND, |world| at_hub(world, false));
    relay.run(10 * SECOND, ovens(20.0, 300.0));
    relay.gives(&hub);
    assert!(matches!(hub.told()[..], [(Kind::Back, _)]), "nobody is paged before all has come");
    hub.run(90 * SECOND, |world| at_hub(world, false));
    let fire = |node: u8| format!("OvenHot of m{node}");
    assert_eq!(hub.told(), [(Kind::Firing, fire(2))]);
    assert_eq!(hub.told(), [(Kind::Digest, fire(1))], "of one thread, one after the other");
    relay.gives(&hub);
    hub.run(20 * MINUTE, |world| at_hub(world, false));
    assert_eq!(hub.told(), [], "each once");
    let cuts = hub.watchman.cuts();
    let [cut] = &cuts[..] else { panic!("{cuts:?}") };
    assert_eq!((cut.began, cut.ended, cut.open, cut.incidents.len()), (2, 1, 1, 2));
    assert_eq!(cut.known_by, ["marc"]);
    assert_eq!(hub.watchman.telling().cuts, cuts);
    // The site learns of its cut, and shows the same.
    hub.gives(&relay);
    assert_eq!(relay.watchman.cuts().len(), 1);
}

#[test]
fn two_cuts_in_one_hour_are_one_incident_and_each_is_told_of_by_itself() {
    let everywhere = tempfile::tempdir().expect("a folder");
    let hub = Node::hub(everywhere.path());
    hub.run(MINUTE, |world| at_hub(world, false));
    for _ in 0..2 {
        hub.run(6 * MINUTE, |world| at_hub(world, true));
        hub.run(4 * MINUTE, |world| at_hub(world, false));
    }
    let incidents = hub.watchman.incidents();
    let [one] = &incidents[..] else { panic!("{incidents:?}") };
    assert_eq!((one.times, one.past.len()), (2, 1), "the first of the two is not forgotten with the second");
    assert_eq!(one.past[0].since, one.began.expect("it is known"));
    let cuts: Vec<_> = hub.watchman.cuts().iter().map(|cut| (cut.id.clone(), cut.from, cut.to)).collect();
    let last = (one.id.clone(), one.since.expect("known"), one.ended.expect("it is back"));
    assert_eq!(cuts, [last, (one.id.clone(), one.past[0].since, one.past[0].ended)], "the newest first");
    let world = hub.world.clone();
    drop(hub);
    let again = Node::begin(everywhere.path(), &world, Role::Hub).watchman.incident(&one.id).expect("it is kept");
    assert_eq!(
        (again.past, again.learnt_at),
        (one.past.clone(), one.began.expect("it is known")),
        "after a restart too"
    );
}

#[test]
fn what_burned_before_a_cut_and_again_behind_it_is_in_the_digest_too() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    write_rule(site.path(), "OvenHot", "oven_celsius > 200", "");
    let (hub, world) = (Node::hub(everywhere.path()), Arc::<World>::default());
    let routes = format!("[[route]]\n{}", ROUTE.replace("name='r'", "name='site'"));
    let relay = Node::relay_on(&FaultDisk::new(), site.path(), &world, &routes).expect("it begins");
    let passes = |minutes: i64, heat: f64| {
        [&hub.world, &world].into_iter().for_each(|world| world.pass(minutes * MINUTE));
        hub.run(6 * SECOND, |world| at_hub(world, false));
        relay.run(6 * SECOND, |world| {
            world.hear(1, Role::Agent, "lyon");
            world.measure("oven_celsius", 1, "lyon", heat);
        });
    };
    let fire = || "OvenHot of m1".to_owned();
    passes(0, 300.0);
    relay.gives(&hub);
    assert_eq!(hub.told(), [(Kind::Firing, fire())]);
    passes(50, 20.0);
    relay.gives(&hub);
    assert_eq!(hub.told(), [(Kind::Resolved, fire())]);
    // The hub hears no rows for half an hour: it burns for twenty minutes of it.
    passes(5, 300.0);
    passes(20, 20.0);
    let [one] = &relay.watchman.incidents()[..] else { panic!("{:?}", relay.watchman.incidents()) };
    assert_eq!(one.times, 2, "the same incident, known for more than an hour");
    relay.gives(&hub);
    passes(2, 20.0);
    assert_eq!(hub.told(), [(Kind::Digest, fire())]);
    relay.gives(&hub);
    passes(2, 20.0);
    assert_eq!(hub.told(), [], "once");
}

#[test]
fn what_a_cut_hid_is_not_known_until_it_comes_and_then_counts_without_telling_anybody() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (hub, world) = (Node::hub(everywhere.path()), Arc::<World>::default());
    let relay = Node::begin(site.path(), &world, Role::Relay);
    let both = |world: &World| [1, 2].into_iter().for_each(|node| world.hear(node, Role::Agent, "lyon"));
    // Forty seconds, so that minutes begin with the story.
    hub.run(40 * SECOND, |world| at_hub(world, false));
    relay.run(40 * SECOND, both);
    let from = hub.world.at().utc;
    assert_eq!(from.0 % MINUTE, 0);
    hub.run(10 * MINUTE - SECOND, |world| at_hub(world, false));
    relay.run(10 * MINUTE, both);
    let cut_at = UtcMs(from.0 + 10 * MINUTE);
    hub.run(20 * MINUTE + SECOND, |world| at_hub(world, true));
    assert!(matches!(hub.told()[..], [(Kind::Cut, _)]));
    for one in minutes(&hub, from) {
        assert_eq!(one.minutes, Minutes::new(10, 0, 20), "{}", one.name);
        assert!(one.lapses.len() == 1 && !one.lapses[0].down, "nobody says that it was down");
    }
    // The second machine is off from the fifth to the fifteenth minute of the cut; its relay knows.
    relay.run(5 * MINUTE, both);
    relay.run(10 * MINUTE, |world| world.hear(1, Role::Agent, "lyon"));
    relay.run(5 * MINUTE, both);
    hub.run(10 * SECOND, |world| at_hub(world, false));
    relay.gives(&hub);
    let [first, second] = minutes(&hub, from);
    assert_eq!(first.minutes, Minutes::new(10, 0, 20), "its samples wait still");
    let Minutes { up, down, unverified, .. } = second.minutes;
    assert_eq!((up, down, unverified), (10, 9, 11), "it was told within half a minute");
    // What waited comes.
    for second in 0..20 * 60 {
        let then = UtcMs(cut_at.0 + second * SECOND);
        hub.world.measured(LOAD, 1, "lyon", 0.5, then);
        if !(5 * 60..15 * 60).contains(&second) {
            hub.world.measured(LOAD, 2, "lyon", 0.5, then);
        }
    }
    let [first, second] = minutes(&hub, from);
    assert_eq!(first.minutes, Minutes::new(30, 0, 0));
    assert_eq!(second.minutes, Minutes::new(20, 9, 1), "half a minute of its silence is vouched for by nobody");
    let told = hub.told();
    assert!(matches!(told[..], [(Kind::Back, _)]), "{told:?}");
    hub.run(5 * MINUTE, |world| at_hub(world, false));
    let told = hub.told();
    assert!(told.iter().all(|(kind, _)| *kind == Kind::Digest) && told.len() <= 1, "nobody is paged: {told:?}");
    // Another silence of the same machine takes its incident over; the first is remembered, through a restart too.
    relay.run(MINUTE, |world| world.hear(1, Role::Agent, "lyon"));
    relay.run(MINUTE, both);
    relay.gives(&hub);
    let world = hub.world.clone();
    drop(hub);
    let hub = Node::begin(everywhere.path(), &world, Role::Hub);
    hub.run(MINUTE, |world| at_hub(world, false));
    assert_eq!(minutes(&hub, from)[1].minutes.down, 9);
    assert_eq!(minutes(&hub, from)[1].id, id(2));
}

#[test]
fn a_machine_that_was_silent_twice_behind_a_cut_was_down_for_both_times() {
    let (site, everywhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (hub, world) = (Node::hub(everywhere.path()), Arc::<World>::default());
    let relay = Node::begin(site.path(), &world, Role::Relay);
    let one = |world: &World| world.hear(1, Role::Agent, "lyon");
    let both = |world: &World| [1, 2].into_iter().for_each(|node| world.hear(node, Role::Agent, "lyon"));
    hub.run(40 * SECOND, |world| at_hub(world, false));
    relay.run(40 * SECOND, both);
    let from = hub.world.at().utc;
    hub.run(19 * MINUTE, |world| at_hub(world, true));
    for _ in 0..2 {
        relay.run(4 * MINUTE, one);
        relay.run(3 * MINUTE, both);
    }
    relay.run(5 * MINUTE, both);
    let [silence] = &relay.watchman.incidents()[..] else { panic!("one incident") };
    assert_eq!((silence.times, relay.watchman.incident(&silence.id).map(|one| one.past.len())), (2, Some(1)));
    hub.run(10 * SECOND, |world| at_hub(world, false));
    relay.gives(&hub);
    // When the hub learnt of it stays so, though its rows change and the hub begins anew.
    let learnt = hub.watchman.incident(&silence.id).expect("it is told").learnt_at;
    assert_eq!(learnt.ms(), hub.world.at().utc.0);
    relay.run(2 * MINUTE, one);
    relay.run(2 * MINUTE, both);
    hub.run(4 * MINUTE, |world| at_hub(world, false));
    relay.gives(&hub);
    let world = hub.world.clone();
    drop(hub);
    let hub = Node::begin(everywhere.path(), &world, Role::Hub);
    let again = hub.watchman.incident(&silence.id).expect("it is kept");
    assert_eq!((again.learnt_at, again.times > silence.times), (learnt, true));
    let down = minutes(&hub, from)[1].minutes.down;
    assert!((6..=8).contains(&down), "{down}: four minutes each, but for the moments until they were noticed");
}

#[test]
fn a_time_that_is_none_or_too_long_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Node::hub(folder.path());
    let ask = |from_ms, to_ms| {
        let wish = AvailabilityWish { seen: Powers::all(), client: None, site: None, from_ms, to_ms };
        hub.watchman.availability(&wish).map_err(|error| error.to_string())
    };
    assert!(ask(5, 5).is_err_and(|error| error.contains("ends before it begins")));
    assert!(ask(0, 40 * 24 * 60 * MINUTE).is_err_and(|error| error.contains("31 days")));
    assert!(ask(i64::MIN, i64::MAX).is_err());
    assert_eq!(ask(i64::MAX - 5, i64::MAX).map(|found| found.sites), Ok(Vec::new()), "the future is not counted");
}

#[test]
fn a_question_about_few_machines_reads_the_series_of_these_and_of_nobody_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Node::hub(folder.path());
    hub.run(MINUTE, |world| {
        for (site, nodes) in [("lyon", 1..=3), ("paris", 11..=40)] {
            for node in nodes {
                world.hear(node, Role::Agent, site);
                world.measure(LOAD, node, site, 0.5);
            }
        }
    });
    let lab = json!({ "ask": "tag", "machine": "m17", "client": null, "site": null, "name": "lab", "group": false,
        "remove": false });
    ask(&hub, lab).expect("it is tagged");
    let to_ms = hub.world.at().utc.0;
    let read = |scope: Option<&str>, client: Option<&str>, site: Option<&str>| {
        let mut seen = if scope.is_some() { Powers::default() } else { Powers::all() };
        scope.into_iter().for_each(|scope| seen.add(Right::Look, scope.parse().expect("a scope")));
        let (client, site) = (client.map(slug), site.map(slug));
        let wish = AvailabilityWish { seen, client, site, from_ms: to_ms - MINUTE, to_ms };
        let before = hub.world.pieces_read.load(Ordering::Relaxed);
        let found = hub.watchman.availability(&wish).expect("it is read");
        let told: usize = found.sites.iter().map(|site| site.machines.len()).sum();
        (told, hub.world.pieces_read.load(Ordering::Relaxed) - before)
    };
    // One piece for each sample that is kept here.
    let each = read(None, None, Some("lyon")).1 / 3;
    assert!(each > 0, "they were measured");
    assert_eq!(read(None, None, None), (33, 33 * each));
    assert_eq!(read(None, None, Some("lyon")), (3, 3 * each));
    assert_eq!(read(Some("acme/lyon"), None, None), (3, 3 * each), "who sees one site");
    assert_eq!(read(Some("acme#lab"), None, None), (1, each), "who sees by a tag");
    assert_eq!(read(Some("bron"), None, None), (0, 0));
    let page = |after: Option<&str>, machines| {
        let wish = AvailabilityWish { seen: Powers::all(), client: None, site: None, from_ms: to_ms - MINUTE, to_ms };
        let page = PlacesPage { after: after.map(|site| (slug("acme"), slug(site))), machines };
        let before = hub.world.pieces_read.load(Ordering::Relaxed);
        let found = hub.watchman.availability_of(&wish, &page).expect("it is read");
        let told: Vec<_> = found.minutes.sites.iter().map(|site| (site.site.clone(), site.machines.len())).collect();
        (told, found.total, found.more, hub.world.pieces_read.load(Ordering::Relaxed) - before)
    };
    let (lyon, paris) = ((slug("lyon"), 3), (slug("paris"), 30));
    assert_eq!(page(None, 5), (vec![lyon.clone()], 33, true, 3 * each), "a page reads what it tells of");
    assert_eq!(page(Some("lyon"), 5), (vec![paris.clone()], 33, false, 30 * each), "and tells of a whole site");
    assert_eq!(page(None, 33), (vec![lyon, paris], 33, false, 33 * each));
    assert_eq!(page(Some("paris"), 5), (Vec::new(), 33, false, 0));
}

#[test]
fn a_demonstration_counts_in_nothing_that_is_told_of_everybodys_machines() {
    let folder = tempfile::tempdir().expect("a folder");
    let hub = Node::hub(folder.path());
    let whose = |client: Option<&str>| {
        let to_ms = hub.world.at().utc.0;
        let wish = AvailabilityWish {
            seen: Powers::all(),
            client: client.map(slug),
            site: None,
            from_ms: to_ms - MINUTE,
            to_ms,
        };
        let found = hub.watchman.availability(&wish).expect("it is read");
        found.sites.into_iter().map(|site| site.client.to_string()).collect::<Vec<_>>()
    };
    hub.run(MINUTE, |world| world.hear_of("vigie-demo", 50, Role::Agent, "lyon"));
    assert_eq!(whose(None), ["vigie-demo"], "there is nothing else to be told of");
    hub.run(MINUTE, |world| {
        world.hear_of("vigie-demo", 50, Role::Agent, "lyon");
        world.hear(1, Role::Agent, "lyon");
    });
    assert_eq!(whose(None), ["acme"]);
    assert_eq!(whose(Some("vigie-demo")), ["vigie-demo"]);
}
