//! Is a client gone from a real hub, with its nodes shut out, its name free and everybody else untouched?

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};
use vigie_model::{Role, UtcMs};
use vigie_net::{Ask, Endpoint, EndpointConfig, Identity, TrustedTime};
use vigie_node::Failed;
use vigie_sync::{LinkKind, LinkProfile};

use super::{Hub, console, err, out};

fn token(hub: &Hub, client: &str) -> String {
    let words = ["token", "create", "--client", client, "--site", "lyon", "--uses", "9", "--ttl", "1h", "--json"];
    let said: Value = serde_json::from_str(&console(hub, &words)).expect("an answer");
    said["token"].as_str().expect("a token").to_owned()
}

fn enrols(folder: &Path, role: Role, token: &str) -> Result<Arc<Identity>, Failed> {
    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
    let ask = Ask { role, hostname: name, advertised: Vec::new() };
    vigie_node::join(folder, token, &ask, &[]).map(|enrolled| Arc::new(enrolled.identity))
}

/// Comes to the hub as a relay does that was there before; says why it was sent away.
fn comes(hub: &Hub, identity: &Arc<Identity>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let (wan, time) = (LinkProfile::of(LinkKind::Wan), TrustedTime::system(UtcMs(0)));
        let anywhere: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let endpoint = Endpoint::bind(EndpointConfig::dialling(identity.clone(), wan, time), anywhere).expect("bound");
        let hub = SocketAddr::from(([127, 0, 0, 1], hub.nodes));
        let mut connection = endpoint.dial(hub, None).await.map_err(|error| error.to_string())?;
        connection.confirmed().await.map_err(|closed| format!("{closed:?}"))
    })
}

fn samples(hub: &Hub, client: &str) -> String {
    out(&hub.vigie(&["export", &format!("{{client=\"{client}\"}}"), "--start", "1h"]))
}

#[test]
fn who_is_erased_is_gone_with_their_nodes_and_another_of_the_name_sees_nothing_old() {
    let hub = Hub::start();
    let folder = |name: &str| hub.folder.path().join(name);
    let (acme, bron) = (token(&hub, "acme"), token(&hub, "bron"));
    enrols(&folder("till-1"), Role::Agent, &acme).expect("let in");
    let relay = enrols(&folder("relay-1"), Role::Relay, &acme).expect("let in");
    let neighbour = enrols(&folder("relay-2"), Role::Relay, &bron).expect("let in");
    comes(&hub, &relay).expect("it belongs here");
    for client in ["acme", "bron"] {
        hub.push(&format!("/to/{client}/lyon/api/v1/import/prometheus"), "shelf_celsius 12\n");
        hub.json(&["--json", "quotas", "set", client, "--machines", "9", "--yes"]);
        hub.json(&[
            "--json",
            "maintenance",
            "add",
            "--client",
            client,
            "--site",
            "lyon",
            "--minutes",
            "5",
            "--why",
            "w",
        ]);
    }
    let before = samples(&hub, "bron");
    assert!(before.contains("shelf_celsius") && samples(&hub, "acme").contains("shelf_celsius"));

    let has = hub.json(&["--json", "clients", "erase", "acme", "--dry-run"]);
    assert_eq!(
        (&has["machines"], &has["relays"], &has["quotas"], &has["maintenance"]),
        (&json!(1), &json!(1), &json!(1), &json!(1))
    );
    assert!(has["samples"].as_u64().is_some_and(|samples| samples > 0), "{has}");
    let unsure = hub.vigie(&["clients", "erase", "acme"]);
    assert_eq!(unsure.status.code(), Some(2), "a script says --yes: {}", err(&unsure));
    assert_eq!(hub.vigie(&["clients", "erase", "nobody", "--yes"]).status.code(), Some(5));
    let other = json!({ "name": "bron" }).to_string();
    let slip = hub.vigie(&["api", "post", "/api/v1/clients/acme/erase", "--body", &other]);
    assert_eq!(slip.status.code(), Some(2), "{}", err(&slip));
    let own = console(&hub, &["api-token", "create", "--name", "b", "--client", "acme", "--json"]);
    let own: Value = serde_json::from_str(&own).expect("an answer");
    let own = own["token"].as_str().expect("a token");
    let asks = |words: &[&str]| hub.asks(words, &[("VIGIE_URL", &hub.url), ("VIGIE_TOKEN", own)]).status.code();
    assert_eq!(asks(&["clients", "erase", "acme", "--dry-run"]), Some(4), "not its own people either");
    let file = folder("acme.jsonl");
    assert!(hub.vigie(&["clients", "export", "acme", "--out", &file.display().to_string()]).status.success());
    let exported = std::fs::read_to_string(&file).expect("it is there");
    assert!(exported.lines().last().is_some_and(|line| line.contains("\"end\"")), "{exported}");

    let receipt = hub.json(&["--json", "clients", "erase", "acme", "--yes"]);
    assert_eq!(
        (&receipt["state"], &receipt["rewritten"], &receipt["nodes"]),
        (&json!("done"), &json!(true), &json!(2))
    );
    let left = receipt["left"].as_object().expect("it was looked");
    assert!(left.values().all(|count| count == 0), "{receipt}");
    assert!(!receipt.to_string().contains("acme"), "{receipt}");

    assert_eq!(asks(&["sites", "list"]), Some(4), "its token opens nothing");
    assert!(!out(&hub.vigie(&["--json", "sites", "list"])).contains("acme"));
    assert!(samples(&hub, "acme").is_empty());
    assert_eq!(samples(&hub, "bron"), before);
    assert_eq!(hub.json(&["--json", "quotas", "show", "bron"])["said"]["machines"], 9);
    let verified = out(&hub.vigie(&["--json", "audit", "verify"]));
    assert!(verified.contains("true") && !verified.contains("acme"), "{verified}");
    console(&hub, &["audit", "verify"]);
    let provider = out(&hub.vigie(&["audit", "export"]));
    let pseudonym = receipt["pseudonym"].as_str().expect("a pseudonym");
    assert!(
        provider.contains("client.erased") && provider.contains(pseudonym) && !provider.contains("acme"),
        "{provider}"
    );

    let refused = comes(&hub, &relay).expect_err("its certificate is worth nothing");
    assert!(refused.to_lowercase().contains("revoked"), "{refused}");
    comes(&hub, &neighbour).expect("another's relay goes on");
    assert!(enrols(&folder("till-2"), Role::Agent, &acme).is_err(), "its tokens let nobody in");

    let again = token(&hub, "acme");
    let Err(refused) = enrols(&folder("till-1"), Role::Agent, &again) else { panic!("its key is shut out for ever") };
    assert!(refused.text.contains("was erased from this hub"), "{}", refused.text);
    enrols(&folder("till-3"), Role::Agent, &again).expect("the name is free");
    let has = hub.json(&["--json", "clients", "erase", "acme", "--dry-run"]);
    assert_eq!((&has["machines"], &has["samples"], &has["quotas"]), (&json!(1), &json!(0), &json!(0)), "{has}");
    assert!(samples(&hub, "acme").is_empty());
    let erased = hub.json(&["--json", "clients", "erased", "--client", "acme"]);
    assert_eq!(erased["erasures"][0]["id"], receipt["id"], "whoever knows the name finds the receipt");
}
