//! What is state travels between real programs: up from an agent, across a cut, and through the loss of a store.

use serde_json::Value;
use vigie_trial::{Agent, Door, Mesh, Relay, eventually};

fn at_hub(mesh: &Mesh, agent: &Agent) -> Value {
    mesh.get(&format!("/api/v1/machines/{}", agent.node)).map_or(Value::Null, |mut machine| machine["facts"].take())
}

fn at_relay(relay: &Relay, agent: &Agent) -> Value {
    let answer = relay.door().get(&format!("/api/v1/machines/{}", agent.node));
    answer.map_or(Value::Null, |answer| {
        let mut machine: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        machine["facts"].take()
    })
}

fn began(facts: &Value) -> String {
    facts["agent"]["value"]["began"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_a_machine_is_comes_to_relay_and_hub_and_a_change_during_a_cut_comes_after_it() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let mut agent = mesh.agent("lyon", "till-1", 71, &[relay.udp], &[]);
    eventually("the facts of the machine are at the hub", || !began(&at_hub(&mesh, &agent)).is_empty());
    let facts = at_hub(&mesh, &agent);
    assert_eq!(facts["agent"]["value"]["version"], env!("CARGO_PKG_VERSION"), "{facts}");
    assert!(facts["system"]["value"]["cpus"].as_u64() >= Some(1), "{facts}");
    assert!(facts["system"]["value"]["memory_bytes"].as_u64() > Some(1 << 20), "{facts}");
    assert!(facts["disks"]["value"].is_array() && facts["nics"]["value"].is_array(), "{facts}");
    eventually("the relay says the same", || at_relay(&relay, &agent)["system"]["value"] == facts["system"]["value"]);

    wan.tell(r#"{"do":"cut"}"#);
    assert!(agent.program.stop(), "the agent ends in order");
    agent.program.again();
    let before = began(&facts);
    eventually("the site knows of the restart", || began(&at_relay(&relay, &agent)) > before);
    let after = began(&at_relay(&relay, &agent));
    assert_eq!(began(&at_hub(&mesh, &agent)), before, "the hub can not know it yet");
    relay.program.kill();
    relay.program.again();
    wan.tell(r#"{"do":"heal"}"#);
    eventually("the hub knows of it after the return", || began(&at_hub(&mesh, &agent)) == after);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [relay]);
}

fn page_of_relay(mesh: &Mesh) -> Value {
    mesh.get("/api/v1/sites?q=site:lyon").map_or(Value::Null, |mut sites| sites["sites"][0]["relays"][0]["page"].take())
}

#[test]
fn a_relay_tells_the_hub_where_its_own_page_is_and_that_nobody_else_reaches_it_on_loopback() {
    let mut mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    eventually("the hub knows of the page", || page_of_relay(&mesh).is_object());
    let page = page_of_relay(&mesh);
    assert_eq!((&page["is_open"], &page["urls"]), (&Value::Bool(false), &Value::Array(Vec::new())), "{page}");
    assert!(page["name_url"].is_null() && page["told_at"].is_string(), "{page}");
    mesh.wind_down(&mut [], &mut [relay]);
}

/// Says at a node that nobody is to be told for half an hour, and why.
fn mute(door: &Door, why: &str) {
    let wish = format!(r#"{{"client":"acme","site":"lyon","minutes":30,"why":"{why}"}}"#);
    let answer = door.post("/api/v1/maintenance", &[("Content-Type", "application/json")], wish.as_bytes());
    assert_eq!(answer.as_ref().map(|answer| answer.status), Some(201), "{answer:?}");
}

fn knows(door: &Door, why: &str) -> bool {
    door.get("/api/v1/maintenance").is_some_and(|answer| answer.status == 200 && answer.text().contains(why))
}

#[test]
fn what_people_decide_at_the_site_and_at_the_hub_during_a_cut_is_on_both_sides_after_it() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let relay = mesh.relay("lyon", "relay-1", wan.udp);
    let agent = mesh.agent("lyon", "till-1", 73, &[relay.udp], &[]);
    eventually("the facts of the machine are at the hub", || !began(&at_hub(&mesh, &agent)).is_empty());
    wan.tell(r#"{"do":"set","both":{"delay_ms":300,"rate_kbit":64}}"#);
    wan.tell(r#"{"do":"cut"}"#);
    let (site, hub) = (relay.door(), mesh.door());
    mute(&site, "the site moves house");
    mute(&hub, "the hub knows of works");
    assert!(!knows(&hub, "moves house") && !knows(&site, "of works"), "neither can know yet");
    wan.tell(r#"{"do":"heal"}"#);
    let healed = std::time::Instant::now();
    eventually("both know both", || knows(&hub, "moves house") && knows(&site, "of works"));
    println!(
        "both sides know both {:.1} s after the line is back, 64 kbit/s and 600 ms",
        healed.elapsed().as_secs_f64()
    );
    assert!(knows(&site, "moves house") && knows(&hub, "of works"), "and neither lost its own");
    let mut agents = [agent];
    wan.tell(r#"{"do":"set","both":{"delay_ms":0,"rate_kbit":0}}"#);
    mesh.wind_down(&mut agents, &mut [relay]);
}

#[test]
fn a_relay_that_lost_its_state_has_it_again_from_hub_and_agents_and_says_so_of_its_own() {
    let mut mesh = Mesh::new();
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let agent = mesh.agent("lyon", "till-1", 72, &[relay.udp], &[]);
    eventually("the facts of the machine are at the hub", || !began(&at_hub(&mesh, &agent)).is_empty());
    let facts = at_hub(&mesh, &agent);
    let state = relay.data.join("state.redb");
    relay.program.kill();
    let copy = std::fs::read(&state).expect("the relay had a state");
    std::fs::remove_file(&state).expect("and has none now");
    relay.program.again();
    eventually("the relay has it again", || at_relay(&relay, &agent)["system"]["value"] == facts["system"]["value"]);
    let told = |mesh: &Mesh, relay: &Relay| mesh.status("vigie-relay", &relay.data).unwrap_or_default()["rows"].take();
    assert!(told(&mesh, &relay)["new_life"].is_null(), "a first life is no news");

    // An older copy: what others know of its sequence of changes is not what it knows itself.
    relay.program.kill();
    std::fs::write(&state, copy).expect("an older copy is brought back");
    relay.program.again();
    eventually("the relay says that it is an older copy", || !told(&mesh, &relay)["new_life"].is_null());
    eventually("and has it all", || at_relay(&relay, &agent)["system"]["value"] == facts["system"]["value"]);
    assert_eq!(at_hub(&mesh, &agent)["system"]["value"], facts["system"]["value"], "and the hub lost nothing");
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [relay]);
}
