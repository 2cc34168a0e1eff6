//! The rules of this node and their alerts, as Prometheus shows its own.

use std::collections::BTreeMap;

use axum::extract::{Extension, State};
use axum::response::Response;
use serde::Serialize;
use vigie_query::QueryError;

use super::{Failure, success};
use crate::api::rules_of;
use crate::door::Caller;
use crate::params::Params;
use crate::ruling::{labels_as_map, texts_as_map};
use crate::shared::App;
use crate::{LabelSet, RuleAlert, RuleGroup, RuleShown, Stamp, work};

/// What Prometheus writes where something never was.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// `GET rules?type=alert|record&rule_name[]=&rule_group[]=&file[]=&exclude_alerts=`.
pub(crate) async fn rules(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let wanted = Wanted::read(&params.map_err(QueryError::BadData)?)?;
    let shown = work::list(&app, move |app| {
        let groups = rules_of(app, &caller);
        Ok(success(Groups { groups: groups.iter().filter_map(|group| wanted.shown(group)).collect() }))
    });
    Ok(shown.await?)
}

/// `GET alerts`.
pub(crate) async fn alerts(State(app): State<App>, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    let shown = work::list(&app, move |app| {
        let groups = rules_of(app, &caller);
        let rules = groups.iter().flat_map(|group| &group.rules);
        Ok(success(Alerts { alerts: rules.flat_map(|rule| &rule.alerts).map(Alert::of).collect() }))
    });
    Ok(shown.await?)
}

#[derive(Serialize)]
struct Groups<'a> {
    groups: Vec<Group<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Group<'a> {
    name: &'a str,
    file: &'a str,
    rules: Vec<Rule<'a>>,
    interval: f64,
    limit: u8,
    evaluation_time: f64,
    last_evaluation: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    r#type: &'static str,
    name: &'a str,
    query: &'a str,
    labels: &'a BTreeMap<String, String>,
    health: &'static str,
    evaluation_time: f64,
    last_evaluation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_error: Option<&'a str>,
    #[serde(flatten)]
    alerting: Option<Alerting<'a>>,
}

/// What an alerting rule has besides.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alerting<'a> {
    state: &'static str,
    duration: f64,
    keep_firing_for: f64,
    annotations: &'a BTreeMap<String, String>,
    alerts: Vec<Alert<'a>>,
}

#[derive(Serialize)]
struct Alerts<'a> {
    alerts: Vec<Alert<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Alert<'a> {
    #[serde(serialize_with = "labels_as_map")]
    labels: &'a LabelSet,
    #[serde(serialize_with = "texts_as_map")]
    annotations: &'a [(String, String)],
    state: &'static str,
    active_at: Stamp,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_firing_since: Option<Stamp>,
}

struct Wanted {
    alerting: Option<bool>,
    names: Vec<String>,
    groups: Vec<String>,
    files: Vec<String>,
    without_alerts: bool,
}

impl Wanted {
    fn read(params: &Params) -> Result<Self, QueryError> {
        let alerting = match params.get("type") {
            None => None,
            Some("alert") => Some(true),
            Some("record") => Some(false),
            Some(other) => {
                let other: String = other.chars().take(40).collect();
                return Err(QueryError::BadData(format!("not supported value {other:?}")));
            }
        };
        let without_alerts = match params.get("exclude_alerts") {
            None | Some("false" | "0" | "f") => false,
            Some("true" | "1" | "t") => true,
            Some(_) => return Err(QueryError::BadData("invalid parameter \"exclude_alerts\"".to_owned())),
        };
        let all = |name: &str| params.all(name).map(str::to_owned).collect();
        let (names, groups, files) = (all("rule_name[]"), all("rule_group[]"), all("file[]"));
        Ok(Self { alerting, names, groups, files, without_alerts })
    }

    /// A group with what is wanted of it; nothing if none of its rules is.
    fn shown<'a>(&self, group: &'a RuleGroup) -> Option<Group<'a>> {
        let is = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        if !is(&self.groups, &group.name) || !is(&self.files, &group.file) {
            return None;
        }
        let wanted = |rule: &&RuleShown| {
            self.alerting.is_none_or(|alerting| rule.alerting == alerting) && is(&self.names, &rule.name)
        };
        let rules: Vec<Rule<'a>> = group.rules.iter().filter(wanted).map(|rule| self.rule(rule)).collect();
        let first = group.rules.first().filter(|_| !rules.is_empty())?;
        Some(Group {
            name: &group.name,
            file: &group.file,
            rules,
            interval: seconds(group.interval_ms),
            limit: 0,
            evaluation_time: first.evaluation_seconds,
            last_evaluation: moment(first.last_evaluation),
        })
    }

    fn rule<'a>(&self, rule: &'a RuleShown) -> Rule<'a> {
        let health = match (&rule.last_error, rule.last_evaluation) {
            (Some(_), _) => "err",
            (None, Some(_)) => "ok",
            (None, None) => "unknown",
        };
        Rule {
            r#type: if rule.alerting { "alerting" } else { "recording" },
            name: &rule.name,
            query: &rule.expr,
            labels: &rule.labels,
            health,
            evaluation_time: rule.evaluation_seconds,
            last_evaluation: moment(rule.last_evaluation),
            last_error: rule.last_error.as_deref(),
            alerting: rule.alerting.then(|| self.alerting(rule)),
        }
    }

    fn alerting<'a>(&self, rule: &'a RuleShown) -> Alerting<'a> {
        let state = match (rule.alerts.iter().any(|alert| alert.firing), rule.alerts.is_empty()) {
            (true, _) => "firing",
            (false, false) => "pending",
            (false, true) => "inactive",
        };
        Alerting {
            state,
            duration: seconds(rule.for_ms),
            keep_firing_for: seconds(rule.keep_firing_for_ms),
            annotations: &rule.annotations,
            alerts: rule.alerts.iter().filter(|_| !self.without_alerts).map(Alert::of).collect(),
        }
    }
}

impl<'a> Alert<'a> {
    fn of(alert: &'a RuleAlert) -> Self {
        Self {
            labels: &alert.labels,
            annotations: &alert.annotations,
            state: if alert.firing { "firing" } else { "pending" },
            active_at: alert.active_at,
            value: crate::number::exponent(alert.value),
            keep_firing_since: alert.keep_firing_since,
        }
    }
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

fn moment(at: Option<Stamp>) -> String {
    at.map_or_else(|| NEVER.to_owned(), |at| at.to_string())
}
