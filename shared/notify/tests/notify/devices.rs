//! Is somebody told on all of their devices and nobody else on any, and is it known what came of it? Over real connections on
//! loopback, and over a disk that forgets.

use std::sync::Arc;

use serde_json::{Value, json};
use vigie_model::{Slug, UtcMs};
use vigie_notify::config::OutgoingSaid;
use vigie_notify::{
    AlertId, Around, Channel, DeviceError, DevicePost, Devices, Intent, Language, MOST_OF_ONE, Mind, NewDevice, Notice,
    Outcome, Quiet, Seat,
};
use vigie_store::State;
use vigie_store::fault::FaultDisk;

use crate::common::sink::Sink;
use crate::common::{MINUTE, SECOND, T0, alert, at, clocks, configured};
use crate::posting::Browser;

const MARIE: &str = "0000000000000001";
const PAUL: &str = "0000000000000002";

/// Marie and Paul sign in here; Paul may look at nothing of acme.
struct People;

impl Around for People {
    fn person(&self, to: &str, notice: &Notice) -> Result<String, String> {
        match (to, notice.client.as_ref().map(Slug::as_str)) {
            ("marie@acme.org", _) => Ok(MARIE.to_owned()),
            ("paul@acme.org", None) => Ok(PAUL.to_owned()),
            ("paul@acme.org", Some(_)) => Err("paul@acme.org may not look there".to_owned()),
            _ => Err(format!("nobody signs in here as {to}")),
        }
    }

    fn incident(&self, _: AlertId) -> Option<String> {
        Some("01K9Z0000000000000000000AA".to_owned())
    }
}

struct House {
    devices: Arc<Devices>,
    post: Arc<DevicePost>,
    channel: Channel,
    sink: Sink,
}

impl House {
    async fn new() -> Self {
        let (state, _) = State::open_on(FaultDisk::new()).expect("a disk");
        let devices = Arc::new(Devices::open(Arc::new(state)).expect("read"));
        let said: OutgoingSaid = toml::from_str("allow = ['127.0.0.0/8']").expect("a table");
        let post = Arc::new(DevicePost::new(devices.clone(), said.guard(false).expect("networks")));
        post.knows(Arc::new(People));
        // The one that a hub has without a word.
        let (_, mut channels) = configured("", Seat::Hub);
        let channel = Channel::with(channels.remove(0), Some(post.clone()));
        Self { devices, post, channel, sink: Sink::new().await }
    }

    fn has(&self, person: &str, name: &str, browser: &Browser) -> String {
        self.devices.add(self.new_device(person, name, browser)).expect("kept").id
    }

    fn new_device(&self, person: &str, name: &str, browser: &Browser) -> NewDevice {
        let said: Value =
            serde_json::from_str(&browser.subscription(&format!("http://{}/send/{name}", self.sink.at))).expect("JSON");
        let text = |value: &Value| value.as_str().expect("text").to_owned();
        NewDevice {
            person: person.to_owned(),
            name: name.to_owned(),
            endpoint: text(&said["endpoint"]),
            p256dh: text(&said["keys"]["p256dh"]),
            auth: text(&said["keys"]["auth"]),
            origin: "https://hub.example.org".to_owned(),
            language: Language::French,
            made_ms: T0,
        }
    }

    async fn tell(&self, to: &str) -> Outcome {
        self.channel.send(&intent(to), at(0)).await
    }
}

/// Something is wrong with one machine of acme's at lyon.
fn intent(to: &str) -> Intent {
    let text = "[[channel]]\nkind='devices'\nname='devices'\nto=['marie@acme.org']\n[[route]]\nname='r'\nchannels=['devices']\nwait_s=0\n";
    let mut mind = Mind::new(configured(text, Seat::Hub).0, clocks(0));
    let mut fires = alert(1, 0);
    fires.judge = vigie_notify::Judge::Hub;
    mind.hear(fires.begins(), clocks(0)).expect("heard");
    Intent { to: to.to_owned(), ..mind.due(clocks(MINUTE)).remove(0) }
}

