//! Does somebody see a cut before they live one, through every door that real machines come by, and is it gone without a trace?

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Hub, console, console_fails, err, out};

/// Until it is so; a busy machine takes its time.
fn until(what: &str, patience_s: u64, is: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is() {
        assert!(begun.elapsed() < Duration::from_secs(patience_s), "{what}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

fn shown(hub: &Hub) -> Value {
    hub.json(&["--json", "demo", "show"])
}

fn live(hub: &Hub) -> Value {
    hub.json(&["--json", "machines", "list", "client:vigie-demo reach:live"])["total"].clone()
}

/// How the sites stand, by their names.
fn reach(hub: &Hub, site: &str) -> Value {
    let sites = hub.json(&["--json", "sites", "list"]);
    let sites = sites["sites"].as_array().cloned().unwrap_or_default();
    sites.iter().find(|one| one["name"] == site).map_or(Value::Null, |one| one["reachability"]["state"].clone())
}

#[test]
fn a_demonstration_is_cut_off_goes_on_after_a_kill_and_leaves_nothing_but_lines_in_the_audit() {
    let mut hub = Hub::start();
    let before = shown(&hub);
    assert_eq!((&before["state"], &before["machines"]), (&json!("none"), &json!(12)), "it is never made by itself");
    assert!(!hub.folder.path().join("hub/demonstration").exists());
    assert_eq!(hub.vigie(&["demo", "remove", "--yes"]).status.code(), Some(5), "there is none to remove");

    let begun = hub.json(&["--json", "demo", "add"]);
    assert_eq!((&begun["client"], &begun["by"]), (&json!("vigie-demo"), &json!("hub")));
    assert_eq!(hub.json(&["--json", "demo", "add"])["began"], begun["began"], "asking twice is asking once");
    until("its machines join", 120, || shown(&hub)["state"] == "playing");
    until("all of them are live", 120, || live(&hub) == 12);
    let samples =
        out(&hub.vigie(&["export", "system_memory_utilization_ratio{client=\"vigie-demo\"}", "--start", "1h"]));
    assert!(samples.contains("lyon-server") && samples.contains("nantes-storage"), "{samples}");

    let refused = console_fails(&hub, &["token", "create", "--client", "vigie-demo", "--site", "lyon"]);
    assert!(refused.contains("no machine joins it"), "{refused}");
    let wish = json!({ "client": "vigie-demo", "site": "lyon", "uses": 1, "minutes": 60 }).to_string();
    let refused = hub.vigie(&["api", "post", "/api/v1/enrolments", "--body", &wish]);
    assert!(err(&refused).contains("no machine joins it"), "{}", err(&refused));

    until("its line goes", 180, || reach(&hub, "lyon") == "cut");
    assert_eq!(shown(&hub)["line"]["cut"], true);
    assert_ne!(reach(&hub, "nantes"), "cut", "the other site stays");
    until("that is an incident", 30, || {
        out(&hub.vigie(&["--json", "alerts", "list", "client:vigie-demo"])).contains("SiteCut")
    });

    assert_eq!(hub.vigie(&["status", "--check"]).status.code(), Some(2), "there is nothing else to tell of");
    let status: Value = serde_json::from_str(&console(&hub, &["status", "--json"])).expect("an answer");
    assert_eq!((&status["sites"], &status["sites_cut"]), (&json!(0), &json!(0)), "nothing is wrong with this hub");
    hub.killed_and_started();
    until("it goes on", 120, || shown(&hub)["state"] == "playing");
    let again = shown(&hub);
    assert_eq!((&again["began"], &again["ends_at"]), (&begun["began"], &begun["ends_at"]));
    until("the other site is there again", 120, || live(&hub).as_u64() >= Some(5));
    let all = hub.json(&["--json", "machines", "list", "client:vigie-demo"]);
    assert_eq!(all["total"], 12, "the same machines, not as many again");

    let gone = hub.json(&["--json", "demo", "remove", "--yes"]);
    assert_eq!(gone["state"], "removing");
    let id = gone["erasure"].as_str().expect("a receipt").to_owned();
    let receipt = || serde_json::from_str::<Value>(&out(&hub.vigie(&["--json", "clients", "erased"])));
    let done = |all: Value| {
        all["erasures"]
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one["id"] == id.as_str() && one["state"] == "done"))
    };
    until("it is erased", 120, || receipt().is_ok_and(done));
    let left = &receipt().expect("receipts")["erasures"][0]["left"];
    assert!(left.as_object().is_some_and(|left| left.values().all(|count| count == 0)), "{left}");
    assert!(!hub.folder.path().join("hub/demonstration").exists());
    assert!(!out(&hub.vigie(&["--json", "sites", "list"])).contains("vigie-demo"));
    until("it is forgotten", 90, || out(&hub.vigie(&["--json", "demo", "show"])).contains("\"none\""));
    let audit = out(&hub.vigie(&["audit", "export"]));
    assert!(audit.contains("demonstration.begin") && audit.contains("demonstration.remove"), "{audit}");
}
