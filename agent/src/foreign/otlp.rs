//! How do OpenTelemetry's senders hand over their metrics?
//!
//! OTLP/HTTP at `POST /v1/metrics`, protocol buffers or JSON, plain or gzip, answered as
//! <https://opentelemetry.io/docs/specs/otlp/#otlphttp> says. A 200 means that the points have their place in a tick,
//! which is durable within a group commit, as the machine's own samples are.

use std::convert::Infallible;
use std::io::Read;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::read::MultiGzDecoder;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::body::{Body, Incoming};
use hyper::header::{ALLOW, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, RETRY_AFTER};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, oneshot};
use tracing::warn;
use vigie_formats::Batch;
use vigie_formats::otlp::{Answer, Otlp};

use super::board::{Refusal, Taken};
use super::hand::Busy;
use super::{Said, Ways, limits};
use crate::measure::on_the_second;

/// Connections at once: a machine's programs keep one each, and a body of each is in memory at most once.
const MAX_CONNECTIONS: usize = 32;

/// Bodies in memory at once.
const MAX_BODIES: usize = 4;

/// A body as it comes, packed or not. OpenTelemetry's SDKs send tens of kilobytes.
const BODY_BYTES: usize = 4 << 20;

/// A body unpacked.
const UNPACKED_BYTES: usize = 16 << 20;

/// A sender on this machine needs none of it.
const PATIENCE: Duration = Duration::from_secs(10);

/// When a sender is told to try again.
const AGAIN_S: &str = "5";

/// Where is listened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OtlpSettings {
    /// Its place on the board.
    pub(crate) source: usize,
    pub(crate) listen: SocketAddr,
    /// Series of one body.
    pub(crate) series: usize,
}

/// Listens for ever.
pub(crate) async fn listen(settings: OtlpSettings, ways: Ways) {
    let door = Arc::new(Door { settings, ways, bodies: Semaphore::new(MAX_BODIES) });
    loop {
        match TcpListener::bind(settings.listen).await {
            Ok(listener) => serve(&listener, &door).await,
            Err(error) => {
                warn!(at = %settings.listen, %error, "OTLP can not be listened for yet");
                let why = format!(
                    "{} can not be listened at: {error}; it is tried again every {PATIENCE:?}",
                    settings.listen
                );
                door.ways.board.down(settings.source, why);
            }
        }
        tokio::time::sleep(PATIENCE).await;
    }
}

/// What every connection knows.
#[derive(Debug)]
struct Door {
    settings: OtlpSettings,
    ways: Ways,
    bodies: Semaphore,
}

/// Serves until the listener itself fails.
async fn serve(listener: &TcpListener, door: &Arc<Door>) {
    door.ways.board.up(door.settings.source, 0);
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        let Ok(place) = places.clone().acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let door = door.clone();
                tokio::spawn(async move {
                    converse(stream, door).await;
                    drop(place);
                });
            }
            // Out of file descriptors, or a connection that was gone already: both pass.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn converse(stream: TcpStream, door: Arc<Door>) {
    let service = service_fn(move |request| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Also ends a connection that idles: a place is given back, and a sender dials again.
        .header_read_timeout(Duration::from_secs(60))
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), service);
    // What breaks off is the sender's to try again.
    drop(connection.await);
}

/// Why a request was not taken.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Refused {
    status: StatusCode,
    why: String,
}

impl Door {
    async fn answer(&self, request: Request<Incoming>) -> Response<Full<Bytes>> {
        let encoding = Otlp::of_content_type(text(request.headers(), CONTENT_TYPE).as_deref());
        let taken = match check_head(&request, encoding) {
            Ok((encoding, packed)) => {
                self.take(encoding, packed, request.into_body()).await.map(|answer| (encoding, answer))
            }
            Err(refused) => Err(refused),
        };
        match taken {
            Ok((encoding, answer)) => told(StatusCode::OK, encoding.content_type(), encoding.encode(&answer)),
            Err(refused) => {
                let board = &self.ways.board;
                board.refused(
                    if refused.status == StatusCode::SERVICE_UNAVAILABLE { Refusal::Busy } else { Refusal::Unreadable },
                    1,
                );
                refused.told(encoding)
            }
        }
    }

    async fn take(&self, encoding: Otlp, packed: bool, body: Incoming) -> Result<Answer, Refused> {
        let _body = self.bodies.acquire().await.map_err(|_| busy())?;
        let read = tokio::time::timeout(PATIENCE, read(body)).await;
        let body = read.map_err(|_| refused(StatusCode::REQUEST_TIMEOUT, "the body did not come within 10 s"))??;
        let body = if packed { unpack(&body)? } else { body.to_vec() };
        let batch = encoding.decode(&body, &limits(UNPACKED_BYTES, self.settings.series)).map_err(|error| {
            let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::BAD_REQUEST);
            refused(status, &error.to_string())
        })?;
        drop(body);
        self.hand_over(batch).await
    }

    async fn hand_over(&self, batch: Batch) -> Result<Answer, Refused> {
        let Batch { series, left_out, .. } = batch;
        let (reply, answer) = oneshot::channel();
        let (utc, boot_ms) = vigie_node::boot_moment();
        let at = on_the_second((utc, boot_ms), utc, self.ways.boot_no);
        let source = self.settings.source;
        let said = Said { source, at, whole: false, series, answer: Some(reply) };
        self.ways.hand.say(said).map_err(|Busy| busy())?;
        let taken = tokio::time::timeout(PATIENCE, answer).await.ok().and_then(Result::ok).ok_or_else(busy)?;
        self.ways.board.refused(Refusal::LeftOut, left_out.samples());
        self.ways.board.also_heard(source, taken.samples);
        Ok(remark(&taken, Answer::of(&left_out)))
    }
}

