//! May anybody read a client's public page, and nothing else of that client?

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::Body;
use axum::http::{Request, StatusCode};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use vigie_model::{NodeId, UtcMs};
use vigie_people::Id;
use vigie_serve::{
    DAY_MS, DayMinutes, Health, Machine, Notice, NoticeState, Parts, Reach, Reachability, Stamp, StatusComponent,
    StatusDays, StatusMembers, StatusPageSaid, router_of,
};

use crate::common::hub::{By, Hub, parts};
use crate::common::pages::{Pages, notice, said_of_acme};
use crate::common::watch::Watch;
use crate::common::{Answer, Door, NOW_MS, Node, id_of, machine, slug, tokens};

/// A hub whose machines are as said, and its page.
struct Public {
    door: Door,
    node: Arc<Node>,
    pages: Arc<Pages>,
}

impl Public {
    fn of(health: Health, state: Reachability) -> Self {
        let mut node = Node::new();
        node.machines.truncate(2);
        for machine in &mut node.machines {
            machine.health = health;
            machine.reachability = Reach { state, since: Some(Stamp(UtcMs(NOW_MS - 600_000))) };
        }
        Self::around(node)
    }

    fn around(node: Node) -> Self {
        let hub = Hub::new(Node::new(), tokens());
        let (node, pages) = (Arc::new(node), Arc::new(Pages::of_acme()));
        let parts = parts(&node, &Arc::new(Watch::default()), &tokens(), &hub.roll);
        let door = Door::around(router_of(Parts { status: Some(pages.clone()), ..parts }));
        Self { door, node, pages }
    }

    async fn get(&self, path: &str, language: &str) -> Answer {
        let request = Request::get(path).header("accept-language", language).body(Body::empty()).expect("a request");
        self.door.send(request).await
    }
}

#[tokio::test]
async fn anybody_reads_a_page_that_is_on_and_one_that_is_off_is_as_if_it_were_not_there() {
    let public = Public::of(Health::Ok, Reachability::Live);
    let page = public.get("/status/acme-status", "fr").await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.text().contains("Opérationnel") && page.text().contains("Slow"), "{}", page.text());
    assert!(!page.text().contains("<script"), "it works without one");
    assert_eq!(page.header("x-robots-tag"), "noindex");
    let data = public.get("/status/acme-status.json", "").await.json();
    assert_eq!((&data["state"], &data["components"][0]["name"]), (&json!("operational"), &json!("Tills")));
    let feed = public.get("/status/acme-status.atom", "").await;
    assert!(feed.header("content-type").starts_with("application/atom+xml"));
    assert!(feed.text().contains("<title>Slow</title>"), "{}", feed.text());
    public.pages.set("acme-status", StatusPageSaid { on: false, ..said_of_acme() });
    for ending in ["", ".json", ".atom"] {
        let off = public.get(&format!("/status/acme-status{ending}"), "en").await;
        let none = public.get(&format!("/status/nobody{ending}"), "en").await;
        assert_eq!((off.status, off.text()), (StatusCode::NOT_FOUND, none.text()));
    }
}

