//! The laws of rows, over histories that nodes can have: three relays that write, meet, and miss one another.
//!
//! `VIGIE_ROW_HISTORIES=200000 cargo test --release -p vigie-merge` runs as many as that for each type.

use proptest::prelude::*;
use vigie_merge::{
    Actor, CausalLength, Context, Grow, Hlc, HybridClock, Key, Kind, Last, Many, Marker, Members, Merged, Observed,
    RangeSet, Ranges, Row, Scope, Ulid, limit,
};
use vigie_model::UtcMs;

/// Histories for each type when nobody asks for more.
const HISTORIES: u64 = 3_000;

const NODES: usize = 3;

/// splitmix64: Steele, Lea and Flood, OOPSLA 2014.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}

/// What nodes may hold of one row, and what each had held before.
struct History {
    now: Vec<Row>,
    before: Vec<Row>,
    clocks: Vec<HybridClock>,
    ms: u64,
}

impl History {
    fn of(seed: u64, fresh: &Row) -> (Self, Chance) {
        let mut chance = Chance(seed);
        let clocks = (0..NODES).map(|_| HybridClock::restart(Hlc::ZERO, Hlc::ZERO, 0)).collect();
        let mut history = Self { now: vec![fresh.clone(); NODES], before: vec![fresh.clone()], clocks, ms: 1 };
        for _ in 0..3 + chance.below(12) {
            history.step(&mut chance);
        }
        (history, chance)
    }

    fn step(&mut self, chance: &mut Chance) {
        let at = chance.below(NODES as u64) as usize;
        self.ms += chance.below(2);
        if chance.below(2) == 0 {
            // What travels is bytes, and sometimes old ones.
            let other = match chance.below(4) {
                0 => &self.before[chance.below(self.before.len() as u64) as usize],
                _ => &self.now[chance.below(NODES as u64) as usize],
            };
            let other = through_the_wire(other);
            let flag = checked_merge(&mut self.now[at], other);
            assert!(flag.is_some(), "one type");
        } else {
            self.write(at, chance);
        }
        self.before.push(self.now[at].clone());
    }

    fn write(&mut self, at: usize, chance: &mut Chance) {
        let actor = Actor::of(at as u16 + 1, 7);
        let value = (chance.below(4) > 0).then(|| vec![chance.below(5) as u8]);
        let over = self.now[at].marker().map(|marker| marker.hlc);
        let hlc = self.clocks[at].stamp(self.ms, None, over);
        let marker = Marker { hlc, actor };
        match &mut self.now[at] {
            Row::Last(last) => last.write(value, marker),
            Row::Many(many) => {
                let seen = many.context();
                many.write(value, marker, &seen).expect("all was seen");
            }
            Row::Members(members) if chance.below(3) > 0 => members.add(vec![chance.below(4) as u8], actor),
            Row::Members(members) => {
                let member = vec![chance.below(4) as u8];
                let seen = Context::read(&members.context(&member).encode()).expect("own bytes");
                assert!(members.remove(&member, &seen).expect("seen here"), "what was all seen is gone");
            }
            Row::Grow(grow) => {
                grow.add(vec![b'm', chance.below(9) as u8]);
            }
            Row::Length(length) => length.set(chance.below(2) == 0),
            Row::Ranges(ranges) => {
                let first = chance.below(60);
                ranges.add(&RangeSet::of(first, first + chance.below(9)));
            }
            Row::Kept(_) => unreachable!("nobody writes what they can not read"),
        }
    }
}

fn through_the_wire(row: &Row) -> Row {
    let back = Row::admit(&row.encode(), |_| true).expect("own bytes");
    assert_eq!(&back, row, "what was written is read");
    assert_eq!(back.encode(), row.encode(), "in one way");
    back
}

/// Merges, and checks what is said of it.
fn checked_merge(ours: &mut Row, theirs: Row) -> Option<Merged> {
    let (before, other) = (ours.clone(), theirs.clone());
    let merged = ours.merge(theirs).ok()?;
    assert_eq!(merged == Merged::Same, *ours == before);
    assert_eq!(merged == Merged::BecameTheirs, *ours != before && *ours == other);
    Some(merged)
}

fn merged(one: &Row, other: &Row) -> Row {
    let mut out = one.clone();
    out.merge(other.clone()).expect("one type");
    out
}

