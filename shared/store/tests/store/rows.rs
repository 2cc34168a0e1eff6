//! Rows on the real store: what crashes, copies and peers do to them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::common::{Chance, quiet_redb};
use vigie_codec::wire::rows::{BATCH_BYTES, Entry, RowAsk, RowGive, RowHello, RowRefusal, Said};
use vigie_merge::{Context, Hlc, Key, Kind, Last, Marker, Row, Scope, Ulid, limit};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_store::State;
use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::rows::{
    Collected, FORGET_AFTER_MS, MACHINE_ROWS, MemoryShelf, NewLife, Owner, Rows, SITE_ROWS, Shelf, WriteError,
};
use vigie_sync::rows::{RowPeer, Stamp};

type OnDisk = Rows<Arc<State>>;

const T0: i64 = 1_790_000_000_000;

fn at(ms: u64) -> Stamp {
    Stamp { mono_ms: ms, trusted: Some(UtcMs(T0 + ms.cast_signed())) }
}

fn site() -> Scope {
    Scope::Site("acme".parse().expect("a name"), "lyon".parse().expect("a name"))
}

fn hub() -> RowPeer {
    RowPeer { node: NodeId::from_bytes([1; 16]), role: Role::Hub, view: Scope::Deployment }
}

fn relay(id: u8) -> RowPeer {
    RowPeer { node: NodeId::from_bytes([id; 16]), role: Role::Relay, view: site() }
}

fn fact(name: &str) -> Key {
    Key::new(&site(), &Kind::Fact, name).expect("a key")
}

fn ack(number: u8) -> Key {
    Key::new(&site(), &Kind::Ack, &Ulid::new(UtcMs(T0), [number; 10]).to_string()).expect("a key")
}

fn open_why(disk: &FaultDisk, who: RowPeer) -> (OnDisk, Option<NewLife>) {
    let (state, report) = State::open_on(disk.clone()).expect("it always opens");
    let number = u16::from(who.node.as_bytes()[0]);
    let owner = Owner { who, number, floor: Hlc::ZERO, recovering: false };
    let mut chance = Chance(disk.operations() ^ 0xfeed);
    let random = Box::new(move || chance.next());
    Rows::open(Arc::new(state), owner, Arc::new(|actor| actor.number() < 100), random, report.damaged, 0)
        .expect("it opens")
}

fn open(disk: &FaultDisk, who: RowPeer) -> OnDisk {
    open_why(disk, who).0
}

fn put(rows: &mut OnDisk, key: &Key, text: &str, ms: u64) {
    rows.write(at(ms), |pen| pen.last(key, Some(text.into()))).expect("sound");
}

fn hello(rows: &mut OnDisk, to: &RowPeer) -> RowHello {
    rows.hello(to, None).expect("sound")
}

/// What `from` has to tell `to`, all of it, applied.
fn tell(from: &mut OnDisk, to: &mut OnDisk, ms: u64) -> (u64, Vec<RowGive>) {
    let (giver, taker) = (from.owner().who.clone(), to.owner().who.clone());
    let mut gives = Vec::new();
    for urgency in 0..2 {
        loop {
            let (theirs, ours) = (hello(from, &taker), hello(to, &giver));
            let since = ours.seen_of_you.filter(|seen| seen.epoch == theirs.epoch).map_or(0, |seen| seen.seqs[urgency]);
            let ask = RowAsk { urgency: urgency as u8, epoch: theirs.epoch, since };
            from.passed(&taker, &ask, at(ms)).expect("sound");
            let give = from.serve(&taker, &ours, &ask).expect("sound");
            let more = give.more;
            let applied = to.apply(&giver, &theirs, &give, at(ms)).expect("sound");
            assert_eq!(applied.refused, [], "an honest peer");
            gives.push(give);
            if !more {
                break;
            }
        }
    }
    (gives.iter().map(|give| give.entries.len() as u64).sum(), gives)
}

#[test]
fn a_row_is_told_once_however_often_it_changed_and_never_back() {
    let (mut one, mut other) = (open(&FaultDisk::new(), relay(2)), open(&FaultDisk::new(), hub()));
    for change in 0..10 {
        put(&mut one, &fact("a"), &format!("{change}"), change);
    }
    put(&mut one, &fact("b"), "b", 20);
    assert_eq!(tell(&mut one, &mut other, 30).0, 2);
    assert_eq!(tell(&mut one, &mut other, 31).0, 0, "nothing is told twice");
    assert_eq!(tell(&mut other, &mut one, 32).0, 0, "who sent exactly this has nothing to learn");
    assert_eq!(one.dump().expect("sound"), other.dump().expect("sound"));
}

