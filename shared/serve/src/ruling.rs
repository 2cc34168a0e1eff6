//! What is told of the rules that a node evaluates?

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};
use utoipa::ToSchema;
use vigie_model::{Doubt, Slug};

use crate::{LabelSet, Stamp};

/// Rules that are worked out together.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RuleGroup {
    /// Unique in its file.
    pub name: String,
    /// Its file: `defaults`, `forms`, or the name of one.
    pub file: String,
    /// Where it comes from.
    pub origin: RuleOrigin,
    /// How often, in ms.
    pub interval_ms: i64,
    /// In the order in which they are worked out.
    pub rules: Vec<RuleShown>,
}

/// Where rules come from, and who said so.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct RuleOrigin {
    /// By which way.
    pub source: RuleSource,
    /// For whom: `everywhere`, a client, `client/site`, or some machines there.
    pub scope: String,
    /// Whose place that is; nobody's where it is for everybody.
    pub client: Option<Slug>,
    /// Which of their sites; none where it is for all of them.
    pub site: Option<Slug>,
    /// Who said so the last time; nobody for what stands in files.
    pub by: Option<String>,
    /// Where: the name of the hub or relay.
    pub at: Option<String>,
    /// When.
    pub made_at: Option<Stamp>,
    /// Versions that stand side by side because their writers did not know of one another; the latest is evaluated.
    pub versions: usize,
}

/// By which way rules come to a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RuleSource {
    /// On from the first minute.
    #[default]
    Default,
    /// A file in the node's folder.
    File,
    /// Said at the hub.
    Hub,
    /// Said at a site.
    Site,
}

/// One rule.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
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
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct RuleAlert {
    /// Its labels, `alertname` among them.
    #[serde(serialize_with = "labels_as_map")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub labels: Arc<LabelSet>,
    /// Texts for people.
    #[serde(serialize_with = "texts_as_map")]
    #[schema(value_type = BTreeMap<String, String>)]
    pub annotations: Arc<[(String, String)]>,
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

/// Thousands of alerts are listed at once, with labels that are kept by who found them.
pub(crate) fn labels_as_map<S: Serializer>(labels: &LabelSet, to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(labels.iter())
}

pub(crate) fn texts_as_map<S: Serializer>(texts: &[(String, String)], to: S) -> Result<S::Ok, S::Error> {
    to.collect_map(texts.iter().map(|(name, text)| (name, text)))
}
