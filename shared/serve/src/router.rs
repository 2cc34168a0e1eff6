//! Which address leads where, and through which doors?

mod ways;

use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::Uri;
use axum::http::request::Parts as Asked;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{Redirect, Response};
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use vigie_people::Right;

use crate::params::MAX_FORM_BYTES;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::ways::{Need, Way, Ways};
use crate::{
    Access, Boards, Carries, Chats, Demonstrating, Devices, Enrolments, Erasures, Incidents, Jobs, KeepingTerms,
    LetsIn, Lookout, Options, People, Photos, Quotas, Repeats, StatusPages, Webhooks, api, armour, door, health,
    install, live, local, openapi, page, people, prometheus, public, push, shape, sticker, tally, web,
};
use ways::{LOOK, of_api, prometheus_ways};

/// Everything a relay or a hub serves over HTTP.
///
/// Open: `/healthz`, `/readyz` and their namesakes of Prometheus, the sign-in page and its style. Everything else needs a bearer token or a session, and
/// shows what those credentials may see; samples are taken in with a bearer token alone. Serve it with `into_make_service_with_connect_info::<SocketAddr>()`, or all
/// askers count as one when guesses are counted; [`serve`](crate::serve()) does, and bounds connections too.
pub fn router(lookout: Arc<dyn Lookout>, access: Arc<dyn Access>, options: Options) -> Router {
    router_of(Parts::of(lookout, access, options))
}

/// As [`router()`], with what is wrong and what people decide of it.
pub fn router_with(
    lookout: Arc<dyn Lookout>,
    incidents: Arc<dyn Incidents>,
    access: Arc<dyn Access>,
    options: Options,
) -> Router {
    router_of(Parts { incidents: Some(incidents), ..Parts::of(lookout, access, options) })
}

/// What a node serves with.
pub struct Parts {
    /// What there is to see.
    pub lookout: Arc<dyn Lookout>,
    /// What is wrong, where a watchman looks.
    pub incidents: Option<Arc<dyn Incidents>>,
    /// Whose tokens open.
    pub access: Arc<dyn Access>,
    /// The people of a hub, who sign in by address and password.
    pub people: Option<Arc<dyn People>>,
    /// Where answers to writes are kept, so that none is carried out twice.
    pub repeats: Option<Arc<dyn Repeats>>,
    /// Who is told of every event.
    pub hooks: Option<Arc<dyn Webhooks>>,
    /// People's telephones and browsers.
    pub devices: Option<Arc<dyn Devices>>,
    /// By which chats people decide.
    pub chats: Option<Arc<dyn Chats>>,
    /// For how long whose data is kept.
    pub keeping: Option<Arc<dyn KeepingTerms>>,
    /// Who may come in at sites while they are cut off.
    pub lets_in: Option<Arc<dyn LetsIn>>,
    /// The dashboards that people keep.
    pub boards: Option<Arc<dyn Boards>>,
    /// What people show of incidents.
    pub photos: Option<Arc<dyn Photos>>,
    /// How much each client may have.
    pub quotas: Option<Arc<dyn Quotas>>,
    /// Who is let in to join.
    pub enrolments: Option<Arc<dyn Enrolments>>,
    /// How clients are erased.
    pub erasures: Option<Arc<dyn Erasures>>,
    /// What goes by hand where the line stays away.
    pub carries: Option<Carries>,
    /// How people see a cut before they live one.
    pub demonstration: Option<Arc<dyn Demonstrating>>,
    /// What work waits, and what becomes of it.
    pub jobs: Option<Arc<dyn Jobs>>,
    /// Which pages anybody may read.
    pub status: Option<Arc<dyn StatusPages>>,
    /// What the operator chose.
    pub options: Options,
}

impl Parts {
    /// What every node serves with, and nothing else.
    pub fn of(lookout: Arc<dyn Lookout>, access: Arc<dyn Access>, options: Options) -> Self {
        Self {
            lookout,
            incidents: None,
            access,
            people: None,
            repeats: None,
            hooks: None,
            devices: None,
            chats: None,
            keeping: None,
            lets_in: None,
            boards: None,
            photos: None,
            quotas: None,
            enrolments: None,
            erasures: None,
            carries: None,
            demonstration: None,
            jobs: None,
            status: None,
            options,
        }
    }

    fn shared(self) -> Shared {
        let Self {
            lookout,
            incidents,
            access,
            people,
            repeats,
            hooks,
            keeping,
            lets_in,
            boards,
            photos,
            quotas,
            devices,
            chats,
            enrolments,
            erasures,
            carries,
            demonstration,
            jobs,
            status,
            options,
        } = self;
        Shared {
            incidents,
            people,
            repeats,
            hooks,
            keeping,
            lets_in,
            boards,
            photos,
            quotas,
            devices,
            chats,
            enrolments,
            erasures,
            carries,
            demonstration,
            jobs,
            status,
            ..Shared::new(lookout, access, options)
        }
    }
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").finish_non_exhaustive()
    }
}

/// As [`router()`], with all that a node has.
pub fn router_of(parts: Parts) -> Router {
    serve_all(parts.shared())
}

