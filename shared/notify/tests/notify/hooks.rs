//! Is each event told to whoever subscribed, once, wherever the sender is killed, and is it said what is missing?

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use vigie_model::{Now, Slug};
use vigie_notify::config::OutgoingSaid;
use vigie_notify::{
    Gone, HOOKS_AT_ONCE, Hook, HookEvent, HookPost, HookSender, Hooks, MOST_WAITING, Outcome, RESET, Round, Text, Whose,
};
use vigie_store::State;
use vigie_store::fault::{FaultDisk, Faults};

use crate::common::webhook::{Does, KEY, Receiver};
use crate::common::{HOUR, SECOND, T0, now};

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

pub(crate) fn hook(id: &str, url: &str) -> Hook {
    let (kinds, client, site) = (Vec::new(), Some(slug("acme")), None);
    Hook { id: id.to_owned(), url: url.to_owned(), kinds, client, site, by: "ann".to_owned(), made_ms: T0 }
}

pub(crate) fn event(number: u64) -> HookEvent {
    let (client, site) = (Some(slug("acme")), Some(slug("lyon")));
    HookEvent { kind: "alert".to_owned(), client, site, data: json!({ "number": number }), at_ms: T0 }
}

pub(crate) fn post() -> HookPost {
    let key = data_encoding::BASE64.decode(KEY.trim_start_matches("whsec_").as_bytes()).expect("base64");
    let said: OutgoingSaid = toml::from_str("allow = ['127.0.0.0/8']").expect("a table");
    HookPost::new(said.guard(false).expect("networks"), Arc::new(move |_| key.clone()))
}

pub(crate) fn open(disk: &FaultDisk) -> Option<Hooks> {
    let (state, _) = State::open_on(disk.clone()).ok()?;
    Hooks::open(Arc::new(state)).ok()
}

fn only(hooks: &Hooks, now: Now) -> Round {
    let mut due = hooks.due(now).expect("it can be read");
    assert_eq!(due.len(), 1, "one round at a time");
    due.remove(0)
}

/// What became of the first ones of a round.
fn settle(hooks: &Hooks, round: &Round, outcomes: &[Outcome], now: Now) {
    let gone = Gone { round: round.clone(), outcomes: outcomes.to_vec() };
    hooks.settle(&[gone], now, 0).expect("kept");
}

fn taken() -> Outcome {
    Outcome::Taken(Text::new("thanks"))
}

fn later() -> Outcome {
    Outcome::Later { why: Text::new("503"), after_ms: None, whose: Whose::Channel }
}

/// A sender that is killed at an operation of its disk, and another that goes on after it.
struct Story {
    post: HookPost,
    url: String,
    /// Events of which it was said that they are durable; the others are given again.
    durable: u64,
    ms: i64,
}

struct Killed;

impl Story {
    /// One process, until it is killed or has told everything.
    async fn live(&mut self, disk: &FaultDisk, cut_at: Option<u64>) -> Result<(), Killed> {
        let is_alive = || if cut_at.is_some_and(|cut| disk.operations() > cut) { Err(Killed) } else { Ok(()) };
        let hooks = open(disk).ok_or(Killed)?;
        if !hooks.any() {
            hooks.subscribe(hook("00000000000000aa", &self.url)).map_err(|_| Killed)?;
        }
        is_alive()?;
        while self.durable < 4 {
            hooks.take(&[event(self.durable)]).map_err(|_| Killed)?;
            is_alive()?;
            self.durable += 1;
        }
        while hooks.standing(now(self.ms))[0].waiting > 0 {
            self.ms += 20 * SECOND;
            for round in hooks.due(now(self.ms)).map_err(|_| Killed)? {
                let mut outcomes = Vec::new();
                for delivery in &round.0 {
                    outcomes.push(self.post.send(delivery, now(self.ms).utc).await);
                    is_alive()?;
                    if matches!(outcomes.last(), Some(Outcome::Later { .. })) {
                        break;
                    }
                }
                drop(hooks.settle(&[Gone { round, outcomes }], now(self.ms), 0));
                is_alive()?;
            }
        }
        Ok(())
    }
}

