//! What becomes of what others push here?

use crate::common::desk::{
    BOTH, Desk, GAUGE_JSON, GAUGE_PROTOBUF, HUB, LYON, OTLP, TEXT, Trouble, WRITE, doors, gzip, v1, v2,
};
use crate::common::{ACME, ALL, NOW_MS};
use axum::http::StatusCode;
use vigie_formats::remote_write::{RemoteWrite, V1Writer};
use vigie_serve::Options;

#[tokio::test]
async fn remote_write_of_both_versions_is_kept_in_the_senders_place() {
    for (version, body) in
        [(RemoteWrite::V1, v1(&["up", "temperature"])), (RemoteWrite::V2, v2(&["up", "temperature"]))]
    {
        for path in [WRITE, "/prometheus/api/v1/write"] {
            let desk = Desk::new();
            let answer = desk.write(LYON, path, version, body.clone()).await;
            assert_eq!((answer.status, answer.text()), (StatusCode::NO_CONTENT, ""), "{version:?} {path}");
            let both = "acme/lyon up 1@7; acme/lyon temperature 1@7";
            assert_eq!(desk.kept(), both, "{version:?} {path}");
            let counted = answer.header("x-prometheus-remote-write-samples-written");
            assert_eq!(counted, if version == RemoteWrite::V2 { "2" } else { "" });
        }
    }
}

#[tokio::test]
async fn opentelemetry_is_kept_in_either_encoding_packed_or_not() {
    let path = "/prometheus/api/v1/otlp/v1/metrics";
    for (path, packed) in [(OTLP, false), (OTLP, true), (path, false)] {
        let desk = Desk::new();
        let request = desk.asking(LYON, path).header("content-type", "application/json");
        let request = if packed { request.header("content-encoding", "gzip") } else { request };
        let body = if packed { gzip(GAUGE_JSON.as_bytes()) } else { GAUGE_JSON.into() };
        let answer = desk.send(request, body).await;
        assert_eq!((answer.status, answer.text()), (StatusCode::OK, "{}"), "{path}");
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(desk.kept(), "acme/lyon temperature_celsius 21.5@7");
    }
    let desk = Desk::new();
    let answer = desk.otlp("application/x-protobuf", GAUGE_PROTOBUF.to_vec()).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0), "all was taken: an empty message");
    assert_eq!(answer.header("content-type"), "application/x-protobuf");
    assert_eq!(desk.kept(), "acme/lyon up 1@7");
}

