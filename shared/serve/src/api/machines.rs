//! Which machines are there, how are they, and where is what they measured?

use std::cmp::Reverse;

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::NodeId;

use crate::answer::Drawn;
use crate::door::Caller;
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::{Inventory, Ledger, Machine, Status, status, work};

/// Machines in one answer unless the asker says otherwise.
const USUAL_LIMIT: usize = 500;

/// Machines in one answer at most: about 1.5 MB, compressed a tenth of it.
const MAX_LIMIT: usize = 1_000;

/// A page of machines.
#[derive(Serialize, ToSchema)]
pub(crate) struct Machines<'a> {
    machines: Vec<Row<'a>>,
    /// How many match, on all pages.
    total: usize,
    /// What to ask for as `cursor` to go on; none on the last page.
    next_cursor: Option<String>,
}

/// A machine and the one word for it.
#[derive(Serialize, ToSchema)]
pub(crate) struct Row<'a> {
    #[serde(flatten)]
    machine: &'a Machine,
    status: Status,
}

/// `GET /api/v1/machines?limit=&cursor=&search=&sort=`: the machines the asker may see, by id, a page at a time. `search`
/// is looked for in names of machine, site and client. With `sort=attention` those come first that need a person most;
/// that order changes from one question to the next, so it has a first page only.
pub(crate) async fn machines(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let wanted = Wanted::read(&Params::of_uri(&uri))?;
    let drawn = work::list(&app, move |app| {
        let mut machines = app.lookout.machines();
        machines.retain(|machine| caller.sees_at(Some(&machine.client), Some(&machine.site)) && wanted.finds(machine));
        app.judge(&mut machines);
        let page = wanted.page(&mut machines);
        Drawn::new(&page, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// A machine, the one word for it, and what it is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Whole<'a> {
    #[serde(flatten)]
    row: Row<'a>,
    facts: Inventory,
}

/// `GET /api/v1/machines/{id}`.
pub(crate) async fn machine(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let machine = visible(app, &caller, &id)?;
        Drawn::new(&Whole { row: Row::of(&machine), facts: app.lookout.inventory(machine.id) }, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// `GET /api/v1/machines/{id}/ledger`.
pub(crate) async fn ledger(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let drawn = work::list(&app, move |app| {
        let machine = visible(app, &caller, &id)?;
        let mut ledger = app.lookout.ledger(machine.id).ok_or_else(|| no_machine(&id))?;
        ledger.holes.truncate(Ledger::MAX_HOLES);
        Drawn::new(&ledger, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// The machine, if the asker may see it. That it is someone else's and that it is not there are the same answer.
pub(super) fn visible(app: &Shared, caller: &Caller, id: &str) -> Result<Machine, Problem> {
    let mut machine = id.parse::<NodeId>().ok().and_then(|id| app.lookout.machine(id));
    app.judge(machine.as_mut_slice());
    machine.filter(|machine| caller.sees_at(Some(&machine.client), Some(&machine.site))).ok_or_else(|| no_machine(id))
}

fn no_machine(id: &str) -> Problem {
    let id: String = id.chars().take(40).collect();
    Problem::not_found(format!("there is no machine {id:?} that you may see"))
}

impl<'a> Row<'a> {
    fn of(machine: &'a Machine) -> Self {
        Self { status: status(machine.health, machine.reachability.state), machine }
    }
}

struct Wanted {
    limit: usize,
    after: Option<NodeId>,
    search: String,
    by_attention: bool,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        let limit = match params.get("limit") {
            None => USUAL_LIMIT,
            Some(text) => text
                .parse()
                .ok()
                .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                .ok_or_else(|| Problem::bad_parameter(format!("limit is a number from 1 to {MAX_LIMIT}")))?,
        };
        let cursor = params.get("cursor").map(str::parse).transpose();
        let after = cursor.map_err(|_| Problem::bad_parameter("cursor is not one that an earlier page gave"))?;
        let search = params.get("search").unwrap_or("").chars().take(100).collect::<String>().to_lowercase();
        let by_attention = match (params.get("sort"), after) {
            (None | Some("id"), _) => false,
            (Some("attention"), None) => true,
            (Some("attention"), Some(_)) => {
                return Err(Problem::bad_parameter("sort=attention has a first page only: raise limit, or sort by id"));
            }
            (Some(_), _) => return Err(Problem::bad_parameter("sort is id or attention")),
        };
        Ok(Self { limit, after, search, by_attention })
    }

    fn finds(&self, machine: &Machine) -> bool {
        let texts = [machine.name.as_str(), machine.site.as_str(), machine.client.as_str()];
        self.search.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&self.search))
    }

    /// Pages follow the id, which never changes, so that nothing is missed or shown twice while machines are renamed.
    fn page<'a>(&self, machines: &'a mut [Machine]) -> Machines<'a> {
        if self.by_attention {
            let shown = |machine: &Machine| status(machine.health, machine.reachability.state).shown;
            machines.sort_by_key(|machine| (Reverse(shown(machine)), machine.id));
        } else {
            machines.sort_by_key(|machine| machine.id);
        }
        let total = machines.len();
        let from = self.after.map_or(0, |after| machines.partition_point(|machine| machine.id <= after));
        let until = (from + self.limit).min(total);
        let page = &machines[from..until];
        let next_cursor = page.last().filter(|_| until < total && !self.by_attention).map(|last| last.id.to_string());
        Machines { machines: page.iter().map(Row::of).collect(), total, next_cursor }
    }
}