/// What a receiver that drops doubles saw, and how many operations there were before the kill.
async fn lived(cut_at: Option<u64>, answers: &[Does]) -> (u64, Vec<u64>) {
    let receiver = Receiver::new().await;
    receiver.does_next(answers);
    let disk = FaultDisk::new();
    disk.set_faults(Faults { cut_at, ..Faults::default() });
    let mut story = Story { post: post(), url: format!("http://{}/", receiver.at), durable: 0, ms: 0 };
    if story.live(&disk, cut_at).await.is_err() {
        assert!(story.live(&disk.killed(), None).await.is_ok(), "the second process can live: {cut_at:?}");
    }
    assert_eq!(receiver.with(|inner| inner.wrongly_signed), 0);
    let mut seen = BTreeMap::new();
    for got in receiver.got() {
        seen.entry(got.key).or_insert(got.body["data"]["number"].as_u64().unwrap_or(u64::MAX));
    }
    let mut numbers: Vec<u64> = seen.into_values().collect();
    numbers.sort_unstable();
    (disk.operations(), numbers)
}

#[tokio::test(flavor = "multi_thread")]
async fn wherever_the_sender_is_killed_each_event_that_was_durable_is_told_once_to_who_drops_doubles() {
    let lost = [Does::TakesAndDrops, Does::Says(503, None), Does::Takes, Does::TakesAndDrops];
    for answers in [&[][..], &lost] {
        let (operations, _) = lived(None, answers).await;
        assert!(operations > 20, "{operations}");
        for cut_at in (0..operations).map(Some).chain([None]) {
            let (_, mut numbers) = lived(cut_at, answers).await;
            // One whose commit was not answered may be durable all the same: it is given again, and is two events.
            assert!(numbers.len() <= 5, "killed at {cut_at:?} of {operations}: {numbers:?}");
            numbers.dedup();
            assert_eq!(numbers, [0, 1, 2, 3], "killed at {cut_at:?} of {operations}");
        }
    }
}

#[test]
fn events_go_one_after_the_other_and_wait_for_who_takes_nothing() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    hooks.take(&[event(1), event(2), event(3)]).expect("kept");
    let first = only(&hooks, now(0));
    let events: Vec<_> = first.0.iter().map(|one| one.event.clone()).collect();
    assert_eq!(events, [event(1), event(2), event(3)], "in their order");
    assert!(hooks.due(now(0)).expect("read").is_empty(), "nothing is sent beside them");
    settle(&hooks, &first, &[taken(), later()], now(0));
    assert!(hooks.due(now(SECOND)).expect("read").is_empty(), "it is left in peace for a while");
    let again = only(&hooks, now(3 * SECOND));
    assert_eq!((again.0.len(), again.0[0].id(), again.0[0].tries), (1, first.0[1].id(), 1), "one alone is tried again");
    settle(&hooks, &again, &[taken()], now(3 * SECOND));
    assert_eq!(only(&hooks, now(3 * SECOND)).0[0].event, event(3));
}

#[test]
fn what_was_heard_of_a_round_stays_and_the_rest_of_it_comes_again() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    hooks.take(&[event(1), event(2), event(3)]).expect("kept");
    let first = only(&hooks, now(0));
    settle(&hooks, &first, &[taken(), Outcome::Never(Text::new("410"))], now(0));
    let standing = hooks.standing(now(0)).remove(0);
    assert_eq!((standing.waiting, standing.dead, standing.failures), (1, 1, 0));
    drop(hooks);
    let hooks = open(&disk).expect("a state");
    let rest = only(&hooks, now(0));
    assert_eq!((rest.0.len(), &rest.0[0].event), (1, &event(3)));
}

