//! How does telling people go, and what do people decide of a message that waits or was given up?

use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_people::{At, Right};

use super::incidents::{undecided, visible, watched};
use super::routes::dispatch;
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::shared::App;
use crate::{Dispatch, Message, Telling, Undecided, work};

/// `GET /api/v1/telling`: how telling people goes, for who sees everything.
pub(crate) async fn telling(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        if !caller.sees_all() {
            return Err(of_all_together());
        }
        Drawn::new(&watched(app)?.telling(), app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// One message, and what became of it.
#[derive(Serialize, ToSchema)]
pub(crate) struct MessageWhole {
    /// Where it stands: `waiting` until its receiver has it, `sent`, or `dead` where it was given up.
    state: &'static str,
    #[serde(flatten)]
    message: Message,
}

/// `GET /api/v1/telling/{id}`: one of the messages that `GET /telling` lists.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        if !caller.sees_all() {
            return Err(of_all_together());
        }
        let Telling { waiting, sent, dead, .. } = watched(app)?.telling();
        let all = [("waiting", waiting), ("sent", sent), ("dead", dead)].into_iter();
        let mut all = all.flat_map(|(state, of)| of.into_iter().map(move |message| MessageWhole { state, message }));
        let found = all.find(|one| one.message.id == id).ok_or_else(|| Problem {
            next: "GET /api/v1/telling lists those that wait, were given up, or were sent last",
            ..Problem::not_found("there is no such message here")
        })?;
        Drawn::new(&found, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/incidents/{id}/messages`: who was told of it, for whoever sees it. To whom and what was answered is for who
/// sees everybody's: receivers are people.
pub(crate) async fn of_incident(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        visible(app, &caller, &id)?;
        let mut told = dispatch(app)?.told_of(&id).map_err(undecided)?;
        if !caller.sees_all() {
            told.messages.iter_mut().for_each(|one| (one.to, one.said) = (None, None));
        }
        Drawn::new(&told, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/telling/{id}/retry`: a message that waits, or was given up, is sent now.
pub(crate) async fn send_again(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    decide(app, caller, act, id, "message.retry", |dispatch, id| dispatch.send_again(id)).await
}

/// `POST /api/v1/telling/{id}/cancel`: a message that waits is not sent.
pub(crate) async fn call_off(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    decide(app, caller, act, id, "message.cancel", |dispatch, id| dispatch.call_off(id)).await
}

/// What is decided of a message.
type Decision = fn(&dyn Dispatch, &str) -> Result<Message, Undecided>;

async fn decide(
    app: App,
    caller: Caller,
    act: Act,
    id: String,
    what: &'static str,
    decision: Decision,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        if !caller.sees_all() || !caller.may(Right::Tell, At::Provider) {
            return Err(of_all_together());
        }
        let message = decision(dispatch(app)?, &id).map_err(undecided)?;
        // Not to whom, nor what it said: that is nobody's to keep for ever.
        let after = json!({ "route": message.route, "channel": message.channel });
        act.noted(app, None, (what, message.id.clone()), (Value::Null, after))?;
        Drawn::new(&message, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

fn of_all_together() -> Problem {
    let next = "use credentials that see every client, and to decide of messages tell everywhere";
    Problem::new(Code::NoRight, "messages are of all clients together", next)
}
