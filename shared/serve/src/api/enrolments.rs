//! Who is let in to join, and how far are they?

use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::Role;
use vigie_people::{At, Right};

use super::incidents::undecided;
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Enrolment, EnrolmentMade, EnrolmentWish, Enrolments, JoinCommand, Program, work};

/// The newest tokens that are listed.
const MOST: usize = 200;

/// Where a relay's page is, unless its file says otherwise.
const RELAY_HTTP: u16 = 7802;

/// Who may join, and what they are given.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentList {
    /// The newest first, 200 at most.
    enrolments: Vec<Enrolment>,
    /// The agents that this hub hands out.
    programs: Vec<Program>,
}

/// `GET /api/v1/enrolments`: those of the places where the asker lets machines join.
pub(crate) async fn list(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let mut enrolments = letting_in(app)?.list().map_err(undecided)?;
        enrolments.retain(|one| lets_in(&caller, one));
        enrolments.sort_by(|a, b| (b.made_at, &b.id).cmp(&(a.made_at, &a.id)));
        enrolments.truncate(MOST);
        let enrolments = enrolments.into_iter().map(|one| followed(app, &caller, one)).collect();
        Drawn::new(&EnrolmentList { enrolments, programs: app.options.programs.all() }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/enrolments/{id}`.
pub(crate) async fn one(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        Drawn::new(&followed(app, &caller, found), app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/enrolments`: answered with the token and the line to paste, once.
pub(crate) async fn make(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    parts: Parts,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let wish = wish(fields)?;
        if !caller.may(Right::Enrol, At::Site(&wish.client, &wish.site)) {
            return Err(Problem::new(
                Code::NoRight,
                "these credentials let nobody join there; nothing was changed",
                "name a client and site where you have the right to enrol; a new client is for who has it everywhere",
            ));
        }
        let made = letting_in(app)?.make(&wish, act.name()).map_err(undecided)?;
        let after = json!({ "site": wish.site, "roles": wish.roles, "uses": wish.uses,
            "until_ms": made.enrolment.expires_at.ms() });
        let id = made.enrolment.id.clone();
        act.noted(app, Some(&wish.client), ("join-token.make", id), (Value::Null, after))?;
        let commands = if wish.roles.contains(&Role::Agent) { commands(app, &parts, &made) } else { Vec::new() };
        let made = EnrolmentMade { enrolment: made.enrolment, token: made.token, commands };
        Drawn::new(&made, app.lookout.now())
    });
    Ok((StatusCode::CREATED, drawn.await?.answer(&HeaderMap::new())).into_response())
}

/// `DELETE /api/v1/enrolments/{id}`: nobody joins by it any more; who did stays.
pub(crate) async fn revoke(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let revoked = work::list(&app, move |app| {
        let found = visible(app, &caller, &id)?;
        letting_in(app)?.revoke(&id).map_err(undecided)?;
        let before = json!({ "site": found.site, "roles": found.roles, "uses": found.uses_left });
        act.noted(app, Some(&found.client), ("join-token.revoke", id), (before, Value::Null))
    });
    revoked.await.map(|()| StatusCode::NO_CONTENT.into_response())
}

fn letting_in(app: &Shared) -> Result<&dyn Enrolments, Problem> {
    app.enrolments.as_deref().ok_or_else(|| Problem::not_found("machines join at the hub, not at this node"))
}

fn lets_in(caller: &Caller, one: &Enrolment) -> bool {
    caller.may(Right::Enrol, At::Site(&one.client, &one.site))
}

fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Enrolment, Problem> {
    let found = letting_in(app)?.list().map_err(undecided)?;
    let found = found.into_iter().find(|one| one.id == id && lets_in(caller, one));
    found.ok_or_else(|| Problem {
        next: "GET /api/v1/enrolments lists those of your places",
        ..Problem::not_found("there is no such token here")
    })
}

/// With what is heard of each machine, for who may look at it.
fn followed(app: &Shared, caller: &Caller, mut one: Enrolment) -> Enrolment {
    if caller.sees_at(Some(&one.client), Some(&one.site)) {
        for joined in one.joined.iter_mut().filter(|joined| joined.role == Role::Agent) {
            let machine = app.machine(joined.id);
            joined.reachability = machine.as_ref().map(|machine| machine.reachability);
            joined.last_sample = machine.and_then(|machine| machine.last_sample);
        }
    }
    one
}

