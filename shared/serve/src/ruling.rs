//! What is told of the rules that a node evaluates?

use std::collections::BTreeMap;

use serde::Serialize;
use vigie_model::Doubt;

use crate::Stamp;

/// Rules that are worked out together.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleGroup {
    /// Unique in its file.
    pub name: String,
    /// Its file: `defaults`, or the name of one in the node's folder for rules.
    pub file: String,
    /// How often, in ms.
    pub interval_ms: i64,
    /// In the order in which they are worked out.
    pub rules: Vec<RuleShown>,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleShown {
    /// The alert's name, or that of the series.
    pub name: String,
    /// Whether it raises alerts; it writes a series otherwise.
    pub alerting: bool,
    /// PromQL.
    pub expr: String,
    /// How long it must hold before it fires, in ms.
    pub for_ms: i64,
    /// How long it goes on firing after it no longer holds, in ms.
    pub keep_firing_for_ms: i64,
    /// Labels that its alerts or series take: templates.
    pub labels: BTreeMap<String, String>,
    /// Texts for people: templates.
    pub annotations: BTreeMap<String, String>,
    /// What is pending or firing.
    pub alerts: Vec<RuleAlert>,
    /// Why it could not be worked out the last time.
    pub last_error: Option<String>,
    /// When it was last worked out.
    pub last_evaluation: Option<Stamp>,
    /// How long that took with all others that were due, in seconds.
    pub evaluation_seconds: f64,
}

/// Something that a rule found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct RuleAlert {
    /// Its labels, `alertname` among them.
    pub labels: BTreeMap<String, String>,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
    /// Whether it fires; it is pending otherwise.
    pub firing: bool,
    /// Since when it holds.
    pub active_at: Stamp,
    /// Since when it is only kept firing.
    pub keep_firing_since: Option<Stamp>,
    /// The value when it was last heard.
    pub value: f64,
    /// Why it is not sure.
    pub doubt: Option<Doubt>,
}
