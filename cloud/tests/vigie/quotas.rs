//! Is one machine more not let in, by a real enrolment, and does everybody else go on?

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use vigie_model::Role;
use vigie_net::{Ask, Enrolled};
use vigie_node::Failed;

use super::{Hub, console, err, out};

/// A join token of a place, for many machines.
fn token(hub: &Hub, client: &str, site: &str) -> String {
    let words = ["token", "create", "--client", client, "--site", site, "--uses", "9", "--ttl", "1h", "--json"];
    let said: Value = serde_json::from_str(&console(hub, &words)).expect("an answer");
    said["token"].as_str().expect("a token").to_owned()
}

/// A machine of this name enrols as agents do.
fn enrols(hub: &Hub, name: &str, token: &str) -> Result<Enrolled, Failed> {
    let ask = Ask { role: Role::Agent, hostname: name.to_owned(), advertised: Vec::new() };
    vigie_node::join(&hub.folder.path().join(name), token, &ask, &[])
}

fn of(hub: &Hub, client: &str, what: &str) -> Value {
    let quota = hub.json(&["--json", "quotas", "show", client]);
    let uses = quota["uses"].as_array().cloned().unwrap_or_default();
    uses.into_iter().find(|one| one["of"] == what).unwrap_or_else(|| panic!("{what}: {quota}"))
}

/// Waits until the incident of this rule is there, or is not.
fn told(hub: &Hub, rule: &str, is: bool) {
    let begun = Instant::now();
    loop {
        let found = hub.json(&["--json", "alerts", "list", &format!("rule:{rule}")]);
        let one = found["incidents"].as_array().and_then(|found| found.first()).cloned();
        if one.is_some() == is {
            return assert!(one.is_none_or(|one| one["client"] == "acme" && one["site"].is_null()));
        }
        assert!(begun.elapsed() < Duration::from_secs(120), "{rule}: {found}");
        std::thread::sleep(Duration::from_millis(500));
    }
}

#[test]
fn one_machine_more_than_a_client_may_have_is_not_let_in_and_nobody_else_is_touched() {
    let mut hub = Hub::start();
    let (acme, bron) = (token(&hub, "acme", "lyon"), token(&hub, "bron", "ecole"));
    enrols(&hub, "till-1", &acme).expect("nothing is said yet");
    hub.json(&["--json", "quotas", "set", "acme", "--machines", "2", "--yes"]);
    enrols(&hub, "till-2", &acme).expect("two may be there");
    let Err(refused) = enrols(&hub, "till-3", &acme) else { panic!("three are too many") };
    for says in ["acme may have 2 machines and has 2", "was not let in", "revoke one", "ask whoever"] {
        assert!(refused.text.contains(says), "{}", refused.text);
    }
    enrols(&hub, "board-1", &bron).expect("another client's quota is not theirs");
    assert_eq!(of(&hub, "acme", "machines"), json!({ "of": "machines", "used": 2, "most": 2, "state": "used" }));
    assert_eq!(of(&hub, "bron", "machines"), json!({ "of": "machines", "used": 1, "most": null, "state": "free" }));
    told(&hub, "QuotaUsedUp", true);

    hub.killed_and_started();
    assert!(enrols(&hub, "till-3", &acme).is_err(), "what was said outlives a kill");
    // Less than there is: nothing that is there goes.
    hub.json(&["--json", "quotas", "set", "acme", "--machines", "1", "--yes"]);
    assert_eq!(of(&hub, "acme", "machines")["used"], 2);
    hub.json(&["--json", "quotas", "set", "acme", "--machines", "4", "--yes"]);
    enrols(&hub, "till-3", &acme).expect("the same token, now that there is room");
    told(&hub, "QuotaUsedUp", false);
    hub.json(&["--json", "quotas", "set", "acme", "--machines", "3", "--yes"]);
    let nodes: Value = serde_json::from_str(&console(&hub, &["node", "list", "--json"])).expect("nodes");
    let gone = nodes.as_array().into_iter().flatten().find(|node| node["name"] == "till-1").expect("it is there");
    console(&hub, &["node", "revoke", gone["node"].as_str().expect("an id")]);
    enrols(&hub, "till-4", &acme).expect("one that is gone makes room");
    let lines = out(&hub.vigie(&["audit", "export", "--client", "acme"]));
    assert_eq!(lines.matches("quota.set").count(), 4, "{lines}");
}

#[test]
fn one_person_more_is_not_invited_and_a_quota_is_nobody_elses_to_see_or_to_say() {
    let hub = Hub::start();
    hub.json(&["--json", "quotas", "set", "acme", "--users", "1", "--storage-bytes", "1", "--yes"]);
    let invite = |email: &str, scope: &str| {
        let grant = format!("observer@{scope}");
        hub.vigie(&["people", "invite", "--email", email, "--name", "Somebody", "--grant", &grant])
    };
    assert!(invite("ann@acme.org", "acme/lyon").status.success());
    let refused = invite("bob@acme.org", "acme");
    assert!(!refused.status.success() && err(&refused).contains("acme may have 1 people"), "{}", err(&refused));
    assert!(invite("bob@bron.org", "bron").status.success() && invite("root@example.org", "*").status.success());
    assert_eq!(of(&hub, "acme", "users")["used"], 1);

    // What is stored is told of and taken in all the same.
    hub.push("/to/acme/lyon/api/v1/import/prometheus", "shelf_celsius 12\n");
    let begun = Instant::now();
    while of(&hub, "acme", "storage_bytes")["state"] != "used" {
        assert!(begun.elapsed() < Duration::from_secs(150), "it is counted once a minute");
        std::thread::sleep(Duration::from_millis(500));
    }
    told(&hub, "QuotaUsedUp", true);
    hub.push("/to/acme/lyon/api/v1/import/prometheus", "shelf_celsius 13\n");

    let bron = console(&hub, &["api-token", "create", "--name", "b", "--client", "bron", "--json"]);
    let bron: Value = serde_json::from_str(&bron).expect("an answer");
    let token = bron["token"].as_str().expect("a token");
    let asks = |words: &[&str]| hub.asks(words, &[("VIGIE_URL", &hub.url), ("VIGIE_TOKEN", token)]);
    let list = out(&asks(&["--json", "quotas", "list"]));
    assert!(!list.contains("acme"), "{list}");
    assert_eq!(asks(&["quotas", "show", "acme"]).status.code(), Some(5));
    assert_eq!(asks(&["quotas", "list", "--client", "acme"]).status.code(), Some(5));
    assert_eq!(asks(&["quotas", "set", "bron", "--machines", "9", "--yes"]).status.code(), Some(4));
    assert_eq!(asks(&["quotas", "unset", "acme", "--yes"]).status.code(), Some(4));

    hub.json(&["--json", "quotas", "set", "acme", "--users", "2", "--yes"]);
    assert!(invite("bob@acme.org", "acme").status.success());
    assert!(hub.vigie(&["quotas", "unset", "acme", "--yes"]).status.success());
    assert!(invite("cy@acme.org", "acme").status.success(), "nothing is limited any more");
}
