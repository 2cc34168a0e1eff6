//! A receiver on loopback, and a store with machines in it.
#![allow(dead_code, unreachable_pub, reason = "each test file uses its own part")]

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use bytes::Bytes;
use ed25519_dalek::SigningKey;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, seal};
use vigie_codec::statement::{SignedStatement, Statement};
use vigie_formats::Limits;
use vigie_formats::remote_write::RemoteWrite;
use vigie_forward::{Forwarder, Owners, Report, Setup, Target, TargetSaid};
use vigie_model::{
    Anchor, Boot, ClockSource, Gap, GapReason, Incarnation, Kind, Moment, NodeId, Resolution, Sample, Seq, SeriesDef,
    SeriesIx, StreamId, Tick, UtcMs,
};
use vigie_node::NodeClock;
use vigie_query::Owner;
use vigie_store::{Log, Options, State, Write};

pub const T0: i64 = 1_700_000_000_000;

/// Samples by series and time, with how often each came.
pub type Got = BTreeMap<String, BTreeMap<i64, (f64, u32)>>;

/// What the receiver does with the next request.
#[derive(Debug, Clone)]
pub enum Does {
    /// Takes it.
    Takes,
    /// Answers so, with a `Retry-After` if one is given, and keeps nothing.
    Says(u16, Option<u64>),
    /// Keeps it, waits, and takes it.
    Dawdles(Duration),
    /// Keeps it and closes the connection without a word.
    TakesAndDrops,
}

/// What a receiver saw and will do.
#[derive(Debug)]
pub struct Inner {
    pub got: Got,
    /// No sample of a series came after a later one of it.
    pub in_order: bool,
    pub requests: u32,
    pub authorizations: Vec<String>,
    pub paths: Vec<String>,
    pub next: VecDeque<Does>,
    /// Refuses a request that holds a sample of such a series.
    pub refuses: Option<String>,
    /// Does this with every request, once the list is empty.
    pub always: Option<Does>,
}

impl Default for Inner {
    fn default() -> Self {
        let (got, next, always) = (Got::new(), VecDeque::new(), None);
        let (authorizations, paths) = (Vec::new(), Vec::new());
        Self { got, in_order: true, requests: 0, authorizations, paths, next, refuses: None, always }
    }
}

/// An engine that takes remote write.
#[derive(Debug, Clone)]
pub struct Receiver {
    pub at: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Receiver {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let receiver = Self { at: listener.local_addr().expect("it is bound"), inner: Arc::default() };
        let this = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move { this.serve(TokioIo::new(stream)).await });
            }
        });
        receiver
    }

    /// The same receiver at another port, with a certificate for `localhost`: the port, and whom to trust.
    pub async fn behind_tls(&self) -> (u16, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = rustls::pki_types::PrivateKeyDer::try_from(made.signing_key.serialize_der()).expect("a key");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key))
            .expect("a server");
        let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("0.0.0.0:0").await.expect("a port");
        let port = listener.local_addr().expect("it is bound").port();
        let this = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (this, acceptor) = (this.clone(), acceptor.clone());
                tokio::spawn(async move {
                    if let Ok(stream) = acceptor.accept(stream).await {
                        this.serve(TokioIo::new(stream)).await;
                    }
                });
            }
        });
        (port, made.cert.pem())
    }

    pub async fn serve(&self, io: impl hyper::rt::Read + hyper::rt::Write + Unpin) {
        let service = service_fn(|request| self.answer(request));
        drop(http1::Builder::new().serve_connection(io, service).await);
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many different samples came.
    pub fn samples(&self) -> usize {
        self.with(|inner| inner.got.values().map(BTreeMap::len).sum())
    }

    /// How many came, those that came again counted again.
    pub fn arrivals(&self) -> u32 {
        self.with(|inner| inner.got.values().flat_map(BTreeMap::values).map(|(_, times)| times).sum())
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let version = RemoteWrite::of_headers(header("content-type"), header("content-encoding")).expect("it is known");
        let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
        let batch = version.decode_batch(&body, &Limits::default()).expect("a body that others can read");
        let does = self.with(|inner| {
            inner.requests += 1;
            inner.authorizations.extend(header("authorization").map(str::to_owned));
            inner.paths.push(parts.uri.to_string());
            inner.next.pop_front().or(inner.always.clone()).unwrap_or(Does::Takes)
        });
        let refuses = self.with(|inner| inner.refuses.clone());
        let named: Vec<(String, Vec<(i64, f64)>)> =
            batch.series.into_iter().map(|series| (shown(&series.labels), series.samples)).collect();
        if let Some(refused) = refuses.filter(|refused| named.iter().any(|(name, _)| name.contains(refused.as_str()))) {
            return Ok(said(400, None, &format!("no {refused} here")));
        }
        let count: usize = named.iter().map(|(_, samples)| samples.len()).sum();
        if !matches!(does, Does::Says(..)) {
            self.with(|inner| {
                for (name, samples) in named {
                    let series = inner.got.entry(name).or_default();
                    for (at, value) in samples {
                        inner.in_order &= series.keys().next_back().is_none_or(|last| at >= *last);
                        let times = series.get(&at).map_or(0, |(_, times)| *times);
                        series.insert(at, (value, times + 1));
                    }
                }
            });
        }
        match does {
            Does::Says(status, after) => return Ok(said(status, after, "not now")),
            Does::Dawdles(time) => tokio::time::sleep(time).await,
            Does::TakesAndDrops => return Err(Gone),
            Does::Takes => {}
        }
        let mut answer = said(204, None, "");
        if version == RemoteWrite::V2 {
            answer.headers_mut().insert("x-prometheus-remote-write-samples-written", count.into());
        }
        Ok(answer)
    }
}

