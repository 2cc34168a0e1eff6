//! What must a judge know after a restart? What was pending and firing, and which relays were ever heard.
//!
//! Shapes of version 1; a changed shape has another number, and the old one stays readable.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vigie_model::{Doubt, NodeId, Severity};
use vigie_query::LabelSet;
use vigie_store::{CommitError, ReadError, State};
use vigie_watch::{Fingerprint, Instance, Mind, Phase, RuleKey, Saved};

pub(crate) const INSTANCES: &str = "lookout.instance";
pub(crate) const GROUPS: &str = "lookout.group";
pub(crate) const RELAYS: &str = "lookout.relay";
const VERSION: u8 = 1;

/// How long what only tells the time of the last evaluation may be old.
const SAVE_EVERY_MS: i64 = 60_000;

type Pairs = Vec<(String, String)>;

#[derive(Debug, Serialize, Deserialize)]
struct Row {
    group: String,
    rule: String,
    turn: u64,
    fingerprint: [u8; 16],
    labels: Pairs,
    series: Pairs,
    annotations: Pairs,
    severity: Severity,
    value: f64,
    phase: u8,
    active_at_ms: i64,
    fired_at_ms: Option<i64>,
    keeping_since_ms: Option<i64>,
    doubt: Option<(Doubt, i64)>,
}

/// What was written down of a mind, so that only what changed is written again.
#[derive(Debug, Default)]
pub(crate) struct Remembered {
    instances: BTreeMap<Vec<u8>, u64>,
    saved_at_ms: Option<i64>,
}

impl Remembered {
    /// What was written down before this program began.
    pub(crate) fn load(state: &State) -> Result<(Self, Vec<Saved>), ReadError> {
        let mut groups: BTreeMap<String, i64> = BTreeMap::new();
        for (key, value) in state.scan(GROUPS, &[])? {
            if let (Ok(name), Ok(at_ms)) = (String::from_utf8(key), <[u8; 8]>::try_from(value.as_slice())) {
                groups.insert(name, i64::from_be_bytes(at_ms));
            }
        }
        let (mut remembered, mut saved) = (Self::default(), Vec::new());
        for (key, value) in state.scan(INSTANCES, &[])? {
            // What can not be read is written again when it is found again, and removed otherwise.
            remembered.instances.insert(key, 0);
            let Some(row) = value.strip_prefix(&[VERSION]).and_then(|row| postcard::from_bytes::<Row>(row).ok()) else {
                continue;
            };
            let at_ms = groups.get(&row.group).copied().unwrap_or(row.active_at_ms);
            saved.extend(row.read().map(|(rule, instance)| Saved { rule, instance, at_ms }));
        }
        Ok((remembered, saved))
    }

    /// Writes down what changed; and when rules were last worked out, now and then.
    pub(crate) fn save(&mut self, state: &State, mind: &Mind, changed: bool, now_ms: i64) -> Result<(), CommitError> {
        let due = self.saved_at_ms.is_none_or(|at| now_ms.saturating_sub(at).abs() >= SAVE_EVERY_MS);
        if !changed && !due {
            return Ok(());
        }
        let saved = mind.saved();
        if saved.is_empty() && self.instances.is_empty() {
            return Ok(());
        }
        let groups: BTreeMap<&str, i64> = saved.iter().map(|one| (&*one.rule.group, one.at_ms)).collect();
        let mut now: BTreeMap<Vec<u8>, u64> = BTreeMap::new();
        let mut put = Vec::new();
        for Saved { rule, instance, .. } in &saved {
            let (key, mark) = (instance.fingerprint.0.to_vec(), mark(instance));
            if self.instances.get(&key) != Some(&mark) {
                let row = postcard::to_stdvec(&Row::of(rule, instance)).unwrap_or_default();
                put.push((key.clone(), [vec![VERSION], row].concat()));
            }
            now.insert(key, mark);
        }
        let gone: Vec<Vec<u8>> = self.instances.keys().filter(|key| !now.contains_key(*key)).cloned().collect();
        state.transact(|tx| {
            put.iter().try_for_each(|(key, row)| tx.put(INSTANCES, key, row))?;
            gone.iter().try_for_each(|key| tx.remove(INSTANCES, key).map(drop))?;
            groups.iter().try_for_each(|(group, at_ms)| tx.put(GROUPS, group.as_bytes(), &at_ms.to_be_bytes()))
        })?;
        (self.instances, self.saved_at_ms) = (now, Some(now_ms));
        Ok(())
    }
}

