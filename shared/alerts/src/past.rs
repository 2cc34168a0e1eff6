//! When was it so before this time?

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use crate::alert::Alert;

/// Times that are kept of one alert, the latest ones: what flaps for days is counted, and a row stays small.
pub const MAX_PAST: usize = 64;

/// One time that it began and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Spell {
    /// When it began.
    pub since: UtcMs,
    /// When it was over: by its rule, or by somebody's word.
    pub ended: UtcMs,
}

/// The times before the one that begins now: those that were known, and the last.
pub(crate) fn and_the_last(alert: &Alert) -> Vec<Spell> {
    let mut past = alert.past.clone();
    past.extend(last(alert).filter(|last| past.last().is_none_or(|known| known.since < last.since)));
    past.drain(..past.len().saturating_sub(MAX_PAST));
    past
}

fn last(alert: &Alert) -> Option<Spell> {
    let about = alert.about.as_ref()?;
    let closed = alert.closings().map(|(said, _)| said.happened).max();
    Some(Spell { since: about.since, ended: about.ended.or(closed)? })
}
