//! How is a page fetched, whoever serves it?
//!
//! One connection a page, HTTP/1.1, nothing followed, nothing packed; every byte and second is bounded.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use vigie_formats::text::TextFormat;

use super::url::Url;

/// What is read at once, and the most that a head may take.
const BUFFER_BYTES: usize = 64 * 1024;

/// Lines of a head.
const MAX_HEADERS: usize = 100;

/// A page as it came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page {
    pub(crate) format: TextFormat,
    pub(crate) body: Vec<u8>,
}

/// No page. The target counts as down, and its series as ended, until the next try.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("{0} can not be reached: {1}; it is tried again at the next interval")]
    Unreachable(String, std::io::Error),
    #[error("{0} broke off: {1}; it is tried again at the next interval")]
    Broken(String, hyper::Error),
    #[error("{0} did not answer within {1:?}; raise timeout_s if it needs longer")]
    Late(String, Duration),
    #[error("{0} sends elsewhere ({1}), and redirects are not followed; name the page's own address")]
    Redirected(String, StatusCode),
    #[error("{0} answers {1}; the page's address or the program behind it is wrong")]
    Refused(String, StatusCode),
    #[error("{0} sends {1:?}, which is no exposition text; name the address of its metrics")]
    NotText(String, String),
    #[error("{0} packs its page ({1:?}) although nobody asked it to; let it send plain text")]
    Packed(String, String),
    #[error("{0} sends more than {1} bytes; raise page_mib if that is right")]
    TooLarge(String, usize),
}

/// Fetches a page of at most `cap` bytes within `timeout`.
pub(crate) async fn fetch(url: &Url, cap: usize, timeout: Duration) -> Result<Page, FetchError> {
    let fetched = tokio::time::timeout(timeout, fetch_patiently(url, cap, timeout)).await;
    fetched.unwrap_or_else(|_| Err(FetchError::Late(url.to_string(), timeout)))
}

async fn fetch_patiently(url: &Url, cap: usize, timeout: Duration) -> Result<Page, FetchError> {
    let broken = |error| FetchError::Broken(url.to_string(), error);
    let unreachable = |error| FetchError::Unreachable(url.to_string(), error);
    let stream = TcpStream::connect(url.host_and_port()).await.map_err(unreachable)?;
    let (mut sender, connection) = http1::Builder::new()
        .max_buf_size(BUFFER_BYTES)
        .max_headers(MAX_HEADERS)
        .handshake::<_, Empty<Bytes>>(TokioIo::new(stream))
        .await
        .map_err(broken)?;
    let request = request(url, timeout).map_err(|error| unreachable(std::io::Error::other(error)))?;
    let exchange = async {
        let response = sender.send_request(request).await.map_err(broken)?;
        let format = check_head(url, &response)?;
        Ok(Page { format, body: read(url, response.into_body(), cap).await? })
    };
    // The exchange goes on only while the connection is driven; what the connection itself ends with, the exchange tells.
    let driven = async {
        drop(connection.await);
        std::future::pending().await
    };
    tokio::select! {
        biased;
        page = exchange => page,
        () = driven => Err(FetchError::Late(url.to_string(), timeout)),
    }
}

fn request(url: &Url, timeout: Duration) -> Result<Request<Empty<Bytes>>, hyper::http::Error> {
    Request::get(url.path())
        .header(HOST, url.host_header())
        .header(ACCEPT, TextFormat::ACCEPT)
        .header(USER_AGENT, concat!("vigie-agent/", env!("CARGO_PKG_VERSION")))
        .header("x-prometheus-scrape-timeout-seconds", timeout.as_secs_f64().to_string())
        .header(CONNECTION, "close")
        .body(Empty::new())
}

fn check_head(url: &Url, response: &Response<Incoming>) -> Result<TextFormat, FetchError> {
    let header =
        |name| response.headers().get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let status = response.status();
    if status.is_redirection() {
        return Err(FetchError::Redirected(url.to_string(), status));
    }
    if status != StatusCode::OK {
        return Err(FetchError::Refused(url.to_string(), status));
    }
    if let Some(packed) = header(CONTENT_ENCODING).filter(|coding| !coding.eq_ignore_ascii_case("identity")) {
        return Err(FetchError::Packed(url.to_string(), packed));
    }
    let content_type = header(CONTENT_TYPE);
    TextFormat::of_content_type(content_type.as_deref())
        .ok_or_else(|| FetchError::NotText(url.to_string(), content_type.unwrap_or_default()))
}

async fn read(url: &Url, mut body: Incoming, cap: usize) -> Result<Vec<u8>, FetchError> {
    let too_large = || FetchError::TooLarge(url.to_string(), cap);
    let announced = hyper::body::Body::size_hint(&body).lower();
    if announced > cap as u64 {
        return Err(too_large());
    }
    let mut page = Vec::with_capacity(usize::try_from(announced).unwrap_or(0));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| FetchError::Broken(url.to_string(), error))?;
        let Some(data) = frame.data_ref() else { continue };
        if page.len() + data.len() > cap {
            return Err(too_large());
        }
        page.extend_from_slice(data);
    }
    Ok(page)
}
