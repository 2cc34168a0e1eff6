//! Who did what, for who may read it?

use axum::extract::{Extension, State};
use axum::http::{HeaderMap, Uri};
use axum::response::Response;
use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::{Slug, UtcMs};
use vigie_people::{At, Broken, Check, Head, Held, Line, Link, Right};
use vigie_query::Limits;
use vigie_query::filter::{self, Field, Kind};

use super::api::stamped;
use super::door::problem;
use super::{NotDone, People};
use crate::Stamp;
use crate::answer::Drawn;
use crate::door::Caller;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::Problem;
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::work;

/// Times a chain is looked at anew because somebody was erased from it meanwhile.
const MOST_LOOKS: usize = 3;

/// Lines of one answer, unless it is an export.
const USUAL_LINES: usize = 100;

/// Lines that are read at once.
const MOST_LINES: usize = 1_000;

/// Lines that one answer looks at: some ten milliseconds. Who looks for what is rare goes on with the cursor.
const LINES_LOOKED_AT: usize = 5_000;

/// `GET /api/v1/audit?client=&q=&after=&limit=&cursor=`: a chain's lines from a number on: a client's, or the provider's without one.
pub(super) async fn lines(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::of_uri(&uri);
    let wanted = list::Wanted::read(&params, "audit", FIELDS, USUAL_LINES, &["client"])?;
    let after = match wanted.after() {
        Some(after) => after.parse().map_err(|_| Problem::bad_parameter("cursor is none of the audit's"))?,
        None => number(&params, "after", u64::MAX)?.unwrap_or(0),
    };
    let drawn = work::list(&app, move |app| {
        let client = readable(&caller, &params)?;
        let now = app.lookout.now();
        let (lines, next_after) = looked_through(people(app)?, client.as_ref(), (after, now.utc), &wanted)?;
        let next_cursor = next_after.map(|after| wanted.cursor(&after.to_string()));
        Drawn::new(&AuditLines { client, lines, next_after, next_cursor }, now)
    });
    Ok(drawn.await?.answer(&headers))
}

/// Lines after a number that are wanted, and the number to go on from: where the page is full, or enough was looked at.
fn looked_through(
    people: &dyn People,
    client: Option<&Slug>,
    (mut after, now): (u64, UtcMs),
    wanted: &list::Wanted,
) -> Result<(Vec<AuditLine>, Option<u64>), Problem> {
    let (mut found, mut looked) = (Vec::new(), 0);
    loop {
        let lines = people.lines(client, after, MOST_LINES).map_err(problem)?;
        let last = lines.len() < MOST_LINES;
        let count = lines.len();
        for (at, (seq, link)) in lines.into_iter().enumerate() {
            let line = AuditLine::of(seq, &link);
            after = seq;
            if wanted.keeps(&Looked { line: &line, now }) {
                found.push(line);
            }
            if found.len() == wanted.limit() {
                let more = !last || at + 1 < count;
                return Ok((found, more.then_some(after)));
            }
        }
        looked += count;
        if last {
            return Ok((found, None));
        }
        if looked >= LINES_LOOKED_AT {
            return Ok((found, Some(after)));
        }
    }
}

/// What lines can be filtered by.
const FIELDS: &[Field] = &[
    Field { key: "who", kind: Kind::Text },
    Field { key: "what", kind: Kind::Text },
    Field { key: "on", kind: Kind::Text },
    Field { key: "by", kind: Kind::Text },
    Field { key: "from", kind: Kind::Text },
    Field { key: "age", kind: Kind::Span },
];

