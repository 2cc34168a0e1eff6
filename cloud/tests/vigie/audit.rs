//! Does what people do stand in the audit before they are answered, by whichever way, and does it outlive a kill?

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Hub, console, err, out};

/// The newest line of acme's chain.
fn newest(hub: &Hub) -> Value {
    let audit = hub.json(&["--json", "audit", "list", "--client", "acme"]);
    audit["lines"].as_array().and_then(|lines| lines.last()).cloned().unwrap_or_default()
}

fn noted(hub: &Hub, what: &str, by: &str) -> Value {
    let line = newest(hub);
    assert_eq!((line["what"].as_str(), line["by"].as_str()), (Some(what), Some(by)), "{line}");
    line
}

fn written(hub: &Hub, name: &str, text: &str) -> String {
    let file = hub.folder.path().join(name);
    std::fs::write(&file, text).expect("a file");
    file.display().to_string()
}

#[test]
fn what_people_do_is_written_down_before_they_are_answered_and_outlives_a_kill() {
    let mut hub = Hub::start();
    let here = ["--client", "acme", "--site", "lyon"];

    let made = hub.json(&[&["--json", "maintenance", "add", "--minutes", "5", "--why", "new fan"][..], &here].concat());
    let line = noted(&hub, "maintenance.add", "api");
    assert_eq!((&line["from"], &line["after"]["why"]), (&json!("127.0.0.1"), &json!("new fan")));
    hub.json(&["--json", "maintenance", "end", made["id"].as_str().expect("an id"), "--yes"]);
    let line = noted(&hub, "maintenance.end", "api");
    assert!(line["before"]["why"] == "new fan" && line["after"].is_null(), "{line}");

    rules(&hub);
    telling(&hub, &here);

    console(
        &hub,
        &["link", "set", "--client", "acme", "--site", "lyon", "--bytes-per-month", "300000000", "--as", "ann"],
    );
    assert_eq!(noted(&hub, "link.set", "command line")["who"], "ann");
    console(&hub, &["token", "create", "--client", "acme", "--site", "lyon", "--uses", "1", "--ttl", "1h"]);
    noted(&hub, "join-token.make", "command line");

    decisions(&hub);

    let export = |hub: &Hub| out(&hub.vigie(&["audit", "export", "--client", "acme"]));
    let before = export(&hub);
    assert!(before.lines().count() > 15, "{before}");
    hub.killed_and_started();
    assert_eq!(before, export(&hub), "a line is written once");
    let whole = hub.json(&["--json", "audit", "verify", "--client", "acme"]);
    assert_eq!(whole["whole"], true, "{whole}");
}

fn rules(hub: &Hub) {
    let said = json!({ "name": "CpuBusy", "client": "acme", "above": "91%" }).to_string();
    hub.json(&["--json", "api", "post", "/api/v1/watch/rules", "--body", &said]);
    assert!(noted(hub, "rule.set", "api")["on"].as_str().is_some_and(|on| on.ends_with("CpuBusy")));
    let said = json!({ "name": "CpuBusy", "client": "acme" }).to_string();
    hub.json(&["--json", "api", "post", "/api/v1/watch/rules/unset", "--body", &said]);
    noted(hub, "rule.remove", "api");
    console(hub, &["rules", "set", "CpuBusy", "--above", "92%", "--client", "acme", "--as", "ann"]);
    assert_eq!(noted(hub, "rule.set", "command line")["who"], "ann");
}

