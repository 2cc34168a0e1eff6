//! Each sample that became durable on an agent is at the hub once and equal, or inside a gap that says why.

use std::time::Duration;

use vigie_model::GapReason;
use vigie_trial::{Mesh, eventually, oracle, run_once};

fn rounds(usual: u32) -> u32 {
    std::env::var("VIGIE_TRIAL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(usual)
}

fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

/// Different in each round, the same in each run.
fn moment(round: u32) -> u64 {
    400 + u64::from(round.wrapping_mul(2_654_435_761) >> 16) % 2_600
}

#[test]
fn killing_agent_relay_and_hub_again_and_again_loses_nothing_that_was_durable() {
    let mut mesh = Mesh::new();
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let mut agents =
        vec![mesh.agent("lyon", "till-1", 11, &[relay.udp], &[]), mesh.agent("lyon", "till-2", 12, &[relay.udp], &[])];
    mesh.settles(&agents[0], 2);
    for round in 0..rounds(4) {
        pause(moment(3 * round));
        agents[0].program.kill();
        agents[0].program.again();
        pause(moment(3 * round + 1));
        relay.program.kill();
        relay.program.again();
        pause(moment(3 * round + 2));
        mesh.hub.kill();
        mesh.hub.again();
    }
    for agent in &agents {
        mesh.settles(agent, 5);
    }
    mesh.wind_down(&mut agents, std::slice::from_mut(&mut relay));
    let hub = oracle::held(&mesh.hub_data());
    let (kept, _) = oracle::check(&hub, &agents[0], &[GapReason::Interrupted]);
    assert!(kept > 5);
    let (_, given_up) = oracle::check(&hub, &agents[1], &[]);
    assert_eq!(given_up, 0, "an agent that was not killed gives up nothing");
}

#[test]
fn a_cut_line_delays_and_never_loses_and_what_is_fresh_comes_first() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let relay = mesh.relay("lyon", "relay-1", wan.udp);
    let lan = mesh.line("lan", relay.udp);
    let agent = mesh.agent("lyon", "till-1", 21, &[lan.udp], &[]);
    mesh.settles(&agent, 3);
    for cut in [r#"{"do":"cut"}"#, r#"{"do":"cut","side":"up"}"#, r#"{"do":"cut","side":"down"}"#] {
        wan.tell(cut);
        pause(4_000);
        wan.tell(r#"{"do":"heal"}"#);
        pause(1_500);
        lan.tell(cut);
        pause(3_000);
        lan.tell(r#"{"do":"heal"}"#);
    }
    wan.tell(r#"{"do":"cut"}"#);
    pause(15_000);
    wan.tell(r#"{"do":"set","both":{"delay_ms":400,"loss_percent":5,"rate_kbit":256}}"#);
    wan.tell(r#"{"do":"heal"}"#);
    mesh.settles(&agent, 30);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [relay]);
    let (kept, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[]);
    assert!(kept >= 30);
    assert_eq!(given_up, 0, "a cut takes nothing");
}

#[test]
fn a_relay_that_lost_its_disk_is_filled_again_from_its_agents() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut relay = mesh.relay("lyon", "relay-1", wan.udp);
    let agent = mesh.agent("lyon", "till-1", 31, &[relay.udp], &[]);
    mesh.settles(&agent, 3);
    // The relay alone holds nothing of it the hub lacks; then its disk goes while the hub can not be reached.
    wan.tell(r#"{"do":"cut"}"#);
    pause(8_000);
    relay.program.kill();
    for file in ["log.redb", "state.redb"] {
        std::fs::remove_file(relay.data.join(file)).expect("the relay had a store");
    }
    relay.program.again();
    pause(3_000);
    wan.tell(r#"{"do":"heal"}"#);
    mesh.settles(&agent, 12);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [relay]);
    let (_, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[]);
    assert_eq!(given_up, 0, "the agent had kept it all");
}

#[test]
fn an_agent_with_two_relays_brings_everything_once_whichever_lives() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let mut one = mesh.relay("lyon", "relay-1", wan.udp);
    let two = mesh.relay("lyon", "relay-2", mesh.hub_udp());
    let agent = mesh.agent("lyon", "till-1", 41, &[one.udp, two.udp], &[]);
    mesh.settles(&agent, 3);
    // What the first took into custody and could not pass on comes by the second, and later by both.
    wan.tell(r#"{"do":"cut"}"#);
    pause(5_000);
    one.program.kill();
    pause(6_000);
    one.program.again();
    wan.tell(r#"{"do":"heal"}"#);
    mesh.settles(&agent, 12);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [one, two]);
    let (_, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[]);
    assert_eq!(given_up, 0);
}

#[test]
fn an_agent_that_ends_in_order_leaves_no_gap_and_a_second_one_is_refused() {
    let mut mesh = Mesh::new();
    let mut agent = mesh.agent("lyon", "till-1", 51, &[], &[]);
    mesh.settles(&agent, 3);
    let data = agent.data.to_string_lossy().into_owned();
    let second = run_once("vigie-agent", &["run", "--data", &data]);
    let said = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success() && said.contains("open in another process"), "{said}");
    for _ in 0..3 {
        assert!(agent.program.stop());
        agent.program.again();
        pause(2_500);
    }
    mesh.settles(&agent, 6);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut []);
    let (_, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[]);
    assert_eq!(given_up, 0);
}

#[test]
fn a_damaged_store_says_so_and_serves_no_wrong_value() {
    let mut mesh = Mesh::new();
    let mut relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let mut agent = mesh.agent("lyon", "till-1", 61, &[relay.udp], &[]);
    mesh.settles(&agent, 8);
    for round in 0..rounds(3) {
        relay.program.kill();
        flip(&relay.data.join("log.redb"), round);
        relay.program.again();
        pause(1_500);
        agent.program.kill();
        flip(&agent.data.join("log.redb"), round + 7);
        agent.program.again();
        pause(1_500);
        mesh.hub.kill();
        flip(&mesh.hub_data().join("log.redb"), round + 13);
        mesh.hub.again();
        pause(1_500);
    }
    relay.program.kill();
    truncate(&relay.data.join("log.redb"));
    relay.program.again();
    eventually("fresh ticks come after all this", || mesh.ledger(&agent).is_some_and(|ledger| ledger[1] > 10));
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [relay]);
    let hub = oracle::held(&mesh.hub_data());
    oracle::check(
        &hub,
        &agents[0],
        &[GapReason::Interrupted, GapReason::Corrupt, GapReason::StoreLost, GapReason::HubLost],
    );
}

fn flip(file: &std::path::Path, round: u32) {
    let mut bytes = std::fs::read(file).expect("a store");
    // Beyond the header, where records are.
    let at = 8_192 + (moment(round) as usize * 7_919) % (bytes.len() - 8_192);
    bytes[at] ^= 1 << (round % 8);
    std::fs::write(file, bytes).expect("a store can be damaged");
}

fn truncate(file: &std::path::Path) {
    let bytes = std::fs::read(file).expect("a store");
    std::fs::write(file, &bytes[..bytes.len() / 2]).expect("a store can be cut short");
}
