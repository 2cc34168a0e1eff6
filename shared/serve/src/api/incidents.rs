//! What is wrong, and what people decide of it.

mod wanted;

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{Slug, UtcMs};
use vigie_people::At;

use self::wanted::{Looked, Wanted, marked};
use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Cut, Decision, Incident, Incidents, Sketch, Stamp, Undecided, work};

/// Incidents in one answer unless the asker says otherwise.
const USUAL_LIMIT: usize = 100;

/// The longest snooze: what is to be quiet for longer is muted, with a reason.
const LONGEST_SNOOZE_MS: i64 = 31 * 86_400_000;

/// The longest that a decision waits for a line: what was decided before that is looked at again.
const LONGEST_WAIT_MS: i64 = 7 * 86_400_000;

/// What is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct IncidentList {
    incidents: Vec<Incident>,
    /// What happened at sites while they were cut off.
    cuts: Vec<Cut>,
    /// Another number whenever something changed.
    changes: u64,
    /// How many incidents match, on all pages.
    total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    next_cursor: Option<String>,
}

/// `GET /api/v1/incidents?q=&limit=&cursor=&standing=&client=&site=&machine=&severity=&since=`: newest first; those that are open unless
/// `standing` says otherwise.
pub(crate) async fn incidents(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::read(&Params::of_uri(&uri))?;
    let drawn = work::list(&app, move |app| {
        let watch = watched(app)?;
        let changes = watch.changes();
        let (now, marks) = (app.lookout.now(), app.marks());
        let sees_all = caller.sees_all();
        let there = |client: Option<&Slug>, site: Option<&Slug>| {
            caller.sees_some_of(client, site) && wanted.may_be_at(client, site)
        };
        let sees = |one: &Sketch<'_>| sees_all || caller.sees_there(marks.at(one.client, one.site, one.about));
        let list::Page { rows: incidents, total, next_cursor } = if wanted.is_plain() {
            wanted.list.drawn_page(
                |id: &str| wanted.list.after().is_none_or(|after| id < after),
                |choose| watch.incidents_at(&there, &mut |one| wanted.may_have(one) && sees(one) && choose(one.id)),
                |one| one.id.clone(),
            )
        } else {
            let mut incidents = watch.incidents_at(&there, &mut |one| wanted.may_have(one) && sees(one));
            incidents.retain(|one| {
                wanted.has(one) && wanted.list.keeps(&Looked { one, mark: marked(one, &marks), now: now.utc })
            });
            wanted.list.page_down(incidents, |one| one.id.clone())
        };
        let mut cuts = watch.cuts();
        cuts.retain(|cut| caller.sees_at(Some(&cut.client), Some(&cut.site)) && wanted.is_of(&cut.client, &cut.site));
        Drawn::new(&IncidentList { incidents, cuts, changes, total, next_cursor }, now)
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/incidents/{id}`.
pub(crate) async fn incident(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| Drawn::new(&visible(app, &caller, &id)?, app.lookout.now()));
    Ok(drawn.await?.answer(&headers))
}

/// `POST /api/v1/incidents/{id}/{word}`: decides, in the name of who asks; of who sees the incident and has the right to
/// decide of its place.
pub(crate) async fn decide(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path((id, word)): Path<(String, String)>,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let drawn = work::list(&app, move |app| {
        let incident = visible(app, &caller, &id)?;
        may_decide(&caller, incident.at(&app.marks()))?;
        let now = app.lookout.now().utc;
        let happened = happened(fields.text("happened_at"), &incident, now)?;
        let decision = read(&word, &fields, happened.map_or(now, |at| UtcMs(at.ms())), now)?;
        if matches!(decision, Decision::Resolve(_)) {
            still_meant(&incident, happened)?;
        }
        let watch = watched(app)?;
        let decided = act.carried(app, || watch.decide_then(&id, decision, act.name(), happened)).map_err(undecided)?;
        Drawn::new(&decided, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// The watch of this node.
pub(super) fn watched(app: &Shared) -> Result<&dyn Incidents, Problem> {
    let none = || Problem::not_found("this node evaluates no rules");
    app.incidents.as_deref().ok_or_else(none)
}

/// An incident that the asker may see; what others have is not there for them.
pub(super) fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Incident, Problem> {
    let found = watched(app)?.incident(id).filter(|one| caller.sees_there(one.at(&app.marks())));
    found.ok_or_else(|| Problem {
        next: "GET /api/v1/incidents lists what you may see",
        ..Problem::not_found("there is no such incident here")
    })
}

/// Who was given the right decides, within what they see. To write samples into a place is no such right.
pub(super) fn may_decide(caller: &Caller, at: At<'_>) -> Result<(), Problem> {
    let next = "use credentials that decide there: vigie-cloud api-token create --decide, or grant add at a site";
    if caller.decides_there(at) {
        Ok(())
    } else {
        Err(Problem::new(Code::NoRight, "these credentials do not decide there; nothing was changed", next))
    }
}

/// As [`may_decide`], of when nobody is told.
pub(super) fn may_mute(caller: &Caller, at: At<'_>) -> Result<(), Problem> {
    let next = "use credentials that mute there: vigie-cloud api-token create --decide, or grant add at a site";
    if caller.mutes_there(at) {
        Ok(())
    } else {
        Err(Problem::new(Code::NoRight, "these credentials mute nothing there; nothing was changed", next))
    }
}

/// When somebody decided who had no line then, as their own clock says: never before what is decided of was known here, nor
/// after now, for a clock may be wrong. Nothing where they decide now.
pub(super) fn happened(said: Option<String>, incident: &Incident, now: UtcMs) -> Result<Option<Stamp>, Problem> {
    let wrong = || Problem::bad_parameter("happened_at is a time (RFC 3339)");
    let Some(said) = said else { return Ok(None) };
    let said = Stamp::parse(&said).ok_or_else(wrong)?;
    if now.0.saturating_sub(said.ms()) > LONGEST_WAIT_MS {
        let detail = "that was decided more than 7 days ago; nothing was changed";
        return Err(Problem::new(Code::Changed, detail, "look at it as it is now and decide again"));
    }
    Ok(Some(Stamp(UtcMs(said.ms().max(incident.learnt_at.ms()).min(now.0)))))
}

/// Whether it is what somebody meant who closed it then: it did not begin again since.
fn still_meant(incident: &Incident, happened: Option<Stamp>) -> Result<(), Problem> {
    let again = incident.since.filter(|since| happened.is_some_and(|happened| since.ms() > happened.ms()));
    match again {
        // What began after it was known here began again.
        Some(since) if since.ms() > incident.learnt_at.ms() => {
            let detail = "it began again after that was decided; it stays open, and nothing was changed";
            Err(Problem::new(Code::Changed, detail, "look at it as it is now and decide again"))
        }
        _ => Ok(()),
    }
}

fn read(word: &str, fields: &Fields, from: UtcMs, now: UtcMs) -> Result<Decision, Problem> {
    const FIELDS: [&str; 4] = ["text", "until", "minutes", "happened_at"];
    if let Some(stranger) = fields.stranger(&FIELDS) {
        let stranger: String = stranger.chars().take(40).collect();
        return Err(Problem::bad_parameter(format!("{stranger:?} is no field of a decision: {}", FIELDS.join(", "))));
    }
    let text = fields.text("text").unwrap_or_default();
    match word {
        "acknowledge" => Ok(Decision::Acknowledge(text)),
        "unacknowledge" => Ok(Decision::Unacknowledge),
        "assign" => Ok(Decision::Assign(text)),
        "comment" => Ok(Decision::Comment(text)),
        "snooze" => Ok(Decision::Snooze(until(fields, from, now)?)),
        "wake" => Ok(Decision::Wake),
        "resolve" => Ok(Decision::Resolve(text)),
        _ => Err(Problem::bad_parameter(format!("a decision is one of {}", Decision::WORDS.join(", ")))),
    }
}

/// Minutes count from when it was decided.
fn until(fields: &Fields, from: UtcMs, now: UtcMs) -> Result<Stamp, Problem> {
    let wrong = || Problem::bad_parameter("a snooze has until (RFC 3339) or minutes, at most 31 days ahead");
    let at = match (fields.text("until"), fields.text("minutes")) {
        (Some(until), None) => Stamp::parse(&until).ok_or_else(wrong)?,
        (None, Some(minutes)) => {
            let minutes: i64 = minutes.parse().map_err(|_| wrong())?;
            Stamp(UtcMs(from.0.saturating_add(minutes.saturating_mul(60_000))))
        }
        _ => return Err(wrong()),
    };
    if from < now && at.ms() <= now.0 {
        let detail = "that quiet is over already; nothing was changed";
        return Err(Problem::new(Code::Changed, detail, "look at it as it is now and decide again"));
    }
    if at.ms().saturating_sub(now.0) > LONGEST_SNOOZE_MS { Err(wrong()) } else { Ok(at) }
}

/// Why nothing was decided, as it is told.
pub(super) fn undecided(error: Undecided) -> Problem {
    let said = error.to_string();
    match error {
        Undecided::NotHere(_) => Problem::not_found(said),
        Undecided::Senseless(_) => Problem::bad_parameter(said),
        Undecided::Changed => Problem::new(Code::Changed, said, "look at it again and decide again"),
        Undecided::NotKept(_) => {
            Problem { retry_after_seconds: Some(5), ..Problem::new(Code::Busy, said, "ask again") }
        }
    }
}
