//! What happens to an export whose reader is slow, leaves, or whose storage fails half-way?

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::common::{ALL, Door, Node, asking, labels, machine};
use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use tower::ServiceExt;
use vigie_query::{Coverage, Limits, Selection, SeriesSamples, Source, SourceError};
use vigie_serve::Options;

/// A storage of `pieces` pieces of 1,000 samples, which then fails or not.
struct Long {
    pieces: u64,
    fails: bool,
    given: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
}

impl Source for Long {
    fn select(
        &self,
        _: &Selection<'_>,
        limits: &Limits,
        sink: &mut dyn FnMut(SeriesSamples<'_>) -> ControlFlow<()>,
    ) -> Result<Coverage, SourceError> {
        let labels = Arc::new(labels("up", &machine("compta", "acme", "lyon")));
        let values: Vec<_> = (0..1000).map(f64::from).collect();
        let result = (0..self.pieces).try_for_each(|n| {
            if limits.stop.check().is_err() {
                return ControlFlow::Break(());
            }
            let timestamps_ms: Vec<_> = (0..1000).map(|at| n as i64 * 1000 + at).collect();
            self.given.fetch_add(1, Ordering::SeqCst);
            sink(SeriesSamples { labels: &labels, timestamps_ms: &timestamps_ms, values: &values })
        });
        self.ended.store(true, Ordering::SeqCst);
        if self.fails && result.is_continue() {
            return Err(SourceError::Failed("a page is damaged".to_owned()));
        }
        Ok(Coverage::whole())
    }
}

fn long(pieces: u64, fails: bool) -> (Door, Arc<AtomicU64>, Arc<AtomicBool>) {
    let (given, ended) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicBool::new(false)));
    let source = Box::new(Long { pieces, fails, given: Arc::clone(&given), ended: Arc::clone(&ended) });
    (Door::of(Node { source, ..Node::new() }, Options::default()), given, ended)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_reader_holds_the_storage_back_and_one_that_leaves_stops_it() {
    let (door, given, ended) = long(1_000_000, false);
    let request = asking(ALL, "/api/v1/export?match[]=up").body(Body::empty()).expect("a request");
    let response = door.router().oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let held = given.load(Ordering::SeqCst);
    assert!(held < 200, "{held} pieces were read although nobody took them");
    drop(response);
    for _ in 0..100 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        if ended.load(Ordering::SeqCst) {
            return;
        }
    }
    panic!("the storage is still being read");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_million_samples_leave_in_little_memory() {
    let (door, given, _) = long(2_000, false);
    let request = asking(ALL, "/api/v1/export?match[]=up").body(Body::empty()).expect("a request");
    let response = door.router().oneshot(request).await.expect("an answer");
    let body = to_bytes(response.into_body(), usize::MAX).await.expect("a whole body");
    assert_eq!(given.load(Ordering::SeqCst), 2_000);
    assert_eq!(body.iter().filter(|byte| **byte == b'\n').count(), 2_000);
    assert!(body.ends_with(b",1999999]}\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_early_is_an_error() {
    let (door, ..) = long(1, true);
    let answer = door.get(ALL, "/api/v1/export?match[]=up").await;
    assert_eq!((answer.status, &answer.json()["code"]), (StatusCode::INTERNAL_SERVER_ERROR, &"internal".into()));
    assert!(!answer.text().contains("damaged"), "what failed is for the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_export_that_fails_half_way_breaks_off_and_does_not_look_whole() {
    let (door, ..) = long(500, true);
    let request = asking(ALL, "/api/v1/export?match[]=up").body(Body::empty()).expect("a request");
    let response = door.router().oneshot(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    assert!(to_bytes(response.into_body(), usize::MAX).await.is_err());

    let (door, ..) = long(500, true);
    let request = asking(ALL, "/api/v1/export?match[]=up").header("accept-encoding", "gzip").body(Body::empty());
    let response = door.router().oneshot(request.expect("a request")).await.expect("an answer");
    assert_eq!(response.headers()["content-encoding"], "gzip");
    assert!(to_bytes(response.into_body(), usize::MAX).await.is_err(), "nor when it is compressed");
}
