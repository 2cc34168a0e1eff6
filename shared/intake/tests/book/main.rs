//! What is pushed is kept once, whatever the sender and the store do.

mod damage;
mod law;
mod node;
mod sealing;
mod steps;

use vigie_intake::{Book, Limits, Standing};
use vigie_merge::RangeSet;
use vigie_model::Incarnation;
use vigie_store::fault::{FaultDisk, Faults};

use node::{Node, Said, key, me, open, place};

#[test]
fn what_is_sent_again_is_known() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    let batch = [("a", 1_000, 0.1), ("b", 1_000, f64::NAN), ("a", 2_000, -0.0)];
    assert_eq!(node.push(&batch), (true, 0));
    assert_eq!(node.push(&batch), (true, 3));
    // Its sender may have heard nothing because the node was killed.
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    assert_eq!(node.push(&batch), (true, 3));
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.tally.samples, facts.samples), (3, 3), "nothing is counted twice");
    let bits = |value: f64| value.to_bits();
    let all = [(("a", 1_000), bits(0.1)), (("a", 2_000), bits(-0.0)), (("b", 1_000), bits(f64::NAN))];
    let all: Said = all.into_iter().map(|((name, at), bits)| ((name.to_owned(), at), bits)).collect();
    assert_eq!(node.answered(), all);
}

#[test]
fn what_is_sent_again_while_it_is_on_its_way_is_kept_once_and_answered_when_it_is_durable() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let body = [("a", 1_000, 1.0), ("b", 1_000, 0.5), ("a", 2_000, 2.0)];
    let first = node.note(&body);
    let again = node.note(&body);
    assert_eq!((again.samples, again.duplicates, again.writes.len()), (0, 3, 0));
    let more = node.note(&[("a", 2_000, 3.0), ("a", 3_000, 3.0)]);
    assert_eq!((more.samples, more.duplicates), (1, 1), "the first value stands although it is not durable");
    assert_eq!(node.book.standing(&again.awaited), Standing::OnTheWay);
    assert_eq!(node.book.standing(&first.awaited), Standing::Durable, "it awaits nothing but its own");
    assert!(node.keep(first.writes, first.outcome));
    assert!([&again, &more].iter().all(|noted| node.book.standing(&noted.awaited) == Standing::Durable));
    assert!(node.keep(more.writes, more.outcome));
    assert_eq!(node.push(&body), (true, 3));
    assert_eq!(node.answered().len(), 4);
}

#[test]
fn what_is_sent_again_after_the_store_left_it_undone_is_kept_once_and_answered_with_it() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let body = [("a", 1_000, 1.0), ("b", 1_000, 0.5)];
    let first = node.note(&body);
    let meanwhile = node.note(&body);
    node.book.undone(first.writes, first.outcome);
    assert_eq!(node.book.standing(&meanwhile.awaited), Standing::Undone, "who waits is told to come later");
    let again = node.note(&body);
    assert_eq!((again.samples, again.duplicates), (0, 2));
    assert_eq!(node.book.standing(&again.awaited), Standing::OnTheWay, "it is tried again with this push");
    assert!(node.keep(again.writes, again.outcome));
    assert_eq!(node.book.standing(&again.awaited), Standing::Durable);
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.tally.samples, facts.samples, node.answered().len()), (2, 2, 2));
}

#[test]
fn what_was_sealed_before_a_kill_is_known_when_it_is_sent_again() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    let early: Vec<_> = (0..10).map(|n| ("a", n * 1_000, n as f64)).collect();
    let late = [("a", 20_000, 20.0), ("b", 20_000, 21.0)];
    assert_eq!(node.push(&early), (true, 0));
    node.tend(true);
    assert_eq!(node.push(&late), (true, 0));
    for laid_out in [false, true] {
        let Node { mut log, streams, .. } = node;
        if laid_out {
            let gathered = log.gather(1).expect("sound");
            let laid: Vec<_> = gathered.into_iter().map(|one| one.lay_out().expect("own segments")).collect();
            assert_eq!(log.put_in_place(&laid).expect("room"), 1);
        }
        drop(log);
        node = Node::start(open(&disk), streams);
        assert_eq!((node.push(&early), node.push(&late)), ((true, 10), (true, 2)));
        let facts = node.log.streams().values().next().expect("one stream");
        assert_eq!((facts.tally.samples, facts.samples), (12, 12), "nothing is counted twice");
    }
}

