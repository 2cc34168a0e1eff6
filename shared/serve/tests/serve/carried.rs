//! What goes between a site and its hub by hand: who may write it and who may bring it, and what are they told?

use axum::body::Body;
use axum::http::{Request, StatusCode};
use serde_json::json;

use crate::common::book::Book;
use crate::common::hub::Hub;
use crate::common::site::{self, DECIDES, Relay};
use crate::common::{ACME, ALL, Answer, Door, Node, asking, tokens};

const LYON: &str = "/api/v1/sites/acme/lyon/carried";

#[tokio::test]
async fn who_brings_a_file_is_told_what_came_of_it_and_it_is_written_down() {
    let hub = hub();
    let operator = operator(&hub, "acme/lyon");
    let before = hub.roll.written();
    let taken = bring(&hub.door, &operator, LYON, vec![1; 3_000_000]).await;
    assert_eq!((taken.status, &taken.json()["ticks"]["new"]), (StatusCode::OK, &json!(3_000_000)), "{}", taken.text());
    assert_eq!(hub.roll.written(), before + 1);
}

#[tokio::test]
async fn a_file_that_is_torn_says_what_was_taken_and_that_it_stays() {
    let hub = hub();
    let operator = operator(&hub, "acme/lyon");
    let before = hub.roll.written();
    let torn = bring(&hub.door, &operator, LYON, b"torn".to_vec()).await;
    let said = torn.json();
    assert_eq!((torn.status, &said["code"]), (StatusCode::UNPROCESSABLE_ENTITY, &json!("carried-in-part")));
    let detail = said["detail"].as_str().expect("why");
    assert!(detail.contains("part 2 is torn") && detail.contains("4 ticks are new here"), "{detail}");
    assert!(said["unchanged"].as_str().is_some_and(|unchanged| unchanged.contains("stays")), "{said}");
    assert_eq!(hub.roll.written(), before + 1, "what was taken is written down");
    let other = bring(&hub.door, &operator, LYON, b"other".to_vec()).await;
    assert_eq!((other.status, &other.json()["code"]), (StatusCode::CONFLICT, &json!("conflict")));
    assert_eq!(hub.roll.written(), before + 1, "nothing was changed by that");
}

#[tokio::test]
async fn nobody_brings_a_file_where_they_have_no_right_to_fetch() {
    let hub = hub();
    for place in ["acme/paris", "bron"] {
        let elsewhere = operator(&hub, place);
        let refused = bring(&hub.door, &elsewhere, LYON, vec![1]).await;
        assert_eq!(refused.status, StatusCode::FORBIDDEN, "{place}: {}", refused.text());
    }
    let refused = bring(&hub.door, "wrong", LYON, vec![1]).await;
    assert_eq!(refused.status, StatusCode::UNAUTHORIZED);
    let strange = bring(&hub.door, &operator(&hub, "acme"), "/api/v1/sites/acme/No%20Site/carried", vec![1]).await;
    assert_eq!(strange.status, StatusCode::FORBIDDEN, "{}", strange.text());
}

#[tokio::test]
async fn a_site_hands_its_file_to_who_decides_there_and_shows_it_to_nobody_else() {
    let (door, _) = site::door(Relay::cut_off(), Book::of(Vec::new()));
    let file = door.get(DECIDES, "/api/v1/carried").await;
    assert_eq!((file.status, file.body.len()), (StatusCode::OK, 200_000));
    assert!(file.header("content-disposition").contains("acme-lyon-"), "{}", file.header("content-disposition"));
    for (token, may) in [(DECIDES, true), (ACME, false), (ALL, false)] {
        let status = door.get(token, "/api/v1/carried").await.status;
        assert_eq!(status == StatusCode::OK, may, "{token}: {status}");
        let cookie = door.sign_in(token).await;
        let page = door.get_with_cookie(&cookie, "/link").await;
        assert_eq!(page.text().contains("href=\"/api/v1/carried\""), may, "{token}: {}", page.status);
    }
    assert_eq!(door.get(DECIDES, LYON).await.status, StatusCode::NOT_FOUND, "a relay takes none in");
}

fn hub() -> Hub {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    hub
}

/// The token of somebody who does everything there.
fn operator(hub: &Hub, place: &str) -> String {
    let person = hub.roll.person(&format!("{}@acme.org", place.replace('/', "-")), &[&format!("admin@{place}")]);
    hub.roll.token(&person, place, 30).1
}

async fn bring(door: &Door, token: &str, path: &str, bytes: Vec<u8>) -> Answer {
    let request: Request<Body> = asking(token, path).method("POST").body(Body::from(bytes)).expect("a request");
    door.send(request).await
}
