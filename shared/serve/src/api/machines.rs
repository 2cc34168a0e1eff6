//! Which machines are there, how are they, and where is what they measured?

use std::cmp::Reverse;

use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{NodeId, UtcMs};
use vigie_query::filter::{self, Field, Kind};

use crate::answer::Drawn;
use crate::door::Caller;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::{Glance, Inventory, Ledger, Machine, Reachability, Shown, Status, status, work};

/// Machines in one answer unless the asker says otherwise.
const USUAL_LIMIT: usize = 100;

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

/// `GET /api/v1/machines?q=&limit=&cursor=&search=&sort=`: the machines the asker may see, by id, a page at a time. `search`
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
        let list::Page { rows, total, next_cursor } = if wanted.is_plain() {
            wanted.plain_page(app, &caller)?
        } else {
            wanted.page(app.glances_seen(&caller), app.lookout.now().utc)?.drawn(app)
        };
        let now = app.lookout.now();
        Drawn::new(&Machines { machines: rows.iter().map(Row::of).collect(), total, next_cursor }, now)
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

impl<'a> Whole<'a> {
    /// A machine, with what it is.
    pub(crate) fn of(machine: &'a Machine, facts: Inventory) -> Self {
        Self { row: Row::of(machine), facts }
    }
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
        Drawn::new(&Whole::of(&machine, app.lookout.inventory(machine.id)), app.lookout.now())
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
    let mut machine = id.parse::<NodeId>().ok().and_then(|id| app.machine(id));
    app.judge(machine.as_mut_slice());
    machine.filter(|machine| caller.sees_there(machine.at())).ok_or_else(|| no_machine(id))
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

/// What machines can be filtered by.
pub(crate) const FIELDS: &[Field] = &[
    Field { key: "status", kind: Kind::Word(&Shown::WORDS) },
    Field { key: "reach", kind: Kind::Word(&Reachability::WORDS) },
    Field { key: "health", kind: Kind::Word(&["ok", "warning", "critical", "unknown"]) },
    Field { key: "client", kind: Kind::Text },
    Field { key: "site", kind: Kind::Text },
    Field { key: "name", kind: Kind::Text },
    Field { key: "id", kind: Kind::Text },
    Field { key: "tag", kind: Kind::Text },
    Field { key: "group", kind: Kind::Text },
    Field { key: "os", kind: Kind::Text },
    Field { key: "cpu", kind: Kind::Share },
    Field { key: "memory", kind: Kind::Share },
    Field { key: "disk", kind: Kind::Share },
    Field { key: "seen", kind: Kind::Span },
    Field { key: "waiting", kind: Kind::Number },
    Field { key: "lost", kind: Kind::Number },
];

struct Wanted {
    list: list::Wanted,
    search: String,
    by_attention: bool,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        let list = list::Wanted::read(params, "machines", FIELDS, USUAL_LIMIT, &["search", "sort"])?;
        let search = params.get("search").unwrap_or("").chars().take(100).collect::<String>().to_lowercase();
        let by_attention = match (params.get("sort"), list.is_first()) {
            (None | Some("id"), _) => false,
            (Some("attention"), true) => true,
            (Some("attention"), false) => {
                return Err(Problem::bad_parameter("sort=attention has a first page only: raise limit, or sort by id"));
            }
            (Some(_), _) => return Err(Problem::bad_parameter("sort is id or attention")),
        };
        Ok(Self { list, search, by_attention })
    }

    fn finds(&self, machine: &Glance) -> bool {
        let texts = [&*machine.name, machine.site.as_str(), machine.client.as_str()];
        self.search.is_empty() || texts.iter().any(|text| text.to_lowercase().contains(&self.search))
    }

    /// Whether just the next machines are wanted, whatever they are.
    fn is_plain(&self) -> bool {
        self.list.is_plain() && self.search.is_empty() && !self.by_attention
    }

    /// The next machines: of all others nothing is worked out.
    fn plain_page(&self, app: &Shared, caller: &Caller) -> Result<list::Page<Machine>, Problem> {
        let after = self.after()?;
        let mut page = self.list.drawn_page(
            |id: &NodeId| after.is_none_or(|after| *id > after),
            |choose| app.some_machines_seen(caller, |id| choose(&id)),
            |machine: &Machine| machine.id.to_string(),
        );
        app.judge(&mut page.rows);
        Ok(page)
    }

    /// After which machine the page begins.
    fn after(&self) -> Result<Option<NodeId>, Problem> {
        let wrong = |_| Problem::bad_parameter("cursor is none of machines");
        self.list.after().map(|after| after.parse().map_err(wrong)).transpose()
    }

    /// Pages follow the id, which never changes, so that nothing is missed or shown twice while machines are renamed.
    fn page(&self, mut machines: Vec<Glance>, now: UtcMs) -> Result<list::Page<Glance>, Problem> {
        machines.retain(|machine| self.finds(machine) && self.list.keeps(&Looked { machine, now }));
        let total = machines.len();
        if let Some(after) = self.after()? {
            machines.retain(|machine| machine.id > after);
        }
        let key = |machine: &Glance| (self.by_attention.then(|| Reverse(machine.shown())), machine.id);
        let limit = self.list.limit();
        let more = machines.len() > limit;
        if more {
            // Of ten thousand only those of the page are put in order.
            machines.select_nth_unstable_by_key(limit, key);
            machines.truncate(limit);
        }
        machines.sort_unstable_by_key(key);
        let last = machines.last().filter(|_| more && !self.by_attention);
        let next_cursor = last.map(|last| self.list.cursor(&last.id.to_string()));
        Ok(list::Page { rows: machines, total, next_cursor })
    }
}

impl list::Page<Glance> {
    /// The same page with all that is known of its machines, how they are as they were chosen by that.
    fn drawn(self, app: &Shared) -> list::Page<Machine> {
        let Self { rows, total, next_cursor } = self;
        let whole = |one: Glance| {
            let machine = app.machine(one.id)?;
            Some(Machine { health: one.health, reachability: one.reachability, ..machine })
        };
        list::Page { rows: rows.into_iter().filter_map(whole).collect(), total, next_cursor }
    }
}

/// A machine, as filters look at it.
pub(crate) struct Looked<'a> {
    pub(crate) machine: &'a Glance,
    pub(crate) now: UtcMs,
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let machine = self.machine;
        match key {
            "status" => passes(machine.shown().as_str()),
            "reach" => passes(machine.reachability.state.as_str()),
            "health" => passes(machine.health.as_str()),
            "client" => passes(machine.client.as_str()),
            "site" => passes(machine.site.as_str()),
            "name" => passes(&machine.name),
            "id" => passes(&machine.id.to_string()),
            "os" => machine.system.as_deref().is_some_and(passes),
            "tag" => machine.mark.tags.iter().any(|tag| passes(tag.as_str())),
            "group" => machine.mark.groups.iter().any(|group| passes(group.as_str())),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        let machine = self.machine;
        match key {
            "cpu" => machine.cpu,
            "memory" => machine.memory,
            "disk" => machine.disk,
            "seen" => machine.observed_at.map(|at| age_seconds(at, self.now)),
            "waiting" => Some(machine.waiting.ticks as f64),
            "lost" => Some(machine.lost as f64),
            _ => None,
        }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let machine = self.machine;
        passes(&machine.name) || passes(machine.site.as_str()) || passes(machine.client.as_str())
    }
}
