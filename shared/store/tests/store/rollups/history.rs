//! Any history of a store, and what its ticks come down to.

use proptest::prelude::*;
use vigie_model::UtcMs;
use vigie_rollup::HOUR_MS;
use vigie_store::fault::FaultDisk;

use super::helpers::*;
use crate::common::*;

#[derive(Debug, Clone)]
enum Step {
    Sealed(u64),
    Anchor(i64),
    LayOut,
    Fold(u64),
    Expire(u64),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0u64..40).prop_map(Step::Sealed),
        1 => (0i64..3).prop_map(Step::Anchor),
        2 => Just(Step::LayOut),
        4 => (0u64..2_500).prop_map(Step::Fold),
        1 => (0u64..900).prop_map(Step::Expire),
        1 => Just(Step::Reopen),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_history_leaves_what_its_ticks_come_down_to(steps in prop::collection::vec(step(), 1..40)) {
        let (machine, disk) = (Machine::new(1), FaultDisk::new());
        let mut log = Some(begin(&disk, &machine));
        let (mut ahead_ms, mut expired) = (0, false);
        for step in steps {
            let here = log.as_mut().expect("open");
            match step {
                Step::Sealed(place) => keep_if_new(here, &machine, place * 50 + 1, place * 50 + 50),
                // An anchor that says otherwise about what is gone leaves it where it was: not looked at here.
                Step::Anchor(_) if expired => {}
                Step::Anchor(hours) => {
                    let better = u32::try_from(100 - hours).expect("small");
                    let ahead = hours * 1_500_000;
                    if ahead >= ahead_ms {
                        keep(here, vec![machine.anchor_within(better, 1, 10_000, T0 + 10_000 + ahead)]);
                        ahead_ms = ahead;
                    }
                }
                Step::LayOut => drop(lay_out(here)),
                Step::Fold(until) => {
                    fold_all(here, UtcMs(at(until).0 + 2 * HOUR_MS));
                    if expired {
                        rolled(here, &machine, ahead_ms);
                    }
                }
                Step::Expire(before) => {
                    expired |= here.expire(machine.stream, at(before)).expect("sound").expired > 0;
                }
                Step::Reopen => {
                    let before = here.streams().clone();
                    log = None;
                    prop_assert_eq!(log.insert(open(&disk)).streams(), &before);
                }
            }
        }
        let here = log.as_mut().expect("open");
        fold_all(here, LATER);
        let known = rolled(here, &machine, ahead_ms);
        prop_assert!(served(here, &machine).ticks.without(&known).is_empty());
    }
}
