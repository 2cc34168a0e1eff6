//! What do many alerts come down to for a person? Flapping, belonging together, and hidden behind another.
//!
//! Pure functions over alerts and their changes: what they say is asked again whenever something changed.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

use vigie_query::LabelSet;

use crate::mind::{Fingerprint, Instance, Transition};

/// When an alert flaps: it begins and ends so often that each time tells nothing new.
#[derive(Debug, Clone)]
pub struct Flaps {
    /// Changes between firing and not firing within the window that make it flap.
    most: usize,
    window_ms: i64,
    calm_ms: i64,
    changes: HashMap<Fingerprint, Changes>,
}

#[derive(Debug, Clone, Default)]
struct Changes {
    at_ms: VecDeque<i64>,
    flapping: bool,
}

impl Flaps {
    /// Alerts flap after `most` changes within a window, until none came for `calm_ms`.
    pub fn new(most: usize, window_ms: i64, calm_ms: i64) -> Self {
        Self { most: most.max(1), window_ms, calm_ms, changes: HashMap::new() }
    }

    /// Takes note of a change, and says whether the alert flaps now. Only its first change as a flapping one need be told.
    pub fn note(&mut self, transition: &Transition) -> bool {
        if transition.from.is_firing() == transition.to.is_firing() {
            return self.is_flapping(transition.fingerprint, transition.at_ms);
        }
        let changes = self.changes.entry(transition.fingerprint).or_default();
        changes.calm_down(transition.at_ms, self.calm_ms);
        changes.at_ms.push_back(transition.at_ms);
        while changes.at_ms.len() > self.most {
            changes.at_ms.pop_front();
        }
        let first = changes.at_ms.front().copied().unwrap_or(transition.at_ms);
        let within = transition.at_ms.saturating_sub(first) <= self.window_ms;
        changes.flapping |= changes.at_ms.len() >= self.most && within;
        changes.flapping
    }

    /// Whether an alert flaps at a moment.
    pub fn is_flapping(&self, fingerprint: Fingerprint, now_ms: i64) -> bool {
        self.changes.get(&fingerprint).is_some_and(|changes| changes.flapping && !changes.is_calm(now_ms, self.calm_ms))
    }

    /// Forgets what has been calm for longer than anything here looks back.
    pub fn tidy(&mut self, now_ms: i64) {
        let longest_ms = self.calm_ms.max(self.window_ms);
        self.changes.retain(|_, changes| !changes.is_calm(now_ms, longest_ms));
    }
}

impl Default for Flaps {
    /// Six changes within half an hour; calm after twenty minutes.
    fn default() -> Self {
        Self::new(6, 30 * 60_000, 20 * 60_000)
    }
}

impl Changes {
    fn is_calm(&self, now_ms: i64, calm_ms: i64) -> bool {
        self.at_ms.back().is_none_or(|last| now_ms.saturating_sub(*last) >= calm_ms)
    }

    fn calm_down(&mut self, now_ms: i64, calm_ms: i64) {
        if self.is_calm(now_ms, calm_ms) {
            self.flapping = false;
        }
    }
}

/// Alerts that are told together: those with the same values of these labels.
pub fn grouped<'a>(
    instances: impl IntoIterator<Item = &'a Instance>,
    by: &[&str],
) -> BTreeMap<LabelSet, Vec<&'a Instance>> {
    let mut groups: BTreeMap<LabelSet, Vec<&Instance>> = BTreeMap::new();
    for instance in instances {
        let key = LabelSet::new(by.iter().map(|name| (*name, instance.labels.get(name))));
        groups.entry(key).or_default().push(instance);
    }
    groups
}

/// What hides what: a firing alert with this label hides those of the same place.
#[derive(Debug, Clone)]
pub struct Dependency {
    /// The alert that hides: a label and its value.
    pub source: (Arc<str>, Arc<str>),
    /// Labels that must be there and the same on both.
    pub equal: Vec<Arc<str>>,
}

/// The label of alerts that say who is there; see [`dependencies`].
pub const PRESENCE_LABEL: &str = "presence";

/// A site that is cut off hides its machines' alerts, and a machine that is silent those of its metrics.
pub fn dependencies() -> Vec<Dependency> {
    let one = |value: &str, equal: &[&str]| Dependency {
        source: (PRESENCE_LABEL.into(), value.into()),
        equal: equal.iter().map(|name| Arc::from(*name)).collect(),
    };
    vec![one("site", &["client", "site"]), one("machine", &["machine_id"])]
}

/// Which alerts are hidden, and behind which. None is hidden behind one of its own kind, nor behind a hidden one that
/// would otherwise not be told: the chain ends at an alert that is shown.
pub fn hidden(instances: &[&Instance], dependencies: &[Dependency]) -> HashMap<Fingerprint, Fingerprint> {
    let mut hidden = HashMap::new();
    for (rank, Dependency { source: (name, value), equal }) in dependencies.iter().enumerate() {
        let is_source = |labels: &LabelSet| labels.get(name) == &**value;
        let place = |labels: &LabelSet| -> Option<Vec<String>> {
            equal.iter().map(|name| Some(labels.get(name).to_owned()).filter(|value| !value.is_empty())).collect()
        };
        let sources = instances.iter().filter(|instance| instance.phase.is_firing() && is_source(&instance.labels));
        let mut by_place: HashMap<Vec<String>, Fingerprint> = HashMap::new();
        for source in sources.filter(|source| !hidden.contains_key(&source.fingerprint)) {
            let Some(place) = place(&source.labels) else { continue };
            let first = by_place.entry(place).or_insert(source.fingerprint);
            *first = (*first).min(source.fingerprint);
        }
        // What stands higher is not hidden by what stands lower.
        let above = |labels: &LabelSet| {
            dependencies[..=rank].iter().any(|higher| labels.get(&higher.source.0) == &*higher.source.1)
        };
        for instance in instances.iter().filter(|instance| !above(&instance.labels)) {
            if let Some(source) = place(&instance.labels).and_then(|place| by_place.get(&place)) {
                hidden.entry(instance.fingerprint).or_insert(*source);
            }
        }
    }
    hidden
}
