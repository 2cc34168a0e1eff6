//! What should a person know of the rows?
//!
//! That they were found to be an older copy or to live twice, that a peer's were, and what was not taken. The last new life
//! is remembered across restarts, for whoever looks the day after.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vigie_codec::wire::rows::RowRefusal;
use vigie_model::{NodeId, UtcMs};
use vigie_store::State;
use vigie_store::rows::NewLife;
use vigie_sync::rows::Applied;

use super::NodeRows;
use crate::Finding;

/// Peers whose new lives are remembered: more in one run are a matter for the log.
const PEERS: usize = 256;

/// A new life is worth a person's look for so long.
const FRESH_MS: i64 = 7 * 86_400_000;

/// What happened to the rows since the program began, and their last new life.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RowsTold {
    /// Why and when these rows last began a new life, other than their first.
    pub life: Option<(String, UtcMs)>,
    /// Since when the rows can not be kept or read, and why; none while they can.
    pub trouble: Option<(String, UtcMs)>,
    /// Peers whose rows began a new life, and when: restored, copied, or begun anew.
    pub peers: BTreeMap<NodeId, UtcMs>,
    /// Rows of peers that were not taken, by reason.
    pub refused: BTreeMap<RowRefusal, u64>,
    /// Rows whose markers were too far in the future; they were taken.
    pub future: u64,
    /// Rows in which one write said two things.
    pub contradictions: u64,
}

/// As it stands in the state, version 1.
#[derive(Serialize, Deserialize)]
struct Kept {
    why: String,
    at_ms: i64,
}

impl RowsTold {
    pub(super) fn read(state: &State) -> Self {
        let kept = state.get("node", b"rows.life").ok().flatten();
        let kept = kept.and_then(|bytes| serde_json::from_slice::<Kept>(&bytes).ok());
        Self { life: kept.map(|kept| (kept.why, UtcMs(kept.at_ms))), ..Self::default() }
    }

    /// For the status of a node.
    pub fn as_json(&self) -> Value {
        let refused: BTreeMap<_, _> = self.refused.iter().map(|(why, count)| (format!("{why:?}"), count)).collect();
        let peers: BTreeMap<_, _> = self.peers.iter().map(|(node, at)| (node.to_string(), at.0)).collect();
        json!({
            "new_life": self.life.as_ref().map(|(why, at)| json!({ "why": why, "at_ms": at.0 })),
            "trouble": self.trouble.as_ref().map(|(why, at)| json!({ "why": why, "since_ms": at.0 })),
            "peers_anew": peers,
            "refused": refused,
            "future": self.future,
            "contradictions": self.contradictions,
        })
    }
}

/// What a doctor says of the rows, from the `rows` of a node's status.
pub fn rows_finding(status: &Value, now_ms: i64) -> Finding {
    if let Some(why) = status["trouble"]["why"].as_str() {
        let since_ms = now_ms - status["trouble"]["since_ms"].as_i64().unwrap_or(now_ms);
        let said = format!("can not be kept or read for {} min: {why}", since_ms / 60_000);
        let advice = "make room on the disk of state.redb, or look at that disk; samples go on, alerts and decisions stay here \
                      until it keeps again, and the sessions try again after 1 to 16 min";
        return Finding::bad("rows", said, advice);
    }
    let life = &status["new_life"];
    let age_ms = now_ms - life["at_ms"].as_i64().unwrap_or(i64::MIN / 2);
    if age_ms < FRESH_MS {
        let said =
            format!("began a new life {} min ago: {}", age_ms / 60_000, life["why"].as_str().unwrap_or("unknown"));
        let advice = "if nobody restored this node, its folder was copied: stop one of both and enrol it anew; a hub that was \
                      restored whole: start it once with --take-back-rows";
        return Finding::bad("rows", said, advice);
    }
    let refused: u64 =
        status["refused"].as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64()).sum();
    if refused > 0 {
        let said = format!("{refused} rows of peers were not taken: {}", status["refused"]);
        let too_many = status["refused"].get(format!("{:?}", RowRefusal::TooMany)).is_some();
        let advice = if too_many {
            "a machine or a site brings more rows than it may have: those it has still change, new ones are left out; find the \
             peer in this node's log and see what writes them, for no program of Vigie needs so many"
        } else {
            "look for the peer in this node's log; it is of another version, or hostile"
        };
        return Finding::bad("rows", said, advice);
    }
    let anew = status["peers_anew"].as_object().map_or(0, serde_json::Map::len);
    let said = if anew == 0 { "in order".to_owned() } else { format!("in order; of {anew} peers they began anew") };
    Finding::good("rows", said)
}