#[tokio::test]
async fn who_sets_a_page_up_sees_it_before_anybody_may_and_nobody_else_does() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let boss: Id = hub.roll.person("boss@acme.org", &["admin@acme"]);
    let other: Id = hub.roll.person("boss@bron.org", &["admin@bron"]);
    let by = By::Token(hub.roll.token(&boss, "acme", 30).1);
    let off =
        json!({ "client": "acme", "title": "Not yet", "components": [{ "name": "Tills", "of": { "site": "lyon" } }] });
    assert_eq!(hub.ask("PUT", &by, "/api/v1/status-pages/soon", Some(off)).await.status, StatusCode::OK);
    let path = "/api/v1/status-pages/soon/preview";
    let seen = hub.ask("GET", &by, &format!("{path}?lang=fr"), None).await;
    assert_eq!((seen.status, seen.header("cache-control")), (StatusCode::OK, "no-store"));
    assert!(seen.text().contains("Not yet") && seen.text().contains("Un aperçu") && seen.text().contains("noindex"));
    assert!(!seen.text().contains("/status/soon"), "what is off is not led to: {}", seen.text());
    let theirs = hub.ask("GET", &By::Token(hub.roll.token(&other, "bron", 30).1), path, None).await;
    assert_eq!(theirs.status, StatusCode::NOT_FOUND);
    let nobody = Request::get(path).body(Body::empty()).expect("a request");
    assert_eq!(hub.door.send(nobody).await.status, StatusCode::UNAUTHORIZED);
    let public = Request::get("/status/soon").body(Body::empty()).expect("a request");
    assert_eq!(hub.door.send(public).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn a_cut_shows_since_when_nothing_is_verified_and_neither_green_nor_red() {
    let public = Public::of(Health::Ok, Reachability::Cut);
    let page = public.get("/status/acme-status", "en").await;
    let page = page.text();
    assert!(page.contains("Not verified since <time"), "{page}");
    for colour in ["class=\"ok\"", "class=\"bad\"", "class=\"warn\"", "all ok", "all bad", "Operational"] {
        assert!(!page.contains(colour), "{colour}: {page}");
    }
    let data = public.get("/status/acme-status.json", "").await.json();
    assert_eq!(data["components"][0]["state"], "not_verified");
    assert_eq!(data["components"][0]["since"], "2026-11-21T10:52:10.000Z");
}

#[tokio::test]
async fn nothing_of_the_house_leaks() {
    let public = Public::of(Health::Critical, Reachability::Silent);
    let machine = id_of("compta");
    public.pages.set(
        "acme-status",
        StatusPageSaid {
            components: vec![
                StatusComponent { name: "Tills".to_owned(), of: StatusMembers::Site(slug("lyon")) },
                StatusComponent { name: "Books".to_owned(), of: StatusMembers::Machines(vec![machine.to_string()]) },
            ],
            ..said_of_acme()
        },
    );
    for path in ["/status/acme-status", "/status/acme-status.json", "/status/acme-status.atom"] {
        let answer = public.get(path, "en").await;
        assert_eq!(answer.status, StatusCode::OK);
        // Client, site, machine, node, and the incident behind the notice.
        for secret in ["compta", &machine.to_string(), "lyon", "hub-1", "relay", "\"A\"", "till-1"] {
            assert!(!answer.text().contains(secret), "{path} tells {secret}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn what_people_write_stays_text() {
    let public = Public::of(Health::Ok, Reachability::Live);
    let hostile = "</title><script>alert(1)</script>\"' onload=x & \u{202e}";
    let said = StatusPageSaid {
        title: hostile.to_owned(),
        components: vec![StatusComponent { name: hostile.to_owned(), of: StatusMembers::Site(slug("lyon")) }],
        ..said_of_acme()
    };
    public.pages.set("acme-status", said);
    let bad = Notice { components: vec![hostile.to_owned()], ..notice("d", hostile, hostile, NoticeState::Over) };
    public.pages.change(&slug("acme-status"), |page| page.notices = vec![bad]).expect("there");
    for path in ["/status/acme-status", "/status/acme-status.atom"] {
        let answer = public.get(path, "en").await;
        let text = answer.text();
        assert!(!text.contains("<script") && !text.contains('\u{202e}') && !text.contains("\"' on"), "{path}: {text}");
        assert!(text.contains("&lt;script&gt;"), "{path}");
    }
}

#[tokio::test]
async fn a_crowd_is_answered_out_of_memory_and_sees_a_change_at_once() {
    let public = Public::of(Health::Ok, Reachability::Live);
    let first = public.get("/status/acme-status", "en").await;
    let etag = first.header("etag").to_owned();
    assert_eq!(first.header("cache-control"), "public, max-age=10");
    assert!(first.header("vary").contains("accept-language"));
    public.node.later(9_000);
    let again = public.get("/status/acme-status", "en").await;
    assert_eq!(again.text(), first.text(), "dated as it was worked out");
    let request = Request::get("/status/acme-status").header("if-none-match", &etag).body(Body::empty()).expect("one");
    assert_eq!(public.door.send(request).await.status, StatusCode::NOT_MODIFIED);
    public.node.later(2_000);
    assert_ne!(public.get("/status/acme-status", "en").await.text(), first.text());
    public.pages.set("acme-status", StatusPageSaid { title: "Acme & Co".to_owned(), ..said_of_acme() });
    assert!(public.get("/status/acme-status", "en").await.text().contains("Acme &amp; Co"));
}

#[tokio::test]
async fn one_address_that_never_stops_asking_is_told_to_wait() {
    let public = Public::of(Health::Ok, Reachability::Live);
    let refused = AtomicUsize::new(0);
    for _ in 0..260 {
        let answer = public.get("/status/acme-status.json", "").await;
        if answer.status == StatusCode::TOO_MANY_REQUESTS {
            assert_eq!(answer.header("retry-after"), "1");
            refused.fetch_add(1, Ordering::SeqCst);
        }
    }
    assert_eq!(refused.load(Ordering::SeqCst), 60);
    public.node.later(1_000);
    assert_eq!(public.get("/status/acme-status.json", "").await.status, StatusCode::OK);
}

/// Of each machine ninety days that alternate between all that a day can be.
fn unsteady(machines: &[NodeId]) -> StatusDays {
    let (mut days, today) = (StatusDays::default(), i32::try_from(NOW_MS / DAY_MS).expect("a day"));
    for back in 0..90 {
        let minutes = match back % 4 {
            0 => DayMinutes { up: 1_440, down: 0, unverified: 0 },
            1 => DayMinutes { up: 1_000, down: 10, unverified: 430 },
            2 => DayMinutes { up: 40, down: 1_400, unverified: 0 },
            _ => DayMinutes { up: 1_400, down: 0, unverified: 40 },
        };
        days.put(today - back, machines.iter().map(|machine| (*machine, minutes)));
    }
    days
}

#[tokio::test]
async fn a_full_page_stays_below_twenty_kilobytes_on_the_line() {
    let (mut node, one) = (Node::new(), machine("compta", "acme", "lyon"));
    node.machines = (0..30).map(|n| Machine { id: id_of(&n.to_string()), ..one.clone() }).collect();
    let ids: Vec<NodeId> = node.machines.iter().map(|machine| machine.id).collect();
    let public = Public::around(node);
    // Every day of every component another one: as bad as it gets for what packs it.
    let (mut days, today) = (StatusDays::default(), i32::try_from(NOW_MS / DAY_MS).expect("a day"));
    for back in 0..90 {
        let minutes = |machine: &NodeId| {
            let chance = blake3::hash(format!("{machine} {back}").as_bytes()).as_bytes()[0];
            let down = if chance.is_multiple_of(3) { u16::from(chance) * 3 } else { 0 };
            let unverified = if chance.is_multiple_of(4) { 300 } else { 0 };
            DayMinutes { up: 1_140 - down, down, unverified }
        };
        days.put(today - back, ids.iter().map(|machine| (*machine, minutes(machine))));
    }
    *public.pages.days.lock().expect("days") = Arc::new(days);
    let of = |count: usize| StatusPageSaid {
        components: (0..count)
            .map(|n| StatusComponent {
                name: format!("{n:02} Encaissement et préparation de commandes"),
                of: StatusMembers::Machines(vec![ids[n].to_string()]),
            })
            .collect(),
        ..said_of_acme()
    };
    let notices: Vec<Notice> = (0..12)
        .map(|n| {
            notice(&format!("{n:016x}"), &"Lenteurs ".repeat(10), &"Nous cherchons. ".repeat(50), NoticeState::Over)
        })
        .collect();
    public.pages.set("acme-status", of(30));
    public.pages.change(&slug("acme-status"), |page| page.notices = notices).expect("there");
    let full = public.get("/status/acme-status", "fr").await;
    let css = public.get("/status.css", "fr").await;
    let on_the_line = packed(&full.body) + packed(&css.body);
    println!("30 components: {on_the_line} bytes packed, {} plain", full.body.len());
    assert!(on_the_line <= 20_000, "{on_the_line} bytes packed, {} plain", full.body.len());
    *public.pages.days.lock().expect("days") = Arc::new(quiet(&ids));
    public.pages.change(&slug("acme-status"), |page| page.notices.clear()).expect("there");
    public.pages.set("acme-status", of(10));
    let usual = public.get("/status/acme-status", "fr").await;
    let plain = usual.body.len() + css.body.len();
    println!("10 components: {plain} bytes plain");
    assert!(plain <= 20_000, "{plain} bytes plain with ten components");
}

/// Ninety days with three that stand out.
fn quiet(machines: &[NodeId]) -> StatusDays {
    let (mut days, today) = (StatusDays::default(), i32::try_from(NOW_MS / DAY_MS).expect("a day"));
    for back in 0..90 {
        let (down, unverified) = match back {
            11 => (20, 0),
            40 => (0, 200),
            41 => (200, 100),
            _ => (0, 0),
        };
        let minutes = DayMinutes { up: 1_440 - down - unverified, down, unverified };
        days.put(today - back, machines.iter().map(|machine| (*machine, minutes)));
    }
    days
}

fn packed(body: &[u8]) -> usize {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(body).and_then(|()| packer.finish()).expect("memory").len()
}

#[tokio::test]
async fn ninety_days_have_words_beside_their_pictures() {
    let public = Public::of(Health::Ok, Reachability::Live);
    *public.pages.days.lock().expect("days") = Arc::new(unsteady(&[id_of("compta")]));
    let page = public.get("/status/acme-status", "en").await;
    let page = page.text();
    assert!(
        page.contains("role=\"img\" aria-label=\"Tills, last 90 days: 23 without disturbance, 45 with one"),
        "{page}"
    );
    assert!(page.contains("of the time is verified") && page.contains("not verified 7"), "{page}");
    let data = public.get("/status/acme-status.json", "").await.json();
    let from = data["components"][0]["counted_from"].as_str().expect("a day");
    let day = from.rsplit('-').next().expect("its day").trim_start_matches('0');
    assert!(page.contains(&format!("Since {day}\u{a0}")), "the share says of which days it is: {from} in {page}");
    let days = data["components"][0]["days"].as_array().expect("days");
    assert_eq!(
        (days.len(), &days[89]["date"], &days[88]["unverified_minutes"]),
        (90, &json!("2026-11-21"), &json!(430))
    );
}

#[tokio::test]
async fn a_component_that_names_anothers_machine_is_refused_as_one_that_is_not_there() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let boss: Id = hub.roll.person("boss@acme.org", &["admin@acme"]);
    let by = By::Token(hub.roll.token(&boss, "acme", 30).1);
    let said = |id: &str| {
        json!({ "client": "acme", "title": "Acme", "on": true,
            "components": [{ "name": "One", "of": { "machines": [id] } }] })
    };
    let theirs = hub.ask("PUT", &by, "/api/v1/status-pages/mine", Some(said(&id_of("mairie").to_string()))).await;
    let nobodys = hub.ask("PUT", &by, "/api/v1/status-pages/mine", Some(said(&id_of("nobody").to_string()))).await;
    assert_eq!((theirs.status, nobodys.status), (StatusCode::BAD_REQUEST, StatusCode::BAD_REQUEST));
    let blind = |answer: &Answer, id: NodeId| answer.text().replace(&id.to_string(), "…");
    assert_eq!(blind(&theirs, id_of("mairie")), blind(&nobodys, id_of("nobody")));
    let mine = hub.ask("PUT", &by, "/api/v1/status-pages/mine", Some(said(&id_of("compta").to_string()))).await;
    assert_eq!(mine.status, StatusCode::OK, "{}", mine.text());
    let other = json!({ "client": "bron", "title": "Bron", "components": [] });
    let refused = hub.ask("PUT", &by, "/api/v1/status-pages/theirs", Some(other)).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN, "{}", refused.text());
    let behind = json!({ "title": "Slow", "text": "we look", "incident": "B" });
    let refused = hub.ask("POST", &by, "/api/v1/status-pages/acme-status/notices", Some(behind)).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST, "another client's incident: {}", refused.text());
}

#[tokio::test]
async fn whoever_looked_before_somebody_else_changed_it_is_told_so() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let boss: Id = hub.roll.person("boss@acme.org", &["admin@acme"]);
    let token = hub.roll.token(&boss, "acme", 30).1;
    let put = |etag: &str| {
        let request = Request::put("/api/v1/status-pages/acme-status").header("if-match", etag);
        let request =
            request.header("authorization", format!("Bearer {token}")).header("content-type", "application/json");
        request.body(Body::from(json!(said_of_acme()).to_string())).expect("a request")
    };
    let seen = hub.ask("GET", &By::Token(token.clone()), "/api/v1/status-pages/acme-status", None).await;
    let etag = seen.header("etag").to_owned();
    assert_eq!(hub.door.send(put(&etag)).await.status, StatusCode::OK);
    assert_eq!(hub.door.send(put(&etag)).await.status, StatusCode::PRECONDITION_FAILED);
    // Who makes a new one says a version that none has, and takes no other one's place.
    assert_eq!(hub.door.send(put("\"new\"")).await.status, StatusCode::PRECONDITION_FAILED);
}