#[tokio::test]
async fn a_person_is_told_on_each_of_their_devices_in_its_language_and_leads_to_the_incident() {
    let house = House::new().await;
    let (phone, desk) = (Browser::new(), Browser::new());
    house.has(MARIE, "phone", &phone);
    house.has(MARIE, "desk", &desk);
    house.has(PAUL, "other", &Browser::new());
    [201, 201].into_iter().for_each(|status| house.sink.answers(status, &[], ""));
    assert!(matches!(house.tell("marie@acme.org").await, Outcome::Taken(_)));
    let came = house.sink.came();
    let paths: Vec<&str> = came.iter().map(|one| one.path.as_str()).collect();
    assert_eq!(paths.len(), 2, "{paths:?}");
    assert!(paths.contains(&"/send/phone") && paths.contains(&"/send/desk"), "{paths:?}");
    let mine = came.iter().find(|one| one.path == "/send/phone").expect("it came");
    assert!(mine.body.len() <= 4_096 && mine.headers["authorization"].starts_with("vapid t="));
    let said: Value = serde_json::from_slice(&phone.opens(&mine.body)).expect("JSON");
    let notification = &said["notification"];
    assert_eq!(
        (&said["web_push"], &notification["lang"], &notification["actions"][0]["title"]),
        (&json!(8030), &json!("fr"), &json!("Acquitter"))
    );
    let page = "https://hub.example.org/incidents/01K9Z0000000000000000000AA";
    assert_eq!((&notification["navigate"], &notification["actions"][0]["navigate"]), (&json!(page), &json!(page)));
    assert_eq!(said["vigie"]["alert"], "01K9Z0000000000000000000AA");
    assert!(notification["body"].as_str().is_some_and(|body| body.contains("97 %")), "{said}");
}

#[tokio::test]
async fn that_it_was_shown_is_known_by_the_word_that_stood_in_it_once() {
    let house = House::new().await;
    let phone = Browser::new();
    let id = house.has(MARIE, "phone", &phone);
    house.sink.answers(201, &[], "");
    let tried = house.post.test(MARIE, &id, at(0)).await.expect("theirs");
    assert!(tried.taken, "{tried:?}");
    assert_eq!(house.devices.of(MARIE)[0].unseen(), 1, "that a push service took it says nothing of its being shown");
    let said: Value = serde_json::from_slice(&phone.opens(&house.sink.came()[0].body)).expect("JSON");
    let word = said["vigie"]["receipt"].as_str().expect("a word");
    assert!(!house.devices.displayed("AAAAAAAAAAAAAAAAAAAAAA", T0).expect("kept"), "another word is none");
    assert!(house.devices.displayed(word, T0 + SECOND).expect("kept"));
    assert!(!house.devices.displayed(word, T0 + MINUTE).expect("kept"), "it counts once");
    let push = house.devices.of(MARIE)[0].pushes[0].clone();
    assert_eq!((push.displayed_ms, house.devices.shown_at(&push.key)), (Some(T0 + SECOND), Some(T0 + SECOND)));
    assert_eq!(house.devices.of(MARIE)[0].unseen(), 0);
}

#[tokio::test]
async fn whoever_may_not_look_there_is_told_nothing_and_neither_is_nobody() {
    let house = House::new().await;
    house.has(PAUL, "phone", &Browser::new());
    for to in ["paul@acme.org", "zoe@acme.org", "marie@acme.org"] {
        assert!(matches!(house.tell(to).await, Outcome::Never(_)), "{to}");
    }
    assert!(house.sink.came().is_empty());
}

