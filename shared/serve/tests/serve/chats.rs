//! Does what a chat sends come in, and is what is no chat's answered as what is not there?

use crate::common::hub::{By, Hub};
use crate::common::{Answer, Door, Node, tokens};
use axum::body::Body;
use axum::http::{Request, StatusCode};

fn hub() -> Hub {
    let hub = Hub::new(Node::new(), tokens());
    hub.roll.begin();
    hub
}

async fn sent(hub: &Hub, path: &str, header: (&str, &str), body: Vec<u8>) -> Answer {
    let request = Request::post(path).header(header.0, header.1).body(Body::from(body)).expect("a request");
    hub.door.send(request).await
}

#[tokio::test]
async fn what_a_chat_signed_is_answered_and_all_else_as_an_address_that_is_not_there() {
    let hub = hub();
    let slack = ("x-slack-signature", "right");
    let pressed = sent(&hub, "/api/v1/chats/ops/slack", slack, b"payload=%7B%7D".to_vec()).await;
    assert!(pressed.status == StatusCode::OK && pressed.body.is_empty());
    let written = sent(&hub, "/api/v1/chats/ops/teams", ("authorization", "right"), b"help".to_vec()).await;
    assert_eq!((written.status, written.json().as_str()), (StatusCode::OK, Some("help")));

    let nowhere = hub.ask("POST", &By::Nobody, "/api/v1/chats", None).await;
    assert_eq!(nowhere.status, StatusCode::UNAUTHORIZED);
    let long = "r".repeat(1_000);
    for (path, header) in [
        ("/api/v1/chats/ops/slack", ("x-slack-signature", "wrong")),
        ("/api/v1/chats/ops/slack", ("x-slack-signature", long.as_str())),
        ("/api/v1/chats/ops/slack", ("x", "y")),
        ("/api/v1/chats/none/slack", slack),
        ("/api/v1/chats/none/teams", ("authorization", "right")),
    ] {
        let said = sent(&hub, path, header, b"x".to_vec()).await;
        assert_eq!((said.status, said.text()), (nowhere.status, nowhere.text()), "{path}");
    }
}

#[tokio::test]
async fn a_body_that_is_too_long_is_refused_and_never_kept() {
    let hub = hub();
    for (path, header, most) in [
        ("/api/v1/chats/ops/slack", ("x-slack-signature", "right"), 1 << 20),
        ("/api/v1/chats/ops/teams", ("authorization", "right"), 256 << 10),
    ] {
        let status = sent(&hub, path, header, vec![b'x'; most]).await.status;
        assert_eq!(status, StatusCode::OK, "{path}");
        let said = sent(&hub, path, header, vec![b'x'; most + 1]).await;
        assert_eq!((said.status, said.json()["code"].as_str()), (StatusCode::PAYLOAD_TOO_LARGE, Some("too-large")));
    }
}

#[tokio::test]
async fn a_node_without_chats_has_no_such_addresses() {
    let door = Door::around(vigie_serve::router(std::sync::Arc::new(Node::new()), tokens(), Default::default()));
    let document = door.send(Request::get("/api/v1/openapi.json").body(Body::empty()).expect("a request")).await;
    assert!(!document.text().contains("/chats/"));
    let request = Request::post("/api/v1/chats/ops/slack").header("x-slack-signature", "right");
    let said = door.send(request.body(Body::empty()).expect("a request")).await;
    assert_eq!(said.status, StatusCode::UNAUTHORIZED);
}
