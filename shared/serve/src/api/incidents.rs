//! What is wrong, and what people decide of it.

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{Severity, Slug, UtcMs};
use vigie_query::filter::{self, Field, Kind};

use crate::act::Act;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Cut, Decision, Incident, IncidentState, Incidents, Stamp, Undecided, work};

/// Incidents in one answer unless the asker says otherwise.
const USUAL_LIMIT: usize = 500;

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
        let mut incidents = watch.incidents();
        let now = app.lookout.now();
        incidents.retain(|one| {
            caller.sees_at(one.client.as_ref(), one.site.as_ref())
                && wanted.has(one)
                && wanted.list.keeps(&Looked { one, now: now.utc })
        });
        // An id begins with its time, so that the newest is the last by name.
        incidents.sort_by(|a, b| b.id.cmp(&a.id));
        let list::Page { rows: incidents, total, next_cursor } = wanted.list.page_down(incidents, |one| one.id.clone());
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
        may_decide(&caller, incident.client.as_ref(), incident.site.as_ref())?;
        let now = app.lookout.now().utc;
        let happened = happened(&fields, &incident, now)?;
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

/// `GET /api/v1/telling`: how telling people goes, for who sees everything.
pub(crate) async fn telling(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        if !caller.sees_all() {
            let next = "use credentials that see every client";
            return Err(Problem::new(Code::NoRight, "messages are of all clients together", next));
        }
        Drawn::new(&watched(app)?.telling(), app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// What incidents can be filtered by.
const FIELDS: &[Field] = &[
    Field { key: "status", kind: Kind::Word(&["firing", "acknowledged", "snoozed", "resolved"]) },
    Field { key: "severity", kind: Kind::Word(&["info", "warning", "critical"]) },
    Field { key: "rule", kind: Kind::Text },
    Field { key: "client", kind: Kind::Text },
    Field { key: "site", kind: Kind::Text },
    Field { key: "machine", kind: Kind::Text },
    Field { key: "ack", kind: Kind::Text },
    Field { key: "assigned", kind: Kind::Text },
    Field { key: "doubt", kind: Kind::Text },
    Field { key: "muted", kind: Kind::Text },
    Field { key: "age", kind: Kind::Span },
    Field { key: "times", kind: Kind::Number },
];

/// An incident, as filters look at it.
struct Looked<'a> {
    one: &'a Incident,
    now: UtcMs,
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let one = self.one;
        match key {
            "status" => passes(one.standing.as_str()),
            "severity" => passes(one.severity.as_str()),
            "rule" => passes(&one.rule),
            "client" => one.client.as_ref().is_some_and(|client| passes(client.as_str())),
            "site" => one.site.as_ref().is_some_and(|site| passes(site.as_str())),
            "machine" => [&one.machine, &one.machine_id].into_iter().flatten().any(|machine| passes(machine)),
            "ack" => one.acknowledgements.iter().any(|word| passes(&word.by)),
            "assigned" => one.assignments.iter().any(|word| passes(&word.text)),
            "doubt" => one.doubt.is_some_and(|doubt| passes(doubt.as_str())),
            "muted" => one.muted_by.iter().any(|mute| passes(mute)),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        match key {
            "age" => Some(age_seconds(self.one.since.unwrap_or(self.one.learnt_at), self.now)),
            "times" => Some(f64::from(self.one.times)),
            _ => None,
        }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let one = self.one;
        passes(&one.summary) || passes(&one.rule) || one.machine.as_ref().is_some_and(|machine| passes(machine))
    }
}

/// Which of them are wanted.
struct Wanted {
    list: list::Wanted,
    standing: Vec<IncidentState>,
    client: Option<String>,
    site: Option<String>,
    machine: Option<String>,
    severity: Severity,
    since_ms: i64,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        use IncidentState::{Acknowledged, Firing, Resolved, Snoozed};
        let one = |word: &str| match word {
            "open" => Ok(vec![Firing, Acknowledged, Snoozed]),
            "all" => Ok(vec![Firing, Acknowledged, Snoozed, Resolved]),
            "firing" => Ok(vec![Firing]),
            "acknowledged" => Ok(vec![Acknowledged]),
            "snoozed" => Ok(vec![Snoozed]),
            "resolved" => Ok(vec![Resolved]),
            other => {
                let other: String = other.chars().take(40).collect();
                let known = "open, all, firing, acknowledged, snoozed, resolved";
                Err(Problem::bad_parameter(format!(
                    "standing is one of {known}, or several with commas, not {other:?}"
                )))
            }
        };
        let standing = params.get("standing").unwrap_or("open").split(',').map(one).collect::<Result<Vec<_>, _>>()?;
        let severity = match params.get("severity") {
            None | Some("info") => Severity::Info,
            Some("warning") => Severity::Warning,
            Some("critical") => Severity::Critical,
            Some(_) => {
                return Err(Problem::bad_parameter("severity is info, warning or critical: from there on".to_owned()));
            }
        };
        let text = |name: &str| params.get(name).map(str::to_owned);
        let others = ["standing", "client", "site", "machine", "severity", "since"];
        Ok(Self {
            list: list::Wanted::read(params, "incidents", FIELDS, USUAL_LIMIT, &others)?,
            standing: standing.concat(),
            client: text("client"),
            site: text("site"),
            machine: text("machine"),
            severity,
            since_ms: params.time("since", i64::MIN).map_err(Problem::bad_parameter)?,
        })
    }

    fn is_of(&self, client: &Slug, site: &Slug) -> bool {
        let is = |wanted: &Option<String>, slug: &Slug| wanted.as_deref().is_none_or(|wanted| slug.as_str() == wanted);
        is(&self.client, client) && is(&self.site, site)
    }

    fn has(&self, one: &Incident) -> bool {
        let is = |wanted: &Option<String>, slug: Option<&Slug>| {
            wanted.as_deref().is_none_or(|wanted| slug.is_some_and(|slug| slug.as_str() == wanted))
        };
        let machine =
            |wanted: &str| one.machine.as_deref() == Some(wanted) || one.machine_id.as_deref() == Some(wanted);
        let newest = [one.since, one.ended, Some(one.learnt_at)].into_iter().flatten().map(Stamp::ms).max();
        self.standing.contains(&one.standing)
            && one.severity >= self.severity
            && is(&self.client, one.client.as_ref())
            && is(&self.site, one.site.as_ref())
            && self.machine.as_deref().is_none_or(machine)
            && newest.is_none_or(|newest| newest >= self.since_ms)
    }
}

