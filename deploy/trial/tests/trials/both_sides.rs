//! While a site is cut off, both sides see, decide and tell; afterwards both know all of it, and nobody is told again.

use std::time::{Duration, Instant};

use vigie_trial::watched::{ALONE_AFTER, People, incident, known, oven, said_at_hub, said_at_site, tells, took, words};
use vigie_trial::{Door, Line, Mesh, Relay, eventually};

/// How often the rule is evaluated, and what telling may take beyond that on a machine that does much beside.
const TOLD_WITHIN: Duration = Duration::from_secs(1 + 9);

/// From the line's return until both sides know everything. On a quiet machine it is some 4 s, as `./deploy/bench --only lookout`
/// measures; the backlog that it must pass takes minutes.
const BOTH_KNOW_WITHIN: Duration = Duration::from_secs(30);

struct Site {
    wan: Line,
    relay: Relay,
    site: People,
    hub: People,
    mesh: Mesh,
}

impl Site {
    fn new() -> Self {
        let mut mesh = Mesh::new();
        let (site, hub) = (People::new(), People::new());
        let data = mesh.hub_data();
        tells(&mut mesh.hub, "cloud", &data, &hub);
        drop(mesh.door());
        let wan = mesh.line("wan", mesh.hub_udp());
        let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
        let data = relay.data.clone();
        tells(&mut relay.program, "relay", &data, &site);
        Self { mesh, wan, relay, site, hub }
    }

    fn doors(&self) -> (Door, Door) {
        (self.relay.door(), self.mesh.door())
    }
}

