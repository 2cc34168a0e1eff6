//! Does a machine get what it is to have, and from nobody but who may let it in?

use std::sync::Arc;

use axum::http::StatusCode;
use ring::digest::{SHA256, digest};
use serde_json::{Value, json};
use tempfile::TempDir;
use vigie_serve::{Options, Programs};

use crate::common::hub::{By, Hub};
use crate::common::{Node, tokens};

const PROGRAM: &[u8] = b"a program of a few bytes";

fn hub() -> (Hub, TempDir) {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(folder.path().join("vigie-agent-aarch64-linux"), PROGRAM).expect("room");
    let programs = Arc::new(Programs::of(vec![folder.path().to_owned()], None));
    let hub = Hub::serving(Node::new(), tokens(), Options { programs, ..Options::default() });
    hub.roll.begin();
    (hub, folder)
}

fn operator(hub: &Hub, scope: &str) -> By {
    let person = hub.roll.person("op@acme.org", &[&format!("operator@{scope}")]);
    By::Token(hub.roll.token(&person, scope, 30).1)
}

fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(digest(&SHA256, bytes).as_ref())
}

#[tokio::test]
async fn everybody_gets_the_script_and_the_programs_that_it_names() {
    let (hub, _folder) = hub();
    let script = hub.ask("GET", &By::Nobody, "/install.sh", None).await;
    assert_eq!(script.status, StatusCode::OK);
    let line = format!("vigie-agent-aarch64-linux {} {}", PROGRAM.len(), hex(PROGRAM));
    assert!(script.text().contains(&line), "{}", script.text());
    let program = hub.ask("GET", &By::Nobody, "/install/vigie-agent-aarch64-linux", None).await;
    assert_eq!((program.status, &program.body[..]), (StatusCode::OK, PROGRAM));
    for none in ["vigie-agent-x86_64-linux", "vigie-agent-plan9", "..%2f..%2fetc%2fpasswd", "cloud.toml"] {
        let answer = hub.ask("GET", &By::Nobody, &format!("/install/{none}"), None).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{none}");
    }
}

#[tokio::test]
async fn the_line_names_the_very_script_that_is_served() {
    let (hub, _folder) = hub();
    let person = operator(&hub, "acme/lyon");
    let wish = json!({ "client": "acme", "site": "lyon" });
    let made = hub.ask("POST", &person, "/api/v1/enrolments", Some(wish)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let script = hub.ask("GET", &By::Nobody, "/install.sh?for=07", None).await;
    let commands: Vec<Value> = made.json()["commands"].as_array().expect("a list").clone();
    // Nobody said here where this hub is reached; its relay said so of itself.
    assert_eq!(commands.len(), 1);
    assert_eq!((&commands[0]["through"], &commands[0]["from"]), (&json!("relay"), &json!("http://192.0.2.10:7802")));
    assert!(commands[0]["command"].as_str().expect("a text").contains(&hex(&script.body)));
}

#[tokio::test]
async fn a_relay_has_a_line_of_its_own_where_its_program_is_handed_out() {
    let folder = TempDir::new().expect("a folder");
    let programs = Arc::new(Programs::of(vec![folder.path().to_owned()], None));
    let origin = Some("https://hub.example.org".to_owned());
    let hub = Hub::serving(Node::new(), tokens(), Options { programs, origin, ..Options::default() });
    hub.roll.begin();
    let person = operator(&hub, "acme/lyon");
    let lines = async |roles: &[&str]| {
        let wish = json!({ "client": "acme", "site": "lyon", "roles": roles });
        let made = hub.ask("POST", &person, "/api/v1/enrolments", Some(wish)).await.json();
        let one = |one: &Value| {
            format!("{} by {}", one["role"].as_str().expect("one"), one["through"].as_str().expect("one"))
        };
        let relays = made["commands"].as_array().expect("a list").iter().filter(|one| one["role"] == "relay");
        let opened =
            relays.filter_map(|one| one["command"].as_str()?.split(" --from ").nth(1).map(str::to_owned)).next();
        (made["commands"].as_array().expect("a list").iter().map(one).collect::<Vec<_>>(), opened)
    };
    std::fs::write(folder.path().join("vigie-agent-aarch64-linux"), PROGRAM).expect("room");
    assert_eq!(lines(&["relay"]).await, (vec![], None), "an agent is no relay");
    std::fs::write(folder.path().join("vigie-relay-aarch64-linux"), PROGRAM).expect("room");
    let opened = "'https://hub.example.org' --relay --page 0.0.0.0:7802".to_owned();
    assert_eq!(lines(&["relay"]).await, (vec!["relay by hub".to_owned()], Some(opened.clone())));
    let both = ["agent by hub", "agent by relay", "relay by hub"].map(str::to_owned).to_vec();
    assert_eq!(lines(&["agent", "relay"]).await, (both, Some(opened)));
}

#[tokio::test]
async fn nobody_lets_machines_in_elsewhere_or_without_an_end() {
    let (hub, _folder) = hub();
    let person = operator(&hub, "acme/lyon");
    for (wish, wanted) in [
        (json!({ "client": "acme", "site": "paris" }), StatusCode::FORBIDDEN),
        (json!({ "client": "bron", "site": "lyon" }), StatusCode::FORBIDDEN),
        (json!({ "client": "acme", "site": "lyon", "uses": 0 }), StatusCode::BAD_REQUEST),
        (json!({ "client": "acme", "site": "lyon", "uses": 1_001 }), StatusCode::BAD_REQUEST),
        (json!({ "client": "acme", "site": "lyon", "minutes": 10_081 }), StatusCode::BAD_REQUEST),
        (json!({ "client": "acme", "site": "lyon", "roles": ["hub"] }), StatusCode::BAD_REQUEST),
        (json!({ "client": "acme", "site": "lyon", "roles": [] }), StatusCode::BAD_REQUEST),
        (json!({ "client": "Acme!", "site": "lyon" }), StatusCode::BAD_REQUEST),
        (json!({ "client": "acme", "site": "lyon", "for_ever": true }), StatusCode::BAD_REQUEST),
    ] {
        let before = hub.roll.written();
        let answer = hub.ask("POST", &person, "/api/v1/enrolments", Some(wish.clone())).await;
        assert_eq!(answer.status, wanted, "{wish}: {}", answer.text());
        assert_eq!(hub.roll.written(), before, "{wish}");
    }
}
