//! Rows: seeds, and what they cost on a line.

use std::sync::Arc;

use vigie_bottle::rows::{run_seed, run_seeds};
use vigie_codec::wire::rows::RowFrame;
use vigie_merge::{Context, Hlc, Key, Kind, Scope, Ulid};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_store::rows::{MemoryShelf, Owner, Rows};
use vigie_sync::rows::{RowInput, RowPeer, RowTalk, RowWish, Stamp};

/// What stands around each frame on the wire: UDP/IP, QUIC's header and tag, the stream frame.
const AROUND_BYTES: u64 = 60;

#[test]
fn no_write_is_lost_and_all_become_the_same_whatever_happens() {
    let report = run_seeds(0, 200, |_| {});
    let failures: Vec<_> = report.failures.iter().map(|failure| (failure.seed, &failure.what)).collect();
    assert!(failures.is_empty(), "{failures:?}");
    let tally = report.tally;
    assert!(tally.crashes > 0 && tally.restores > 0 && tally.lives > 0 && tally.forgotten > 0, "{tally:?}");
}

#[test]
fn a_deletion_that_became_durable_although_its_writer_heard_of_a_failure_counts_once_it_is_forgotten() {
    run_seed(2463).expect("what was deleted and forgotten everywhere is not lost");
}

#[test]
fn an_answer_that_comes_twice_does_not_answer_the_next_question() {
    for seed in [276, 489, 3568, 4047] {
        run_seed(seed).expect("what differs is found");
    }
}

#[test]
fn what_comes_on_the_lane_of_state_before_the_hello_on_the_other_waits_for_it() {
    for seed in [938, 3583, 4854, 6008] {
        run_seed(seed).expect("the comparison ends");
    }
}

#[test]
fn an_older_copy_that_is_brought_back_twice_begins_a_new_life_each_time() {
    run_seed(110_381).expect("it gets again what it wrote after the copy");
}

#[test]
fn a_deletion_that_was_lost_with_a_store_is_not_taken_for_an_older_one_that_is_there() {
    for seed in [7421, 10_903] {
        run_seed(seed).expect("nobody asks for what an older copy lost");
    }
}

/// Two nodes and a good line between them; says how many bytes went which way.
struct Pair {
    rows: [Rows<MemoryShelf>; 2],
    talks: Vec<RowTalk>,
    bytes: u64,
    frames: u64,
}

impl Pair {
    fn new() -> Self {
        let site = Scope::Site("acme".parse().expect("a name"), "lyon".parse().expect("a name"));
        let who = |id: u8, role, view: &Scope| RowPeer { node: NodeId::from_bytes([id; 16]), role, view: view.clone() };
        let open = |who: RowPeer, number| {
            let owner = Owner { who, number, floor: Hlc::ZERO, recovering: false };
            let mut next = u64::from(number);
            let random = Box::new(move || {
                next = next.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                next
            });
            Rows::open(MemoryShelf::new(), owner, Arc::new(|_| true), random, false, 0).expect("it opens").0
        };
        let rows = [open(who(1, Role::Hub, &Scope::Deployment), 1), open(who(2, Role::Relay, &site), 2)];
        Self { rows, talks: Vec::new(), bytes: 0, frames: 0 }
    }

    fn connect(&mut self) {
        let who = [self.rows[0].owner().who.clone(), self.rows[1].owner().who.clone()];
        self.talks.clear();
        for end in 0..2 {
            let peer = who[1 - end].clone();
            let hub = self.rows[end].hub().expect("sound");
            let hello = self.rows[end].hello(&peer, hub).expect("sound");
            let facts = self.rows[end].facts();
            self.talks.push(RowTalk::new(who[end].clone(), facts, peer, false, hello, 0));
        }
        self.settle();
    }

