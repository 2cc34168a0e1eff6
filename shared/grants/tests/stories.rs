//! A hub grants, a relay lets in. Both read one state here, as if the rows had travelled; that they do is tried with real
//! processes.

use std::sync::Arc;

use vigie_grants::{Came, Grant, GrantError, May, Porch, add, list, revoke, visits};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_node::{NodeClock, NodeRows};
use vigie_serve::{Decides, NotLetIn, Place};
use vigie_store::State;
use vigie_store::fault::FaultDisk;

/// 2026-11-21T11:02:10Z.
const NOW: UtcMs = UtcMs(1_795_258_930_000);
const DAY_MS: i64 = 86_400_000;

struct Site {
    hub: NodeRows,
    relay: NodeRows,
    clock: NodeClock,
    floor: UtcMs,
}

impl Site {
    fn new() -> Self {
        let state = Arc::new(State::open_on(FaultDisk::new()).expect("a state").0);
        let clock = NodeClock::new();
        clock.correct(NOW);
        let place = place();
        let open = |role, name: &str, at| {
            let node = NodeId::of_key(blake3_of(name));
            NodeRows::open(state.clone(), (node, role), at, UtcMs(0), false, clock.clone()).expect("rows")
        };
        let hub = open(Role::Hub, "hub", None);
        let relay = open(Role::Relay, "relay", Some((&place.client, &place.site)));
        Self { hub, relay, clock, floor: UtcMs(0) }
    }

    fn granted(&self, name: &str, days: u32, may: May) -> String {
        add(&self.hub, &place(), name, days, may, NOW).expect("a grant").passphrase
    }

    fn porch(&self) -> Porch {
        let porch = Porch::open(self.relay.clone(), self.clock.clone(), self.floor).expect("rows").expect("a site's");
        porch.read().expect("rows");
        porch
    }
}

fn place() -> Place {
    "acme/lyon".parse().expect("a place")
}

fn blake3_of(name: &str) -> &[u8; 32] {
    match name {
        "hub" => &[1; 32],
        _ => &[2; 32],
    }
}

#[test]
fn who_was_let_in_comes_in_with_the_rights_that_were_given_and_nobody_else_does() {
    let site = Site::new();
    let passphrase = site.granted("Marc Petit", 30, May::Decide);
    let looks = site.granted("Ann", 1, May::Look);
    let porch = site.porch();
    let who = porch.admit(" marc  PETIT ", &passphrase.to_uppercase(), "192.0.2.7").expect("he is let in");
    assert_eq!((who.name.as_str(), who.decides), ("Marc Petit", Decides::of_one(place())));
    assert!(who.clients.include(&place().client) && !who.clients.include(&"bron".parse().expect("a name")));
    assert_eq!(porch.admit("Ann", &looks, "x").map(|who| who.decides), Ok(Decides::Nothing));
    for (name, passphrase) in [("Marc Petit", looks.as_str()), ("Marc Petit", ""), ("Nobody", &passphrase), ("", "")] {
        assert_eq!(porch.admit(name, passphrase, "x"), Err(NotLetIn::Wrong), "{name}");
    }
}

#[test]
fn an_access_ends_by_its_day_also_for_who_is_inside_and_where_the_clock_woke_in_the_past() {
    let site = Site::new();
    let passphrase = site.granted("Marc", 30, May::Decide);
    let porch = site.porch();
    assert!(porch.identity("Marc").is_some());
    site.clock.correct(UtcMs(NOW.0 + 30 * DAY_MS));
    let end = match porch.admit("Marc", &passphrase, "x") {
        Err(NotLetIn::Expired(end)) => end,
        other => panic!("{other:?}"),
    };
    assert_eq!(end.ms(), NOW.0 + 30 * DAY_MS);
    assert!(porch.identity("Marc").is_none());

    let site = Site { floor: UtcMs(NOW.0 + 31 * DAY_MS), ..Site::new() };
    let passphrase = site.granted("Marc", 30, May::Decide);
    assert!(matches!(site.porch().admit("Marc", &passphrase, "x"), Err(NotLetIn::Expired(_))));
}

