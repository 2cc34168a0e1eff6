//! A clock that is wrong costs nothing, and its samples are put right once somebody knows better.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use vigie_trial::{Mesh, WrongClock, eventually, oracle};

fn true_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}

#[test]
fn a_machine_whose_clock_is_years_off_and_jumps_is_shown_at_the_true_time() {
    let mut mesh = Mesh::new();
    let Some(clock) = WrongClock::new(&mesh.dir().join("offset")) else { return };
    let relay = mesh.relay("lyon", "relay-1", mesh.hub_udp());
    let mut agent = mesh.agent("lyon", "till-1", 81, &[relay.udp], &[]);
    mesh.settles(&agent, 2);
    assert!(agent.program.stop());
    let began = true_ms();
    clock.is_off_by("-9y");
    clock.give(&mut agent.program);
    agent.program.again();
    let collected = || mesh.ledger(&agent).map_or(0, |ledger| ledger[1]);
    for offset in ["+4y", "-3h", "+0s"] {
        let before = collected();
        eventually("ticks come whatever the clock says", || collected() > before + 4);
        clock.is_off_by(offset);
        std::thread::sleep(Duration::from_millis(300));
    }
    let before = collected();
    eventually("ticks come after the last jump", || collected() > before + 4);
    let mut agents = [agent];
    mesh.wind_down(&mut agents, &mut [relay]);
    let ended = true_ms();
    let hub = oracle::held(&mesh.hub_data());
    let (kept, given_up) = oracle::check(&hub, &agents[0], &[]);
    assert!(kept > 14);
    assert_eq!(given_up, 0, "a clock takes nothing");
    let mut wrong = 0;
    for (stream, ticks) in &hub.ticks {
        let anchors = &hub.facts[stream].anchors;
        for tick in ticks.values() {
            wrong += u32::from((tick.at.utc.0 - began).abs() > 3_600_000);
            let at = anchors.get(&tick.at.boot.no).and_then(|anchor| anchor.resolve(tick.at)).unwrap_or(tick.at.utc).0;
            assert!(
                (began - 60_000..=ended + 5_000).contains(&at),
                "tick {} is shown at {at}, not {began}..={ended}",
                tick.seq
            );
        }
    }
    assert!(wrong > 8, "the clock was wrong for most of it: {wrong} of {kept}");
}
