//! A server on loopback that keeps what it is sent, word for word, and answers as it is told.

use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// A request as it came.
#[derive(Debug, Clone)]
pub struct Came {
    pub method: String,
    pub path: String,
    pub headers: BTreeMap<String, String>,
    pub body: Vec<u8>,
}

impl Came {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("text")
    }
}

/// An answer: a status, headers, a body.
pub type Answers = (u16, Vec<(&'static str, String)>, String);

#[derive(Debug, Default)]
struct Inner {
    came: Vec<Came>,
    answers: VecDeque<Answers>,
}

#[derive(Debug, Clone)]
pub struct Sink {
    pub at: SocketAddr,
    inner: Arc<Mutex<Inner>>,
}

impl Sink {
    pub async fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let sink = Self { at: listener.local_addr().expect("bound"), inner: Arc::default() };
        let this = sink.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let this = this.clone();
                tokio::spawn(async move {
                    let service = service_fn(|request| this.answer(request));
                    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        sink
    }

    pub fn answers(&self, status: u16, headers: &[(&'static str, &str)], body: &str) {
        let headers = headers.iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        self.with(|inner| inner.answers.push_back((status, headers, body.to_owned())));
    }

    pub fn came(&self) -> Vec<Came> {
        self.with(|inner| inner.came.clone())
    }

    fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map(|body| body.to_bytes().to_vec()).unwrap_or_default();
        let headers = parts
            .headers
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap_or("not text").to_owned()));
        let came =
            Came { method: parts.method.to_string(), path: parts.uri.to_string(), headers: headers.collect(), body };
        let (status, headers, body) = self.with(|inner| {
            inner.came.push(came);
            inner.answers.pop_front().unwrap_or((200, Vec::new(), "ok".to_owned()))
        });
        let response = headers
            .iter()
            .fold(Response::builder().status(status), |response, (name, value)| response.header(*name, value));
        Ok(response.body(Full::new(Bytes::from(body))).expect("a response"))
    }
}
