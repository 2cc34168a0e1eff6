//! How many rows wait for the hub?

use std::sync::Arc;

use crate::common::Chance;
use vigie_codec::wire::rows::RowAsk;
use vigie_merge::{Context, Hlc, Key, Kind, Scope, Ulid};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_store::State;
use vigie_store::fault::FaultDisk;
use vigie_store::rows::{Owner, Rows};
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
    let (state, _) = State::open_on(FaultDisk::new()).expect("it always opens");
    let view = if role == Role::Hub { Scope::Deployment } else { site() };
    let who = RowPeer { node: NodeId::from_bytes([id; 16]), role, view };
    let mut chance = Chance(u64::from(id));
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