/// One oven burns when the line is cut, and is put out meanwhile; another begins to. Both sides say something of both.
fn a_cut_with_decisions_on_both_sides(one: &Site) {
    let (site, hub) = one.doors();
    oven(&site, "old", 300);
    let old = known(&hub, "old");
    eventually("the hub tells of it, for it hears the site", || one.hub.count("OvenHot", "wrong") == 1);
    assert_eq!(one.site.count("OvenHot", "wrong"), 0, "and so the site does not");

    one.wan.tell(r#"{"do":"cut"}"#);
    said_at_hub(&one.mesh, &["ack", &old, "calling them", "--as", "hannah"]);
    said_at_hub(&one.mesh, &["comment", &old, "nobody answers", "--as", "hannah"]);
    std::thread::sleep(ALONE_AFTER);
    let lit = Instant::now();
    oven(&site, "new", 300);
    oven(&site, "old", 20);
    eventually("mail and webhook have come", || {
        !one.site.mail.came().is_empty() && one.site.count("OvenHot", "wrong") == 1
    });
    for (what, at) in [("mail", one.site.mail.came()[0].at), ("webhook", one.site.hook.came()[0].at)] {
        println!("sample to {what}, the line cut: {:?}", at - lit);
        assert!(at - lit <= TOLD_WITHIN, "{what} took {:?}", at - lit);
    }
    let new = known(&site, "new");
    said_at_site(&one.relay, &["ack", &new, "on my way", "--as", "ann"]);
    said_at_site(&one.relay, &["comment", &new, "the door was open", "--as", "ann"]);
    said_at_site(&one.relay, &["comment", &old, "burnt out", "--as", "ann"]);
    eventually("the old one is out", || incident(&site, "old")["standing"] == "resolved");
    assert_eq!(incident(&hub, "new"), serde_json::Value::Null, "the hub can not know");
    assert_eq!(incident(&hub, "old")["standing"], "acknowledged", "nor that the old one is out");
}

fn both_know(site: &Door, hub: &Door) -> bool {
    [site, hub].into_iter().all(|door| {
        let (old, new) = (incident(door, "old"), incident(door, "new"));
        let old_is = old["standing"] == "resolved"
            && words(&old, "acknowledgements") == ["hannah: calling them".to_owned()].into()
            && words(&old, "comments") == ["hannah: nobody answers".to_owned(), "ann: burnt out".to_owned()].into();
        let new_is = new["standing"] == "acknowledged"
            && words(&new, "acknowledgements") == ["ann: on my way".to_owned()].into()
            && words(&new, "comments") == ["ann: the door was open".to_owned()].into();
        old_is && new_is
    })
}

/// What was told by then stays all there is: the hub has a route, and learns of everything now.
fn nobody_is_told_again(one: &Site, quiet: Duration) {
    let pages = |people: &People| (people.count("OvenHot", "wrong"), people.count("MachineSilent", "wrong"));
    std::thread::sleep(quiet);
    assert_eq!(pages(&one.site), (1, 0), "the site was told of the new one, once: {:#?}", one.site.told());
    assert_eq!(pages(&one.hub), (1, 0), "the hub's people of the old one, once: {:#?}", one.hub.told());
    let ends = one.site.count("OvenHot", "over") + one.hub.count("OvenHot", "over");
    assert_eq!(ends, 1, "that the old one is out is told once: {:#?} {:#?}", one.site.told(), one.hub.told());
    let cuts = |which| one.hub.count("SiteCut", which);
    assert_eq!((cuts("wrong"), cuts("over")), (1, 1), "one cut is told once, and its end once: {:#?}", one.hub.told());
}

#[test]
fn what_both_sides_decided_during_a_cut_is_on_both_after_it_and_nobody_is_told_again() {
    let one = Site::new();
    a_cut_with_decisions_on_both_sides(&one);
    let (site, hub) = one.doors();
    eventually("the hub tells of the cut", || one.hub.count("SiteCut", "wrong") == 1);
    one.wan.tell(r#"{"do":"heal"}"#);
    let healed = took("both know all of it", || both_know(&site, &hub));
    println!("both sides know all of it {healed:?} after the return");
    assert!(healed <= BOTH_KNOW_WITHIN, "{healed:?}");
    eventually("the hub tells that the site is back", || one.hub.count("SiteCut", "over") == 1);
    nobody_is_told_again(&one, Duration::from_secs(20));
    // A route that was silent because it was broken would have been silent all the same: it is not.
    oven(&site, "third", 300);
    eventually("the hub tells of what begins now", || one.hub.count("OvenHot", "wrong") == 2);
}

#[test]
fn decisions_pass_a_large_backlog_on_a_thin_line() {
    let one = Site::new();
    // 3,000 values that no coder makes short, each second: some minutes of a thin line for each minute of the cut.
    let noise = ["--collector", "synthetic:91,3000,noise", "--medium-s", "1", "--slow-s", "1"];
    let mut loud = ["till-1", "till-2"].map(|name| one.mesh.agent("lyon", name, 91, &[one.relay.udp], &noise));
    let usual = one.mesh.agent("lyon", "till-3", 92, &[one.relay.udp], &["--collector", "synthetic:92,100"]);
    a_cut_with_decisions_on_both_sides(&one);
    // What they measure at each second is more than such a line carries: they have left it behind, and fall silent.
    assert!(loud.iter_mut().all(|agent| agent.program.stop()), "they end in order");
    let (site, hub) = one.doors();
    let waits =
        || one.mesh.status("vigie-relay", &one.relay.data).and_then(|status| status["ledger"]["samples"].as_u64());
    println!("samples at the relay when the line comes back: {:?}", waits());
    one.wan.tell(r#"{"do":"set","both":{"delay_ms":300,"rate_kbit":64}}"#);
    one.wan.tell(r#"{"do":"heal"}"#);
    let healed = took("both know all of it", || both_know(&site, &hub));
    println!("both sides know all of it {healed:?} after the return, behind a backlog on 64 kbit/s and 600 ms");
    let left = one.mesh.status("vigie-relay", &one.relay.data).and_then(|status| status["backlog_ticks"].as_u64());
    assert!(left > Some(0), "the backlog was still on its way: {left:?}");
    assert!(healed <= BOTH_KNOW_WITHIN, "{healed:?}");
    drop(usual);
}
