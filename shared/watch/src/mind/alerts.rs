//! How do the alerts of a rule go on?

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vigie_model::{Doubt, Severity};
use vigie_query::{Coverage, LabelSet, NAME, Query, QueryError, Value};

use super::expression::Found;
use super::instance::Missing;
use super::plan::{AlertPlan, Clear, PlanKind};
use super::{Evaluation, Fingerprint, Instance, LiveRule, Moment, Output, Phase, RuleKey, Transition};
use crate::template::{Sample, Subject};

const ALERT_NAME: &str = "alertname";

/// What a rule made of a series: kept as long as the series has the same value.
#[derive(Debug, Clone)]
pub(super) struct Made {
    value: f64,
    labels: Arc<LabelSet>,
    series: Arc<LabelSet>,
    annotations: Arc<[(String, String)]>,
}

impl LiveRule {
    pub(super) fn alert(&mut self, moment: &Moment<'_>, evaluation: &mut Evaluation) -> Result<(), String> {
        let Self { plan, instances, made, .. } = self;
        let PlanKind::Alerting(alert) = &plan.kind else { return Ok(()) };
        let found = plan.expression.at(moment.source, moment.at_ms, moment.settings.lookback_ms, moment.limits);
        let Found { series, coverage } = found.map_err(|error| error.to_string())?;
        let whole = Coverage::whole();
        // What the node judges itself of who is there is no less sure for somebody being silent.
        let coverage = if plan.expression.is_of_presence { &whole } else { &coverage };
        let missing = Missing::of(coverage, moment.just_woken);
        let made_now = alert.make_all(series, &plan.key, made, moment)?;
        let held = HeldBack::look(alert, instances, &made_now, moment)?;
        let unheard = Unheard::look(alert, instances, &made_now, &missing, moment)?;
        let active = count_active(instances, &made_now);
        if moment.limit > 0 && active > moment.limit {
            return Err(format!("exceeded limit of {} with {active} alerts", moment.limit));
        }
        let mut rounds = Rounds { alert, key: &plan.key, moment, transitions: &mut evaluation.transitions };
        for made in made_now.values() {
            let instance = instances.entry(made.labels.clone()).or_insert_with(|| rounds.begin(made));
            rounds.goes_on(instance, made, missing.doubt(&made.series));
        }
        instances.retain(|labels, instance| {
            made_now.contains_key(labels)
                || rounds.stays_without(instance, unheard.doubt(&missing, &instance.series), &held)
        });
        *made = made_now.into_values().map(|made| (made.series.clone(), made)).collect();
        evaluation.outputs.extend(instances.values().flat_map(|instance| instance.outputs(moment.at_ms)));
        Ok(())
    }
}

fn count_active(instances: &HashMap<Arc<LabelSet>, Instance>, made: &HashMap<Arc<LabelSet>, Made>) -> usize {
    let kept = instances.iter().filter(|(labels, instance)| instance.phase.is_firing() && !made.contains_key(*labels));
    made.len() + kept.filter(|(_, instance)| instance.phase == Phase::Keeping).count()
}

impl AlertPlan {
    /// What the rule makes of all that was found, by the alert's labels.
    fn make_all(
        &self,
        found: Vec<(Arc<LabelSet>, f64)>,
        key: &RuleKey,
        known: &HashMap<Arc<LabelSet>, Made>,
        moment: &Moment<'_>,
    ) -> Result<HashMap<Arc<LabelSet>, Made>, String> {
        let mut all = HashMap::with_capacity(found.len());
        for (series, value) in found {
            let nameless = if series.get(NAME).is_empty() { series.clone() } else { Arc::new(without_name(&series)) };
            let same = known.get(&nameless).filter(|made| !self.asks && made.value.to_bits() == value.to_bits());
            let made = match same {
                Some(made) => made.clone(),
                None => self.make(&series, nameless, value, key, moment),
            };
            if all.insert(made.labels.clone(), made).is_some() {
                return Err("vector contains metrics with the same labelset after applying alert labels".to_owned());
            }
        }
        Ok(all)
    }

    fn make(&self, labels: &LabelSet, series: Arc<LabelSet>, value: f64, key: &RuleKey, moment: &Moment<'_>) -> Made {
        let settings = moment.settings;
        let (external_labels, external_url) = (settings.external_labels.as_slice(), settings.external_url.as_str());
        let subject = Subject { labels, value, external_labels, external_url };
        let ask = |text: &str| moment.ask(text);
        let set: Vec<(&str, String)> =
            self.labels.iter().map(|(name, text)| (name.as_str(), text.expand(&subject, &ask))).collect();
        let is_set = |own: &str| set.iter().any(|(name, _)| *name == own);
        let kept = series.iter().filter(|(own, _)| !is_set(own) && *own != ALERT_NAME);
        let set = set.iter().filter(|(name, _)| *name != ALERT_NAME).map(|(name, value)| (*name, value.as_str()));
        let made = LabelSet::new(std::iter::once((ALERT_NAME, &*key.rule)).chain(set).chain(kept));
        let annotations =
            self.annotations.iter().map(|(name, text)| (name.clone(), text.expand(&subject, &ask))).collect();
        Made { value, labels: Arc::new(made), series, annotations }
    }

