//! Does everybody who listens hear what changes, and only what is theirs?

use std::sync::atomic::Ordering;
use std::time::Duration;

use crate::common::hub::Hub;
use crate::common::watch::incident;
use crate::common::{Node, id_of, machine, slug, tokens};
use axum::Router;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use axum::response::Response;
use http_body::Body as _;
use serde_json::Value;
use tower::ServiceExt;
use vigie_serve::{Health, Incident, IncidentState, Incidents, Mark, Place};

struct Listened {
    hub: Hub,
    acme: String,
    bron: String,
}

impl Listened {
    fn new() -> Self {
        Self::over(Node::new())
    }

    fn over(node: Node) -> Self {
        let hub = Hub::new(node, tokens());
        hub.roll.begin();
        let token = |client: &str| {
            let person = hub.roll.person(&format!("ann@{client}.org"), &[&format!("admin@{client}")]);
            hub.roll.token(&person, client, 30).1
        };
        let (acme, bron) = (token("acme"), token("bron"));
        Self { hub, acme, bron }
    }

    async fn listen(&self, token: &str, query: &str, last: &str) -> Stream {
        Stream::open(self.hub.door.router(), token, query, last).await
    }

    /// Something happens at each client, and once more at acme.
    fn change(&self) {
        self.hub.watch.began.fetch_add(1, Ordering::SeqCst);
    }
}

struct Stream {
    response: Response,
    text: String,
}

#[derive(Debug)]
struct Heard {
    kind: String,
    id: String,
    data: Value,
}

impl Stream {
    async fn open(router: Router, token: &str, query: &str, last: &str) -> Self {
        let request = Request::get(format!("/api/v1/events{query}")).header("authorization", format!("Bearer {token}"));
        let request = if last.is_empty() { request } else { request.header("last-event-id", last) };
        let response = router.oneshot(request.body(Body::empty()).expect("a request")).await.expect("an answer");
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// The next event; nothing once the stream has ended.
    async fn next(&mut self) -> Option<Heard> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let found = event.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
                    found.unwrap_or_default().to_owned()
                };
                let heard = (!event.starts_with(':')).then(|| Heard {
                    kind: field("event"),
                    id: field("id"),
                    data: serde_json::from_str(&field("data")).expect("JSON"),
                });
                self.text = rest.to_owned();
                match heard {
                    Some(heard) => return Some(heard),
                    None => continue,
                }
            }
            let body = self.response.body_mut();
            let frame = std::future::poll_fn(|cx| std::pin::Pin::new(&mut *body).poll_frame(cx)).await?;
            let chunk = frame.expect("a stream does not fail").into_data().expect("data");
            self.text.push_str(std::str::from_utf8(&chunk).expect("text"));
        }
    }

    async fn must(&mut self) -> Heard {
        self.next().await.expect("the stream goes on")
    }
}

#[tokio::test(start_paused = true)]
async fn of_incidents_that_did_not_change_nothing_is_worked_out_for_who_listens() {
    let mut node = Node::new();
    // How machines are is known without their incidents.
    node.machines.iter_mut().for_each(|machine| machine.health = Health::Ok);
    let listened = Listened::over(node);
    let mut acme = listened.listen(&listened.acme, "?kinds=alert", "").await;
    assert_eq!(acme.must().await.kind, "ready");
    for _ in 0..3 {
        listened.hub.watch.drawn.store(0, Ordering::SeqCst);
        listened.change();
        assert_eq!(acme.must().await.data["change"], "came");
        assert_eq!(listened.hub.watch.drawn.load(Ordering::SeqCst), 2, "one came at each client");
    }
}

#[tokio::test(start_paused = true)]
async fn each_hears_what_changes_at_their_own_place() {
    let listened = Listened::new();
    let mut acme = listened.listen(&listened.acme, "", "").await;
    let mut bron = listened.listen(&listened.bron, "", "").await;
    assert_eq!((acme.must().await.kind, bron.must().await.kind), ("ready".to_owned(), "ready".to_owned()));
    listened.change();
    for (stream, client) in [(&mut acme, "acme"), (&mut bron, "bron")] {
        let (decision, alert) = (stream.must().await, stream.must().await);
        assert_eq!((decision.kind.as_str(), alert.kind.as_str()), ("decision", "alert"));
        assert_eq!((&decision.data["word"], &alert.data["change"]), (&"comment".into(), &"came".into()));
        assert_eq!((&decision.data["client"], &alert.data["client"]), (&client.into(), &client.into()));
    }
}

