//! What is wrong: who sees it, who decides, and how do others' programs read it?

mod common;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};
use vigie_model::{Severity, UtcMs};
use vigie_serve::{
    Access, Availability, AvailabilityWish, Clients, Cut, Decides, Decision, Identity, Incident, IncidentState,
    Incidents, Minutes, Mute, MutePreview, MuteWish, Place, Reached, RuleAlert, RuleGroup, RuleShown, SiteMinutes,
    Stamp, Telling, TokenTable, Undecided, Writes,
};

use common::{Answer, Door, slug};

/// Two incidents, one of each client; notes what was decided.
#[derive(Default)]
struct Watch {
    home: Option<Place>,
    decided: Mutex<Vec<(String, Decision, String)>>,
    muted: Mutex<Vec<(MuteWish, String)>>,
    ended: Mutex<u32>,
}

impl Incidents for Watch {
    fn home(&self) -> Option<Place> {
        self.home.clone()
    }

    fn incidents(&self) -> Vec<Incident> {
        vec![incident("A", "acme", IncidentState::Firing), incident("B", "bron", IncidentState::Resolved)]
    }

    fn incident(&self, id: &str) -> Option<Incident> {
        self.incidents().into_iter().find(|one| one.id == id)
    }

    fn changes(&self) -> u64 {
        7
    }

    fn decide(&self, id: &str, decision: Decision, by: &str) -> Result<Incident, Undecided> {
        self.decided.lock().expect("no test panics here").push((id.to_owned(), decision, by.to_owned()));
        self.incident(id).ok_or(Undecided::NotHere("such incident"))
    }

    fn rules(&self) -> Vec<RuleGroup> {
        let alert = |client: &str| RuleAlert {
            labels: [("alertname".to_owned(), "Hot".to_owned()), ("client".to_owned(), client.to_owned())].into(),
            annotations: BTreeMap::new(),
            firing: true,
            active_at: Stamp(UtcMs(0)),
            keep_firing_since: None,
            value: 300.5,
            doubt: None,
        };
        let rule = RuleShown {
            name: "Hot".to_owned(),
            alerting: true,
            expr: "oven > 200".to_owned(),
            for_ms: 60_000,
            keep_firing_for_ms: 0,
            labels: BTreeMap::new(),
            annotations: BTreeMap::new(),
            alerts: vec![alert("acme"), alert("bron")],
            last_error: Some("many-to-many: client=\"bron\" machine=\"mairie\"".to_owned()),
            last_evaluation: Some(Stamp(UtcMs(1_000))),
            evaluation_seconds: 0.25,
        };
        vec![RuleGroup { name: "g".to_owned(), file: "f.yml".to_owned(), interval_ms: 10_000, rules: vec![rule] }]
    }

    fn mutes(&self) -> Vec<Mute> {
        let text = r#"{ "client": "acme", "site": "lyon", "until_ms": 1 }"#;
        let (wish, made_at) = (serde_json::from_str(text).expect("a wish"), Stamp(UtcMs(0)));
        let (id, by, at) = ("M".to_owned(), "hub".to_owned(), "hub-1".to_owned());
        vec![Mute { id, wish, by, at, made_at, ended: None, active: false, windows: Vec::new() }]
    }

    fn preview(&self, _: &MuteWish) -> Result<MutePreview, Undecided> {
        let (machines, incidents, awake, windows) = Default::default();
        Ok(MutePreview { machines, machine_count: 0, incidents, awake, windows })
    }

    fn mute(&self, wish: &MuteWish, by: &str) -> Result<Mute, Undecided> {
        self.muted.lock().expect("no test panics here").push((wish.clone(), by.to_owned()));
        Err(Undecided::Changed)
    }

    fn end_mute(&self, _: &str, _: &str) -> Result<Mute, Undecided> {
        *self.ended.lock().expect("no test panics here") += 1;
        Err(Undecided::NotHere("such maintenance"))
    }

    fn cuts(&self) -> Vec<Cut> {
        let cut = |client: &str| Cut {
            id: format!("cut of {client}"),
            client: slug(client),
            site: slug("lyon"),
            from: Stamp(UtcMs(0)),
            to: Stamp(UtcMs(60_000)),
            began: 2,
            ended: 1,
            open: 1,
            known_by: vec!["ann".to_owned()],
            incidents: vec!["A".to_owned()],
        };
        vec![cut("acme"), cut("bron")]
    }

    fn availability(&self, wish: &AvailabilityWish) -> Result<Availability, Undecided> {
        if wish.from_ms > wish.to_ms {
            return Err(Undecided::Senseless("it ends before it begins".to_owned()));
        }
        let of = |client: &str| SiteMinutes {
            client: slug(client),
            site: wish.site.clone().unwrap_or_else(|| slug("lyon")),
            minutes: Minutes::new(3, 1, 6),
            machines: Vec::new(),
        };
        let seen = ["acme", "bron"].into_iter().filter(|client| wish.seen.include(&slug(client)));
        let sites = seen.map(of).collect();
        Ok(Availability { from: Stamp(UtcMs(wish.from_ms)), to: Stamp(UtcMs(wish.to_ms)), sites })
    }

    fn telling(&self) -> Telling {
        Telling::default()
    }
}

#[tokio::test]
async fn everybody_sees_what_is_wrong_with_their_own_and_nothing_of_others() {
    let (door, _) = door();
    let ids = |answer: Answer| {
        let list = answer.json()["incidents"].as_array().cloned().unwrap_or_default();
        list.iter().map(|one| one["id"].as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(ids(door.get("hub", "/api/v1/incidents?standing=all").await), ["A", "B"]);
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
    assert_eq!(known.status, StatusCode::NOT_FOUND, "what it does not see is not there for it");
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

fn incident(id: &str, client: &str, standing: IncidentState) -> Incident {
    Incident {
        id: id.to_owned(),
        standing,
        rule: "Hot".to_owned(),
        severity: Severity::Critical,
        summary: "hot".to_owned(),
        client: Some(slug(client)),
        site: Some(slug("lyon")),
        machine: Some("till-1".to_owned()),
        machine_id: None,
        labels: BTreeMap::new(),
        annotations: BTreeMap::new(),
        value: Some(300.5),
        doubt: None,
        began: Some(Stamp(UtcMs(0))),
        since: Some(Stamp(UtcMs(0))),
        ended: None,
        times: 1,
        learnt_at: Stamp(UtcMs(0)),
        judge: None,
        contradicted: false,
        acknowledgements: Vec::new(),
        assignments: Vec::new(),
        snoozed_until: None,
        closings: Vec::new(),
        comments: Vec::new(),
        muted_by: Vec::new(),
        reached: Reached::Everywhere,
    }
}
