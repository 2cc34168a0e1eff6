//! Do people see what others showed them of an incident, and is nothing of it ever run or shown to strangers?

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::{Value, json};

use crate::common::hub::{By, Hub};
use crate::common::{Answer, Node, tokens};

const PATH: &str = "/api/v1/incidents/A/photos";

const JPEG: &[u8] = b"\xff\xd8\xff\xe0 a till on fire";

struct Scene {
    hub: Hub,
    /// Decides at acme in lyon, where A is.
    ann: By,
    /// Looks there.
    bob: By,
    /// Of another client.
    eve: By,
}

impl Scene {
    fn new() -> Self {
        let hub = Hub::new(Node::new(), tokens());
        hub.roll.begin();
        let by = |email: &str, grant: &str| {
            let person = hub.roll.person(email, &[grant]);
            By::Cookie(hub.roll.session(&person).1)
        };
        let (ann, bob) = (by("ann@acme.org", "operator@acme/lyon"), by("bob@acme.org", "observer@acme/lyon"));
        let eve = by("eve@bron.org", "admin@bron");
        Self { hub, ann, bob, eve }
    }

    async fn bring(&self, by: &By, photo: &[u8], query: &str, key: Option<&str>) -> Answer {
        let By::Cookie(secret) = by else { panic!("a browser") };
        let request = Request::post(format!("{PATH}{query}")).header("cookie", format!("vigie={secret}"));
        // What it is said to be counts for nothing.
        let request = request.header("content-type", "image/png");
        let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
        self.hub.door.send(request.body(Body::from(photo.to_vec())).expect("a request")).await
    }

    async fn list(&self, by: &By) -> Value {
        self.hub.ask("GET", by, PATH, None).await.json()["photos"].clone()
    }
}

fn path_of(brought: &Answer) -> String {
    format!("{PATH}/{}", brought.json()["id"].as_str().expect("an id"))
}

#[tokio::test]
async fn a_photo_is_seen_by_whoever_sees_the_incident_byte_for_byte_and_nothing_in_it_runs() {
    let scene = Scene::new();
    let brought = scene.bring(&scene.ann, JPEG, "", None).await;
    assert_eq!(brought.status, StatusCode::CREATED, "{}", brought.text());
    let record = brought.json();
    assert_eq!((&record["by"], &record["bytes"]), (&json!("ann@acme.org"), &json!(JPEG.len())));
    assert_eq!(record["kind"], "image/jpeg", "by what it begins with, not by what it was said to be");
    assert_eq!(scene.list(&scene.bob).await, json!([record]));
    let shown = scene.hub.ask("GET", &scene.bob, &path_of(&brought), None).await;
    assert_eq!((shown.status, shown.body.as_ref()), (StatusCode::OK, JPEG));
    assert_eq!(shown.header("content-type"), "image/jpeg");
    assert_eq!(shown.header("x-content-type-options"), "nosniff");
    assert_eq!(shown.header("content-security-policy"), "default-src 'none'; sandbox");
    assert_eq!(shown.header("cache-control"), "private, no-cache", "who sees it no more asks in vain");
    let list = scene.hub.ask("GET", &scene.bob, PATH, None).await;
    assert!(list.header("content-security-policy").contains("default-src 'self'"), "others keep theirs");
}

#[tokio::test]
async fn who_may_not_is_told_so_and_strangers_that_nothing_is_there() {
    let scene = Scene::new();
    let path = path_of(&scene.bring(&scene.ann, JPEG, "", None).await);
    for key in [None, Some("k1")] {
        let looks = scene.bring(&scene.bob, b"\xff\xd8\xffmine", "", key).await;
        assert_eq!(looks.status, StatusCode::FORBIDDEN, "{}", looks.text());
        let stranger = scene.bring(&scene.eve, b"\xff\xd8\xffmine", "", key).await;
        assert_eq!(stranger.status, StatusCode::NOT_FOUND, "{}", stranger.text());
    }
    assert_eq!(scene.hub.ask("DELETE", &scene.bob, &path, None).await.status, StatusCode::FORBIDDEN);
    for (method, path) in [("GET", PATH), ("GET", path.as_str()), ("DELETE", path.as_str())] {
        let none = path.replace("/A/", "/Z/");
        let (found, none) =
            (scene.hub.ask(method, &scene.eve, path, None).await, scene.hub.ask(method, &scene.eve, &none, None).await);
        assert_eq!((found.status, found.text()), (StatusCode::NOT_FOUND, none.text()), "{method} {path}");
    }
    assert_eq!(scene.list(&scene.ann).await.as_array().map(Vec::len), Some(1));
    assert_eq!(scene.hub.ask("DELETE", &scene.ann, &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(scene.list(&scene.bob).await, json!([]));
    let chains = scene.hub.roll.chains.lock().expect("no test panics here").clone();
    let lines: Vec<_> =
        chains.values().flatten().map(|(_, link)| String::from_utf8_lossy(&link.text).into_owned()).collect();
    let told = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!((told("\"photo.add\""), told("\"photo.remove\"")), (1, 1), "{lines:?}");
}

#[tokio::test]
async fn what_is_no_photo_or_too_large_or_one_too_many_is_refused_and_nothing_is_kept() {
    let scene = Scene::new();
    let code = |answer: &Answer| answer.json()["code"].as_str().expect("a code").to_owned();
    for wrong in [&b"<svg onload='run()'>"[..], b"GIF89a", b"", b"{}"] {
        let refused = scene.bring(&scene.ann, wrong, "", None).await;
        assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media-type"));
    }
    let large = [JPEG, &vec![7; 5 << 20]].concat();
    for key in [None, Some("k1")] {
        let refused = scene.bring(&scene.ann, &large, "", key).await;
        assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    }
    let refused = scene.bring(&scene.ann, JPEG, "?happened_at=soon", None).await;
    assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::BAD_REQUEST, "bad-parameter"));
    assert!(scene.hub.roll.photos.all().is_empty());
    for n in 0..3 {
        let photo = [JPEG, &[n]].concat();
        assert_eq!(scene.bring(&scene.ann, &photo, "", None).await.status, StatusCode::CREATED);
    }
    let refused = scene.bring(&scene.ann, JPEG, "", None).await;
    assert_eq!((refused.status, code(&refused).as_str()), (StatusCode::CONFLICT, "quota-used"), "{}", refused.text());
}

