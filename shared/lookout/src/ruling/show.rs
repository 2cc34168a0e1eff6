//! How are the rules that are evaluated shown, and what they found?

use std::collections::BTreeMap;

use vigie_model::UtcMs;
use vigie_serve::{RuleAlert, RuleGroup, RuleOrigin, RuleShown, Stamp};
use vigie_watch::{Group, Instance, Rule, RuleKind};

use crate::seats::origin as named;
use crate::watchman::Found;

pub(crate) fn shown_group(file: &str, group: &Group, origin: &RuleOrigin, found: &Found) -> RuleGroup {
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    let rules = group.rules.iter().map(|rule| {
        let turn = turns.entry(&rule.name).or_default();
        *turn += 1;
        shown_rule(group, rule, *turn - 1, found)
    });
    RuleGroup {
        name: group.name.clone(),
        file: file.to_owned(),
        origin: origin.clone(),
        interval_ms: group.interval_ms.unwrap_or(vigie_watch::Settings::default().interval_ms),
        rules: rules.collect(),
    }
}

fn shown_rule(group: &Group, rule: &Rule, turn: usize, found: &Found) -> RuleShown {
    let is_own =
        |key: &vigie_watch::RuleKey| named(&key.group) == group.name && *key.rule == *rule.name && key.turn == turn;
    let alerts = found.instances.iter().filter(|(key, _)| is_own(key)).map(|(_, instance)| shown_alert(instance));
    let key = vigie_watch::RuleKey { group: group.name.as_str().into(), rule: rule.name.as_str().into(), turn };
    let (for_ms, keep_firing_for_ms, annotations) = match &rule.kind {
        RuleKind::Alerting(alerting) => {
            (alerting.for_ms, alerting.keep_firing_for_ms, alerting.annotations.iter().cloned().collect())
        }
        RuleKind::Recording => (0, 0, BTreeMap::new()),
    };
    RuleShown {
        name: rule.name.clone(),
        alerting: rule.alerting().is_some(),
        expr: rule.expr.clone(),
        for_ms,
        keep_firing_for_ms,
        labels: group.labels.iter().chain(&rule.labels).cloned().collect(),
        annotations,
        alerts: alerts.collect(),
        last_error: found.failures.get(&key.to_string()).cloned(),
        last_evaluation: found.evaluated.map(Stamp),
        evaluation_seconds: found.took.as_secs_f64(),
    }
}

fn shown_alert(instance: &Instance) -> RuleAlert {
    let labels = instance.labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    RuleAlert {
        labels: labels.collect(),
        annotations: instance.annotations.iter().cloned().collect(),
        firing: instance.phase.is_firing(),
        active_at: Stamp(UtcMs(instance.active_at_ms)),
        keep_firing_since: instance.keeping_since_ms.map(|at| Stamp(UtcMs(at))),
        value: instance.value,
        doubt: instance.doubt.map(|(doubt, _)| doubt),
    }
}
