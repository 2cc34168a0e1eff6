//! What do the pages need to know, cut down to what the reader may see?

use std::time::Duration;

use axum::extract::{Extension, Path, State};
use axum::http::request::Parts;
use axum::response::{Html, IntoResponse, Response};
use vigie_model::NodeId;
use vigie_query::filter::Filter;

use super::alert::Alert;
use super::alerts::{self, Part, over_at};
use super::chart_query;
use super::forms::Draft;
use super::frame::{Frame, Tab};
use super::home::{self, Home};
use super::machine::{One, RANGES_H};
use super::machines::{self, Seen};
use super::truth::Truth;
use super::{carry, doctor, failed, frame_of, playbook, site_words};
use crate::api::{LookedMachine, MACHINE_FIELDS};
use crate::door::Caller;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::{Carries, Glance, Incident, IncidentState, Machine, Reached, ToldOf, work};

/// What ended longer ago is no longer told with the rest.
const DIGEST_MS: i64 = 86_400_000;

/// A gateway answers in milliseconds, a server of names in some more; who waits longer knows enough.
const ASKING: Duration = Duration::from_millis(2_500);

/// `GET /?page=…&still=1&wall=1&sound=1`.
pub(crate) async fn home(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    let (still, page) = (asked(&parts, "still").is_some(), page_of(&parts));
    let (wall, sound) = (asked(&parts, "wall").is_some(), asked(&parts, "sound").is_some());
    let frame = Frame { reloads: Some(!still && !sound), wall, sound, ..frame_of(&app, &parts) };
    let drawn = work::list(&app, move |app| {
        let (open, ended) = incidents(app, &caller, frame.voice.now.0);
        let mut machines = seen_by(app, &caller);
        app.judge(&mut machines);
        machines::by_need(&mut machines);
        let heard = machines::heard(&machines);
        let home = Home {
            truth: truth(app, &caller),
            line: app.lookout.line(),
            open: Part::of(open, page, alerts::ON_ONE_PAGE),
            ended,
            cut: last_cut(app, &caller),
            machines: with_disks(app, &caller, Part::of(machines, 1, machines::AT_A_GLANCE)),
            heard,
            mutes: in_force(app, &caller),
        };
        Ok(home::page(&frame, &home, &|it| may_take(&caller, it)))
    });
    answer(&app, &parts, drawn.await)
}

/// `GET /alerts/{id}?done=…`.
pub(crate) async fn alert(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let drawn = alert_page(&app, caller, id, &parts, None).await;
    answer(&app, &parts, drawn)
}

/// The page of one alert, with what was tried and not done.
pub(crate) async fn alert_page(
    app: &App,
    caller: Caller,
    id: String,
    parts: &Parts,
    draft: Option<Draft>,
) -> Result<String, Problem> {
    let (frame, done) = (frame_of(app, parts), asked(parts, "done"));
    work::list(app, move |app| {
        let (incident, node) = (incident(app, &caller, &id)?, frame.node.clone());
        let alert = Alert {
            incident: &incident,
            truth: &truth(app, &caller),
            node: &node,
            who: &caller.who.name,
            may_decide: caller.decides(incident.client.as_ref(), incident.site.as_ref()),
            told: told_of(app, &incident.id),
            done: done.as_deref(),
            draft,
        };
        // A form that was not taken is not reloaded, but shown again as it was typed.
        let frame = Frame { path: format!("/alerts/{}", incident.id), ..frame };
        Ok(frame.page(Tab::Alerts, &playbook::summary(&frame.voice, &incident), |out| alert.draw(out, &frame.voice)))
    })
    .await
}

/// Who was told of an alert; nothing where nobody is told by this node, or that can not be read now.
fn told_of(app: &Shared, id: &str) -> Option<ToldOf> {
    app.incidents.as_ref()?.dispatch()?.told_of(id).ok()
}