#[tokio::test]
async fn a_subscription_that_is_gone_is_pushed_to_no_more_and_the_others_are() {
    let house = House::new().await;
    let gone = house.has(MARIE, "a-gone", &Browser::new());
    house.sink.answers(410, &[], "");
    assert!(matches!(house.tell("marie@acme.org").await, Outcome::Never(_)), "it does not come back");
    assert_eq!(house.devices.of(MARIE)[0].gone_ms, Some(at(0).0));
    assert!(matches!(house.tell("marie@acme.org").await, Outcome::Never(_)));
    assert_eq!(house.sink.came().len(), 1, "it is asked once");
    house.has(MARIE, "desk", &Browser::new());
    house.sink.answers(201, &[], "");
    assert!(matches!(house.tell("marie@acme.org").await, Outcome::Taken(_)));
    // The same browser subscribes again.
    assert_eq!(house.has(MARIE, "a-gone", &Browser::new()), gone);
    assert!(house.devices.of(MARIE).iter().all(|one| one.gone_ms.is_none()));
}

#[tokio::test]
async fn one_that_took_it_is_enough_and_where_none_did_it_is_tried_again() {
    let house = House::new().await;
    house.has(MARIE, "desk", &Browser::new());
    house.has(MARIE, "phone", &Browser::new());
    [503, 201].into_iter().for_each(|status| house.sink.answers(status, &[], ""));
    assert!(matches!(house.tell("marie@acme.org").await, Outcome::Taken(_)));
    [503, 429].into_iter().for_each(|status| house.sink.answers(status, &[("retry-after", "9")], ""));
    let outcome = house.tell("marie@acme.org").await;
    assert!(matches!(outcome, Outcome::Later { after_ms: Some(9_000), .. }), "{outcome:?}");
}

#[tokio::test]
async fn in_its_quiet_hours_a_device_does_not_ring_but_for_what_is_critical() {
    let house = House::new().await;
    let phone = Browser::new();
    let id = house.has(MARIE, "phone", &phone);
    let all_day = || Some(Quiet { from: "00:00".to_owned(), to: "00:00".to_owned(), zone: "UTC".to_owned() });
    house.devices.change(MARIE, &id, "Telephone", all_day()).expect("kept");
    house.sink.answers(201, &[], "");
    house.post.test(MARIE, &id, at(0)).await.expect("theirs");
    let came = house.sink.came().remove(0);
    assert_eq!(came.headers["urgency"], "low");
    let said: Value = serde_json::from_slice(&phone.opens(&came.body)).expect("JSON");
    assert_eq!(said["notification"]["silent"], true);
    // What burns rings.
    house.sink.answers(201, &[], "");
    let critical = intent("marie@acme.org");
    assert_eq!(critical.notice.severity, vigie_notify::Severity::Critical);
    assert!(matches!(house.channel.send(&critical, at(0)).await, Outcome::Taken(_)));
    assert_eq!(house.sink.came()[1].headers["urgency"], "high");
}

#[tokio::test]
async fn a_browser_is_whose_it_was_last_and_what_is_no_subscription_is_refused() {
    let house = House::new().await;
    let browser = Browser::new();
    let id = house.has(MARIE, "shared", &browser);
    assert_eq!(house.has(PAUL, "shared", &browser), id);
    assert!(house.devices.of(MARIE).is_empty() && house.devices.of(PAUL).len() == 1);
    assert!(matches!(house.devices.change(MARIE, &id, "x", None), Err(DeviceError::NotThere)));
    assert!(matches!(house.devices.remove(MARIE, &id), Err(DeviceError::NotThere)));
    assert!(matches!(house.post.test(MARIE, &id, at(0)).await, Err(DeviceError::NotThere)));
    let good = || house.new_device(MARIE, "x", &browser);
    for wrong in [
        NewDevice { endpoint: "ftp://push.example.org/x".to_owned(), ..good() },
        NewDevice { endpoint: "https://a:b@push.example.org/x".to_owned(), ..good() },
        NewDevice { endpoint: format!("https://push.example.org/{}", "x".repeat(2_000)), ..good() },
        NewDevice { p256dh: "AAAA".to_owned(), ..good() },
        NewDevice { auth: String::new(), ..good() },
        NewDevice { name: "  ".to_owned(), ..good() },
        NewDevice { name: "a\nb".to_owned(), ..good() },
    ] {
        assert!(matches!(house.devices.add(wrong.clone()), Err(DeviceError::Wrong(_))), "{wrong:?}");
    }
    let nonsense = Some(Quiet { from: "25:00".to_owned(), to: "7".to_owned(), zone: "Moon/Dark".to_owned() });
    assert!(matches!(house.devices.change(PAUL, &id, "x", nonsense), Err(DeviceError::Wrong(_))));
    for one in 0..MOST_OF_ONE {
        house.has(MARIE, &format!("d{one}"), &Browser::new());
    }
    let more = house.devices.add(house.new_device(MARIE, "more", &Browser::new()));
    assert!(matches!(more, Err(DeviceError::TooMany)), "{more:?}");
}

