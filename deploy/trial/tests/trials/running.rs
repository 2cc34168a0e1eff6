//! A hub in other programs' hands: its log is collected, it is backed up while it works.

use std::time::Duration;

use serde_json::Value;
use vigie_trial::{Mesh, eventually, oracle, run_once};

#[test]
fn a_hub_that_logs_as_json_writes_an_object_a_line() {
    let mesh = Mesh::with_hub_args(&["--log-json"]);
    let log = std::fs::read_to_string(mesh.dir().join("hub.log")).expect("it logs");
    let lines: Vec<Value> = log.lines().map(|line| serde_json::from_str(line).expect("an object")).collect();
    let open = lines.iter().find(|line| line["message"] == "the hub is open").expect("it says that it is open");
    assert!(open["node"].is_string() && open["level"] == "INFO" && open["timestamp"].is_string(), "{open}");
}

#[test]
fn a_hub_that_has_only_just_answered_ends_in_order_when_it_is_told_to() {
    let mut mesh = Mesh::new();
    for _ in 0..8 {
        assert!(mesh.hub.stop(), "a signal at that moment is not lost, and kills nothing");
        mesh.hub.again();
        mesh.door();
    }
}

#[test]
fn backups_taken_while_samples_come_in_are_each_whole_and_one_makes_the_hub_again() {
    let mut mesh = Mesh::new();
    let data = mesh.hub_data();
    let agent = mesh.agent("lyon", "till-1", 77, &[mesh.hub_udp()], &[]);
    let safe = tempfile::tempdir().expect("a folder");
    let words = safe.path().join("words");
    std::fs::write(&words, "a lantern for the night watch\n").expect("room");
    let say = |args: &[&str]| {
        let said = run_once("vigie-cloud", args);
        assert!(said.status.success(), "{args:?}: {said:?}");
    };
    let shown = |path: &std::path::Path| path.display().to_string();
    let mut last = String::new();
    for at in 1..=3 {
        mesh.settles(&agent, at * 3);
        last = shown(&safe.path().join(format!("{at}.backup")));
        say(&["backup", &last, "--passphrase-file", &shown(&words), "--data", &shown(&data)]);
        say(&["verify", &last, "--passphrase-file", &shown(&words)]);
    }
    mesh.settles(&agent, 12);
    mesh.hub.kill();
    std::fs::remove_dir_all(&data).expect("it is lost");
    say(&["restore", &last, "--passphrase-file", &shown(&words), "--data", &shown(&data)]);
    mesh.hub.again();
    eventually("the hub answers", || mesh.get("/api/v1/sites").is_some());
    std::thread::sleep(Duration::from_secs(2));
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut []);
    let (kept, given_up) = oracle::check(&oracle::held(&data), &agents[0], &[]);
    assert!(kept >= 12 && given_up == 0, "{kept} ticks are there, {given_up} are not");
}
