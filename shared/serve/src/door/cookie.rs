//! How does a browser carry its session?

use axum::http::{HeaderMap, HeaderValue, header};

use crate::Options;

/// Seconds a browser keeps the cookie; the session itself ends earlier by its own clock.
const KEPT_SECONDS: u64 = 7 * 24 * 3600;

/// Seconds it keeps what a sign-in at another house comes back with.
const WAY_SECONDS: u64 = 600;

/// What the cookie of such a way is called, behind the session's name.
const WAY: &str = "-way";

/// What the cookie of the page that somebody was going to is called, behind the session's name. It is kept as long: whoever
/// signs in later than that has something else in mind.
const BOUND: &str = "-to";

/// The session's secret, if the browser sent one.
pub(crate) fn read<'a>(headers: &'a HeaderMap, options: &Options) -> Option<&'a str> {
    found(headers, name(options), "")
}

/// What the browser kept while it was at another house.
pub(crate) fn read_way<'a>(headers: &'a HeaderMap, options: &Options) -> Option<&'a str> {
    found(headers, name(options), WAY)
}

/// What the browser kept of where somebody was going.
pub(crate) fn read_bound<'a>(headers: &'a HeaderMap, options: &Options) -> Option<&'a str> {
    found(headers, name(options), BOUND)
}

fn found<'a>(headers: &'a HeaderMap, name: &str, suffix: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.find(|(key, _)| key.strip_prefix(name) == Some(suffix)).map(|(_, secret)| secret)
}

/// Hands a secret to the browser.
pub(crate) fn set(secret: &str, options: &Options) -> HeaderValue {
    written(secret, KEPT_SECONDS, "", options)
}

/// Takes it back.
pub(super) fn clear(options: &Options) -> HeaderValue {
    written("", 0, "", options)
}

/// Hands a browser what it brings back from another house. `Lax`, as the session's: it comes back by a link from there.
pub(crate) fn set_way(secret: &str, options: &Options) -> HeaderValue {
    written(secret, WAY_SECONDS, WAY, options)
}

/// Takes it back.
pub(crate) fn clear_way(options: &Options) -> HeaderValue {
    written("", 0, WAY, options)
}

/// Has a browser keep where somebody was going, while they sign in.
pub(crate) fn set_bound(to: &str, options: &Options) -> HeaderValue {
    written(to, WAY_SECONDS, BOUND, options)
}

/// Takes it back.
pub(crate) fn clear_bound(options: &Options) -> HeaderValue {
    written("", 0, BOUND, options)
}

fn written(secret: &str, seconds: u64, suffix: &str, options: &Options) -> HeaderValue {
    let secure = if options.tls { "; Secure" } else { "" };
    let text = format!("{}{suffix}={secret}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}", name(options));
    HeaderValue::from_str(&text).expect("a secret is base64 and the rest is ours")
}

/// The `__Host-` prefix keeps other hosts of the domain from planting a cookie, but browsers take it only over TLS.
fn name(options: &Options) -> &'static str {
    if options.tls { "__Host-vigie" } else { "vigie" }
}
