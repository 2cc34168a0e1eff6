//! A disk that fills up stops nobody, and heals without a person.

use std::time::Duration;

use vigie_model::GapReason;
use vigie_trial::{Mesh, SmallDisk, eventually, oracle};

fn pause(ms: u64) {
    std::thread::sleep(Duration::from_millis(ms));
}

#[test]
fn an_agent_whose_disk_is_full_goes_on_measuring_and_heals_when_there_is_room() {
    let mut mesh = Mesh::new();
    let Some(disk) = SmallDisk::mount(&mesh.dir().join("till-1"), 6 * 1024) else { return };
    let mut agent = mesh.agent("lyon", "till-1", 71, &[], &[]);
    mesh.settles(&agent, 5);
    disk.fill();
    let before = mesh.ledger(&agent).expect("the hub answers")[1];
    eventually("the agent says that its disk is full", || agent.program.log().contains("the disk is full"));
    eventually("samples go on arriving", || mesh.ledger(&agent).is_some_and(|ledger| ledger[1] > before + 20));
    assert!(agent.program.is_running());
    disk.empty();
    pause(8_000);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut []);
    let (kept, _) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[GapReason::Evicted]);
    assert!(kept > 25);
}

#[test]
fn a_relay_whose_disk_is_full_takes_in_less_and_loses_nothing() {
    let mut mesh = Mesh::new();
    let Some(disk) = SmallDisk::mount(&mesh.dir().join("relay-1"), 8 * 1024) else { return };
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let agent = mesh.agent("lyon", "till-1", 72, &[relay.udp], &[]);
    mesh.settles(&agent, 5);
    disk.fill();
    eventually("the relay says that its disk is full", || relay.program.log().contains("the disk is full"));
    pause(10_000);
    disk.empty();
    mesh.settles(&agent, 25);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [relay]);
    let (kept, given_up) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &[]);
    assert!(kept >= 25);
    assert_eq!(given_up, 0, "the agent had it all");
}
