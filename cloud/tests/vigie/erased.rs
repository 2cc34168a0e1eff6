//! Is a person gone from a real hub, and from nothing else?

use serde_json::json;

use super::{Hub, console, err, out};

const ANN: &str = "ann@acme.org";

fn export(hub: &Hub, client: &[&str]) -> String {
    out(&hub.vigie(&[&["audit", "export"][..], client].concat()))
}

#[test]
fn who_is_erased_is_named_no_more_by_anything_that_the_hub_answers_and_the_audit_is_whole() {
    let mut hub = Hub::start();
    for (email, grant) in [("root@example.org", "admin@*"), (ANN, "operator@acme"), ("bob@acme.org", "operator@acme")] {
        let said =
            console(&hub, &["person", "add", "--email", email, "--name", "Somebody", "--grant", grant, "--json"]);
        let code = serde_json::from_str::<serde_json::Value>(&said).expect("an answer")["code"].clone();
        let body = json!({ "code": code, "password": "seven loud lanterns hum" }).to_string();
        hub.json(&["--json", "api", "post", "/api/v1/invitations/accept", "--body", &body]);
    }
    let before = hub.json(&["--json", "people", "show", ANN]);
    let path = format!("/api/v1/people/{}/export", before["id"].as_str().expect("an id"));
    let kept = out(&hub.vigie(&["api", "get", &path]));
    assert!(kept.contains("password_since_at") && kept.contains(ANN), "{kept}");
    assert!(export(&hub, &["--client", "acme"]).contains(ANN));

    let unsure = hub.vigie(&["people", "erase", ANN]);
    assert_eq!(unsure.status.code(), Some(2), "a script says --yes: {}", err(&unsure));
    let last = hub.vigie(&["people", "erase", "root@example.org", "--yes"]);
    assert!(!last.status.success() && err(&last).contains("nobody would be left"), "{}", err(&last));

    let erased = hub.json(&["--json", "people", "erase", ANN, "--yes"]);
    let pseudonym = erased["pseudonym"].as_str().expect("a pseudonym").to_owned();
    assert!(erased["lines"].as_u64().is_some_and(|lines| lines >= 2), "{erased}");
    for turn in ["before a kill", "after it"] {
        assert_eq!(hub.vigie(&["api", "get", &path]).status.code(), Some(5), "{turn}");
        assert_eq!(hub.vigie(&["people", "show", ANN]).status.code(), Some(5), "{turn}");
        let lines = export(&hub, &["--client", "acme"]);
        assert!(!lines.contains(ANN) && lines.contains(&pseudonym) && lines.contains("bob@acme.org"), "{lines}");
        assert!(lines.contains("person.erase") && !export(&hub, &[]).contains(ANN), "{lines}");
        let whole = hub.json(&["--json", "audit", "verify", "--client", "acme"]);
        assert!(whole["whole"] == true && whole["erased"] == erased["lines"], "{whole} {erased}");
        console(&hub, &["audit", "verify"]);
        hub.killed_and_started();
    }
}