/// `GET /machines?q=…&page=…`: those that a filter finds; all of them where it can not be used.
pub(crate) async fn machines(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    let (frame, page) = (frame_of(&app, &parts), page_of(&parts));
    let q = asked(&parts, "q").unwrap_or_default();
    let drawn = work::list(&app, move |app| {
        let mut machines = seen_by(app, &caller);
        app.judge(&mut machines);
        machines::by_need(&mut machines);
        let all = machines.len();
        let wrong = match Filter::read(&q, MACHINE_FIELDS) {
            Ok(filter) => {
                let now = frame.voice.now;
                machines.retain(|machine| filter.keeps(&LookedMachine { machine: &Glance::from(machine), now }));
                None
            }
            Err(error) => Some(error.to_string()),
        };
        let part = with_disks(app, &caller, Part::of(machines, page, machines::ON_ONE_PAGE));
        let title = frame.voice.words().machines;
        let asked = machines::Asked { q: &q, wrong, all };
        Ok(frame.page(Tab::Machines, title, |out| machines::list(out, &frame.voice, &part, &asked)))
    });
    answer(&app, &parts, drawn.await)
}

/// `GET /machines/{id}?range=1h|6h|24h`.
pub(crate) async fn machine(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    parts: Parts,
) -> Response {
    let frame = frame_of(&app, &parts);
    let wanted = asked(&parts, "range").and_then(|range| range.strip_suffix('h')?.parse().ok());
    let range_h = wanted.filter(|hours| RANGES_H.contains(hours)).unwrap_or(RANGES_H[1]);
    let drawn = work::list(&app, move |app| {
        let machine = id.parse::<NodeId>().ok().and_then(|id| app.machine(id));
        let mut machine = machine.filter(|machine| caller.who.clients.include(&machine.client)).ok_or_else(not_here)?;
        let (mut open, _) = incidents(app, &caller, frame.voice.now.0);
        open.retain(|incident| incident.machine_id.as_deref() == Some(id.as_str()));
        app.judge(std::slice::from_mut(&mut machine));
        let more = open.len().saturating_sub(alerts::ON_ONE_PAGE);
        open.truncate(alerts::ON_ONE_PAGE);
        let disk = chart_query::disks(&caller.source(app), app, &[machine.id]).remove(&machine.id.to_string());
        let charts = chart_query::charts(app, &caller, &machine, disk, range_h, frame.voice.words());
        let one = One { machine, disk, range_h, charts, open, more };
        let takes = |it: &Incident| may_take(&caller, it);
        Ok(frame.page(Tab::Machines, &one.machine.name, |out| one.draw(out, &frame.voice, &takes)))
    });
    answer(&app, &parts, drawn.await)
}

/// `GET /link`.
pub(crate) async fn link(State(app): State<App>, Extension(caller): Extension<Caller>, parts: Parts) -> Response {
    let frame = frame_of(&app, &parts);
    let around = match app.lookout.surroundings() {
        Some(surroundings) => surroundings.fresh(frame.voice.now, ASKING).await,
        None => Vec::new(),
    };
    let drawn = work::list(&app, move |app| {
        let (truth, line, held) = (truth(app, &caller), app.lookout.line(), held(app, &caller));
        let (day, own) = (chart_query::line(app, &caller, site_words::Words::of(frame.voice.lang)), app.lookout.own());
        let title = frame.voice.words().doctor;
        Ok(frame.page(Tab::Link, title, |out| {
            frame.heading(out, title);
            truth.draw(out, &frame.voice);
            doctor::whole(out, &frame.voice, &truth, line.as_ref(), &around, (&day, own.as_ref()));
            let for_hub = frame.place.as_ref().filter(|_| matches!(app.carries, Some(Carries::Out(_))));
            let for_hub = for_hub.is_some_and(|at| caller.decides(Some(&at.client), Some(&at.site)));
            carry::draw(out, &frame.voice, frame.place.as_ref(), held, for_hub);
        }))
    });
    answer(&app, &parts, drawn.await)
}

/// How many the lists that are offered to take away have for this reader, as they are asked; none of them is drawn up.
fn held(app: &Shared, caller: &Caller) -> carry::Held {
    let (marks, mut alerts) = (app.marks(), 0);
    if let Some(incidents) = &app.incidents {
        incidents.incidents_where(&mut |sketch| {
            alerts += usize::from(caller.sees_there(marks.at(sketch.client, sketch.site, sketch.about)));
            false
        });
    }
    carry::Held { alerts, machines: app.machines_seen(caller).len() }
}

/// One alert that this reader may see.
pub(crate) fn incident(app: &Shared, caller: &Caller, id: &str) -> Result<Incident, Problem> {
    let found = app.incidents.as_ref().and_then(|incidents| incidents.incident(id));
    found.filter(|incident| caller.sees(incident.client.as_ref())).ok_or_else(not_here)
}

