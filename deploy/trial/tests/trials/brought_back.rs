//! A hub is brought back from a backup of an hour ago while alerts live: nothing is lost, and nothing comes twice.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use vigie_trial::watched::{People, incident, known, oven, said_at_hub, said_at_site, tells, words};
use vigie_trial::{Mesh, WrongClock, eventually, oracle, run_once};

fn copied(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-a").arg(from).arg(to).output();
    assert!(done.as_ref().is_ok_and(|done| done.status.success()), "{done:?}");
}

/// How a hub of an hour ago comes to be.
enum Way {
    /// Somebody copied its folder while it was stopped, and says so when it is started again.
    CopiedFolder,
    /// It was backed up while it ran, and made again of that.
    Backup,
}

impl Way {
    fn save(&self, mesh: &mut Mesh, backup: &Path) {
        match self {
            Self::CopiedFolder => {
                assert!(mesh.hub.stop(), "it ends in order");
                copied(&mesh.hub_data(), backup);
                mesh.hub.again();
            }
            Self::Backup => hub_says(&["backup", &shown(backup), "--data", &shown(&mesh.hub_data())]),
        }
    }

    fn bring_back(&self, mesh: &mut Mesh, backup: &Path) {
        let data = mesh.hub_data();
        std::fs::remove_dir_all(&data).expect("it is lost");
        match self {
            Self::CopiedFolder => {
                copied(backup, &data);
                mesh.hub.once_with("--take-back-rows");
            }
            Self::Backup => {
                hub_says(&["verify", &shown(backup)]);
                hub_says(&["restore", &shown(backup), "--data", &shown(&data)]);
                mesh.hub.again();
            }
        }
    }
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

fn hub_says(words: &[&str]) {
    let done = run_once("vigie-cloud", words);
    assert!(done.status.success(), "{words:?}: {done:?}");
}

#[test]
fn a_hub_from_an_hour_ago_learns_what_it_had_known_and_tells_nobody_again() {
    comes_back(&Way::CopiedFolder);
}

#[test]
fn a_hub_made_of_a_backup_learns_what_it_had_known_and_tells_nobody_again() {
    comes_back(&Way::Backup);
}

fn comes_back(way: &Way) {
    let mut mesh = Mesh::new();
    let Some(clock) = WrongClock::new(&mesh.dir().join("offset")) else { return };
    let people = People::new();
    let data = mesh.hub_data();
    clock.give(&mut mesh.hub);
    tells(&mut mesh.hub, "cloud", &data, &people);
    let hub = mesh.door();
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    relay.program.kill();
    clock.give(&mut relay.program);
    let rules = relay.data.join("rules");
    copied(&data.join("rules"), &rules);
    relay.program.again();
    let site = relay.door();
    let agent = mesh.agent("lyon", "till-1", 51, &[relay.udp], &[]);
    mesh.settles(&agent, 5);

    // An alert from before the backup, which somebody knows of.
    oven(&site, "old", 300);
    let old = known(&hub, "old");
    said_at_hub(&mesh, &["ack", &old, "on my way", "--as", "hannah"]);
    eventually("both know that she knows", || words(&incident(&site, "old"), "acknowledgements").len() == 1);
    eventually("the hub has told of it", || people.count("OvenHot", "wrong") == 1);
    let backup = mesh.dir().join("backup");
    way.save(&mut mesh, &backup);

    // An hour later: what came since is in no backup.
    clock.is_off_by("+1h");
    let hub = mesh.door();
    eventually("the relay is back", || !incident(&hub, "old").is_null());
    oven(&site, "new", 300);
    let new = known(&hub, "new");
    eventually("the hub has told of it", || people.count("OvenHot", "wrong") == 2);
    said_at_hub(&mesh, &["comment", &old, "it was the door", "--as", "hannah"]);
    said_at_site(&relay, &["ack", &new, "I see it", "--as", "ann"]);
    eventually("both know both", || {
        words(&incident(&site, "old"), "comments").len() == 1
            && words(&incident(&hub, "new"), "acknowledgements").len() == 1
    });
    let told = people.told();

    assert!(mesh.hub.stop(), "it ends in order");
    way.bring_back(&mut mesh, &backup);
    let hub = mesh.door();
    eventually("the hub knows all of it again", || {
        let (old, new) = (incident(&hub, "old"), incident(&hub, "new"));
        words(&old, "acknowledgements") == ["hannah: on my way".to_owned()].into()
            && words(&old, "comments") == ["hannah: it was the door".to_owned()].into()
            && (&old["standing"], &new["standing"]) == (&"acknowledged".into(), &"acknowledged".into())
            && words(&new, "acknowledgements") == ["ann: I see it".to_owned()].into()
    });
    for door in [&site, &hub] {
        let all = door.get("/api/v1/incidents?standing=firing,acknowledged").and_then(|answer| answer.json());
        let ovens = all
            .as_ref()
            .and_then(|all| all["incidents"].as_array())
            .map_or(0, |all| all.iter().filter(|one| one["rule"] == "OvenHot").count());
        assert_eq!(ovens, 2, "each is there once: {all:?}");
    }
    // It would be told by now, as both were within a second.
    std::thread::sleep(Duration::from_secs(15));
    let pages = |told: &[serde_json::Value]| told.iter().filter(|one| one["severity"] == "critical").count();
    assert_eq!(pages(&people.told()), pages(&told), "nobody is told again: {:#?}", people.told());
    oven(&site, "third", 300);
    eventually("and what begins now is told", || people.count("OvenHot", "wrong") == 3);

    let (mut agents, mut relays) = ([agent], [relay]);
    mesh.wind_down(&mut agents, &mut relays);
    let (kept, given_up) = oracle::check(&oracle::held(&data), &agents[0], &[]);
    assert!(kept > 10 && given_up == 0, "{kept} ticks are there, {given_up} are not");
}
