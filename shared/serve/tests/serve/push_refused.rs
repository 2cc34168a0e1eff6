//! Who may not push here, what is not taken, and what are their senders told?

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use crate::common::desk::{
    Desk, HUB, LYON, OTLP, TEXT, Trouble, WRITE, body_of, doors, gzip, media_of, tokens, v1, v2,
};
use crate::common::{ACME, Door, Node};
use axum::body::Body;
use axum::http::{Request, StatusCode};
use tower::ServiceExt;
use vigie_formats::remote_write::RemoteWrite;
use vigie_serve::{IntakeLimits, Options};

#[tokio::test]
async fn nobody_writes_without_a_good_token() {
    for (method, path) in doors() {
        for token in ["", "wrong"] {
            let desk = Desk::new();
            let answer = desk.push(token, &path, method).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
            assert_eq!(answer.header("www-authenticate"), "Bearer realm=\"vigie\"");
            assert_eq!(desk.kept(), "");
        }
    }
}

#[tokio::test]
async fn a_browsers_session_does_not_write() {
    let desk = Desk::new();
    let cookie = desk.door.sign_in(HUB).await;
    for (media, path) in doors() {
        let request = Request::post(&path).header("cookie", &cookie).header("content-type", media);
        let answer = desk.send(request, body_of(media)).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{path}");
    }
    assert_eq!(desk.kept(), "");
}

#[tokio::test]
async fn who_may_look_may_not_therefore_write() {
    let desk = Desk::new();
    for (media, path) in doors() {
        let answer = desk.push(ACME, &path, media).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}: {}", answer.text());
    }
    let looks = desk.door.get(LYON, "/prometheus/api/v1/query?query=up").await;
    assert_eq!(looks.status, StatusCode::FORBIDDEN, "and who may write does not see");
    assert_eq!(desk.kept(), "");
}

#[tokio::test]
async fn a_place_of_somebody_else_is_refused_as_one_that_is_nowhere() {
    for (media, path) in doors() {
        let desk = Desk::new();
        let foreign = desk.push(LYON, &format!("/to/bron/ecole{path}"), media).await;
        let nowhere = desk.push(LYON, &format!("/to/no/where{path}"), media).await;
        let nonsense = desk.push(LYON, &format!("/to/..%2f/%00{path}"), media).await;
        assert_eq!(foreign.status, StatusCode::FORBIDDEN, "{path}");
        assert_eq!((foreign.status, foreign.text()), (nowhere.status, nowhere.text()));
        assert_eq!((foreign.status, foreign.text()), (nonsense.status, nonsense.text()));
        assert_eq!(desk.kept(), "");
    }
}

