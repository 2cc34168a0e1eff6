//! Who gets in, and what do they see?

use std::sync::Mutex;

use crate::common::{ACME, ALL, Door, Node, asking, id_of, labels, machine, tokens};
use axum::body::{Body, HttpBody as _};
use axum::http::{Request, StatusCode};
use tower::ServiceExt as _;
use vigie_query::InMemory;
use vigie_serve::{Access, Identity, NotReady, Options};

fn private_paths() -> Vec<String> {
    let id = id_of("compta");
    let mut paths: Vec<_> =
        ["", "here", "sites", "machines", "export?match[]=up"].map(|p| format!("/api/v1/{p}")).into();
    paths.extend([format!("/api/v1/machines/{id}"), format!("/api/v1/machines/{id}/ledger")]);
    let asks = [
        "query?query=up",
        "query_range?query=up",
        "query_exemplars?query=up",
        "series?match[]=up",
        "labels",
        "label/site/values",
        "metadata",
        "format_query?query=up",
        "status/tsdb",
        "status/flags",
        "rules",
        "targets",
    ];
    paths.extend(asks.map(|ask| format!("/prometheus/api/v1/{ask}")));
    paths.extend(
        [
            "/prometheus/federate?match[]=up",
            "/prometheus/api/v1/status/buildinfo",
            "/metrics",
            "/page.js",
            "/words-fr.js",
            "/nothing",
        ]
        .map(str::to_owned),
    );
    paths
}

#[tokio::test]
async fn nothing_is_told_without_credentials() {
    for path in private_paths() {
        let door = Door::new();
        for token in ["", "wrong", "token-of-al"] {
            let answer = door.get(token, &path).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"vigie\"", "{path}");
            assert!(!answer.text().contains("compta"), "{path}");
        }
    }
    let page = Door::new().get("", "/").await;
    assert_eq!((page.status, page.header("location")), (StatusCode::SEE_OTHER, "/sign-in"));
}

#[tokio::test]
async fn with_credentials_every_address_answers() {
    let door = Door::new();
    for path in private_paths() {
        let answer = door.get(ALL, &path).await;
        let wanted = match path.as_str() {
            "/api/v1/" | "/nothing" => StatusCode::NOT_FOUND,
            "/prometheus/api/v1/query_range?query=up" => StatusCode::BAD_REQUEST,
            _ => StatusCode::OK,
        };
        assert_eq!(answer.status, wanted, "{path}: {}", answer.text());
    }
}

