//! What do we ask of one issuer, and what is read of its answers?

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use data_encoding::BASE64;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Uri};
use serde::Deserialize;
use tokio::sync::Mutex;
use vigie_model::UtcMs;
use vigie_outgoing::{Ask, Client, Guard};
use vigie_people::{BadToken, Claims, Expected, Keys, Trust, read_id_token};

use crate::begun::Code;
use crate::refused::NoSignIn;
use crate::said::Oidc;
use crate::words::{escaped, pairs, plain};

/// What an issuer says of itself, its keys or somebody: some kB.
const MAX_ANSWER_BYTES: usize = 128 * 1024;

/// Somebody waits before a page.
const PATIENCE: Duration = Duration::from_secs(10);

/// What an issuer said of itself is believed for so long.
const KNOWN_FOR: Duration = Duration::from_secs(3_600);

/// Keys are asked for again when a token names another, and no more often: anybody can write a name into a token.
const KEYS_AGAIN: Duration = Duration::from_secs(60);

/// After a failure the issuer is left alone for so long, whoever comes.
const LEFT_ALONE: Duration = Duration::from_secs(5);

/// One issuer.
#[derive(Debug)]
pub(crate) struct Issuer {
    pub(crate) label: String,
    pub(crate) trust: Trust,
    pub(crate) oidc: Oidc,
    client: Client,
    known: Mutex<Option<Asked>>,
}

/// When it was asked, and what it said of itself or why not.
type Asked = (Instant, Result<Arc<Known>, String>);

/// What an issuer said of itself.
#[derive(Debug)]
pub(crate) struct Known {
    described: Described,
    keys: Keys,
}

/// Its metadata, as far as it is used (OpenID Connect Discovery 1.0).
#[derive(Debug, Deserialize)]
struct Described {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    #[serde(default)]
    token_endpoint_auth_methods_supported: Vec<String>,
    #[serde(default)]
    authorization_response_iss_parameter_supported: bool,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<String>,
}