#[test]
fn devices_and_the_key_are_there_after_a_restart() {
    let disk = FaultDisk::new();
    let open = || Devices::open(Arc::new(State::open_on(disk.clone()).expect("a disk").0)).expect("read");
    let before = open();
    let key = before.public_key().expect("made");
    let browser = Browser::new();
    let said: Value = serde_json::from_str(&browser.subscription("https://push.example.org/x")).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let new = NewDevice {
        person: MARIE.to_owned(),
        name: "phone".to_owned(),
        endpoint: text(&said["endpoint"]),
        p256dh: text(&said["keys"]["p256dh"]),
        auth: text(&said["keys"]["auth"]),
        origin: "https://hub.example.org".to_owned(),
        language: Language::English,
        made_ms: T0,
    };
    let device = before.add(new).expect("kept");
    drop(before);
    let after = open();
    assert_eq!((after.of(MARIE), after.public_key().expect("kept")), (vec![device], key));
}

#[test]
fn a_route_that_would_push_to_nobody_and_a_relay_that_knows_no_devices_are_refused() {
    let check = |text: &str, seat: Seat| {
        #[derive(serde::Deserialize)]
        struct File {
            #[serde(default)]
            channel: Vec<vigie_notify::config::ChannelSaid>,
            #[serde(default)]
            route: Vec<vigie_notify::config::RouteSaid>,
        }
        let file: File = toml::from_str(text).expect("a file");
        vigie_notify::config::check(&file.channel, &file.route, seat).map(|_| ()).map_err(|error| error.to_string())
    };
    let route = "[[route]]\nname='r'\nchannels=['devices']\n";
    let nobody = check(route, Seat::Hub).expect_err("nobody is told");
    assert!(nobody.contains("would tell nobody") && nobody.contains("kind = \"devices\""), "{nobody}");
    let channel = "[[channel]]\nkind='devices'\nname='devices'\nto=['marie@acme.org']\n";
    assert_eq!(check(&format!("{channel}{route}"), Seat::Hub), Ok(()));
    assert!(check(channel, Seat::Relay).expect_err("a relay").contains("known to the hub alone"));
    assert!(check(&channel.replace("marie@acme.org", "marie"), Seat::Hub).is_err());
}

#[test]
fn ids_are_what_the_browser_makes_of_its_endpoint() {
    let disk = FaultDisk::new();
    let devices = Devices::open(Arc::new(State::open_on(disk).expect("a disk").0)).expect("read");
    let said: Value =
        serde_json::from_str(&Browser::new().subscription("https://push.example.org/send/abc")).expect("JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let device = devices.add(NewDevice {
        person: MARIE.to_owned(),
        name: "phone".to_owned(),
        endpoint: text(&said["endpoint"]),
        p256dh: text(&said["keys"]["p256dh"]),
        auth: text(&said["keys"]["auth"]),
        origin: "https://hub.example.org".to_owned(),
        language: Language::English,
        made_ms: UtcMs(T0).0,
    });
    // printf https://push.example.org/send/abc | sha256sum
    assert_eq!(device.expect("kept").id, "8bee32829b1025fb");
}
