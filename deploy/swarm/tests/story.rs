//! The whole swarm, small, against a real hub program.

use std::process::{Command, Output};

use serde_json::Value;

fn sim(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_vigie-sim")).args(args).output().expect("the swarm can be started")
}

fn report(done: &Output) -> Value {
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{said}");
    serde_json::from_slice(&done.stdout).expect("it answers in JSON")
}

#[test]
fn twenty_machines_behind_two_relays_have_every_sample_at_the_hub_once() {
    let live = ["--interval", "1s", "--for", "4s", "--seal-after", "2s", "--backlog", "10m"];
    let small = ["--self", "--machines", "20", "--relays", "2", "--series", "12", "--json"];
    let report = report(&sim(&[&small[..], &live].concat()));
    let account = &report["account"];
    assert_eq!((account["meets"].as_bool(), account["machines_met"].as_u64()), (Some(true), Some(20)), "{report}");
    assert_eq!(account["sent"], account["at_hub"], "{report}");
    // Ten minutes of history at one a second, and live ticks.
    assert!(account["sent"]["ticks"].as_u64() > Some(20 * 600), "{report}");
    assert_eq!(account["sent"]["samples"].as_u64(), account["sent"]["ticks"].as_u64().map(|ticks| ticks * 12));
    assert_eq!(report["pieces_refused"], 0, "{report}");
    assert_eq!(report["hub_status"]["sums_meet"], true, "{report}");
    assert_eq!(report["hub_status"]["ledger"]["verified"], account["sent"]["ticks"], "each tick is signed for");
}

#[test]
fn history_alone_is_delivered_and_nothing_is_measured_meanwhile() {
    let report = report(&sim(&[
        "--self",
        "--machines",
        "3",
        "--relays",
        "1",
        "--series",
        "5",
        "--backlog",
        "2h",
        "--class",
        "noise",
        "--json",
    ]));
    let phases = report["phases"].as_array().expect("phases");
    let backlog = phases.iter().find(|phase| phase["name"] == "backlog").expect("a phase for the backlog");
    assert_eq!((backlog["ticks_acknowledged"].as_u64(), backlog["ticks_measured"].as_u64()), (Some(2_160), Some(0)));
    assert_eq!(report["account"]["at_hub"]["samples"].as_u64(), Some(2_160 * 5), "{report}");
}

#[test]
fn nonsense_on_the_command_line_starts_nothing() {
    for nonsense in [
        &["--self", "--machines", "2", "--relays", "5"][..],
        &["--self", "--site", "--relays", "5"],
        &["--site"],
        &["--self", "--interval", "0s"],
        &["--machines", "2"],
        &["--self", "--class", "loud"],
    ] {
        let done = sim(nonsense);
        assert_eq!(done.status.code(), Some(2), "{nonsense:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
}

#[test]
fn thirty_agents_at_one_relay_have_every_sample_at_the_hub_once() {
    let live = ["--interval", "1s", "--for", "4s", "--seal-after", "2s", "--backlog", "5m"];
    let small = ["--self", "--site", "--machines", "30", "--series", "12", "--json"];
    let report = report(&sim(&[&small[..], &live].concat()));
    let account = &report["account"];
    assert_eq!((account["meets"].as_bool(), account["machines_met"].as_u64()), (Some(true), Some(30)), "{report}");
    assert_eq!(account["sent"], account["at_hub"], "{report}");
    assert!(account["sent"]["ticks"].as_u64() > Some(30 * 300), "{report}");
    assert_eq!((report["measured"].as_str(), report["pieces_refused"].as_u64()), (Some("relay"), Some(0)), "{report}");
}
