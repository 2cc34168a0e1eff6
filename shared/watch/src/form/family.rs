//! What is one rule with all that is said of it, and what comes of that for a machine?

use vigie_model::Severity;

use super::promql::{self, ConfineError};
use super::scope::Scope;
use super::{Form, Reading};
use crate::duration::write_duration;
use crate::mind::Comparison;
use crate::rule::{CLEAR_ANNOTATION, Group, Rule, RuleKind, SEVERITY_LABEL};

/// One rule with its differences.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The alert's name.
    pub name: String,
    /// The rule that was written in PromQL, alone in a group like its own; none where the layers say all of it.
    pub written: Option<Group>,
    /// What is said where. Of two that are equally specific the later wins.
    pub layers: Vec<Layer>,
}

/// What is different at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Where.
    pub scope: Scope,
    /// What.
    pub tuning: Tuning,
}

/// What is said of a rule at one place. What is left out is as it is in wider places.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Tuning {
    /// Whether it is on.
    pub on: Option<bool>,
    /// The name of the series.
    pub metric: Option<String>,
    /// Labels that it must have.
    pub only: Option<Vec<(String, String)>>,
    /// What is made of its samples.
    pub reading: Option<Reading>,
    /// How it is compared.
    pub comparison: Option<Comparison>,
    /// With what.
    pub threshold: Option<f64>,
    /// What it must come back to before the alert clears.
    pub clear: Option<f64>,
    /// For how long it must hold, in ms.
    pub for_ms: Option<i64>,
    /// How bad it is.
    pub severity: Option<Severity>,
    /// What is told of it: a template.
    pub summary: Option<String>,
}

/// What is said of a rule makes none.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FormError {
    /// Nowhere is it said what is watched.
    #[error("{0} is no rule of the defaults, and it is not said which series it watches: --metric")]
    NoMetric(String),
    /// Nowhere is it said with what.
    #[error("{0} has nothing to compare with: --above or --below, and a number")]
    NoThreshold(String),
    /// The rule is written in PromQL.
    #[error("{0} is written in PromQL: it takes another threshold, duration, severity or summary, but not another {1}")]
    Written(String, &'static str),
    /// A rule without a number that could be another one.
    #[error("{0} compares with nothing that could be another number: switch it on or off, or write a rule of your own")]
    Fixed(String),
    /// The other way round.
    #[error("{0} fires {1} its threshold: say it so")]
    OtherWay(String, &'static str),
    /// Its end would lie where it fires.
    #[error("{0} would clear at {1} where it still fires: clear lies on the other side of the threshold {2}")]
    Clear(String, f64, f64),
    /// Can not be confined.
    #[error("{0}: {1}")]
    Confine(String, ConfineError),
}

impl Tuning {
    /// What this says, and of the rest what the wider one says.
    pub fn over(self, wider: &Self) -> Self {
        let wider = wider.clone();
        Self {
            on: self.on.or(wider.on),
            metric: self.metric.or(wider.metric),
            only: self.only.or(wider.only),
            reading: self.reading.or(wider.reading),
            comparison: self.comparison.or(wider.comparison),
            threshold: self.threshold.or(wider.threshold),
            clear: self.clear.or(wider.clear),
            for_ms: self.for_ms.or(wider.for_ms),
            severity: self.severity.or(wider.severity),
            summary: self.summary.or(wider.summary),
        }
    }

    /// What it says, in few words; the names are those of the command line.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        let mut said = Vec::new();
        let mut say = |name, value: Option<String>| said.extend(value.map(|value| (name, value)));
        say("on", self.on.map(|on| if on { "yes" } else { "no" }.to_owned()));
        say("metric", self.metric.clone());
        say(
            "only",
            self.only
                .as_ref()
                .map(|only| only.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(",")),
        );
        say("reading", self.reading.map(|reading| reading.of("…")));
        say("compared", self.comparison.map(|comparison| comparison.sign().to_owned()));
        say("threshold", self.threshold.map(|number| number.to_string()));
        say("clear", self.clear.map(|number| number.to_string()));
        say("for", self.for_ms.map(write_duration));
        say("severity", self.severity.map(|severity| severity.as_str().to_owned()));
        say("summary", self.summary.clone());
        said
    }
}

impl Family {
    /// What the rule that was written says itself, in the words of a form.
    pub(super) fn own(&self) -> Tuning {
        let Some(rule) = self.written_rule() else { return Tuning::default() };
        let threshold = promql::threshold(&rule.expr);
        let alerting = rule.alerting();
        let severity = rule.labels.iter().find(|(name, _)| name == SEVERITY_LABEL);
        let annotations = alerting.map(|alerting| alerting.annotations.as_slice()).unwrap_or_default();
        Tuning {
            on: Some(true),
            comparison: threshold.map(|(comparison, _)| comparison),
            threshold: threshold.map(|(_, number)| number),
            clear: rule.clear_expr().and_then(promql::threshold).map(|(_, number)| number),
            for_ms: alerting.map(|alerting| alerting.for_ms),
            severity: severity.map(|(_, text)| Severity::of_label(text)),
            summary: annotations.iter().find(|(name, _)| name == "summary").map(|(_, text)| text.clone()),
            ..Tuning::default()
        }
    }

    pub(super) fn written_rule(&self) -> Option<&Rule> {
        self.written.as_ref()?.rules.first()
    }

