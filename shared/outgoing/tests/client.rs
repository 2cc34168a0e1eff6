//! Does a request go only where it may, and does nobody take more of us than is meant for them? Over real connections.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use hyper::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use vigie_outgoing::{Ask, Client, Guard, Names};

/// Says what it is told to say to whoever comes, and remembers what they said.
struct Server {
    at: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn saying(answer: impl AsRef<[u8]>, then: Then) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let (at, heard) = (listener.local_addr().expect("bound"), Arc::<Mutex<Vec<String>>>::default());
        let (answer, all) = (answer.as_ref().to_vec(), heard.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer.clone(), then, all.clone()));
            }
        });
        Self { at, heard }
    }

    fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("whole").clone()
    }
}

#[derive(Clone, Copy)]
enum Then {
    Closes,
    Drips,
    Babbles,
}

async fn serve(mut stream: TcpStream, answer: Vec<u8>, then: Then, heard: Arc<Mutex<Vec<String>>>) -> io::Result<()> {
    let mut head = vec![0; 4_096];
    let read = stream.read(&mut head).await?;
    heard.lock().expect("whole").push(String::from_utf8_lossy(&head[..read]).into_owned());
    stream.write_all(&answer).await?;
    match then {
        Then::Closes => Ok(()),
        Then::Drips => loop {
            tokio::time::sleep(Duration::from_millis(50)).await;
            stream.write_all(b"x").await?;
        },
        Then::Babbles => loop {
            stream.write_all(&[b'x'; 4_096]).await?;
        },
    }
}

/// Gives another answer each time it is asked.
#[derive(Debug)]
struct Fickle {
    answers: Vec<Vec<SocketAddr>>,
    asked: AtomicUsize,
}

impl Names for Fickle {
    fn addresses<'a>(
        &'a self,
        _: &'a str,
        _: u16,
    ) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>> {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst);
        let answer = self.answers[turn.min(self.answers.len() - 1)].clone();
        Box::pin(async move { Ok(answer) })
    }
}

fn get(url: &str) -> Ask {
    Ask { method: Method::GET, uri: url.parse().expect("an address"), headers: Vec::new(), body: Bytes::new() }
}

fn near() -> Client {
    Client::new(Guard::new(true, Vec::new()), Duration::from_secs(5))
}

fn hub() -> Client {
    Client::new(Guard::default(), Duration::from_secs(5))
}

#[tokio::test]
async fn an_answer_comes_with_its_status_headers_and_body() {
    let answer = "HTTP/1.1 429 Too Many\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nslow";
    let server = Server::saying(answer, Then::Closes).await;
    let answer = near().ask(get(&format!("http://{}/a?b=c", server.at))).await.expect("an answer");
    assert_eq!((answer.status, answer.body.as_slice(), answer.is_cut), (429, b"slow".as_slice(), false));
    assert_eq!(answer.headers["retry-after"], "7");
    let heard = &server.heard()[0];
    assert!(heard.starts_with("GET /a?b=c HTTP/1.1\r\n") && heard.contains(&format!("host: {}", server.at)), "{heard}");
}

#[tokio::test]
async fn whatever_is_near_is_refused_to_a_hub_before_anything_is_said_there() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Closes).await;
    let port = server.at.port();
    // The last are 127.0.0.1 in the words of old C libraries.
    for host in
        ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433", "0x7f000001", "127.1"]
    {
        let why = hub().ask(get(&format!("http://{host}:{port}/"))).await.expect_err(host);
        let says = ["not on the public internet", "no receiver has", "can not be resolved"];
        assert!(says.iter().any(|said| why.contains(said)), "{host}: {why}");
    }
    assert!(server.heard().is_empty());
    let allowed = Guard::new(false, vec!["127.0.0.1".parse().expect("one")]);
    let client = Client::new(allowed, Duration::from_secs(5));
    assert!(client.ask(get(&format!("http://127.0.0.1:{port}/"))).await.is_ok(), "what is named is let in");
}

