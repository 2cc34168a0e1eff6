//! The rules of this node and their alerts, as Prometheus shows its own.

use axum::extract::{Extension, State};
use axum::response::Response;
use serde_json::{Value, json};
use vigie_query::QueryError;

use super::{Failure, success};
use crate::api::rules_of;
use crate::door::Caller;
use crate::params::Params;
use crate::shared::App;
use crate::{RuleAlert, RuleGroup, RuleShown, Stamp, work};

/// What Prometheus writes where something never was.
const NEVER: &str = "0001-01-01T00:00:00Z";

/// `GET rules?type=alert|record&rule_name[]=&rule_group[]=&file[]=&exclude_alerts=`.
pub(crate) async fn rules(
    State(app): State<App>,
    Extension(caller): Extension<Caller>,
    params: Result<Params, String>,
) -> Result<Response, Failure> {
    let wanted = Wanted::read(&params.map_err(QueryError::BadData)?)?;
    let groups = work::list(&app, move |app| {
        let groups = rules_of(app, &caller).into_iter().filter_map(|group| wanted.shown(&group));
        Ok(groups.collect::<Vec<_>>())
    });
    Ok(success(json!({ "groups": groups.await? })))
}

/// `GET alerts`.
pub(crate) async fn alerts(State(app): State<App>, Extension(caller): Extension<Caller>) -> Result<Response, Failure> {
    let alerts = work::list(&app, move |app| {
        let rules = rules_of(app, &caller).into_iter().flat_map(|group| group.rules);
        Ok(rules.flat_map(|rule| rule.alerts).map(|alert| shown_alert(&alert)).collect::<Vec<_>>())
    });
    Ok(success(json!({ "alerts": alerts.await? })))
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
    fn shown(&self, group: &RuleGroup) -> Option<Value> {
        let is = |wanted: &[String], name: &String| wanted.is_empty() || wanted.contains(name);
        if !is(&self.groups, &group.name) || !is(&self.files, &group.file) {
            return None;
        }
        let wanted = |rule: &&RuleShown| {
            self.alerting.is_none_or(|alerting| rule.alerting == alerting) && is(&self.names, &rule.name)
        };
        let rules: Vec<Value> = group.rules.iter().filter(wanted).map(|rule| self.rule(rule)).collect();
        if rules.is_empty() {
            return None;
        }
        let first = group.rules.first()?;
        Some(json!({
            "name": group.name, "file": group.file, "rules": rules, "interval": seconds(group.interval_ms), "limit": 0,
            "evaluationTime": first.evaluation_seconds, "lastEvaluation": moment(first.last_evaluation),
        }))
    }

    fn rule(&self, rule: &RuleShown) -> Value {
        let health = match (&rule.last_error, rule.last_evaluation) {
            (Some(_), _) => "err",
            (None, Some(_)) => "ok",
            (None, None) => "unknown",
        };
        let mut shown = json!({
            "name": rule.name, "query": rule.expr, "labels": rule.labels, "health": health,
            "evaluationTime": rule.evaluation_seconds, "lastEvaluation": moment(rule.last_evaluation),
        });
        if let Some(error) = &rule.last_error {
            shown["lastError"] = json!(error);
        }
        if !rule.alerting {
            shown["type"] = json!("recording");
            return shown;
        }
        let state = match (rule.alerts.iter().any(|alert| alert.firing), rule.alerts.is_empty()) {
            (true, _) => "firing",
            (false, false) => "pending",
            (false, true) => "inactive",
        };
        let alerts: Vec<Value> = rule.alerts.iter().filter(|_| !self.without_alerts).map(shown_alert).collect();
        let more = json!({ "type": "alerting", "state": state, "duration": seconds(rule.for_ms),
            "keepFiringFor": seconds(rule.keep_firing_for_ms), "annotations": rule.annotations, "alerts": alerts });
        if let (Value::Object(shown), Value::Object(more)) = (&mut shown, more) {
            shown.extend(more);
        }
        shown
    }
}

fn shown_alert(alert: &RuleAlert) -> Value {
    let mut shown = json!({
        "labels": alert.labels, "annotations": alert.annotations, "state": if alert.firing { "firing" } else { "pending" },
        "activeAt": alert.active_at, "value": crate::number::exponent(alert.value),
    });
    if let Some(since) = alert.keep_firing_since {
        shown["keepFiringSince"] = json!(since);
    }
    shown
}

fn seconds(ms: i64) -> f64 {
    ms as f64 / 1_000.0
}

fn moment(at: Option<Stamp>) -> Value {
    at.map_or_else(|| json!(NEVER), |at| json!(at))
}
