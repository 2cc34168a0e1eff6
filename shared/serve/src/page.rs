//! What does a browser load?
//!
//! One page, one style sheet, some small scripts and an icon, built into the program: it works where there is no Internet,
//! and loads nothing from anywhere else. The script puts every text from machines on the page as text, never as markup.

use std::sync::LazyLock;

use axum::extract::State;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};

use crate::people;
use crate::shared::App;

/// A file of the page: its address, what it is, its text.
pub(crate) type Asset = (&'static str, &'static str, &'static str);

const HTML: &str = "text/html; charset=utf-8";
const SCRIPT: &str = "text/javascript; charset=utf-8";

/// What only those see who are signed in.
pub(crate) const PRIVATE: [Asset; 7] = [
    ("/page.js", SCRIPT, include_str!("../page/page.js")),
    ("/words-en.js", SCRIPT, include_str!("../page/words-en.js")),
    ("/words-fr.js", SCRIPT, include_str!("../page/words-fr.js")),
    ("/say.js", SCRIPT, include_str!("../page/say.js")),
    ("/list.js", SCRIPT, include_str!("../page/list.js")),
    ("/machine.js", SCRIPT, include_str!("../page/machine.js")),
    ("/chart.js", SCRIPT, include_str!("../page/chart.js")),
];

/// The page itself: the first one of a hub, and beside a relay's own pages.
pub(crate) const INDEX: &str = include_str!("../page/index.html");

/// The same, with the way to one's own account: where people have one.
static INDEX_OF_PEOPLE: LazyLock<String> = LazyLock::new(|| {
    let leave = "<form method=\"post\" action=\"/sign-out\">";
    INDEX.replace(leave, &format!("<a href=\"/account\" data-say=\"account\"></a>\n{leave}"))
});

/// What the sign-in page needs, open to everyone.
pub(crate) const OPEN: [Asset; 2] = [
    ("/page.css", "text/css; charset=utf-8", include_str!("../page/page.css")),
    ("/icon.svg", "image/svg+xml", include_str!("../page/icon.svg")),
];

/// What tells of somebody who sees as another, on whatever page, and what asks a device for passkeys: before anybody is signed in, and after.
pub(crate) const PASSKEY: [Asset; 2] = [
    ("/seeing.css", "text/css; charset=utf-8", include_str!("../page/seeing.css")),
    ("/passkey.js", SCRIPT, include_str!("../page/passkey.js")),
];

/// Answers with a file.
pub(crate) fn asset((_, kind, text): &'static Asset) -> MethodRouter<App> {
    get(async |headers: HeaderMap| file(kind, text, &headers))
}

/// Answers with the page itself.
pub(crate) async fn index(State(app): State<App>, parts: Parts) -> Response {
    if let Some(page) = people::seeing::above(&INDEX_OF_PEOPLE, &app, &parts) {
        return ([(header::CONTENT_TYPE, HTML)], page).into_response();
    }
    file(HTML, if app.people.is_some() { &INDEX_OF_PEOPLE } else { INDEX }, &parts.headers)
}

/// A file that may be kept, but is asked about each time: after an upgrade nobody sees half of the old page.
fn file(kind: &'static str, text: &'static str, asked: &HeaderMap) -> Response {
    let etag = format!("W/\"{}\"", &blake3::hash(text.as_bytes()).to_hex()[..24]);
    let etag = HeaderValue::from_str(&etag).expect("hexadecimal digits");
    let head = [(header::ETAG, etag.clone()), (header::CACHE_CONTROL, HeaderValue::from_static("no-cache"))];
    if asked.get(header::IF_NONE_MATCH).is_some_and(|has| *has == etag) {
        return (StatusCode::NOT_MODIFIED, head).into_response();
    }
    (head, [(header::CONTENT_TYPE, kind)], text).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EN: &str = include_str!("../page/words-en.js");
    const FR: &str = include_str!("../page/words-fr.js");

    /// A phone on a poor link loads it in a few seconds, and a person on the relay's network at once.
    const MAX_PAGE_BYTES: usize = 62 * 1024;

    #[test]
    fn the_page_stays_light() {
        let files: usize = PRIVATE.iter().chain(&OPEN).map(|(_, _, text)| text.len()).sum();
        let all = INDEX.len() + files;
        // A browser loads one language.
        let loaded = all - EN.len().min(FR.len());
        assert!(loaded <= MAX_PAGE_BYTES, "{loaded} bytes");
    }

    #[test]
    fn the_page_loads_nothing_from_elsewhere_and_makes_no_markup_of_texts() {
        let local = &crate::local::OPEN;
        for (path, kind, text) in PRIVATE.iter().chain(&OPEN).chain(local).chain(&[("/", HTML, INDEX)]) {
            let elsewhere = text.replace("http://www.w3.org/", "");
            assert!(!elsewhere.contains("http://") && !elsewhere.contains("https://"), "{path}");
            for sink in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " on", "style=\""] {
                let found = text.contains(sink) && !(sink == " on" && *kind != HTML);
                assert!(!found, "{path} has {sink}");
            }
        }
    }

    #[test]
    fn people_find_the_way_to_their_account() {
        assert!(INDEX_OF_PEOPLE.contains("href=\"/account\"") && !INDEX.contains("/account"));
    }

    #[test]
    fn each_language_says_everything() {
        let keys = |words: &str| {
            let lines = words.lines().filter_map(|line| line.split_once(": "));
            lines.map(|(key, text)| (key.to_owned(), places(text))).collect::<Vec<_>>()
        };
        let (english, french) = (keys(EN), keys(FR));
        assert!(english.len() > 100);
        assert_eq!(english, french);
    }

    /// The `{places}` of a sentence, sorted: a translation may change their order and drop none.
    fn places(text: &str) -> Vec<String> {
        let mut places: Vec<_> = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).collect();
        places.sort_unstable();
        places.into_iter().map(|(place, _)| place.to_owned()).collect()
    }
}
