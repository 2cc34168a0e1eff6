//! Does whoever sees machines by their tags see those, and nothing else, whichever way they ask?

use axum::http::StatusCode;
use serde_json::{Value, json};
use vigie_serve::{Incident, IncidentState, Incidents, Mark, Place};

use crate::common::hub::{By, Hub};
use crate::common::watch::incident;
use crate::common::{Answer, NOW_MS, Node, id_of, machine, slug, tokens};

/// `counter` and `compta` stand at one site; the first is a till.
struct Shop {
    hub: Hub,
    /// Sees and decides of tills alone.
    till: By,
    /// Sees all of the client.
    whole: By,
}

impl Shop {
    fn new() -> Self {
        let hub =
            Hub::new(Node::beside([machine("counter", "acme", "lyon"), machine("depot", "acme", "nord")]), tokens());
        hub.roll.begin();
        let by = |email: &str, scope: &str| {
            let person = hub.roll.person(email, &[&format!("admin@{scope}")]);
            By::Token(hub.roll.token(&person, scope, 30).1)
        };
        let (till, whole) = (by("till@acme.org", "acme#till"), by("ann@acme.org", "acme"));
        let shop = Self { hub, till, whole };
        shop.tag("counter", &["till", "new"]);
        shop.tag("compta", &["office"]);
        let about = |id: &str, name: &str| Incident {
            machine: Some(name.to_owned()),
            machine_id: Some(id_of(name).to_string()),
            summary: format!("{name} is hot"),
            ..incident(id, "acme", IncidentState::Firing)
        };
        *shop.hub.watch.about.lock().expect("no test panics here") =
            vec![about("T1", "counter"), about("T2", "compta")];
        shop
    }

    fn tag(&self, name: &str, tags: &[&str]) {
        let mark = Mark { tags: tags.iter().map(|tag| slug(tag)).collect(), ..Mark::default() };
        let place: Place = "acme/lyon".parse().expect("a place");
        self.hub.watch.mark(&[(place, id_of(name), mark)]).expect("kept");
    }

    async fn get(&self, path: &str) -> Answer {
        self.hub.ask("GET", &self.till, path, None).await
    }

    async fn names(&self, path: &str) -> Vec<String> {
        let machines = self.get(path).await.json();
        let names = machines["machines"].as_array().expect("machines").iter();
        names.map(|one| one["name"].as_str().expect("a name").to_owned()).collect()
    }
}

/// Whatever a question gives of the machines' samples.
fn asks() -> Vec<String> {
    let (from, to) = ((NOW_MS - 60_000) / 1_000, NOW_MS / 1_000);
    [
        "query?query=up".to_owned(),
        "query?query=count by (machine) (up)".to_owned(),
        r#"query?query=up{machine=~".*"} or up{machine!="counter"}"#.to_owned(),
        r#"query?query=label_replace(up, "copy", "$1", "machine", "(.*)")"#.to_owned(),
        format!("query_range?query=up&start={from}&end={to}&step=60"),
        "series?match[]=up".to_owned(),
        "label/machine/values".to_owned(),
        "label/machine_id/values".to_owned(),
        "label/site/values?match[]=up".to_owned(),
        "labels".to_owned(),
        "status/tsdb".to_owned(),
    ]
    .into_iter()
    .map(|ask| {
        format!(
            "/prometheus/api/v1/{}",
            ask.replace(' ', "%20").replace('"', "%22").replace('{', "%7B").replace('}', "%7D")
        )
    })
    .collect()
}

#[tokio::test]
async fn a_tagged_machine_is_seen_and_its_neighbour_is_not_there() {
    let shop = Shop::new();
    assert_eq!(shop.names("/api/v1/machines").await, ["counter"]);
    let columns = shop.get("/api/v1/machines/columns").await.json();
    assert_eq!((&columns["total"], &columns["name"]), (&json!(1), &json!(["counter"])));
    assert_eq!(columns["marks"], json!([{ "tags": ["new", "till"], "groups": [] }]));
    for way in ["", "/ledger", "/tags", "/raw?start=2026-11-21T10:00:00Z&end=2026-11-21T11:00:00Z"] {
        let of = |name: &str| format!("/api/v1/machines/{}{way}", id_of(name));
        assert_eq!(shop.get(&of("counter")).await.status, StatusCode::OK, "{way}");
        let (theirs, none) = (shop.get(&of("compta")).await, shop.get(&of("nobody")).await);
        assert_eq!((theirs.status, none.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND), "{way}");
        let blind = |answer: &Answer, name: &str| answer.text().replace(&id_of(name).to_string(), "…");
        assert_eq!(blind(&theirs, "compta"), blind(&none, "nobody"), "{way}");
    }
    let whole = shop.get("/api/v1/sites").await.json();
    assert_eq!((&whole["sites"], &whole["total"]), (&json!([]), &json!(0)), "a site is more than its tills");
    let words = shop.get("/api/v1/tags").await.json();
    assert_eq!(words["tags"], json!([{ "name": "new", "machines": 1 }, { "name": "till", "machines": 1 }]));
}