#[test]
fn since_when_nothing_is_taken_and_why_is_known_after_a_restart_too() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    hooks.take(&[event(1)]).expect("kept");
    for at in [0, HOUR] {
        let round = only(&hooks, now(at));
        settle(&hooks, &round, &[later()], now(at));
    }
    let before = hooks.standing(now(HOUR)).remove(0);
    let known = (before.failing.as_deref(), before.failing_since_ms, before.failures, before.oldest_ms);
    assert_eq!(known, (Some("503"), Some(T0), 2, Some(T0)));
    assert!(before.again_in_ms.is_some_and(|ms| ms > 0), "{before:?}");
    drop(hooks);
    let hooks = open(&disk).expect("a state");
    let after = hooks.standing(now(HOUR)).remove(0);
    assert_eq!((after.failing.as_deref(), after.failing_since_ms, after.failures, after.oldest_ms), known);
    let round = only(&hooks, now(2 * HOUR));
    settle(&hooks, &round, &[taken()], now(2 * HOUR));
    let well = hooks.standing(now(2 * HOUR)).remove(0);
    assert_eq!((well.failing, well.failing_since_ms, well.failures, well.oldest_ms), (None, None, 0, None));
}

#[test]
fn so_many_are_told_at_once_and_those_who_take_nothing_never_take_all_of_the_room() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    let many = HOOKS_AT_ONCE + 40;
    (0..many).for_each(|n| hooks.subscribe(hook(&format!("{n:016x}"), "https://a.example/")).expect("kept"));
    hooks.take(&[event(1), event(2)]).expect("kept");
    let rounds = hooks.due(now(0)).expect("read");
    assert_eq!(
        (rounds.len(), hooks.wait_ms(now(0))),
        (HOOKS_AT_ONCE, None),
        "nothing is due before one of them is over"
    );
    let gone: Vec<Gone> = rounds.into_iter().map(|round| Gone { round, outcomes: vec![later()] }).collect();
    hooks.settle(&gone, now(0), 0).expect("kept");
    let next = hooks.due(now(SECOND)).expect("read");
    assert_eq!(next.len(), 40, "then the others");
    let told: Vec<_> = next.into_iter().map(|round| Gone { round, outcomes: vec![taken(), taken()] }).collect();
    hooks.settle(&told, now(SECOND), 0).expect("kept");
    hooks.take(&[event(3)]).expect("kept");
    let beside = hooks.due(now(HOUR)).expect("read");
    let failing = beside.iter().filter(|round| round.0[0].tries > 0).count();
    assert_eq!((failing, beside.len()), (32, HOOKS_AT_ONCE), "half of the room is for who takes what comes");
}

#[test]
fn what_is_refused_is_kept_apart_and_sent_again_when_somebody_says_so() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    hooks.take(&[event(1), event(2)]).expect("kept");
    let round = only(&hooks, now(0));
    settle(&hooks, &round, &[Outcome::Never(Text::new("410"))], now(0));
    let second = only(&hooks, now(0));
    // Nobody took it for three days.
    settle(&hooks, &second, &[later()], now(73 * HOUR));
    let dead = hooks.dead("00000000000000aa").expect("read");
    assert_eq!(dead.iter().map(|one| one.event.clone()).collect::<Vec<_>>(), [event(1), event(2)]);
    assert!(dead[1].why.contains("three days"), "{}", dead[1].why);
    drop(hooks);
    let hooks = open(&disk).expect("a state");
    assert_eq!(hooks.redeliver("00000000000000aa", Some(dead[1].seq)).expect("kept"), 1);
    assert_eq!(only(&hooks, now(74 * HOUR)).0[0].id(), second.0[0].id(), "under its own number");
    assert!(hooks.redeliver("00000000000000aa", Some(99)).is_err());
    assert_eq!(hooks.standing(now(74 * HOUR))[0].dead, 1);
}

#[test]
fn a_number_is_never_given_again() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    hooks.take(&[event(1)]).expect("kept");
    let first = only(&hooks, now(0));
    settle(&hooks, &first, &[taken()], now(0));
    drop(hooks);
    let hooks = open(&disk).expect("a state");
    hooks.take(&[event(2)]).expect("kept");
    assert_ne!(only(&hooks, now(0)).0[0].id(), first.0[0].id());
    // A copy of the state that is brought back goes on from its moment, not from where it was.
    drop(hooks);
    let copy = open(&disk.copied()).expect("a state");
    copy.begun(T0).expect("kept");
    let waiting: Vec<u64> = only(&copy, now(0)).0.iter().map(|one| one.seq).collect();
    assert_eq!(waiting, [2, T0.cast_unsigned()], "what waited, and the reset");
}

