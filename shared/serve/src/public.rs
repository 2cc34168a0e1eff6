//! What may the world see of a client, without signing in?
//!
//! A page that works without a script, the same as JSON and its notices as a feed. It is worked out at most once in some
//! seconds, whoever asks how often, and handed out of memory. It knows public names alone: no machine, no address, no
//! incident of the house can stand on it. What is not known is never drawn as if it were well.

mod bars;
mod board;
mod draw;
mod feed;
mod gate;
mod history;
mod json;
mod shelf;
mod words;

pub(crate) use gate::Gate;
pub(crate) use shelf::Shelf;

use axum::extract::{Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{Html as Page, IntoResponse, Response};
use vigie_model::Slug;

use self::shelf::{Form, Kept};
use crate::StatusPage;
use crate::door::Address;
use crate::local::voice::Lang;
use crate::page::Asset;
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::ways::{Need, Ways};

/// What a browser loads with each page.
pub(crate) const OPEN: [Asset; 1] = [("/status.css", "text/css; charset=utf-8", include_str!("../page/status.css"))];

/// The pages of a node that keeps some.
pub(crate) fn open_ways() -> Ways {
    Ways::new().files(&OPEN, Need::Open).get("/status/{page}", Need::Open, read)
}

/// `GET /status/{slug}`, `/status/{slug}.json`, `/status/{slug}.atom`, each with `?lang=en|fr`.
async fn read(State(app): State<App>, Path(page): Path<String>, parts: Parts) -> Response {
    let now = app.lookout.now();
    let address = Address::of(&parts, &app.options);
    if let Err(seconds) = app.gate.asks(address, now.mono_ms) {
        return too_often(seconds);
    }
    let lang = language(&parts);
    let (name, form) = match page.rsplit_once('.') {
        Some((name, "json")) => (name, Form::Json),
        Some((name, "atom")) => (name, Form::Atom(lang)),
        _ => (page.as_str(), Form::Html(lang)),
    };
    let kept = match name.parse::<Slug>() {
        Ok(slug) => app.shelf.find(&app, &slug).await,
        Err(_) => Ok(None),
    };
    match kept {
        Ok(Some(kept)) => answer(&kept, form, &app, &parts.headers),
        Ok(None) => {
            app.gate.guessed(address);
            not_here(form, lang)
        }
        Err(problem) => problem.into_response(),
    }
}

/// What anybody would read, for who sets it up: worked out now, on or off.
pub(crate) fn preview(app: &Shared, page: &StatusPage, lang: Lang) -> String {
    draw::preview(&shelf::board(app, page), lang)
}

/// The language of the address, or the one that a browser asks for.
pub(crate) fn language(parts: &Parts) -> Lang {
    let said = Params::of_uri(&parts.uri).get("lang").and_then(Lang::of_code);
    let accepted = || parts.headers.get(header::ACCEPT_LANGUAGE).and_then(|header| header.to_str().ok());
    said.unwrap_or_else(|| Lang::accepted(accepted().unwrap_or_default()))
}

fn answer(kept: &Kept, form: Form, app: &Shared, asked: &HeaderMap) -> Response {
    let packed = kept.form(form, app.options.origin.as_deref());
    let head = [
        (header::ETAG, packed.etag.clone()),
        (header::CACHE_CONTROL, shelf::cache_for()),
        (header::VARY, HeaderValue::from_static("accept-encoding, accept-language")),
    ];
    let mut response = if asked.get(header::IF_NONE_MATCH).is_some_and(|has| *has == packed.etag) {
        (StatusCode::NOT_MODIFIED, head).into_response()
    } else if crate::web::takes_gzip(asked) {
        let kind = [(header::CONTENT_TYPE, form.kind()), (header::CONTENT_ENCODING, "gzip")];
        (head, kind, packed.gzip.clone()).into_response()
    } else {
        (head, [(header::CONTENT_TYPE, form.kind())], packed.plain.clone()).into_response()
    };
    if !kept.listed {
        response.headers_mut().insert("x-robots-tag", HeaderValue::from_static("noindex"));
    }
    response
}

/// The same for a page that is off and for one that never was.
fn not_here(form: Form, lang: Lang) -> Response {
    match form {
        Form::Html(_) => (StatusCode::NOT_FOUND, Page(draw::not_here(lang))).into_response(),
        Form::Json | Form::Atom(_) => {
            let next = "ask who gave you the address";
            Problem { next, ..Problem::not_found("there is no such page here") }.into_response()
        }
    }
}

fn too_often(seconds: u64) -> Response {
    let after = [(header::RETRY_AFTER, HeaderValue::from(seconds))];
    (StatusCode::TOO_MANY_REQUESTS, after, "asked for too often; ask again later\n").into_response()
}