#[tokio::test]
async fn a_clouds_metadata_is_refused_to_a_relay_too() {
    let why = near().ask(get("http://169.254.169.254/latest/meta-data/")).await.expect_err("nobody is meant");
    assert!(why.contains("a cloud's metadata"), "{why}");
}

#[tokio::test]
async fn a_name_that_changes_is_asked_for_once_and_what_was_judged_is_dialled() {
    let server = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Closes).await;
    // At first an address that may be dialled and where nobody listens, then one that may not.
    let good = SocketAddr::new("127.0.0.2".parse().expect("an address"), server.at.port());
    let names = Arc::new(Fickle { answers: vec![vec![good], vec![server.at]], asked: AtomicUsize::new(0) });
    let guard = Guard::new(false, vec!["127.0.0.2".parse().expect("one")]);
    let client = Client::new(guard, Duration::from_secs(5)).asking(names.clone());
    let why = client.ask(get("http://rebind.example/")).await.expect_err("nobody listens there");
    assert!(why.contains("no connection to 127.0.0.2"), "{why}");
    assert_eq!(names.asked.load(Ordering::SeqCst), 1, "and nobody asked again");
    let why = client.ask(get("http://rebind.example/")).await.expect_err("this one may not");
    assert!(why.contains("not on the public internet"), "{why}");
    assert!(server.heard().is_empty());
}

#[tokio::test]
async fn of_several_addresses_only_those_that_may_are_dialled() {
    let near_one = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Closes).await;
    let named = Server::saying("HTTP/1.1 204 OK\r\n\r\n", Then::Closes).await;
    let loopback_two: SocketAddr = format!("[::1]:{}", near_one.at.port()).parse().expect("an address");
    let names = Fickle { answers: vec![vec![loopback_two, named.at]], asked: AtomicUsize::new(0) };
    let guard = Guard::new(false, vec!["127.0.0.0/8".parse().expect("a net")]);
    let client = Client::new(guard, Duration::from_secs(5)).asking(Arc::new(names));
    assert_eq!(client.ask(get("http://both.example/")).await.expect("an answer").status, 204);
    assert!(near_one.heard().is_empty());
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let elsewhere = Server::saying("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Then::Closes).await;
    let sends = format!("HTTP/1.1 307 Go\r\nLocation: http://{}/\r\nContent-Length: 0\r\n\r\n", elsewhere.at);
    let server = Server::saying(sends, Then::Closes).await;
    let answer = near().ask(get(&format!("http://{}/", server.at))).await.expect("an answer");
    assert_eq!(answer.status, 307);
    assert!(elsewhere.heard().is_empty());
}

#[tokio::test]
async fn who_talks_without_end_is_read_as_far_as_is_meant_and_who_drips_is_waited_for_no_longer() {
    let babbles = Server::saying("HTTP/1.1 200 OK\r\n\r\n", Then::Babbles).await;
    let answer = near().reading(10_000).ask(get(&format!("http://{}/", babbles.at))).await.expect("an answer");
    assert_eq!((answer.body.len(), answer.is_cut), (10_000, true));
    for head in ["HTTP/1.1 200 OK\r\nX-Slow: ", "HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"] {
        let drips = Server::saying(head, Then::Drips).await;
        let client = Client::new(Guard::new(true, Vec::new()), Duration::from_secs(1));
        let why = client.ask(get(&format!("http://{}/", drips.at))).await.expect_err("it takes too long");
        assert!(why.contains("no answer within 1 s"), "{why}");
    }
    let head = format!("HTTP/1.1 200 OK\r\nX-Long: {}\r\n\r\n", "x".repeat(200_000));
    let heads = Server::saying(head, Then::Closes).await;
    assert!(near().ask(get(&format!("http://{}/", heads.at))).await.is_err(), "a head without end");
}

#[tokio::test]
async fn only_http_is_asked_and_no_address_holds_a_password() {
    for url in ["ftp://127.0.0.1/", "file://localhost/etc/passwd", "gopher://127.0.0.1/"] {
        assert!(near().ask(get(url)).await.expect_err(url).contains("only http"), "{url}");
    }
    assert!(near().ask(get("http://user:word@127.0.0.1/")).await.expect_err("it is refused").contains("no password"));
}
