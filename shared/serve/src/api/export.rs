//! How does everything that was measured leave this node, as it was measured?

mod form;

use std::io;

use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::Response;
use vigie_query::{Grain, Limits, Matcher, QueryError, Selection, SeriesPart, Source, Visit, Wish, all_match};

pub(crate) use self::form::Form;
use self::form::Writer;
use crate::door::Caller;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::{ExportGrain, ExportWish, Stamp, prometheus, work};

/// Label names in one table of comma-separated values: more columns than any spreadsheet shows.
const MAX_COLUMNS: usize = 1_000;

/// `GET|POST /api/v1/export?match[]=…&start=…&end=…&format=jsonl|csv|parquet&resolution=raw|1m|1h`: raw samples, or what
/// minutes or hours came down to. Without `format` the `Accept` header decides, and without either it is JSON lines. Without
/// `start` and `end`, everything.
///
/// - JSON lines are those of VictoriaMetrics' `/api/v1/export`, so that what reads that reads this. A series comes on
///   several lines, each in rising time. Times are milliseconds. Values read back bit for bit; NaN is `null` and infinities
///   are `"Infinity"` and `"-Infinity"`, because JSON has no numbers for them.
/// - Comma-separated values are for people: times in UTC, a column for each label, formulas disarmed, `NaN`, `+Inf`, `-Inf`.
/// - Parquet is for data frames: `metric`, `labels` (JSON), `time`, and `value` with all its bits, so that only here one
///   NaN can be told from another.
///
/// Of minutes and hours each form has, in place of values, when a window begins, its length in seconds (`window_s`), the
/// `count`, `sum`, `min`, `max`, `first` and `last` of its samples, what a counter `climbed`, and the `coverage`: the share
/// of what was measured in its hour that is in it. What is not kept or no number is NaN. Every window that touches the time
/// is there as it was folded, and what is not folded yet is not: samples tell of it. Where minutes were asked for and are
/// not kept there are hours, as their length says.
///
/// Pieces of one series may follow in any order, and where two lives of a machine's store overlap a moment may come twice.
/// If anything fails after the first piece the connection breaks off: an export that ends is whole.
pub(crate) async fn export(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    params: Result<Params, String>,
) -> Result<Response, Problem> {
    let params = params.map_err(Problem::bad_parameter)?;
    let (wanted, form) = (Wanted::read(&params)?, Form::of(&params, &headers)?);
    let turn = work::turn(&app.exports).await?;
    // No deadline: a year over a thin link takes hours. A reader that takes nothing is given up by the outlet.
    let job = Job { turn, who: caller.who.clone(), life: None, content_type: form.content_type() };
    let write = move |app: &Shared, limits: &Limits, out: &mut Outlet<QueryError>| {
        let is_raw = wanted.grain.is_none();
        let told = &mut |some| app.tally.exported(if is_raw { some } else { 0 });
        wanted.write(&caller.source(app), form, limits, out, told)
    };
    stream(&app, job, write).await.map_err(|error| error.map_or_else(Problem::internal, problem))
}

/// What is wanted of the samples.
pub(crate) struct Wanted {
    selectors: Vec<Vec<Matcher>>,
    start_ms: i64,
    end_ms: i64,
    /// Samples unless minutes or hours are.
    grain: Option<Grain>,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        let selectors = prometheus::matchers(params).map_err(problem)?;
        if selectors.is_empty() {
            return Err(Problem::bad_parameter("no match[] parameter provided: which series?"));
        }
        let time = |name, default| params.time(name, default).map_err(Problem::bad_parameter);
        let grain = match params.get("resolution").map(Grain::read) {
            None | Some(Some(Grain::Raw)) => None,
            Some(Some(grain @ (Grain::Minute | Grain::Hour))) => Some(grain),
            Some(Some(Grain::Auto) | None) => return Err(Problem::bad_parameter("resolution is raw, 1m or 1h")),
        };
        Ok(Self { selectors, start_ms: time("start", i64::MIN)?, end_ms: time("end", i64::MAX)?, grain })
    }

    /// What somebody wants in a file.
    pub(crate) fn of(wish: &ExportWish) -> Result<Self, QueryError> {
        let whole = [format!("{{client=\"{}\"}}", wish.client)];
        let selectors = if wish.matches.is_empty() { &whole[..] } else { &wish.matches };
        let grain = match wish.resolution {
            ExportGrain::Raw => None,
            ExportGrain::Minutes => Some(Grain::Minute),
            ExportGrain::Hours => Some(Grain::Hour),
        };
        let (start_ms, end_ms) = (wish.start.map_or(i64::MIN, Stamp::ms), wish.end.map_or(i64::MAX, Stamp::ms));
        Ok(Self { selectors: prometheus::selectors(selectors.iter().map(String::as_str))?, start_ms, end_ms, grain })
    }

    /// Writes it; tells how many samples, or minutes and hours, each piece has.
    pub(crate) fn write(
        &self,
        source: &dyn Source,
        form: Form,
        limits: &Limits,
        out: &mut (dyn io::Write + Send),
        told: &mut dyn FnMut(usize),
    ) -> Result<(), QueryError> {
        let names = if form == Form::Csv { self.label_names(source, limits)? } else { Vec::new() };
        let mut writer = Writer::new(form, self.grain.is_some(), names, out)?;
        let wish = self.grain.map_or(Wish::RAW, Wish::cells);
        for (at, matchers) in self.selectors.iter().enumerate() {
            let earlier = &self.selectors[..at];
            let mut written = Ok(());
            let selection = Selection::new(matchers, self.start_ms, self.end_ms);
            source.select_parts(&selection, wish, limits, &mut |part| {
                // What an earlier selector brought is not brought again.
                if earlier.iter().any(|matchers| all_match(matchers, part.labels())) {
                    return Visit::Continue(());
                }
                written = match part {
                    SeriesPart::Samples(piece) if self.grain.is_none() => {
                        told(piece.values.len());
                        writer.piece(piece)
                    }
                    // Of a source that keeps nothing else.
                    SeriesPart::Samples(_) => Ok(()),
                    SeriesPart::Cells(cells) => {
                        told(cells.cells.len());
                        writer.cells(cells, (self.start_ms, self.end_ms))
                    }
                };
                if written.is_ok() { Visit::Continue(()) } else { Visit::Break(()) }
            })?;
            written?;
        }
        writer.finish()
    }

    /// A table says its columns before its first row.
    fn label_names(&self, source: &dyn Source, limits: &Limits) -> Result<Vec<String>, QueryError> {
        let mut names = std::collections::BTreeSet::new();
        for matchers in &self.selectors {
            source.series(matchers, self.start_ms, self.end_ms, limits, &mut |labels| {
                for (name, _) in labels.iter() {
                    if !names.contains(name) {
                        names.insert(name.to_owned());
                    }
                }
                if names.len() > MAX_COLUMNS { Visit::Break(()) } else { Visit::Continue(()) }
            })?;
        }
        if names.len() > MAX_COLUMNS {
            let why = format!("the series have more than {MAX_COLUMNS} labels: select fewer, or another format");
            return Err(QueryError::Execution(why));
        }
        Ok(names.into_iter().collect())
    }
}

fn problem(error: QueryError) -> Problem {
    match error {
        QueryError::BadData(why) | QueryError::Execution(why) => Problem::bad_parameter(why),
        QueryError::TimedOut | QueryError::Canceled => {
            Problem::new(Code::TimedOut, error.to_string(), "ask for a shorter range")
        }
        QueryError::Internal(why) => {
            tracing::error!(why, "an export failed");
            Problem::internal()
        }
    }
}
