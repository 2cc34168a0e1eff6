//! What does a judge say of one thing, in the words of an alert's rows?

use std::collections::HashSet;

use vigie_alerts::{About, Alert, Heard as Judged, Thing, Verdict};
use vigie_merge::Scope;
use vigie_model::{Doubt, Severity, UtcMs};
use vigie_query::LabelSet;
use vigie_watch::{CLEAR_ANNOTATION, Fingerprint, Instance, Mind, PRESENCE_LABEL, SEVERITY_LABEL, Transition};

use crate::facts::scope_of;
use crate::judging::Judging;
use crate::overlay::Judges;
use crate::seats::is_set_apart;
use crate::sight::At;
use crate::watchman::{Watchman, lock};

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

impl Watchman {
    /// A machine that was retired can not be heard to be well again: what was wrong with it is over.
    pub(crate) fn of_retired(&self, mind: &mut Mind, now: At) -> Vec<Transition> {
        let presence = lock(&self.presence);
        mind.forget(now.utc.0, |instance| {
            let id = instance.labels.get("machine_id");
            !id.is_empty() && !presence.is_enrolled(id)
        })
    }

    /// What the judge says now: of all that fires, of what ended, and of what is open in the rows and no longer found.
    pub(crate) fn verdicts(
        &self,
        judging: &Judging,
        ended: &[Transition],
        withheld: &HashSet<Fingerprint>,
        now: At,
    ) -> Vec<Judged> {
        let mut verdicts = Vec::new();
        let mut found: HashSet<Thing> = HashSet::new();
        for one in judging.steady.held() {
            found.insert(thing(one.fingerprint.0, &one.labels, &scope_of(&one.labels, self.home.as_ref())));
        }
        for (rule, instance) in judging.mind.instances() {
            let scope = scope_of(&instance.labels, self.home.as_ref());
            let thing = thing(instance.fingerprint.0, &instance.labels, &scope);
            found.insert(thing);
            let is_new = || !lock(&self.register).book.of_thing(&scope, thing).is_some_and(Alert::is_open);
            if instance.phase.is_firing() && !(withheld.contains(&instance.fingerprint) && is_new()) {
                let mut wrong = judged(scope, thing, &rule.rule, Said::of(instance), Verdict::Wrong, now.utc);
                judging.steady.mark(&mut wrong, instance.fingerprint, now.boot_ms);
                verdicts.push(wrong);
            }
        }
        for one in ended {
            let scope = scope_of(&one.labels, self.home.as_ref());
            let thing = thing(one.fingerprint.0, &one.labels, &scope);
            if found.insert(thing) {
                verdicts.push(judged(scope, thing, &one.rule.rule, Said::of_transition(one), Verdict::Right, now.utc));
            }
        }
        verdicts.extend(self.orphans(judging, &found, now));
        verdicts
    }
}
