//! What is told of whom, and what is not.

use super::*;
use crate::{Health, LedgerSummary, Mark, MuteWish, Reach, StatusComponent, StatusPageSaid};

const NOW: UtcMs = UtcMs(1_795_258_930_000);

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn before(ms: i64) -> Option<Stamp> {
    Some(Stamp(UtcMs(NOW.0 - ms)))
}

fn machine(name: &str, client: &str, health: Health, state: Reachability) -> Machine {
    Machine {
        id: NodeId::of_key(blake3::hash(name.as_bytes()).as_bytes()),
        name: name.to_owned(),
        client: slug(client),
        site: slug("lyon"),
        mark: Mark::default(),
        health,
        reachability: Reach { state, since: before(60_000) },
        interval_ms: 10_000,
        last_sample: None,
        cpu: None,
        memory: None,
        clock: None,
        ledger: LedgerSummary::default(),
        drain: None,
    }
}

fn page(of: StatusMembers) -> StatusPage {
    let said = StatusPageSaid {
        client: slug("acme"),
        title: "Acme".to_owned(),
        on: true,
        listed: false,
        history: true,
        maintenance: true,
        components: vec![StatusComponent { name: "Tills".to_owned(), of }],
    };
    StatusPage { slug: slug("acme"), said, notices: Vec::new(), made_at: Stamp(NOW), version: 1 }
}

fn known<'a>(page: &'a StatusPage, days: &'a StatusDays) -> Known<'a> {
    Known { page, machines: &[], mutes: &[], days, now: NOW, runs_ms: SETTLE_MS }
}

fn board(page: &StatusPage, machines: &[Machine], mutes: &[Mute]) -> Board {
    Known { machines, mutes, ..known(page, &StatusDays::default()) }.board()
}

fn of_site() -> StatusPage {
    page(StatusMembers::Site(slug("lyon")))
}

fn work(text: &str, active: bool) -> Mute {
    let wish: MuteWish = serde_json::from_str(text).expect("a wish");
    let windows = vec![(Stamp(UtcMs(NOW.0 - 1_000)), Stamp(UtcMs(NOW.0 + 3_600_000)))];
    let (id, by, at) = ("M".to_owned(), "ann".to_owned(), "hub".to_owned());
    Mute { id, wish, by, at, made_at: Stamp(NOW), ended: None, active, windows }
}

#[test]
fn only_what_is_heard_judged_and_well_is_operational() {
    for state in Reachability::ALL {
        for health in [Health::Ok, Health::Warning, Health::Critical, Health::Unknown] {
            let told = board(&of_site(), &[machine("a", "acme", health, state)], &[]).components[0].state;
            let may_be = state == Reachability::Live && matches!(health, Health::Ok | Health::Warning);
            assert_eq!(told == State::Operational, may_be, "{health:?} {state:?}: {told:?}");
        }
    }
    let nothing = board(&of_site(), &[], &[]);
    assert_eq!((nothing.components[0].state, nothing.all), (State::NotVerified, State::NotVerified));
    let empty = StatusPage { said: StatusPageSaid { components: Vec::new(), ..of_site().said }, ..of_site() };
    assert_eq!(board(&empty, &[], &[]).all, State::NotVerified);
}

#[test]
fn a_cut_is_neither_well_nor_wrong_whatever_was_last_known() {
    for health in [Health::Ok, Health::Critical] {
        let told = board(&of_site(), &[machine("a", "acme", health, Reachability::Cut)], &[]).components.remove(0);
        assert_eq!((told.state, told.since), (State::NotVerified, before(60_000)), "{health:?}");
    }
}

#[test]
fn what_is_wrong_is_told_even_where_the_rest_is_not_known() {
    let machines = [
        machine("a", "acme", Health::Ok, Reachability::Silent),
        machine("b", "acme", Health::Ok, Reachability::Cut),
        machine("c", "acme", Health::Ok, Reachability::Live),
    ];
    assert_eq!(board(&of_site(), &machines, &[]).components[0].state, State::Disturbed);
    assert_eq!(board(&of_site(), &machines[..1], &[]).components[0].state, State::Down);
}

