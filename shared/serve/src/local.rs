//! The relay's own page: what does somebody need who stands on a site that is cut off?
//!
//! Made here, as plain HTML with one style sheet: it works without scripts, on any phone, over a bad Wi-Fi. The one thing that
//! needs a script, a tone for what is new, has a page of its own. Each page is
//! drawn by a function of what is known (`home`, `alert`, `machine`, `doctor`, …), which knows no router and no storage;
//! `look` gathers what they need, `act` takes what people decide. What a page shows is dated, and its style says so when it
//! has stood for a minute.

mod act;
mod alert;
mod alerts;
mod around;
mod carry;
mod chart;
mod chart_query;
mod cuts;
mod doctor;
mod entrance;
mod failed;
mod forms;
pub(crate) mod frame;
mod home;
pub(crate) mod html;
mod life;
mod look;
mod machine;
mod machines;
mod maintain;
mod maintenance;
mod mutes;
mod own;
mod playbook;
mod reader;
mod short;
mod site_words;
mod sound;
mod told;
mod told_words;
mod truth;
mod unreached;
pub(crate) mod voice;
pub(crate) mod words;

pub(crate) use entrance::{Refused, page as door_page};
pub(crate) use failed::failed;
pub(crate) use reader::{frame_of, language_of};

use axum::middleware::from_fn_with_state;

use crate::door;
use crate::page::Asset;
use crate::shared::App;
use crate::ways::{Need, Ways};

/// What a browser loads with each page, open to everyone: the sign-in page needs it.
///
/// The script is loaded by the page with a sound alone.
pub(crate) const OPEN: [Asset; 2] = [
    ("/local.css", "text/css; charset=utf-8", include_str!("../page/local.css")),
    ("/local.js", "text/javascript; charset=utf-8", include_str!("../page/local.js")),
];

/// The pages, for those who are signed in.
pub(crate) fn pages(app: &App) -> Ways {
    Ways::new()
        .get("/", Need::SignedIn, look::home)
        .get("/alerts/{id}", Need::SignedIn, look::alert)
        .post("/alerts/{id}/{decision}", Need::SignedIn, act::decide)
        .get("/machines", Need::SignedIn, look::machines)
        .get("/machines/{id}", Need::SignedIn, look::machine)
        .get("/link", Need::SignedIn, look::link)
        .get("/maintenance", Need::SignedIn, maintain::plan)
        .post("/maintenance", Need::SignedIn, maintain::add)
        .post("/maintenance/{id}/end", Need::SignedIn, maintain::end)
        .with(|pages| pages.layer(from_fn_with_state(App::clone(app), door::require_person)))
}

/// What needs nobody to be signed in.
pub(crate) fn open_pages() -> Ways {
    Ways::new().files(&OPEN, Need::Open).post("/look", Need::Open, reader::look)
}