pub(crate) fn answer(app: &App, parts: &Parts, drawn: Result<String, Problem>) -> Response {
    match drawn {
        Ok(text) => Html(text).into_response(),
        Err(problem) => failed(app, parts, &problem),
    }
}

/// What is open, in the order of need, and what ended within the last day, the latest first.
fn incidents(app: &Shared, caller: &Caller, now_ms: i64) -> (Vec<Incident>, Vec<Incident>) {
    let mut all = app.incidents.as_ref().map(|incidents| incidents.incidents()).unwrap_or_default();
    all.retain(|incident| caller.sees(incident.client.as_ref()));
    let is_open = |incident: &Incident| incident.standing != IncidentState::Resolved || incident.contradicted;
    let (mut open, mut ended): (Vec<_>, Vec<_>) = all.into_iter().partition(is_open);
    alerts::by_need(&mut open);
    ended.retain(|incident| over_at(incident).is_some_and(|at| now_ms - at.ms() < DIGEST_MS));
    ended.sort_by_key(|incident| std::cmp::Reverse(over_at(incident)));
    (open, ended)
}

pub(super) fn truth(app: &Shared, caller: &Caller) -> Truth {
    let suspect = app.lookout.line().is_some_and(|line| line.suspect);
    let Some(incidents) = &app.incidents else {
        let not_ready = app.lookout.ready().err().map(|not| not.reasons).unwrap_or_default();
        let machines = seen_by(app, caller).len();
        return Truth { up: app.lookout.upward(), suspect, machines, not_ready, ..Truth::default() };
    };
    let all = incidents.incidents().into_iter().filter(|incident| caller.sees(incident.client.as_ref()));
    let rules = incidents.rules().into_iter().flat_map(|group| group.rules);
    Truth {
        up: app.lookout.upward(),
        suspect,
        machines: seen_by(app, caller).len(),
        changed: all.filter(|incident| incident.reached != Reached::Everywhere).count() as u64,
        not_ready: app.lookout.ready().err().map(|not| not.reasons).unwrap_or_default(),
        watched: true,
        blind: rules.filter_map(|rule| Some((rule.name, rule.last_error?))).collect(),
    }
}

pub(super) fn in_force(app: &Shared, caller: &Caller) -> Vec<crate::Mute> {
    let mut mutes = app.incidents.as_ref().map(|incidents| incidents.mutes()).unwrap_or_default();
    mutes.retain(|mute| {
        mute.active && mute.wish.client.as_ref().is_none_or(|client| caller.who.clients.include(client))
    });
    mutes
}

/// What happened while the site was last cut off.
fn last_cut(app: &Shared, caller: &Caller) -> Option<crate::Cut> {
    let mut cuts = app.incidents.as_ref()?.cuts().into_iter();
    cuts.find(|cut| caller.sees_at(Some(&cut.client), Some(&cut.site)))
}

pub(super) fn seen_by(app: &Shared, caller: &Caller) -> Vec<Machine> {
    let mut machines = app.machines();
    machines.retain(|machine| caller.who.clients.include(&machine.client));
    machines
}

/// Firing, and nobody said that they have it.
fn may_take(caller: &Caller, it: &Incident) -> bool {
    let is_free = it.standing == IncidentState::Firing && it.acknowledgements.is_empty();
    is_free && caller.decides(it.client.as_ref(), it.site.as_ref())
}

fn with_disks(app: &Shared, caller: &Caller, part: Part<Machine>) -> Part<Seen> {
    let ids: Vec<NodeId> = part.shown.iter().map(|machine| machine.id).collect();
    let disks = chart_query::disks(&caller.source(app), app, &ids);
    let seen = |machine: Machine| Seen { disk: disks.get(&machine.id.to_string()).copied(), machine };
    let Part { shown, all, before, page, pages } = part;
    Part { shown: shown.into_iter().map(seen).collect(), all, before, page, pages }
}

pub(super) fn asked(parts: &Parts, name: &str) -> Option<String> {
    Params::of_uri(&parts.uri).get(name).map(str::to_owned)
}

fn page_of(parts: &Parts) -> usize {
    asked(parts, "page").and_then(|page| page.parse().ok()).unwrap_or(1)
}

fn not_here() -> Problem {
    Problem::new(Code::NotFound, "there is no such thing here", "look at the list")
}
