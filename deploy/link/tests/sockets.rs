//! What a link promises on real sockets, inside this process. Times are only ever generous upper bounds.

#![allow(clippy::unwrap_used)]

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::time::timeout;
use vigie_link::body::{AskError, Forward, Plan, Running, StartError, WhenCut, ask};
use vigie_link::{ConditionChange, LinkChange, Profile, Request, Side, Stats};

#[tokio::test]
async fn each_client_gets_its_own_answers() {
    let link = link_to_udp(udp_echo().await).await;
    let (one, other) = (client_of(&link).await, client_of(&link).await);
    one.send(b"one").await.unwrap();
    other.send(b"other").await.unwrap();
    assert_eq!(received(&one).await.unwrap(), b"one");
    assert_eq!(received(&other).await.unwrap(), b"other");
    assert_eq!(stats_of(&link).await.udp_flows, 2);
}

#[tokio::test]
async fn every_byte_is_counted_with_its_headers() {
    let link = link_to_udp(udp_echo().await).await;
    let client = client_of(&link).await;
    for _ in 0..10 {
        client.send(&[7; 100]).await.unwrap();
        received(&client).await.unwrap();
    }
    let stats = stats_of(&link).await;
    for count in [stats.up.udp.entered, stats.up.udp.left, stats.down.udp.entered, stats.down.udp.left] {
        assert_eq!((count.packets, count.bytes, count.wire_bytes), (10, 1000, 1280));
    }
}

#[tokio::test]
async fn a_cut_is_silence_and_healing_ends_it() {
    let link = link_to_udp(udp_echo().await).await;
    let client = client_of(&link).await;
    told(&link, Request::Cut { side: Side::Both }).await;
    client.send(b"into the void").await.unwrap();
    assert!(received_within(&client, Duration::from_millis(200)).await.is_none());

    told(&link, Request::Heal { side: Side::Both }).await;
    client.send(b"back again").await.unwrap();
    assert_eq!(received(&client).await.unwrap(), b"back again");
    assert_eq!(stats_of(&link).await.up.udp.dropped.cut, 1);
}

#[tokio::test]
async fn a_cut_back_lets_questions_through_and_no_answers() {
    let link = link_to_udp(udp_echo().await).await;
    let client = client_of(&link).await;
    told(&link, Request::Cut { side: Side::Down }).await;
    client.send(b"hello?").await.unwrap();
    assert!(received_within(&client, Duration::from_millis(200)).await.is_none());
    let stats = stats_of(&link).await;
    assert_eq!((stats.up.udp.left.packets, stats.down.udp.dropped.cut), (1, 1));
}

#[tokio::test]
async fn what_is_in_the_pipe_when_it_is_cut_never_arrives() {
    let link = link_to_udp(udp_echo().await).await;
    let client = client_of(&link).await;
    told(&link, delay(100_000)).await;
    client.send(b"on its way").await.unwrap();
    until(&link, |stats| stats.up.in_pipe.packets == 1).await;
    told(&link, Request::Cut { side: Side::Both }).await;
    told(&link, Request::Heal { side: Side::Both }).await;
    told(&link, delay(0)).await;
    client.send(b"later").await.unwrap();
    assert_eq!(received(&client).await.unwrap(), b"later");
}