    fn severity(&self, labels: &LabelSet) -> Severity {
        self.severity.unwrap_or_else(|| Severity::of_label(labels.get(crate::rule::SEVERITY_LABEL)))
    }
}

fn without_name(labels: &LabelSet) -> LabelSet {
    LabelSet::new(labels.iter().filter(|(name, _)| *name != NAME))
}

impl Moment<'_> {
    /// Answers a question of a template.
    fn ask(&self, text: &str) -> Result<Vec<Sample>, String> {
        let answer = Query::parse_with(text, self.settings.options)
            .and_then(|query| query.instant(self.source, self.at_ms, self.settings.lookback_ms, self.limits));
        match answer.map_err(|error: QueryError| error.to_string())?.value {
            Value::Vector(found) => {
                Ok(found.into_iter().map(|(labels, point)| Sample { labels, value: point.value }).collect())
            }
            Value::Scalar(point) => Ok(vec![Sample { labels: Arc::default(), value: point.value }]),
            Value::Text(..) | Value::Matrix(_) => Err("rule result is not a vector or scalar".to_owned()),
        }
    }
}

/// Which firing alerts may not clear yet.
enum HeldBack {
    /// None.
    Nobody,
    /// Those of these series.
    These(HashSet<Arc<LabelSet>>),
    /// All but those of these series.
    AllBut(HashSet<Arc<LabelSet>>),
}

impl HeldBack {
    /// Asks only where something could clear.
    fn look(
        alert: &AlertPlan,
        instances: &HashMap<Arc<LabelSet>, Instance>,
        made: &HashMap<Arc<LabelSet>, Made>,
        moment: &Moment<'_>,
    ) -> Result<Self, String> {
        let Some(clear) = &alert.clear else { return Ok(Self::Nobody) };
        if !instances.iter().any(|(labels, instance)| instance.phase.is_firing() && !made.contains_key(labels)) {
            return Ok(Self::Nobody);
        }
        let (Clear::Told(expression) | Clear::Given(expression)) = clear;
        let found = expression.at(moment.source, moment.at_ms, moment.settings.lookback_ms, moment.limits);
        let series = found.map_err(|error| error.to_string())?.series;
        let nameless = |labels: &LabelSet| Arc::new(without_name(labels));
        Ok(match clear {
            Clear::Told(_) => {
                let holds = series.iter().filter(|(_, told)| *told == 0.0);
                Self::These(holds.map(|(labels, _)| nameless(labels)).collect())
            }
            Clear::Given(_) => Self::AllBut(series.iter().map(|(labels, _)| nameless(labels)).collect()),
        })
    }

    fn holds(&self, series: &Arc<LabelSet>) -> bool {
        match self {
            Self::Nobody => false,
            Self::These(held) => held.contains(series),
            Self::AllBut(cleared) => !cleared.contains(series),
        }
    }
}

/// Whose silence is a doubt: not theirs whose newest sample says that all is well.
enum Unheard {
    /// All but these.
    AllBut(HashSet<Arc<LabelSet>>),
    /// The rule can not say whom it heard.
    Unknown,
}

impl Unheard {
    /// Asks only where something would be held by a doubt.
    fn look(
        alert: &AlertPlan,
        instances: &HashMap<Arc<LabelSet>, Instance>,
        made: &HashMap<Arc<LabelSet>, Made>,
        missing: &Missing<'_>,
        moment: &Moment<'_>,
    ) -> Result<Self, String> {
        let Some(each) = &alert.each else { return Ok(Self::Unknown) };
        let absent = instances.iter().filter(|(labels, _)| !made.contains_key(*labels));
        if !absent.into_iter().any(|(_, instance)| missing.doubt(&instance.series).is_some()) {
            return Ok(Self::Unknown);
        }
        let found = each.at(moment.source, moment.at_ms, moment.settings.lookback_ms, moment.limits);
        let series = found.map_err(|error| error.to_string())?.series;
        Ok(Self::AllBut(series.iter().map(|(labels, _)| Arc::new(without_name(labels))).collect()))
    }

    fn doubt(&self, missing: &Missing<'_>, series: &Arc<LabelSet>) -> Option<Doubt> {
        let doubt = missing.doubt(series)?;
        let is_doubt = match self {
            // A sum over machines is there without the one that is missing, which was heard to be nothing.
            Self::AllBut(heard) => !(heard.contains(series) && is_of_one_machine(series)),
            // That older samples are on their way is no reason to doubt what cannot be asked more closely.
            Self::Unknown => doubt != Doubt::Waiting,
        };
        is_doubt.then_some(doubt)
    }
}

fn is_of_one_machine(series: &LabelSet) -> bool {
    ["machine_id", "machine"].iter().any(|name| !series.get(name).is_empty())
}

struct Rounds<'a> {
    alert: &'a AlertPlan,
    key: &'a RuleKey,
    moment: &'a Moment<'a>,
    transitions: &'a mut Vec<Transition>,
}

