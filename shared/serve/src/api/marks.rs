//! What machines are called: tags and groups, of one machine and of many at once.
//!
//! People may see a machine for its tags, so that to tag is a right of its own, and one over a place as a whole: nobody makes
//! what they see wider by it.

use std::collections::{BTreeMap, BTreeSet};

use axum::extract::{Extension, Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug};
use vigie_people::{At, Right};

use super::incidents::{undecided, watched};
use super::machines::visible;
use crate::act::Act;
use crate::answer::{Drawn, seen_as, version_of};
use crate::door::Caller;
use crate::fact::as_text;
use crate::problem::{Code, Problem};
use crate::said::Fields;
use crate::shared::{App, Shared};
use crate::{Machine, Mark, MarkKind, Place, work};

/// Machines that are named in one request.
const MOST_AT_ONCE: usize = 500;

/// The least of an id that names a machine: as much as the list of all of them tells.
const LEAST_ID: usize = 6;

/// What a machine is called.
#[derive(Serialize, ToSchema)]
pub(crate) struct Marked {
    /// Its node id.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    id: NodeId,
    #[serde(flatten)]
    mark: Mark,
}

impl Marked {
    fn drawn(machine: &Machine, app: &Shared) -> Result<Drawn, Problem> {
        let marked = Self { id: machine.id, mark: machine.mark.clone() };
        Ok(Drawn::new(&marked, app.lookout.now())?.with_version(&version(machine)))
    }
}

fn version(machine: &Machine) -> String {
    version_of(&(machine.id.to_string(), &machine.mark))
}

/// Words, as somebody says them.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct MarkSaid {
    tags: BTreeSet<Slug>,
    groups: BTreeSet<Slug>,
}

impl From<MarkSaid> for Mark {
    fn from(said: MarkSaid) -> Self {
        Self { tags: said.tags, groups: said.groups }
    }
}

/// `GET /api/v1/machines/{id}/tags`.
pub(crate) async fn marks_of(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| Marked::drawn(&visible(app, &caller, &id)?, app));
    Ok(drawn.await?.answer(&headers))
}

