//! What is a rule?

/// The label of rules that say who is there: `site`, `network` or `machine`. A machine that does not answer stands before
/// what its silence brings with it.
pub const PRESENCE_LABEL: &str = "presence";

/// The label of rules that are worked out at the hub alone, over all sites: `vigie_across: sites`.
pub const ACROSS_LABEL: &str = "vigie_across";

/// Rules that are worked out together, one after the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Group {
    /// Unique in its file.
    pub name: String,
    /// How often, in ms; the node's own interval if it says nothing.
    pub interval_ms: Option<i64>,
    /// Alerts or series that one rule may have; 0 is no limit.
    pub limit: usize,
    /// How far in the past the rules look, in ms.
    pub query_offset_ms: Option<i64>,
    /// Labels for all its rules, which may say otherwise.
    pub labels: Vec<(String, String)>,
    /// In the order in which they are worked out.
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// The alert's name, or that of the series.
    pub name: String,
    /// PromQL.
    pub expr: String,
    /// Labels that its alerts or series take; for an alert they are templates.
    pub labels: Vec<(String, String)>,
    /// What it is for.
    pub kind: RuleKind,
}

/// What a rule is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RuleKind {
    /// Writes what its expression gives as a series.
    Recording,
    /// Raises an alert for each series that its expression gives.
    Alerting(Alerting),
}

/// What only an alerting rule has.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Alerting {
    /// How long it must hold before it fires, in ms.
    pub for_ms: i64,
    /// How long it goes on firing after it no longer holds, in ms.
    pub keep_firing_for_ms: i64,
    /// Texts for people: templates.
    pub annotations: Vec<(String, String)>,
}

/// The annotation that holds the expression of Vigie's hysteresis: once firing, an alert clears only where this one gives
/// a series. It is an annotation so that the file stays one that Prometheus reads.
pub const CLEAR_ANNOTATION: &str = "vigie_clear";

/// The label that holds the severity.
pub const SEVERITY_LABEL: &str = "severity";

impl Rule {
    /// What only an alerting rule has; nothing for a recording rule.
    pub fn alerting(&self) -> Option<&Alerting> {
        match &self.kind {
            RuleKind::Alerting(alerting) => Some(alerting),
            RuleKind::Recording => None,
        }
    }

    /// The expression that must hold before a firing alert clears, if there is one.
    pub fn clear_expr(&self) -> Option<&str> {
        let annotations = &self.alerting()?.annotations;
        annotations.iter().find(|(name, _)| name == CLEAR_ANNOTATION).map(|(_, expr)| expr.as_str())
    }
}