#[tokio::test]
async fn the_days_of_a_thousand_machines_are_added_up() {
    let mut node = Node::new();
    node.machines = (0..1_000).map(|n| machine(&format!("m{n}"), "acme", "lyon")).collect();
    let ids: Vec<NodeId> = node.machines.iter().map(|machine| machine.id).collect();
    let public = Public::around(node);
    *public.pages.days.lock().expect("days") = Arc::new(unsteady(&ids));
    let page = public.get("/status/acme-status.json", "").await;
    assert_eq!(page.json()["components"][0]["days"][88]["up_minutes"], 1_000_000);
}

#[tokio::test]
async fn what_leaves_with_a_client_has_its_pages_and_no_other_clients() {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    let boss: Id = hub.roll.person("boss@acme.org", &["admin@acme"]);
    let by = By::Token(hub.roll.token(&boss, "acme", 30).1);
    let mine = json!({ "client": "acme", "title": "Acme", "components": [] });
    assert_eq!(hub.ask("PUT", &by, "/api/v1/status-pages/mine", Some(mine)).await.status, StatusCode::OK);
    let root = hub.roll.person("second@example.org", &["admin@*"]);
    let all = By::Cookie(hub.roll.session(&root).1);
    let theirs = json!({ "client": "bron", "title": "Bron", "components": [] });
    assert_eq!(hub.ask("PUT", &all, "/api/v1/status-pages/theirs", Some(theirs)).await.status, StatusCode::OK);
    let export = hub.ask("GET", &by, "/api/v1/clients/acme/export", None).await;
    assert_eq!(export.status, StatusCode::OK, "{}", export.text());
    let pages: Vec<&str> = export.text().lines().filter(|line| line.contains("\"kind\":\"status_page\"")).collect();
    assert!(pages.iter().any(|line| line.contains("\"slug\":\"mine\"")), "{pages:?}");
    assert!(!export.text().contains("\"theirs\""), "{pages:?}");
}