#[test]
fn what_became_more_than_was_sent_goes_back() {
    let (mut one, mut other) = (open(&FaultDisk::new(), relay(2)), open(&FaultDisk::new(), hub()));
    let write = |rows: &mut OnDisk, text: &str| {
        rows.write(at(1), |pen| pen.many(&ack(1), &Context::default(), Some(text.into()))).expect("sound");
    };
    write(&mut one, "one");
    write(&mut other, "other");
    assert_eq!(tell(&mut one, &mut other, 2).0, 1);
    assert_eq!(tell(&mut other, &mut one, 3).0, 1, "both values");
    assert_eq!(tell(&mut one, &mut other, 4).0, 0);
    assert_eq!(one.dump().expect("sound"), other.dump().expect("sound"));
}

#[test]
fn who_decides_on_what_is_not_so_any_more_is_told_to_look_again() {
    let mut rows = open(&FaultDisk::new(), relay(2));
    put(&mut rows, &fact("a"), "1", 1);
    let seen = rows.get(&fact("a")).expect("sound").and_then(|row| row.marker());
    put(&mut rows, &fact("a"), "2", 2);
    let late = rows.write(at(3), |pen| pen.last_if(&fact("a"), seen, None));
    assert!(matches!(late, Err(WriteError::Stale)), "{late:?}");
    let both = rows.write(at(4), |pen| {
        pen.last(&fact("b"), Some(b"b".to_vec()))?;
        pen.many(&ack(1), &Context::default(), None)?;
        pen.many(&ack(1), &Context::default(), None)
    });
    assert!(matches!(both, Err(WriteError::Stale)), "{both:?}");
    assert_eq!(rows.get(&fact("b")).expect("sound"), None, "nothing of the transaction happened");
}

#[test]
fn rows_of_one_transaction_arrive_together_where_they_fit() {
    let (mut one, mut other) = (open(&FaultDisk::new(), relay(2)), open(&FaultDisk::new(), hub()));
    let mut chance = Chance(3);
    for group in 0..40u64 {
        let rows = 1 + chance.below(12);
        one.write(at(group), |pen| {
            (0..rows).try_for_each(|row| pen.last(&fact(&format!("{group}/{row}")), Some(vec![7; 900])))
        })
        .expect("sound");
    }
    let (_, gives) = tell(&mut one, &mut other, 100);
    assert!(gives.len() > 3, "more than fits one batch");
    let group = |entry: &Entry| String::from_utf8_lossy(&entry.key).split('/').nth(3).map(str::to_owned);
    for pair in gives.windows(2) {
        let (last, first) = (pair[0].entries.last().and_then(group), pair[1].entries.first().and_then(group));
        assert!(last.is_none() || last != first, "{last:?} was cut");
        assert!(pair[0].entries.iter().map(|entry| entry.key.len()).sum::<usize>() < BATCH_BYTES);
    }
    assert_eq!(one.dump().expect("sound"), other.dump().expect("sound"));
}

#[test]
fn a_group_that_fits_no_batch_is_cut() {
    let (mut one, mut other) = (open(&FaultDisk::new(), relay(2)), open(&FaultDisk::new(), hub()));
    one.write(at(1), |pen| {
        (0..100).try_for_each(|row| pen.last(&fact(&format!("{row}")), Some(vec![7; limit::VALUE_BYTES])))
    })
    .expect("sound");
    assert_eq!(tell(&mut one, &mut other, 2).0, 100);
    assert_eq!(one.dump().expect("sound"), other.dump().expect("sound"));
}

