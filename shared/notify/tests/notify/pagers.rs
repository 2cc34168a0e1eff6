//! Is each alert one incident to who follows each by itself, from its beginning to its end, whoever tells it? Pure.

use crate::common::{MINUTE, alert, clocks, configured, one_route};
use serde_json::{Value, json};
use vigie_notify::{Change, Intent, Kind, Language, Mind, Seat, Service};

fn plain_one() -> Intent {
    let mut mind = Mind::new(one_route(Seat::Hub, ""), clocks(0));
    mind.hear(alert(1, 0).begins(), clocks(0)).expect("heard");
    mind.due(clocks(10 * MINUTE)).remove(0)
}

fn posted(service: &Service, secret: &str, intent: &Intent) -> Value {
    let post = service.post(intent, secret, None).expect("it can be put so");
    serde_json::from_slice(&post.body).expect("JSON")
}

#[test]
fn who_follows_each_alert_gets_one_incident_for_each_from_its_beginning_to_its_end() {
    let (rules, _) = configured(
        "[[channel]]\nkind='pagerduty'\nname='pager'\nkey_file='k'\n
         [[channel]]\nkind='slack'\nname='chat'\nurl_file='u'\n
         [[route]]\nname='r'\nchannels=['pager', 'chat']\nwait_s=0\ninterval_s=0\ngroup_by=['client']\n",
        Seat::Hub,
    );
    let mut mind = Mind::new(rules.clone(), clocks(0));
    let of_hub = |number| crate::common::Alert { judge: vigie_notify::Judge::Hub, ..alert(number, 0) };
    let (one, two) = (of_hub(1), of_hub(2));
    let service = Service::PagerDuty { url: "https://a.example".to_owned() };
    let mut events = Vec::new();
    let mut chat = Vec::new();
    let mut step = |mind: &mut Mind, heard: Vec<vigie_notify::Heard>, minute: i64| {
        let now = clocks(minute * MINUTE);
        heard.into_iter().for_each(|heard| mind.hear(heard, now).expect("heard"));
        for intent in mind.due(now) {
            match intent.channel.as_str() {
                "pager" => {
                    let said = posted(&service, "k", &intent);
                    let of = |name: &str| said[name].as_str().expect("a word").to_owned();
                    events.push((minute, of("event_action"), of("dedup_key")));
                }
                _ => chat.push((minute, intent.notice.kind)),
            }
        }
    };
    step(&mut mind, vec![one.begins(), two.begins()], 1);
    step(&mut mind, vec![one.changes(Change::Acknowledged, 2 * MINUTE)], 2);
    step(&mut mind, vec![one.changes(Change::Acknowledged, 2 * MINUTE)], 3);
    step(&mut mind, vec![one.ends(10 * MINUTE)], 10);
    step(&mut mind, vec![two.ends(12 * MINUTE)], 12);
    let (first, second) = (events[0].2.clone(), events[1].2.clone());
    assert_ne!(first, second);
    let told: Vec<(i64, &str, bool)> =
        events.iter().map(|(minute, action, key)| (*minute, action.as_str(), *key == first)).collect();
    let is_first =
        events.iter().find(|(_, action, _)| action == "acknowledge").is_some_and(|(_, _, key)| *key == first);
    assert_eq!(
        told,
        [
            (1, "trigger", true),
            (1, "trigger", false),
            (2, "acknowledge", is_first),
            (10, "resolve", is_first),
            (12, "resolve", !is_first),
        ]
    );
    assert_eq!(
        chat,
        [(1, Kind::Firing), (10, Kind::Resolved), (12, Kind::Resolved)],
        "a chat hears of no acknowledgement"
    );
    // The other side, on a route of another name, comes to the same incident.
    let (other, _) = configured(
        "[[channel]]\nkind='pagerduty'\nname='p'\nkey_file='k'\n[[route]]\nname='other'\nchannels=['p']\nwait_s=0\n",
        Seat::Relay,
    );
    let mut mind = Mind::new(other, clocks(0));
    mind.hear(one.begins(), clocks(0)).expect("heard");
    let there = mind.due(clocks(MINUTE)).remove(0);
    let key = posted(&service, "k", &there)["dedup_key"].clone();
    assert!(key == *first || key == *second);
    assert_eq!(there.notice.language, Language::English);
}

#[test]
fn an_event_says_of_a_trigger_what_it_must() {
    let service = Service::PagerDuty { url: "https://a.example".to_owned() };
    let said = posted(&service, "0123456789abcdef0123456789abcdef", &plain_one());
    assert_eq!(said["routing_key"], "0123456789abcdef0123456789abcdef");
    let payload = &said["payload"];
    assert_eq!(
        (&payload["severity"], &payload["source"], &payload["group"], &payload["class"]),
        (&json!("critical"), &json!("web-1"), &json!("acme/lyon"), &json!("disk"))
    );
    assert_eq!(payload["timestamp"], "2023-11-14T22:13:20.000Z");
    assert_eq!(said["links"][0]["href"], "https://hub.example.org/m/1");
}
