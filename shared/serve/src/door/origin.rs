//! Was this sent by our own page, or by another site that borrows the browser's cookie?

use axum::http::{HeaderMap, header};

/// Whether a request that changes something may rely on the browser's cookie.
///
/// Browsers say where a request comes from by `Sec-Fetch-Site`, on plain HTTP only by `Origin`. What says neither is no
/// browser, and nobody plants cookies in it.
pub(super) fn is_our_own(headers: &HeaderMap) -> bool {
    if let Some(site) = headers.get("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://")).map(|(_, host)| host);
    origin.is_some() && origin == host
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(key, value)| (key.parse().expect("a name"), value.parse().expect("a value"))).collect()
    }

    #[test]
    fn another_site_can_not_borrow_the_cookie() {
        for (pairs, ours) in [
            (&[][..], true),
            (&[("sec-fetch-site", "same-origin")], true),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "http://vigie.local"), ("host", "vigie.local")], true),
            (&[("origin", "http://vigie.local:81"), ("host", "vigie.local")], false),
            (&[("origin", "null"), ("host", "vigie.local")], false),
        ] {
            assert_eq!(is_our_own(&headers(pairs)), ours, "{pairs:?}");
        }
    }
}