fn serve_all(app: Shared) -> Router {
    let app = Arc::new(app);
    live::follow_for_hooks(&app);
    let (router, ways) = all_ways(&app).into_parts();
    app.ways.get_or_init(|| ways);
    router
        .with_state(Arc::clone(&app))
        .layer(DefaultBodyLimit::max(MAX_FORM_BYTES))
        .layer(from_fn(shape::one))
        // The fastest level halves JSON already; a relay has better uses for its processor.
        .layer(CompressionLayer::new().quality(CompressionLevel::Fastest))
        .layer(CatchPanicLayer::custom(armour::panicked))
        .layer(from_fn_with_state(Arc::clone(&app), armour::headers))
        .layer(from_fn_with_state(app, tally::observe))
}

/// Every address that such a node serves, and what it asks for.
pub fn ways(parts: Parts) -> Vec<Way> {
    all_ways(&Arc::new(parts.shared())).into_parts().1
}

fn all_ways(app: &App) -> Ways {
    open(app).merge(private(app)).merge(pushed(app))
}

fn open(app: &App) -> Ways {
    let local =
        if app.has_own_pages() { local::open_pages().get("/api", Need::Open, openapi::page) } else { Ways::new() };
    let people = if app.people.is_some() {
        people::open_ways().merge(people::with_ways()).files(&page::PASSKEY, Need::Open)
    } else {
        Ways::new()
    };
    let devices = if app.devices.is_some() {
        Ways::new().post("/api/v1/devices/displayed", Need::Open, api::device_displayed)
    } else {
        Ways::new()
    };
    let chats = if app.chats.is_some() { api::chat_ways() } else { Ways::new() };
    let public = if app.status.is_some() { public::open_ways() } else { Ways::new() };
    local
        .merge(people)
        .merge(devices)
        .merge(chats)
        .merge(public)
        .merge(web::files(app))
        .files(&page::OPEN, Need::Open)
        .get("/install.sh", Need::Open, install::script)
        .get("/install/{file}", Need::Open, install::file)
        .get("/healthz", Need::Open, health::healthz)
        .get("/readyz", Need::Open, health::readyz)
        .get("/api/v1/openapi.json", Need::Open, openapi::served)
        .get("/prometheus/-/healthy", Need::Open, prometheus::healthy)
        .get("/prometheus/-/ready", Need::Open, prometheus::ready)
        // Looks at the credentials itself, because loopback may need none.
        .get("/metrics", Need::Open, health::metrics)
        .get("/sign-in", Need::Open, door::sign_in_page)
        .post("/sign-in", Need::Open, door::sign_in)
        .post("/sign-out", Need::Open, door::sign_out)
}

fn private(app: &App) -> Ways {
    // A site's people get pages that need no script, a hub's the pages of a browser; where there are neither there is one page.
    // What was the live list beside them leads to them.
    let ways = if app.is_site() || app.options.web.is_there() {
        Ways::new().get("/live", Need::SignedIn, async || Redirect::permanent("/"))
    } else {
        Ways::new().files(&page::PRIVATE, Need::SignedIn).get("/", Need::SignedIn, page::index)
    };
    let ways = if app.options.qr.is_some() {
        let page = "/sites/{client}/{site}/sticker";
        ways.files(&sticker::STYLE, Need::SignedIn).get(page, LOOK, sticker::page)
    } else {
        ways
    };
    let ways = ways
        .nest("/api/v1", of_api(app))
        .nest("/prometheus/api/v1", prometheus_ways())
        .get("/prometheus", Need::SignedIn, prometheus::front)
        .get("/prometheus/", Need::SignedIn, prometheus::front)
        .get("/prometheus/federate", LOOK, prometheus::federate)
        .with(|router| {
            router
                .fallback(nothing_there)
                .method_not_allowed_fallback(wrong_method)
                .layer(from_fn_with_state(Arc::clone(app), door::require))
        });
    let ways = if app.people.is_some() { ways.merge(people::pages(app)) } else { ways };
    let ways = ways.merge(web::pages(app));
    if app.is_site() { ways.merge(local::pages(app)) } else { ways }
}

const PUSH: Need = Need::May(Right::Push);

/// Where others push samples: with a bearer token only, and at most into the places that it may write to.
fn pushed(app: &App) -> Ways {
    let doors = || {
        Ways::new()
            .post("/api/v1/write", PUSH, push::remote_write)
            .post("/prometheus/api/v1/write", PUSH, push::remote_write)
            .post("/v1/metrics", PUSH, push::otlp)
            .post("/prometheus/api/v1/otlp/v1/metrics", PUSH, push::otlp)
            .post("/api/v1/import/prometheus", PUSH, push::text)
    };
    doors().nest("/to/{client}/{site}", doors()).with(|router| {
        router
            .method_not_allowed_fallback(wrong_method)
            .layer(from_fn_with_state(Arc::clone(app), door::require_bearer))
    })
}

async fn nothing_there(State(app): State<App>, parts: Asked) -> Response {
    if let Some(page) = web::missing(&app, &parts) {
        return page;
    }
    let path: String = parts.uri.path().chars().take(80).collect();
    shape::said_to(&parts.uri, Problem::not_found(format!("there is nothing at {path:?}")))
}

async fn wrong_method(uri: Uri) -> Response {
    shape::said_to(
        &uri,
        Problem::new(Code::MethodNotAllowed, "this address does not take this method", "see the Allow header"),
    )
}
