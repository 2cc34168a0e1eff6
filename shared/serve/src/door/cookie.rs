//! How does a browser carry its session?

use axum::http::{HeaderMap, HeaderValue, header};

use crate::Options;

/// Seconds a browser keeps the cookie; the session itself ends earlier by its own clock.
const KEPT_SECONDS: u64 = 7 * 24 * 3600;

/// The session's secret, if the browser sent one.
pub(super) fn read<'a>(headers: &'a HeaderMap, options: &Options) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| *key == name(options)).map(|(_, secret)| secret)
}

/// Hands a secret to the browser.
pub(crate) fn set(secret: &str, options: &Options) -> HeaderValue {
    written(secret, KEPT_SECONDS, options)
}

/// Takes it back.
pub(super) fn clear(options: &Options) -> HeaderValue {
    written("", 0, options)
}

fn written(secret: &str, seconds: u64, options: &Options) -> HeaderValue {
    let secure = if options.tls { "; Secure" } else { "" };
    let text = format!("{}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(options));
    HeaderValue::from_str(&text).expect("a secret is base64 and the rest is ours")
}

/// The `__Host-` prefix keeps other hosts of the domain from planting a cookie, but browsers take it only over TLS.
fn name(options: &Options) -> &'static str {
    if options.tls { "__Host-vigie" } else { "vigie" }
}