#[test]
fn a_hub_that_was_away_itself_accuses_nobody_of_silence() {
    let (page, days) = (of_site(), StatusDays::default());
    let machines = [machine("a", "acme", Health::Ok, Reachability::Silent)];
    let after = |runs_ms| {
        let told = Known { machines: &machines, runs_ms, ..known(&page, &days) }.board().components.remove(0);
        (told.state, told.since)
    };
    assert_eq!(after(SETTLE_MS - 1), (State::NotVerified, before(60_000)));
    assert_eq!(after(SETTLE_MS), (State::Down, before(60_000)));
}

#[test]
fn a_machine_that_said_goodbye_is_off_and_not_under_work_that_nobody_planned() {
    let off = machine("a", "acme", Health::Ok, Reachability::Asleep);
    let well = machine("b", "acme", Health::Ok, Reachability::Live);
    for machines in [vec![off.clone()], vec![off.clone(), well.clone()]] {
        let told = board(&of_site(), &machines, &[]).components.remove(0);
        assert_eq!((told.state, told.since), (State::SwitchedOff, before(60_000)));
        let planned = work(r#"{ "client": "acme", "labels": { "machine": "a" }, "until_ms": 1 }"#, true);
        assert_eq!(board(&of_site(), &machines, &[planned]).components[0].state, State::Maintenance);
    }
    let cut = machine("c", "acme", Health::Ok, Reachability::Cut);
    assert_eq!(board(&of_site(), &[off, well, cut], &[]).all, State::NotVerified);
}

#[test]
fn another_clients_machines_are_never_part_of_it_even_by_their_ids() {
    let theirs = machine("x", "bron", Health::Critical, Reachability::Silent);
    let mine = machine("a", "acme", Health::Ok, Reachability::Live);
    let by_ids = page(StatusMembers::Machines(vec![theirs.id.to_string(), mine.id.to_string()]));
    for page in [of_site(), by_ids] {
        let told = board(&page, &[theirs.clone(), mine.clone()], &[]);
        assert_eq!(told.components[0].state, State::Operational);
    }
    let (page, days) = (page(StatusMembers::Group(slug("tills"))), StatusDays::default());
    let tills = Mark { groups: [slug("tills")].into(), ..Mark::default() };
    let machines = [theirs, mine].map(|machine| Machine { mark: tills.clone(), ..machine });
    let known = Known { machines: &machines, ..known(&page, &days) };
    assert_eq!(known.board().components[0].state, State::Operational);
}

#[test]
fn work_that_was_announced_excuses_what_it_is_about_and_nothing_else() {
    let silent = machine("a", "acme", Health::Ok, Reachability::Silent);
    let planned =
        work(r#"{ "client": "acme", "labels": { "machine": "a" }, "until_ms": 1, "why": "secret reason" }"#, true);
    let told = board(&of_site(), std::slice::from_ref(&silent), std::slice::from_ref(&planned));
    assert_eq!(told.components[0].state, State::Maintenance);
    assert_eq!(told.work.len(), 1);
    assert_eq!(told.work[0].components, ["Tills"]);
    assert!(!format!("{told:?}").contains("secret"), "why is the house's own word");
    for other in [
        r#"{ "client": "acme", "labels": { "machine": "b" }, "until_ms": 1 }"#,
        r#"{ "client": "acme", "site": "paris", "until_ms": 1 }"#,
        r#"{ "client": "bron", "until_ms": 1 }"#,
        r#"{ "client": "acme", "labels": { "rule": "Hot" }, "until_ms": 1 }"#,
        r#"{ "kind": "silence", "client": "acme", "until_ms": 1 }"#,
    ] {
        let told = board(&of_site(), std::slice::from_ref(&silent), &[work(other, true)]);
        assert_eq!((told.components[0].state, told.work.len()), (State::Down, 0), "{other}");
    }
    let cut = machine("a", "acme", Health::Ok, Reachability::Cut);
    assert_eq!(board(&of_site(), &[cut], &[planned]).components[0].state, State::NotVerified);
}
