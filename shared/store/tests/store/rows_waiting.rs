//! How many rows wait for the hub?

use std::sync::Arc;

use crate::common::Chance;
use vigie_codec::wire::rows::{RowAsk, RowGive, RowHello};
use vigie_merge::{Context, Hlc, Key, Kind, Scope, Ulid};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_store::State;
use vigie_store::fault::FaultDisk;
use vigie_store::rows::{Owner, Rows, RowsWait};
use vigie_sync::rows::{RowPeer, RowWish, Stamp};

type OnDisk = Rows<Arc<State>>;

const T0: i64 = 1_790_000_000_000;

fn at(ms: u64) -> Stamp {
    Stamp { mono_ms: ms, trusted: Some(UtcMs(T0 + ms.cast_signed())) }
}

fn site() -> Scope {
    Scope::Site("acme".parse().expect("a name"), "lyon".parse().expect("a name"))
}

fn open(id: u8, role: Role) -> OnDisk {
    open_in_life(id, role, id.into())
}

fn open_in_life(id: u8, role: Role, life: u64) -> OnDisk {
    let (state, _) = State::open_on(FaultDisk::new()).expect("it always opens");
    let view = if role == Role::Hub { Scope::Deployment } else { site() };
    let who = RowPeer { node: NodeId::from_bytes([id; 16]), role, view };
    let mut chance = Chance(life);
    let owner = Owner { who, number: id.into(), floor: Hlc::ZERO, recovering: false };
    let random = Box::new(move || chance.next());
    Rows::open(Arc::new(state), owner, Arc::new(|_| true), random, false, 0).expect("it opens").0
}

/// The relay meets the hub, which takes all and says so with its next question.
fn bring(relay: &mut OnDisk, hub: &mut OnDisk, ms: u64) {
    let (mine, theirs) = (relay.owner().who.clone(), hub.owner().who.clone());
    let said = hub.hello(&mine, None).expect("sound");
    drop(relay.carry_out(&theirs, &RowWish::Recall(said), at(ms)).expect("sound"));
    for urgency in 0..2 {
        for _ in 0..2 {
            let (from, to) = (relay.hello(&theirs, None).expect("sound"), hub.hello(&mine, None).expect("sound"));
            let seen = to.seen_of_you.filter(|seen| seen.epoch == from.epoch);
            let since = seen.map_or(0, |seen| seen.seqs[usize::from(urgency)]);
            let ask = RowAsk { urgency, epoch: from.epoch, since };
            relay.passed(&theirs, &ask, at(ms)).expect("sound");
            let give = relay.serve(&theirs, &to, &ask).expect("sound");
            drop(hub.apply(&mine, &from, &give, at(ms)).expect("sound"));
        }
    }
}

#[test]
fn rows_that_the_hub_has_not_said_to_have_are_counted_each_once_by_urgency() {
    let (mut relay, mut hub) = (open(2, Role::Relay), open(1, Role::Hub));
    let fact = Key::new(&site(), &Kind::Fact, "aa/system").expect("a key");
    let ack = Key::new(&site(), &Kind::Ack, &Ulid::new(UtcMs(T0), [7; 10]).to_string()).expect("a key");
    assert_eq!(relay.waiting().expect("sound"), [0, 0]);
    for value in 1..4 {
        relay.write(at(value), |pen| pen.last(&fact, Some(value.to_be_bytes().into()))).expect("sound");
    }
    relay.write(at(4), |pen| pen.many(&ack, &Context::default(), Some(vec![1]))).expect("sound");
    assert_eq!(relay.waiting().expect("sound"), [1, 1], "what changed thrice waits once");
    bring(&mut relay, &mut hub, 5);
    assert_eq!(relay.waiting().expect("sound"), [0, 0]);
    relay.write(at(9), |pen| pen.last(&fact, Some(vec![9]))).expect("sound");
    assert_eq!(relay.waiting().expect("sound"), [0, 1]);
    assert_eq!(hub.waiting().expect("sound"), [0, 0], "nobody is above a hub");
}

/// What a relay writes down: its hello, and its answers to the hub's last word.
fn written_down(relay: &mut OnDisk, hub: &OnDisk) -> (RowHello, Vec<RowGive>) {
    let hub = hub.owner().who.clone();
    let mut unheard = relay.unheard(&hub).expect("sound");
    let mut gives = Vec::new();
    while let Some(give) = relay.next_unheard(&hub, &mut unheard).expect("sound") {
        gives.push(give);
    }
    (unheard.hello, gives)
}