#[tokio::test]
async fn a_body_of_another_kind_is_refused_before_it_is_read() {
    for (_, path) in doors() {
        for (name, value) in [("content-type", "image/png"), ("content-encoding", "br")] {
            let desk = Desk::new();
            let request = desk.asking(LYON, &path).header(name, value);
            let request =
                if name == "content-type" { request } else { request.header("content-type", media_of(&path)) };
            let answer = desk.send(request, vec![0; 10]).await;
            assert_eq!(answer.status, StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path} {value}: {}", answer.text());
        }
    }
    let unknown = "application/x-protobuf;proto=io.prometheus.write.v9.Request";
    assert_eq!(Desk::new().push(LYON, WRITE, unknown).await.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test]
async fn a_body_is_bounded_before_and_after_it_is_unpacked() {
    let intake_limits = IntakeLimits { body_bytes: 10_000, ..IntakeLimits::default() };
    let desk = Desk::with(Options { intake_limits, ..Options::default() }, Trouble::None);
    for (media, path) in doors() {
        let request = desk.asking(LYON, &path).header("content-type", media);
        let answer = desk.send(request, vec![b'#'; 10_001]).await;
        assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE, "{path}: {}", answer.text());
    }
    let large = "# a comment\n".repeat(1_000);
    let packed = gzip(large.as_bytes());
    assert!(packed.len() < 10_000, "small as it is sent");
    let request = desk.asking(LYON, TEXT).header("content-type", "text/plain").header("content-encoding", "gzip");
    assert_eq!(desk.send(request, packed).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let names: Vec<String> = (0..1_000).map(|n| format!("series_{n}")).collect();
    let packed = v1(&names.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(packed.len() < 10_000, "small as it is sent: {}", packed.len());
    assert_eq!(desk.write(LYON, WRITE, RemoteWrite::V1, packed).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(desk.kept(), "");
}

#[tokio::test]
async fn a_body_that_can_not_be_read_is_not_asked_for_again() {
    for (media, path) in doors() {
        let desk = Desk::new();
        let answer = desk.send(desk.asking(LYON, &path).header("content-type", media), b"{\xff\xfe".to_vec()).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}: {:?}", answer.body);
        assert_eq!(answer.header("retry-after"), "");
        let request = desk.asking(LYON, &path).header("content-type", media).header("content-encoding", "gzip");
        let refused = desk.send(request, b"not gzip".to_vec()).await.status;
        assert!(refused.is_client_error(), "{path}: {refused}");
        assert_eq!(desk.kept(), "");
    }
}

#[tokio::test]
async fn a_store_in_trouble_is_asked_again_later() {
    for (media, path) in doors() {
        let desk = Desk::with(Options::default(), Trouble::Full);
        let answer = desk.push(LYON, &path, media).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "30", "{path}");
        let text = String::from_utf8_lossy(&answer.body);
        assert!(text.contains("the disk is full; nothing was kept, send it again"), "{path}: {text}");
    }
    let desk = Desk::with(Options::default(), Trouble::Full);
    let answer = desk.write(LYON, WRITE, RemoteWrite::V2, v2(&["up"])).await;
    assert_eq!(answer.header("x-prometheus-remote-write-samples-written"), "0", "also an error says what was written");
}

#[tokio::test]
async fn too_many_series_are_refused_for_good() {
    for (media, path) in doors() {
        let answer = Desk::with(Options::default(), Trouble::TooManySeries).push(LYON, &path, media).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(String::from_utf8_lossy(&answer.body).contains("the place has 5 series"), "{path}");
        let answer = Desk::with(Options::default(), Trouble::NoSuchPlace).push(LYON, &path, media).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn a_node_that_takes_in_nothing_says_so() {
    let node = Node { intake: None, ..Node::new() };
    let door = Door::guarded(node, Options::default(), tokens());
    for (media, path) in doors() {
        let request = Request::post(&path).header("authorization", format!("Bearer {LYON}"));
        let request = request.header("content-type", media).body(Body::from(body_of(media))).expect("a request");
        assert_eq!(door.send(request).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_heard_although_the_body_is_still_being_sent() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let router = Desk::new().door.router();
    tokio::spawn(vigie_serve::serve(listener, router, std::future::pending()));
    for (token, path, media, bytes, wanted) in [
        (ACME, WRITE, "application/x-protobuf", 30 << 20, "403"),
        (LYON, OTLP, "image/png", 30 << 20, "415"),
        (LYON, TEXT, "text/plain", 40 << 20, "413"),
        ("wrong", WRITE, "application/x-protobuf", 1 << 20, "401"),
    ] {
        let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: vigie\r\nConnection: close\r\nAuthorization: Bearer {token}\r\n\
             Content-Type: {media}\r\nContent-Length: {bytes}\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).await.expect("it reads");
        stream.write_all(&vec![b'x'; bytes]).await.expect("it reads to the end");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.expect("it answers");
        assert_eq!(answer.split(' ').nth(1), Some(wanted), "{path}: {answer}");
    }
}

#[tokio::test]
async fn a_door_is_only_pushed_at() {
    for (_, path) in doors() {
        let answer = Desk::new().door.get(LYON, &path).await;
        assert_eq!((answer.status, answer.header("allow")), (StatusCode::METHOD_NOT_ALLOWED, "POST"), "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_full_of_slow_bodies_says_so_and_has_room_again() {
    let desk = Desk::new();
    let request = |body| Request::post(WRITE).header("authorization", format!("Bearer {LYON}")).body(body);
    // Each sends 16 MiB, which may be a part of a good body, and then nothing more; the room holds 64.
    let slow =
        || tokio::spawn(desk.door.router().oneshot(request(Body::new(Slow(Some(16 << 20)))).expect("a request")));
    let slow: Vec<_> = std::iter::repeat_with(slow).take(4).collect();
    // The clock moves on when all of them wait.
    tokio::time::sleep(Duration::from_millis(1)).await;
    let answer = desk.push(LYON, WRITE, "application/x-protobuf").await;
    assert_eq!((answer.status, answer.header("retry-after")), (StatusCode::SERVICE_UNAVAILABLE, "5"));
    assert!(slow.iter().all(|slow| !slow.is_finished()), "they are still being listened to");
    slow.iter().for_each(tokio::task::JoinHandle::abort);
    for slow in slow {
        assert!(slow.await.is_err_and(|ended| ended.is_cancelled()));
    }
    assert_eq!(desk.push(LYON, WRITE, "application/x-protobuf").await.status, StatusCode::NO_CONTENT);
}

/// A body that gives so many bytes, and then neither more nor its end.
struct Slow(Option<usize>);

impl http_body::Body for Slow {
    type Data = bytes::Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<bytes::Bytes>, Self::Error>>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(http_body::Frame::data(vec![0; bytes].into())))),
            None => Poll::Pending,
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_never_becomes_durable_is_not_said_to_be_kept() {
    let desk = Desk::with(Options::default(), Trouble::Stuck);
    let answer = desk.write(LYON, WRITE, RemoteWrite::V1, v1(&["up"])).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.text().contains("did not become durable in time"), "{}", answer.text());
}