/// `PUT /api/v1/machines/{id}/tags`: says all that a machine is called; of who has the right to tag in its place.
pub(crate) async fn put_marks(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    Path(id): Path<String>,
    headers: HeaderMap,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let mark: Mark = read::<MarkSaid>(fields)?.into();
    let drawn = work::list(&app, move |app| {
        may_tag(&caller, &visible(app, &caller, &id)?)?;
        let machine = act.carried(app, || {
            // Looked at again: nobody else acts until this is done.
            let machine = visible(app, &caller, &id)?;
            seen_as(&version(&machine), &headers)?;
            watched(app)?.mark(&[(place(&machine), machine.id, mark.clone())]).map_err(undecided)?;
            Ok(Machine { mark, ..machine })
        })?;
        Marked::drawn(&machine, app)
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// What many machines are to be called.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MarkWish {
    /// Which, 500 at most: by id, or by as much of it as is nobody else's among those that you see.
    machines: Vec<String>,
    /// What each of them bears from now on.
    #[serde(default)]
    add: MarkSaid,
    /// What none of them bears any more.
    #[serde(default)]
    remove: MarkSaid,
}

/// What they are called now.
#[derive(Serialize, ToSchema)]
pub(crate) struct MarkedMachines {
    machines: Vec<Marked>,
    /// How many of them were called otherwise before.
    changed: usize,
}

/// `POST /api/v1/machines/tags`: gives machines words and takes others away, of all of them or of none.
pub(crate) async fn mark_many(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    act: Act,
    fields: Result<Fields, String>,
) -> Result<Response, Problem> {
    let MarkWish { machines: ids, add, remove } = read(fields)?;
    let change = Change { add: add.into(), remove: remove.into() };
    check(&ids, &change)?;
    let drawn = work::list(&app, move |app| {
        let machines = chosen(app, &caller, &ids)?;
        machines.iter().try_for_each(|machine| may_tag(&caller, machine))?;
        known(&machines, &change.remove)?;
        let marked = act.carried(app, || change.made(app, machines))?;
        Drawn::new(&marked, app.lookout.now())
    });
    Ok(drawn.await?.answer(&HeaderMap::new()))
}

/// The machines of these ids or beginnings of ids; another's is as one that is not there.
fn chosen(app: &Shared, caller: &Caller, ids: &[String]) -> Result<Vec<Machine>, Problem> {
    let seen = app.machines_seen(caller).into_iter();
    let seen: BTreeMap<String, Machine> = seen.map(|machine| (machine.id.to_string(), machine)).collect();
    let find = |begin: &String| {
        let mut found = seen.range(begin.clone()..).take_while(|(id, _)| id.starts_with(begin.as_str()));
        match (found.next().filter(|_| begin.len() >= LEAST_ID), found.next()) {
            (Some((_, machine)), None) => Ok(machine.clone()),
            (Some(_), Some(_)) => {
                let why = format!("more than one machine has an id that begins with {begin}; nothing was changed");
                Err(Problem::bad_parameter(why))
            }
            (None, _) => {
                let begin: String = begin.chars().take(40).collect();
                let why = format!("there is no machine {begin:?} that you may see; nothing was changed");
                Err(Problem::not_found(why))
            }
        }
    };
    ids.iter().map(find).collect()
}

/// What machines bear from now on, and what they do not any more.
struct Change {
    add: Mark,
    remove: Mark,
}

impl Change {
    /// From what they are called at that moment: nobody else acts until this is done.
    fn made(&self, app: &Shared, machines: Vec<Machine>) -> Result<MarkedMachines, Problem> {
        let marks = app.marks();
        let called = |one: &Machine| marks.of(one.id, &one.client, &one.site).cloned().unwrap_or_default();
        let mut changed = BTreeMap::new();
        let mut marked = Vec::new();
        for machine in machines {
            let before = called(&machine);
            let mark = before.changed(&self.add, &self.remove);
            if before != mark {
                changed.insert(machine.id, (place(&machine), machine.id, mark.clone()));
            }
            marked.push(Marked { id: machine.id, mark });
        }
        let changed: Vec<_> = changed.into_values().collect();
        watched(app)?.mark(&changed).map_err(undecided)?;
        Ok(MarkedMachines { machines: marked, changed: changed.len() })
    }
}

fn check(ids: &[String], change: &Change) -> Result<(), Problem> {
    if ids.is_empty() || ids.len() > MOST_AT_ONCE {
        let why = format!("machines names 1 to {MOST_AT_ONCE} of them by id; nothing was changed");
        return Err(Problem::bad_parameter(why));
    }
    if change.add.is_empty() && change.remove.is_empty() {
        let why = "add or remove says which tags or groups: nothing is said; nothing was changed";
        return Err(Problem::bad_parameter(why));
    }
    if let Some((kind, word)) = change.add.each().find(|(kind, word)| change.remove.words(*kind).contains(*word)) {
        let why = format!("the {} {word} is both added and removed; nothing was changed", kind.as_str());
        return Err(Problem::bad_parameter(why));
    }
    Ok(())
}

/// Whoever takes away a word that none of them has has mistyped it.
fn known(machines: &[Machine], remove: &Mark) -> Result<(), Problem> {
    let is_there = |kind: MarkKind, word: &Slug| machines.iter().any(|one| one.mark.words(kind).contains(word));
    match remove.each().find(|(kind, word)| !is_there(*kind, word)) {
        Some((kind, word)) => {
            let why = format!("none of these machines has the {} {word}; nothing was changed", kind.as_str());
            Err(Problem { next: "GET /api/v1/tags lists those that there are", ..Problem::bad_parameter(why) })
        }
        None => Ok(()),
    }
}

/// Of the place as a whole: who may something there for a tag's sake alone does not say what bears it.
fn may_tag(caller: &Caller, machine: &Machine) -> Result<(), Problem> {
    if caller.may(Right::Tag, At::Site(&machine.client, &machine.site)) {
        return Ok(());
    }
    let detail = format!("these credentials tag nothing at {}; nothing was changed", place(machine));
    Err(Problem::new(Code::NoRight, detail, "use credentials with the right to tag in all of that site"))
}

fn place(machine: &Machine) -> Place {
    Place { client: machine.client.clone(), site: machine.site.clone() }
}

fn read<T: serde::de::DeserializeOwned>(fields: Result<Fields, String>) -> Result<T, Problem> {
    let fields = fields.map_err(Problem::bad_parameter)?;
    let wrong = |error| Problem::bad_parameter(format!("that says nothing of tags: {error}; nothing was changed"));
    serde_json::from_value(fields.into_value()).map_err(wrong)
}

/// A tag or a group, and how many machines have it.
#[derive(Serialize, ToSchema)]
pub(crate) struct WordCount {
    name: Slug,
    machines: usize,
}

/// What machines are called.
#[derive(Serialize, ToSchema)]
pub(crate) struct Words {
    tags: Vec<WordCount>,
    groups: Vec<WordCount>,
}

/// `GET /api/v1/tags`: of the machines that the asker may see.
pub(crate) async fn words(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let marks = app.marks();
        let machines = app.some_machines_seen(&caller, |id| marks.are_of(id));
        let words = Words { tags: counted(&machines, MarkKind::Tag), groups: counted(&machines, MarkKind::Group) };
        Drawn::new(&words, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

fn counted(machines: &[Machine], kind: MarkKind) -> Vec<WordCount> {
    let mut counts: BTreeMap<&Slug, usize> = BTreeMap::new();
    for word in machines.iter().flat_map(|machine| machine.mark.words(kind)) {
        *counts.entry(word).or_default() += 1;
    }
    counts.into_iter().map(|(name, machines)| WordCount { name: name.clone(), machines }).collect()
}