impl Rounds<'_> {
    fn begin(&self, made: &Made) -> Instance {
        Instance {
            fingerprint: Fingerprint::of(self.key, &made.labels),
            labels: made.labels.clone(),
            series: made.series.clone(),
            annotations: made.annotations.clone(),
            severity: self.alert.severity(&made.labels),
            value: made.value,
            phase: Phase::Inactive,
            active_at_ms: self.moment.now_ms,
            fired_at_ms: None,
            keeping_since_ms: None,
            doubt: None,
        }
    }

    /// The series is there.
    fn goes_on(&mut self, instance: &mut Instance, made: &Made, doubt: Option<Doubt>) {
        (instance.value, instance.annotations) = (made.value, made.annotations.clone());
        // It was heard just now, if only what was measured before: that some is on its way takes nothing from it.
        let doubt = doubt.filter(|doubt| matches!(doubt, Doubt::Cut | Doubt::Silent));
        let held_long = self.moment.now_ms.saturating_sub(instance.active_at_ms) >= self.alert.for_ms;
        let to = match instance.phase {
            // What is no longer heard does not go on holding.
            Phase::Inactive | Phase::Pending if !held_long || doubt.is_some() => Phase::Pending,
            Phase::Inactive | Phase::Pending | Phase::Firing | Phase::Keeping => Phase::Firing,
        };
        instance.keeping_since_ms = None;
        self.change(instance, to, doubt);
    }

    /// The series is not there. Says whether the alert stays.
    fn stays_without(&mut self, instance: &mut Instance, doubt: Option<Doubt>, held: &HeldBack) -> bool {
        if let Some(doubt) = doubt {
            // Only hearing resolves.
            self.change(instance, instance.phase, Some(doubt));
            return true;
        }
        let now_ms = self.moment.now_ms;
        let to = match instance.phase {
            Phase::Firing if held.holds(&instance.series) => Phase::Firing,
            Phase::Firing | Phase::Keeping if self.alert.keep_firing_for_ms > 0 => {
                let since_ms = *instance.keeping_since_ms.get_or_insert(now_ms);
                let is_over = now_ms.saturating_sub(since_ms) >= self.alert.keep_firing_for_ms;
                if is_over { Phase::Inactive } else { Phase::Keeping }
            }
            Phase::Inactive | Phase::Pending | Phase::Firing | Phase::Keeping => Phase::Inactive,
        };
        self.change(instance, to, None);
        to != Phase::Inactive
    }

    fn change(&mut self, instance: &mut Instance, to: Phase, doubt: Option<Doubt>) {
        let (from, now_ms) = (instance.phase, self.moment.now_ms);
        let doubted = instance.doubt.map(|(doubt, _)| doubt);
        if doubted != doubt {
            let since_ms = instance.doubt.map_or(now_ms, |(_, since_ms)| since_ms);
            instance.doubt = doubt.map(|doubt| (doubt, since_ms));
        }
        instance.phase = to;
        if to == Phase::Firing {
            instance.fired_at_ms.get_or_insert(now_ms);
        }
        if from != to || doubted != doubt {
            self.transitions.push(instance.transition(self.key, from, to, now_ms));
        }
    }
}

impl Instance {
    pub(super) fn transition(&self, rule: &RuleKey, from: Phase, to: Phase, at_ms: i64) -> Transition {
        Transition {
            rule: rule.clone(),
            fingerprint: self.fingerprint,
            labels: self.labels.clone(),
            annotations: self.annotations.clone(),
            severity: self.severity,
            value: self.value,
            from,
            to,
            doubt: self.doubt.map(|(doubt, _)| doubt),
            at_ms,
        }
    }

    /// `ALERTS` and `ALERTS_FOR_STATE`.
    fn outputs(&self, at_ms: i64) -> [Output; 2] {
        let named = |name: &'static str, state: &'static str| {
            let own = self.labels.iter().filter(|(own, _)| *own != "alertstate" || state.is_empty());
            Arc::new(LabelSet::new([(NAME, name), ("alertstate", state)].into_iter().chain(own)))
        };
        let state = if self.phase.is_firing() { "firing" } else { "pending" };
        let since = self.active_at_ms.div_euclid(1000) as f64;
        [
            Output { labels: named("ALERTS", state), at_ms, value: 1.0 },
            Output { labels: named(FOR_STATE, ""), at_ms, value: since },
        ]
    }

    pub(super) fn move_by(&mut self, lost_ms: i64) {
        let moved = |at_ms: &mut i64| *at_ms = at_ms.saturating_add(lost_ms);
        if lost_ms < 0 || self.phase == Phase::Pending {
            moved(&mut self.active_at_ms);
        }
        if lost_ms < 0 {
            self.fired_at_ms.as_mut().into_iter().for_each(moved);
            self.doubt.as_mut().into_iter().for_each(|(_, at_ms)| moved(at_ms));
        }
        self.keeping_since_ms.as_mut().into_iter().for_each(moved);
    }
}

/// Since when an alert holds, as a series.
pub(super) const FOR_STATE: &str = "ALERTS_FOR_STATE";
