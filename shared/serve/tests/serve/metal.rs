//! Does it work over a real connection?

use std::sync::Arc;
use std::time::Duration;

use crate::common::{ALL, Node, tokens};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use vigie_serve::{Options, Tls, TlsFiles, router, serve, serve_with};

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

#[tokio::test(flavor = "multi_thread")]
async fn over_tls_it_answers_who_trusts_its_certificate_and_says_nothing_in_the_clear() {
    let dir = tempfile::tempdir().expect("a folder");
    let files = TlsFiles { certificate: dir.path().join("chain.pem"), key: dir.path().join("key.pem") };
    let made = rcgen::generate_simple_self_signed(vec!["hub.vigie.test".to_owned()]).expect("a certificate");
    std::fs::write(&files.certificate, made.cert.pem()).expect("room");
    std::fs::write(&files.key, made.signing_key.serialize_pem()).expect("room");
    let tls = Tls::load(files).expect("its own key");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let options = Options { tls: true, ..Options::default() };
    let routes = router(Arc::new(Node::new()), tokens(), options);
    tokio::spawn(serve_with(listener, routes, Some(tls), std::future::pending()));

    // Somebody who never comes to terms holds nobody up.
    let idle = TcpStream::connect(address).await.expect("a connection");
    let mut roots = rustls::RootCertStore::empty();
    roots.add(made.cert.der().clone()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("suites").with_root_certificates(roots).with_no_client_auth();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let plain = TcpStream::connect(address).await.expect("a connection");
    let name = "hub.vigie.test".try_into().expect("a name");
    let sealed = connector.connect(name, plain).await.expect("they come to terms");
    let answer = say(sealed, "/healthz", "").await;
    assert!(answer.ends_with("\r\n\r\nok\n") && answer.contains("strict-transport-security: "), "{answer}");

    let mut clear = TcpStream::connect(address).await.expect("a connection");
    clear.write_all(b"GET /healthz HTTP/1.1\r\nHost: vigie.test\r\n\r\n").await.expect("the question leaves");
    let mut answer = Vec::new();
    drop(clear.read_to_end(&mut answer).await);
    assert!(!String::from_utf8_lossy(&answer).contains("ok"), "{answer:?}");
    drop(idle);
}

async fn ask(address: std::net::SocketAddr, path: &str, headers: &str) -> String {
    say(TcpStream::connect(address).await.expect("a connection"), path, headers).await
}

async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, path: &str, headers: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: vigie.test\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.expect("the question leaves");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer comes");
    answer
}
