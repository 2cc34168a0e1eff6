//! What a link promises, whatever is sent and whenever: days of it, in no time, without a socket.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use proptest::prelude::*;
use vigie_link::{
    Chance, Condition, Direction, FlowId, Link, LinkChange, Load, MAX_IN_PIPE_BYTES, Moment, Offer, Parcel, Pipe,
    Profile, RateKbit, Side,
};

proptest! {
    #[test]
    fn the_same_seed_gives_the_same_fate(seed: u64, condition in any_condition(), sends in any_sends()) {
        let one = deliveries(&mut Pipe::new(condition, seed, 0), &sends);
        let other = deliveries(&mut Pipe::new(condition, seed, 0), &sends);
        prop_assert_eq!(one, other);
    }

    #[test]
    fn luck_does_not_depend_on_timing(seed: u64, loss in any_chance(), sends in any_sends(), slower in 1_u64..50) {
        let condition = Condition { loss, ..Condition::CLEAR };
        let fast = deliveries(&mut Pipe::new(condition, seed, 0), &sends);
        let later: Vec<Send> = sends.iter().map(|send| Send { at_us: send.at_us * slower, ..*send }).collect();
        let slow = deliveries(&mut Pipe::new(condition, seed, 0), &later);
        prop_assert_eq!(numbers(&fast), numbers(&slow));
    }

    #[test]
    fn the_rate_is_kept_and_used_in_full(kbit in 1_u32..100_000, sends in any_sends()) {
        let rate = RateKbit::new(kbit);
        let mut pipe = Pipe::new(Condition { rate, ..Condition::CLEAR }, 0, 0);
        let arrived = deliveries(&mut pipe, &sends);
        let mut free = Moment::BIRTH;
        let mut sent = sends.iter().enumerate().filter(|(n, _)| numbers(&arrived).contains(n));
        for (at, _) in &arrived {
            let (_, send) = sent.next().unwrap();
            free = free.max(send.at()) + pipe.condition().time_on_wire(send.length + 28);
            prop_assert_eq!(*at, free);
        }
    }

    #[test]
    fn without_reordering_the_order_is_kept_whatever_the_jitter(
        seed: u64, condition in any_condition(), sends in any_sends(),
    ) {
        let condition = Condition { reorder: Chance::NEVER, corrupt: Chance::NEVER, ..condition };
        let arrived = numbers(&deliveries(&mut Pipe::new(condition, seed, 0), &sends));
        prop_assert!(arrived.is_sorted());
    }

    #[test]
    fn no_more_waits_for_the_wire_than_the_queue_holds(
        seed: u64, condition in any_condition(), sends in any_sends(),
    ) {
        let mut pipe = Pipe::new(condition, seed, 0);
        for (number, send) in sends.iter().enumerate() {
            offer(&mut pipe, number, send);
            let waiting = pipe.stats().in_pipe.waiting_wire_bytes as usize;
            // One alone always finds a place: it goes onto the wire.
            prop_assert!(waiting <= condition.queue_bytes.max(MAX_LENGTH + 28));
        }
    }

    #[test]
    fn every_datagram_is_accounted_for(seed: u64, deeds in any_deeds()) {
        let mut pipe = Pipe::new(Condition::CLEAR, seed, 0);
        let mut now = Moment::BIRTH;
        for (number, (wait_ms, deed)) in deeds.into_iter().enumerate() {
            now = now + Duration::from_millis(wait_ms);
            act(&mut pipe, deed, number, now);
            let stats = pipe.stats();
            let came = stats.udp.entered.packets + stats.udp.duplicated;
            let went = stats.udp.left.packets + stats.udp.dropped.total() + stats.in_pipe.packets;
            prop_assert_eq!(came, went);
        }
    }

    #[test]
    fn a_pipe_that_has_nothing_now_says_when_it_will(seed: u64, deeds in any_deeds()) {
        let mut pipe = Pipe::new(Condition::CLEAR, seed, 0);
        let mut now = Moment::BIRTH;
        for (number, (wait_ms, deed)) in deeds.into_iter().enumerate() {
            now = now + Duration::from_millis(wait_ms);
            act(&mut pipe, deed, number, now);
            while pipe.poll(now).is_some() {}
            match pipe.next_wakeup() {
                Some(wakeup) => prop_assert!(wakeup > now),
                None => prop_assert_eq!(pipe.stats().in_pipe.packets, 0),
            }
        }
    }

    #[test]
    fn a_stream_loses_nothing_and_keeps_its_order(
        seed: u64, condition in any_condition(), cuts in prop::collection::vec(0_u64..3000, 0..6),
    ) {
        let loss = Chance::percent(condition.loss.as_percent().min(60.0)).unwrap();
        let condition = Condition { loss, ..condition };
        let mut pipe = Pipe::new(condition, seed, 0);
        let arrived = stream_through(&mut pipe, 60, &cuts);
        prop_assert_eq!(arrived, (0..60).collect::<Vec<_>>());
    }
}

