//! When is what was pushed sealed, and is it there once whatever comes first?

use vigie_intake::Noted;
use vigie_merge::RangeSet;
use vigie_store::Write;
use vigie_store::fault::FaultDisk;

use crate::node::{Node, open};

#[test]
fn much_that_comes_at_once_is_sealed_with_it_and_never_stands_loose() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let names: Vec<String> = (0..100).map(|n| format!("m{n}")).collect();
    let tick = |at: i64| names.iter().zip(0..).map(move |(name, n)| (name.as_str(), at * 10_000, (n + at * 7) as f64));
    let backlog: Vec<_> = (0..180).flat_map(tick).collect();
    assert_eq!(node.push(&backlog), (true, 0));
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.sealed.clone(), facts.bytes.loose), (RangeSet::of(1, 180), 0));
    assert!(facts.bytes.sealed < 18_000, "{} bytes for 18,000 samples", facts.bytes.sealed);
    assert_eq!(node.answered().len(), 18_000);
}

#[test]
fn little_that_comes_again_and_again_stands_loose_up_to_one_segment() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let names: Vec<String> = (0..50).map(|n| format!("m{n}")).collect();
    for at in 0..400i64 {
        let tick: Vec<_> = names.iter().map(|name| (name.as_str(), at * 15_000, at as f64 / 4.0)).collect();
        assert_eq!(node.push(&tick), (true, 0));
        let facts = node.log.streams().values().next().expect("one stream");
        let loose = facts.have.without(&facts.sealed).count();
        assert!(loose * 50 <= 8_192 + 50, "{loose} ticks are loose");
    }
    let facts = node.log.streams().values().next().expect("one stream");
    assert!(facts.sealed.count() >= 326 && facts.sealed == RangeSet::of(1, facts.sealed.count()));
    assert_eq!(node.answered().len(), 400 * 50);
}

#[test]
fn what_is_sealed_on_its_way_is_there_once_whatever_comes_first_and_whatever_a_kill_takes() {
    let names: Vec<String> = (0..10).map(|n| format!("m{n}")).collect();
    let tick = |at: i64| names.iter().map(move |name| (name.as_str(), at * 15_000, at as f64));
    let bodies: Vec<Vec<_>> = (0..3).map(|n| (n * 130..(n + 1) * 130).flat_map(tick).collect()).collect();
    // The third fills a segment with what the first two brought.
    for arrives in [&[0, 1, 2][..], &[2, 1, 0], &[1, 2, 0], &[2], &[2, 0]] {
        let disk = FaultDisk::new();
        let mut node = Node::start(open(&disk), 0);
        let mut noted: Vec<Option<Noted>> = bodies.iter().map(|body| Some(node.note(body))).collect();
        let sealed = |noted: &Noted| noted.writes.iter().filter(|write| matches!(write, Write::Segment(_))).count();
        assert_eq!(noted.iter().flatten().map(sealed).collect::<Vec<_>>(), [0, 0, 1]);
        for at in arrives {
            // The first of all introduces the stream.
            let hello = noted[0].as_ref().map(|first| first.writes[..2].to_vec()).unwrap_or_default();
            node.log.commit(hello).expect("sound");
            let Noted { writes, outcome, .. } = noted[*at].take().expect("each once");
            assert!(node.keep(writes, outcome));
        }
        let Node { log, streams, .. } = node;
        drop(log);
        let mut node = Node::start(open(&disk), streams);
        bodies.iter().for_each(|body| assert!(node.push(body).0, "its sender may have heard nothing"));
        assert_eq!(node.answered().len(), 3_900, "{arrives:?}");
        let facts = node.log.streams().values().next().expect("one stream");
        assert!(facts.gaps.is_empty() && facts.samples == facts.tally.samples, "{arrives:?}");
    }
}

#[test]
fn what_waits_for_long_is_sealed_although_more_would_fit() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    node.push(&[("a", 1_000, 1.0)]);
    for (now_ms, is_due) in [(599_999, false), (600_000, true), (600_001, false)] {
        let due = node.book.due(now_ms, false);
        assert_eq!(due.is_some(), is_due, "after {now_ms} ms");
        if let Some((writes, outcome)) = due {
            assert!(node.keep(writes, outcome));
        }
    }
}
