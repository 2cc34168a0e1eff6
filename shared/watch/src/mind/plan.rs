//! What is a rule, once it is ready to be worked out?

use std::sync::Arc;

use vigie_model::Severity;
use vigie_query::{Limits, Options, Query, QueryError};

use super::expression::{Expression, told_of_each};
use crate::rule::{Group, Rule, RuleKind, SEVERITY_LABEL};
use crate::template::Template;

/// What a node says of itself to its rules.
#[derive(Debug, Clone)]
pub struct Settings {
    /// For `$externalLabels`.
    pub external_labels: Vec<(String, String)>,
    /// For `$externalURL`: where people find this node.
    pub external_url: String,
    /// How often a group is worked out that does not say.
    pub interval_ms: i64,
    /// How old the newest sample may be.
    pub lookback_ms: i64,
    /// How PromQL is understood.
    pub options: Options,
    /// Ceilings of each rule's question.
    pub limits: Limits,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            external_labels: Vec::new(),
            external_url: String::new(),
            interval_ms: 10_000,
            lookback_ms: Query::LOOKBACK_MS,
            options: Options::default(),
            limits: Limits::usual(),
        }
    }
}

/// Which rule: its group and its name, and which one where a group has several of that name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleKey {
    /// The group.
    pub group: Arc<str>,
    /// The rule.
    pub rule: Arc<str>,
    /// 0 for the first of that name.
    pub turn: usize,
}

impl std::fmt::Display for RuleKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}/{}", self.group, self.rule)?;
        if self.turn > 0 { write!(f, "#{}", self.turn) } else { Ok(()) }
    }
}

/// Rules that can not be worked out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CompileError {
    /// The expression is no PromQL; nothing of the groups is used.
    #[error("rule {rule}: {error}")]
    Expression {
        /// Which.
        rule: RuleKey,
        /// Why.
        error: QueryError,
    },
    /// A label or annotation is no template; nothing of the groups is used.
    #[error("rule {rule}: {name}: {error}")]
    Template {
        /// Which.
        rule: RuleKey,
        /// The label or annotation.
        name: String,
        /// Go's words.
        error: String,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) key: RuleKey,
    pub(crate) expression: Expression,
    pub(crate) kind: PlanKind,
}

#[derive(Debug, Clone)]
pub(crate) enum PlanKind {
    Recording(Vec<(String, String)>),
    Alerting(Box<AlertPlan>),
}

#[derive(Debug, Clone)]
pub(crate) struct AlertPlan {
    pub(crate) for_ms: i64,
    pub(crate) keep_firing_for_ms: i64,
    pub(crate) labels: Vec<(String, Template)>,
    pub(crate) annotations: Vec<(String, Template)>,
    pub(crate) clear: Option<Clear>,
    /// Says of each series whether the rule holds, where that can be said: what was heard to be well is well.
    pub(crate) each: Option<Expression>,
    pub(crate) severity: Option<Severity>,
    /// Whether a text may change while the series does not.
    pub(crate) asks: bool,
}

/// When a firing alert may clear.
#[derive(Debug, Clone)]
pub(crate) enum Clear {
    /// Where this says 1, or has lost the series.
    Told(Expression),
    /// Where this gives a series.
    Given(Expression),
}

impl Plan {
    /// Its expression, and that of its hysteresis.
    pub(crate) fn expressions(&mut self) -> impl Iterator<Item = &mut Expression> {
        let clear = match &mut self.kind {
            PlanKind::Alerting(alert) => alert.clear.as_mut(),
            PlanKind::Recording(_) => None,
        };
        let clear = clear.map(|clear| match clear {
            Clear::Told(expression) | Clear::Given(expression) => expression,
        });
        std::iter::once(&mut self.expression).chain(clear)
    }

    /// The names of all metrics that it reads.
    pub(crate) fn all_reads(&self) -> impl Iterator<Item = &String> {
        let clear = match &self.kind {
            PlanKind::Alerting(alert) => alert.clear.as_ref(),
            PlanKind::Recording(_) => None,
        };
        let clear = clear.into_iter().flat_map(|clear| match clear {
            Clear::Told(expression) | Clear::Given(expression) => &expression.reads,
        });
        self.expression.reads.iter().chain(clear)
    }
}

pub(crate) fn plans(group: &Group, settings: &Settings) -> Result<Vec<Plan>, CompileError> {
    let name: Arc<str> = group.name.as_str().into();
    let mut plans: Vec<Plan> = Vec::with_capacity(group.rules.len());
    for rule in &group.rules {
        let turn = plans.iter().filter(|plan| *plan.key.rule == *rule.name).count();
        let key = RuleKey { group: name.clone(), rule: rule.name.as_str().into(), turn };
        let plan = plan(key, group, rule, settings)?;
        plans.push(plan);
    }
    Ok(plans)
}

fn plan(key: RuleKey, group: &Group, rule: &Rule, settings: &Settings) -> Result<Plan, CompileError> {
    let compile = |text: &str| {
        let compiled = Expression::compile(text, settings.options);
        compiled.map_err(|error| CompileError::Expression { rule: key.clone(), error })
    };
    let expression = compile(&rule.expr)?;
    let own = |name: &str| rule.labels.iter().any(|(own, _)| own == name);
    let inherited = group.labels.iter().filter(|(name, _)| !own(name));
    let labels: Vec<(String, String)> = inherited.chain(&rule.labels).cloned().collect();
    let RuleKind::Alerting(alerting) = &rule.kind else {
        return Ok(Plan { key, expression, kind: PlanKind::Recording(labels) });
    };
    let template = |(name, text): &(String, String)| match Template::parse(&rule.name, text) {
        Ok(template) => Ok((name.clone(), template)),
        Err(error) => Err(CompileError::Template { rule: key.clone(), name: name.clone(), error }),
    };
    let severity = labels.iter().find(|(name, _)| name == SEVERITY_LABEL).map(|(_, text)| Severity::of_label(text));
    let labels: Vec<_> = labels.iter().map(template).collect::<Result<_, _>>()?;
    let annotations: Vec<_> = alerting.annotations.iter().map(template).collect::<Result<_, _>>()?;
    let clear = match rule.clear_expr() {
        None => None,
        Some(text) => Some(match told_of_each(text) {
            Some(told) => Clear::Told(compile(&told)?),
            None => Clear::Given(compile(text)?),
        }),
    };
    let each = told_of_each(&rule.expr).map(|text| compile(&text)).transpose()?;
    let asks = labels.iter().chain(&annotations).any(|(_, template)| template.asks());
    let alert = AlertPlan {
        for_ms: alerting.for_ms,
        keep_firing_for_ms: alerting.keep_firing_for_ms,
        labels,
        annotations,
        clear,
        each,
        severity,
        asks,
    };
    Ok(Plan { key, expression, kind: PlanKind::Alerting(Box::new(alert)) })
}