#[test]
fn a_cut_drops_what_is_under_way_and_delivers_nothing_until_it_is_healed() {
    let mut pipe = Pipe::new(Profile::Thin.up(), 1, 0);
    for number in 0..20 {
        offer(&mut pipe, number, &Send { at_us: 0, length: 1000 });
    }
    pipe.cut(at_ms(450));
    assert_eq!(pipe.stats().in_pipe.packets, 0);
    offer(&mut pipe, 20, &Send { at_us: 460_000, length: 10 });
    assert_eq!(pipe.poll(at_ms(100_000)), None);
    assert_eq!(pipe.stats().udp.dropped.cut, 21);

    pipe.heal(at_ms(100_000));
    offer(&mut pipe, 21, &Send { at_us: 100_000_000, length: 10 });
    assert_eq!(numbers(&drain(&mut pipe)), vec![21]);
}

#[test]
fn a_cut_does_not_move_the_luck_of_those_after_it() {
    let loss = Chance::percent(50.0).unwrap();
    let sends: Vec<Send> = (0..200).map(|n| Send { at_us: n, length: 8 }).collect();
    let mut whole = Pipe::new(Condition { loss, ..Condition::CLEAR }, 11, 0);
    let mut cut = whole.clone();
    let expected = numbers(&deliveries(&mut whole, &sends)).into_iter().filter(|n| *n >= 100);
    cut.cut(at_ms(0));
    deliveries(&mut cut, &sends[..100]);
    cut.heal(sends[100].at());
    let arrived = numbers(&deliveries(&mut cut, &sends[100..]));
    assert_eq!(arrived.into_iter().map(|n| n + 100).collect::<Vec<_>>(), expected.collect::<Vec<_>>());
}

#[test]
fn a_datagram_larger_than_the_queue_passes_when_nothing_waits() {
    let condition = Condition { queue_bytes: 1, rate: RateKbit::new(8), ..Condition::CLEAR };
    let mut pipe = Pipe::new(condition, 0, 0);
    for number in 0..2 {
        offer(&mut pipe, number, &Send { at_us: 0, length: 972 });
    }
    assert_eq!(numbers(&drain(&mut pipe)), vec![0]);
    assert_eq!(pipe.stats().udp.dropped.queue, 1);
}

#[test]
fn a_stream_that_stood_still_sets_out_anew_when_it_is_healed() {
    let mut pipe = Pipe::new(Condition { delay: Duration::from_millis(100), ..Condition::CLEAR }, 0, 0);
    assert_eq!(pipe.offer(segment(0), at_ms(0)), Offer::Taken);
    pipe.cut(at_ms(50));
    assert_eq!(pipe.next_wakeup(), None);
    pipe.heal(at_ms(5_000));
    assert_eq!(pipe.next_wakeup(), Some(at_ms(5_100)));
    assert_eq!(pipe.poll(at_ms(5_100)), Some(segment(0)));
}

