//! Does a browser get the pages that it runs, and nobody more than that?

use axum::body::Body;
use axum::http::{Request, StatusCode};

use crate::common::hub::{By, Hub};
use crate::common::{Door, Node, tokens};

fn hub() -> Hub {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    hub
}

fn signed_in(hub: &Hub) -> By {
    let ann = hub.roll.person("ann@acme.org", &["observer@acme/lyon"]);
    By::Cookie(hub.roll.session(&ann).1)
}

#[tokio::test]
async fn each_page_is_the_same_shell_and_an_address_that_is_none_is_not_found() {
    let hub = hub();
    let ann = signed_in(&hub);
    let first = hub.ask("GET", &ann, "/", None).await;
    assert_eq!(first.status, StatusCode::OK);
    assert!(first.text().contains("/assets/app-1a.js"));
    assert_eq!((first.header("cache-control"), first.header("content-type")), ("no-cache", "text/html; charset=utf-8"));
    assert!(first.header("content-security-policy").starts_with("default-src 'self'"));
    for path in ["/machines", "/machines/anything"] {
        assert_eq!(hub.ask("GET", &ann, path, None).await.text(), first.text(), "{path}");
    }
    for path in ["/nowhere", "/machines/a/b/c", "/index.html", "/assets/other.js"] {
        assert_eq!(hub.ask("GET", &ann, path, None).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn who_is_not_signed_in_is_led_to_where_they_can_be() {
    let hub = Hub::new(Node::new(), tokens());
    for path in ["/", "/machines/anything"] {
        let answer = hub.ask("GET", &By::Nobody, path, None).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/begin"), "{path}");
    }
    hub.roll.begin();
    for path in ["/", "/machines/anything"] {
        let answer = hub.ask("GET", &By::Nobody, path, None).await;
        assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/sign-in"), "{path}");
    }
}

#[tokio::test]
async fn a_file_comes_packed_to_who_takes_it_so_and_is_kept_for_ever() {
    let hub = hub();
    let ask = |headers: &[(&str, &str)]| {
        let request =
            headers.iter().fold(Request::get("/assets/app-1a.js"), |all, (name, value)| all.header(*name, *value));
        hub.door.send(request.body(Body::empty()).expect("a request"))
    };
    let plain = ask(&[]).await;
    assert_eq!((plain.status, plain.text(), plain.header("content-encoding")), (StatusCode::OK, "run()", ""));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("content-type"), "text/javascript; charset=utf-8");
    let packed = ask(&[("accept-encoding", "br, gzip")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert!(packed.header("vary").contains("accept-encoding"));
    let again = ask(&[("if-none-match", plain.header("etag"))]).await;
    assert_eq!(again.status, StatusCode::NOT_MODIFIED);
}

#[tokio::test]
async fn a_node_without_such_pages_keeps_the_one_it_had() {
    let door = Door::new();
    assert!(door.get(crate::common::ALL, "/").await.text().contains("/page.js"));
    assert_eq!(door.get(crate::common::ALL, "/machines").await.status, StatusCode::NOT_FOUND);
}
