//! For how long were machines there?

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use vigie_model::Slug;

use super::incidents::{undecided, watched};
use crate::answer::Drawn;
use crate::door::Caller;
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::App;
use crate::{AvailabilityWish, work};

/// What is asked for if nobody says since when: a day.
const USUAL_MS: i64 = 24 * 3_600_000;

/// `GET /api/v1/availability?client=&site=&start=&end=`: the minutes of each machine that were up, down and unverified, as
/// far as they are known now; the last day unless said otherwise.
pub(crate) async fn availability(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::of_uri(&uri);
    let drawn = work::list(&app, move |app| {
        let wish = read(&params, &caller, app.lookout.now().utc.0)?;
        Drawn::new(&watched(app)?.availability(&wish).map_err(undecided)?, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

fn read(params: &Params, caller: &Caller, now_ms: i64) -> Result<AvailabilityWish, Problem> {
    let slug = |name: &str| -> Result<Option<Slug>, Problem> {
        let wrong = |_| Problem::bad_parameter(format!("{name} is a name of small letters, digits and -"));
        params.get(name).map(|text| text.parse().map_err(wrong)).transpose()
    };
    let to_ms = params.time("end", now_ms).map_err(Problem::bad_parameter)?;
    let from_ms = params.time("start", to_ms.saturating_sub(USUAL_MS)).map_err(Problem::bad_parameter)?;
    let (client, site) = (slug("client")?, slug("site")?);
    Ok(AvailabilityWish { seen: caller.powers().clone(), client, site, from_ms, to_ms })
}