#[test]
fn a_peer_speaks_for_its_place_alone_and_is_told_what_was_refused() {
    let mut rows = open(&FaultDisk::new(), hub());
    let mut stranger = open(&FaultDisk::new(), relay(2));
    let said = hello(&mut stranger, &hub());
    let row = |actor| {
        Row::Last(Last::new(None, Marker { hlc: Hlc::of(5, 0), actor: vigie_merge::Actor::of(actor, 1) })).encode()
    };
    let elsewhere = Scope::Site("acme".parse().expect("a name"), "nice".parse().expect("a name"));
    let key = |scope: &Scope, kind: &Kind| Key::new(scope, kind, "x").expect("a key").as_bytes().to_vec();
    let entry = |key: Vec<u8>, row: Vec<u8>| Entry { key, said: Said::Row(row), begins: true };
    let entries = [
        entry(key(&elsewhere, &Kind::Fact), row(2)),
        entry(key(&Scope::Deployment, &Kind::Fact), row(2)),
        entry(key(&site(), &Kind::Grant), row(2)),
        entry(key(&site(), &Kind::Fact), row(400)),
        entry(key(&site(), &Kind::Tag), row(2)),
        entry(b"nonsense".to_vec(), row(2)),
        entry(key(&site(), &Kind::Fact), b"\x01\x01".to_vec()),
        Entry { key: key(&site(), &Kind::Fact), said: Said::Forget { was: 0, passed: 9 }, begins: true },
        entry(key(&site(), &Kind::Fact), row(2)),
    ];
    let applied = rows.keep(&relay(2), &said, &entries, at(1)).expect("sound");
    let why: Vec<RowRefusal> = applied.refused.iter().map(|(_, why)| *why).collect();
    let expected = [
        RowRefusal::NotYours,
        RowRefusal::HubOnly,
        RowRefusal::HubOnly,
        RowRefusal::UnknownActor,
        RowRefusal::OtherType,
        RowRefusal::Garbled,
        RowRefusal::Garbled,
        RowRefusal::HubOnly,
    ];
    assert_eq!(why, expected);
    assert_eq!(applied.changed.len(), 1);
    let own = stranger.write(at(2), |pen| pen.last(&Key::new(&site(), &Kind::Grant, "x").expect("a key"), None));
    assert!(matches!(own, Err(WriteError::NotOurs(_))), "{own:?}");
}

#[test]
fn a_peer_sees_its_own_place_and_what_is_for_everybody() {
    let mut rows = open(&FaultDisk::new(), hub());
    let elsewhere = Scope::Site("other".parse().expect("a name"), "lyon".parse().expect("a name"));
    let acme = Scope::Client("acme".parse().expect("a name"));
    for scope in [&site(), &elsewhere, &acme, &Scope::Deployment] {
        let key = Key::new(scope, &Kind::Fact, "x").expect("a key");
        put(&mut rows, &key, "x", 1);
    }
    let mut other = open(&FaultDisk::new(), relay(2));
    assert_eq!(tell(&mut rows, &mut other, 2).0, 3);
    assert!(other.dump().expect("sound").iter().all(|(key, _)| key.scope() != elsewhere));
    assert_eq!(rows.digest(&relay(2)).expect("sound").len(), 3);
}

#[test]
fn no_power_cut_takes_back_an_acknowledged_row_or_a_place_without_its_rows() {
    for seed in 0..250 {
        let mut chance = Chance(seed);
        let mut source = open(&FaultDisk::new(), relay(2));
        let disk = FaultDisk::new();
        let mut rows = open(&disk, hub());
        disk.set_faults(Faults { cut_at: Some(disk.operations() + chance.below(250)), ..Faults::default() });
        let mut acknowledged: BTreeMap<Key, u64> = BTreeMap::new();
        for number in 1..40u64 {
            let key = fact(&format!("{}", chance.below(6)));
            if chance.below(2) == 0 {
                let done = rows.write(at(number), |pen| pen.last(&key, Some(number.to_be_bytes().to_vec())));
                if done.is_err() {
                    break;
                }
                acknowledged.insert(key, number);
            } else {
                put(&mut source, &fact(&format!("from/{}", chance.below(6))), &format!("{number}"), number);
                let (giver, said) = (relay(2), hello(&mut source, &hub()));
                let ask = RowAsk { urgency: 1, epoch: said.epoch, since: 0 };
                let since =
                    rows.hello(&giver, None).ok().and_then(|hello| hello.seen_of_you).map_or(0, |seen| seen.seqs[1]);
                let mine = RowHello { epoch: 1, ..said };
                let give = source.serve(&hub(), &mine, &RowAsk { since, ..ask }).expect("sound");
                if rows.apply(&giver, &said, &give, at(number)).is_err() {
                    break;
                }
            }
        }
        let (mut rows, why) = open_why(&disk.power_cut(seed), hub());
        assert_eq!(why, None, "seed {seed}: a power cut is no reason for a new life");
        for (key, number) in acknowledged {
            let Some(Row::Last(last)) = rows.get(&key).expect("sound") else { panic!("seed {seed}: {key} is gone") };
            let found = last.value().map(|value| u64::from_be_bytes(value.try_into().expect("eight bytes")));
            assert!(found >= Some(number), "seed {seed}: {key} is {found:?}, not {number}");
        }
        // What it says it has of the source it has: the rest of the source's rows makes both the same.
        tell(&mut source, &mut rows, 50);
        let theirs: Vec<_> =
            rows.dump().expect("sound").into_iter().filter(|(key, _)| key.name().starts_with("from")).collect();
        assert_eq!(theirs, source.dump().expect("sound"), "seed {seed}");
    }
}