    /// What all these layers come to, the most specific first.
    pub(super) fn merged<'l>(&self, chain: impl IntoIterator<Item = &'l Layer>) -> Tuning {
        chain.into_iter().fold(Tuning::default(), |said, layer| said.over(&layer.tuning))
    }

    /// Checks what would hold at a scope, with what is said there and in these places around it.
    ///
    /// # Errors
    /// When that makes no rule.
    pub fn check(&self, at: &Scope, within: &[Scope]) -> Result<(), FormError> {
        let chain = self.by_rank().filter(|layer| layer.scope == *at || within.contains(&layer.scope));
        self.rule(&self.merged(chain)).map(drop)
    }

    /// The rule that follows from what is said, for all machines; nothing where it is switched off.
    pub(super) fn rule(&self, said: &Tuning) -> Result<Option<Rule>, FormError> {
        let rule = match self.written_rule() {
            Some(written) => self.tuned(written, said)?,
            None => self.formed(said)?,
        };
        Ok((said.on != Some(false)).then_some(rule))
    }

    fn formed(&self, said: &Tuning) -> Result<Rule, FormError> {
        let name = || self.name.clone();
        let metric = said.metric.clone().ok_or_else(|| FormError::NoMetric(name()))?;
        let threshold = said.threshold.ok_or_else(|| FormError::NoThreshold(name()))?;
        let comparison = said.comparison.ok_or_else(|| FormError::NoThreshold(name()))?;
        self.check_clear(comparison, threshold, said.clear)?;
        let annotations = match &said.summary {
            Some(summary) => vec![("summary".to_owned(), summary.clone())],
            None => self.told(&metric),
        };
        let form = Form {
            metric,
            only: said.only.clone().unwrap_or_default(),
            reading: said.reading.unwrap_or(Reading::Last),
            comparison,
            threshold,
            clear: said.clear,
            for_ms: said.for_ms.unwrap_or(0),
            severity: said.severity.unwrap_or_default(),
            annotations,
        };
        Ok(form.rule(&self.name))
    }

    /// What is told where nobody said how. What others push is of no machine.
    fn told(&self, metric: &str) -> Vec<(String, String)> {
        let sentence = |of: &str, is: &str| {
            format!(
                "{}{{{{ with $labels.machine }}}} {of} {{{{ . }}}}{{{{ end }}}}{is} {{{{ $value | humanize }}}}",
                self.name
            )
        };
        let english = sentence("of", &format!(": {metric} is"));
        let french = sentence("de", &format!("\u{a0}: {metric} vaut"));
        vec![("summary".to_owned(), english), ("summary_fr".to_owned(), french)]
    }

    fn tuned(&self, written: &Rule, said: &Tuning) -> Result<Rule, FormError> {
        let wrong = |what| Err(FormError::Written(self.name.clone(), what));
        match (&said.metric, &said.only, &said.reading) {
            (Some(_), ..) => return wrong("metric"),
            (_, Some(_), _) => return wrong("label"),
            (.., Some(_)) => return wrong("reading"),
            (None, None, None) => {}
        }
        let mut rule = written.clone();
        let own = self.own();
        let RuleKind::Alerting(alerting) = &mut rule.kind else { return Ok(rule) };
        if said.threshold.is_some() || said.clear.is_some() || said.comparison.is_some() {
            let (Some(comparison), Some(usual)) = (own.comparison, own.threshold) else {
                return Err(FormError::Fixed(self.name.clone()));
            };
            let is_above = |comparison| matches!(comparison, Comparison::Above | Comparison::AtLeast);
            if said.comparison.is_some_and(|said| is_above(said) != is_above(comparison)) {
                let way = if is_above(comparison) { "above" } else { "below" };
                return Err(FormError::OtherWay(self.name.clone(), way));
            }
            let threshold = said.threshold.unwrap_or(usual);
            // As far from the threshold as it usually is, where nothing else is said.
            let clear = said.clear.or(own.clear.map(|clear| rounded(threshold + (clear - usual))));
            self.check_clear(comparison, threshold, clear)?;
            let fixed = || FormError::Fixed(self.name.clone());
            rule.expr = promql::with_threshold(&rule.expr, threshold).ok_or_else(fixed)?;
            let expr = alerting.annotations.iter_mut().find(|(name, _)| name == CLEAR_ANNOTATION);
            match (expr, clear) {
                (Some((_, expr)), Some(clear)) => {
                    *expr = promql::with_threshold(expr, clear).ok_or_else(fixed)?;
                }
                (None, Some(_)) => return wrong("clear"),
                (_, None) => {}
            }
        }
        alerting.for_ms = said.for_ms.unwrap_or(alerting.for_ms);
        if let Some(summary) = &said.summary {
            alerting.annotations.retain(|(name, _)| name != "summary" && name != "summary_fr");
            alerting.annotations.push(("summary".to_owned(), summary.clone()));
        }
        if let Some(severity) = said.severity {
            rule.labels.retain(|(name, _)| name != SEVERITY_LABEL);
            rule.labels.push((SEVERITY_LABEL.to_owned(), severity.as_str().to_owned()));
        }
        Ok(rule)
    }

    fn check_clear(&self, comparison: Comparison, threshold: f64, clear: Option<f64>) -> Result<(), FormError> {
        match clear {
            Some(clear) if comparison.holds(clear, threshold) => {
                Err(FormError::Clear(self.name.clone(), clear, threshold))
            }
            _ => Ok(()),
        }
    }

    /// The most specific first; of two that are equally specific the later.
    pub(super) fn by_rank(&self) -> impl Iterator<Item = &Layer> {
        let mut layers: Vec<&Layer> = self.layers.iter().rev().collect();
        layers.sort_by_key(|layer| std::cmp::Reverse(layer.scope.rank()));
        layers.into_iter()
    }
}

/// Without the dust of binary fractions: 0.9 and a tenth less is 0.8.
fn rounded(number: f64) -> f64 {
    (number * 1e9).round() / 1e9
}
