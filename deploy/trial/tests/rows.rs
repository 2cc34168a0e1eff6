//! What is state travels between real programs: up from an agent, across a cut, and through the loss of a store.

use serde_json::Value;
use vigie_trial::{Agent, Mesh, Relay, eventually};

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