#[test]
fn about_as_many_are_lost_doubled_and_damaged_as_was_asked() {
    let percent = |percent| Chance::percent(percent).unwrap();
    let condition =
        Condition { loss: percent(20.0), duplicate: percent(5.0), corrupt: percent(1.0), ..Condition::CLEAR };
    let mut pipe = Pipe::new(condition, 7, 0);
    for number in 0..50_000 {
        offer(&mut pipe, number, &Send { at_us: number as u64, length: 100 });
        while pipe.poll(at_ms(1_000)).is_some() {}
    }
    let udp = pipe.stats().udp;
    assert!((9_600..10_400).contains(&udp.dropped.loss), "{udp:?}");
    assert!((1_850..2_150).contains(&udp.duplicated), "{udp:?}");
    assert!((340..460).contains(&udp.corrupted), "{udp:?}");
}

#[test]
fn damage_is_one_flipped_bit() {
    let corrupt = Chance::percent(100.0).unwrap();
    let mut pipe = Pipe::new(Condition { corrupt, ..Condition::CLEAR }, 3, 0);
    let sent = vec![0; 300];
    let parcel = Parcel { flow: FlowId(0), load: Load::Datagram(sent) };
    assert_eq!(pipe.offer(parcel, Moment::BIRTH), Offer::Taken);
    let Some(Parcel { load: Load::Datagram(arrived), .. }) = pipe.poll(Moment::BIRTH) else {
        panic!("it arrives");
    };
    assert_eq!(arrived.iter().map(|byte| byte.count_ones()).sum::<u32>(), 1);
}

