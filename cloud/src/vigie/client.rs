//! How is a hub asked?

use std::sync::Arc;
use std::time::Duration;

use data_encoding::HEXLOWER;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, USER_AGENT};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use rustls_pki_types::ServerName;
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::account::Known;
use super::answer::Answer;
use super::end::End;

/// How long the other side may take to answer. An export takes longer to end, but not to begin.
const PATIENCE: Duration = Duration::from_secs(60);

/// Bytes of one answer: a page of a thousand machines has a fortieth of it.
const MOST_BYTES: usize = 64 * 1024 * 1024;

/// What is done to an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Method {
    Get,
    Post,
    Put,
    Delete,
}

impl Method {
    fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Delete => "DELETE",
        }
    }
}

/// A hub or a relay, and the token for it.
pub(super) struct Client {
    place: Place,
    token: String,
    tls: Option<TlsConnector>,
}

/// Where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    secure: bool,
    host: String,
    port: u16,
    /// In front of each path, where a proxy has it under one.
    under: String,
}

impl Place {
    /// Reads `https://hub.example.org` or `http://127.0.0.1:7880`. Without a scheme it is https.
    pub(super) fn read(text: &str) -> Result<Self, End> {
        let wrong =
            |why: &str| End::usage(format!("{text:?} is no address of a hub: {why}; as in https://hub.example.org"));
        let (scheme, rest) = text.trim().split_once("://").unwrap_or(("https", text.trim()));
        let secure = match scheme {
            "https" => true,
            "http" => false,
            _ => return Err(wrong("neither https nor http")),
        };
        let (authority, under) = rest.split_once('/').unwrap_or((rest, ""));
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => {
                (host, port.parse().map_err(|_| wrong("the port is no number"))?)
            }
            _ => (authority, if secure { 443 } else { 80 }),
        };
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b".-:[]".contains(&byte);
        if host.is_empty() || !host.bytes().all(plain) {
            return Err(wrong("the host is no name"));
        }
        let under = under.trim_end_matches('/');
        let under = if under.is_empty() { String::new() } else { format!("/{under}") };
        Ok(Self { secure, host: host.to_owned(), port, under })
    }

    fn bare_host(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let scheme = if self.secure { "https" } else { "http" };
        let usual = if self.secure { 443 } else { 80 };
        write!(f, "{scheme}://{}", self.host)?;
        if self.port != usual {
            write!(f, ":{}", self.port)?;
        }
        f.write_str(&self.under)
    }
}

/// Anything that bytes go through.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

impl Client {
    pub(super) fn new(known: Known) -> Result<Self, End> {
        let place = Place::read(&known.url)?;
        let tls = if place.secure { Some(trust()?) } else { None };
        Ok(Self { place, token: known.token, tls })
    }

    /// Asks for what is there.
    pub(super) async fn get(&self, path: &str) -> Result<Answer, End> {
        self.ask(Method::Get, path, None).await
    }

    /// Asks, and reads the whole answer. A write bears a key, so that it is sent again where its answer was lost, and done once.
    pub(super) async fn ask(&self, method: Method, path: &str, body: Option<&Value>) -> Result<Answer, End> {
        let key = if method == Method::Get { None } else { Some(fresh_key()?) };
        let mut tries = 0;
        loop {
            tries += 1;
            match self.once(method, path, body, key.as_deref()).await {
                Err((_, true)) if tries < 3 => tokio::time::sleep(Duration::from_millis(300)).await,
                Err((end, _)) => return Err(end),
                // A relay keeps no keys.
                Ok(answer) if key.is_some() && answer.refuses_keys() => {
                    return match self.once(method, path, body, None).await {
                        Ok(answer) => answer.good(),
                        Err((end, _)) => Err(end),
                    };
                }
                Ok(answer) => return answer.good(),
            }
        }
    }

    /// Asks once; with an error, whether it may help to ask again.
    async fn once(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
    ) -> Result<Answer, (End, bool)> {
        let response = tokio::time::timeout(PATIENCE, self.send(method, path, body, key, None)).await;
        let response = response.map_err(|_| (self.silent("no answer came in time"), false))??;
        let (parts, body) = response.into_parts();
        let body = tokio::time::timeout(PATIENCE, http_body_util::Limited::new(body, MOST_BYTES).collect()).await;
        let body = body.map_err(|_| (self.silent("the answer did not end in time"), false))?;
        let body = body.map_err(|error| (self.silent(&format!("the answer broke off: {error}")), true))?;
        Ok(Answer::read(&parts, &body.to_bytes()))
    }

