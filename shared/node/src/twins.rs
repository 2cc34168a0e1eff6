//! Is one identity used from two places at once?
//!
//! A node has one connection here, the newest. Two programs with the same key push each other out again and again; one that
//! lost its line comes back once.

use std::collections::{BTreeMap, VecDeque};

use serde_json::{Value, json};
use vigie_model::NodeId;

use crate::{Finding, View};

/// Displacements within [`WITHIN_MS`] that are no accident: a line that flaps lets the older connection die by itself, and
/// hardly pushes out three that still stood.
const ENOUGH: usize = 3;

/// Two programs that displace each other redial within some seconds each.
const WITHIN_MS: u64 = 60_000;

/// Nodes that are looked at: more at once are a matter for the log.
const MOST: usize = 256;

/// What was seen twice is worth a person's look for so long.
const FRESH_MS: i64 = 86_400_000;

/// Connections that were pushed out by another of the same node, lately.
#[derive(Debug, Default)]
pub(crate) struct Displaced(BTreeMap<NodeId, VecDeque<u64>>);

impl Displaced {
    /// A connection of this node was pushed out. Says whether that happens too often for one program.
    pub(crate) fn note(&mut self, node: NodeId, now_ms: u64) -> bool {
        let is_old = |at: &u64| now_ms.saturating_sub(*at) > WITHIN_MS;
        if self.0.len() >= MOST {
            self.0.retain(|_, times| times.back().is_some_and(|at| !is_old(at)));
        }
        if self.0.len() >= MOST && !self.0.contains_key(&node) {
            return false;
        }
        let times = self.0.entry(node).or_default();
        times.retain(|at| !is_old(at));
        times.push_back(now_ms);
        if times.len() > ENOUGH {
            times.pop_front();
        }
        times.len() >= ENOUGH
    }
}

/// Nodes that were seen twice at once, for the status of a node.
pub fn twins_json(view: &View) -> Value {
    view.twins.iter().map(|(node, at)| json!({ "node": node.to_string(), "at_ms": at.0 })).collect()
}

/// What a doctor says of them, from the `twins` of a node's status.
pub fn twins_finding(twins: &Value, now_ms: i64) -> Finding {
    let fresh = |one: &&Value| now_ms - one["at_ms"].as_i64().unwrap_or(i64::MIN / 2) < FRESH_MS;
    let found: Vec<&str> =
        twins.as_array().into_iter().flatten().filter(fresh).filter_map(|one| one["node"].as_str()).collect();
    let said = match &found[..] {
        [] => "none was seen twice".to_owned(),
        found => format!("seen from two places at once: {}", found.join(", ")),
    };
    let advice = "a machine's folder was copied and both run: the copy becomes a machine of its own, listed with whose copy it \
                  was, as soon as the hub is in reach; if it was not meant to run, stop it and revoke it at the hub";
    Finding::check("copies", found.is_empty(), said, advice)
}

#[cfg(test)]
mod tests {
    use vigie_model::UtcMs;

    use super::*;

    fn node(number: u64) -> NodeId {
        NodeId::from_bytes([number as u8; 16])
    }

    #[test]
    fn two_that_push_each_other_out_are_found_and_one_that_comes_back_is_not() {
        let mut displaced = Displaced::default();
        assert_eq!([0, 2_000, 4_000].map(|at| displaced.note(node(1), at)), [false, false, true]);
        let hourly = (1..50).any(|hour| displaced.note(node(2), hour * 3_600_000));
        assert!(!hourly, "a line that is lost now and then is no copy");
    }

    #[test]
    fn a_doctor_names_who_was_seen_twice_for_a_day() {
        let view = View { twins: [(node(1), UtcMs(0))].into(), ..View::default() };
        let told = twins_json(&view);
        assert!(!twins_finding(&told, 60_000).is_good() && twins_finding(&told, 2 * FRESH_MS).is_good());
        assert!(twins_finding(&told, 60_000).said().contains(&node(1).to_string()));
    }
}