fn wish(fields: Fields) -> Result<EnrolmentWish, Problem> {
    let wrong = |why: String| Err(Problem::bad_parameter(why));
    let wish: EnrolmentWish = match serde_json::from_value(fields.into_value()) {
        Ok(wish) => wish,
        Err(error) => return wrong(format!("that lets nobody join: {error}")),
    };
    if wish.roles.is_empty() || wish.roles.contains(&Role::Hub) {
        return wrong("roles are agent, relay, or both".to_owned());
    }
    if !(1..=EnrolmentWish::MOST_USES).contains(&wish.uses) {
        return wrong(format!("uses are 1 to {}", EnrolmentWish::MOST_USES));
    }
    if !(1..=EnrolmentWish::MOST_MINUTES).contains(&wish.minutes) {
        return wrong(format!("minutes are 1 to {}: a week", EnrolmentWish::MOST_MINUTES));
    }
    Ok(wish)
}

/// One for machines that reach this hub, and one for each relay of the site.
fn commands(app: &Shared, parts: &Parts, made: &crate::MadeToken) -> Vec<JoinCommand> {
    let programs = &app.options.programs;
    if programs.all().is_empty() {
        return Vec::new();
    }
    let sha256 = programs.script_sha256();
    let hub = origin(app, parts).map(|from| {
        let command = command(&from, &sha256, &made.token, Some(&made.enrolment.id), None);
        JoinCommand { through: "hub", from, command }
    });
    let relays = made.relays.iter().filter(|relay| is_plain(relay)).filter_map(|relay| {
        let from = format!("http://{}:{RELAY_HTTP}", relay.rsplit_once(':')?.0);
        let command = command(&from, &sha256, &made.token, None, Some(relay));
        Some(JoinCommand { through: "relay", from, command })
    });
    hub.into_iter().chain(relays).collect()
}

/// Where people reach this hub: as its operator says, or as this one did.
fn origin(app: &Shared, parts: &Parts) -> Option<String> {
    if let Some(origin) = &app.options.origin {
        return Some(origin.trim_end_matches('/').to_owned());
    }
    let host = parts.headers.get(header::HOST)?.to_str().ok().filter(|host| is_plain(host))?;
    Some(format!("{}://{host}", if app.options.tls { "https" } else { "http" }))
}

/// Whether a host and port can stand in a line for a shell as they are. They come from relays and from requests.
fn is_plain(host: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".:-[]".contains(&byte);
    !host.is_empty() && host.len() <= 261 && host.bytes().all(fits)
}

/// The script is fetched into a file, must be the one that this hub knows, and only then gets the token, on its standard
/// input: nobody on the way can put another in its place, and no list of processes shows the token.
fn command(from: &str, sha256: &str, token: &str, id: Option<&str>, via: Option<&str>) -> String {
    let query = id.map(|id| format!("?for={id}")).unwrap_or_default();
    let via = via.map(|via| format!(" --via '{via}'")).unwrap_or_default();
    format!(
        "f=$(mktemp) && curl -fsS '{from}/install.sh{query}' -o \"$f\" && echo \"{sha256}  $f\" | sha256sum -c - && \
         echo {token} | $(command -v sudo) sh \"$f\" --from '{from}'{via}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_gives_the_token_to_nothing_but_the_script_it_knows() {
        let line = command("http://hub:7880", "ab", "vg1.x", Some("07"), None);
        assert_eq!(
            line,
            "f=$(mktemp) && curl -fsS 'http://hub:7880/install.sh?for=07' -o \"$f\" && echo \"ab  $f\" | sha256sum -c - \
             && echo vg1.x | $(command -v sudo) sh \"$f\" --from 'http://hub:7880'"
        );
        assert!(command("http://r:7802", "ab", "vg1.x", None, Some("r:7801")).ends_with("--via 'r:7801'"));
    }

    #[test]
    fn what_a_relay_calls_itself_does_nothing_in_a_shell() {
        for good in ["192.168.1.10:7801", "lyon-r1.example.org:7801", "[2001:db8::1]:7801"] {
            assert!(is_plain(good), "{good}");
        }
        for bad in ["", "a b:1", "$(reboot):7801", "a';id;':1", "a\n:1", "a/b:1", "é:1"] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}