#[test]
fn a_queue_that_is_full_is_emptied_and_says_so() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    let many: Vec<HookEvent> = (0..MOST_WAITING).map(event).collect();
    hooks.take(&many).expect("kept");
    assert_eq!(hooks.standing(now(0))[0].waiting, MOST_WAITING);
    let round = only(&hooks, now(0));
    hooks.take(&[event(7)]).expect("kept");
    assert_eq!(hooks.standing(now(0))[0].waiting, 1);
    // What was on its way when that happened counts for nothing, and does not come back.
    settle(&hooks, &round, &[taken(), later()], now(0));
    assert_eq!(hooks.standing(now(0))[0].waiting, 1);
    let next = only(&hooks, now(HOUR));
    assert_eq!((next.0.len(), next.0[0].event.kind.as_str()), (1, RESET));
}

#[test]
fn each_is_told_of_its_own_place_and_kinds_and_everybody_of_what_is_missing() {
    let acme = Hook { kinds: vec!["alert".to_owned()], ..hook("a", "https://a.example/") };
    let lyon = Hook { site: Some(slug("lyon")), ..hook("b", "https://a.example/") };
    let all = Hook { client: None, ..hook("c", "https://a.example/") };
    let of = |kind: &str, client: Option<&str>, site: Option<&str>| HookEvent {
        kind: kind.to_owned(),
        client: client.map(slug),
        site: site.map(slug),
        ..event(1)
    };
    for (event, wanted) in [
        (of("alert", Some("acme"), Some("lyon")), [true, true, true]),
        (of("site", Some("acme"), Some("lyon")), [false, true, true]),
        (of("alert", Some("acme"), Some("paris")), [true, false, true]),
        (of("alert", Some("bron"), Some("lyon")), [false, false, true]),
        (of("alert", None, None), [false, false, true]),
        (of("alert", Some("vigie-demo"), Some("lyon")), [false, false, false]),
        (of(RESET, None, None), [true, true, true]),
    ] {
        assert_eq!([&acme, &lyon, &all].map(|hook| hook.wants(&event)), wanted, "{event:?}");
    }
    let named = Hook { client: Some(slug("vigie-demo")), ..hook("d", "https://a.example/") };
    assert!(named.wants(&of("alert", Some("vigie-demo"), Some("lyon"))), "who names the demonstration is told of it");
}

#[tokio::test(flavor = "multi_thread")]
async fn one_receiver_that_never_answers_holds_up_no_other_and_each_has_its_own_order() {
    let (slow, fast, other) = (Receiver::new().await, Receiver::new().await, Receiver::new().await);
    slow.does_next(&vec![Does::FallsSilent; 20]);
    other.does_next(&[Does::Says(410, None)]);
    let hooks = Arc::new(open(&FaultDisk::new()).expect("a state"));
    for (id, receiver) in [("00000000000000aa", &slow), ("00000000000000bb", &fast), ("00000000000000cc", &other)] {
        hooks.subscribe(hook(id, &format!("http://{}/", receiver.at))).expect("kept");
    }
    let sender = HookSender::start(hooks.clone(), Arc::new(post()), Arc::new(|| now(0)));
    for number in 0..300 {
        hooks.take(&[event(number)]).expect("kept");
    }
    let numbers = |receiver: &Receiver| {
        let got = receiver.got().into_iter();
        got.map(|got| got.body["data"]["number"].as_u64().unwrap_or(u64::MAX)).collect::<Vec<_>>()
    };
    let (mut of_fast, mut of_other) = (Vec::new(), Vec::new());
    for _ in 0..6_000 {
        (of_fast, of_other) = (numbers(&fast), numbers(&other));
        if of_fast.len() == 300 && of_other.len() == 299 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(of_fast, (0..300).collect::<Vec<_>>());
    assert_eq!(of_other, (1..300).collect::<Vec<_>>(), "one that it refuses holds up none behind it");
    assert!(numbers(&slow).is_empty(), "it never said a word");
    sender.close().await;
    let standing = hooks.standing(now(0));
    assert_eq!((standing[0].waiting, standing[2].dead), (300, 1), "{standing:?}");
}
