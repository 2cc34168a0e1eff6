//! Does it work over a real connection?

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{ALL, Node, tokens};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use vigie_serve::{Options, router, serve};

#[tokio::test(flavor = "multi_thread")]
async fn a_node_answers_on_loopback_and_ends_when_told() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let options = Options { metrics_open_to_loopback: true, ..Options::default() };
    let (end, ended) = oneshot::channel::<()>();
    let until = async { ended.await.unwrap_or_default() };
    let served = tokio::spawn(serve(listener, router(Arc::new(Node::new()), tokens(), options), until));

    assert!(ask(address, "/healthz", "").await.ends_with("\r\n\r\nok\n"));
    assert!(ask(address, "/metrics", "").await.contains("vigie_hub_streams 2"), "this machine itself may look");
    assert!(ask(address, "/api/v1/machines", "").await.starts_with("HTTP/1.1 401 "));
    let token = format!("Authorization: Bearer {ALL}\r\n");
    assert!(ask(address, "/api/v1/machines", &token).await.contains("\"name\":\"compta\""));

    end.send(()).expect("it is still serving");
    let result = tokio::time::timeout(Duration::from_secs(5), served).await.expect("it ends soon");
    result.expect("no panic").expect("no error");
}

async fn ask(address: std::net::SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nHost: vigie.test\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("the question leaves");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer comes");
    answer
}