    /// Begins an answer that is read as it comes.
    pub(super) async fn stream(&self, path: &str, last: Option<&str>) -> Result<Response<Incoming>, End> {
        let begun = tokio::time::timeout(PATIENCE, self.send(Method::Get, path, None, None, last)).await;
        let response = begun.map_err(|_| self.silent("no answer came in time"))?.map_err(|(end, _)| end)?;
        if response.status().is_success() {
            return Ok(response);
        }
        let (parts, body) = response.into_parts();
        let body = http_body_util::Limited::new(body, MOST_BYTES).collect().await;
        let body = body.map(|body| body.to_bytes()).unwrap_or_default();
        Answer::read(&parts, &body).good().and_then(|_| Err(End::failed("the answer can not be used")))
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        key: Option<&str>,
        last: Option<&str>,
    ) -> Result<Response<Incoming>, (End, bool)> {
        let wire = self.connect().await.map_err(|end| (end, true))?;
        let broke = |error: hyper::Error| (self.silent(&error.to_string()), true);
        let (mut sender, connection) = http1::handshake(TokioIo::new(wire)).await.map_err(broke)?;
        tokio::spawn(connection);
        let request = Request::builder().method(method.as_str()).uri(format!("{}{path}", self.place.under));
        let mut request = request
            .header(HOST, format!("{}:{}", self.place.host, self.place.port))
            .header(USER_AGENT, concat!("vigie/", env!("CARGO_PKG_VERSION")))
            .header(AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, said) in [("idempotency-key", key), ("last-event-id", last)] {
            if let Some(said) = said {
                request = request.header(name, said);
            }
        }
        let bytes = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request.body(Full::new(bytes));
        let request = request.map_err(|error| (End::usage(format!("this can not be asked: {error}")), false))?;
        sender.send_request(request).await.map_err(broke)
    }

    async fn connect(&self) -> Result<Box<dyn Wire>, End> {
        let to = (self.place.bare_host(), self.place.port);
        let tcp = TcpStream::connect(to).await.map_err(|error| self.silent(&error.to_string()))?;
        let Some(tls) = &self.tls else { return Ok(Box::new(tcp)) };
        let name = ServerName::try_from(self.place.bare_host().to_owned());
        let name = name.map_err(|error| End::usage(format!("{} is no name: {error}", self.place.host)))?;
        let tls = tls.connect(name, tcp).await.map_err(|error| self.silent(&error.to_string()))?;
        Ok(Box::new(tls))
    }

    fn silent(&self, why: &str) -> End {
        End::out_of_reach(format!(
            "{} can not be reached: {why}; nothing is known of it now; at a site, ask its relay: VIGIE_URL=http://RELAY:7802",
            self.place
        ))
    }
}

/// The authorities that this system trusts.
fn trust() -> Result<TlsConnector, End> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        return Err(End::failed("this system trusts no authority: install ca-certificates"));
    }
    let provider = Arc::new(tokio_rustls::rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| End::failed(format!("TLS can not be used: {error}")))?;
    Ok(TlsConnector::from(Arc::new(config.with_root_certificates(roots).with_no_client_auth())))
}

fn fresh_key() -> Result<String, End> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| End::failed(format!("the system gives no random bytes: {error}")))?;
    Ok(HEXLOWER.encode(&bytes))
}

/// A value as it stands in an address.
pub(super) fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    let one = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(one).collect()
}

/// `?a=b&c=d` of what is there.
pub(super) fn asked(pairs: &[(&str, Option<&str>)]) -> String {
    let there = pairs.iter().filter_map(|(name, value)| Some(format!("{}={}", escaped(name), escaped((*value)?))));
    let there = there.collect::<Vec<_>>().join("&");
    if there.is_empty() { there } else { format!("?{there}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_people_write_it() {
        for (text, shown) in [
            ("hub.example.org", "https://hub.example.org"),
            ("https://hub.example.org/", "https://hub.example.org"),
            ("http://127.0.0.1:7880", "http://127.0.0.1:7880"),
            ("http://[::1]:7880", "http://[::1]:7880"),
            ("http://[::1]", "http://[::1]"),
            ("https://example.org/vigie/", "https://example.org/vigie"),
        ] {
            assert_eq!(Place::read(text).map(|place| place.to_string()).as_deref(), Ok(shown));
        }
        for wrong in ["ftp://x", "https://", "http://a b", "http://x:many", "http://x:99999", "http://a@b"] {
            assert!(Place::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_is_asked_for_survives_the_address() {
        let asked = asked(&[("q", Some("site:lyon cpu:>90% \"é\"")), ("limit", None), ("match[]", Some("up"))]);
        assert_eq!(asked, "?q=site%3Alyon%20cpu%3A%3E90%25%20%22%C3%A9%22&match%5B%5D=up");
    }
}