#[tokio::test]
async fn a_delay_is_waited_both_ways() {
    let link = link_to_udp(udp_echo().await).await;
    let client = client_of(&link).await;
    told(&link, delay(60)).await;
    let sent = std::time::Instant::now();
    client.send(b"ping").await.unwrap();
    received(&client).await.unwrap();
    assert!(sent.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_target_that_is_not_there_yet_is_found_later() {
    let address = unused_udp_port().await;
    let link = link_to_udp(address).await;
    let client = client_of(&link).await;
    client.send(b"anybody?").await.unwrap();
    until(&link, |stats| stats.up.udp.left.packets == 1).await;
    let target = UdpSocket::bind(address).await.unwrap();
    // A first datagram may be answered by the kernel's note that nobody was there before.
    for _ in 0..3 {
        client.send(b"now?").await.unwrap();
    }
    assert_eq!(received(&target).await.unwrap(), b"now?");
}

#[tokio::test]
async fn a_stream_arrives_whole_although_the_link_loses_and_is_cut() {
    let link = link_to_tcp(tcp_echo().await, WhenCut::Hang).await;
    let change = ConditionChange { loss_percent: Some(0.2), jitter_ms: Some(3), ..Default::default() };
    told(&link, both(change)).await;
    // More than a window, which must therefore be given back.
    let sent: Vec<u8> = (0..2_500_000_u32).map(|n| (n % 251) as u8).collect();
    let mut stream = TcpStream::connect(link.tcp[0].listen).await.unwrap();
    let (mut from, mut to) = stream.split();
    let write = async {
        to.write_all(&sent[..100_000]).await.unwrap();
        told(&link, Request::Cut { side: Side::Up }).await;
        told(&link, Request::Heal { side: Side::Up }).await;
        to.write_all(&sent[100_000..]).await.unwrap();
        to.shutdown().await.unwrap();
    };
    let mut arrived = Vec::new();
    let (_, read) = tokio::join!(write, timeout(GENEROUS, from.read_to_end(&mut arrived)));
    read.unwrap().unwrap();
    assert!(arrived == sent, "{} of {} bytes", arrived.len(), sent.len());
    until(&link, |stats| stats.tcp_connections == 0).await;
}

#[tokio::test]
async fn a_cut_stalls_a_stream_and_does_not_close_it() {
    let link = link_to_tcp(tcp_echo().await, WhenCut::Hang).await;
    let mut stream = TcpStream::connect(link.tcp[0].listen).await.unwrap();
    assert_eq!(echoed(&mut stream, b"before").await.unwrap(), b"before");
    told(&link, Request::Cut { side: Side::Both }).await;
    stream.write_all(b"during").await.unwrap();
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(200), stream.read(&mut byte)).await.is_err());
    told(&link, Request::Heal { side: Side::Both }).await;
    assert_eq!(echoed(&mut stream, b" after").await.unwrap(), b"during after"[..6]);
}

#[tokio::test]
async fn who_connects_while_it_is_cut_hangs_until_it_is_healed() {
    let link = link_to_tcp(tcp_echo().await, WhenCut::Hang).await;
    told(&link, Request::Cut { side: Side::Both }).await;
    let mut stream = TcpStream::connect(link.tcp[0].listen).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut byte = [0];
    assert!(timeout(Duration::from_millis(200), stream.read(&mut byte)).await.is_err());
    told(&link, Request::Heal { side: Side::Both }).await;
    timeout(GENEROUS, stream.read_exact(&mut byte)).await.unwrap().unwrap();
}