fn fresh() -> [Row; 6] {
    [
        Row::Last(Last::new(None, Marker::default())),
        Row::Many(Many::new()),
        Row::Members(Members::new()),
        Row::Grow(Grow::new()),
        Row::Length(CausalLength::ABSENT),
        Row::Ranges(Ranges::default()),
    ]
}

fn histories() -> u64 {
    std::env::var("VIGIE_ROW_HISTORIES").ok().and_then(|text| text.parse().ok()).unwrap_or(HISTORIES)
}

#[test]
fn whatever_happened_rows_merge_the_same_in_any_order_and_however_often() {
    for fresh in fresh() {
        for seed in 0..histories() {
            let (history, mut chance) = History::of(seed, &fresh);
            let (now, all) = (&history.now, &history.before);
            let past = &all[chance.below(all.len() as u64) as usize];
            for (a, b, c) in [(&now[0], &now[1], &now[2]), (past, &now[0], &now[1])] {
                assert_eq!(merged(a, b).encode(), merged(b, a).encode(), "seed {seed}: order of two");
                let (left, right) = (merged(&merged(a, b), c), merged(a, &merged(b, c)));
                assert_eq!(left.encode(), right.encode(), "seed {seed}: order of three\n{a:?}\n{b:?}\n{c:?}");
                assert_eq!(merged(a, a).encode(), a.encode(), "seed {seed}: twice");
            }
            let all_three = merged(&merged(&now[0], &now[1]), &now[2]);
            assert!(now.iter().all(|one| merged(&all_three, one) == all_three), "seed {seed}: all know all");
            assert!(all_three.is_within_limits(), "seed {seed}");
        }
    }
}

#[test]
fn two_values_of_one_write_become_one_everywhere() {
    let marker = |ms| Marker { hlc: Hlc::of(ms, 0), actor: Actor(1) };
    let last = |text: &str| Row::Last(Last::new(Some(text.into()), marker(5)));
    let many = |text: &str, ms| {
        let mut many = Many::new();
        many.write(Some(text.into()), marker(ms), &Context::default()).expect("nothing was there");
        Row::Many(many)
    };
    for (one, other) in [(last("a"), last("b")), (many("a", 5), many("b", 5)), (many("b", 4), many("a", 9))] {
        assert!(one.contradicts(&other) && other.contradicts(&one) && !one.contradicts(&one));
        assert_eq!(merged(&one, &other), merged(&other, &one));
    }
}

#[test]
fn a_raise_that_the_resolver_had_not_seen_stays() {
    let (mut at_site, hub, site) = (Members::new(), Actor(1), Actor(2));
    at_site.add(b"raise".to_vec(), site);
    let seen_at_hub = at_site.context(b"raise");
    let mut at_hub = at_site.clone();
    at_site.add(b"raise".to_vec(), site);
    assert_eq!(at_hub.remove(b"raise", &seen_at_hub), Ok(true));
    at_hub.add(b"other".to_vec(), hub);
    let both = merged(&Row::Members(at_site), &Row::Members(at_hub));
    let Row::Members(both) = both else { panic!("a set") };
    assert!(both.contains(b"raise") && both.contains(b"other"));
}

#[test]
fn who_has_not_seen_the_row_as_it_is_does_not_write_over_it() {
    let marker = |ms, actor| Marker { hlc: Hlc::of(ms, 0), actor: Actor(actor) };
    let mut many = Many::new();
    let nothing = many.context();
    many.write(Some(b"one".to_vec()), marker(1, 1), &nothing).expect("all was seen");
    assert!(many.write(Some(b"two".to_vec()), marker(2, 1), &nothing).is_err());
    assert_eq!(many.effective(), Some(b"one".to_vec()));
    let mut members = Members::new();
    members.add(b"m".to_vec(), Actor(1));
    let ahead = members.context(b"m");
    assert!(Members::new().remove(b"m", &ahead).is_err(), "what is not here yet is not removed");
}

/// A row of a type, or of a version, that is not known here.
fn unknown(row_type: u8, version: u8, body: &[u8]) -> Vec<u8> {
    [&[row_type, version], body].concat()
}

