//! Does every door hold, and would one that breaks be found?
#![forbid(unsafe_code)]

use vigie_fuzz::{DOORS, Door, knock};

/// So many that the whole takes some seconds unoptimised.
const TIMES: u64 = 3_000;

#[test]
fn every_door_holds_against_changed_bytes() {
    for door in DOORS {
        assert_eq!(knock(door, 1, TIMES), Ok(()), "{} broke", door.name);
    }
}

#[test]
fn every_door_takes_its_good_bytes_in_or_has_none() {
    let names: std::collections::BTreeSet<_> = DOORS.iter().map(|door| door.name).collect();
    assert_eq!(names.len(), DOORS.len(), "each name once");
    for door in DOORS {
        assert!(!(door.good)().is_empty(), "{} has bytes to begin with", door.name);
    }
}

#[test]
fn a_door_that_breaks_at_one_changed_byte_is_found() {
    let weak = Door {
        name: "weak",
        good: || vec![vec![1, 2, 3, 4]],
        knock: |bytes| assert!(bytes.get(1) != Some(&3), "it breaks at a 3 in second place"),
    };
    let broken = knock(&weak, 1, TIMES).expect_err("it was found");
    assert_eq!((broken.door, broken.bytes.get(1)), ("weak", Some(&3)));
    assert_eq!(knock(&weak, 1, TIMES), Err(broken), "the same seed finds the same");
}