/// The hub takes it; how many rows changed, or why it does not.
fn take(
    hub: &mut OnDisk,
    relay: &OnDisk,
    (hello, gives): &(RowHello, Vec<RowGive>),
    ms: u64,
) -> Result<usize, RowsWait> {
    let relay = relay.owner().who.clone();
    hub.may_be_carried(&relay, hello, at(ms)).expect("sound")?;
    let applied = gives.iter().map(|give| hub.apply(&relay, hello, give, at(ms)).expect("sound"));
    Ok(applied.map(|applied| applied.changed.len()).sum())
}

fn changes(relay: &mut OnDisk, from: u64, count: u64) {
    for no in from..from + count {
        let fact = Key::new(&site(), &Kind::Fact, &format!("aa/{no}")).expect("a key");
        relay.write(at(no), |pen| pen.last(&fact, Some(vec![7; 200]))).expect("sound");
    }
    let ack = Key::new(&site(), &Kind::Ack, &Ulid::new(UtcMs(T0), [from as u8; 10]).to_string()).expect("a key");
    relay.write(at(from + count), |pen| pen.many(&ack, &Context::default(), Some(vec![1]))).expect("sound");
}

#[test]
fn what_waits_goes_by_hand_once_decisions_first_and_the_session_has_nothing_to_add() {
    let (mut relay, mut hub) = (open(2, Role::Relay), open(1, Role::Hub));
    changes(&mut relay, 1, 3);
    bring(&mut relay, &mut hub, 10);
    changes(&mut relay, 20, 1_500);
    let file = written_down(&mut relay, &hub);
    let entries: usize = file.1.iter().map(|give| give.entries.len()).sum();
    assert_eq!(entries, 1_501, "and nothing that the hub has said to have");
    assert_eq!(file.1[0].urgency, 0, "alerts and decisions go first");
    assert!(file.1.len() > 3, "in pieces of bounded size");
    assert_eq!(take(&mut hub, &relay, &file, 2_000), Ok(1_501));
    assert_eq!(take(&mut hub, &relay, &file, 2_001), Ok(0), "the same file again changes nothing");
    let (mine, theirs) = (relay.owner().who.clone(), hub.owner().who.clone());
    let said = hub.hello(&mine, None).expect("sound");
    let seen = said.seen_of_you.expect("they have met");
    for urgency in 0..2 {
        let ask = RowAsk { urgency, epoch: seen.epoch, since: seen.seqs[usize::from(urgency)] };
        let give = relay.serve(&theirs, &said, &ask).expect("sound");
        assert_eq!(give.entries, [], "the line brings nothing of it again");
    }
    assert_eq!(relay.dump().expect("sound"), hub.dump().expect("sound"));
}

#[test]
fn a_relay_that_never_met_the_hub_brings_all_it_has() {
    let (mut relay, mut hub) = (open(2, Role::Relay), open(1, Role::Hub));
    changes(&mut relay, 1, 3);
    let file = written_down(&mut relay, &hub);
    assert_eq!(take(&mut hub, &relay, &file, 10), Ok(4));
    bring(&mut relay, &mut hub, 11);
    assert_eq!(written_down(&mut relay, &hub).1, [], "after a word of the hub nothing waits");
}

#[test]
fn rows_wait_for_the_line_where_taking_them_would_need_a_conversation() {
    let (mut relay, mut hub) = (open(2, Role::Relay), open(1, Role::Hub));
    changes(&mut relay, 1, 3);
    let old = written_down(&mut relay, &hub);
    bring(&mut relay, &mut hub, 10);
    changes(&mut relay, 20, 3);
    let file = written_down(&mut relay, &hub);
    let mut behind = open(1, Role::Hub);
    assert_eq!(take(&mut behind, &relay, &file, 30), Ok(0), "what lies between is missing there");
    assert_eq!(behind.dump().expect("sound"), open(1, Role::Hub).dump().expect("sound"));
    let mut begun_anew = open_in_life(2, Role::Relay, 99);
    changes(&mut begun_anew, 40, 1);
    bring(&mut begun_anew, &mut hub, 50);
    assert_eq!(take(&mut hub, &relay, &old, 60), Err(RowsWait::OtherLife));
}
