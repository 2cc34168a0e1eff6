//! What does the hub keep of a client?
//!
//! All of it as JSON lines, in bounded memory, but for its samples, of which the first line says how they are asked for: sites,
//! machines, incidents with what was decided of them and which photos there are of them, maintenance, rules, routes, schedules, webhooks, public
//! pages, jobs, quota, retention, the people who may something here and nowhere else, and its audit. The last line says how many there
//! were. For who looks, reads the audit and looks after people in all of it.

use axum::extract::{Extension, Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use vigie_model::{Slug, UtcMs};
use vigie_people::{At, Grant, Powers, Right};
use vigie_query::Limits;

use super::api::stamped;
use super::audit::shown;
use super::door::problem;
use super::export::{kept, people};
use crate::api::{Whole, photo_lines};
use crate::door::Caller;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::{Dispatched, JobWhole, SaidAt, work};

/// Lines of the audit that are read at once.
const MOST_LINES: usize = 1_000;

/// `GET /api/v1/clients/{client}/export`.
pub(crate) async fn export(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(client): Path<String>,
) -> Result<Response, Problem> {
    let none = || Problem::not_found("there is no such client here");
    let client: Slug = client.parse().map_err(|_| none())?;
    let all = [Right::Look, Right::Audit, Right::People];
    if !all.into_iter().all(|right| caller.may(right, At::Client(&client))) {
        return Err(none());
    }
    let (turn, who) = (work::turn(&app.exports).await?, caller.who.clone());
    let job = Job { turn, who, life: None, content_type: "application/x-ndjson" };
    let write = move |app: &Shared, _: &Limits, out: &mut Outlet<Problem>| {
        let mut sheet = Sheet { out, lines: 0 };
        let parts = [head, places, watched, said, organisation];
        for part in parts {
            if sheet.put(part(app, &client)?).is_err() {
                return Ok(());
            }
        }
        let Ok(()) = audit(app, &client, &mut sheet)? else { return Ok(()) };
        let lines = sheet.lines;
        // A reader who has gone needs no end.
        sheet.put(vec![row("end", json!({ "lines": lines }))]).unwrap_or_default();
        Ok(())
    };
    stream(&app, job, write).await.map_err(|problem| problem.unwrap_or_else(Problem::internal))
}

/// Lines on their way, and how many there were.
struct Sheet<'a> {
    out: &'a mut Outlet<Problem>,
    lines: u64,
}

impl Sheet<'_> {
    fn put(&mut self, rows: Vec<Value>) -> Result<(), crate::stream::ReaderGone> {
        for row in rows {
            self.out.text.extend_from_slice(format!("{}\n", stamped(row)).as_bytes());
            self.lines += 1;
            self.out.spill()?;
        }
        Ok(())
    }
}

fn row(kind: &str, mut row: Value) -> Value {
    row["kind"] = json!(kind);
    row
}

/// Whose it is, as of when, and how its samples are asked for.
fn head(app: &Shared, client: &Slug) -> Result<Vec<Value>, Problem> {
    let samples = format!("/api/v1/export?match[]=%7Bclient%3D%22{client}%22%7D&start=…&end=…");
    let quota = app.quotas.as_deref().map(|quotas| json!(quotas.quota(client)));
    let keeping = app.keeping.as_deref().map(|keeping| json!(keeping.terms(Some(client))));
    let mut rows =
        vec![row("client", json!({ "client": client, "as_of_ms": app.lookout.now().utc.0, "samples": samples }))];
    rows.extend(quota.map(|quota| row("quota", quota)));
    rows.extend(keeping.map(|terms| row("retention", terms)));
    Ok(rows)
}

/// Its sites, and its machines with what they are.
fn places(app: &Shared, client: &Slug) -> Result<Vec<Value>, Problem> {
    let sites = app.lookout.sites_where(&mut |of, _| of == client).into_iter();
    let mut rows: Vec<Value> = sites.map(|site| row("site", json!(site))).collect();
    let mut machines = app.machines_where(&mut |_, of, _| of == client);
    app.judge(&mut machines);
    let whole = |machine| row("machine", json!(Whole::of(machine, app.lookout.inventory(machine.id))));
    rows.extend(machines.iter().map(whole));
    Ok(rows)
}

