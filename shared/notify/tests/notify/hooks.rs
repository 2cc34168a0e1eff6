//! Is each event told to whoever subscribed, once, wherever the sender is killed, and is it said what is missing?

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::json;
use vigie_model::{Now, Slug};
use vigie_notify::config::OutgoingSaid;
use vigie_notify::{Delivery, Hook, HookEvent, HookPost, Hooks, MOST_WAITING, Outcome, RESET, Text, Whose};
use vigie_store::State;
use vigie_store::fault::{FaultDisk, Faults};

use crate::common::webhook::{Does, KEY, Receiver};
use crate::common::{HOUR, SECOND, T0, now};

fn slug(text: &str) -> Slug {
    text.parse().expect("a name")
}

fn hook(id: &str, url: &str) -> Hook {
    let (kinds, client, site) = (Vec::new(), Some(slug("acme")), None);
    Hook { id: id.to_owned(), url: url.to_owned(), kinds, client, site, by: "ann".to_owned(), made_ms: T0 }
}

fn event(number: u64) -> HookEvent {
    let (client, site) = (Some(slug("acme")), Some(slug("lyon")));
    HookEvent { kind: "alert".to_owned(), client, site, data: json!({ "number": number }), at_ms: T0 }
}

fn post() -> HookPost {
    let key = data_encoding::BASE64.decode(KEY.trim_start_matches("whsec_").as_bytes()).expect("base64");
    let said: OutgoingSaid = toml::from_str("allow = ['127.0.0.0/8']").expect("a table");
    HookPost::new(said.guard(false).expect("networks"), Arc::new(move |_| key.clone()))
}

fn open(disk: &FaultDisk) -> Option<Hooks> {
    let (state, _) = State::open_on(disk.clone()).ok()?;
    Hooks::open(Arc::new(state)).ok()
}

fn only(hooks: &Hooks, now: Now) -> Delivery {
    let mut due = hooks.due(now).expect("it can be read");
    assert_eq!(due.len(), 1, "one at a time");
    due.remove(0)
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
        while hooks.standing()[0].waiting > 0 {
            self.ms += 20 * SECOND;
            for delivery in hooks.due(now(self.ms)).map_err(|_| Killed)? {
                let outcome = self.post.send(&delivery, now(self.ms).utc).await;
                is_alive()?;
                drop(hooks.settle(&delivery, &outcome, now(self.ms), 0));
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
    hooks.take(&[event(1), event(2)]).expect("kept");
    let first = only(&hooks, now(0));
    assert!(hooks.due(now(0)).expect("read").is_empty(), "nothing is sent beside it");
    hooks.settle(&first, &later(), now(0), 0).expect("kept");
    assert!(hooks.due(now(SECOND)).expect("read").is_empty(), "it is left in peace for a while");
    let again = only(&hooks, now(3 * SECOND));
    assert_eq!((again.id(), again.tries), (first.id(), 1));
    hooks.settle(&again, &taken(), now(3 * SECOND), 0).expect("kept");
    assert_eq!(only(&hooks, now(3 * SECOND)).event, event(2));
}

#[test]
fn what_is_refused_is_kept_apart_and_sent_again_when_somebody_says_so() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    hooks.take(&[event(1), event(2)]).expect("kept");
    let first = only(&hooks, now(0));
    hooks.settle(&first, &Outcome::Never(Text::new("410")), now(0), 0).expect("kept");
    let second = only(&hooks, now(0));
    // Nobody took it for three days.
    hooks.settle(&second, &later(), now(73 * HOUR), 0).expect("kept");
    let dead = hooks.dead("00000000000000aa").expect("read");
    assert_eq!(dead.iter().map(|one| one.event.clone()).collect::<Vec<_>>(), [event(1), event(2)]);
    assert!(dead[1].why.contains("three days"), "{}", dead[1].why);
    drop(hooks);
    let hooks = open(&disk).expect("a state");
    assert_eq!(hooks.redeliver("00000000000000aa", Some(dead[1].seq)).expect("kept"), 1);
    assert_eq!(only(&hooks, now(74 * HOUR)).id(), second.id(), "under its own number");
    assert!(hooks.redeliver("00000000000000aa", Some(99)).is_err());
    assert_eq!(hooks.standing()[0].dead, 1);
}

#[test]
fn a_number_is_never_given_again() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    hooks.take(&[event(1)]).expect("kept");
    let first = only(&hooks, now(0));
    hooks.settle(&first, &taken(), now(0), 0).expect("kept");
    drop(hooks);
    let hooks = open(&disk).expect("a state");
    hooks.take(&[event(2)]).expect("kept");
    assert_ne!(only(&hooks, now(0)).id(), first.id());
    // A copy of the state that is brought back goes on from its moment, not from where it was.
    drop(hooks);
    let copy = open(&disk.copied()).expect("a state");
    copy.begun(T0).expect("kept");
    let waiting: Vec<u64> = (0..2)
        .map(|_| {
            let next = only(&copy, now(0));
            copy.settle(&next, &taken(), now(0), 0).expect("kept");
            next.seq
        })
        .collect();
    assert_eq!((waiting[0], waiting[1]), (2, T0.cast_unsigned()), "what waited, and the reset");
}

#[test]
fn a_queue_that_is_full_is_emptied_and_says_so() {
    let disk = FaultDisk::new();
    let hooks = open(&disk).expect("a state");
    hooks.subscribe(hook("00000000000000aa", "https://a.example/")).expect("kept");
    let many: Vec<HookEvent> = (0..MOST_WAITING).map(event).collect();
    hooks.take(&many).expect("kept");
    assert_eq!(hooks.standing()[0].waiting, MOST_WAITING);
    hooks.take(&[event(7)]).expect("kept");
    assert_eq!(hooks.standing()[0].waiting, 1);
    assert_eq!(only(&hooks, now(0)).event.kind, RESET);
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
        (of(RESET, None, None), [true, true, true]),
    ] {
        assert_eq!([&acme, &lyon, &all].map(|hook| hook.wants(&event)), wanted, "{event:?}");
    }
}
