//! What does a judge say of one thing, in the words of an alert's rows?

use vigie_alerts::{About, Heard as Judged, Thing, Verdict};
use vigie_merge::Scope;
use vigie_model::{Doubt, Severity, UtcMs};
use vigie_query::LabelSet;
use vigie_watch::{CLEAR_ANNOTATION, Instance, PRESENCE_LABEL, SEVERITY_LABEL, Transition};

use crate::overlay::Judges;
use crate::seats::is_set_apart;

/// Whether what bears these labels is judged here.
pub(crate) fn is_judged_here(judges: &Judges, labels: &LabelSet) -> bool {
    labels.get(PRESENCE_LABEL) == "site" || is_set_apart(labels) || judges.includes(labels)
}

/// Which thing: the alert of a rule and its labels; of what names no place, that of whoever judges it.
pub(crate) fn thing(fingerprint: [u8; 16], labels: &LabelSet, scope: &Scope) -> Thing {
    if !labels.get("client").is_empty() && !labels.get("site").is_empty() {
        return Thing(fingerprint);
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&fingerprint).update(scope.to_string().as_bytes());
    Thing(hasher.finalize().as_bytes().first_chunk::<16>().copied().unwrap_or(fingerprint))
}

/// What an instance or a transition says.
pub(crate) struct Said<'a> {
    labels: &'a LabelSet,
    annotations: &'a [(String, String)],
    severity: Severity,
    value: f64,
    doubt: Option<Doubt>,
}

impl<'a> Said<'a> {
    pub(crate) fn of(instance: &'a Instance) -> Self {
        let Instance { labels, annotations, severity, value, doubt, .. } = instance;
        Self { labels, annotations, severity: *severity, value: *value, doubt: doubt.map(|(doubt, _)| doubt) }
    }

    pub(crate) fn of_transition(one: &'a Transition) -> Self {
        Self {
            labels: &one.labels,
            annotations: &one.annotations,
            severity: one.severity,
            value: one.value,
            doubt: one.doubt,
        }
    }
}

pub(crate) fn judged(scope: Scope, thing: Thing, rule: &str, said: Said<'_>, verdict: Verdict, at: UtcMs) -> Judged {
    let own = |name: &str| name != "alertname" && name != SEVERITY_LABEL;
    let labels = said.labels.iter().filter(|(name, _)| own(name));
    let annotations = said.annotations.iter().filter(|(name, _)| name != CLEAR_ANNOTATION);
    Judged {
        scope,
        thing,
        rule: rule.to_owned(),
        severity: said.severity,
        labels: labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
        annotations: annotations.cloned().collect(),
        value: said.value,
        doubt: said.doubt,
        verdict,
        at,
    }
}

pub(crate) fn ended_alert(scope: Scope, about: &About, at: UtcMs) -> Judged {
    Judged {
        scope,
        thing: about.thing,
        rule: about.rule.clone(),
        severity: about.severity,
        labels: about.labels.clone(),
        annotations: about.annotations.clone(),
        value: about.value,
        doubt: None,
        verdict: Verdict::Right,
        at,
    }
}