#[tokio::test]
async fn a_photo_sent_twice_is_one_and_one_that_was_taken_away_meanwhile_does_not_come_back() {
    let scene = Scene::new();
    // As large as a page sends it, and more than any form.
    let photo = [JPEG, &vec![7; 300_000]].concat();
    let first = scene.bring(&scene.ann, &photo, "", Some("k1")).await;
    assert_eq!(first.status, StatusCode::CREATED, "{}", first.text());
    let same = scene.bring(&scene.ann, &photo, "", None).await;
    assert_eq!((same.status, same.json()), (StatusCode::OK, first.json()), "without a key it is known by what it is");
    assert_eq!(scene.hub.roll.photos.all().len(), 1);
    assert_eq!(scene.hub.ask("DELETE", &scene.ann, &path_of(&first), None).await.status, StatusCode::NO_CONTENT);
    let again = scene.bring(&scene.ann, &photo, "", Some("k1")).await;
    assert_eq!((again.status, again.header("idempotency-replayed")), (StatusCode::CREATED, "true"));
    assert!(
        scene.hub.roll.photos.all().is_empty(),
        "who sends it again by its key has heard no answer, and adds nothing"
    );
    let other = scene.bring(&scene.ann, JPEG, "", Some("k1")).await;
    assert_eq!(other.status, StatusCode::UNPROCESSABLE_ENTITY, "{}", other.text());
}

#[tokio::test]
async fn a_photo_that_waited_for_the_line_says_when_it_was_shown_and_when_it_was_learnt() {
    let scene = Scene::new();
    scene.hub.node.later(600_000);
    let now = vigie_serve::Lookout::now(scene.hub.node.as_ref()).utc;
    let then = serde_json::to_value(vigie_serve::Stamp(vigie_model::UtcMs(now.0 - 60_000))).expect("a time");
    let query = format!("?happened_at={}", then.as_str().expect("a time"));
    let brought = scene.bring(&scene.ann, JPEG, &query, None).await.json();
    assert_eq!(brought["happened_at"], then, "{brought}");
    assert_ne!(brought["learnt_at"], then);
}

#[tokio::test]
async fn who_takes_along_what_is_kept_of_them_or_of_a_client_is_told_of_the_photos() {
    let scene = Scene::new();
    scene.bring(&scene.ann, JPEG, "", None).await;
    let root = scene.hub.roll.person("second@example.org", &["admin@*"]);
    let root = By::Cookie(scene.hub.roll.session(&root).1);
    let client = scene.hub.ask("GET", &root, "/api/v1/clients/acme/export", None).await;
    let own = scene.hub.ask("GET", &scene.ann, "/api/v1/me/export", None).await;
    for answer in [client, own] {
        let lines = answer.text().lines().map(|line| serde_json::from_str::<Value>(line).expect("a line"));
        let photos: Vec<Value> = lines.filter(|line| line["kind"] == "photo").collect();
        let [photo] = photos.as_slice() else { panic!("{}: {}", answer.status, answer.text()) };
        assert_eq!((&photo["by"], &photo["incident"]), (&json!("ann@acme.org"), &json!("A")));
        let itself = scene.hub.ask("GET", &scene.ann, photo["itself"].as_str().expect("a path"), None).await;
        assert_eq!((itself.status, itself.body.as_ref()), (StatusCode::OK, JPEG));
    }
}
