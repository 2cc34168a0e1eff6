//! The relay's own page: what does somebody need who stands on a site that is cut off?
//!
//! Made here, as plain HTML with one style sheet: it works without scripts, on any phone, over a bad Wi-Fi. Each page is
//! drawn by a function of what is known (`home`, `alert`, `machine`, `doctor`, …), which knows no router and no storage;
//! `look` gathers what they need, `act` takes what people decide. What a page shows is dated, and its style says so when it
//! has stood for a minute.

mod act;
mod alert;
mod alerts;
mod chart;
mod chart_query;
mod doctor;
mod entrance;
mod failed;
mod forms;
mod frame;
mod home;
mod html;
mod life;
mod look;
mod machine;
mod machines;
mod mutes;
mod reader;
mod short;
mod truth;
mod voice;
mod words;

pub(crate) use entrance::{Refused, page as door_page};
pub(crate) use failed::failed;
pub(crate) use reader::frame_of;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{get, post};

use crate::door;
use crate::page::{self, Asset};
use crate::shared::App;

/// What a browser loads with each page, open to everyone: the sign-in page needs it.
pub(crate) const OPEN: [Asset; 1] = [("/local.css", "text/css; charset=utf-8", include_str!("../page/local.css"))];

/// The pages, for those who are signed in.
pub(crate) fn pages(app: &App) -> Router<App> {
    Router::new()
        .route("/", get(look::home))
        .route("/alerts/{id}", get(look::alert))
        .route("/alerts/{id}/{decision}", post(act::decide))
        .route("/machines", get(look::machines))
        .route("/machines/{id}", get(look::machine))
        .route("/link", get(look::link))
        .layer(from_fn_with_state(App::clone(app), door::require_person))
}

/// What needs nobody to be signed in.
pub(crate) fn open_pages() -> Router<App> {
    page::serve_files(Router::new(), &OPEN).route("/look", post(reader::look))
}
