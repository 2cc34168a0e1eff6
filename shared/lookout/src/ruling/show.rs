//! How are the rules that are evaluated shown, and what they found?

use std::collections::{BTreeMap, HashMap};

use vigie_model::UtcMs;
use vigie_serve::{LabelSet, RuleAlert, RuleGroup, RuleOrigin, RuleShown, Stamp};
use vigie_watch::{Group, Instance, Rule, RuleKind};

use crate::seats::origin as named;
use crate::watchman::Found;

/// What rules found, by group, rule, and which of the group's rules of that name.
pub(crate) struct Alerts<'f>(HashMap<(&'f str, &'f str, usize), Vec<&'f Instance>>);

impl<'f> Alerts<'f> {
    /// Those whose labels are wanted: each is looked at once, however many rules there are.
    pub(crate) fn of(found: &'f Found, wanted: &dyn Fn(&LabelSet) -> bool) -> Self {
        let mut by_rule: HashMap<_, Vec<_>> = HashMap::new();
        for (key, instance) in found.instances.iter().filter(|(_, instance)| wanted(&instance.labels)) {
            by_rule.entry((named(&key.group), &*key.rule, key.turn)).or_default().push(instance);
        }
        Self(by_rule)
    }
}

pub(crate) fn shown_group(
    (file, group, origin): (&str, &Group, &RuleOrigin),
    found: &Found,
    alerts: &Alerts<'_>,
) -> RuleGroup {
    let mut turns: BTreeMap<&str, usize> = BTreeMap::new();
    let rules = group.rules.iter().map(|rule| {
        let turn = turns.entry(&rule.name).or_default();
        *turn += 1;
        shown_rule(group, (rule, *turn - 1), found, alerts)
    });
    RuleGroup {
        name: group.name.clone(),
        file: file.to_owned(),
        origin: origin.clone(),
        interval_ms: group.interval_ms.unwrap_or(vigie_watch::Settings::default().interval_ms),
        rules: rules.collect(),
    }
}

fn shown_rule(group: &Group, (rule, turn): (&Rule, usize), found: &Found, alerts: &Alerts<'_>) -> RuleShown {
    let own = alerts.0.get(&(group.name.as_str(), rule.name.as_str(), turn));
    let alerts = own.into_iter().flatten().map(|instance| shown_alert(instance));
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
    RuleAlert {
        labels: instance.labels.clone(),
        annotations: instance.annotations.clone(),
        firing: instance.phase.is_firing(),
        active_at: Stamp(UtcMs(instance.active_at_ms)),
        keep_firing_since: instance.keeping_since_ms.map(|at| Stamp(UtcMs(at))),
        value: instance.value,
        doubt: instance.doubt.map(|(doubt, _)| doubt),
    }
}
