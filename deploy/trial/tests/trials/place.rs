//! A machine that is carried from place to place.

use std::time::Duration;

use vigie_model::GapReason;
use vigie_trial::{Agent, Mesh, Relay, eventually, oracle};

fn carry(agent: &mut Agent, to: &Relay) {
    agent.program.kill();
    agent.program.say("--relays", &format!("127.0.0.1:{}", to.udp));
    agent.program.again();
}

#[test]
fn a_machine_carried_between_two_relays_of_its_site_brings_everything_once() {
    let mut mesh = Mesh::new();
    let wan = mesh.line("wan", mesh.hub_udp());
    let shop = mesh.relay("lyon", "relay-shop", wan.udp);
    let depot = mesh.relay("lyon", "relay-depot", mesh.hub_udp());
    let mut agent = mesh.agent("lyon", "van-1", 91, &[shop.udp], &[]);
    mesh.settles(&agent, 3);
    // What the shop took in and could not pass on, the depot gets from the machine itself.
    wan.tell(r#"{"do":"cut"}"#);
    std::thread::sleep(Duration::from_secs(6));
    carry(&mut agent, &depot);
    mesh.settles(&agent, 8);
    wan.tell(r#"{"do":"heal"}"#);
    carry(&mut agent, &shop);
    mesh.settles(&agent, 14);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [shop, depot]);
    let (kept, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[GapReason::Interrupted]);
    assert!(kept >= 14);
    assert!(given_up <= 2 * 16, "each kill costs at most what was reserved ahead: {given_up}");
}

#[test]
fn a_relay_of_another_site_is_refused_by_name() {
    let mesh = Mesh::new();
    let brest = mesh.relay("brest", "relay-brest", mesh.hub_udp());
    let agent = mesh.agent("lyon", "till-1", 92, &[brest.udp], &[]);
    for program in [&agent.program, &brest.program] {
        eventually("both say why", || {
            program.log().contains("wrong site: it belongs to acme/brest, this is acme/lyon")
        });
    }
}