/// Routes and schedules over HTTP: said, said anew over what was seen alone, and taken back.
fn telling(hub: &Hub, here: &[&str]) {
    let night = written(hub, "night.toml", "channels = [\"mail\"]\nseverity = \"critical\"\n");
    let set = [&["--json", "routes", "set", "night", "--file", &night][..], here].concat();
    assert_eq!(hub.json(&set)["said"]["severity"], "critical");
    noted(hub, "route.set", "api");
    let all = written(hub, "all.json", &json!({ "channels": ["mail"], "severity": "info" }).to_string());
    hub.json(&[&["--json", "routes", "set", "night", "--file", &all][..], here].concat());
    let line = noted(hub, "route.set", "api");
    assert_eq!((&line["before"]["severity"], &line["after"]["severity"]), (&json!("critical"), &json!("info")));
    let list = hub.json(&["--json", "routes", "list"]);
    assert!(list["routes"].as_array().is_some_and(|routes| routes.iter().any(|one| one["name"] == "night")), "{list}");

    let n1 = written(
        hub,
        "n1.toml",
        "[[schedule]]\nname = \"n1\"\nstart = \"2026-01-05\"\nturns = [\"marie\", \"paul\"]\n\
         [[schedule.person]]\nname = \"marie\"\ntell = [{ channel = \"mail\", to = \"marie@example.org\" }]\n\
         [[schedule.person]]\nname = \"paul\"\ntell = [{ channel = \"mail\", to = \"paul@example.org\" }]\n",
    );
    hub.json(&[&["--json", "oncall", "set", "n1", "--file", &n1][..], here].concat());
    noted(hub, "oncall.set", "api");
    let stood = hub.json(&[&["--json", "oncall", "stand-in", "n1", "paul", "--minutes", "60"][..], here].concat());
    assert_eq!(stood["said"]["stand_in"][0]["who"], "paul", "{stood}");
    noted(hub, "oncall.set", "api");
    let list = hub.json(&["--json", "oncall", "list"]);
    assert_eq!(list["schedules"][0]["on_call"]["name"], "paul", "{list}");
    for (words, what) in
        [(["oncall", "remove", "n1"], "oncall.remove"), (["routes", "remove", "night"], "route.remove")]
    {
        let output = hub.vigie(&[&words[..], here, &["--yes"]].concat());
        assert!(output.status.success(), "{words:?}: {}", err(&output));
        noted(hub, what, "api");
    }
    assert_eq!(hub.vigie(&[&["routes", "show", "night"][..], here].concat()).status.code(), Some(5));
}

/// What is wrong, and what is decided of it.
fn decisions(hub: &Hub) {
    let rule = json!({ "name": "Shelf", "client": "acme", "site": "lyon", "metric": "shelf_celsius", "above": "8", "for": "0s" });
    hub.json(&["--json", "api", "post", "/api/v1/watch/rules", "--body", &rule.to_string()]);
    let begun = Instant::now();
    let id = loop {
        hub.push("/to/acme/lyon/api/v1/import/prometheus", "shelf_celsius 12\n");
        let found = hub.json(&["--json", "alerts", "list", "rule:Shelf"]);
        if let Some(id) = found["incidents"][0]["id"].as_str() {
            break id.to_owned();
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "nothing is found wrong");
        std::thread::sleep(Duration::from_millis(500));
    };
    for (words, what) in [
        (&["ack", &id, "--note", "mine"][..], "alert.acknowledge"),
        (&["assign", &id, "--to", "marc"], "alert.assign"),
        (&["comment", &id, "a fan"], "alert.comment"),
        (&["snooze", &id, "--minutes", "5"], "alert.snooze"),
        (&["wake", &id], "alert.wake"),
        (&["resolve", &id, "--why", "replaced"], "alert.resolve"),
    ] {
        let output = hub.vigie(&[&["alerts"][..], words].concat());
        assert!(output.status.success(), "{words:?}: {}", err(&output));
        let line = noted(hub, what, "api");
        assert!(line["on"].as_str().is_some_and(|on| on.contains(&id) && on.contains("Shelf")), "{line}");
    }
    let shown = out(&hub.vigie(&["--tsv", "audit", "list", "what:alert.snooze", "--client", "acme"]));
    assert!(shown.contains("alert.snooze"), "{shown}");
}

#[test]
fn how_long_a_clients_data_is_kept_is_said_while_the_hub_runs_and_outlives_a_kill() {
    let mut hub = Hub::configured("[retention]\nraw_days = 90\n");
    let keeps =
        |hub: &Hub, client: &str| hub.json(&["--json", "retention", "show", client])["keeps"]["raw_days"].clone();
    assert_eq!(keeps(&hub, "acme"), 90);
    hub.json(&["--json", "retention", "set", "acme", "--raw-days", "7", "--yes"]);
    let line = noted(&hub, "retention.set", "api");
    assert_eq!((&line["before"]["raw_days"], &line["after"]["raw_days"]), (&json!(90), &json!(7)));
    hub.killed_and_started();
    assert_eq!((keeps(&hub, "acme"), keeps(&hub, "bron")), (json!(7), json!(90)));
    let wrong = hub.vigie(&["retention", "set", "acme", "--raw-days", "90", "--hour-days", "30", "--yes"]);
    assert_eq!(wrong.status.code(), Some(2), "{}", err(&wrong));
    let output = hub.vigie(&["retention", "unset", "acme", "--yes"]);
    assert!(output.status.success(), "{}", err(&output));
    noted(&hub, "retention.unset", "api");
    assert_eq!(keeps(&hub, "acme"), 90);
    let list = hub.json(&["--json", "retention", "list"]);
    assert_eq!((&list["usual"]["keeps"]["raw_days"], &list["clients"]), (&json!(90), &json!([])), "{list}");
}
