//! Does a hub answer what Prometheus answers, when both were told the same by the same protocol?
//!
//! Needs Debian's `prometheus` (the package brings `promtool` too). Where it can not be had, `VIGIE_WITHOUT_PEERS=1` says
//! that this was known and accepted. The samples and the questions are those that the query engine alone is tried with.

mod answer;
#[path = "../../../../shared/query/tests/equality/compare.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod compare;
#[path = "../../../../shared/query/tests/equality/data.rs"]
#[allow(dead_code, reason = "not all of it is needed here")]
mod data;
mod equality;

mod promtool;
#[path = "../../../../shared/query/tests/equality/questions.rs"]
mod questions;
mod scraped;

use serde_json::Value as Json;
use vigie_trial::Door;

/// The moments of a question.
#[derive(Debug, Clone, Copy)]
pub(crate) enum When {
    /// One, in ms.
    At(i64),
    /// From, until, and step, in ms.
    Range(i64, i64, i64),
}

impl When {
    /// What a node answers.
    fn ask(self, door: &Door, text: &str) -> Json {
        let answer = match self {
            Self::At(at_ms) => door.query(text, at_ms),
            Self::Range(start_ms, end_ms, step_ms) => door.query_range(text, start_ms, end_ms, step_ms),
        };
        answer.unwrap_or_else(|| panic!("no answer to {text} from {}", door.url()))
    }
}
