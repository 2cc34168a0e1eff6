//! Routes and schedules as people say them for a place: read, said, taken back; and who stands in.
//!
//! Channels stand in a node's own file and belong to nobody, so who does not tell everywhere names only those that a route of
//! theirs names already: nobody reaches another client's telephones by guessing what they are called.

use std::collections::BTreeSet;

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde_json::Value;
use vigie_model::Slug;
use vigie_people::{At, Right};

use super::incidents::undecided;
use super::routes::{dispatch, sees};
use crate::act::Act;
use crate::answer::{Drawn, seen_as, version_of};
use crate::dispatch::{Dispatch, DispatchSaid, Dispatched, SaidAt};
use crate::door::Caller;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Stamp, work};

/// The longest that somebody stands in.
const LONGEST_MS: i64 = 366 * 86_400_000;

/// `GET /api/v1/routes/{name}?client=&site=`.
pub(crate) async fn route_said(
    state: State<App>,
    caller: Extension<Caller>,
    name: Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    look(state.0, caller.0, Dispatched::Route, name.0, uri, headers).await
}

/// `GET /api/v1/oncall/{name}?client=&site=`.
pub(crate) async fn on_call_said(
    state: State<App>,
    caller: Extension<Caller>,
    name: Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    look(state.0, caller.0, Dispatched::OnCall, name.0, uri, headers).await
}

/// `PUT /api/v1/routes/{name}?client=&site=`: the fields of `[[route]]`.
pub(crate) async fn put_route(
    state: State<App>,
    caller: Extension<Caller>,
    act: Act,
    name: Path<String>,
    uri: Uri,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    put(state.0, (caller.0, act), Dispatched::Route, name.0, uri, headers, fields).await
}

/// `PUT /api/v1/oncall/{name}?client=&site=`: the fields of `[[schedule]]`.
pub(crate) async fn put_on_call(
    state: State<App>,
    caller: Extension<Caller>,
    act: Act,
    name: Path<String>,
    uri: Uri,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    put(state.0, (caller.0, act), Dispatched::OnCall, name.0, uri, headers, fields).await
}

/// `DELETE /api/v1/routes/{name}?client=&site=`.
pub(crate) async fn remove_route(
    state: State<App>,
    caller: Extension<Caller>,
    act: Act,
    name: Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    remove(state.0, (caller.0, act), Dispatched::Route, name.0, uri, headers).await
}

/// `DELETE /api/v1/oncall/{name}?client=&site=`.
pub(crate) async fn remove_on_call(
    state: State<App>,
    caller: Extension<Caller>,
    act: Act,
    name: Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    remove(state.0, (caller.0, act), Dispatched::OnCall, name.0, uri, headers).await
}

/// `POST /api/v1/oncall/{name}/stand-ins?client=&site=`: `who`, `from` (now if left out), `until` or `minutes`.
pub(crate) async fn stand_in(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(name): Path<String>,
    uri: Uri,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let place = said_at(&caller, &uri)?;
        let (who, from, until) = stands_in(&fields, Stamp(app.lookout.now().utc))?;
        let dispatch = dispatch(app)?;
        found(dispatch, Dispatched::OnCall, &place, &name)?;
        let stood = act.carried(app, || dispatch.stand_in(&place, &name, (&who, from, until), act.name()));
        drawn(&stood.map_err(undecided)?, app)
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

async fn look(
    app: App,
    caller: Caller,
    what: Dispatched,
    name: String,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let place = said_at(&caller, &uri)?;
        drawn(&found(dispatch(app)?, what, &place, &name)?, app)
    });
    Ok(drawn.await?.answer(&headers))
}

