//! What is wrong: who sees it, who decides, and how do others' programs read it?

use std::sync::Arc;

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use vigie_model::UtcMs;
use vigie_serve::{Access, Clients, Decides, Decision, Identity, Lookout, Stamp, TokenTable, Writes};

use crate::common::watch::Watch;
use crate::common::{Answer, Door, Node, slug};

#[tokio::test]
async fn everybody_sees_what_is_wrong_with_their_own_and_nothing_of_others() {
    let (door, _) = door();
    let ids = |answer: Answer| {
        let list = answer.json()["incidents"].as_array().cloned().unwrap_or_default();
        list.iter().map(|one| one["id"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(door.get("hub", "/api/v1/incidents?standing=all").await), ["B", "A"]);
    assert_eq!(ids(door.get("hub", "/api/v1/incidents").await), ["A"], "open ones unless said otherwise");
    assert_eq!(ids(door.get("looks", "/api/v1/incidents?standing=all").await), ["A"]);
    assert_eq!(ids(door.get("looks", "/api/v1/incidents?site=paris").await), [""; 0]);
    assert_eq!(door.get("looks", "/api/v1/incidents/B").await.status, StatusCode::NOT_FOUND);
    assert_eq!(door.get("hub", "/api/v1/incidents?standing=odd").await.status, StatusCode::BAD_REQUEST);
    assert_eq!(door.get("", "/api/v1/incidents").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(door.get("looks", "/api/v1/telling").await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn what_happened_behind_a_cut_and_who_was_there_is_shown_to_those_it_concerns() {
    let (door, _) = door();
    let clients = |answer: &Answer, list: &str| {
        let of = answer.json()[list].as_array().cloned().unwrap_or_default();
        of.iter().map(|one| one["client"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(clients(&door.get("hub", "/api/v1/incidents").await, "cuts"), ["acme", "bron"]);
    assert_eq!(clients(&door.get("looks", "/api/v1/incidents").await, "cuts"), ["acme"]);
    assert_eq!(clients(&door.get("hub", "/api/v1/incidents?client=bron").await, "cuts"), ["bron"]);
    assert_eq!(clients(&door.get("hub", "/api/v1/incidents?site=paris").await, "cuts"), [""; 0]);

    let asked = "/api/v1/availability?site=nice&start=2026-11-20T10:00:00Z&end=2026-11-21T10:00:00Z";
    let found = door.get("looks", asked).await.json();
    let site = &found["sites"][0];
    assert_eq!((found["sites"].as_array().map(Vec::len), &site["client"]), (Some(1), &json!("acme")), "{found}");
    assert_eq!((&site["site"], &site["up"], &site["unverified"]), (&json!("nice"), &json!(3), &json!(6)));
    assert_eq!((&site["availability"], &site["verified"]), (&json!(0.75), &json!(0.4)));
    assert_eq!(found["from"], "2026-11-20T10:00:00.000Z");
    for wrong in ["start=soon", "client=No+Slug", "start=9&end=5"] {
        let refused = door.get("hub", &format!("/api/v1/availability?{wrong}")).await;
        assert!(refused.status.is_client_error(), "{wrong}: {}", refused.status);
    }
    assert_eq!(door.get("", "/api/v1/availability").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_reader_does_not_decide_and_who_was_given_that_decides_in_their_own_name() {
    let (door, watch) = door();
    let refused = post(&door, "looks", "/api/v1/incidents/A/acknowledge", json!({})).await;
    assert_eq!((refused.status, &refused.json()["code"]), (StatusCode::FORBIDDEN, &json!("no-right")));
    let elsewhere = post(&door, "paris", "/api/v1/incidents/A/acknowledge", json!({})).await;
    assert_eq!(elsewhere.status, StatusCode::FORBIDDEN, "its place is another");
    assert_eq!(post(&door, "lyon", "/api/v1/incidents/B/wake", json!({})).await.status, StatusCode::NOT_FOUND);
    assert!(watch.decided.lock().expect("no test panics here").is_empty());
    let said = json!({ "text": "on my way" });
    assert_eq!(post(&door, "lyon", "/api/v1/incidents/A/acknowledge", said).await.status, StatusCode::OK);
    let by_form = Request::post("/api/v1/incidents/A/comment")
        .header("authorization", "Bearer lyon")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(Body::from("text=smoke+here"))
        .expect("a request");
    assert_eq!(door.send(by_form).await.status, StatusCode::OK);
    let decided = watch.decided.lock().expect("no test panics here").clone();
    let mine = |decision| ("A".to_owned(), decision, "lyon".to_owned());
    let known = mine(Decision::Acknowledge("on my way".to_owned()));
    assert_eq!(decided, [known, mine(Decision::Comment("smoke here".to_owned()))]);
}

#[tokio::test]
async fn what_was_decided_without_a_line_happened_then_and_not_before_it_was_known_nor_after_now() {
    let (door, watch) = door();
    let now = Node::new().now().utc.0;
    let at = |ms: i64| json!(Stamp(UtcMs(ms)));
    let hour = 3_600_000;
    for said in [now - hour, now + 400 * 24 * hour] {
        let answer = post(&door, "lyon", "/api/v1/incidents/A/acknowledge", json!({ "happened_at": at(said) })).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
    }
    let happened = watch.happened.lock().expect("no test panics here").clone();
    assert_eq!(happened[0], Some(Stamp(UtcMs(now - hour))));
    // A clock that is ahead decides nothing that is to come: the hub's own moment counts.
    assert!(happened[1].is_some_and(|at| (now..now + hour).contains(&at.ms())), "{happened:?}");
    // Minutes of quiet count from then: what is over already is not begun.
    let quiet = |minutes: i64| json!({ "minutes": minutes, "happened_at": at(now - hour) });
    assert_eq!(post(&door, "lyon", "/api/v1/incidents/A/snooze", quiet(90)).await.status, StatusCode::OK);
    let until = watch.decided.lock().expect("no test panics here").last().map(|(_, decision, _)| decision.clone());
    assert_eq!(until, Some(Decision::Snooze(Stamp(UtcMs(now + hour / 2)))));
    for (word, body) in [
        ("snooze", quiet(30)),
        ("acknowledge", json!({ "happened_at": at(now - 8 * 24 * hour) })),
        ("acknowledge", json!({ "happened_at": "yesterday" })),
    ] {
        let refused = post(&door, "lyon", &format!("/api/v1/incidents/A/{word}"), body.clone()).await;
        assert!(refused.status.is_client_error(), "{word} {body}: {}", refused.text());
    }
    assert_eq!(watch.decided.lock().expect("no test panics here").len(), 3);
}

#[tokio::test]
async fn who_only_writes_or_does_not_see_the_place_neither_decides_nor_silences() {
    let (door, watch) = door();
    let wish = json!({ "client": "acme", "site": "lyon", "minutes": 525_600, "why": "quiet" });
    for token in ["pushes", "blind"] {
        let muted = post(&door, token, "/api/v1/maintenance", wish.clone()).await;
        assert_eq!((muted.status, &muted.json()["code"]), (StatusCode::FORBIDDEN, &json!("no-right")), "{token}");
        let ended = post(&door, token, "/api/v1/maintenance/M/end", json!({})).await;
        assert!([StatusCode::FORBIDDEN, StatusCode::NOT_FOUND].contains(&ended.status), "{token}");
    }
    let known = post(&door, "pushes", "/api/v1/incidents/A/acknowledge", json!({})).await;
    assert_eq!(known.status, StatusCode::FORBIDDEN);
    let known = post(&door, "blind", "/api/v1/incidents/A/acknowledge", json!({})).await;
    assert_eq!(known.status, StatusCode::FORBIDDEN, "who sees nothing decides of nothing, whatever is there");
    assert!(watch.decided.lock().expect("no test panics here").is_empty());
    assert!(watch.muted.lock().expect("no test panics here").is_empty());
    assert_eq!(*watch.ended.lock().expect("no test panics here"), 0);
    // Who decides of all they see decides of a whole client, and of no other.
    let client = json!({ "client": "acme", "minutes": 30 });
    assert_eq!(post(&door, "acme", "/api/v1/maintenance", client).await.status, StatusCode::CONFLICT);
    for wider in [json!({ "client": "bron", "minutes": 30 }), json!({ "minutes": 30 })] {
        assert_eq!(post(&door, "acme", "/api/v1/maintenance", wider).await.status, StatusCode::FORBIDDEN);
    }
    assert_eq!(watch.muted.lock().expect("no test panics here").len(), 1);
}

#[tokio::test]
async fn nonsense_is_refused_and_nothing_is_decided() {
    let (door, watch) = door();
    for (path, body) in [
        ("snooze", json!({})),
        ("snooze", json!({ "minutes": "soon" })),
        ("snooze", json!({ "minutes": 60 * 24 * 60 })),
        ("snooze", json!({ "until": "2026-11-20T10:00:00Z", "minutes": 5 })),
        ("explode", json!({})),
        ("assign", json!({ "who": "ann" })),
        ("comment", json!([1])),
    ] {
        let refused = post(&door, "lyon", &format!("/api/v1/incidents/A/{path}"), body.clone()).await;
        assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{path} {body}: {}", refused.text());
    }
    assert!(watch.decided.lock().expect("no test panics here").is_empty());
}

#[tokio::test]
async fn maintenance_is_for_who_decides_there_and_at_a_relay_for_its_own_site() {
    let (door, watch) = door();
    let wish = json!({ "client": "acme", "site": "lyon", "minutes": 30, "machine": "till-1", "why": "new disk" });
    let refused = post(&door, "looks", "/api/v1/maintenance", wish.clone()).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    let wide = post(&door, "lyon", "/api/v1/maintenance", json!({ "client": "acme", "minutes": 30 })).await;
    assert_eq!(wide.status, StatusCode::FORBIDDEN, "a client is more than its site");
    let changed = post(&door, "lyon", "/api/v1/maintenance", wish).await;
    assert_eq!((changed.status, &changed.json()["code"]), (StatusCode::CONFLICT, &json!("changed")));
    let (muted, by) = watch.muted.lock().expect("no test panics here")[0].clone();
    assert_eq!((muted.labels["machine"].as_str(), by.as_str()), ("till-1", "lyon"));
    assert_eq!(
        post(&door, "hub", "/api/v1/maintenance", json!({ "minutes": "x" })).await.status,
        StatusCode::BAD_REQUEST
    );
    let home = Some("acme/lyon".parse().expect("a place"));
    let relay = Arc::new(Watch { home, ..Watch::default() });
    let door = Door::watching(relay.clone(), access());
    post(&door, "lyon", "/api/v1/maintenance", json!({ "minutes": 30 })).await;
    let (muted, _) = relay.muted.lock().expect("no test panics here")[0].clone();
    assert_eq!((muted.client, muted.site), (Some(slug("acme")), Some(slug("lyon"))));
    let other = post(&door, "hub", "/api/v1/maintenance", json!({ "client": "bron", "minutes": 30 })).await;
    assert_eq!(other.status, StatusCode::BAD_REQUEST, "not its site");
}

#[tokio::test]
async fn rules_and_alerts_are_read_as_those_of_prometheus() {
    let (door, _) = door();
    for prefix in ["/prometheus/api/v1", "/api/v1"] {
        let rules = door.get("looks", &format!("{prefix}/rules")).await.json();
        let group = &rules["data"]["groups"][0];
        assert_eq!((&rules["status"], &group["interval"]), (&json!("success"), &json!(10.0)));
        let rule = &group["rules"][0];
        assert_eq!(
            (&rule["type"], &rule["state"], &rule["duration"]),
            (&json!("alerting"), &json!("firing"), &json!(60.0))
        );
        let alerts = door.get("looks", &format!("{prefix}/alerts")).await.json();
        let alerts = alerts["data"]["alerts"].as_array().cloned().unwrap_or_default();
        assert_eq!(alerts.len(), 1, "another client's is not there");
        assert_eq!((&alerts[0]["value"], &alerts[0]["state"]), (&json!("3.005e+02"), &json!("firing")));
    }
    let none = door.get("hub", "/prometheus/api/v1/rules?type=record").await.json();
    assert_eq!(none["data"]["groups"], json!([]));
    let wrong = door.get("hub", "/prometheus/api/v1/rules?type=odd").await;
    assert_eq!((wrong.status, &wrong.json()["errorType"]), (StatusCode::BAD_REQUEST, &json!("bad_data")));
}

#[tokio::test]
async fn why_a_rule_fails_is_for_who_sees_every_client_and_that_it_fails_for_all() {
    let (door, _) = door();
    for path in ["/api/v1/watch/rules", "/prometheus/api/v1/rules", "/api/v1/rules"] {
        let (all, one) = (door.get("hub", path).await, door.get("looks", path).await);
        let (all, one) = (all.text(), one.text());
        assert!(all.contains("mairie"), "{all}");
        assert!(!one.contains("mairie") && one.contains("could not be worked out"), "{one}");
    }
}

#[tokio::test]
async fn who_decides_of_a_place_says_what_is_different_there_and_nobody_else() {
    let (door, watch) = door();
    let wish = json!({ "name": "CpuBusy", "client": "acme", "site": "lyon", "above": "90%", "for": "5m" });
    for (token, status) in [
        ("looks", StatusCode::FORBIDDEN),
        ("paris", StatusCode::FORBIDDEN),
        ("pushes", StatusCode::FORBIDDEN),
        ("lyon", StatusCode::CREATED),
        ("hub", StatusCode::CREATED),
    ] {
        assert_eq!(post(&door, token, "/api/v1/watch/rules", wish.clone()).await.status, status, "{token}");
    }
    let everywhere = json!({ "name": "CpuBusy", "above": 0.9 });
    for token in ["lyon", "acme"] {
        let wide = post(&door, token, "/api/v1/watch/rules", everywhere.clone()).await;
        assert_eq!(wide.status, StatusCode::FORBIDDEN, "{token} decides of no more than its places");
    }
    let wrong = post(&door, "hub", "/api/v1/watch/rules", json!({ "name": "CpuBusy", "abvoe": 1 })).await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST);
    assert!(wrong.text().contains("abvoe"), "{}", wrong.text());
    let tuned = watch.tuned.lock().expect("no test panics here").clone();
    let by: Vec<(&str, Option<f64>)> =
        tuned.iter().map(|(wish, by)| (by.as_str(), wish.above.as_ref().and_then(|above| above.number()))).collect();
    assert_eq!(by, [("lyon", Some(0.9)), ("hub", Some(0.9))]);
    assert_eq!(door.get("looks", "/api/v1/watch/rules/Hot").await.status, StatusCode::OK);
    assert_eq!(door.get("looks", "/api/v1/watch/rules/Cold").await.status, StatusCode::NOT_FOUND);
    let unset = json!({ "name": "Cold", "client": "acme", "site": "lyon" });
    assert_eq!(post(&door, "lyon", "/api/v1/watch/rules/unset", unset).await.status, StatusCode::NOT_FOUND);
}

fn door() -> (Door, Arc<Watch>) {
    let watch = Arc::new(Watch::default());
    (Door::watching(watch.clone(), access()), watch)
}

fn access() -> Arc<dyn Access> {
    let acme = || Clients::Only([slug("acme")].into());
    let pushes = Identity {
        name: "pushes".to_owned(),
        clients: acme(),
        writes: Writes::into_one("acme/lyon".parse().expect("a place")),
        ..Identity::default()
    };
    // Said to decide of all it sees, and sees nobody's.
    let blind = Identity { name: "blind".to_owned(), decides: Decides::Seen, ..Identity::default() };
    let who = |name: &str, clients, decides| {
        let who = Identity { name: name.to_owned(), clients, decides, ..Identity::default() };
        (TokenTable::hash(name), who)
    };
    let of = |place: &str| Decides::of_one(place.parse().expect("a place"));
    Arc::new(TokenTable::new([
        who("hub", Clients::All, Decides::Seen),
        who("looks", acme(), Decides::Nothing),
        who("acme", acme(), Decides::Seen),
        who("lyon", acme(), of("acme/lyon")),
        who("paris", acme(), of("acme/paris")),
        (TokenTable::hash("pushes"), pushes),
        (TokenTable::hash("blind"), blind),
    ]))
}

async fn post(door: &Door, token: &str, path: &str, body: Value) -> Answer {
    let request = Request::post(path)
        .header("authorization", format!("Bearer {token}"))
        .header("content-type", "application/json")
        .body(Body::from(body.to_string()));
    door.send(request.expect("a request")).await
}