    fn settle(&mut self) {
        let who = [self.rows[0].owner().who.clone(), self.rows[1].owner().who.clone()];
        for end in 0..2 {
            let facts = self.rows[end].facts();
            if let Some(talk) = self.talks.get_mut(end) {
                talk.handle(RowInput::Changed(facts), 0);
            }
        }
        while let Some((end, wish)) = (0..2).find_map(|end| Some((end, self.talks[end].poll()?))) {
            if let RowWish::Send(_, frame) = &wish {
                assert!(RowFrame::decode(frame).is_ok());
                self.bytes += frame.len() as u64 + AROUND_BYTES;
                self.frames += 1;
                self.talks[1 - end].handle(RowInput::Frame(frame.clone()), 0);
            }
            let stamp = Stamp { mono_ms: 0, trusted: Some(UtcMs(1_790_000_000_000)) };
            if let Some(answer) = self.rows[end].carry_out(&who[1 - end], &wish, stamp).expect("sound") {
                self.talks[end].handle(answer, 0);
                let facts = self.rows[end].facts();
                self.talks[end].handle(RowInput::Changed(facts), 0);
            }
        }
    }

    fn write(&mut self, end: usize, kind: &Kind, name: &str, value: Vec<u8>, ms: i64) {
        let site = Scope::Site("acme".parse().expect("a name"), "lyon".parse().expect("a name"));
        let key = Key::new(&site, kind, name).expect("a key");
        let stamp = Stamp { mono_ms: 0, trusted: Some(UtcMs(1_790_000_000_000 + ms)) };
        let written = self.rows[end].write(stamp, |pen| match kind {
            Kind::Alert => pen.add(&key, value),
            Kind::Ack => pen.many(&key, &Context::default(), Some(value)),
            _ => pen.last(&key, Some(value)),
        });
        written.expect("sound");
    }

    fn same(&mut self) -> bool {
        self.rows[0].dump().expect("sound") == self.rows[1].dump().expect("sound")
    }
}

#[test]
fn a_day_of_a_site_of_fifty_machines_passes_a_line_of_64_kbit_in_five_seconds() {
    let mut pair = Pair::new();
    let machine = |number: u64| format!("{number:032x}");
    for number in 0..50 {
        (0..12).for_each(|fact| pair.write(1, &Kind::Fact, &format!("{}/{fact}", machine(number)), vec![7; 40], 0));
        pair.write(1, &Kind::Presence, &machine(number), vec![1; 12], 0);
    }
    pair.connect();
    assert!(pair.same());
    // A day without a line: each machine was seen all the time, tells two new facts, and forty alerts came, of which half
    // were taken care of.
    for minute in 0..24 * 60 {
        (0..50).for_each(|number| {
            pair.write(1, &Kind::Presence, &machine(number), vec![minute as u8; 12], minute * 60_000)
        });
    }
    for number in 0..50 {
        (0..2).for_each(|fact| pair.write(1, &Kind::Fact, &format!("{}/{fact}", machine(number)), vec![8; 40], 1));
    }
    for alert in 0..40u8 {
        let ulid = Ulid::new(UtcMs(1_790_000_000_000), [alert; 10]).to_string();
        pair.write(1, &Kind::Alert, &ulid, vec![alert; 24], 2);
        if alert.is_multiple_of(2) {
            pair.write(1, &Kind::Ack, &ulid, vec![alert; 40], 3);
        }
    }
    (pair.bytes, pair.frames) = (0, 0);
    pair.connect();
    assert!(pair.same());
    let seconds = pair.bytes as f64 * 8.0 / 64_000.0;
    println!("a day: {} bytes in {} frames, {seconds:.1} s at 64 kbit/s", pair.bytes, pair.frames);
    assert!(seconds <= 5.0, "{seconds} s for {} bytes", pair.bytes);
    // One change while the line is there.
    (pair.bytes, pair.frames) = (0, 0);
    for change in 0..100 {
        pair.write(1, &Kind::Presence, &machine(7), vec![change; 12], 90_000_000 + i64::from(change));
        pair.settle();
    }
    assert!(pair.same());
    println!("a change: {} bytes in {} frames", pair.bytes / 100, pair.frames / 100);
    assert!(pair.bytes / 100 <= 300, "{} bytes", pair.bytes / 100);
}

#[test]
fn the_day_of_a_cut_site_is_at_the_hub_within_five_seconds_over_64_kbit_and_600_ms() {
    let day = vigie_bottle::day_of_state(8_000).expect("both have the same rows");
    println!("{day}");
    assert!(day.ms <= 5_000, "{day}");
    assert!(day.bytes_per_change <= 400, "{day}");
}