/// Of which client an instance is, by its labels.
pub(crate) fn client_of(row: &[u8]) -> Option<String> {
    let row: Row = postcard::from_bytes(row.strip_prefix(&[VERSION])?).ok()?;
    let label = |pairs: Pairs| pairs.into_iter().find(|(name, _)| name == "client").map(|(_, client)| client);
    label(row.labels).or_else(|| label(row.series))
}

/// The relays that were ever heard.
pub(crate) fn heard_relays(state: &State) -> Result<BTreeSet<NodeId>, ReadError> {
    let rows = state.scan(RELAYS, &[])?;
    Ok(rows.iter().filter_map(|(key, _)| <[u8; 16]>::try_from(key.as_slice()).ok()).map(NodeId::from_bytes).collect())
}

/// A relay was heard for the first time.
pub(crate) fn heard(state: &State, relay: NodeId) -> Result<(), CommitError> {
    state.put(RELAYS, relay.as_bytes(), &[VERSION])
}

/// What of an instance is worth writing down again: its value changes all the time, and is found again.
fn mark(instance: &Instance) -> u64 {
    let Instance { phase, active_at_ms, fired_at_ms, keeping_since_ms, doubt, .. } = instance;
    let text = format!("{phase:?} {active_at_ms} {fired_at_ms:?} {keeping_since_ms:?} {doubt:?}");
    let hash = blake3::hash(text.as_bytes());
    hash.as_bytes().first_chunk::<8>().map_or(1, |bytes| u64::from_be_bytes(*bytes)).max(1)
}

fn pairs(labels: &LabelSet) -> Pairs {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Row {
    fn of(rule: &RuleKey, instance: &Instance) -> Self {
        Self {
            group: rule.group.to_string(),
            rule: rule.rule.to_string(),
            turn: rule.turn as u64,
            fingerprint: instance.fingerprint.0,
            labels: pairs(&instance.labels),
            series: pairs(&instance.series),
            annotations: instance.annotations.to_vec(),
            severity: instance.severity,
            value: instance.value,
            phase: match instance.phase {
                Phase::Inactive => 0,
                Phase::Pending => 1,
                Phase::Firing => 2,
                Phase::Keeping => 3,
            },
            active_at_ms: instance.active_at_ms,
            fired_at_ms: instance.fired_at_ms,
            keeping_since_ms: instance.keeping_since_ms,
            doubt: instance.doubt,
        }
    }

    fn read(self) -> Option<(RuleKey, Instance)> {
        let phase = match self.phase {
            1 => Phase::Pending,
            2 => Phase::Firing,
            3 => Phase::Keeping,
            _ => return None,
        };
        let turn = usize::try_from(self.turn).ok()?;
        let rule = RuleKey { group: self.group.into(), rule: self.rule.into(), turn };
        let instance = Instance {
            fingerprint: Fingerprint(self.fingerprint),
            labels: Arc::new(LabelSet::new(self.labels)),
            series: Arc::new(LabelSet::new(self.series)),
            annotations: self.annotations.into(),
            severity: self.severity,
            value: self.value,
            phase,
            active_at_ms: self.active_at_ms,
            fired_at_ms: self.fired_at_ms,
            keeping_since_ms: self.keeping_since_ms,
            doubt: self.doubt,
        };
        Some((rule, instance))
    }
}