/// A line, as filters look at it. One that can not be read is never left out.
struct Looked<'a> {
    line: &'a AuditLine,
    now: UtcMs,
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let Some(says) = &self.line.says else { return true };
        match key {
            "who" => passes(&says.who),
            "what" => passes(&says.what),
            "on" => passes(&says.on),
            "by" => passes(&says.by),
            "from" => passes(&says.from),
            _ => false,
        }
    }

    fn number(&self, _: &str) -> Option<f64> {
        self.line.says.as_ref().map(|says| age_seconds(says.happened_at, self.now))
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let Some(says) = &self.line.says else { return true };
        passes(&says.who) || passes(&says.what) || passes(&says.on)
    }
}

/// `GET /api/v1/audit/verify?client=`: whether a chain is whole.
pub(super) async fn verify(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let params = Params::of_uri(&uri);
    let drawn = work::list(&app, move |app| {
        let client = readable(&caller, &params)?;
        Drawn::new(&verified(people(app)?, client.as_ref()).map_err(problem)?, app.lookout.now())
    });
    Ok(drawn.await?.answer(&headers))
}

/// Goes through a client's chain, or the provider's, from its beginning: whether it is `whole`, what is `broken`, how many
/// `lines` it has, and its `head`, to be written down elsewhere.
///
/// # Errors
/// When it can not be read now.
pub fn verified(people: &dyn People, client: Option<&Slug>) -> Result<Value, NotDone> {
    // Whoever is erased meanwhile is told of by a line beyond the head that was read: then it is looked at anew.
    let mut head = people.head(client)?;
    let (mut erased, mut broken) = walked(people, client, &head)?;
    for _ in 0..MOST_LOOKS {
        let now = people.head(client)?;
        if !matches!(broken, Some(Broken::Erased(_))) || now == head {
            break;
        }
        head = now;
        (erased, broken) = walked(people, client, &head)?;
    }
    let verified = AuditVerified {
        client: client.cloned(),
        whole: broken.is_none(),
        broken: broken.map(|broken| broken.to_string()),
        lines: head.seq,
        erased,
        head: data_encoding::HEXLOWER.encode(&head.hash),
    };
    Ok(json!(verified))
}

/// Goes through a chain up to a head: from how many lines somebody was erased, and what is broken first. What is written
/// meanwhile is beyond the head, and not looked at.
fn walked(people: &dyn People, client: Option<&Slug>, head: &Head) -> Result<(usize, Option<Broken>), NotDone> {
    let (mut check, mut after) = (Check::begin(client), 0);
    while after < head.seq {
        let lines = people.lines(client, after, MOST_LINES)?;
        if lines.is_empty() {
            break;
        }
        for (seq, link) in lines.iter().filter(|(seq, _)| *seq <= head.seq) {
            if let Err(found) = check.step(*seq, link) {
                return Ok((check.erased(), Some(found)));
            }
        }
        after = lines.last().map_or(u64::MAX, |(seq, _)| *seq);
    }
    Ok((check.erased(), check.end(head).err()))
}

/// `GET /api/v1/audit/export?client=`: a whole chain as JSON lines, with the hashes, in bounded memory.
pub(super) async fn export(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    uri: Uri,
) -> Result<Response, Problem> {
    let client = readable(&caller, &Params::of_uri(&uri))?;
    let (turn, who) = (work::turn(&app.exports).await?, caller.who.clone());
    let job = Job { turn, who, life: None, content_type: "application/x-ndjson" };
    let write = move |app: &Shared, _: &Limits, out: &mut Outlet<Problem>| {
        let (people, mut after) = (people(app)?, 0);
        loop {
            let lines = people.lines(client.as_ref(), after, MOST_LINES).map_err(problem)?;
            let Some((last, _)) = lines.last() else { return Ok(()) };
            after = *last;
            let text: String = lines.iter().map(|(seq, link)| format!("{}\n", shown(*seq, link))).collect();
            out.text.extend_from_slice(text.as_bytes());
            if out.spill().is_err() {
                return Ok(());
            }
        }
    };
    stream(&app, job, write).await.map_err(|problem| problem.unwrap_or_else(Problem::internal))
}

