//! One connection to a receiver.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{AUTHORIZATION, CONTENT_LENGTH, HOST, HeaderName, RETRY_AFTER, USER_AGENT};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use time::OffsetDateTime;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use vigie_formats::remote_write::RemoteWrite;

use crate::credentials::Said;
use crate::target::Target;
use crate::verdict::{Verdict, retry_after};

/// How long a connection may take to open, TLS included.
const OPEN_PATIENCE: Duration = Duration::from_secs(15);

/// How long an answer may take: what Prometheus waits by default.
const ANSWER_PATIENCE: Duration = Duration::from_secs(30);

/// What is read of an answer: reasons are short, and a page of a proxy is of no use. After a longer one the connection is
/// not used again.
const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// What 2.0 demands of a receiver that took something.
const WRITTEN: &str = "x-prometheus-remote-write-samples-written";

/// What a receiver answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) verdict: Verdict,
    /// Status and reason, for people.
    pub(crate) why: String,
    pub(crate) after: Option<Duration>,
}

/// A connection that is opened when it is needed.
#[derive(Debug)]
pub(crate) struct Door {
    target: Arc<Target>,
    tls: Option<Arc<ClientConfig>>,
    open: Option<SendRequest<Full<Bytes>>>,
}

/// Trust for all connections to a target; nothing where it has no TLS.
pub(crate) fn trust(target: &Target) -> Result<Option<Arc<ClientConfig>>, String> {
    target.is_tls().then(|| vigie_outgoing::trust(target.ca_file.as_deref())).transpose()
}

impl Door {
    pub(crate) fn new(target: Arc<Target>, tls: Option<Arc<ClientConfig>>) -> Self {
        Self { target, tls, open: None }
    }

    /// Posts one request. An error says that nothing is known of whether it arrived.
    pub(crate) async fn post(&mut self, body: Bytes, said: &Said) -> Result<Answer, String> {
        if let Some(mut open) = self.open.take().filter(|open| !open.is_closed()) {
            // A receiver may have closed an idle connection at this very moment; then a new one is no failure.
            if let Ok(answer) = self.ask(&mut open, body.clone(), said).await {
                return Ok(self.keep(open, answer));
            }
        }
        let mut open = self.connect().await?;
        let answer = self.ask(&mut open, body, said).await?;
        Ok(self.keep(open, answer))
    }

    fn keep(&mut self, open: SendRequest<Full<Bytes>>, (answer, whole): (Answer, bool)) -> Answer {
        self.open = whole.then_some(open);
        answer
    }

    async fn ask(
        &self,
        open: &mut SendRequest<Full<Bytes>>,
        body: Bytes,
        said: &Said,
    ) -> Result<(Answer, bool), String> {
        let request = self.request(body, said)?;
        let answered = async {
            open.ready().await.map_err(|error| told(&error))?;
            let response = open.send_request(request).await.map_err(|error| told(&error))?;
            Ok(self.read(response, said).await)
        };
        timeout(ANSWER_PATIENCE, answered)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {} s", ANSWER_PATIENCE.as_secs())))
    }

    fn request(&self, body: Bytes, said: &Said) -> Result<Request<Full<Bytes>>, String> {
        let path = self.target.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(path)
            .header(HOST, self.target.authority())
            .header(USER_AGENT, concat!("vigie/", env!("CARGO_PKG_VERSION")))
            .header(CONTENT_LENGTH, body.len());
        for (name, value) in self.target.version.headers() {
            request = request.header(name, value);
        }
        if let Some(credentials) = said.header() {
            request = request.header(AUTHORIZATION, credentials);
        }
        request.body(Full::new(body)).map_err(|error| error.to_string())
    }

    /// Says what was answered, and whether all of it was read.
    async fn read(&self, response: Response<Incoming>, said: &Said) -> (Answer, bool) {
        let (parts, body) = response.into_parts();
        let (text, whole) = read_some(body).await;
        let verdict = Verdict::of(parts.status.as_u16());
        let text = said.strike(String::from_utf8_lossy(&text).trim());
        let after = parts.headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let after = after.and_then(|value| retry_after(value, OffsetDateTime::now_utc()));
        let lacks_word =
            self.target.version == RemoteWrite::V2 && !parts.headers.contains_key(HeaderName::from_static(WRITTEN));
        if verdict == Verdict::Taken && lacks_word {
            let why =
                "the receiver does not say what it wrote, so it does not know remote write 2.0; say 1.0".to_owned();
            return (Answer { verdict: Verdict::Later, why, after }, whole);
        }
        let why = if text.is_empty() { parts.status.to_string() } else { format!("{}: {text}", parts.status) };
        (Answer { verdict, why, after }, whole)
    }

    async fn connect(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let late = |_| Err(format!("no connection within {} s", OPEN_PATIENCE.as_secs()));
        timeout(OPEN_PATIENCE, self.open()).await.unwrap_or_else(late)
    }

    async fn open(&self) -> Result<SendRequest<Full<Bytes>>, String> {
        let host = self.target.uri.host().unwrap_or_default().trim_matches(['[', ']']);
        let port = self.target.uri.port_u16().unwrap_or(if self.tls.is_some() { 443 } else { 80 });
        let stream = TcpStream::connect((host, port)).await.map_err(|error| format!("no connection: {error}"))?;
        let Some(tls) = &self.tls else { return shake(stream).await };
        let name = ServerName::try_from(host.to_owned()).map_err(|error| error.to_string())?;
        let stream =
            TlsConnector::from(tls.clone()).connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))?;
        shake(stream).await
    }
}

async fn shake(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
) -> Result<SendRequest<Full<Bytes>>, String> {
    let (sender, connection) = handshake(TokioIo::new(stream)).await.map_err(|error| told(&error))?;
    // It ends when the sender is dropped; how it ended is told to the request that was under way.
    tokio::spawn(async move { drop(connection.await) });
    Ok(sender)
}

async fn read_some(mut body: Incoming) -> (Vec<u8>, bool) {
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return (text, false) };
        if let Some(data) = frame.data_ref() {
            if text.len() + data.len() > MAX_ANSWER_BYTES {
                return (text, false);
            }
            text.extend_from_slice(data);
        }
    }
    (text, true)
}

/// An error with what caused it: hyper's own words say only where it happened.
fn told(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
