//! A site of a hundred machines is cut off: that is one thing that is wrong, told once, and so is its end.

use std::time::Duration;

use vigie_trial::watched::{ALONE_AFTER, People, tells};
use vigie_trial::{Agent, Door, Mesh, eventually};

const MACHINES: u64 = 100;

fn live_at(door: &Door) -> usize {
    let answer = door.get("/api/v1/machines?limit=500").and_then(|answer| answer.json()).unwrap_or_default();
    let all = answer["machines"].as_array().cloned().unwrap_or_default();
    all.iter().filter(|one| one["reachability"]["state"] == "live").count()
}

#[test]
fn a_hundred_machines_behind_a_cut_are_one_notice_out_and_one_back() {
    let mut mesh = Mesh::new();
    let (site_people, hub_people) = (People::new(), People::new());
    let data = mesh.hub_data();
    tells(&mut mesh.hub, "cloud", &data, &hub_people);
    let hub = mesh.door();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let data = relay.data.clone();
    tells(&mut relay.program, "relay", &data, &site_people);
    let site = relay.door();
    let usual = ["--fast-s", "10", "--medium-s", "60", "--slow-s", "900", "--commit-s", "5", "--seal-s", "600"];
    let mut agents: Vec<Agent> =
        (0..MACHINES).map(|one| mesh.agent("lyon", &format!("till-{one}"), one, &[relay.udp], &usual)).collect();
    eventually("all are live at the hub", || live_at(&hub) == MACHINES as usize);
    assert!(hub_people.told().is_empty() && site_people.told().is_empty(), "nothing is wrong");

    wan.tell(r#"{"do":"cut"}"#);
    eventually("the hub tells of the cut", || hub_people.count("SiteCut", "wrong") == 1);
    eventually("no machine is shown as live that nobody can see", || live_at(&hub) == 0);
    assert_eq!(live_at(&site), MACHINES as usize, "at the site all is well, and it is known");
    std::thread::sleep(ALONE_AFTER);
    // One dies and comes back: the site's own matter, which nobody is woken for when it is long over.
    agents[0].program.kill();
    eventually("the site is told", || site_people.count("MachineSilent", "wrong") == 1);
    agents[0].program.again();
    eventually("and that it is over", || site_people.count("MachineSilent", "over") == 1);

    wan.tell(r#"{"do":"heal"}"#);
    eventually("the hub tells that the site is back", || hub_people.count("SiteCut", "over") == 1);
    eventually("all are live at the hub again", || live_at(&hub) == MACHINES as usize);
    std::thread::sleep(Duration::from_secs(30));
    let told = hub_people.told();
    let pages = |rule: &str, which: &str| {
        let paged = told.iter().filter(|one| one["kind"] != "digest");
        let all = paged.flat_map(|one| one[which].as_array().cloned().unwrap_or_default());
        all.filter(|one| one["rule"] == rule).count()
    };
    println!("the hub's people were told: {told:#?}");
    assert_eq!((pages("SiteCut", "wrong"), pages("SiteCut", "over")), (1, 1), "one out and one back: {told:#?}");
    assert_eq!(
        (pages("MachineSilent", "wrong"), pages("MachineSilent", "over")),
        (0, 0),
        "no page for what is behind it"
    );
    let rules = |people: &People| (people.count("SiteCut", "wrong"), people.count("MachineSilent", "wrong"));
    assert_eq!(rules(&site_people), (0, 1), "the site was told of its own machine alone: {:#?}", site_people.told());
    // Whoever is told nothing would have been told nothing all the same: it is not so.
    agents[1].program.kill();
    eventually("a machine that dies now is told by the hub", || hub_people.count("MachineSilent", "wrong") >= 1);
}