#[test]
fn what_is_taken_back_opens_nothing_and_may_be_given_again() {
    let site = Site::new();
    let passphrase = site.granted("Marc", 30, May::Decide);
    assert!(matches!(add(&site.hub, &place(), "MARC", 1, May::Look, NOW), Err(GrantError::Already(_))));
    let before = site.porch().admit("Marc", &passphrase, "x").expect("he is let in");
    revoke(&site.hub, &place(), "Marc", NOW).expect("it is taken back");
    assert!(matches!(revoke(&site.hub, &place(), "Marc", NOW), Err(GrantError::NotThere(_))));
    let porch = site.porch();
    assert_eq!(porch.admit("Marc", &passphrase, "x"), Err(NotLetIn::Revoked));
    assert!(porch.identity("Marc").is_none());
    let again = site.granted("Marc", 1, May::Look);
    let porch = site.porch();
    assert_eq!(porch.admit("Marc", &passphrase, "x"), Err(NotLetIn::Wrong), "the old one is no longer his");
    let who = porch.admit("Marc", &again, "x").expect("he is let in again");
    assert_eq!(porch.identity("Marc").as_ref(), Some(&who));
    assert_ne!(
        who.credential, before.credential,
        "a browser that came in by the first grant is not let in by the second"
    );
}

#[test]
fn a_relay_grants_nothing_and_a_name_of_no_person_is_refused() {
    let site = Site::new();
    assert!(matches!(add(&site.relay, &place(), "Marc", 1, May::Decide, NOW), Err(GrantError::Write(_))));
    for name in ["", "  ", "hub", "Site", "a\u{7}b", &"x".repeat(101)] {
        assert!(matches!(add(&site.hub, &place(), name, 1, May::Look, NOW), Err(GrantError::Name)), "{name:?}");
    }
    for days in [0, 367] {
        assert!(matches!(add(&site.hub, &place(), "Marc", days, May::Look, NOW), Err(GrantError::Days(_))));
    }
    let all: Vec<Grant> = list(&site.hub).expect("rows").into_iter().map(|(.., grant)| grant).collect();
    assert_eq!(all, []);
}

#[test]
fn each_knock_is_written_down_for_the_hub() {
    let site = Site::new();
    let passphrase = site.granted("Marc", 30, May::Decide);
    let porch = site.porch();
    porch.admit("Marc", "wrong", "192.0.2.7").expect_err("wrong");
    porch.admit("Marc", &passphrase, "192.0.2.8").expect("he is let in");
    let told = visits(&site.hub).expect("rows");
    let told: Vec<_> = told.iter().map(|visit| (visit.came, visit.name.as_str(), visit.from.as_str())).collect();
    assert!(told.contains(&(Came::Wrong, "Marc", "192.0.2.7")) && told.contains(&(Came::In, "Marc", "192.0.2.8")));
    assert_eq!(told.len(), 2);
}

#[test]
fn a_passphrase_in_the_field_for_the_name_is_written_down_nowhere() {
    let site = Site::new();
    let passphrase = site.granted("Marc", 30, May::Decide);
    let porch = site.porch();
    for name in [&passphrase, &passphrase, "hunter2"] {
        porch.admit(name, "", "192.0.2.7").expect_err("that is no name");
        site.clock.correct(UtcMs(site.clock.now().utc.0 + 1_000));
    }
    let told = visits(&site.hub).expect("rows");
    let names: Vec<&str> = told.iter().map(|visit| visit.name.as_str()).collect();
    assert_eq!(names.len(), 3);
    assert!(names.iter().all(|name| name.starts_with("unknown name ") && name.len() == 21), "{names:?}");
    assert!(names[1] == names[2] && names[0] != names[1], "tries of one name look alike: {names:?}");
}