#[test]
fn rows_that_can_not_be_read_are_kept_beside_one_another_and_read_once_they_can() {
    let admit = |bytes: &[u8]| Row::admit(bytes, |_| true);
    let (one, other) = (unknown(77, 1, b"x"), unknown(1, 9, b"y"));
    let mut row = admit(&one).expect("kept");
    assert_eq!(row.encode(), one, "alone it goes on as it came");
    assert_eq!(row.merge(admit(&other).expect("kept")), Ok(Merged::Mixed));
    let known = Row::Length({
        let mut length = CausalLength::ABSENT;
        length.set(true);
        length
    });
    assert_eq!(row.merge(known.clone()), Ok(Merged::Mixed));
    assert_eq!(row.merge(known.clone()), Ok(Merged::Same));
    let back = admit(&row.encode()).expect("a bundle");
    assert_eq!(back, row);
    let Row::Kept(kept) = back else { panic!("three copies") };
    assert_eq!((kept.known(), kept.copies()), (Some(&known), 2));
    let bundle_of_known = {
        let mut more = CausalLength::ABSENT;
        more.set(true);
        more.set(false);
        let (one, two) = (known.encode(), Row::Length(more).encode());
        [&[0, 1, 2, one.len() as u8], one.as_slice(), &[two.len() as u8], &two].concat()
    };
    assert_eq!(admit(&bundle_of_known).map(|row| row.row_type()), Ok(Some(vigie_merge::RowType::Length)));
    assert!(admit(&[0, 1, 1, 2, 77, 1]).is_err(), "one alone needs no bundle");
}

#[test]
fn rows_beyond_their_limits_are_not_let_in() {
    let marker = Marker { hlc: Hlc::of(1, 0), actor: Actor(1) };
    let admit = |row: &Row| Row::admit(&row.encode(), |_| true);
    assert!(admit(&Row::Last(Last::new(Some(vec![0; limit::VALUE_BYTES]), marker))).is_ok());
    assert!(admit(&Row::Last(Last::new(Some(vec![0; limit::VALUE_BYTES + 1]), marker))).is_err());
    let far = Marker { hlc: Hlc::MAX_ADMITTED, ..marker };
    assert!(admit(&Row::Last(Last::new(None, far))).is_err(), "nobody could write after it for long");
    let mut members = Members::new();
    (0..=limit::MEMBERS as u8).for_each(|one| members.add(vec![one], Actor(1)));
    assert!(admit(&Row::Members(members.clone())).is_err() && !Row::Members(members).is_within_limits());
    // One value, seen by actor 1 alone, whose counter is at the end.
    let at_end = |counter: u64| {
        let mut bytes = vec![2, 1, 1, 1, 1];
        let mut left = counter;
        while left >= 0x80 {
            bytes.push(left as u8 | 0x80);
            left >>= 7;
        }
        bytes.push(left as u8);
        bytes.extend([0, 0, 1, 0]);
        Row::admit(&bytes, |_| true)
    };
    assert!(at_end(limit::COUNTER - 1).is_ok() && at_end(limit::COUNTER).is_err() && at_end(u64::MAX).is_err());
    assert!(Row::admit(&Row::Last(Last::new(None, marker)).encode(), |actor| actor != Actor(1)).is_err());
}

#[test]
fn many_values_beside_one_another_are_let_in_up_to_their_limit() {
    let mut row = Row::Many(Many::new());
    for actor in 1..=limit::SIBLINGS as u32 + 1 {
        assert!(row.is_within_limits() && Row::admit(&row.encode(), |_| true).is_ok(), "{actor}");
        let mut one = Many::new();
        let marker = Marker { hlc: Hlc::of(1, 0), actor: Actor(actor) };
        one.write(None, marker, &Context::default()).expect("nothing was there");
        row.merge(Row::Many(one)).expect("one type");
    }
    assert!(!row.is_within_limits() && Row::admit(&row.encode(), |_| true).is_err());
}

#[test]
fn rows_of_two_types_under_one_key_are_left_as_they_are() {
    for one in fresh() {
        for other in fresh() {
            let mut row = one.clone();
            assert_eq!(row.merge(other.clone()).is_err(), one.row_type() != other.row_type());
            assert_eq!(row, one);
        }
    }
}

