//! The law: what was answered for is there, and nothing that was never said, whatever happens meanwhile.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use vigie_store::Record;
use vigie_store::fault::{FaultDisk, Faults};

use crate::node::{Node, key, open};

#[derive(Debug, Clone)]
enum Step {
    Push(Vec<(u8, i64, u64)>),
    Refuse(u64),
    Tend(bool),
    LayOut,
    Restart,
}

fn step() -> impl Strategy<Value = Step> {
    let bits = prop_oneof![
        any::<u64>(),
        (-9i32..9).prop_map(|whole| f64::from(whole).to_bits()),
        (0u32..999).prop_map(|parts| (f64::from(parts) / 100.0).to_bits()),
    ];
    let sample = (0u8..6, 0i64..40, bits);
    prop_oneof![
        6 => prop::collection::vec(sample, 1..30).prop_map(Step::Push),
        1 => (0u64..12).prop_map(Step::Refuse),
        2 => any::<bool>().prop_map(Step::Tend),
        1 => Just(Step::LayOut),
        1 => Just(Step::Restart),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_was_answered_for_is_there_and_nothing_that_was_never_said(steps in prop::collection::vec(step(), 1..40)) {
        let names = ["a", "b", "c", "d", "e", "f"];
        let disk = FaultDisk::new();
        let mut node = Node::start(open(&disk), 0);
        let mut said: BTreeMap<(String, i64), Vec<u64>> = BTreeMap::new();
        let mut answered_for = BTreeSet::new();
        for step in steps {
            match step {
                Step::Push(samples) => {
                    let batch: Vec<_> =
                        samples.iter().map(|(n, at, bits)| (names[*n as usize], *at, f64::from_bits(*bits))).collect();
                    let durable = node.push(&batch).0;
                    for (name, at, value) in batch {
                        let sample = (name.to_owned(), at);
                        said.entry(sample.clone()).or_default().push(value.to_bits());
                        if durable {
                            answered_for.insert(sample);
                        }
                    }
                }
                Step::Refuse(after) => {
                    disk.set_faults(Faults { refuse_sync_at: Some(disk.operations() + after), ..Faults::default() });
                }
                Step::Tend(closing) => node.tend(closing),
                Step::LayOut => {
                    let gathered = node.log.gather(4).unwrap_or_default();
                    let laid: Vec<_> =
                        gathered.into_iter().map(|one| one.lay_out().expect("own segments")).collect();
                    // A disk that refuses leaves all as it was.
                    node.log.put_in_place(&laid).unwrap_or_default();
                }
                Step::Restart => {
                    disk.set_faults(Faults::default());
                    let Node { log, streams, .. } = node;
                    drop(log);
                    node = Node::start(open(&disk), streams);
                }
            }
        }
        disk.set_faults(Faults::default());
        // A disk that refused shows at the next use.
        for _ in 0..2 {
            node.tend(true);
        }
        // Where nothing was left to keep: a store in trouble opens anew with the next commit, and is not read before.
        prop_assert!(node.log.commit(Vec::new()).is_ok());
        let answered = node.answered();
        for sample in answered_for {
            prop_assert!(answered.contains_key(&sample), "{sample:?} is not there");
        }
        // What nobody was answered for may be there too: it was said all the same.
        for (sample, bits) in answered {
            prop_assert!(said[&sample].contains(&bits), "{sample:?} is {bits}, which nobody said");
        }
        for (stream, facts) in node.log.streams() {
            let records = node.log.load(*stream, &facts.present, usize::MAX, false).expect("sound");
            for record in records {
                if let Record::Segment(segment) = record {
                    prop_assert_eq!(segment.verify(&key().verifying_key()), Ok(()));
                }
            }
        }
    }
}
