//! How does everything that was measured leave this node, as it was measured?

use std::ops::ControlFlow;

use axum::extract::{Extension, State};
use axum::response::Response;
use vigie_query::{LabelSet, Limits, Matcher, QueryError, SeriesSamples, Source, Visit, all_match};

use crate::door::Caller;
use crate::number;
use crate::params::Params;
use crate::problem::{Code, Problem};
use crate::shared::{App, Shared};
use crate::stream::{Job, Outlet, stream};
use crate::{prometheus, work};

/// Samples on one line. A reader parses a line at once, so it stays below some hundred kilobytes.
const LINE_SAMPLES: usize = 8_192;

/// `GET|POST /api/v1/export?match[]=…&start=…&end=…`: raw samples as JSON lines, in the form of VictoriaMetrics'
/// `/api/v1/export`, so that what reads that reads this.
///
/// A series comes on several lines, each in rising time; lines of one series may follow in any order, and where two lives
/// of a machine's store overlap a moment may come twice. Times are milliseconds. Values read back bit for bit; NaN is
/// `null` and infinities are `"Infinity"` and `"-Infinity"`, because JSON has no numbers for them. Without `start` and
/// `end`, everything. If anything fails after the first line the connection breaks off: an export that ends is whole.
pub(crate) async fn export(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Problem> {
    let wanted = Wanted::read(&params.map_err(Problem::bad_parameter)?)?;
    let turn = work::turn(&app.exports).await?;
    // No deadline: a year over a thin link takes hours. A reader that takes nothing is given up by the outlet.
    let job = Job { turn, life: None, content_type: "application/stream+json" };
    let write =
        move |app: &Shared, limits: &Limits, out: &mut Outlet<QueryError>| wanted.write(app, &caller, limits, out);
    stream(&app, job, write).await.map_err(|error| error.map_or_else(Problem::internal, problem))
}

struct Wanted {
    selectors: Vec<Vec<Matcher>>,
    start_ms: i64,
    end_ms: i64,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, Problem> {
        let selectors = prometheus::matchers(params).map_err(problem)?;
        if selectors.is_empty() {
            return Err(Problem::bad_parameter("no match[] parameter provided: which series?"));
        }
        let time = |name, default| params.time(name, default).map_err(Problem::bad_parameter);
        Ok(Self { selectors, start_ms: time("start", i64::MIN)?, end_ms: time("end", i64::MAX)? })
    }

    fn write(
        &self,
        app: &Shared,
        caller: &Caller,
        limits: &Limits,
        out: &mut Outlet<QueryError>,
    ) -> Result<(), QueryError> {
        let source = caller.source(app);
        for (at, matchers) in self.selectors.iter().enumerate() {
            let earlier = &self.selectors[..at];
            let mut gone = false;
            source.select(matchers, self.start_ms, self.end_ms, limits, &mut |piece| {
                // What an earlier selector brought is not brought again.
                if earlier.iter().any(|matchers| all_match(matchers, piece.labels)) {
                    return Visit::Continue(());
                }
                app.tally.exported(piece.values.len());
                let sent = write_piece(piece, out);
                gone = sent.is_break();
                sent
            })?;
            if gone {
                return Err(QueryError::Canceled);
            }
        }
        Ok(())
    }
}

fn write_piece(piece: SeriesSamples<'_>, out: &mut Outlet<QueryError>) -> Visit {
    let columns = piece.timestamps_ms.chunks(LINE_SAMPLES).zip(piece.values.chunks(LINE_SAMPLES));
    for (timestamps_ms, values) in columns {
        write_line(piece.labels, timestamps_ms, values, &mut out.text);
        if out.spill().is_err() {
            return ControlFlow::Break(());
        }
    }
    ControlFlow::Continue(())
}

fn write_line(labels: &LabelSet, timestamps_ms: &[i64], values: &[f64], out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"metric\":");
    prometheus::write_labels(labels, out);
    out.extend_from_slice(b",\"values\":[");
    joined(values, out, |value, out| number::export(*value, out));
    out.extend_from_slice(b"],\"timestamps\":[");
    joined(timestamps_ms, out, |at, out| out.extend_from_slice(at.to_string().as_bytes()));
    out.extend_from_slice(b"]}\n");
}

fn joined<T>(column: &[T], out: &mut Vec<u8>, mut write: impl FnMut(&T, &mut Vec<u8>)) {
    for (at, value) in column.iter().enumerate() {
        if at > 0 {
            out.push(b',');
        }
        write(value, out);
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