#[tokio::test(start_paused = true)]
async fn who_asks_for_one_kind_hears_no_other() {
    let listened = Listened::new();
    let mut stream = listened.listen(&listened.acme, "?kinds=alert", "").await;
    assert_eq!(stream.must().await.kind, "ready");
    listened.change();
    assert_eq!(stream.must().await.kind, "alert");
    listened.change();
    assert_eq!(stream.must().await.kind, "alert");
    let wrong = listened.hub.door.get(&listened.acme, "/api/v1/events?kinds=alert,weather").await;
    assert_eq!(wrong.status, StatusCode::BAD_REQUEST, "{}", wrong.text());
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_misses_nothing_and_who_was_elsewhere_begins_anew() {
    let listened = Listened::new();
    let mut first = listened.listen(&listened.acme, "", "").await;
    let ready = first.must().await;
    drop(first);
    listened.change();
    let mut other = listened.listen(&listened.bron, "?kinds=alert", &ready.id).await;
    assert_eq!(other.must().await.kind, "ready");
    assert_eq!(other.must().await.data["client"], "bron", "what was found while nobody of them listened");
    let mut back = listened.listen(&listened.acme, "?kinds=alert", &ready.id).await;
    assert_eq!((back.must().await.kind, back.must().await.kind), ("ready".to_owned(), "alert".to_owned()));
    let mut lost = listened.listen(&listened.acme, "", "00000000000000aa-3").await;
    let reset = lost.must().await;
    assert_eq!((reset.kind.as_str(), reset.data["next"].as_str()), ("reset", Some("load the lists anew")));
    assert!(reset.id.ends_with("-4"), "{}", reset.id);
}

#[tokio::test(start_paused = true)]
async fn who_lost_their_rights_hears_nothing_more() {
    let listened = Listened::new();
    let ann = listened.hub.roll.person("gone@acme.org", &["operator@acme"]);
    let (id, token) = listened.hub.roll.token(&ann, "acme", 30);
    let mut stream = listened.listen(&token, "", "").await;
    assert_eq!(stream.must().await.kind, "ready");
    listened.hub.roll.revoke(&ann, id);
    listened.change();
    let ended = tokio::time::timeout(Duration::from_secs(30), stream.next()).await.expect("it ends soon");
    assert!(ended.is_none(), "{ended:?}");
}

#[tokio::test(start_paused = true)]
async fn who_sees_a_machine_by_its_tag_hears_of_it_until_the_tag_goes() {
    let hub = Hub::new(Node::beside([machine("counter", "acme", "lyon")]), tokens());
    hub.roll.begin();
    let person = hub.roll.person("till@acme.org", &["admin@acme#till"]);
    let token = hub.roll.token(&person, "acme#till", 30).1;
    let place: Place = "acme/lyon".parse().expect("a place");
    let tag = |tags: &[&str]| {
        let mark = Mark { tags: tags.iter().map(|tag| slug(tag)).collect(), ..Mark::default() };
        hub.watch.mark(&[(place.clone(), id_of("counter"), mark)]).expect("kept");
    };
    tag(&["till"]);
    let mut stream = Stream::open(hub.door.router(), &token, "?kinds=alert,machine", "").await;
    assert_eq!(stream.must().await.kind, "ready");
    let begins = |id: &str, name: &str| {
        let about = Incident {
            machine_id: Some(id_of(name).to_string()),
            summary: format!("{name} is hot"),
            ..incident(id, "acme", IncidentState::Firing)
        };
        hub.watch.about.lock().expect("no test panics here").push(about);
    };
    begins("T1", "compta");
    begins("T2", "counter");
    let heard = stream.must().await;
    assert_eq!((heard.kind.as_str(), &heard.data["id"]), ("alert", &"T2".into()), "of its neighbour nothing");
    assert_eq!(stream.must().await.data["shown"], "critical", "and so it is shown");
    tag(&[]);
    let heard = stream.must().await;
    assert_eq!((&heard.data["change"], &heard.data["id"]), (&"went".into(), &id_of("counter").to_string().into()));
    assert!(heard.data.get("name").is_none(), "who is told it later may never have seen it: {}", heard.data);
    assert!(heard.data.get("shown").is_none(), "how it is is not theirs any more: {}", heard.data);
    begins("T3", "counter");
    tokio::time::sleep(Duration::from_secs(5)).await;
    tag(&["till"]);
    let heard = stream.must().await;
    assert_eq!(
        (heard.kind.as_str(), &heard.data["tags"]),
        ("machine", &serde_json::json!(["till"])),
        "T3 was not theirs"
    );
}