async fn put(
    app: App,
    (caller, act): (Caller, Act),
    what: Dispatched,
    name: String,
    uri: Uri,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let mut said = fields.map_err(Problem::bad_parameter)?.into_value();
    let drawn = work::list(&app, move |app| {
        let place = said_at(&caller, &uri)?;
        let dispatch = dispatch(app)?;
        let named = said.get("name").and_then(Value::as_str).is_none_or(|said| said == name);
        if !named {
            return Err(Problem::bad_parameter("name is another one than that of the address".to_owned()));
        }
        said["name"] = Value::String(name.clone());
        act.carried(app, || {
            let before = dispatch.said(what, &place, &name);
            // Nobody else acts until this is done: what was seen is what is written over.
            seen_as(&before.as_ref().map(version).unwrap_or_default(), &headers)?;
            may_name(dispatch, &caller, before.as_ref(), &said)?;
            let done = dispatch.say(what, &place, &name, &said, act.name()).map_err(undecided)?;
            drawn(&done, app)
        })
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

async fn remove(
    app: App,
    (caller, act): (Caller, Act),
    what: Dispatched,
    name: String,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let removed = work::list(&app, move |app| {
        let place = said_at(&caller, &uri)?;
        let dispatch = dispatch(app)?;
        act.carried(app, || {
            seen_as(&version(&found(dispatch, what, &place, &name)?), &headers)?;
            dispatch.take_back(what, &place, &name, act.name()).map_err(undecided)
        })
    });
    removed.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

/// The place that somebody names, if they tell people there.
fn said_at(caller: &Caller, uri: &Uri) -> Result<SaidAt, Problem> {
    let params = Params::of_uri(uri);
    let slug = |name: &'static str| {
        let read = |text: &str| text.parse::<Slug>().map_err(|_| Problem::bad_parameter(format!("{name} is no name")));
        params.get(name).map(read).transpose()
    };
    let place = SaidAt { client: slug("client")?, site: slug("site")? };
    if place.site.is_some() && place.client.is_none() {
        return Err(Problem::bad_parameter("a site is one of a client: name both".to_owned()));
    }
    if caller.may(Right::Tell, At::of(place.client.as_ref(), place.site.as_ref())) {
        return Ok(place);
    }
    let next = "name a client and site where you have the right to tell; none is for who has it everywhere";
    Err(Problem::new(Code::NoRight, "these credentials do not say who is told there; nothing was changed", next))
}

fn found(dispatch: &dyn Dispatch, what: Dispatched, place: &SaidAt, name: &str) -> Result<DispatchSaid, Problem> {
    dispatch.said(what, place, name).ok_or_else(|| Problem {
        next: "GET /api/v1/routes and /oncall list what there is; what stands in a node's file is changed there",
        ..Problem::not_found("nothing of that name is said for that place")
    })
}

/// Whether somebody may name these channels.
fn may_name(
    dispatch: &dyn Dispatch,
    caller: &Caller,
    before: Option<&DispatchSaid>,
    said: &Value,
) -> Result<(), Problem> {
    if caller.may(Right::Tell, At::Provider) {
        return Ok(());
    }
    let mut known: BTreeSet<String> = before.map(|before| channels(&before.said)).unwrap_or_default();
    for route in dispatch.routes().into_iter().filter(|route| sees(caller, route)) {
        let place = SaidAt { client: route.client.clone(), site: route.site.clone() };
        known.extend(dispatch.said(Dispatched::Route, &place, &route.name).iter().flat_map(|one| channels(&one.said)));
        known.extend(route.channels.into_iter().chain(route.unknown_channels));
    }
    match channels(said).difference(&known).next() {
        None => Ok(()),
        Some(strange) => {
            let strange: String = strange.chars().take(80).collect();
            let detail = format!("no route of yours names the channel {strange:?}; nothing was changed");
            Err(Problem::new(Code::NoRight, detail, "ask who looks after this hub to name it in a route for you first"))
        }
    }
}

/// The channels that a route or a schedule names.
fn channels(said: &Value) -> BTreeSet<String> {
    let texts = |list: &Value| -> Vec<String> {
        list.as_array().into_iter().flatten().filter_map(|one| one.as_str().map(str::to_owned)).collect()
    };
    let each = |list: &Value| list.as_array().cloned().unwrap_or_default();
    let steps = each(&said["step"]).into_iter().flat_map(|step| texts(&step["channels"]));
    let ways = each(&said["person"]).into_iter().flat_map(|person| each(&person["tell"]));
    let of_people = ways.filter_map(|way| way["channel"].as_str().map(str::to_owned));
    texts(&said["channels"]).into_iter().chain(steps).chain(of_people).collect()
}

fn stands_in(fields: &Fields, now: Stamp) -> Result<(String, Stamp, Stamp), Problem> {
    if let Some(stranger) = fields.stranger(&["who", "from", "until", "minutes"]) {
        let stranger: String = stranger.chars().take(40).collect();
        return Err(Problem::bad_parameter(format!("{stranger:?} is no field: who, from, until, minutes")));
    }
    let wrong = || {
        Problem::bad_parameter("who stands in from a time (now if left out), until one or for minutes, a year at most")
    };
    let time = |name: &str| fields.text(name).map(|text| Stamp::parse(&text).ok_or_else(wrong)).transpose();
    let who = fields.text("who").ok_or_else(wrong)?;
    let from = time("from")?.unwrap_or(now);
    let until = match (time("until")?, fields.text("minutes")) {
        (Some(until), None) => until,
        (None, Some(minutes)) => {
            let minutes: i64 = minutes.parse().map_err(|_| wrong())?;
            Stamp(vigie_model::UtcMs(from.ms().saturating_add(minutes.saturating_mul(60_000))))
        }
        _ => return Err(wrong()),
    };
    let lasts = until.ms().saturating_sub(from.ms());
    if (1..=LONGEST_MS).contains(&lasts) { Ok((who, from, until)) } else { Err(wrong()) }
}

fn version(said: &DispatchSaid) -> String {
    version_of(said)
}

fn drawn(said: &DispatchSaid, app: &Shared) -> Result<Drawn, Problem> {
    Ok(Drawn::new(said, app.lookout.now())?.with_version(&version(said)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_channels_of_steps_and_of_people_are_found_too() {
        let route = json!({ "channels": ["mail"], "step": [{ "channels": ["call"], "on_call": ["n1"] }] });
        assert_eq!(channels(&route), ["call", "mail"].map(str::to_owned).into());
        let schedule = json!({ "person": [{ "name": "marie", "tell": [{ "channel": "sms", "to": "+33" }] }] });
        assert_eq!(channels(&schedule), ["sms"].map(str::to_owned).into());
        assert!(channels(&json!({ "channels": "mail", "step": 3 })).is_empty());
    }

    #[test]
    fn somebody_stands_in_for_a_time_that_ends() {
        let read = |value: Value| {
            let fields: Vec<(&str, Value)> =
                value.as_object().expect("fields").iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
            stands_in(&Fields::of(fields), Stamp(vigie_model::UtcMs(1_000)))
        };
        let (who, from, until) = read(json!({ "who": "paul", "minutes": 5 })).expect("a time");
        assert_eq!((who.as_str(), from.ms(), until.ms()), ("paul", 1_000, 301_000));
        for wrong in [
            json!({ "who": "paul" }),
            json!({ "minutes": 5 }),
            json!({ "who": "p", "minutes": 0 }),
            json!({ "who": "p", "until": "soon" }),
            json!({ "who": "p", "minutes": 5, "zone": "x" }),
        ] {
            assert!(read(wrong.clone()).is_err(), "{wrong}");
        }
    }
}
