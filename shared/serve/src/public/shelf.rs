//! How often is a page worked out, however many ask?
//!
//! Once in some seconds at most, by one of those who ask; the others get what lies there, dated as it is. All machines are
//! gone through once for all pages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use axum::http::HeaderValue;
use vigie_model::Slug;

use super::board::{Board, Known};
use super::{draw, feed, json};
use crate::local::voice::Lang;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::{Machine, Mute, StatusPage, StatusPages, web, work};

/// For so long a page is handed out as it is.
const FRESH_MS: u64 = 10_000;

/// The same for everybody in between, so that caches help.
pub(super) fn cache_for() -> HeaderValue {
    HeaderValue::from_static("public, max-age=10")
}

/// For so long it may still be handed out while somebody works it out anew.
const STALE_MS: u64 = 60_000;

/// The pages as they lie ready.
#[derive(Default)]
pub(crate) struct Shelf {
    places: Mutex<HashMap<Slug, Arc<Place>>>,
    /// All machines and planned work, gone through once for all pages.
    seen: Mutex<Option<(u64, Arc<Seen>)>>,
}

/// A page's place.
#[derive(Default)]
struct Place {
    kept: Mutex<Option<Arc<Kept>>>,
    /// Held by who works it out.
    turn: tokio::sync::Mutex<()>,
}

/// All that is known, of everybody.
#[derive(Default)]
struct Seen {
    machines: HashMap<Slug, Vec<Machine>>,
    mutes: Vec<Mute>,
}

/// A page, worked out.
pub(crate) struct Kept {
    at_ms: u64,
    version: u64,
    /// Whether search engines may list it.
    pub(super) listed: bool,
    board: Board,
    forms: [OnceLock<Packed>; 5],
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Html(Lang),
    Json,
    Atom(Lang),
}

/// A form as it leaves.
pub(super) struct Packed {
    pub(super) etag: HeaderValue,
    pub(super) plain: bytes::Bytes,
    pub(super) gzip: bytes::Bytes,
}

impl Form {
    pub(super) fn kind(self) -> &'static str {
        match self {
            Self::Html(_) => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Atom(_) => "application/atom+xml; charset=utf-8",
        }
    }

    fn place(self) -> usize {
        match self {
            Self::Html(Lang::English) => 0,
            Self::Html(Lang::French) => 1,
            Self::Json => 2,
            Self::Atom(Lang::English) => 3,
            Self::Atom(Lang::French) => 4,
        }
    }
}

impl Kept {
    /// One of its forms, drawn when somebody first asks for it.
    pub(super) fn form(&self, form: Form, origin: Option<&str>) -> &Packed {
        self.forms[form.place()].get_or_init(|| {
            let plain = match form {
                Form::Html(lang) => draw::page(&self.board, lang, self.listed).into_bytes(),
                Form::Json => json::written(&self.board),
                Form::Atom(lang) => feed::written(&self.board, lang, origin).into_bytes(),
            };
            // Weak, because the same page may leave packed or not.
            let etag = format!("W/\"{}\"", &blake3::hash(&plain).to_hex()[..24]);
            let etag = HeaderValue::from_str(&etag).expect("hexadecimal digits");
            Packed { etag, gzip: web::pack(&plain).into(), plain: plain.into() }
        })
    }
}

impl Shelf {
    /// A page that is on, not older than some seconds; nothing where there is none.
    pub(super) async fn find(&self, app: &App, slug: &Slug) -> Result<Option<Arc<Kept>>, Problem> {
        let page = app.status.as_ref().and_then(|pages| pages.page(slug)).filter(|page| page.said.on);
        let Some(page) = page else {
            lock(&self.places).remove(slug);
            return Ok(None);
        };
        let place = Arc::clone(lock(&self.places).entry(slug.clone()).or_default());
        let now_ms = app.lookout.now().mono_ms;
        let lies = |most_ms: u64| {
            let kept = lock(&place.kept).clone()?;
            let is_good = kept.version == page.version && now_ms.saturating_sub(kept.at_ms) < most_ms;
            is_good.then_some(kept)
        };
        if let Some(kept) = lies(FRESH_MS) {
            return Ok(Some(kept));
        }
        let _turn = match (place.turn.try_lock(), lies(STALE_MS)) {
            (Ok(turn), _) => turn,
            (Err(_), Some(kept)) => return Ok(Some(kept)),
            (Err(_), None) => place.turn.lock().await,
        };
        if let Some(kept) = lies(FRESH_MS) {
            return Ok(Some(kept));
        }
        let kept = work::list(app, move |app| Ok(Arc::new(worked_out(app, &page)))).await?;
        *lock(&place.kept) = Some(Arc::clone(&kept));
        Ok(Some(kept))
    }

    fn seen(&self, app: &Shared) -> Arc<Seen> {
        let now_ms = app.lookout.now().mono_ms;
        let mut seen = lock(&self.seen);
        match &*seen {
            Some((at_ms, seen)) if now_ms.saturating_sub(*at_ms) < FRESH_MS / 2 => Arc::clone(seen),
            _ => {
                let fresh = Arc::new(Seen::of(app));
                *seen = Some((now_ms, Arc::clone(&fresh)));
                fresh
            }
        }
    }
}

impl Seen {
    fn of(app: &Shared) -> Self {
        let mut all = app.machines();
        app.judge(&mut all);
        let mut machines: HashMap<Slug, Vec<Machine>> = HashMap::new();
        for machine in all {
            machines.entry(machine.client.clone()).or_default().push(machine);
        }
        Self { machines, mutes: app.incidents.as_ref().map(|incidents| incidents.mutes()).unwrap_or_default() }
    }
}

fn worked_out(app: &Shared, page: &StatusPage) -> Kept {
    Kept {
        at_ms: app.lookout.now().mono_ms,
        version: page.version,
        listed: page.said.listed,
        board: board(app, page),
        forms: Default::default(),
    }
}

/// How a page is, as of now.
pub(super) fn board(app: &Shared, page: &StatusPage) -> Board {
    let seen = app.shelf.seen(app);
    let days =
        app.status.as_ref().map(|pages: &Arc<dyn StatusPages>| pages.days(&page.said.client)).unwrap_or_default();
    let machines = seen.machines.get(&page.said.client).map(Vec::as_slice).unwrap_or_default();
    let now = app.lookout.now();
    let (now, runs_ms) = (now.utc, now.mono_ms);
    Known { page, machines, mutes: &seen.mutes, days: &days, now, runs_ms }.board()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