#[test]
fn what_is_reordered_is_overtaken_and_still_arrives() {
    let reorder = Chance::percent(30.0).unwrap();
    let condition = Condition { reorder, delay: Duration::from_millis(100), ..Condition::CLEAR };
    let sends: Vec<Send> = (0..200).map(|n| Send { at_us: n * 1_000, length: 50 }).collect();
    let arrived = numbers(&deliveries(&mut Pipe::new(condition, 5, 0), &sends));
    assert!(!arrived.is_sorted());
    let mut sorted = arrived;
    sorted.sort_unstable();
    assert_eq!(sorted, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_new_delay_holds_for_what_is_under_way() {
    let mut pipe = Pipe::new(Profile::Satellite.up(), 0, 0);
    offer(&mut pipe, 0, &Send { at_us: 0, length: 100 });
    assert_eq!(pipe.poll(at_ms(50)), None);
    pipe.set(Condition::CLEAR, at_ms(50));
    assert!(pipe.poll(at_ms(50)).is_some());
}

#[test]
fn a_faster_wire_does_not_turn_waiting_into_a_burst() {
    let rate = |kbit| Condition { rate: RateKbit::new(kbit), ..Condition::CLEAR };
    let mut pipe = Pipe::new(rate(1), 0, 0);
    for number in 0..10 {
        offer(&mut pipe, number, &Send { at_us: 0, length: 972 });
    }
    pipe.set(rate(8), at_ms(5_000));
    let arrived: Vec<Moment> = drain(&mut pipe).into_iter().map(|(at, _)| at).collect();
    let expected: Vec<Moment> = (6..16).map(|second| at_ms(second * 1_000)).collect();
    assert_eq!(arrived, expected);
}

#[test]
fn without_a_rate_the_pipe_is_bounded_all_the_same() {
    let condition = Condition { delay: Duration::from_secs(600), ..Condition::CLEAR };
    let mut pipe = Pipe::new(condition, 0, 0);
    for number in 0..400_000 {
        offer(&mut pipe, number % 1000, &Send { at_us: 0, length: 0 });
    }
    let stats = pipe.stats();
    assert!(stats.in_pipe.packets as usize <= MAX_IN_PIPE_BYTES / 192);
    assert!(stats.udp.dropped.full > 0);
}

#[test]
fn loss_makes_a_stream_wait() {
    let loss = Chance::percent(100.0).unwrap();
    let mut pipe = Pipe::new(Condition { loss, ..Condition::CLEAR }, 0, 0);
    assert_eq!(pipe.offer(segment(0), Moment::BIRTH), Offer::Taken);
    assert_eq!(pipe.next_wakeup(), Some(at_ms(63 * 200)));
    assert_eq!(pipe.stats().tcp.repeated, 1);
}

#[test]
fn a_one_way_cut_passes_datagrams_the_other_way_and_stops_streams_both_ways() {
    let mut link = Link::new(0);
    link.cut(Side::Up, at_ms(0));
    assert!(matches!(link.offer(Direction::Up, datagram(0, 9), at_ms(1)), Offer::Dropped(_)));
    assert_eq!(link.offer(Direction::Down, datagram(1, 9), at_ms(1)), Offer::Taken);
    assert_eq!(link.poll(at_ms(1)), Some((Direction::Down, datagram(1, 9))));
    assert!(matches!(link.offer(Direction::Down, segment(2), at_ms(1)), Offer::NoRoom(_)));

    link.cut(Side::Down, at_ms(2));
    link.heal(Side::Up, at_ms(3));
    assert!(matches!(link.offer(Direction::Up, segment(3), at_ms(3)), Offer::NoRoom(_)));
    link.heal(Side::Down, at_ms(4));
    assert_eq!(link.offer(Direction::Up, segment(3), at_ms(4)), Offer::Taken);
    assert_eq!(link.poll(at_ms(4)), Some((Direction::Up, segment(3))));
}

#[test]
fn a_refused_change_changes_nothing() {
    let mut link = Link::new(0);
    let mut change = LinkChange { profile: Some(Profile::Thin), ..Default::default() };
    change.down.loss_percent = Some(200.0);
    assert!(link.set(&change, at_ms(0)).is_err());
    assert_eq!(link.pipe(Direction::Up).condition(), Condition::CLEAR);
}

// === helpers

/// A datagram sent at a time.
#[derive(Debug, Clone, Copy)]
struct Send {
    at_us: u64,
    length: usize,
}

/// What may happen to a pipe.
#[derive(Debug, Clone, Copy)]
enum Deed {
    Send(usize),
    Poll,
    Set(Condition),
    Cut,
    Heal,
}

const MAX_LENGTH: usize = 3_000;

impl Send {
    fn at(&self) -> Moment {
        Moment::after_birth(Duration::from_micros(self.at_us))
    }
}

fn any_sends() -> impl Strategy<Value = Vec<Send>> {
    prop::collection::vec((0_u64..20_000, 8..MAX_LENGTH), 1..80).prop_map(|gaps| {
        let mut at_us = 0;
        let mut send = |(gap_us, length)| {
            at_us += gap_us;
            Send { at_us, length }
        };
        gaps.into_iter().map(&mut send).collect()
    })
}

fn any_chance() -> impl Strategy<Value = Chance> {
    (0.0..=100.0).prop_map(|percent| Chance::percent(percent).unwrap())
}

prop_compose! {
    fn any_condition()(
        delay_ms in 0_u64..500,
        jitter_ms in 0_u64..200,
        kbit in 0_u32..20_000,
        queue_bytes in 1_usize..100_000,
        loss in any_chance(),
        duplicate in any_chance(),
        reorder in any_chance(),
        corrupt in any_chance(),
    ) -> Condition {
        Condition {
            delay: Duration::from_millis(delay_ms),
            jitter: Duration::from_millis(jitter_ms),
            rate: RateKbit::new(kbit),
            queue_bytes,
            loss,
            duplicate,
            reorder,
            corrupt,
        }
    }
}

fn any_deeds() -> impl Strategy<Value = Vec<(u64, Deed)>> {
    let deed = prop_oneof![
        6 => (8..MAX_LENGTH).prop_map(Deed::Send),
        2 => Just(Deed::Poll),
        1 => any_condition().prop_map(Deed::Set),
        1 => Just(Deed::Cut),
        1 => Just(Deed::Heal),
    ];
    prop::collection::vec((0_u64..100, deed), 1..120)
}

fn act(pipe: &mut Pipe, deed: Deed, number: usize, now: Moment) {
    match deed {
        Deed::Send(length) => drop(pipe.offer(datagram(number, length), now)),
        Deed::Poll => drop(pipe.poll(now)),
        Deed::Set(condition) => pipe.set(condition, now),
        Deed::Cut => pipe.cut(now),
        Deed::Heal => pipe.heal(now),
    }
}

fn at_ms(ms: u64) -> Moment {
    Moment::after_birth(Duration::from_millis(ms))
}

/// A datagram that begins with its number.
fn datagram(number: usize, length: usize) -> Parcel {
    let mut bytes = (number as u64).to_be_bytes().to_vec();
    bytes.resize(length, 0);
    Parcel { flow: FlowId(0), load: Load::Datagram(bytes) }
}

fn segment(number: u8) -> Parcel {
    Parcel { flow: FlowId(1), load: Load::Segment(vec![number]) }
}

fn offer(pipe: &mut Pipe, number: usize, send: &Send) {
    drop(pipe.offer(datagram(number, send.length), send.at()));
}

/// Sends all, polling whenever the pipe asks for it, until it is empty.
fn deliveries(pipe: &mut Pipe, sends: &[Send]) -> Vec<(Moment, Parcel)> {
    let mut arrived = Vec::new();
    for (number, send) in sends.iter().enumerate() {
        arrived.extend(drain_until(pipe, send.at()));
        offer(pipe, number, send);
    }
    arrived.extend(drain(pipe));
    arrived
}

fn drain(pipe: &mut Pipe) -> Vec<(Moment, Parcel)> {
    drain_until(pipe, Moment::after_birth(Duration::MAX))
}

fn drain_until(pipe: &mut Pipe, end: Moment) -> Vec<(Moment, Parcel)> {
    let mut arrived = Vec::new();
    while let Some(wakeup) = pipe.next_wakeup().filter(|wakeup| *wakeup < end) {
        while let Some(parcel) = pipe.poll(wakeup) {
            arrived.push((wakeup, parcel));
        }
    }
    arrived
}

fn numbers(arrived: &[(Moment, Parcel)]) -> Vec<usize> {
    let number = |parcel: &Parcel| match &parcel.load {
        Load::Datagram(bytes) => u64::from_be_bytes(bytes[..8].try_into().unwrap()) as usize,
        Load::Segment(_) | Load::End => panic!("only datagrams were sent"),
    };
    arrived.iter().map(|(_, parcel)| number(parcel)).collect()
}

/// Sends a stream of one-byte pieces, cut at some moments and healed 200 ms later, and returns what arrived.
fn stream_through(pipe: &mut Pipe, pieces: u8, cuts: &[u64]) -> Vec<u8> {
    let mut next = 0;
    let mut arrived = Vec::new();
    // Sixty pieces at the slowest and unluckiest need minutes; an hour is never.
    for ms in (0..3_600_000).step_by(10) {
        let now = at_ms(ms);
        if cuts.iter().any(|cut| cut / 10 * 10 == ms) {
            pipe.cut(now);
        }
        if cuts.iter().any(|cut| cut / 10 * 10 + 200 == ms) {
            pipe.heal(now);
        }
        while next < pieces && pipe.offer(segment(next), now) == Offer::Taken {
            next += 1;
        }
        while let Some(parcel) = pipe.poll(now) {
            let Load::Segment(bytes) = parcel.load else { panic!("only segments were sent") };
            arrived.extend(bytes);
        }
        if arrived.len() >= usize::from(pieces) && ms > 4_000 {
            break;
        }
    }
    arrived
}
