//! How long does a list of ten thousand machines take, a page of it, and a filter over all of it?

#[path = "../tests/serve/common/mod.rs"]
mod common;

use std::time::Instant;

use axum::body::{Body, to_bytes};
use axum::http::StatusCode;
use common::{ALL, Door, Node, asking, machine};
use tower::ServiceExt;
use vigie_serve::Options;

const MACHINES: usize = 10_000;
const CLIENTS: usize = 300;
const ASKED: usize = 200;

/// What a hub of this size is asked again and again.
const QUESTIONS: [&str; 7] = [
    "/api/v1/machines",
    "/api/v1/machines?limit=1000",
    "/api/v1/machines?limit=100&sort=attention",
    "/api/v1/machines?q=reach:live+cpu:%3E20+-name:till-9*&limit=100",
    "/api/v1/machines?q=client:client-7&limit=100",
    "/api/v1/sites",
    "/api/v1/sites?q=client:client-7",
];

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("threads");
    let mut node = Node::new();
    let of = |at: usize| (format!("till-{at}"), format!("client-{}", at % CLIENTS));
    node.machines = (0..MACHINES).map(of).map(|(name, client)| machine(&name, &client, "lyon")).collect();
    let door = Door::of(node, Options::default());
    for question in QUESTIONS {
        let mut took: Vec<f64> = (0..ASKED).map(|_| runtime.block_on(ask(&door, question))).collect();
        took.sort_by(f64::total_cmp);
        let at = |share: usize| took[(ASKED - 1) * share / 100];
        println!("{question}: p50 {:.1} ms, p95 {:.1} ms, p99 {:.1} ms", at(50), at(95), at(99));
    }
}

async fn ask(door: &Door, question: &str) -> f64 {
    let begun = Instant::now();
    let request = asking(ALL, question).body(Body::empty()).expect("a request");
    let answer = door.router().oneshot(request).await.expect("the router always answers");
    assert_eq!(answer.status(), StatusCode::OK, "{question}");
    to_bytes(answer.into_body(), usize::MAX).await.expect("a whole body");
    begun.elapsed().as_secs_f64() * 1000.0
}