/// What the format left out, and what the desk did.
fn remark(taken: &Taken, mut answer: Answer) -> Answer {
    if taken.refused() > 0 {
        answer.rejected += taken.refused();
        let and = if answer.message.is_empty() { "" } else { "; " };
        answer.message = format!("{}{and}not taken {}", answer.message, taken.remark());
    }
    answer
}

/// The encoding, and whether the body is packed.
fn check_head<B>(request: &Request<B>, encoding: Option<Otlp>) -> Result<(Otlp, bool), Refused> {
    if request.uri().path() != "/v1/metrics" {
        return Err(refused(StatusCode::NOT_FOUND, "metrics are taken at /v1/metrics, and nothing else is taken"));
    }
    if request.method() != Method::POST {
        return Err(refused(StatusCode::METHOD_NOT_ALLOWED, "metrics are posted"));
    }
    let no_encoding = "this content type is not taken; application/x-protobuf and application/json are";
    let encoding = encoding.ok_or_else(|| refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, no_encoding))?;
    match text(request.headers(), CONTENT_ENCODING).map(|coding| coding.trim().to_ascii_lowercase()).as_deref() {
        None | Some("" | "identity") => Ok((encoding, false)),
        Some("gzip") => Ok((encoding, true)),
        Some(_) => Err(refused(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this packing is not taken; gzip is, and none")),
    }
}

async fn read(body: Incoming) -> Result<Bytes, Refused> {
    if body.size_hint().lower() > BODY_BYTES as u64 {
        return Err(too_large());
    }
    let read = Limited::new(body, BODY_BYTES).collect().await;
    read.map(http_body_util::Collected::to_bytes).map_err(|error| match error.is::<LengthLimitError>() {
        true => too_large(),
        false => refused(StatusCode::BAD_REQUEST, &format!("the body broke off: {error}")),
    })
}

fn unpack(packed: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut body = Vec::new();
    let read = MultiGzDecoder::new(packed).take(UNPACKED_BYTES as u64 + 1).read_to_end(&mut body);
    match read {
        Ok(len) if len > UNPACKED_BYTES => Err(too_large()),
        Ok(_) => Ok(body),
        Err(error) => Err(refused(StatusCode::BAD_REQUEST, &format!("the body can not be unpacked: {error}"))),
    }
}

fn text(headers: &HeaderMap, name: HeaderName) -> Option<String> {
    headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

fn refused(status: StatusCode, why: &str) -> Refused {
    Refused { status, why: why.to_owned() }
}

fn too_large() -> Refused {
    let why = format!("a body has at most {BODY_BYTES} bytes, and {UNPACKED_BYTES} unpacked; send smaller batches");
    Refused { status: StatusCode::PAYLOAD_TOO_LARGE, why }
}

fn busy() -> Refused {
    refused(StatusCode::SERVICE_UNAVAILABLE, "the store is behind; try again")
}

impl Refused {
    /// A `google.rpc.Status` in the encoding of the request, or plain text for one that has none.
    fn told(&self, encoding: Option<Otlp>) -> Response<Full<Bytes>> {
        let why = self.why.as_str();
        let mut response = match encoding {
            Some(encoding) => {
                told(self.status, encoding.content_type(), encoding.encode_refusal(self.grpc_code(), why))
            }
            None => told(self.status, "text/plain; charset=utf-8", format!("{why}\n").into_bytes()),
        };
        let header = match self.status {
            StatusCode::SERVICE_UNAVAILABLE => Some((RETRY_AFTER, AGAIN_S)),
            StatusCode::METHOD_NOT_ALLOWED => Some((ALLOW, "POST")),
            _ => None,
        };
        if let Some((name, value)) = header {
            response.headers_mut().insert(name, hyper::header::HeaderValue::from_static(value));
        }
        response
    }

    fn grpc_code(&self) -> u8 {
        match self.status {
            StatusCode::NOT_FOUND => 5,
            StatusCode::METHOD_NOT_ALLOWED => 12,
            StatusCode::PAYLOAD_TOO_LARGE => 8,
            StatusCode::REQUEST_TIMEOUT => 4,
            StatusCode::SERVICE_UNAVAILABLE => 14,
            _ => 3,
        }
    }
}

fn told(status: StatusCode, content_type: &'static str, body: Vec<u8>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body)));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, hyper::header::HeaderValue::from_static(content_type));
    response
}