#[tokio::test]
async fn a_page_of_text_is_kept_with_the_time_it_says_or_is_given() {
    let page = "# TYPE up gauge\nup 1\nlate 2 5\n";
    for (path, wanted) in [
        (TEXT.to_owned(), format!("acme/lyon up 1@{NOW_MS}; acme/lyon late 2@5")),
        (format!("{TEXT}?timestamp=7"), "acme/lyon up 1@7; acme/lyon late 2@5".to_owned()),
    ] {
        let desk = Desk::new();
        let answer = desk.send(desk.asking(LYON, &path).header("content-type", "text/plain"), page.into()).await;
        assert_eq!((answer.status, desk.kept()), (StatusCode::NO_CONTENT, wanted), "{}", answer.text());
    }
    let desk = Desk::new();
    let asking = |desk: &Desk| desk.asking(LYON, TEXT).header("content-type", "application/openmetrics-text");
    let answer = desk.send(asking(&desk), "up 1 7.000\n# EOF\n".into()).await;
    assert_eq!((answer.status, desk.kept().as_str()), (StatusCode::NO_CONTENT, "acme/lyon up 1@7000"));
    let answer = desk.send(asking(&desk), "up 1 7.000\n".into()).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.text().contains("cut short"), "{}", answer.text());
    let bad = desk.asking(LYON, &format!("{TEXT}?timestamp=soon")).header("content-type", "text/plain");
    assert_eq!(desk.send(bad, "up 1\n".into()).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn the_place_comes_from_the_credentials_and_never_from_labels() {
    let desk = Desk::new();
    let mut writer = V1Writer::default();
    let labels = [("__name__", "up"), ("client", "bron"), ("site", "ecole")];
    writer.series(&labels, &[(7, 1.0)]);
    let body = writer.finish().expect("a small body");
    assert_eq!(desk.write(LYON, WRITE, RemoteWrite::V1, body).await.status, StatusCode::NO_CONTENT);
    assert_eq!(desk.kept(), "acme/lyon up 1@7");
}

#[tokio::test]
async fn who_may_write_to_several_places_names_one() {
    for (media, path) in doors() {
        for (token, place) in [(BOTH, "acme/paris"), (HUB, "bron/ecole"), (LYON, "acme/lyon")] {
            let desk = Desk::new();
            let answer = desk.push(token, &format!("/to/{place}{path}"), media).await;
            assert!(answer.status.is_success(), "{token} {path}: {}", answer.text());
            assert!(desk.kept().starts_with(&format!("{place} ")), "{token} {path}: {}", desk.kept());
        }
        for token in [BOTH, HUB] {
            let answer = Desk::new().push(token, &path, media).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
            assert!(answer.text().contains("/to/CLIENT/SITE"), "{}", answer.text());
        }
    }
}

#[tokio::test]
async fn what_is_refused_beside_what_is_kept_is_told() {
    let part = || Desk::with(Options::default(), Trouble::RefusesOne);
    let desk = part();
    let answer = desk.write(LYON, WRITE, RemoteWrite::V2, v2(&["up", "down"])).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST, "a sender counts it as lost and does not send it again");
    assert_eq!(answer.header("x-prometheus-remote-write-samples-written"), "1");
    assert_eq!(answer.text(), "1 samples were kept; 1 samples refused: older than what is kept\n");
    assert_eq!(desk.kept(), "acme/lyon up 1@7");
    let answer = part().otlp("application/json", GAUGE_JSON.into()).await;
    assert_eq!(answer.status, StatusCode::OK);
    let partial = &answer.json()["partialSuccess"];
    assert_eq!(partial["rejectedDataPoints"], "1");
    assert_eq!(partial["errorMessage"], "1 samples refused: older than what is kept");
}

#[tokio::test]
async fn what_is_here_already_counts_as_written() {
    let desk = Desk::with(Options::default(), Trouble::HasAll);
    let answer = desk.write(LYON, WRITE, RemoteWrite::V2, v2(&["up", "down"])).await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert_eq!(answer.header("x-prometheus-remote-write-samples-written"), "2");
}

#[tokio::test]
async fn a_refusal_to_opentelemetry_is_a_status_in_its_own_encoding() {
    let full = || Desk::with(Options::default(), Trouble::Full);
    let json = full().otlp("application/json", GAUGE_JSON.into()).await;
    assert_eq!((json.header("content-type"), &json.json()["code"]), ("application/json", &14.into()));
    let protobuf = full().otlp("application/x-protobuf", GAUGE_PROTOBUF.to_vec()).await;
    assert_eq!((protobuf.header("content-type"), &protobuf.body[..2]), ("application/x-protobuf", &[8, 14][..]));
}

#[tokio::test]
async fn what_came_in_is_counted() {
    let desk = Desk::with(Options::default(), Trouble::RefusesOne);
    let body = v1(&["up", "down", "left"]);
    let bytes = body.len();
    desk.write(LYON, WRITE, RemoteWrite::V1, body).await;
    desk.push(ACME, TEXT, "text/plain").await;
    let metrics = desk.door.get(ALL, "/metrics").await;
    for line in [
        "vigie_http_pushed_samples_total{door=\"remote_write\"} 2".to_owned(),
        "vigie_http_pushed_duplicates_total{door=\"remote_write\"} 0".to_owned(),
        format!("vigie_http_pushed_bytes_total{{door=\"remote_write\"}} {bytes}"),
        "vigie_http_pushed_refused_total{door=\"remote_write\",reason=\"not_kept\"} 1".to_owned(),
        "vigie_http_pushes_refused_total{door=\"text\",reason=\"no_right\"} 1".to_owned(),
        "vigie_http_requests_total{route=\"/api/v1/write\",status=\"400\"} 1".to_owned(),
    ] {
        assert!(metrics.text().contains(&format!("\n{line}\n")), "{line} is not in {}", metrics.text());
    }
}
