//! Which pages does a browser run, and how does it get them?
//!
//! A node that has such pages gives them built in: one shell, which is the same on every page and for everybody, and files
//! that it loads. The shell holds no data; it is handed to who is signed in, and all others are led to where they can. The
//! files say nothing of anybody and are open, so that a page whose session has ended can still load the part that says so.
//! Who signs in on the way to a page goes on to it.
//!
//! What is built once for each language stands below the language's code, and is handed out without it to who reads that: nobody
//! loads words that they do not read, and nobody waits for a page to find out which ones those are.

mod bound;

use std::io::Write;
use std::sync::{Arc, OnceLock};

use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::door;
use crate::local::language_of;
use crate::local::voice::Lang;
use crate::people;
use crate::shape;
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};

/// Under which a name is never given to another content: the content's hash is in it.
const HASHED: &str = "/assets/";

/// The pages of a node, built in. Empty for a node that has none.
#[derive(Debug, Clone, Default)]
pub struct Web {
    pages: &'static [&'static str],
    files: Arc<[Arc<Place>]>,
    shell: Option<Arc<Place>>,
}

impl Web {
    /// These pages, by the form of their address (`/machines/{id}`), and these files, by their address. What stands at `/en/sw.js`
    /// and `/fr/sw.js` is `/sw.js`, to each in their language. The shell is the file `/index.html`; without one there are no pages.
    pub fn new(pages: &'static [&'static str], files: &'static [(&'static str, &'static [u8])]) -> Self {
        let mut places: Vec<Place> = Vec::new();
        for (path, body) in files {
            let (lang, path) = spoken(path);
            let file = (lang, File::new(path, body));
            match places.iter_mut().find(|place| place.path == path) {
                Some(place) => place.others.push(file),
                None => places.push(Place { path, first: file, others: Vec::new() }),
            }
        }
        let places = places.into_iter().map(Arc::new);
        let (shell, files): (Vec<_>, Vec<_>) = places.partition(|place| place.path == "/index.html");
        Self { pages, files: files.into(), shell: shell.into_iter().next() }
    }

    /// Whether there are any.
    pub(crate) fn is_there(&self) -> bool {
        self.shell.is_some()
    }
}

/// The language that a file is in, if it is in one, and the address that it is handed out at.
fn spoken(path: &'static str) -> (Option<Lang>, &'static str) {
    let below = |lang: Lang| path.strip_prefix('/')?.strip_prefix(lang.code()).filter(|rest| rest.starts_with('/'));
    let found = Lang::ALL.into_iter().find_map(|lang| Some((Some(lang), below(lang)?)));
    found.unwrap_or((None, path))
}

/// What stands at an address: one file, or one for each language.
#[derive(Debug)]
struct Place {
    path: &'static str,
    /// For who reads its language, and whoever reads none that is here.
    first: (Option<Lang>, File),
    others: Vec<(Option<Lang>, File)>,
}

impl Place {
    fn file(&self, asked: &HeaderMap) -> &File {
        let lang = Some(language_of(asked));
        &self.others.iter().find(|(of, _)| *of == lang).unwrap_or(&self.first).1
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let mut answer = self.file(asked).answer(asked);
        if !self.others.is_empty() {
            let vary = HeaderValue::from_static("accept-encoding, accept-language, cookie");
            answer.headers_mut().insert(header::VARY, vary);
        }
        answer
    }
}

/// One file, packed once for all who take it so.
#[derive(Debug)]
struct File {
    path: &'static str,
    kind: &'static str,
    body: &'static [u8],
    packed: OnceLock<Vec<u8>>,
    etag: HeaderValue,
}

impl File {
    fn new(path: &'static str, body: &'static [u8]) -> Self {
        let etag = format!("W/\"{}\"", &blake3::hash(body).to_hex()[..24]);
        let etag = HeaderValue::from_str(&etag).expect("hexadecimal digits");
        Self { path, kind: kind_of(path), body, packed: OnceLock::new(), etag }
    }

    fn answer(&self, asked: &HeaderMap) -> Response {
        let kept = if self.path.starts_with(HASHED) { "public, max-age=31536000, immutable" } else { "no-cache" };
        let head = [
            (header::ETAG, self.etag.clone()),
            (header::CACHE_CONTROL, HeaderValue::from_static(kept)),
            (header::VARY, HeaderValue::from_static("accept-encoding")),
        ];
        if asked.get(header::IF_NONE_MATCH).is_some_and(|has| *has == self.etag) {
            return (StatusCode::NOT_MODIFIED, head).into_response();
        }
        let kind = [(header::CONTENT_TYPE, self.kind)];
        if takes_gzip(asked) {
            let packed = self.packed.get_or_init(|| pack(self.body)).clone();
            return (head, kind, [(header::CONTENT_ENCODING, "gzip")], packed).into_response();
        }
        (head, kind, self.body).into_response()
    }
}

/// As small as it gets: it is done once for each file, and takes milliseconds.
pub(crate) fn pack(body: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::with_capacity(body.len() / 2), Compression::best());
    packer.write_all(body).and_then(|()| packer.finish()).expect("memory takes what is written")
}

