//! Each series is kept in the step that its numbers need, and comes back bit for bit.

use vigie_model::{Resolution, SeriesDef};
use vigie_store::fault::FaultDisk;

use crate::node::{Node, Said, definitions, open};

#[test]
fn numbers_are_kept_in_steps_and_come_back_bit_for_bit() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    let stale = f64::from_bits(0x7ff0_0000_0000_0002);
    let values = [stale, 3.0, 0.25, 7.0, f64::NEG_INFINITY, 1e-6, -0.0, 2.0, 1.0 / 3.0, 5.0];
    let samples: Vec<_> = (0i64..).zip(values).map(|(n, value)| ("a", n * 1_000, value)).collect();
    let (some, more) = samples.split_at(4);
    assert_eq!(node.push(some), (true, 0));
    assert_eq!(node.push(&samples), (true, 4), "what is sent again is known in whichever step it stands");
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    assert_eq!(node.push(more), (true, 6));
    let again = ("a", 2_000, 4.0);
    assert_eq!(node.push(&[again]), (true, 1), "of two values at one moment the first stands, in whichever step");
    let all: Said = samples.iter().map(|(name, at, value)| (((*name).to_owned(), *at), value.to_bits())).collect();
    assert_eq!(node.answered(), all);
    let (stream, facts) = node.log.streams().first_key_value().expect("one stream");
    let steps: Vec<Resolution> =
        definitions(&node.log, *stream, facts.schema_len).iter().map(SeriesDef::resolution).collect();
    let micro = Resolution::Step { step: 1, exponent: -6 };
    assert_eq!(steps, [Resolution::Exact, Resolution::ONE, Resolution::HUNDREDTH, micro]);
}

#[test]
fn a_series_that_begins_with_a_fraction_stays_in_its_step() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    assert_eq!(node.push(&[("a", 0, 0.25), ("a", 1_000, 3.0), ("a", 2_000, 0.5), ("b", 0, 1.0 / 3.0)]), (true, 0));
    assert_eq!(node.push(&[("a", 3_000, 4.0), ("b", 1_000, 7.0)]), (true, 0));
    let (stream, facts) = node.log.streams().first_key_value().expect("one stream");
    let steps: Vec<Resolution> =
        definitions(&node.log, *stream, facts.schema_len).iter().map(SeriesDef::resolution).collect();
    assert_eq!(steps, [Resolution::HUNDREDTH, Resolution::Exact], "one definition of each series");
    assert_eq!(node.answered().len(), 6);
}

#[test]
fn two_values_of_one_body_at_one_moment_are_one_sample_although_they_need_different_steps() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    assert_eq!(node.push(&[("a", 1_000, 1.0), ("a", 1_000, 1.5), ("a", 1_000, f64::NAN)]), (true, 2));
    assert_eq!(node.answered(), [(("a".to_owned(), 1_000), 1f64.to_bits())].into());
}