/// The connection ends without an answer.
#[derive(Debug, thiserror::Error)]
#[error("gone")]
pub struct Gone;

impl From<Infallible> for Gone {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

fn said(status: u16, after: Option<u64>, text: &str) -> Response<Full<Bytes>> {
    let mut answer = Response::builder().status(status);
    if let Some(after) = after {
        answer = answer.header("retry-after", after);
    }
    if (300..400).contains(&status) {
        answer = answer.header("location", "http://127.0.0.1:9/elsewhere");
    }
    answer.body(Full::new(Bytes::from(text.to_owned()))).expect("a plain answer")
}

fn shown<N: AsRef<str>, V: AsRef<str>>(labels: &[(N, V)]) -> String {
    labels.iter().map(|(name, value)| format!("{}={},", name.as_ref(), value.as_ref())).collect()
}

/// A node: its folder, its store and its small state.
pub struct Node {
    pub log: Arc<RwLock<Log>>,
    pub state: Arc<State>,
}

impl Node {
    pub fn open(folder: &Path) -> Self {
        let log = Log::open(folder, Options::hub(1 << 30)).expect("a log").0;
        let state = State::open(folder).expect("a state").0;
        Self { log: Arc::new(RwLock::new(log)), state: Arc::new(state) }
    }

    pub fn commit(&self, writes: Vec<Write>) {
        self.log.write().expect("nobody panicked").commit(writes).expect("a disk in order");
    }

    pub fn forward(&self, said: &str) -> Forwarder {
        let setup = Setup {
            log: self.log.clone(),
            state: self.state.clone(),
            owners: Arc::new(Everybody),
            clock: NodeClock::new(),
        };
        Forwarder::start(targets(said), &setup).expect("it starts")
    }
}

/// The targets of a configuration.
pub fn targets(said: &str) -> Vec<Target> {
    #[derive(serde::Deserialize)]
    struct File {
        forward: Vec<TargetSaid>,
    }
    let file: File = toml::from_str(said).expect("a configuration");
    TargetSaid::check_all(&file.forward).expect("targets")
}

/// Machines are acme's, but those named for another.
#[derive(Debug)]
pub struct Everybody;

impl Owners for Everybody {
    fn owner(&self, stream: StreamId, name: &str) -> Option<Owner> {
        let (client, machine) = name.split_once(':').unwrap_or(("acme", name));
        let machine_id = stream.agent.to_string();
        Some(Owner { client: client.to_owned(), site: "lyon".to_owned(), machine: machine.to_owned(), machine_id })
    }
}

/// A machine with some series.
pub struct Machine {
    key: SigningKey,
    pub stream: StreamId,
    name: String,
    series: u32,
}

impl Machine {
    pub fn new(seed: u8, name: &str, series: u32) -> Self {
        let key = SigningKey::from_bytes(&[seed; 32]);
        let agent = NodeId::of_key(key.verifying_key().as_bytes());
        Self { key, stream: StreamId { agent, incarnation: Incarnation(1) }, name: name.to_owned(), series }
    }

    pub fn hello(&self) -> Vec<Write> {
        let (stream, name) = (self.stream, self.name.clone());
        let key = *self.key.verifying_key().as_bytes();
        vec![Write::Stream { stream, key, name }, Write::Schema { stream, from: 0, defs: self.defs() }]
    }

    /// Ticks of these numbers, one a second since [`T0`].
    pub fn ticks(&self, numbers: impl IntoIterator<Item = u64>) -> Vec<Write> {
        let ticks = numbers.into_iter().map(|seq| Arc::new(self.tick(seq))).collect();
        vec![Write::Ticks { stream: self.stream, ticks }]
    }

    /// The same, sealed.
    pub fn segment(&self, numbers: impl IntoIterator<Item = u64>) -> Write {
        let ticks: Vec<Tick> = numbers.into_iter().map(|seq| self.tick(seq)).collect();
        let schema = (self.series, SchemaHash::of(&self.defs()));
        Write::Segment(seal(self.stream, &ticks, schema, HeaderHash::NONE, &self.key).expect("a run of ticks"))
    }

    pub fn gap(&self, first: u64, last: u64) -> Write {
        let (first, last, noted_at) = (Seq(first), Seq(last), UtcMs(T0));
        let gap = Gap { first, last, reason: GapReason::Interrupted, samples: None, noted_at };
        Write::Statement(SignedStatement::new(self.stream, Statement::Gap(gap), &self.key))
    }

    /// The machine's clock was this wrong in its one boot.
    pub fn anchor(&self, behind_ms: i64) -> Write {
        let (boot, utc) = (Boot { no: 1, ms: 0 }, UtcMs(T0 + behind_ms));
        let anchor = Anchor { boot, utc, error_ms: 1, source: ClockSource::Hub };
        Write::Statement(SignedStatement::new(self.stream, Statement::Anchor(anchor), &self.key))
    }

    fn defs(&self) -> Vec<SeriesDef> {
        let def = |number: u32| {
            let core = number.to_string();
            SeriesDef::new("m", &[("core", &core)], "1", Kind::Gauge, Resolution::TENTH).expect("a plain series")
        };
        (0..self.series).map(def).collect()
    }

    fn tick(&self, seq: u64) -> Tick {
        let samples = (0..self.series).map(|at| Sample { series: SeriesIx(at), value: seq as i64 }).collect();
        let at = Moment { utc: UtcMs(T0 + seq as i64 * 1_000), boot: Boot { no: 1, ms: seq * 1_000 } };
        Tick { seq: Seq(seq), at, samples }
    }
}

/// Waits until it is so; the test's harness ends one that never comes.
pub async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..1_200 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("within a minute: {what}");
}

pub fn first(forwarder: &Forwarder) -> Report {
    forwarder.reports().remove(0)
}