/// The watch of this node.
pub(super) fn watched(app: &Shared) -> Result<&dyn Incidents, Problem> {
    let none = || Problem::not_found("this node evaluates no rules");
    app.incidents.as_deref().ok_or_else(none)
}

/// An incident that the asker may see; what others have is not there for them.
fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Incident, Problem> {
    let found = watched(app)?.incident(id).filter(|one| caller.sees_at(one.client.as_ref(), one.site.as_ref()));
    found.ok_or_else(|| Problem {
        next: "GET /api/v1/incidents lists what you may see",
        ..Problem::not_found("there is no such incident here")
    })
}

/// Who was given the right decides, within what they see. To write samples into a place is no such right.
pub(super) fn may_decide(caller: &Caller, client: Option<&Slug>, site: Option<&Slug>) -> Result<(), Problem> {
    let next = "use credentials that decide there: vigie-cloud api-token create --decide, or grant add at a site";
    if caller.decides(client, site) {
        Ok(())
    } else {
        Err(Problem::new(Code::NoRight, "these credentials do not decide there; nothing was changed", next))
    }
}

/// As [`may_decide`], of when nobody is told.
pub(super) fn may_mute(caller: &Caller, client: Option<&Slug>, site: Option<&Slug>) -> Result<(), Problem> {
    let next = "use credentials that mute there: vigie-cloud api-token create --decide, or grant add at a site";
    if caller.mutes(client, site) {
        Ok(())
    } else {
        Err(Problem::new(Code::NoRight, "these credentials mute nothing there; nothing was changed", next))
    }
}

/// When somebody decided who had no line then, as their own clock says: never before what is decided of was known here, nor
/// after now, for a clock may be wrong. Nothing where they decide now.
fn happened(fields: &Fields, incident: &Incident, now: UtcMs) -> Result<Option<Stamp>, Problem> {
    let wrong = || Problem::bad_parameter("happened_at is a time (RFC 3339)");
    let Some(said) = fields.text("happened_at") else { return Ok(None) };
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
