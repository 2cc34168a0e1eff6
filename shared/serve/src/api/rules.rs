//! The rules that are evaluated here, what is said of each at which level, and changing that.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use vigie_model::Slug;
use vigie_people::{At, Right, Scope};

use super::incidents::{may_decide, undecided, watched};
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::params::Params;
use crate::problem::Problem;
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{LabelSet, RuleGroup, RuleLevels, RuleWish, work};

/// What is evaluated here.
#[derive(Serialize, ToSchema)]
pub(crate) struct Rules {
    groups: Vec<RuleGroup>,
}

/// `GET /api/v1/watch/rules`: the rules that are evaluated here, and what they found of what the asker may see.
pub(crate) async fn rules(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let groups = rules_of(app, &caller);
        Drawn::new(&Rules { groups }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// What those who do not see every client are told of a rule that fails: the reason quotes labels, which may be others'.
const WHY_NOT_SHOWN: &str = "it could not be worked out; who sees every client sees why";

/// What an expression holds that is evaluated for all but some places.
const NAMES_OTHERS: [&str; 4] = ["client!~", "site!~", "machine_id!~", "machine_id=~"];

/// And what is shown of it to those who do not see every client: it names the places that it leaves out.
const EXPR_NOT_SHOWN: &str = "as it is written, but not where a narrower place says something else";

/// The rules with the alerts that the asker may see; none on a node that evaluates none.
pub(crate) fn rules_of(app: &Shared, caller: &Caller) -> Vec<RuleGroup> {
    let marks = app.marks();
    let sees = |labels: &LabelSet| caller.sees_labels(labels, &marks);
    let mut groups = app.incidents.as_ref().map(|watch| watch.rules_where(&sees)).unwrap_or_default();
    // Another client's rules are another client's, and another site's are another site's.
    groups.retain(|group| concerns(caller, group.origin.client.as_ref(), group.origin.site.as_ref()));
    for rule in groups.iter_mut().flat_map(|group| &mut group.rules) {
        if !caller.sees_all() {
            rule.last_error = rule.last_error.take().map(|_| WHY_NOT_SHOWN.to_owned());
            if NAMES_OTHERS.iter().any(|matcher| rule.expr.contains(matcher)) {
                rule.expr = EXPR_NOT_SHOWN.to_owned();
            }
        }
    }
    groups
}

/// `GET /api/v1/watch/rules/{name}?machine=`: what is said of a rule at each level that the asker may see, and what holds for
/// a machine, value by value.
pub(crate) async fn levels(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let machine = Params::of_uri(&uri).get("machine").map(str::to_owned);
    let drawn = work::list(&app, move |app| {
        // By its id from here on: others may have machines of that name.
        let machine = machine.map(|typed| {
            let mut seen = app.machines_seen(&caller).into_iter();
            let found = seen.find(|one| one.name == typed || one.id.to_string() == typed);
            found.map(|one| one.id.to_string()).ok_or_else(|| Problem::not_found("there is no such machine here"))
        });
        let found = watched(app)?.levels(&name, machine.transpose()?.as_deref());
        let levels = found.ok_or_else(|| Problem {
            next: "GET /api/v1/watch/rules lists the rules",
            ..Problem::not_found("nothing is said here of a rule of that name")
        })?;
        Drawn::new(&seen(levels, &caller), app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/watch/rules`: says what of a rule is different at a place, in the words of a form; of who decides there.
pub(crate) async fn tune(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let drawn = change(&app, (caller, act), headers, fields, |watch, wish, by| watch.tune(wish, by)).await?;
    Ok((StatusCode::CREATED, drawn).into_response())
}

/// `POST /api/v1/watch/rules/unset`: takes back what is said at a place: `name`, and the place.
pub(crate) async fn untune(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    change(&app, (caller, act), headers, fields, |watch, wish, by| watch.untune(wish, by)).await
}

type Change = fn(&dyn crate::Incidents, &RuleWish, &str) -> Result<RuleLevels, crate::Undecided>;

async fn change(
    app: &App,
    (caller, act): (Caller, Act),
    headers: HeaderMap,
    fields: Result<Fields, String>,
    what: Change,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(app, move |app| {
        let wish = wish(app, &caller, fields)?;
        may_decide(&caller, At::of(wish.client.as_ref(), wish.site.as_ref()))?;
        let watch = watched(app)?;
        let levels = act.carried(app, || {
            // The version that they saw is the answer that they got; nobody else acts until this is done.
            if let Some(known) = headers.get(header::IF_MATCH) {
                let now = watch.levels(&wish.name, None).unwrap_or_default();
                Drawn::new(&seen(now, &caller), app.lookout.now())?.is(known)?;
            }
            what(watch, &wish, act.name()).map_err(undecided)
        })?;
        Drawn::new(&seen(levels, &caller), app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// Without what is said at other clients' places.
fn seen(mut levels: RuleLevels, caller: &Caller) -> RuleLevels {
    levels.levels.retain(|level| concerns(caller, level.client.as_ref(), level.site.as_ref()));
    levels
}

/// Whether what is said at a place holds for anything that the asker sees: of theirs, or of what theirs is a part of. What is
/// said of a client is of all its machines, and not for who sees some of them by their tags.
fn concerns(caller: &Caller, client: Option<&Slug>, site: Option<&Slug>) -> bool {
    let theirs = |scope: &Scope| !scope.is_tagged() && scope.of_client().is_none_or(|own| Some(own) == client);
    match (client, site) {
        (None, _) => true,
        (Some(_), None) => caller.powers().scopes(Right::Look).any(theirs),
        (Some(_), Some(_)) => caller.sees_at(client, site),
    }
}

/// The wish in a body. A relay's is for its own site; a machine's is for its place.
fn wish(app: &Shared, caller: &Caller, fields: Fields) -> Result<RuleWish, Problem> {
    let mut value = fields.into_value();
    if let Value::Object(fields) = &mut value {
        if let Some(home) = watched(app)?.home() {
            fields.entry("client").or_insert_with(|| home.client.to_string().into());
            fields.entry("site").or_insert_with(|| home.site.to_string().into());
        }
        of_a_form(fields);
    }
    let mut wish: RuleWish = serde_json::from_value(value)
        .map_err(|error| Problem::bad_parameter(format!("that is nothing said of a rule: {error}")))?;
    if let (Some(typed), true) = (&wish.machine, wish.client.is_none() || wish.site.is_none()) {
        // Others may have machines of that name, and nobody learns of it.
        let seen = app.machines_seen(caller).into_iter();
        let mut meant = seen.filter(|one| one.name == *typed || one.id.to_string() == *typed);
        if let (Some(one), None) = (meant.next(), meant.next()) {
            (wish.client, wish.site) = (Some(one.client), Some(one.site));
        }
    }
    if wish.site.is_some() && wish.client.is_none() {
        return Err(Problem::bad_parameter("a site is one of a client: name both".to_owned()));
    }
    Ok(wish)
}

/// A form's values are texts, and what was left empty was not said.
fn of_a_form(fields: &mut Map<String, Value>) {
    fields.retain(|_, value| value != "");
    if let Some(on) = fields.get("on").and_then(Value::as_str).and_then(|text| text.parse::<bool>().ok()) {
        fields.insert("on".to_owned(), on.into());
    }
}