/// A line with its hash; one that can not be read says so, and is not left out.
pub fn shown(seq: u64, link: &Link) -> Value {
    json!(AuditLine::of(seq, link))
}

/// Lines of one chain.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLines {
    /// Whose; the provider's where it is null.
    client: Option<Slug>,
    /// In their order.
    lines: Vec<AuditLine>,
    /// What to ask for as `after` to go on; none at the end.
    next_after: Option<u64>,
    /// The same as a cursor, which any list has.
    next_cursor: Option<String>,
}

/// A line of a chain, with its hash.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditLine {
    /// Its number in the chain, from 1.
    seq: u64,
    /// What it says; nothing where it can not be read.
    #[serde(flatten)]
    says: Option<AuditSays>,
    /// Set where it can not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    damaged: Option<bool>,
    /// Set where somebody was erased from it: a pseudonym stands in their place, and the hash is of what stood there before.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased: Option<bool>,
    /// Over this line and the one before it.
    hash: String,
}

/// What a line says.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditSays {
    /// Who.
    who: String,
    /// By which way: `page`, `api`, `command line`, `site`.
    by: String,
    /// From which address.
    from: String,
    /// What: a word that is never renamed.
    what: String,
    /// On what.
    on: String,
    /// As it was; null where there was nothing.
    #[schema(value_type = Value)]
    before: Value,
    /// As it is.
    #[schema(value_type = Value)]
    after: Value,
    /// When it happened.
    happened_at: Stamp,
    /// When the hub learnt of it.
    learnt_at: Stamp,
}

impl AuditLine {
    fn of(seq: u64, link: &Link) -> Self {
        let line = link.line();
        let damaged = line.is_none().then_some(true);
        let erased = (link.held == Held::Erased).then_some(true);
        Self { seq, says: line.map(AuditSays::of), damaged, erased, hash: data_encoding::HEXLOWER.encode(&link.hash) }
    }
}

impl AuditSays {
    fn of(line: Line) -> Self {
        let Line { who, by, from, what, on, before, after, happened_ms, learnt_ms, .. } = line;
        // Times within what was changed are told as everywhere.
        let (before, after) = (stamped(before), stamped(after));
        let (happened_at, learnt_at) = (Stamp(UtcMs(happened_ms)), Stamp(UtcMs(learnt_ms)));
        Self { who, by, from, what, on, before, after, happened_at, learnt_at }
    }
}

/// Whether a chain is whole.
#[derive(Serialize, ToSchema)]
pub(crate) struct AuditVerified {
    client: Option<Slug>,
    /// Whether nothing was changed, moved or removed.
    whole: bool,
    /// What is broken first.
    broken: Option<String>,
    /// How many lines it has.
    lines: u64,
    /// From how many of them somebody was erased; a later line tells of each.
    erased: usize,
    /// The hash of its end, to be written down elsewhere.
    head: String,
}

/// The chain that was asked for, if the asker may read it. That it is another's and that there is none are the same answer.
fn readable(caller: &Caller, params: &Params) -> Result<Option<Slug>, Problem> {
    let none = || Problem {
        next: "name a client whose audit you may read",
        ..Problem::not_found("there is no such audit here")
    };
    let client = params.get("client").filter(|client| *client != "*");
    let client = client.map(|client| client.parse::<Slug>().map_err(|_| none())).transpose()?;
    if caller.may(Right::Audit, At::of(client.as_ref(), None)) { Ok(client) } else { Err(none()) }
}

fn number(params: &Params, name: &str, most: u64) -> Result<Option<u64>, Problem> {
    let wrong = || Problem::bad_parameter(format!("{name} is a number, at most {most}"));
    let read = |text: &str| text.parse().ok().filter(|number| *number <= most).ok_or_else(wrong);
    params.get(name).map(read).transpose()
}

fn people(app: &Shared) -> Result<&dyn People, Problem> {
    app.people.as_deref().ok_or_else(Problem::internal)
}
