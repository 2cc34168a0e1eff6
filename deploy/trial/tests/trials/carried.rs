//! A line stays away, and what waits goes by hand.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use serde_json::Value;
use vigie_trial::{Agent, Mesh, Relay, eventually, oracle, run_once};

#[test]
fn what_is_carried_by_hand_is_at_the_hub_once_and_does_not_come_again_by_the_line() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let mut agent = mesh.agent("lyon", "till-1", 81, &[relay.udp], &[]);
    mesh.settles(&agent, 3);
    wan.tell(r#"{"do":"cut"}"#);
    std::thread::sleep(Duration::from_secs(12));
    eventually("the hub says that the site is cut off", || is_cut_off(&mesh));
    let (before, heard) = (at_hub(&mesh, &agent), last_heard(&mesh));
    assert!(heard.is_some());
    // Nothing is measured while the file is on its way, so that it can be counted.
    assert!(agent.program.stop(), "the agent ends in order");
    let why = ["--machine", "till-1", "--for", "2h", "--why", "a new disk"];
    let said = at_relay(&relay, &[&["maintenance", "add"], why.as_slice()].concat());
    assert!(said.status.success(), "{said:?}");

    let file = mesh.dir().join("lyon.vigie");
    let written = json(&at_relay(&relay, &["carry-out", path(&file), "--json"]));
    assert!(written["ticks"].as_u64() >= Some(8) && written["rows"].as_u64() >= Some(1), "{written}");
    assert_eq!(written["bytes"].as_u64(), std::fs::metadata(&file).ok().map(|file| file.len()), "{written}");
    let again = at_relay(&relay, &["carry-out", path(&file)]);
    assert_eq!(again.status.code(), Some(2), "a file that is there is not written over: {again:?}");

    let torn = changed(&file, "torn", |bytes| bytes.truncate(bytes.len() - 10));
    refuses(&mesh, &torn, &["cut short", "what was taken stays"]);
    let flipped = changed(&file, "flipped", |bytes| {
        let at = bytes.len() / 2;
        bytes[at] ^= 1;
    });
    refuses(&mesh, &flipped, &["is not what its relay wrote", "what was taken stays"]);
    let head = changed(&file, "head", |bytes| bytes[40] ^= 1);
    refuses(&mesh, &head, &["nothing was taken"]);
    refuses(&Mesh::new(), &file, &["for another hub", "nothing was taken"]);

    let taken = json(&mesh.hub_command(&["carry-in", path(&file), "--json"]));
    let count = |taken: &Value, what: &str| taken["ticks"][what].as_u64().expect("a number");
    assert_eq!(count(&taken, "in_file"), written["ticks"].as_u64().expect("a number"));
    assert_eq!(count(&taken, "new") + count(&taken, "known"), count(&taken, "in_file"), "{taken}");
    let brought = at_hub(&mesh, &agent);
    assert!(brought >= before + 8, "{before} ticks at the hub before, and {brought} after: {taken}");
    let known = || mesh.get("/api/v1/maintenance").is_some_and(|list| list.to_string().contains("a new disk"));
    eventually("the hub knows what was decided there", known);
    assert_eq!(last_heard(&mesh), heard, "nobody is heard by it");
    let twice = json(&mesh.hub_command(&["carry-in", path(&file), "--json"]));
    assert_eq!((count(&twice, "new"), twice["rows"]["changed"].as_u64()), (0, Some(0)), "{twice}");
    assert_eq!(at_hub(&mesh, &agent), brought, "the same file again changes nothing");

    let door = mesh.door();
    let bytes = std::fs::read(&file).expect("the file is there");
    for elsewhere in ["acme/brest", "bron/lyon"] {
        let said = door.post(&format!("/api/v1/sites/{elsewhere}/carried"), &[], &bytes).expect("the hub answers");
        assert!(said.status == 409 && said.text().contains("nothing was taken"), "{elsewhere}: {}", said.text());
    }
    let here = door.post("/api/v1/sites/acme/lyon/carried", &[], &bytes).expect("the hub answers");
    assert_eq!(here.status, 200, "{}", here.text());

    assert!(
        last_heard(&mesh) == heard && is_cut_off(&mesh),
        "however often it comes, the site is as cut off as it was"
    );
    // The connection of before the cut would live for a minute and a half, and bring what it was given: whatever is no longer
    // needed, too, which the hub takes for what it is. With a connection of after it nothing comes twice.
    assert!(relay.program.stop(), "the relay ends in order");
    let duplicates = || mesh.status("vigie-cloud", &mesh.hub_data()).and_then(|it| it["ledger"]["duplicates"].as_u64());
    let absorbed = duplicates();
    wan.tell(r#"{"do":"heal"}"#);
    relay.program.again();
    eventually("the relay knows that the hub has it", || {
        let status = mesh.status("vigie-relay", &relay.data).unwrap_or_default();
        status["ledger"]["at_relay"] == 0 && status["uplink"]["connected"] == true
    });
    assert_eq!(duplicates(), absorbed, "nothing came a second time by the line");
    agent.program.again();
    mesh.settles(&agent, brought + 3);

    let node = mesh.status("vigie-relay", &relay.data).expect("it runs")["node"].as_str().expect("an id").to_owned();
    let revoked = mesh.hub_command(&["node", "revoke", &node]);
    assert!(revoked.status.success(), "{revoked:?}");
    refuses(&mesh, &file, &["has lost its rights", "nothing was taken"]);

    agent.program.stop();
    mesh.hub.stop();
    let held = oracle::held(&mesh.hub_data());
    let lost: u64 = held.facts.values().map(|facts| facts.gaps.count()).sum();
    let ticks: u64 = held.facts.values().map(|facts| facts.ticks().count()).sum();
    assert!(lost == 0 && ticks >= brought + 3, "{ticks} ticks, each once, and {lost} lost");
}

fn at_hub(mesh: &Mesh, agent: &Agent) -> u64 {
    mesh.ledger(agent).map_or(0, |[_, at_hub, ..]| at_hub)
}

/// When the hub last heard the site's relay.
fn last_heard(mesh: &Mesh) -> Option<String> {
    let sites = mesh.get("/api/v1/sites")?;
    sites["sites"][0]["relays"][0]["link"]["last_heard"].as_str().map(str::to_owned)
}

/// Whether the hub raised it, and takes it to go on.
fn is_cut_off(mesh: &Mesh) -> bool {
    let raised = mesh.get("/api/v1/incidents?standing=all").unwrap_or_default();
    let mut raised = raised["incidents"].as_array().into_iter().flatten();
    raised.any(|one| one["rule"] == "SiteCut" && one["times"] == 1 && one["ended"].is_null())
}

fn at_relay(relay: &Relay, args: &[&str]) -> Output {
    run_once("vigie-relay", &[args, &["--data", path(&relay.data)]].concat())
}

/// The hub takes no such file, or not to its end, and says so.
fn refuses(mesh: &Mesh, file: &Path, words: &[&str]) {
    let refused = mesh.hub_command(&["carry-in", path(file)]);
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(refused.status.code() == Some(1) && words.iter().all(|word| text.contains(word)), "{words:?}: {text}");
}

fn json(done: &Output) -> Value {
    assert!(done.status.success(), "{done:?}");
    serde_json::from_slice(&done.stdout).expect("it answers in JSON")
}

/// A copy that is not as it was written.
fn changed(file: &Path, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> PathBuf {
    let mut bytes = std::fs::read(file).expect("the file is there");
    change(&mut bytes);
    let copy = file.with_extension(name);
    std::fs::write(&copy, bytes).expect("there is room");
    copy
}

fn path(path: &Path) -> &str {
    path.to_str().expect("paths here are plain")
}
