//! How is one request made, and what is heard of its answer?
//!
//! One request, one connection, HTTP/1.1. A server that drips its answer, talks without end or sends elsewhere takes no more
//! than was meant for it.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{HOST, HeaderName, HeaderValue, USER_AGENT};
use hyper::{HeaderMap, Method, Request, Response, Uri};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::OnceCell;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::dial::{Names, SystemNames, dial, resolve};
use crate::guard::Guard;
use crate::trust::trust;

/// What is read of an answer where nothing else is said: enough for a reason.
pub const MAX_ANSWER_BYTES: usize = 16 * 1024;

/// What an answer's head may take.
const MAX_HEAD_BYTES: usize = 32 * 1024;

/// A request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// `GET`, `POST`, …
    pub method: Method,
    /// Where: `http` or `https`, and a host.
    pub uri: Uri,
    /// Beside host and user agent, which are the client's own.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// What is sent.
    pub body: Bytes,
}

/// An answer.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// Its body, or as much of it as is read.
    pub body: Vec<u8>,
    /// There was more of the body, or it broke off.
    pub is_cut: bool,
}

/// Makes requests, where they may go.
#[derive(Debug)]
pub struct Client {
    guard: Guard,
    ca_file: Option<PathBuf>,
    patience: Duration,
    max_answer_bytes: usize,
    names: Arc<dyn Names>,
    tls: OnceCell<Arc<ClientConfig>>,
}

impl Client {
    /// A client that goes where its guard lets it, and gives all of a request so much time.
    pub fn new(guard: Guard, patience: Duration) -> Self {
        Self {
            guard,
            ca_file: None,
            patience,
            max_answer_bytes: MAX_ANSWER_BYTES,
            names: Arc::new(SystemNames),
            tls: OnceCell::new(),
        }
    }

    /// Trusts the roots of this file, and not the system's. It is read when the first request is made.
    #[must_use]
    pub fn trusting(mut self, ca_file: Option<PathBuf>) -> Self {
        self.ca_file = ca_file;
        self
    }

    /// Reads so much of an answer.
    #[must_use]
    pub fn reading(mut self, max_answer_bytes: usize) -> Self {
        self.max_answer_bytes = max_answer_bytes;
        self
    }

    /// Asks somebody else for the addresses of names.
    #[must_use]
    pub fn asking(mut self, names: Arc<dyn Names>) -> Self {
        self.names = names;
        self
    }

    /// Makes a request, once. An answer of any status is one.
    ///
    /// # Errors
    /// When there is none, in words for people. Whether the request arrived is not known then.
    pub async fn ask(&self, ask: Ask) -> Result<Answer, String> {
        let slow = |_| Err(format!("no answer within {} s", self.patience.as_secs()));
        timeout(self.patience, self.go(ask)).await.unwrap_or_else(slow)
    }

    async fn go(&self, ask: Ask) -> Result<Answer, String> {
        let is_tls = match ask.uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err("only http:// and https:// are asked".to_owned()),
        };
        let host = ask.uri.host().unwrap_or_default().to_owned();
        let port = ask.uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let request = request(ask)?;
        let addresses = resolve(self.names.as_ref(), &self.guard, &host, port).await?;
        let stream = dial(&addresses).await?;
        if !is_tls {
            return self.talk(stream, request).await;
        }
        let name = ServerName::try_from(host.trim_matches(['[', ']']).to_owned()).map_err(|error| error.to_string())?;
        let tls = self.tls.get_or_try_init(|| async { trust(self.ca_file.as_deref()) }).await?;
        let stream =
            TlsConnector::from(tls.clone()).connect(name, stream).await.map_err(|error| format!("no TLS: {error}"))?;
        self.talk(stream, request).await
    }

    async fn talk(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
        request: Request<Full<Bytes>>,
    ) -> Result<Answer, String> {
        let mut shape = http1::Builder::new();
        let opened = shape.max_buf_size(MAX_HEAD_BYTES).handshake(TokioIo::new(stream)).await;
        let (mut sender, connection) = opened.map_err(|error| told(&error))?;
        // Ends with this request, however that ends: nothing else that comes on it is of interest.
        let connection = Ends(tokio::spawn(async move { drop(connection.await) }));
        let answer = match sender.send_request(request).await {
            Ok(response) => Ok(read(response, self.max_answer_bytes).await),
            Err(error) => Err(told(&error)),
        };
        drop(connection);
        answer
    }
}

/// A task that ends when nobody waits for it any more.
struct Ends(tokio::task::JoinHandle<()>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn request(ask: Ask) -> Result<Request<Full<Bytes>>, String> {
    let uri = &ask.uri;
    let authority = uri.authority().map_or("", |authority| authority.as_str());
    if authority.contains('@') {
        return Err("an address holds no user and no password".to_owned());
    }
    let mut request = Request::builder()
        .method(ask.method)
        .uri(uri.path_and_query().map_or("/", |path| path.as_str()))
        .header(HOST, authority)
        .header(USER_AGENT, concat!("vigie/", env!("CARGO_PKG_VERSION")));
    for (name, value) in ask.headers {
        request = request.header(name, value);
    }
    request.body(Full::new(ask.body)).map_err(|error| error.to_string())
}

async fn read(response: Response<Incoming>, most: usize) -> Answer {
    let (parts, mut body) = response.into_parts();
    let (mut text, mut is_cut) = (Vec::new(), false);
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else {
            is_cut = true;
            break;
        };
        let Some(data) = frame.data_ref() else { continue };
        let room = most - text.len();
        text.extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            is_cut = true;
            break;
        }
    }
    Answer { status: parts.status.as_u16(), headers: parts.headers, body: text, is_cut }
}

/// An error with what caused it: hyper's own words say only where it happened.
fn told(error: &hyper::Error) -> String {
    let cause = std::error::Error::source(error).map(|cause| format!(": {cause}"));
    format!("{error}{}", cause.unwrap_or_default())
}