#[test]
fn an_older_copy_of_the_file_begins_a_new_life_and_so_does_one_its_peer_knows_better() {
    let disk = FaultDisk::new();
    let mut other = open(&FaultDisk::new(), hub());
    let mut rows = open(&disk, relay(2));
    put(&mut rows, &fact("a"), "old", 1);
    let before = rows.facts();
    drop(rows);
    let copy = disk.copied();
    let (mut rows, why) = open_why(&disk, relay(2));
    assert_eq!((why, rows.facts().epoch), (None, before.epoch), "a restart is no new life");
    put(&mut rows, &fact("a"), "new", 2);
    tell(&mut rows, &mut other, 3);
    // The file alone: what stands beside it is the later start's.
    let alone = copy.copied();
    alone.take_witness_of(&disk);
    let (again, why) = open_why(&alone, relay(2));
    assert_eq!(why, Some(NewLife::Restored));
    assert_ne!((again.facts().epoch, again.actor()), (before.epoch, rows.actor()));
    // With what stands beside it: only the peer knows.
    let (mut whole, why) = open_why(&copy, relay(2));
    assert_eq!(why, None);
    let said = hello(&mut other, &relay(2));
    let recalled = whole.carry_out(&hub(), &vigie_sync::rows::RowWish::Recall(said), at(4)).expect("sound");
    let Some(vigie_sync::rows::RowInput::Recalled(recalled)) = recalled else { panic!("an answer") };
    assert!(recalled.i_was_restored);
}

#[test]
fn a_flipped_bit_ends_a_life_and_no_wrong_row_is_read() {
    quiet_redb();
    let disk = FaultDisk::new();
    let mut rows = open(&disk, relay(2));
    for row in 0..60 {
        put(&mut rows, &fact(&format!("{row}")), &format!("value {row}").repeat(10), row);
    }
    let right: BTreeMap<_, _> = rows.dump().expect("sound").into_iter().collect();
    let epoch = rows.facts().epoch;
    drop(rows);
    let (image, mut chance, mut ended) = (disk.copied(), Chance(9), 0);
    for flip in 0..120 {
        let disk = image.copied();
        disk.flip_bit(chance.below(disk.image().len() as u64 * 8));
        let (mut rows, _) = open_why(&disk, relay(2));
        let found = rows.dump().or_else(|_| rows.dump()).unwrap_or_else(|error| panic!("flip {flip}: {error}"));
        let wrong = found.iter().find(|(key, bytes)| right.get(key) != Some(bytes));
        assert_eq!(wrong, None, "flip {flip}");
        let lost = found.len() < right.len();
        assert!(!lost || rows.facts().epoch != epoch, "flip {flip}: a row is gone and nobody is told");
        ended += u64::from(lost);
    }
    assert!(ended > 0, "some flips hit a row");
}

#[test]
fn a_deletion_is_forgotten_when_all_have_it_and_who_had_not_begins_again() {
    let (mut at_hub, mut one) = (open(&FaultDisk::new(), hub()), open(&FaultDisk::new(), relay(2)));
    let disk = FaultDisk::new();
    let mut other = open(&disk, relay(3));
    put(&mut one, &fact("a"), "x", 1);
    tell(&mut one, &mut at_hub, 2);
    tell(&mut at_hub, &mut other, 3);
    drop(other);
    let old = disk.copied();
    let mut other = open(&disk, relay(3));
    one.write(at(4), |pen| pen.last(&fact("a"), None)).expect("sound");
    tell(&mut one, &mut at_hub, 5);
    let enrolled = [(relay(2).node, site()), (relay(3).node, site())];
    let late = FORGET_AFTER_MS + 10;
    assert_eq!(
        at_hub.forget(&enrolled, &BTreeSet::new(), at(late)).expect("sound"),
        Collected::default(),
        "the other has not heard"
    );
    // Each says with its next question that it has it.
    for rows in [&mut one, &mut other] {
        tell(&mut at_hub, rows, late);
        tell(&mut at_hub, rows, late);
    }
    assert_eq!(
        at_hub.forget(&enrolled, &BTreeSet::new(), at(6)).expect("sound"),
        Collected::default(),
        "it is too young"
    );
    let noted = at_hub.forget(&enrolled, &BTreeSet::new(), at(late)).expect("sound");
    assert_eq!((noted.noted, noted.gone), (1, 0));
    for rows in [&mut one, &mut other] {
        tell(&mut at_hub, rows, late + 1_000_000);
        tell(&mut at_hub, rows, late + 2_000_000);
        assert_eq!(rows.dump().expect("sound"), []);
    }
    assert_eq!(at_hub.forget(&enrolled, &BTreeSet::new(), at(late)).expect("sound").gone, 1);
    assert_eq!(at_hub.dump().expect("sound"), []);
    // A copy from before the deletion would bring the row back.
    let mut back = open(&old, relay(3));
    let said = hello(&mut back, &hub());
    let recall = vigie_sync::rows::RowWish::Recall(said);
    let recalled = at_hub.carry_out(&relay(3), &recall, at(late)).expect("sound");
    let Some(vigie_sync::rows::RowInput::Recalled(recalled)) = recalled else { panic!("an answer") };
    assert!(recalled.peer_begins_again);
    assert!(back.shelf().witness().is_some());
}

