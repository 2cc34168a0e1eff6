//! Does Prometheus' own client get from us what it gets from Prometheus?
//!
//! Needs `promtool`; `VIGIE_WITHOUT_PEERS=1` says that it is not there and that nothing is to be proved.

use std::process::{Command, Stdio};

use crate::common::{ALL, Door, NOW_MS, Node, labels, machine, peer_is_here};
use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::map_request;
use vigie_query::InMemory;
use vigie_serve::{Options, serve};

#[tokio::test(flavor = "multi_thread")]
async fn promtool_asks_and_understands_every_answer() {
    let Some(server) = Server::start().await else { return };
    let now = (NOW_MS / 1000).to_string();
    let (from, day) = ((NOW_MS / 1000 - 120).to_string(), (NOW_MS / 1000 - 86_400).to_string());

    let up = server.ask(&["instant", "--time", &now, "@", "up{machine=\"compta\"}"]).await;
    assert!(up.contains("machine=\"compta\"") && up.contains(&format!("=> 0.5 @[{now}]")), "{up}");
    assert_eq!(server.ask(&["instant", "--time", &now, "@", "1 + 1"]).await, format!("scalar: 2 @[{now}]\n"));
    let rate = server.ask(&["instant", "--time", &now, "@", "sum by (client) (rate(bytes_total[5m]))"]).await;
    assert!(rate.contains("client=\"acme\"") && rate.contains("=> "), "{rate}");

    let range = ["range", "--start", &from, "--end", &now, "--step", "60s", "@", "sum(up)"];
    let range = server.ask(&range).await;
    assert_eq!(range.matches(" @[").count(), 2, "one value at each of the two steps that have samples: {range}");

    let series = server.ask(&["series", "--match", "up", "--start", &day, "--end", &now, "@"]).await;
    assert_eq!(series.lines().count(), 2, "{series}");
    let names = server.ask(&["labels", "--start", &day, "--end", &now, "@", "machine"]).await;
    assert_eq!(names, "compta\nmairie\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_reads_the_reason_of_a_refusal() {
    let Some(server) = Server::start().await else { return };
    let refused = server.run(&["instant", "@", "rate(up)"]).await;
    assert!(!refused.status.success());
    let text = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(text.contains("bad_data"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn promtool_finds_nothing_wrong_with_a_page_for_federation() {
    if !peer_is_here("promtool") {
        return;
    }
    let door = Door::of(node(), Options::default());
    let page = door.get(ALL, "/prometheus/federate?match[]=%7B__name__%3D~%22.%2B%22%7D").await;
    let checked = tokio::task::spawn_blocking(move || {
        let mut check = Command::new("promtool");
        check.args(["check", "metrics"]).stdin(Stdio::piped()).stderr(Stdio::piped());
        let mut check = check.spawn().expect("promtool starts");
        std::io::Write::write_all(&mut check.stdin.take().expect("a pipe"), &page.body).expect("promtool reads");
        check.wait_with_output().expect("promtool ends")
    });
    let said = String::from_utf8_lossy(&checked.await.expect("no panic").stderr).into_owned();
    // It also has opinions about names and help texts; what it can not read it calls an error.
    assert!(!said.contains("error while linting") && !said.contains("parsing"), "{said}");
}

/// A server on a free port of loopback, open to everybody there: promtool of Debian 12 sends no credentials.
struct Server {
    url: String,
}

impl Server {
    async fn start() -> Option<Self> {
        if !peer_is_here("promtool") {
            return None;
        }
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}/prometheus", listener.local_addr().expect("an address"));
        let router = Door::of(node(), Options::default()).router();
        let open = Router::new().fallback_service(router).layer(map_request(signed_in));
        tokio::spawn(serve(listener, open, std::future::pending()));
        Some(Self { url })
    }

    /// Runs `promtool query`, `@` being this server.
    async fn run(&self, words: &[&str]) -> std::process::Output {
        let words: Vec<String> =
            words.iter().map(|word| if *word == "@" { self.url.clone() } else { (*word).to_owned() }).collect();
        let run = move || Command::new("promtool").arg("query").args(words).output().expect("promtool starts");
        tokio::task::spawn_blocking(run).await.expect("no panic")
    }

    async fn ask(&self, words: &[&str]) -> String {
        let output = self.run(words).await;
        assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    }
}

async fn signed_in(mut request: Request) -> Request {
    let bearer = HeaderValue::from_str(&format!("Bearer {ALL}")).expect("a header");
    request.headers_mut().insert("authorization", bearer);
    request
}

fn node() -> Node {
    let mut source = InMemory::default();
    for machine in [machine("compta", "acme", "lyon"), machine("mairie", "bron", "ecole")] {
        source.add(labels("up", &machine), [(NOW_MS - 60_000, 1.0), (NOW_MS, 0.5)]);
        let counted = (0..10).map(|n| (NOW_MS - 10_000 * (9 - n), 100.0 * n as f64));
        source.add(labels("bytes_total", &machine), counted);
    }
    Node { source: Box::new(source), ..Node::new() }
}
