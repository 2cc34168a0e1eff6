//! Where damage takes definitions, nothing is kept under another's name, and pushes go on.

use vigie_intake::Standing;
use vigie_store::fault::FaultDisk;
use vigie_store::{Log, Outcome as Became};

use crate::node::{Node, open};

/// A log of which damage took a definition, as it is found when that is read.
fn bereft(disk: &FaultDisk) -> Log {
    let (image, name) = (disk.image(), b"bravissimo");
    let found = (0..image.len() - name.len()).filter(|at| image[*at..].starts_with(name));
    found.for_each(|at| disk.flip_bit(at as u64 * 8));
    let mut log = open(disk);
    let (stream, facts) = log.streams().iter().next().map(|(stream, facts)| (*stream, facts.clone())).expect("one");
    assert!((log.schema(stream, 0, 9).expect("sound").len() as u32) < facts.schema_len, "its definition is damaged");
    log.take_damage();
    log
}

const THREE: [(&str, i64, f64); 3] = [("alpha", 1_000, 1.0), ("bravissimo", 1_000, 2.0), ("charlie", 1_000, 3.0)];

fn told(node: &Node) -> Vec<String> {
    node.answered().into_keys().map(|(name, at)| format!("{name} {at}")).collect()
}

#[test]
fn where_damage_took_definitions_a_new_series_begins_another_stream() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    node.push(&THREE);
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(bereft(&disk), streams);
    assert_eq!(node.push(&[("alpha", 2_000, 1.5), ("delta", 2_000, 4.0)]), (true, 0));
    assert!(node.log.streams().len() > 1, "its places are given to no other series");
    assert_eq!(told(&node), ["alpha 1000", "alpha 2000", "delta 2000"], "nobody knows any more what the others are");
}

/// A node that took in three series, and of whose log damage took definitions while it ran.
fn bereft_while_it_runs() -> Node {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    node.push(&THREE);
    let Node { log, book, streams } = node;
    drop(log);
    Node { log: bereft(&disk), book, streams }
}

#[test]
fn where_damage_takes_definitions_while_it_runs_nothing_more_is_kept_under_no_name() {
    let mut node = bereft_while_it_runs();
    assert!(node.reads_anew(), "the store has fewer definitions than it had");
    assert!(!node.reads_anew(), "once is enough");
    let next = THREE.map(|(name, at_ms, value)| (name, at_ms + 1_000, value));
    assert_eq!(node.push(&next), (true, 0));
    assert_eq!(told(&node), ["alpha 1000", "alpha 2000", "bravissimo 2000", "charlie 2000"]);
    assert!(!node.reads_anew());
}

#[test]
fn however_much_is_pushed_a_book_that_lacks_definitions_numbers_nothing_more_and_is_read_anew() {
    let mut node = bereft_while_it_runs();
    let steady = node.note(&[("alpha", 2_000, 2.0)]);
    node.book.sent();
    assert!(!node.reads_anew(), "something is with the store");
    assert!(node.book.is_refused(), "and nothing follows on it, so that it comes to an end");
    node.keep(steady.writes, steady.outcome);
    assert!(node.reads_anew());
    assert_eq!(node.push(&[("alpha", 2_000, 2.0)]), (true, 1));
}

#[test]
fn what_the_store_will_never_take_is_taken_under_other_definitions_when_it_is_sent_again() {
    let mut node = bereft_while_it_runs();
    let more = [("alpha", 2_000, 1.5), ("delta", 2_000, 4.0)];
    let first = node.note(&more);
    node.book.sent();
    let again = node.note(&more);
    assert!(!node.reads_anew(), "what is with the store may be kept yet");
    let became = node.log.commit(first.writes.clone()).expect("sound");
    assert!(became.iter().any(|one| matches!(one, Became::WrongSchema(_))), "{became:?}");
    node.book.refused(first.writes, first.outcome);
    assert!(node.book.is_refused() && node.book.due(0, true).is_none(), "it is not tried again as it was");
    assert!(node.reads_anew());
    assert_eq!(node.book.standing(&again.awaited), Standing::Undone, "whoever waits for it sends it again");
    assert!(node.push(&more).0);
    assert_eq!(told(&node), ["alpha 1000", "alpha 2000", "delta 2000"]);
}

#[test]
fn a_store_in_trouble_is_no_reason_to_read_anew() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let first = node.note(&THREE);
    node.book.sent();
    node.book.undone(first.writes, first.outcome);
    assert!(!node.reads_anew(), "what a full disk left undone is tried again as it was");
    assert_eq!(node.push(&THREE), (true, 3));
}
