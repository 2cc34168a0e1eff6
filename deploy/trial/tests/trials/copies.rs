//! A machine's folder is copied, and both run: nothing is lost, the copy is found, and becomes a machine of its own.

use std::time::Duration;

use serde_json::Value;
use vigie_model::GapReason;
use vigie_trial::watched::took;
use vigie_trial::{Agent, Mesh, Relay, eventually, oracle};

/// From the start of the copy until it has an identity of its own.
const FOUND_WITHIN: Duration = Duration::from_secs(60);

/// The node that the hub made of a copy of this machine.
fn copy_of(mesh: &Mesh, agent: &Agent) -> Option<Value> {
    let listed = mesh.hub_command(&["node", "list", "--json"]);
    let rows: Value = serde_json::from_slice(&listed.stdout).ok()?;
    rows.as_array()?.iter().find(|row| row["copy_of"] == agent.node.as_str()).cloned()
}

fn ticks_at_hub(mesh: &Mesh, node: &str) -> u64 {
    let ledger = mesh.get(&format!("/api/v1/machines/{node}/ledger"));
    ledger.and_then(|ledger| ledger["total"]["at_hub"]["ticks"].as_u64()).unwrap_or(0)
}

/// Copies the folder of an agent that was killed, or ended in order, and runs both.
fn both_run(mesh: &Mesh, agent: &mut Agent, in_order: bool) -> Agent {
    if in_order {
        assert!(agent.program.stop(), "it ends in order");
    } else {
        agent.program.kill();
    }
    let copy = mesh.copy_of(agent, "till-1-copy");
    agent.program.again();
    copy
}

/// Everything either has made durable is at the hub, as it was made; and the hub has two machines that go on.
fn nothing_is_lost(mesh: &mut Mesh, agent: Agent, mut copy: Agent, mut relays: Vec<Relay>) {
    let found = took("the copy has an identity of its own", || copy_of(mesh, &agent).is_some());
    println!("the copy has an identity of its own {found:?} after its start");
    assert!(found <= FOUND_WITHIN, "{found:?}");
    let row = copy_of(mesh, &agent).expect("it is listed");
    copy.node = row["node"].as_str().expect("a node id").to_owned();
    eventually("both go on measuring, each for itself", || {
        ticks_at_hub(mesh, &copy.node) > 5 && mesh.status("vigie-agent", &copy.data).is_some()
    });
    let before = ticks_at_hub(mesh, &agent.node);
    eventually("the first machine goes on", || ticks_at_hub(mesh, &agent.node) > before + 5);
    for (data, node) in [(&agent.data, &agent.node), (&copy.data, &copy.node)] {
        let status = mesh.status("vigie-agent", data).expect("it runs");
        assert_eq!((status["node"].as_str(), &status["sums_meet"]), (Some(node.as_str()), &true.into()), "{status}");
    }
    assert!(!copy.data.join("identity.former").exists() && !copy.data.join("identity.next").exists());
    let mut agents = [agent, copy];
    mesh.wind_down(&mut agents, &mut relays);
    let hub = oracle::held(&mesh.hub_data());
    oracle::check(&hub, &agents[0], &[GapReason::Interrupted]);
    let (kept, _) = oracle::check_copy(&hub, &agents[0], &agents[1], &[GapReason::Interrupted]);
    assert!(kept > 10, "{kept}");
}

#[test]
fn a_machine_whose_folder_is_copied_and_runs_twice_loses_nothing_and_the_copy_becomes_a_machine_of_its_own() {
    let mut mesh = Mesh::new();
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let mut agent = mesh.agent("lyon", "till-1", 61, &[relay.udp], &["--seal-s", "20"]);
    mesh.settles(&agent, 8);
    let copy = both_run(&mesh, &mut agent, false);
    let said = |program: &str, data: &std::path::Path| mesh.status(program, data).unwrap_or_default()["twins"].take();
    eventually("the relay says that it is there twice", || {
        said("vigie-relay", &relay.data)[0]["node"] == agent.node.as_str()
    });
    nothing_is_lost(&mut mesh, agent, copy, vec![relay]);
}

#[test]
fn the_same_without_a_relay_and_ended_in_order_before_it_was_copied() {
    let mut mesh = Mesh::new();
    let mut agent = mesh.agent("lyon", "till-1", 62, &[], &[]);
    mesh.settles(&agent, 8);
    let copy = both_run(&mesh, &mut agent, true);
    nothing_is_lost(&mut mesh, agent, copy, Vec::new());
}

#[test]
fn while_the_hub_is_out_of_reach_a_copy_keeps_what_it_measures_and_parts_when_the_line_is_back() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let relay = mesh.relay("lyon", "relay-1", wan.udp);
    let mut agent = mesh.agent("lyon", "till-1", 63, &[relay.udp], &[]);
    mesh.settles(&agent, 5);
    wan.tell(r#"{"do":"cut"}"#);
    let copy = both_run(&mesh, &mut agent, false);
    std::thread::sleep(Duration::from_secs(20));
    assert!(copy_of(&mesh, &agent).is_none(), "the hub knows nothing of it");
    wan.tell(r#"{"do":"heal"}"#);
    nothing_is_lost(&mut mesh, agent, copy, vec![relay]);
}
