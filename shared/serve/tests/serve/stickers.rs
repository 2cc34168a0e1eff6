//! Stickers of a site's relays, and squares for telephones.

use crate::common::hub::{By, Hub, PASSWORD, form};
use crate::common::{Node, machine, tokens};
use axum::http::StatusCode;

const STICKER: &str = "/sites/acme/lyon/sticker";

fn hub() -> Hub {
    let hub = Hub::new(Node::beside([machine("counter", "acme", "lyon")]), tokens());
    hub.roll.begin();
    hub
}

fn seen_by(hub: &Hub, email: &str, right: &str) -> By {
    let person = hub.roll.person(email, &[right]);
    By::Cookie(hub.roll.session(&person).1)
}

#[tokio::test]
async fn a_sticker_is_for_who_sees_the_site_and_for_all_others_there_is_no_such_site() {
    let hub = hub();
    let ann = seen_by(&hub, "ann@acme.org", "observer@acme/lyon");
    let page = hub.ask("GET", &ann, STICKER, None).await;
    assert_eq!(page.status, StatusCode::OK);
    assert!(page.header("content-security-policy").contains("default-src 'self'"));
    assert!(!page.text().contains("<script") && page.text().contains("There is no relay here"), "{}", page.text());
    assert_eq!(page.header("cache-control"), "no-store");
    let bob = seen_by(&hub, "bob@bron.org", "admin@bron");
    let (theirs, none) =
        (hub.ask("GET", &bob, STICKER, None).await, hub.ask("GET", &bob, "/sites/acme/nowhere/sticker", None).await);
    assert_eq!((theirs.status, none.status), (StatusCode::NOT_FOUND, StatusCode::NOT_FOUND));
    assert_eq!(theirs.text(), none.text(), "what is another's is as what is not there");
}

#[tokio::test]
async fn a_sticker_speaks_the_language_that_was_asked_for() {
    let hub = hub();
    let ann = hub.roll.person("ann@acme.org", &["observer@acme/lyon"]);
    let cookie = format!("vigie={}", hub.roll.session(&ann).1);
    let page = hub.door.send(
        axum::http::Request::get(STICKER)
            .header("cookie", cookie)
            .header("accept-language", "fr")
            .body(axum::body::Body::empty())
            .expect("a request"),
    );
    let page = page.await;
    assert!(page.text().contains("<html lang=\"fr\">") && page.text().contains("Étiquette"), "{}", page.text());
}

#[tokio::test]
async fn the_secret_of_two_step_digits_is_squares_in_the_page_itself_and_in_no_address() {
    let hub = hub();
    hub.roll.person("ann@acme.org", &["observer@acme/lyon"]);
    let typed = form(&[("email", "ann@acme.org"), ("password", PASSWORD)]);
    let entered = hub.door.post("/sign-in", &[], &typed).await;
    let cookie = entered.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
    let offered = hub.door.post("/account/telephone", &[("cookie", &cookie)], "").await;
    assert_eq!((offered.status, offered.header("cache-control")), (StatusCode::OK, "no-store"));
    let text = offered.text();
    assert!(text.contains("<svg class=\"qr\" role=\"img\" aria-label=\"QR code for the app\""), "{text}");
    let images = text.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect::<Vec<_>>();
    assert_eq!(images, ["/icon.svg"], "nothing is loaded that would hold the secret");
}

#[tokio::test]
async fn whom_a_site_lets_in_is_told_to_who_looks_after_people_there_with_what_has_ended() {
    let hub = hub();
    let ann = seen_by(&hub, "ann@acme.org", "admin@acme/lyon");
    let path = "/api/v1/sites/acme/lyon/people";
    let told = hub.ask("GET", &ann, path, None).await.json();
    let marc = serde_json::json!({
        "name": "Marc <b>Petit</b>", "may": "decide", "from": "1970-01-01T00:00:00.000Z",
        "until": "1970-01-01T00:01:00.000Z", "state": "expired",
    });
    assert_eq!(told, serde_json::json!({ "people": [marc] }));
    let looks = seen_by(&hub, "look@acme.org", "observer@acme/lyon");
    assert_eq!(hub.ask("GET", &looks, path, None).await.status, StatusCode::FORBIDDEN);
}