#[tokio::test]
async fn who_connects_while_it_is_cut_is_reset_if_that_was_asked() {
    let link = link_to_tcp(tcp_echo().await, WhenCut::Refuse).await;
    told(&link, Request::Cut { side: Side::Both }).await;
    let reset = async {
        let mut stream = TcpStream::connect(link.tcp[0].listen).await?;
        stream.read_u8().await
    };
    let why = timeout(GENEROUS, reset).await.unwrap().unwrap_err();
    assert_eq!(why.kind(), io::ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn nonsense_is_answered_with_what_is_wrong() {
    let link = link_to_udp(udp_echo().await).await;
    let answer = said(link.control, b"{\"do\":\"set\",\"up\":{\"los_percent\":3}}\n").await;
    assert!(answer.contains("unknown field `los_percent`"), "{answer}");
    let answer = said(link.control, b"{\"do\":\"set\",\"up\":{\"loss_percent\":300}}\n").await;
    assert!(answer.contains("300 is not a percentage"), "{answer}");
    let answer = said(link.control, b"POST / HTTP/1.1\r\n").await;
    assert!(answer.contains("not a request"), "{answer}");
    let answer = said(link.control, &[b'x'; 9_000]).await;
    assert!(answer.contains("longer than"), "{answer}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let taken = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap();
    let refused = Running::start(&plan_udp(address, address)).await.unwrap_err();
    assert!(refused.to_string().contains(&format!("cannot listen for UDP on {address}")));
}

#[tokio::test]
async fn control_in_the_open_is_refused() {
    let address = unused_udp_port().await;
    let plan = Plan { control: "0.0.0.0:0".parse().unwrap(), ..plan_udp(any(), address) };
    let refused = Running::start(&plan).await.unwrap_err();
    assert!(matches!(refused, StartError::ControlInTheOpen(_)));
}

#[tokio::test]
async fn a_link_that_is_gone_is_said_to_be_gone() {
    let link = link_to_udp(any()).await;
    let control = link.control;
    drop(link);
    let refused = timeout(GENEROUS, async {
        loop {
            match ask(control, &Request::Stats {}).await {
                Ok(_) => tokio::task::yield_now().await,
                Err(why) => return why,
            }
        }
    });
    assert!(matches!(refused.await.unwrap(), AskError::Unreachable { .. }));
}

#[tokio::test]
async fn it_starts_as_bad_as_it_was_planned() {
    let change = LinkChange { profile: Some(Profile::Thin), ..Default::default() };
    let link = Running::start(&Plan { change, ..plan_udp(any(), any()) }).await.unwrap();
    let reply = ask(link.control, &Request::Stats {}).await.unwrap();
    assert_eq!(reply.up.unwrap().condition.rate_kbit, Some(64));
    assert!(!reply.down.unwrap().cut);
}

// === helpers

/// Longer than anything here takes on a machine that is busy with other things.
const GENEROUS: Duration = Duration::from_secs(30);

fn any() -> SocketAddr {
    "127.0.0.1:0".parse().unwrap()
}

fn plan_udp(listen: SocketAddr, target: SocketAddr) -> Plan {
    Plan {
        udp: vec![Forward { listen, target: target.to_string() }],
        tcp: Vec::new(),
        control: any(),
        seed: 1,
        change: LinkChange::default(),
        when_cut: WhenCut::Hang,
    }
}

async fn link_to_udp(target: SocketAddr) -> Running {
    Running::start(&plan_udp(any(), target)).await.unwrap()
}

async fn link_to_tcp(target: SocketAddr, when_cut: WhenCut) -> Running {
    let forward = Forward { listen: any(), target: target.to_string() };
    let plan = Plan { udp: Vec::new(), tcp: vec![forward], when_cut, ..plan_udp(any(), target) };
    Running::start(&plan).await.unwrap()
}

async fn told(link: &Running, request: Request) {
    ask(link.control, &request).await.unwrap();
}

fn both(both: ConditionChange) -> Request {
    Request::Set(Box::new(LinkChange { both, ..Default::default() }))
}

fn delay(ms: u64) -> Request {
    both(ConditionChange { delay_ms: Some(ms), ..Default::default() })
}

async fn stats_of(link: &Running) -> Stats {
    ask(link.control, &Request::Stats {}).await.unwrap().stats.unwrap()
}

async fn until(link: &Running, reached: impl Fn(&Stats) -> bool) {
    let reach = async {
        while !reached(&stats_of(link).await) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(GENEROUS, reach).await.expect("the link gets there");
}

async fn said(control: SocketAddr, line: &[u8]) -> String {
    let mut stream = TcpStream::connect(control).await.unwrap();
    stream.write_all(line).await.unwrap();
    let mut answer = String::new();
    let mut reader = BufReader::new(stream);
    timeout(GENEROUS, reader.read_line(&mut answer)).await.unwrap().unwrap();
    answer
}

async fn udp_echo() -> SocketAddr {
    let socket = UdpSocket::bind(any()).await.unwrap();
    let address = socket.local_addr().unwrap();
    tokio::spawn(async move {
        let mut buffer = [0; 2048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            socket.send_to(&buffer[..length], from).await.unwrap();
        }
    });
    address
}

async fn tcp_echo() -> SocketAddr {
    let listener = TcpListener::bind(any()).await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut from, mut to) = stream.split();
                tokio::io::copy(&mut from, &mut to).await
            });
        }
    });
    address
}

async fn unused_udp_port() -> SocketAddr {
    UdpSocket::bind(any()).await.unwrap().local_addr().unwrap()
}

async fn client_of(link: &Running) -> UdpSocket {
    let client = UdpSocket::bind(any()).await.unwrap();
    client.connect(link.udp[0].listen).await.unwrap();
    client
}

async fn received(socket: &UdpSocket) -> Option<Vec<u8>> {
    received_within(socket, GENEROUS).await
}

async fn received_within(socket: &UdpSocket, patience: Duration) -> Option<Vec<u8>> {
    let mut buffer = [0; 2048];
    let length = timeout(patience, socket.recv(&mut buffer)).await.ok()?.unwrap();
    Some(buffer[..length].to_vec())
}

/// Sends, and reads as many bytes as were sent.
async fn echoed(stream: &mut TcpStream, bytes: &[u8]) -> io::Result<Vec<u8>> {
    stream.write_all(bytes).await?;
    let mut back = vec![0; bytes.len()];
    timeout(GENEROUS, stream.read_exact(&mut back)).await.expect("it comes back in time")?;
    Ok(back)
}