#[tokio::test]
async fn whatever_is_asked_of_samples_gives_those_of_tagged_machines_alone() {
    let shop = Shop::new();
    for ask in asks() {
        let answer = shop.get(&ask).await;
        assert_eq!(answer.status, StatusCode::OK, "{ask}: {}", answer.text());
        for other in ["compta", "mairie", "depot", "nord", "bron", &id_of("compta").to_string()] {
            assert!(!answer.text().contains(other), "{ask} tells of {other}: {}", answer.text());
        }
    }
    let query = shop.get("/prometheus/api/v1/query?query=sum(up)").await.json();
    assert_eq!(query["data"]["result"][0]["value"][1], "0.5", "sums are of what is seen");
    let whole = shop.hub.ask("GET", &shop.whole, "/prometheus/api/v1/query?query=sum(up)", None).await.json();
    assert_eq!(whole["data"]["result"][0]["value"][1], "1.5", "three machines of acme");
    for path in ["/api/v1/export?match[]=up", "/api/v1/export?match[]=up&format=csv", "/prometheus/federate?match[]=up"]
    {
        let answer = shop.get(path).await;
        assert!(answer.text().contains("counter") && !answer.text().contains("compta"), "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn of_a_tagged_machines_incident_they_decide_and_of_others_they_do_not_know() {
    let shop = Shop::new();
    let all = shop.get("/api/v1/incidents?standing=all").await.json();
    let ids: Vec<&Value> = all["incidents"].as_array().expect("a list").iter().map(|one| &one["id"]).collect();
    assert_eq!((ids, &all["total"], &all["cuts"]), (vec![&json!("T1")], &json!(1), &json!([])));
    let (theirs, none) = (shop.get("/api/v1/incidents/T2").await, shop.get("/api/v1/incidents/Z9").await);
    assert_eq!((theirs.status, theirs.text()), (none.status, none.text()));
    let decide = |id: &str| format!("/api/v1/incidents/{id}/acknowledge");
    let post = async |path: String| shop.hub.ask("POST", &shop.till, &path, Some(json!({}))).await;
    assert_eq!(post(decide("T1")).await.status, StatusCode::OK);
    assert_eq!(post(decide("T2")).await.status, StatusCode::NOT_FOUND);
    assert_eq!(shop.hub.watch.decided.lock().expect("no test panics here").len(), 1);
    let found = shop.hub.ask("GET", &shop.whole, "/api/v1/incidents?q=tag:office", None).await.json();
    assert_eq!(found["incidents"][0]["id"], "T2");
}

#[tokio::test]
async fn a_tag_that_is_taken_away_takes_the_right_away_at_once() {
    let shop = Shop::new();
    shop.tag("counter", &["new"]);
    assert_eq!(shop.names("/api/v1/machines").await, [""; 0]);
    for ask in asks() {
        let answer = shop.get(&ask).await;
        assert!(!answer.text().contains("counter"), "{ask}: {}", answer.text());
    }
    assert_eq!(shop.get("/api/v1/incidents/T1").await.status, StatusCode::NOT_FOUND);
    shop.tag("compta", &["office", "till"]);
    assert_eq!(shop.names("/api/v1/machines").await, ["compta"], "and one that is given gives it");
}

#[tokio::test]
async fn what_is_of_a_place_as_a_whole_is_refused_to_who_sees_machines_by_their_tags() {
    let shop = Shop::new();
    let wish = json!({ "client": "acme", "site": "lyon", "minutes": 5, "why": "x" });
    let rule = json!({ "name": "Hot", "client": "acme", "site": "lyon", "on": false });
    let id = id_of("counter").to_string();
    let tags = json!({ "machines": [id], "add": { "tags": ["mine"] } });
    for (path, body) in [
        ("/api/v1/maintenance".to_owned(), &wish),
        ("/api/v1/maintenance/preview".to_owned(), &wish),
        ("/api/v1/watch/rules".to_owned(), &rule),
        ("/api/v1/machines/tags".to_owned(), &tags),
    ] {
        let answer = shop.hub.ask("POST", &shop.till, &path, Some(body.clone())).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.text());
    }
    let put = shop.hub.ask("PUT", &shop.till, &format!("/api/v1/machines/{id}/tags"), Some(json!({}))).await;
    assert_eq!(put.status, StatusCode::FORBIDDEN, "nobody makes what they see wider: {}", put.text());
    for path in ["/api/v1/maintenance", "/api/v1/availability", "/api/v1/watch/rules", "/prometheus/api/v1/alerts"] {
        let answer = shop.get(path).await;
        assert!(!answer.text().contains("compta") && !answer.text().contains("lyon"), "{path}: {}", answer.text());
    }
    assert!(shop.hub.watch.muted.lock().expect("no test panics here").is_empty());
    assert!(shop.hub.watch.tuned.lock().expect("no test panics here").is_empty());
}

#[tokio::test]
async fn who_sees_machines_by_their_tags_says_of_each_of_those_when_nobody_is_told_and_of_nothing_else() {
    let shop = Shop::new();
    let id = |name: &str| id_of(name).to_string();
    let mute = async |way: &str, body: Value| {
        let path = format!("/api/v1/maintenance{way}");
        shop.hub.ask("POST", &shop.till, &path, Some(body)).await.status
    };
    // The hub of this test keeps what is wished and says that somebody was quicker.
    for own in [
        json!({ "machine": "counter", "minutes": 5 }),
        json!({ "client": "acme", "site": "lyon", "machine": "counter", "rule": "CpuBusy", "minutes": 5 }),
        json!({ "client": "acme", "site": "lyon", "machine_id": id("counter"), "minutes": 5 }),
    ] {
        assert_eq!(mute("/preview", own.clone()).await, StatusCode::OK, "{own}");
        assert_eq!(mute("", own.clone()).await, StatusCode::CONFLICT, "{own}");
        let (wish, by) = shop.hub.watch.muted.lock().expect("no test panics here").pop().expect("it was wished");
        assert_eq!((wish.client, wish.site), (Some(slug("acme")), Some(slug("lyon"))), "{own}");
        assert_eq!(
            (wish.labels["machine_id"].clone(), by.as_str()),
            (id("counter"), "token \"a program\" of till@acme.org"),
            "{own}"
        );
    }
    for others in [
        json!({ "client": "acme", "site": "lyon", "machine": "compta", "minutes": 5 }),
        json!({ "client": "acme", "site": "lyon", "machine_id": id("compta"), "minutes": 5 }),
        json!({ "client": "acme", "site": "nord", "machine_id": id("counter"), "minutes": 5 }),
        json!({ "client": "acme", "machine_id": id("counter"), "minutes": 5 }),
        json!({ "client": "acme", "site": "lyon", "machine_id": "counter", "minutes": 5 }),
        json!({ "client": "acme", "site": "lyon", "rule": "CpuBusy", "minutes": 5 }),
        json!({ "machine": "nobody", "minutes": 5 }),
    ] {
        assert_eq!(mute("/preview", others.clone()).await, StatusCode::FORBIDDEN, "{others}");
        assert_eq!(mute("", others.clone()).await, StatusCode::FORBIDDEN, "{others}");
    }
    assert!(shop.hub.watch.muted.lock().expect("no test panics here").is_empty());
    let of = |name: &str| {
        let labels = json!({ "machine": name, "machine_id": id(name) });
        let wish = json!({ "client": "acme", "site": "lyon", "labels": labels, "until_ms": 1 });
        serde_json::from_value(wish).expect("a wish")
    };
    *shop.hub.watch.mutes_too.lock().expect("no test panics here") = vec![("M1", of("counter")), ("M2", of("compta"))];
    let seen = shop.get("/api/v1/maintenance").await.json();
    let ids: Vec<&Value> = seen["maintenance"].as_array().expect("a list").iter().map(|one| &one["id"]).collect();
    assert_eq!(ids, [&json!("M1")], "what mutes all of the site, or its neighbour, is not theirs");
    let ended = async |which: &str| {
        mute(&format!("/{which}/end"), json!({})).await;
        *shop.hub.watch.ended.lock().expect("no test panics here")
    };
    assert_eq!((ended("M").await, ended("M2").await, ended("M1").await), (0, 0, 1));
    shop.tag("counter", &["new"]);
    assert_eq!(ended("M1").await, 1, "with the tag goes the right");
    let mut muted = shop.get("/api/v1/maintenance").await.json();
    assert_eq!(muted["maintenance"].take(), json!([]));
}

#[tokio::test]
async fn machines_are_tagged_one_by_one_and_many_at_once() {
    let shop = Shop::new();
    let ask = async |method: &str, path: &str, body: Value| shop.hub.ask(method, &shop.whole, path, Some(body)).await;
    let (counter, compta) = (id_of("counter").to_string(), id_of("compta").to_string());
    let one = format!("/api/v1/machines/{counter}/tags");
    let seen = shop.hub.ask("GET", &shop.whole, &one, None).await;
    assert_eq!(seen.json(), json!({ "id": counter, "tags": ["new", "till"], "groups": [] }));
    let put = ask("PUT", &one, json!({ "tags": ["till"], "groups": ["front"] })).await;
    assert_eq!(put.json(), json!({ "id": counter, "tags": ["till"], "groups": ["front"] }));
    assert_ne!(put.header("etag"), seen.header("etag"));
    let many = json!({ "machines": [counter, compta], "add": { "tags": ["lab"] }, "remove": { "tags": ["office"] } });
    let done = ask("POST", "/api/v1/machines/tags", many).await.json();
    assert_eq!(done["changed"], 2);
    assert_eq!(done["machines"][0]["tags"], json!(["lab", "till"]));
    assert_eq!(done["machines"][1]["tags"], json!(["lab"]));
    for (q, names) in [
        ("tag:lab", vec!["compta", "counter"]),
        ("tag:lab%20-tag:till", vec!["compta"]),
        ("group:front", vec!["counter"]),
        ("tag:none", vec!["depot"]),
        ("tag:till,office", vec!["counter"]),
    ] {
        let answer = shop.hub.ask("GET", &shop.whole, &format!("/api/v1/machines?q={q}"), None).await.json();
        let mut found: Vec<&str> = Vec::new();
        answer["machines"].as_array().expect("a list").iter().for_each(|one| found.extend(one["name"].as_str()));
        found.sort_unstable();
        assert_eq!(found, names, "{q}");
    }
    let sites = shop.hub.ask("GET", &shop.whole, "/api/v1/sites?q=tag:lab", None).await.json();
    assert_eq!((&sites["total"], &sites["sites"][0]["name"]), (&json!(1), &json!("lyon")));
}

#[tokio::test]
async fn what_is_no_tag_or_no_machine_of_theirs_changes_nothing() {
    let shop = Shop::new();
    let (counter, mairie) = (id_of("counter").to_string(), id_of("mairie").to_string());
    let wrong = [
        (json!({ "machines": [counter], "add": { "tags": ["no tag"] } }), StatusCode::BAD_REQUEST, "no tag"),
        (json!({ "machines": [counter], "add": { "tgas": ["lab"] } }), StatusCode::BAD_REQUEST, "tgas"),
        (json!({ "machines": [counter] }), StatusCode::BAD_REQUEST, "nothing is said"),
        (json!({ "machines": [], "add": { "tags": ["lab"] } }), StatusCode::BAD_REQUEST, "1 to 500"),
        (
            json!({ "machines": [counter], "remove": { "tags": ["lba"] } }),
            StatusCode::BAD_REQUEST,
            "none of these machines",
        ),
        (
            json!({ "machines": [counter], "add": { "tags": ["a"] }, "remove": { "tags": ["a"] } }),
            StatusCode::BAD_REQUEST,
            "both added and removed",
        ),
        (json!({ "machines": [counter, mairie], "add": { "tags": ["lab"] } }), StatusCode::NOT_FOUND, "no machine"),
        (json!({ "machines": [counter, "x"], "add": { "tags": ["lab"] } }), StatusCode::NOT_FOUND, "no machine"),
    ];
    for (body, status, why) in wrong {
        let answer = shop.hub.ask("POST", &shop.whole, "/api/v1/machines/tags", Some(body.clone())).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.text());
        assert!(answer.text().contains(why), "{body}: {}", answer.text());
    }
    let marks = shop.hub.watch.marks();
    let mark = marks.of(id_of("counter"), &slug("acme"), &slug("lyon")).expect("it is called so");
    assert_eq!(mark.tags, [slug("new"), slug("till")].into());
    let unread = shop.hub.ask("GET", &shop.whole, "/api/v1/machines?q=tga:lab", None).await;
    assert_eq!(unread.status, StatusCode::BAD_REQUEST);
    assert!(unread.text().contains("tag"), "{}", unread.text());
}