pub(crate) fn takes_gzip(asked: &HeaderMap) -> bool {
    let lines = asked.get_all(header::ACCEPT_ENCODING).iter().filter_map(|line| line.to_str().ok());
    lines.flat_map(|line| line.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        let weight = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok());
        named && weight.is_some_and(|weight| weight > 0.0)
    })
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("webmanifest") => "application/manifest+json",
        Some("json") => "application/json",
        _ => "application/octet-stream",
    }
}

/// The pages, for who is signed in.
pub(crate) fn pages(app: &App) -> Ways {
    let Some(shell) = &app.options.web.shell else { return Ways::new() };
    let add = |ways: Ways, page: &&'static str| {
        let shell = Arc::clone(shell);
        ways.get(page, Need::SignedIn, async move |State(app): State<App>, parts: Parts| of_shell(&shell, &app, &parts))
    };
    let ways = app.options.web.pages.iter().fold(Ways::new(), add);
    ways.with(|router| router.layer(from_fn_with_state(Arc::clone(app), require)))
}

/// The shell: the same for all who read its language, but for who sees as another person, who is told so above it.
fn of_shell(shell: &Place, app: &Shared, parts: &Parts) -> Response {
    let file = shell.file(&parts.headers);
    match people::seeing::above(&String::from_utf8_lossy(file.body), app, parts) {
        Some(page) => ([(header::CONTENT_TYPE, file.kind)], page).into_response(),
        None => shell.answer(&parts.headers),
    }
}

/// What a person finds where there is nothing: the pages, which say so and lead on. A program is told in its own way.
pub(crate) fn missing(app: &Shared, parts: &Parts) -> Option<Response> {
    let shell = app.options.web.shell.as_ref()?;
    let path = parts.uri.path();
    let is_for_programs = OF_PROGRAMS.iter().any(|begins| path.starts_with(begins));
    let accepts = parts.headers.get(header::ACCEPT).and_then(|accepts| accepts.to_str().ok()).unwrap_or_default();
    if parts.method != Method::GET || is_for_programs || !accepts.contains("text/html") {
        return None;
    }
    // It is no page that somebody has already, so nothing that is kept answers for it.
    let mut asked = parts.clone();
    asked.headers.remove(header::IF_NONE_MATCH);
    let mut page = (StatusCode::NOT_FOUND, of_shell(shell, app, &asked)).into_response();
    page.headers_mut().remove(header::ETAG);
    page.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Some(page)
}

/// Where nobody goes with a browser.
const OF_PROGRAMS: [&str; 5] = ["/api/", "/prometheus", "/v1/", "/to/", "/install/"];

/// The files that the shell loads.
pub(crate) fn files(app: &Shared) -> Ways {
    let add = |ways: Ways, place: &Arc<Place>| ways.file(place.path, handed_out(Arc::clone(place)));
    app.options.web.files.iter().fold(Ways::new(), add)
}

fn handed_out(place: Arc<Place>) -> MethodRouter<App> {
    get(async move |headers: HeaderMap| place.answer(&headers))
}

/// Hands the shell to who is signed in, and leads all others to where they can. Every way of signing in comes to the first
/// page, and from there to where its person was going.
async fn require(State(app): State<App>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let (options, pages) = (&app.options, app.options.web.pages);
    match door::credentials(&app, &parts) {
        Ok(caller) => {
            if parts.uri.path() == "/"
                && let Some(to) = bound::noted(&parts.headers, options, pages, &parts.uri)
            {
                return door::led_in(door::clear_bound(options), &to);
            }
            parts.extensions.insert(caller);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(problem) if problem.code == crate::problem::Code::Unauthorized => {
            let kept = bound::note(&parts.uri, pages);
            let kept = kept.map_or_else(|| door::clear_bound(options), |to| door::set_bound(&to, options));
            door::led_in(kept, door::entrance(&app))
        }
        Err(problem) => shape::said_to(&parts.uri, problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asking(encoding: &'static str) -> HeaderMap {
        [(header::ACCEPT_ENCODING, HeaderValue::from_static(encoding))].into_iter().collect()
    }

    #[test]
    fn a_browser_gets_it_packed_and_whoever_does_not_take_that_gets_it_plain() {
        for (encoding, packed) in
            [("gzip, deflate, br", true), ("br;q=1.0, GZIP;q=0.5", true), ("gzip;q=0", false), ("br", false)]
        {
            assert_eq!(takes_gzip(&asking(encoding)), packed, "{encoding}");
        }
        assert!(!takes_gzip(&HeaderMap::new()));
    }

    #[test]
    fn what_bears_its_hash_is_kept_for_ever_and_all_else_is_asked_about() {
        let kept = |path: &'static str| {
            let answer = File::new(path, b"x").answer(&HeaderMap::new());
            answer.headers()[header::CACHE_CONTROL].to_str().expect("text").to_owned()
        };
        assert!(kept("/assets/main-abc.js").contains("immutable"));
        assert_eq!(kept("/index.html"), "no-cache");
    }
}
