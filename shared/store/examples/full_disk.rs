//! Does a store on a file system that really is full keep what it acknowledged, and go on when there is room again?
//!
//! `full_disk FOLDER`: an empty folder of some megabytes that nobody else writes to, for example a tmpfs of 8 MiB.
//! `deploy/test` mounts one. The tests do the same on a disk in memory, `vigie_store::fault`, thousands of times.

#[path = "../tests/store/common/mod.rs"]
mod common;

use std::path::PathBuf;

use common::*;
use vigie_merge::RangeSet;
use vigie_model::UtcMs;
use vigie_store::{CommitError, Log};

/// Times that the disk must have been full.
const OFTEN: u32 = 8;

fn main() {
    let dir = PathBuf::from(std::env::args().nth(1).expect("usage: full_disk FOLDER"));
    let machine = Machine { noisy: true, ..Machine::new(1) };
    let mut log = Log::open(&dir, agent_options(1 << 40)).expect("an empty folder").0;
    keep(&mut log, vec![machine.hello()]);
    let (mut first, mut full) = (1, 0);
    while full < OFTEN {
        match log.commit(vec![machine.sealed(first, first + 400)]) {
            Ok(_) => first += 401,
            Err(CommitError::Full) => {
                full += 1;
                if log.make_room(UtcMs(T0), Some(&machine.key)).is_err() {
                    log.make_room(UtcMs(T0), Some(&machine.key)).expect("the ballast makes room");
                }
            }
            Err(other) => panic!("{other:?}"),
        }
    }
    let acknowledged = RangeSet::of(1, first - 1);
    assert_eq!(log.streams()[&machine.stream].have, acknowledged);
    let mut served = served(&log, &machine);
    served.ticks.union_with(&served.gaps);
    assert_eq!(served.ticks, acknowledged);
    println!("{full} times full; {} ticks were acknowledged, and each is there or under a gap", first - 1);
}
