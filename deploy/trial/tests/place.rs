//! A machine that is carried from place to place.

use std::time::Duration;

use vigie_model::GapReason;
use vigie_trial::{Agent, Mesh, Relay, oracle};

fn carry(agent: &mut Agent, to: &Relay) {
    agent.program.kill();
    agent.program.say("--relays", &format!("127.0.0.1:{}", to.udp));
    agent.program.again();
}

#[test]
fn a_machine_carried_between_sites_brings_everything_once() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let lyon = mesh.relay("lyon", "relay-lyon", wan.udp);
    let brest = mesh.relay("brest", "relay-brest", mesh.hub_udp());
    let mut agent = mesh.agent("lyon", "van-1", 91, &[lyon.udp], &[]);
    mesh.settles(&agent, 3);
    // What lyon took in and could not pass on, brest gets from the machine itself.
    wan.tell(r#"{"do":"cut"}"#);
    std::thread::sleep(Duration::from_secs(6));
    carry(&mut agent, &brest);
    mesh.settles(&agent, 8);
    wan.tell(r#"{"do":"heal"}"#);
    carry(&mut agent, &lyon);
    mesh.settles(&agent, 14);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [lyon, brest]);
    let (kept, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[GapReason::Interrupted]);
    assert!(kept >= 14);
    assert!(given_up <= 2 * 16, "each kill costs at most what was reserved ahead: {given_up}");
}
