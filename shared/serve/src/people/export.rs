//! What does the hub keep of a person?
//!
//! All of it as JSON lines, in bounded memory: who they are, how they come in, their browsers, tokens and invitations, who saw
//! as them, and each line of each audit that names them. Nothing in it opens anything. For themselves, and for who looks after
//! them wherever they may anything.

use std::collections::BTreeSet;

use axum::extract::{Extension, Path, State};
use axum::response::Response;
use serde_json::{Value, json};
use vigie_model::Slug;
use vigie_people::{Id, PasskeyShown, Person, PersonShown, Refused, Who, names};
use vigie_query::Limits;

use super::api::stamped;
use super::audit::shown;
use super::door::problem;
use super::{NotDone, People};
use crate::api::photo_lines;
use crate::door::Caller;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::work;

/// Lines of the audit that are read at once.
const MOST_LINES: usize = 1_000;

/// `GET /api/v1/me/export`.
pub(super) async fn own(State(app): State<App>, Extension(caller): Extension<Caller>) -> Result<Response, Problem> {
    match &caller.who.who {
        // Whoever sees as them does not carry it away.
        Who::Person(id, _) if super::seeing::seeing(&app, &caller).is_none() => {
            let id = id.clone();
            exported(&app, caller, id).await
        }
        _ => Err(problem(NotDone::Refused(Refused::NotAPerson))),
    }
}

/// `GET /api/v1/people/{id}/export`.
pub(super) async fn of_person(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(person): Path<String>,
) -> Result<Response, Problem> {
    let none = || problem(NotDone::Refused(Refused::NotThere("person")));
    let id: Id = person.parse().map_err(|_| none())?;
    let looked_up = id.clone();
    let powers = caller.powers().clone();
    work::list(&app, move |app| {
        let directory = people(app)?.directory();
        let found = directory.person(&looked_up).filter(|person| directory.is_known(person, &powers));
        let found = found.ok_or_else(none)?;
        // What is of other clients is in it, too.
        if directory.is_looked_after(found, &powers) {
            Ok(())
        } else {
            Err(problem(NotDone::Refused(Refused::MoreThanOwn("this person may something elsewhere, too"))))
        }
    })
    .await?;
    exported(&app, caller, id).await
}

pub(super) fn people(app: &Shared) -> Result<&dyn People, Problem> {
    app.people.as_deref().ok_or_else(Problem::internal)
}

async fn exported(app: &App, caller: Caller, person: Id) -> Result<Response, Problem> {
    let (turn, who) = (work::turn(&app.exports).await?, caller.who.clone());
    let job = Job { turn, who, life: None, content_type: "application/x-ndjson" };
    let write = move |app: &Shared, _: &Limits, out: &mut Outlet<Problem>| {
        let gone = || problem(NotDone::Refused(Refused::NotThere("person")));
        let (mut rows, person) = {
            let directory = people(app)?.directory();
            let person = directory.person(&person).cloned().ok_or_else(gone)?;
            (kept(app, &directory, &person), person)
        };
        rows.extend(boards(app, &person)?);
        rows.extend(photo_lines(app, &|photo| photo.by == person.email.as_str()));
        for row in rows {
            out.text.extend_from_slice(format!("{}\n", stamped(row)).as_bytes());
        }
        if out.spill().is_err() {
            return Ok(());
        }
        told(app, &person, out)
    };
    stream(app, job, write).await.map_err(|problem| problem.unwrap_or_else(Problem::internal))
}

/// What the directory has of somebody.
pub(super) fn kept(app: &Shared, directory: &vigie_people::Directory, person: &Person) -> Vec<Value> {
    let kind = |kind: &str, mut row: Value| {
        row["kind"] = json!(kind);
        row
    };
    let mut own = kind("person", json!(PersonShown::of(person, None)));
    own["addresses"] = json!(person.from);
    own["recovery_codes_left"] = json!(person.recovery.len());
    own["password_since_ms"] = json!(person.password.as_ref().map(|password| password.since_ms));
    let mut rows = vec![own];
    let linked = person
        .linked
        .iter()
        .map(|one| json!({ "by": one.by, "issuer": one.issuer, "subject": one.subject, "since_ms": one.since_ms }));
    rows.extend(linked.map(|row| kind("sign-in", row)));
    rows.extend(person.passkeys.iter().map(|key| kind("passkey", json!(PasskeyShown::of(key)))));
    rows.extend(person.looked.iter().map(|looked| kind("looked", json!(looked))));
    let now = app.lookout.now().utc;
    rows.extend(directory.sessions_of_person(&person.id, now).iter().map(|one| kind("session", json!(one))));
    rows.extend(directory.tokens_of_person(&person.id, now).iter().map(|one| kind("token", json!(one))));
    rows.extend(directory.invitations_of(person, now).iter().map(|one| kind("invitation", json!(one))));
    rows
}

/// The boards that they keep.
fn boards(app: &Shared, person: &Person) -> Result<Vec<Value>, Problem> {
    let Some(boards) = app.boards.as_deref() else { return Ok(Vec::new()) };
    let own = boards.heads().into_iter().filter(|head| head.owner.key == person.id.to_string());
    let whole = own.map(|head| boards.one(&head.id).map_err(|error| NotDone::NotKept(error.to_string())));
    let rows = whole.filter_map(Result::transpose).map(|board| {
        let board = board.map_err(problem)?;
        let (made_ms, changed_ms) = (board.head.made_ms, board.head.changed_ms);
        Ok(json!({ "kind": "board", "id": board.head.id, "said": board.wish, "made_ms": made_ms, "changed_ms": changed_ms }))
    });
    rows.collect()
}

/// Each line of each audit that names somebody.
fn told(app: &Shared, person: &Person, out: &mut Outlet<Problem>) -> Result<(), Problem> {
    let (people, email) = (people(app)?, person.email.as_str());
    let of_grants = person.grants.iter().filter_map(|grant| grant.scope.of_client().cloned());
    let sites = app.lookout.sites();
    let clients: BTreeSet<Slug> = sites.into_iter().map(|site| site.client).chain(of_grants).collect();
    for client in std::iter::once(None).chain(clients.into_iter().map(Some)) {
        let mut after = 0;
        loop {
            let lines = people.lines(client.as_ref(), after, MOST_LINES).map_err(problem)?;
            let Some((last, _)) = lines.last() else { break };
            after = *last;
            for (seq, link) in lines.iter().filter(|(_, link)| names(&String::from_utf8_lossy(&link.text), email)) {
                let mut line = shown(*seq, link);
                (line["kind"], line["chain"]) = (json!("audit"), json!(client));
                out.text.extend_from_slice(format!("{line}\n").as_bytes());
            }
            if out.spill().is_err() {
                return Ok(());
            }
        }
    }
    Ok(())
}
