//! Ticks that stay at their site until somebody asks for them.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use vigie_model::UtcMs;
use vigie_people::Right;

use super::machines::visible;
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::App;
use crate::{Raw, RawError, work};

/// `GET /api/v1/machines/{id}/raw?start=&end=`: what of a machine's ticks is here, and what became of the wish for the rest.
pub(crate) async fn raw(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(app, (caller, None), id, &uri, &headers).await
}

/// `POST /api/v1/machines/{id}/raw?start=&end=`: asks for what is not here, of who sees the machine and may write into its
/// place: it costs the site's line. 202 once the wish is durable; asking twice is asking once.
pub(crate) async fn ask_raw(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(app, (caller, Some(act)), id, &uri, &headers)
        .await
        .map(|answer| (StatusCode::ACCEPTED, answer).into_response())
}

async fn answer(
    app: App,
    (caller, asks): (Caller, Option<Act>),
    id: String,
    uri: &Uri,
    headers: &HeaderMap,
) -> Result<Response, Problem> {
    let (start, end) = times(&Params::of_uri(uri))?;
    let drawn = work::list(&app, move |app| {
        let machine = visible(app, &caller, &id)?;
        if asks.is_some() && !caller.may(Right::Fetch, machine.at()) {
            let next = "use credentials that may write into the machine's client and site";
            return Err(Problem::new(Code::NoRight, "these credentials may look and not ask; nothing was kept", next));
        }
        let raw = app.lookout.raw(machine.id, start, end, asks.is_some()).map_err(problem)?;
        if let Some(act) = asks {
            let after = json!({ "from_ms": start.0, "until_ms": end.0 });
            let on = format!("{}/{} {}", machine.client, machine.site, machine.name);
            act.noted(app, Some(&machine.client), ("raw.ask", on), (Value::Null, after))?;
        }
        Drawn::new(&raw, app.lookout.now())
    });
    Ok(drawn.await?.answer(headers))
}

fn times(params: &Params) -> Result<(UtcMs, UtcMs), Problem> {
    let time = |name: &str| {
        let missing = || Problem::bad_parameter(format!("{name} is needed: RFC 3339, or seconds since 1970"));
        params.get(name).ok_or_else(missing)?;
        params.time(name, 0).map_err(Problem::bad_parameter)
    };
    let (start, end) = (time("start")?, time("end")?);
    match end.checked_sub(start) {
        Some(0..=Raw::MOST_MS) => Ok((UtcMs(start), UtcMs(end))),
        Some(..0) => Err(Problem::bad_parameter("end is before start")),
        _ => Err(Problem::bad_parameter("at most 31 days may be asked for at once")),
    }
}

fn problem(error: RawError) -> Problem {
    match error {
        RawError::NotHere | RawError::NoMachine => Problem::not_found(error.to_string()),
        RawError::Store(_) => {
            let problem = Problem::new(Code::Busy, error.to_string(), "ask again");
            Problem { retry_after_seconds: Some(5), ..problem }
        }
    }
}
