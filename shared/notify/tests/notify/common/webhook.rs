//! A receiver of webhooks on loopback that checks what it is sent and misbehaves on demand.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use data_encoding::BASE64;
use hmac::{Hmac, KeyInit, Mac};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::net::TcpListener;

/// Every receiver's key.
pub const KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// What the receiver does with the next message.
#[derive(Debug, Clone)]
pub enum Does {
    /// Takes it.
    Takes,
    /// Answers so, with this header if there is one, and keeps nothing.
    Says(u16, Option<(&'static str, String)>),
    /// Keeps it and closes the connection without a word.
    TakesAndDrops,
    /// Never answers.
    FallsSilent,
    /// Takes it, and answers without end.
    Babbles,
}

/// A message whose signature was right.
#[derive(Debug, Clone)]
pub struct Got {
    pub key: String,
    pub body: serde_json::Value,
    pub path: String,
}

#[derive(Debug, Default)]
pub struct Inner {
    pub got: Vec<Got>,
    pub wrongly_signed: u32,
    pub next: VecDeque<Does>,
    pub requests: u32,
}

/// A receiver.
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
                tokio::spawn(async move {
                    let service = service_fn(|request| this.answer(request));
                    drop(http1::Builder::new().serve_connection(TokioIo::new(stream), service).await);
                });
            }
        });
        receiver
    }

    pub fn with<T>(&self, look: impl FnOnce(&mut Inner) -> T) -> T {
        look(&mut self.inner.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub fn got(&self) -> Vec<Got> {
        self.with(|inner| inner.got.clone())
    }

    pub fn does_next(&self, all: &[Does]) {
        self.with(|inner| inner.next.extend(all.iter().cloned()));
    }

    async fn answer(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Gone> {
        let (parts, body) = request.into_parts();
        let header = |name: &str| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let body = body.collect().await.map_err(|_| Gone)?.to_bytes();
        let (id, time) = (header("webhook-id").to_owned(), header("webhook-timestamp"));
        let right =
            !id.is_empty() && id == header("idempotency-key") && header("webhook-signature") == sign(&id, time, &body);
        let does = self.with(|inner| {
            inner.requests += 1;
            inner.wrongly_signed += u32::from(!right);
            inner.next.pop_front().unwrap_or(Does::Takes)
        });
        let keep = || {
            let body = serde_json::from_slice(&body).expect("JSON");
            let got = Got { key: id.clone(), body, path: parts.uri.path().to_owned() };
            self.with(|inner| inner.got.push(got));
        };
        match does {
            Does::Takes => {
                keep();
                Ok(Response::new(Full::new(Bytes::from_static(b"thanks"))))
            }
            Does::Says(status, more) => {
                let mut response = Response::builder().status(status);
                if let Some((name, value)) = more {
                    response = response.header(name, value);
                }
                Ok(response.body(Full::new(Bytes::from_static(b"says the receiver"))).expect("a response"))
            }
            Does::TakesAndDrops => {
                keep();
                Err(Gone)
            }
            Does::FallsSilent => std::future::pending().await,
            Does::Babbles => {
                keep();
                Ok(Response::new(Full::new(Bytes::from(vec![b'x'; 64 << 20]))))
            }
        }
    }
}

fn sign(id: &str, time: &str, body: &[u8]) -> String {
    let key = BASE64.decode(KEY.trim_start_matches("whsec_").as_bytes()).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key");
    mac.update(format!("{id}.{time}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(&mac.finalize().into_bytes()))
}

/// The connection is closed without an answer.
#[derive(Debug)]
pub struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("gone")
    }
}

impl std::error::Error for Gone {}

impl From<Infallible> for Gone {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}