#[tokio::test]
async fn health_is_told_to_everyone() {
    let door = Door::new();
    assert_eq!(door.get("", "/healthz").await.text(), "ok\n");
    assert_eq!(door.get("", "/readyz").await.status, StatusCode::OK);
    let reasons = vec!["the log is being repaired".to_owned()];
    let door = Door::of(Node { ready: Err(NotReady { reasons }), ..Node::new() }, Options::default());
    let answer = door.get("", "/readyz").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.text(), "not ready: the log is being repaired\n");
    assert_eq!(door.get("", "/healthz").await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_client_sees_only_its_own() {
    let door = Door::new();
    let other = id_of("mairie");
    let question = "/prometheus/api/v1/query?query=%7B__name__%3D~%22.%2B%22%2Cclient%3D~%22.*%22%7D";
    for path in [
        "/api/v1/sites",
        "/api/v1/machines",
        "/api/v1/machines?search=mairie",
        question,
        "/prometheus/api/v1/query?query=up%5B1h%5D",
        "/prometheus/api/v1/query_range?query=up&start=1795258000&end=1795258930&step=60",
        "/prometheus/api/v1/series?match[]=up",
        "/prometheus/api/v1/label/client/values",
        "/prometheus/api/v1/status/tsdb",
        "/prometheus/federate?match[]=up",
        "/api/v1/export?match[]=up&format=csv",
        "/prometheus/api/v1/label/machine/values",
        "/api/v1/export?match[]=up",
    ] {
        let answer = door.get(ACME, path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.text());
        for foreign in ["mairie", "bron", "ecole", &other.to_string()] {
            assert!(!answer.text().contains(foreign), "{path} tells of {foreign}");
        }
        assert!(
            path.contains("search") || answer.text().contains("acme") || answer.text().contains("compta"),
            "{path}"
        );
    }
    for path in [format!("/api/v1/machines/{other}"), format!("/api/v1/machines/{other}/ledger")] {
        let foreign = door.get(ACME, &path).await;
        let nowhere = door.get(ACME, &path.replace(&other.to_string(), &id_of("nobody").to_string())).await;
        assert_eq!((foreign.status, nowhere.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    }
    assert_eq!(door.get(ACME, "/metrics").await.status, StatusCode::NOT_FOUND, "they are of all clients together");
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let door = Door::new();
    let cookie = door.sign_in(ACME).await;
    let page = door.get_with_cookie(&cookie, "/").await;
    assert!(page.status == StatusCode::OK && page.text().contains("<main"));
    let machines = door.get_with_cookie(&cookie, "/api/v1/machines").await;
    assert!(machines.text().contains("compta") && !machines.text().contains("mairie"));
    let out = door.post("/sign-out", &[("cookie", &cookie)], "").await;
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    assert_eq!(door.get_with_cookie(&cookie, "/api/v1/machines").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_session_ends_by_itself() {
    let door = Door::new();
    let cookie = door.sign_in(ALL).await;
    door.node.later(Options::default().session_idle.as_millis() as u64 - 1);
    assert_eq!(door.get_with_cookie(&cookie, "/api/v1/here").await.status, StatusCode::OK);
    door.node.later(Options::default().session_idle.as_millis() as u64);
    assert_eq!(door.get_with_cookie(&cookie, "/api/v1/here").await.status, StatusCode::UNAUTHORIZED);
}

/// Whether all that was given is taken back.
struct Revocable(Mutex<bool>);

impl Access for Revocable {
    fn check_bearer(&self, token: &str) -> Option<Identity> {
        tokens().check_bearer(token)
    }
    fn identity(&self, name: &str) -> Option<Identity> {
        tokens().identity(name).filter(|_| !*self.0.lock().expect("a flag"))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_under_way_ends_unfinished_when_its_readers_rights_are_taken_back() {
    let mut source = InMemory::default();
    source.add(labels("long", &machine("compta", "acme", "lyon")), (0..200_000).map(|n| (n, n as f64)));
    let access = std::sync::Arc::new(Revocable(Mutex::new(false)));
    let node = Node { source: Box::new(source), ..Node::new() };
    let door = Door::guarded(node, Options::default(), std::sync::Arc::clone(&access) as _);
    let asking = || asking(ALL, "/api/v1/export?match[]=long").body(Body::empty()).expect("a request");
    let whole = door.send(asking()).await.body.len();

    // The writer stands at a full queue: most of the answer is still to come.
    let answer = door.router().oneshot(asking()).await.expect("the router always answers");
    assert_eq!(answer.status(), StatusCode::OK);
    *access.0.lock().expect("a flag") = true;
    let (mut came, mut broke_off) = (0, false);
    let mut body = answer.into_body();
    while let Some(piece) = std::future::poll_fn(|cx| std::pin::Pin::new(&mut body).poll_frame(cx)).await {
        match piece {
            Ok(piece) => came += piece.into_data().map_or(0, |bytes| bytes.len()),
            Err(_) => {
                broke_off = true;
                break;
            }
        }
    }
    assert!(broke_off && came < whole, "{came} of {whole} bytes came");
}

#[tokio::test]
async fn revoking_a_token_ends_its_sessions() {
    let access = std::sync::Arc::new(Revocable(Mutex::new(false)));
    let door = Door::guarded(Node::new(), Options::default(), std::sync::Arc::clone(&access) as _);
    let cookie = door.sign_in(ALL).await;
    assert_eq!(door.get_with_cookie(&cookie, "/api/v1/here").await.status, StatusCode::OK);
    *access.0.lock().expect("a flag") = true;
    assert_eq!(door.get_with_cookie(&cookie, "/api/v1/here").await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_cookie_is_for_this_site_and_not_for_scripts() {
    let plain = Door::new().post("/sign-in", &[], &format!("token={ALL}")).await;
    let cookie = plain.header("set-cookie");
    assert!(cookie.starts_with("vigie=") && cookie.contains("HttpOnly; SameSite=Lax") && !cookie.contains("Secure"));
    let tls = Options { tls: true, ..Options::default() };
    let safe = Door::of(Node::new(), tls).post("/sign-in", &[], &format!("token={ALL}")).await;
    assert!(safe.header("set-cookie").starts_with("__Host-vigie=") && safe.header("set-cookie").ends_with("; Secure"));
    assert_eq!(safe.header("strict-transport-security"), "max-age=31536000");
}

#[tokio::test]
async fn another_site_can_not_use_the_session() {
    let door = Door::new();
    let cookie = door.sign_in(ALL).await;
    let foreign = [("cookie", cookie.as_str()), ("origin", "http://evil.example"), ("host", "vigie.local")];
    let asked = door.post("/prometheus/api/v1/query", &foreign, "query=up").await;
    assert_eq!(asked.status, StatusCode::FORBIDDEN);
    assert_eq!(door.post("/sign-out", &foreign, "").await.status, StatusCode::FORBIDDEN);
    assert_eq!(door.post("/sign-in", &foreign[1..], &format!("token={ALL}")).await.status, StatusCode::FORBIDDEN);
    let own = [("cookie", cookie.as_str()), ("origin", "http://vigie.local"), ("host", "vigie.local")];
    assert_eq!(door.post("/prometheus/api/v1/query", &own, "query=up").await.status, StatusCode::OK);
}

#[tokio::test]
async fn who_guesses_is_made_to_wait() {
    let door = Door::new();
    for n in 0..10 {
        assert_eq!(door.get(&format!("guess-{n}"), "/api/v1/here").await.status, StatusCode::UNAUTHORIZED);
    }
    let refused = door.get(ALL, "/api/v1/here").await;
    assert_eq!((refused.status, refused.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "300"));
    assert_eq!(refused.json()["code"], "too-many-attempts");
    let page = door.post("/sign-in", &[], &format!("token={ALL}")).await;
    assert_eq!(page.status, StatusCode::TOO_MANY_REQUESTS);
    door.node.later(300_000);
    assert_eq!(door.get(ALL, "/api/v1/here").await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_sign_in_page_repeats_nothing_that_was_sent() {
    let door = Door::new();
    let sent = "<script>alert(1)</script>";
    let answer = door.post("/sign-in", &[("accept-language", "fr-FR,fr;q=0.9")], &format!("token={sent}")).await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    assert!(answer.text().contains("lang=\"fr\"") && answer.text().contains("Ce jeton n’est pas valide"));
    assert!(!answer.text().contains("alert(1)") && !answer.text().contains("{message}"));
    assert!(door.get("", "/sign-in").await.text().contains("Sign in to Vigie"));
}

#[tokio::test]
async fn every_answer_wears_its_armour() {
    let door = Door::new();
    for (token, path) in [("", "/healthz"), ("", "/api/v1/here"), (ALL, "/api/v1/here"), (ALL, "/"), ("", "/sign-in")] {
        let answer = door.get(token, path).await;
        assert!(answer.header("content-security-policy").contains("default-src 'self'"), "{path}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        let cache = if path == "/" && !token.is_empty() { "no-cache" } else { "no-store" };
        assert_eq!(answer.header("cache-control"), cache, "{path}");
    }
}

#[tokio::test]
async fn a_form_that_is_too_large_is_refused() {
    let door = Door::new();
    let form = format!("query={}", "a".repeat(70_000));
    let bearer = format!("Bearer {ALL}");
    let answer = door.post("/prometheus/api/v1/query", &[("authorization", &bearer)], &form).await;
    assert_eq!((answer.status, &answer.json()["errorType"]), (StatusCode::BAD_REQUEST, &"bad_data".into()));
}

#[tokio::test]
async fn a_method_that_is_not_taken_is_said_so() {
    let door = Door::new();
    let request = asking(ALL, "/api/v1/machines").method("DELETE").body(Body::empty()).expect("a request");
    let answer = door.send(request).await;
    assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    let head = Request::head("/healthz").body(Body::empty()).expect("a request");
    assert_eq!(door.send(head).await.status, StatusCode::OK);
}