#[derive(Deserialize)]
struct Failure {
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Issuer {
    pub(crate) fn new(label: String, trust: Trust, oidc: Oidc, guard: Guard) -> Self {
        let client = Client::new(guard, PATIENCE).reading(MAX_ANSWER_BYTES).trusting(oidc.ca_file.clone());
        Self { label, trust, oidc, client, known: Mutex::new(None) }
    }

    /// Where a browser is sent to ask.
    pub(crate) async fn asked_at(&self, query: &[(&str, &str)]) -> Result<String, NoSignIn> {
        let known = self.known().await?;
        let to = &known.described.authorization_endpoint;
        let and = if to.contains('?') { '&' } else { '?' };
        Ok(format!("{to}{and}{}", pairs(query)))
    }

    /// Whether an answer that names its issuer, or does not, can be this one's (RFC 9207).
    pub(crate) async fn answered(&self, by: Option<&str>) -> Result<bool, NoSignIn> {
        let known = self.known().await?;
        Ok(match by {
            Some(by) => by == self.trust.issuer,
            None => !known.described.authorization_response_iss_parameter_supported,
        })
    }

    /// Changes a code for what the issuer says of somebody.
    pub(crate) async fn redeem(&self, code: &str, asked: &Code, back: &str, now: UtcMs) -> Result<Claims, NoSignIn> {
        let known = self.known().await?;
        let tokens = self.tokens(&known, code, &asked.verifier, back).await?;
        let token = &tokens.id_token;
        let (issuer, client_id) = (self.trust.issuer.as_str(), self.oidc.client_id.as_str());
        let expected = Expected { issuer, client_id, nonce: &asked.nonce };
        let read = match read_id_token(token, &known.keys, &expected, now) {
            Err(BadToken::NoKey) => read_id_token(token, &self.fresh().await?.keys, &expected, now),
            read => read,
        };
        let not = |bad| NoSignIn::NotBelieved(self.label.clone(), bad);
        let claims = read.map_err(not)?;
        match self.user_info(&known, &claims, tokens.access_token.as_deref()).await {
            Some(told) => claims.told(&told).map_err(not),
            None => Ok(claims),
        }
    }

    /// What it tells of somebody whose address the token does not say, where it tells such things: asked once. Who is known
    /// here by the issuer's own name for them comes in without it.
    async fn user_info(&self, known: &Known, claims: &Claims, token: Option<&str>) -> Option<Vec<u8>> {
        let (at, token) = (known.described.userinfo_endpoint.as_deref()?, token?);
        if claims.email.is_some() {
            return None;
        }
        let mut bearer = HeaderValue::try_from(format!("Bearer {token}")).ok()?;
        bearer.set_sensitive(true);
        let why = match self.ask(Method::GET, at, vec![(AUTHORIZATION, bearer)], String::new()).await {
            Ok((200, body)) => return Some(body),
            Ok((status, _)) => format!("it answers {status}"),
            Err(no) => no.to_string(),
        };
        tracing::warn!(issuer = self.label, at, why, "an issuer did not tell somebody's address");
        None
    }

    async fn tokens(&self, known: &Known, code: &str, verifier: &str, back: &str) -> Result<Tokens, NoSignIn> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back),
            ("code_verifier", verifier),
        ];
        let mut headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"))];
        let (id, secret) = (self.oidc.client_id.as_str(), self.secret()?);
        let methods = &known.described.token_endpoint_auth_methods_supported;
        // What nothing is said of is `client_secret_basic`.
        let by_header = methods.is_empty() || methods.iter().any(|method| method == "client_secret_basic");
        match secret.as_deref() {
            Some(secret) if by_header => {
                let both = BASE64.encode(format!("{}:{}", escaped(id), escaped(secret)).as_bytes());
                let mut value = HeaderValue::try_from(format!("Basic {both}")).expect("base64 is plain text");
                value.set_sensitive(true);
                headers.push((AUTHORIZATION, value));
            }
            Some(secret) => form.extend([("client_id", id), ("client_secret", secret)]),
            None => form.push(("client_id", id)),
        }
        let (status, body) = self.ask(Method::POST, &known.described.token_endpoint, headers, pairs(&form)).await?;
        if status != 200 {
            return Err(match serde_json::from_slice::<Failure>(&body) {
                Ok(said) => self.declined(&said.error, &said.error_description),
                Err(_) => self.away(format!("it answered {status} when a code was changed for a token")),
            });
        }
        let tokens: Result<Tokens, _> = serde_json::from_slice(&body);
        tokens.map_err(|_| self.away("it gave no ID token".to_owned()))
    }

    fn secret(&self) -> Result<Option<String>, NoSignIn> {
        let Some(path) = &self.oidc.client_secret_file else { return Ok(None) };
        let read = std::fs::read_to_string(path);
        let read = read.map_err(|error| self.away(format!("{} can not be read: {error}", path.display())))?;
        Ok(Some(read.trim().to_owned()))
    }

    pub(crate) fn declined(&self, error: &str, description: &str) -> NoSignIn {
        NoSignIn::Declined(self.label.clone(), plain(&format!("{error} {description}")).trim().to_owned())
    }

    fn away(&self, why: String) -> NoSignIn {
        NoSignIn::Away(self.label.clone(), why)
    }

    /// What it said of itself, asked for when that is old. Only one asks at a time; the others have their answer.
    async fn known(&self) -> Result<Arc<Known>, NoSignIn> {
        let mut kept = self.known.lock().await;
        let lasts = |(at, found): &(Instant, Result<_, _>)| {
            at.elapsed() < if Result::is_ok(found) { KNOWN_FOR } else { LEFT_ALONE }
        };
        if !kept.as_ref().is_some_and(lasts) {
            *kept = Some((Instant::now(), self.found().await));
        }
        let (_, found) = kept.as_ref().expect("it was put there");
        found.clone().map_err(|why| self.away(why))
    }

    /// The same, asked for again if that was not just done.
    async fn fresh(&self) -> Result<Arc<Known>, NoSignIn> {
        {
            let mut kept = self.known.lock().await;
            if kept.as_ref().is_some_and(|(at, _)| at.elapsed() >= KEYS_AGAIN) {
                *kept = None;
            }
        }
        self.known().await
    }

    async fn found(&self) -> Result<Arc<Known>, String> {
        let issuer = &self.trust.issuer;
        let at = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let described: Described = serde_json::from_slice(&self.fetched(&at).await?)
            .map_err(|error| format!("{at} does not describe an issuer: {error}"))?;
        if described.issuer != *issuer {
            return Err(format!("it calls itself {:?}, and not {issuer}", plain(&described.issuer)));
        }
        // An issuer that is asked over TLS sends nobody to where others read along.
        let safe = if issuer.starts_with("https:") { "https://" } else { "http" };
        let ends = [&described.authorization_endpoint, &described.token_endpoint, &described.jwks_uri];
        let ends = ends.into_iter().chain(&described.userinfo_endpoint);
        if let Some(bad) = ends.into_iter().find(|end| !end.starts_with(safe) || end.parse::<Uri>().is_err()) {
            return Err(format!("it sends to {:?}, which is no such address as its own", plain(bad)));
        }
        let keys = self.fetched(&described.jwks_uri).await?;
        let keys = Keys::read(&keys).map_err(|error| format!("{}: {error}", described.jwks_uri))?;
        Ok(Arc::new(Known { described, keys }))
    }

    async fn fetched(&self, at: &str) -> Result<Vec<u8>, String> {
        let said = |error: NoSignIn| match error {
            NoSignIn::Away(_, why) => why,
            other => other.to_string(),
        };
        let (status, body) = self.ask(Method::GET, at, Vec::new(), String::new()).await.map_err(said)?;
        if status == 200 { Ok(body) } else { Err(format!("{at} answers {status}")) }
    }

    async fn ask(
        &self,
        method: Method,
        at: &str,
        mut headers: Vec<(HeaderName, HeaderValue)>,
        body: String,
    ) -> Result<(u16, Vec<u8>), NoSignIn> {
        let uri: Uri = at.parse().map_err(|_| self.away(format!("{:?} is no address", plain(at))))?;
        headers.push((ACCEPT, HeaderValue::from_static("application/json")));
        let ask = Ask { method, uri, headers, body: Bytes::from(body) };
        let answer = self.client.ask(ask).await.map_err(|why| self.away(format!("{at}: {why}")))?;
        if answer.is_cut {
            return Err(self.away(format!("{at} answers more than {MAX_ANSWER_BYTES} bytes, or broke off")));
        }
        Ok((answer.status, answer.body))
    }
}
