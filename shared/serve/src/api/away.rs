//! For how long were machines there?

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::Slug;

use super::incidents::{undecided, watched};
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list;
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::App;
use crate::{Availability, AvailabilityWish, PlacesPage, PlacesTold, SiteMinutes, work};

/// What is asked for if nobody says since when: a day.
const USUAL_MS: i64 = 24 * 3_600_000;

/// Machines in one answer unless the asker says otherwise: what the pages add up at once.
const USUAL_LIMIT: usize = 500;

/// The minutes of machines, by client and site.
#[derive(Serialize, ToSchema)]
pub(crate) struct AvailabilityPage {
    #[serde(flatten)]
    minutes: Availability,
    /// How many machines there are on all pages.
    total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    next_cursor: Option<String>,
}

/// `GET /api/v1/availability?client=&site=&start=&end=&limit=&cursor=`: the minutes of each machine that were up, down and
/// unverified, as far as they are known now; the last day unless said otherwise. A site is told of whole.
pub(crate) async fn availability(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::of_uri(&uri);
    let drawn = work::list(&app, move |app| {
        let wanted =
            list::Wanted::unfiltered(&params, "availability", USUAL_LIMIT, &["client", "site", "start", "end"])?;
        let wrong = || Problem::bad_parameter("cursor is none of availability");
        let after = wanted.after().map(|after| After::read(after).ok_or_else(wrong)).transpose()?;
        let wish = read(&params, &caller, app.lookout.now().utc.0, after.as_ref())?;
        let page = PlacesPage { after: after.map(|after| after.place), machines: wanted.limit() };
        let told = watched(app)?.availability_of(&wish, &page).map_err(undecided)?;
        let last = told.minutes.sites.last().filter(|_| told.more);
        let next_cursor = last.map(|last| wanted.cursor(&After::key(&wish, last)));
        let PlacesTold { minutes, total, .. } = told;
        Drawn::new(&AvailabilityPage { minutes, total, next_cursor }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// Where a page begins. All pages are of the time that the first one was of, whenever they are asked for.
struct After {
    from_ms: i64,
    to_ms: i64,
    place: (Slug, Slug),
}

impl After {
    fn key(wish: &AvailabilityWish, last: &SiteMinutes) -> String {
        format!("{} {} {} {}", wish.from_ms, wish.to_ms, last.client, last.site)
    }

    fn read(key: &str) -> Option<Self> {
        let mut parts = key.split(' ');
        let (from_ms, to_ms) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        Some(Self { from_ms, to_ms, place: (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?) })
    }
}

fn read(params: &Params, caller: &Caller, now_ms: i64, after: Option<&After>) -> Result<AvailabilityWish, Problem> {
    let slug = |name: &str| -> Result<Option<Slug>, Problem> {
        let wrong = |_| Problem::bad_parameter(format!("{name} is a name of small letters, digits and -"));
        params.get(name).map(|text| text.parse().map_err(wrong)).transpose()
    };
    let (client, site) = (slug("client")?, slug("site")?);
    let (from_ms, to_ms) = match after {
        Some(after) => (after.from_ms, after.to_ms),
        None => {
            let to_ms = params.time("end", now_ms).map_err(Problem::bad_parameter)?;
            (params.time("start", to_ms.saturating_sub(USUAL_MS)).map_err(Problem::bad_parameter)?, to_ms)
        }
    };
    Ok(AvailabilityWish { seen: caller.powers().clone(), client, site, from_ms, to_ms })
}