/// What was wrong, what people decided of it, and when nobody was told.
fn watched(app: &Shared, client: &Slug) -> Result<Vec<Value>, Problem> {
    let Some(watch) = app.incidents.as_deref() else { return Ok(Vec::new()) };
    let incidents = watch.incidents_where(&mut |one| one.client == Some(client)).into_iter();
    let mut rows: Vec<Value> = incidents.map(|one| row("incident", json!(one))).collect();
    rows.extend(photo_lines(app, &|photo| photo.client.as_ref() == Some(client)));
    let cuts = watch.cuts().into_iter().filter(|cut| cut.client == *client);
    rows.extend(cuts.map(|cut| row("cut", json!(cut))));
    let mutes = watch.mutes().into_iter().filter(|mute| mute.wish.client.as_ref() == Some(client));
    rows.extend(mutes.map(|mute| row("maintenance", json!(mute))));
    Ok(rows)
}

/// What was said for it: rules, routes, schedules, webhooks and public pages.
fn said(app: &Shared, client: &Slug) -> Result<Vec<Value>, Problem> {
    let mut rows = Vec::new();
    if let Some(watch) = app.incidents.as_deref() {
        let mut names: Vec<String> =
            watch.rules().into_iter().flat_map(|group| group.rules).map(|rule| rule.name).collect();
        names.sort();
        names.dedup();
        for name in names {
            let levels = watch.levels(&name, None).map(|levels| levels.levels).unwrap_or_default();
            let own = levels.into_iter().filter(|level| level.client.as_ref() == Some(client));
            rows.extend(own.map(|level| row("rule", json!({ "name": name, "said": level }))));
        }
        if let Some(dispatch) = watch.dispatch() {
            let at = |client: &Option<Slug>, site: &Option<Slug>| SaidAt { client: client.clone(), site: site.clone() };
            let routes = dispatch.routes().into_iter().filter(|route| route.client.as_ref() == Some(client));
            let routes =
                routes.filter_map(|one| dispatch.said(Dispatched::Route, &at(&one.client, &one.site), &one.name));
            rows.extend(routes.map(|route| row("route", json!(route))));
            let turns = dispatch.on_call().into_iter().filter(|one| one.client.as_ref() == Some(client));
            let turns =
                turns.filter_map(|one| dispatch.said(Dispatched::OnCall, &at(&one.client, &one.site), &one.name));
            rows.extend(turns.map(|schedule| row("schedule", json!(schedule))));
        }
    }
    let hooks = app.hooks.as_deref().map(|hooks| hooks.list()).unwrap_or_default();
    let hooks = hooks.into_iter().filter(|hook| hook.client.as_ref() == Some(client));
    rows.extend(hooks.map(|hook| row("webhook", json!(hook))));
    let pages = app.status.as_deref().map(|pages| pages.list()).unwrap_or_default();
    let pages = pages.into_iter().filter(|page| page.said.client == *client);
    rows.extend(pages.map(|page| row("status_page", json!(*page))));
    let jobs = app.jobs.as_deref().map(|jobs| jobs.list()).unwrap_or_default();
    let jobs = jobs.into_iter().filter(|job| job.client.as_ref() == Some(client));
    let now = app.lookout.now().utc;
    rows.extend(jobs.map(|job| row("job", named(&job, now))));
    Ok(rows)
}

/// A job as lists show it: what kind of work it is stands beside what kind of line this is.
fn named(job: &vigie_jobs::Job, now: UtcMs) -> Value {
    let mut shown = json!(JobWhole::of(job, false, now));
    shown["work"] = shown["kind"].take();
    shown
}

/// The people who may something here and nowhere else, with all that is kept of them, and the invitations to that.
fn organisation(app: &Shared, client: &Slug) -> Result<Vec<Value>, Problem> {
    let directory = people(app)?.directory();
    let is_own =
        |grants: &[Grant]| !grants.is_empty() && grants.iter().all(|grant| grant.scope.of_client() == Some(client));
    let everybody = directory.people_shown(&Powers::all());
    let own = everybody.iter().filter(|person| is_own(&person.grants)).filter_map(|shown| directory.person(&shown.id));
    let mut rows: Vec<Value> = own.flat_map(|person| kept(app, &directory, person)).collect();
    let open = directory.invitations_shown(&Powers::all(), app.lookout.now().utc);
    rows.extend(open.iter().filter(|open| is_own(&open.grants)).map(|open| row("invitation", json!(open))));
    Ok(rows)
}

/// Its chain of the audit, with the hashes.
fn audit(app: &Shared, client: &Slug, sheet: &mut Sheet<'_>) -> Result<Result<(), crate::stream::ReaderGone>, Problem> {
    let (people, mut after) = (people(app)?, 0);
    loop {
        let lines = people.lines(Some(client), after, MOST_LINES).map_err(problem)?;
        let Some((last, _)) = lines.last() else { return Ok(Ok(())) };
        after = *last;
        let rows = lines.iter().map(|(seq, link)| row("audit", shown(*seq, link))).collect();
        if let Err(gone) = sheet.put(rows) {
            return Ok(Err(gone));
        }
    }
}
