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

#[test]
fn a_store_damaged_while_its_disk_was_full_is_mended_and_the_program_begins_again_by_itself() {
    let mut mesh = Mesh::new();
    let Some(disk) = SmallDisk::mount(&mesh.dir().join("till-1"), 6 * 1024) else { return };
    let mut agent = mesh.agent("lyon", "till-1", 73, &[], &[]);
    mesh.settles(&agent, 8);
    let pid = agent.program.pid();
    // Again and again, until what was held ready for this is used up and the file is closed.
    for _ in 0..40 {
        disk.fill();
        pause(200);
    }
    assert!(agent.program.log().contains("the disk is full"));
    scribble(&agent.data.join("log.redb"));
    disk.empty();
    eventually("it says what it does", || agent.program.log().contains("the store was begun anew"));
    let before = mesh.ledger(&agent).expect("the hub answers")[1];
    eventually("samples come again", || mesh.ledger(&agent).is_some_and(|ledger| ledger[1] > before + 4));
    assert!(agent.program.is_running() && agent.program.pid() == pid, "nobody had to start it");
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut []);
    let reasons = [GapReason::StoreLost, GapReason::Corrupt, GapReason::Interrupted, GapReason::Evicted];
    let (kept, _) = oracle::check(&oracle::held(&mesh.hub_data()), &agents[0], &reasons);
    assert!(kept > 12);
}

/// Writes over all of a file but its first pages, in place; its holes stay holes, for there is no room to fill them.
fn scribble(file: &std::path::Path) {
    use std::os::unix::fs::FileExt;
    let bytes = std::fs::metadata(file).expect("a store").len();
    let file = std::fs::OpenOptions::new().write(true).open(file).expect("a store");
    let written = (8_192..bytes).step_by(4_096).filter(|at| file.write_all_at(&[0x5a; 4_096], *at).is_ok()).count();
    assert!(written > 4, "it holds something");
}
