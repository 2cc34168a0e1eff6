//! What is kept from being told? Silences and maintenance, as others decided them.

use std::collections::BTreeMap;

use vigie_model::UtcMs;

use super::alert::Facts;

/// The label of rules that maintenance does not mute; with any value.
pub const AWAKE_LABEL: &str = "vigie_awake";

/// Nobody is told of what it covers, from one moment to another. What is still wrong afterwards is told then.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Mute {
    /// Labels that all must be so, `client`, `site`, `machine`, `rule` and `severity` among them. One without any covers
    /// nothing: to mute everything is to switch off, and that is not done by leaving something out.
    pub labels: BTreeMap<String, String>,
    /// From when.
    pub from: Option<UtcMs>,
    /// Until when, exclusive.
    pub until: Option<UtcMs>,
    /// What bears [`AWAKE_LABEL`] is told all the same.
    pub spares_awake: bool,
}

impl Mute {
    /// Whether it covers that now.
    pub(crate) fn covers(&self, facts: &Facts, now: UtcMs) -> bool {
        self.from.is_none_or(|from| from <= now)
            && self.until.is_none_or(|until| now < until)
            && !self.labels.is_empty()
            && (!self.spares_awake || facts.label(AWAKE_LABEL).is_empty())
            && self.labels.iter().all(|(name, value)| facts.label(name) == value)
    }

    /// When it begins or ends next.
    pub(crate) fn turns(&self, now: UtcMs) -> Option<UtcMs> {
        [self.from, self.until].into_iter().flatten().filter(|at| *at > now).min()
    }
}
