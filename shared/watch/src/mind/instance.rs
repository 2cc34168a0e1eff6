//! What is one thing that a rule found wrong?

use std::fmt;
use std::sync::Arc;

use vigie_model::{Doubt, Severity};
use vigie_query::{Coverage, LabelSet, Lack, Shortfall};

use super::plan::RuleKey;

/// How far an alert has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// All is well, as far as is known.
    Inactive,
    /// It holds, and not yet for long enough.
    Pending,
    /// It holds.
    Firing,
    /// It no longer holds, and goes on firing for a while.
    Keeping,
}

impl Phase {
    /// Whether a person is told: firing, or kept firing.
    pub fn is_firing(self) -> bool {
        matches!(self, Self::Firing | Self::Keeping)
    }
}

/// Which alert: a hash of its rule and labels, the same on every node and after every restart.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl Fingerprint {
    /// Of a rule's alert with these labels.
    pub fn of(rule: &RuleKey, labels: &LabelSet) -> Self {
        let mut hasher = blake3::Hasher::new();
        let mut text = |text: &str| {
            hasher.update(&(text.len() as u64).to_le_bytes());
            hasher.update(text.as_bytes());
        };
        text(&rule.group);
        text(&rule.rule);
        text(&rule.turn.to_string());
        labels.iter().for_each(|(name, value)| {
            text(name);
            text(value);
        });
        let mut short = [0; 16];
        short.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
        Self(short)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// An alert that is pending or firing.
#[derive(Debug, Clone, PartialEq)]
pub struct Instance {
    /// Which.
    pub fingerprint: Fingerprint,
    /// Its labels, with `alertname`.
    pub labels: Arc<LabelSet>,
    /// The labels of what was found, without the series' name.
    pub series: Arc<LabelSet>,
    /// Texts for people.
    pub annotations: Arc<[(String, String)]>,
    /// How bad it is.
    pub severity: Severity,
    /// The value when it was last heard.
    pub value: f64,
    /// How far it has come.
    pub phase: Phase,
    /// Since when it holds.
    pub active_at_ms: i64,
    /// Since when it fires.
    pub fired_at_ms: Option<i64>,
    /// Since when it is only kept firing.
    pub keeping_since_ms: Option<i64>,
    /// Why it is not sure, and since when.
    pub doubt: Option<(Doubt, i64)>,
}

/// A change of an alert.
#[derive(Debug, Clone, PartialEq)]
pub struct Transition {
    /// Whose.
    pub rule: RuleKey,
    /// Which.
    pub fingerprint: Fingerprint,
    /// Its labels.
    pub labels: Arc<LabelSet>,
    /// Texts for people.
    pub annotations: Arc<[(String, String)]>,
    /// How bad it is.
    pub severity: Severity,
    /// The value when it was last heard.
    pub value: f64,
    /// How far it had come.
    pub from: Phase,
    /// How far it has come: the same as before where only the doubt changed.
    pub to: Phase,
    /// Why it is not sure, if it is not.
    pub doubt: Option<Doubt>,
    /// When, in ms since 1970.
    pub at_ms: i64,
}

/// Who is missing from an answer, ready to be looked up.
pub(crate) struct Missing<'a> {
    shortfalls: Vec<(&'a Shortfall, Doubt)>,
    just_woken: bool,
}

impl<'a> Missing<'a> {
    pub(crate) fn of(coverage: &'a Coverage, just_woken: bool) -> Self {
        let doubt = |shortfall: &'a Shortfall| match shortfall.lack {
            Lack::Cut { .. } => Some((shortfall, Doubt::Cut)),
            Lack::Silent { .. } => Some((shortfall, Doubt::Silent)),
            Lack::Waiting { .. } => Some((shortfall, Doubt::Waiting)),
            Lack::Lost { .. } | Lack::Expired { .. } => None,
        };
        Self { shortfalls: coverage.shortfalls().iter().filter_map(doubt).collect(), just_woken }
    }

    /// Why this alert can not be sure. One without the labels of an owner comes from all machines, and doubts them all.
    pub(crate) fn doubt(&self, series: &LabelSet) -> Option<Doubt> {
        let found = self.shortfalls.iter().filter(|(shortfall, _)| concerns(shortfall, series));
        let worst = found.map(|(_, doubt)| *doubt).min_by_key(|doubt| match doubt {
            Doubt::Cut => 0,
            Doubt::Silent => 1,
            Doubt::Waiting => 2,
            Doubt::JustWoken => 3,
        });
        worst.or(self.just_woken.then_some(Doubt::JustWoken))
    }
}

fn concerns(shortfall: &Shortfall, series: &LabelSet) -> bool {
    let same = |name: &str, value: &str| {
        let own = series.get(name);
        own.is_empty() || own == value
    };
    match series.get("machine_id") {
        "" => same("machine", &shortfall.machine) && same("site", &shortfall.site) && same("client", &shortfall.client),
        id => id == &*shortfall.machine_id,
    }
}
