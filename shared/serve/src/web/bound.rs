//! Where was somebody going before they were asked who they are?
//!
//! The browser keeps it in a cookie while they sign in, by whichever way: all of these lead to the first page, which leads on
//! once. Only the address of a page of ours is written there, and only that of one is followed: whoever plants another value
//! leads nobody anywhere.

use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Uri};
use data_encoding::BASE64URL_NOPAD;

use crate::Options;
use crate::door::read_bound;

/// Longer addresses are not kept: they would not fit into a cookie. The pages' own have some hundreds of bytes.
const MAX_BYTES: usize = 2_000;

/// What the browser is to keep of a page that was asked for; nothing where it leads to the first page anyway.
pub(super) fn note(uri: &Uri, pages: &[&str]) -> Option<String> {
    let wanted = uri.path_and_query().filter(|wanted| is_page(wanted, pages))?;
    Some(BASE64URL_NOPAD.encode(wanted.as_str().as_bytes()))
}

/// Where the browser says it was going, if that is a page of ours and not the one it asks for now.
pub(super) fn noted(headers: &HeaderMap, options: &Options, pages: &[&str], now: &Uri) -> Option<String> {
    let kept = read_bound(headers, options).filter(|kept| kept.len() <= BASE64URL_NOPAD.encode_len(MAX_BYTES))?;
    let wanted = String::from_utf8(BASE64URL_NOPAD.decode(kept.as_bytes()).ok()?).ok()?;
    // An address begins with a slash here: what names a host is none.
    let wanted: PathAndQuery = Some(wanted).filter(|text| text.starts_with('/'))?.parse().ok()?;
    (is_page(&wanted, pages) && now.path_and_query() != Some(&wanted)).then(|| wanted.to_string())
}

fn is_page(wanted: &PathAndQuery, pages: &[&str]) -> bool {
    let first = wanted.path() == "/" && wanted.query().is_none();
    wanted.as_str().len() <= MAX_BYTES && !first && pages.iter().any(|page| has_form(page, wanted.path()))
}

/// Whether a path has the form of a page's address, part by part.
fn has_form(page: &str, path: &str) -> bool {
    let (mut form, mut parts) = (page.split('/'), path.split('/'));
    loop {
        match (form.next(), parts.next()) {
            (None, None) => return true,
            (Some(form), Some(part)) if form == part || (form.starts_with('{') && !part.is_empty()) => {}
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderValue, header};

    use super::*;

    const PAGES: [&str; 3] = ["/", "/machines", "/machines/{id}"];

    fn followed(kept: &str) -> Option<String> {
        let headers = [(header::COOKIE, HeaderValue::from_str(&format!("vigie-to={kept}")).expect("text"))];
        noted(&headers.into_iter().collect(), &Options::default(), &PAGES, &Uri::from_static("/"))
    }

    #[test]
    fn a_page_that_was_asked_for_is_where_they_go_on() {
        for path in
            ["/machines", "/machines/00ff?tab=data", "/machines?q=site:lyon%20cpu:%3E90&sort=-cpu", "/?in=acme/lyon"]
        {
            let kept = note(&path.parse().expect("an address"), &PAGES).expect("a page");
            assert_eq!(followed(&kept).as_deref(), Some(path));
        }
        assert_eq!(note(&Uri::from_static("/"), &PAGES), None, "that is where everybody comes first");
    }

    #[test]
    fn nobody_is_led_to_another_house_nor_to_what_is_no_page() {
        for planted in [
            "//evil.example",
            "//evil.example/machines",
            "https://evil.example/machines",
            "/\\evil.example",
            "\\\\evil.example/machines",
            "machines",
            "/nowhere",
            "/machines/a/b",
            "/machines/",
            "/sign-out",
            "/machines\r\nset-cookie: vigie=x",
            "javascript:alert(1)",
            "",
            "/",
        ] {
            assert_eq!(followed(&BASE64URL_NOPAD.encode(planted.as_bytes())), None, "{planted:?}");
        }
        let long = format!("/machines?q={}", "a".repeat(MAX_BYTES));
        assert_eq!(note(&long.parse().expect("an address"), &PAGES), None);
        assert_eq!(followed(&BASE64URL_NOPAD.encode(long.as_bytes())), None);
        assert_eq!((followed("%%%"), followed("/machines")), (None, None));
    }

    #[test]
    fn nobody_is_led_to_where_they_are() {
        let kept = note(&Uri::from_static("/?in=acme"), &PAGES).expect("a page");
        let headers = [(header::COOKIE, HeaderValue::from_str(&format!("vigie-to={kept}")).expect("text"))];
        let here = Uri::from_static("/?in=acme");
        assert_eq!(noted(&headers.into_iter().collect(), &Options::default(), &PAGES, &here), None);
    }
}