fn brought(from: u8, range: std::ops::Range<usize>, name: &dyn Fn(usize) -> String) -> Vec<Entry> {
    let row =
        Row::Last(Last::new(None, Marker { hlc: Hlc::of(5, 0), actor: vigie_merge::Actor::of(u16::from(from), 1) }));
    let entry = |number: usize| Entry {
        key: fact(&name(number)).as_bytes().to_vec(),
        said: Said::Row(row.encode()),
        begins: true,
    };
    range.map(entry).collect()
}

#[test]
fn a_machine_has_so_many_rows_and_no_more_and_those_it_has_still_change() {
    let mut rows = open(&FaultDisk::new(), relay(2));
    let agent = RowPeer { role: Role::Agent, ..relay(7) };
    let said = hello(&mut open(&FaultDisk::new(), agent.clone()), &relay(2));
    let own = |number: usize| format!("{}/{number}", agent.node);
    let applied = rows.keep(&agent, &said, &brought(7, 0..MACHINE_ROWS + 10, &own), at(1)).expect("sound");
    assert_eq!(applied.changed.len(), MACHINE_ROWS);
    assert_eq!(applied.refused.len(), 10);
    assert!(applied.refused.iter().all(|(_, why)| *why == RowRefusal::TooMany), "{:?}", applied.refused);
    let again = rows.keep(&agent, &said, &brought(7, MACHINE_ROWS..MACHINE_ROWS + 1, &own), at(2)).expect("sound");
    assert_eq!(again.refused.len(), 1);
    let newer =
        Row::Last(Last::new(Some("newer".into()), Marker { hlc: Hlc::of(9, 0), actor: vigie_merge::Actor::of(7, 1) }));
    let entry = Entry { key: fact(&own(0)).as_bytes().to_vec(), said: Said::Row(newer.encode()), begins: true };
    let changed = rows.keep(&agent, &said, &[entry], at(3)).expect("sound");
    assert_eq!((changed.changed.len(), changed.refused.len()), (1, 0));
    // The next machine has its own.
    let next = RowPeer { role: Role::Agent, ..relay(8) };
    let applied = rows.keep(&next, &said, &brought(7, 0..1, &|_| format!("{}/x", next.node)), at(4)).expect("sound");
    assert_eq!(applied.changed.len(), 1);
}

#[test]
fn a_site_has_so_many_rows_and_no_more_however_its_relay_brings_them() {
    let who = hub();
    let owner = Owner { who, number: 1, floor: Hlc::ZERO, recovering: false };
    let random = Box::new(|| 7);
    let mut rows = Rows::open(MemoryShelf::new(), owner, Arc::new(|_| true), random, false, 0).expect("it opens").0;
    let said = hello(&mut open(&FaultDisk::new(), relay(2)), &hub());
    let most = usize::try_from(SITE_ROWS).expect("it fits");
    let name = |number: usize| number.to_string();
    // The hub's own count as well, before the relay's first word and after it.
    rows.write(at(1), |pen| pen.last(&fact("hubs/0"), Some("x".into()))).expect("it may");
    let first = rows.keep(&relay(2), &said, &brought(2, 0..most - 10, &name), at(1)).expect("sound");
    assert_eq!((first.changed.len(), first.refused.len()), (most - 10, 0));
    rows.write(at(1), |pen| pen.last(&fact("hubs/1"), Some("x".into()))).expect("it may");
    let rest = rows.keep(&relay(2), &said, &brought(2, most - 10..most, &name), at(2)).expect("sound");
    assert_eq!((rest.changed.len(), rest.refused.len()), (8, 2));
    assert!(rest.refused.iter().all(|(_, why)| *why == RowRefusal::TooMany), "{:?}", rest.refused);
    rows.write(at(3), |pen| pen.last(&fact("hubs/2"), Some("x".into()))).expect("the hub may");
}
