//! Which telephones and browsers has somebody, and do they ring?

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_people::{Id, Who};

use super::incidents::undecided;
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::{Caller, from_own_page};
use crate::people::seeing;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Device, DeviceChange, DeviceWish, Devices, work};

/// The longest word of a receipt: ours have 22 characters.
const RECEIPT_BYTES: usize = 64;

/// Somebody's devices, and what a browser is given to subscribe.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeviceList {
    /// `applicationServerKey` of the Push API, in base64url.
    key: String,
    devices: Vec<Device>,
}

/// That a message was shown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Displayed {
    /// The word that stood in the message.
    #[schema(max_length = 64)]
    receipt: String,
}

/// `GET /api/v1/me/devices`.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let person = own(app, &caller)?;
        let kept = kept(app)?;
        let key = kept.public_key().map_err(undecided)?;
        Drawn::new(&DeviceList { key, devices: kept.of(&person) }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/me/devices`: this browser is pushed to from now on.
pub(crate) async fn add(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let wish: DeviceWish = read(fields)?;
    let origin = origin_of(&headers);
    let drawn = work::list(&app, move |app| {
        // Who asks comes before what they say.
        let person = own(app, &caller)?;
        let origin = origin?;
        let made = kept(app)?.add(&person, &wish, &origin).map_err(undecided)?;
        // The address of a subscription opens it: the audit has the push service alone.
        let after = json!({ "name": made.name, "by": host(&wish.subscription.endpoint) });
        act.noted(app, None, ("device.add", made.id.clone()), (Value::Null, after))?;
        Drawn::new(&made, app.lookout.now())
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

/// `PUT /api/v1/me/devices/{id}`: its name, and when it does not ring.
pub(crate) async fn change(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let change: DeviceChange = read(fields)?;
    let drawn = work::list(&app, move |app| {
        let person = own(app, &caller)?;
        let before = found(app, &person, &id)?;
        let after = kept(app)?.change(&person, &id, &change).map_err(undecided)?;
        let said = |one: &Device| json!({ "name": one.name, "quiet": one.quiet });
        act.noted(app, None, ("device.change", id), (said(&before), said(&after)))?;
        Drawn::new(&after, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `DELETE /api/v1/me/devices/{id}`.
pub(crate) async fn remove(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let removed = work::list(&app, move |app| {
        let person = own(app, &caller)?;
        let before = kept(app)?.remove(&person, &id).map_err(undecided)?;
        act.noted(app, None, ("device.remove", id), (json!({ "name": before.name }), Value::Null))
    });
    removed.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

/// `POST /api/v1/me/devices/{id}/test`: pushes a test now, and says what the push service said.
pub(crate) async fn test(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let person = own(app, &caller)?;
        let tried = kept(app)?.test(&person, &id).map_err(undecided)?;
        act.noted(app, None, ("device.test", id), (Value::Null, json!({ "taken": tried.taken })))?;
        Drawn::new(&tried, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// `POST /api/v1/devices/displayed`: a device has shown a message. Open: a session may be over by then, and the word alone says
/// which message it was, to nobody but who got it. It is 128 bits of chance, and what is no such word is answered alike.
pub(crate) async fn displayed(
    State(app): State<App>,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    from_own_page(&headers)?;
    let Displayed { receipt } = read(fields)?;
    let shown = work::list(&app, move |app| {
        if receipt.len() <= RECEIPT_BYTES {
            kept(app)?.displayed(&receipt).map_err(undecided)?;
        }
        Ok(())
    });
    shown.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

fn kept(app: &Shared) -> Result<&dyn Devices, Problem> {
    app.devices.as_deref().ok_or_else(|| Problem::not_found("this node pushes to no devices"))
}

/// The person whose browser asks, themselves.
fn own(app: &Shared, caller: &Caller) -> Result<Id, Problem> {
    match &caller.who.who {
        // Whoever sees as them neither reads nor changes where they are told.
        Who::Person(id, _) if seeing::seeing(app, caller).is_none() => Ok(id.clone()),
        _ => Err(Problem::new(
            Code::NoRight,
            "devices are of a person who signed in with this browser; nothing was changed",
            "sign in as yourself",
        )),
    }
}

fn found(app: &Shared, person: &Id, id: &str) -> Result<Device, Problem> {
    kept(app)?.of(person).into_iter().find(|one| one.id == id).ok_or_else(|| Problem {
        next: "GET /api/v1/me/devices lists yours",
        ..Problem::not_found("there is no such device of yours")
    })
}

fn read<T: DeserializeOwned>(fields: Result<Fields, String>) -> Result<T, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    serde_json::from_value(fields.into_value()).map_err(|error| Problem::bad_parameter(error.to_string()))
}

/// Where the browser's pages are, as it says itself: a tap on a message leads there.
fn origin_of(headers: &HeaderMap) -> Result<String, Problem> {
    let said = |name| headers.get(name).and_then(|said: &header::HeaderValue| said.to_str().ok());
    let origin = said(header::ORIGIN).map(str::to_owned);
    let origin = origin.or_else(|| said(header::HOST).map(|host| format!("https://{host}")));
    let is_one = |origin: &String| {
        let uri: Option<Uri> = origin.parse().ok().filter(|_| origin.len() <= 300);
        uri.is_some_and(|uri| matches!(uri.scheme_str(), Some("https" | "http")) && uri.authority().is_some())
    };
    origin.filter(is_one).ok_or_else(|| Problem::bad_parameter("the browser says no Origin where its pages are"))
}

fn host(endpoint: &str) -> String {
    let uri: Option<Uri> = endpoint.parse().ok();
    uri.and_then(|uri| Some(uri.authority()?.host().to_owned())).unwrap_or_default()
}