impl NodeRows {
    /// These rows began a new life.
    pub(super) fn note_life(&self, why: NewLife) {
        if why == NewLife::First {
            return;
        }
        let text = match why {
            NewLife::First => return,
            NewLife::Restored => "the store is an older copy, or another node's",
            NewLife::SeenElsewhere => "a peer has seen what this node never did: it was restored, or it runs twice",
            NewLife::Damaged => "a row was damaged",
            NewLife::BeginsAgain => "the hub had forgotten what may still have been here",
        };
        let at = self.0.clock.now().utc;
        tracing::warn!(why = text, "the rows of this node began a new life; everything is compared with its peers");
        self.told_mut().life = Some((text.to_owned(), at));
        let kept = Kept { why: text.to_owned(), at_ms: at.0 };
        // It stands in the log in any case.
        let written = serde_json::to_vec(&kept).ok().map(|bytes| self.0.state.put("node", b"rows.life", &bytes));
        if let Some(Err(error)) = written {
            tracing::debug!(%error, "the new life of the rows could not be noted");
        }
    }

    /// The rows could not be kept or read. Said aloud when it begins and when it changes.
    pub(super) fn note_trouble(&self, why: &str, peer: NodeId) {
        let at = self.0.clock.now().utc;
        let mut told = self.told_mut();
        let since = told.trouble.as_ref().map_or(at, |(_, since)| *since);
        if told.trouble.as_ref().is_none_or(|(known, _)| known != why) {
            tracing::warn!(why, %peer, "the rows can not be read or kept now; sessions try again after 1 to 16 min");
        }
        told.trouble = Some((why.to_owned(), since));
    }

    /// Something of the rows became durable.
    pub(super) fn note_kept(&self) {
        if let Some((why, _)) = self.told_mut().trouble.take() {
            tracing::info!(why, "the rows are kept again");
        }
    }

    /// A peer's rows are not in the life they were in.
    pub(super) fn note_peer_anew(&self, peer: NodeId) {
        tracing::warn!(%peer, "the rows of a peer began a new life: it was restored, copied, or begun anew");
        let mut told = self.told_mut();
        if told.peers.len() < PEERS || told.peers.contains_key(&peer) {
            told.peers.insert(peer, self.0.clock.now().utc);
        }
    }

    /// What became of rows that a peer gave.
    pub(super) fn note_applied(&self, peer: NodeId, applied: &Applied) {
        if applied.refused.is_empty() && applied.future.is_empty() && applied.contradictions == 0 {
            return;
        }
        if let Some((key, why)) = applied.refused.first() {
            let (key, count) = (String::from_utf8_lossy(key), applied.refused.len());
            tracing::warn!(%peer, first = %key, ?why, count, "rows of a peer were not taken");
        }
        if let Some(key) = applied.future.first() {
            tracing::warn!(%peer, first = %key, count = applied.future.len(), "rows were written by a clock that is ahead");
        }
        let mut told = self.told_mut();
        applied.refused.iter().for_each(|(_, why)| *told.refused.entry(*why).or_default() += 1);
        told.future += applied.future.len() as u64;
        told.contradictions += applied.contradictions;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn doctor_says_since_when_the_rows_can_not_be_kept_and_what_to_do() {
        let trouble = Some(("the disk is full".to_owned(), UtcMs(0)));
        let told = RowsTold { trouble, ..RowsTold::default() };
        let finding = rows_finding(&told.as_json(), 180_000);
        assert!(!finding.is_good() && finding.said().contains("for 3 min: the disk is full"), "{finding:?}");
    }

    #[test]
    fn doctor_says_when_a_peer_brought_more_rows_than_it_may() {
        let told = RowsTold { refused: [(RowRefusal::TooMany, 3)].into(), ..RowsTold::default() };
        let finding = format!("{:?}", rows_finding(&told.as_json(), 0));
        assert!(finding.contains("3 rows") && finding.contains("TooMany"), "{finding}");
        assert!(finding.contains("more rows than it may have"), "{finding}");
        let told = RowsTold { refused: [(RowRefusal::Garbled, 3)].into(), ..RowsTold::default() };
        let finding = format!("{:?}", rows_finding(&told.as_json(), 0));
        assert!(finding.contains("another version"), "{finding}");
    }
}