#[test]
fn of_two_values_at_one_moment_the_first_stands_whichever_body_they_came_in() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    assert_eq!(node.push(&[("a", 1_000, 1.0), ("a", 1_000, 2.0), ("a", 2_000, 1.0)]), (true, 1));
    assert_eq!(node.push(&[("a", 1_000, 3.0), ("a", 2_000, 3.0), ("a", 3_000, 1.0)]), (true, 2));
    node.tend(true);
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    assert_eq!(node.push(&[("a", 1_000, 4.0), ("a", 3_000, 4.0)]), (true, 2));
    let one = |at: i64| (("a".to_owned(), at), 1f64.to_bits());
    assert_eq!(node.answered(), [one(1_000), one(2_000), one(3_000)].into());
}

#[test]
fn what_a_store_in_trouble_left_undone_is_done_before_anything_else() {
    let mut refused = 0;
    for after in 0..16 {
        let disk = FaultDisk::new();
        let mut node = Node::start(open(&disk), 0);
        assert!(node.push(&[("a", 1_000, 1.0)]).0);
        disk.set_faults(Faults { refuse_sync_at: Some(disk.operations() + after), ..Faults::default() });
        if node.push(&[("a", 2_000, 2.0), ("b", 2_000, 2.5)]).0 {
            continue;
        }
        refused += 1;
        assert!(node.push(&[("a", 3_000, 3.0), ("c", 3_000, 3.5)]).0);
        assert_eq!(node.answered().len(), 5);
        let facts = node.log.streams().values().next().expect("one stream");
        assert_eq!(facts.have, RangeSet::of(1, 3), "no number is left out");
    }
    assert!(refused > 0, "the disk refused now and then");
}

#[test]
fn a_restart_goes_on_with_the_same_streams() {
    let disk = FaultDisk::new();
    let mut node = Node::start(open(&disk), 0);
    node.push(&[("a", 1_000, 1.0), ("b", 1_000, 2.0)]);
    let Node { log, streams, .. } = node;
    drop(log);
    let mut node = Node::start(open(&disk), streams);
    node.push(&[("b", 2_000, 3.0), ("c", 2_000, 4.0)]);
    node.tend(true);
    assert_eq!(node.log.streams().len(), 1);
    let facts = node.log.streams().values().next().expect("one stream");
    assert_eq!((facts.schema_len, facts.sealed.clone()), (3, RangeSet::of(1, 2)));
    assert_eq!(facts.tally.samples, 4);
    assert_eq!(node.answered().len(), 4);
}

#[test]
fn series_beyond_the_limit_are_refused_and_counted() {
    let mut book = Book::new(me(), key(), Limits { series_per_place: 2, ..Limits::default() });
    let mut fresh = || Some(Incarnation(1));
    let mut entry = book.entry(place(), &mut fresh);
    for name in ["a", "b", "c"] {
        entry.series(&[("__name__", name)], &[(1, 1.0), (2, 1.0)]);
    }
    let noted = entry.finish();
    assert_eq!((noted.samples, noted.refused), (4, 2));
}

#[test]
fn many_series_are_spread_over_streams() {
    let mut node = Node::start(open(&FaultDisk::new()), 0);
    let names: Vec<String> = (0..10_000).map(|n| format!("m{n}")).collect();
    let samples: Vec<_> = names.iter().map(|name| (name.as_str(), 1_000, 1.0)).collect();
    assert!(node.push(&samples).0);
    assert_eq!(node.log.streams().len(), 10);
    assert_eq!(node.answered().len(), 10_000);
}

#[test]
fn no_more_is_numbered_while_as_much_as_may_wait_is_not_durable() {
    let mut book = Book::new(me(), key(), Limits { samples_waiting: 3, ..Limits::default() });
    let mut fresh = || Some(Incarnation(1));
    let mut note = |book: &mut Book, at_ms: i64| {
        let mut entry = book.entry(place(), &mut fresh);
        entry.series(&[("__name__", "a")], &[(at_ms, 1.0), (at_ms + 1, 2.0)]);
        entry.finish()
    };
    let one = note(&mut book, 0);
    assert!(!book.is_full(), "2 of 3 wait");
    let other = note(&mut book, 10);
    assert!(book.is_full() && !book.is_in_trouble());
    book.undone(one.writes, one.outcome);
    assert!(book.is_full() && book.is_in_trouble(), "what was left undone waits as well");
    book.done(other.outcome, 0);
    assert!(!book.is_full());
    let again = note(&mut book, 20);
    assert!(book.is_full(), "what is tried again is counted once");
    book.done(again.outcome, 0);
    assert!(!book.is_full());
    let last = note(&mut book, 30);
    assert!(!book.is_full() && last.samples == 2);
}