#[test]
fn a_later_write_wins_whatever_the_clocks_say() {
    let mut clock = HybridClock::restart(Hlc::ZERO, Hlc::ZERO, 0);
    let now = UtcMs(1_790_000_000_000);
    let future = Hlc::of_utc(UtcMs(1_890_000_000_000));
    let marker = Marker { hlc: future, actor: Actor(9) };
    assert_eq!(clock.observe(marker, Some(now)), Observed::Future);
    assert_eq!(clock.observe(marker, None), Observed::Unknown);
    let over_it = clock.stamp(0, Some(now), Some(future));
    assert!(over_it > future, "this row is written over");
    assert!(clock.stamp(1, Some(now), None) < future, "and no other is pulled along");
    let near = Marker { hlc: Hlc::of_utc(UtcMs(now.0 + 50_000)), actor: Actor(9) };
    assert_eq!(clock.observe(near, Some(now)), Observed::Followed);
    assert!(clock.tick(2, Some(now)) > near.hlc);
}

#[test]
fn time_goes_on_without_a_clock_and_never_back() {
    let floor = Hlc::of(5_000, 0);
    let mut clock = HybridClock::restart(Hlc::ZERO, floor, 100);
    let first = clock.tick(100, None);
    assert!(first > floor);
    let second = clock.tick(1_100, None);
    assert_eq!(second.ms() - first.ms(), 1_000);
    let reserved = clock.reservation().expect("more than was reserved");
    clock.reserve(reserved);
    assert_eq!(clock.reservation(), None);
    let mut last = clock.tick(1_100, Some(UtcMs(0)));
    assert!(last > second, "a clock before 2025 is no reason to go back");
    for _ in 0..70_000 {
        let next = clock.tick(1_100, None);
        assert!(next > last);
        last = next;
    }
    assert!(HybridClock::restart(reserved, floor, 0).tick(0, None) > reserved);
}

#[test]
fn keys_are_read_as_they_are_written_and_nothing_else_is_one() {
    let (client, site) = ("acme".parse().expect("a name"), "lyon".parse().expect("a name"));
    let scope = Scope::Site(client, site);
    let ulid = Ulid::new(UtcMs(1_790_000_000_000), [7; 10]);
    let key = Key::new(&scope, &Kind::Ack, &format!("{ulid}")).expect("a key");
    assert_eq!((key.scope(), key.kind(), key.name()), (scope.clone(), Kind::Ack, ulid.to_string().as_str()));
    assert_eq!(Key::read(key.as_bytes()), Ok(key.clone()));
    assert_eq!(Ulid::read(key.name()), Some(ulid));
    assert!(key.to_string().starts_with("acme/lyon/ack/01"));
    assert!(Key::new(&scope, &Kind::Ack, "again").is_err(), "a name that may be used again");
    assert!(Key::new(&scope, &Kind::Fact, "till-3/os").is_ok());
    for wrong in
        ["", "acme", "acme/lyon/fact", "acme/lyon/fact/", "*/lyon/fact/x", "a/b/c d/x", "a/b/fact//x", "a/b/fact/é"]
    {
        assert!(Key::read(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Key::read(format!("acme/lyon/fact/{}", "x".repeat(240)).as_bytes()).is_err());
    assert!(Key::read(b"acme/lyon/later/x").is_ok(), "a kind of a later version");
}

#[test]
fn a_site_sees_its_own_rows_its_clients_and_everybodys() {
    let site = |client: &str, site: &str| Scope::Site(client.parse().expect("name"), site.parse().expect("name"));
    let lyon = site("acme", "lyon");
    let acme = Scope::Client("acme".parse().expect("name"));
    assert!(lyon.sees(&lyon) && lyon.sees(&acme) && lyon.sees(&Scope::Deployment));
    assert!(!lyon.sees(&site("acme", "nice")) && !lyon.sees(&site("other", "lyon")));
    assert!(acme.sees(&lyon) && !acme.sees(&site("other", "lyon")) && Scope::Deployment.sees(&lyon));
}

proptest! {
    #[test]
    fn whatever_arrives_is_refused_or_is_what_would_be_written(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        if let Ok(row) = Row::admit(&bytes, |_| true) {
            prop_assert_eq!(row.encode(), bytes);
        }
    }

    #[test]
    fn a_row_with_one_byte_wrong_is_refused_or_is_another_row(seed in any::<u64>(), at in any::<usize>(), wrong in 1u8..) {
        for fresh in fresh() {
            let (history, _) = History::of(seed, &fresh);
            let mut bytes = history.now[0].encode();
            let at = at % bytes.len();
            bytes[at] ^= wrong;
            if let Ok(row) = Row::admit(&bytes, |_| true) {
                prop_assert_eq!(row.encode(), bytes);
                let mut back = row.clone();
                prop_assert_eq!(back.merge(row), Ok(Merged::Same));
            }
        }
    }
}
