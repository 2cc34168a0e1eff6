//! When do rules come due, and what has changed since they were last worked out?
//!
//! Thinks only: whoever runs it stores the [`Output`]s where the next evaluation reads them, and carries the
//! [`Transition`]s to people. What was missed while the node slept is not caught up: the rules are worked out once, for
//! now, and time that nobody watched counts for no `for`.

mod alerts;
mod expression;
mod instance;
mod plan;
mod read;
mod recording;
mod restore;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use vigie_query::{LabelSet, Limits, QueryError, Source};

pub use expression::Comparison;
pub use instance::{Fingerprint, Instance, Phase, Transition};
pub use plan::{CompileError, RuleKey, Settings};
pub use restore::{FOR_GRACE_MS, OUTAGE_TOLERANCE_MS, Saved};

pub(crate) use expression::STALE_NAN;
use plan::{Plan, PlanKind, plans};
use read::Shared;

use crate::rule::Group;

/// Intervals without an evaluation after which the node was stopped or asleep, and not only busy.
const MISSED_IS_ASLEEP: i64 = 4;

/// How long nothing resolves after waking: agents redial within seconds, and a series of the medium tier comes each
/// minute.
const SETTLE_MS: i64 = 90_000;

/// Groups of rules and what they found so far.
#[derive(Debug)]
pub struct Mind {
    groups: Vec<LiveGroup>,
    settings: Settings,
}

/// What an evaluation came to.
#[derive(Debug, Default)]
pub struct Evaluation {
    /// What changed, in the order of the rules.
    pub transitions: Vec<Transition>,
    /// Samples to be stored: what recording rules write, `ALERTS` and `ALERTS_FOR_STATE`, and marks of series that ended.
    pub outputs: Vec<Output>,
    /// Rules that could not be worked out. Their alerts stay as they were.
    pub failures: Vec<Failure>,
    /// Rules that were worked out: what one that raises alerts does not find is not so.
    pub worked_out: Vec<RuleKey>,
}

/// A sample to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Output {
    /// Its series.
    pub labels: Arc<LabelSet>,
    /// When, in ms since 1970.
    pub at_ms: i64,
    /// The value; Prometheus' stale marker where the series ended.
    pub value: f64,
}

/// A rule that could not be worked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Which.
    pub rule: RuleKey,
    /// Why, in Prometheus' words where it has some.
    pub why: String,
}

#[derive(Debug)]
struct LiveGroup {
    name: String,
    interval_ms: i64,
    limit: usize,
    query_offset_ms: i64,
    rules: Vec<LiveRule>,
    last_ms: Option<i64>,
    woke_ms: Option<i64>,
}

#[derive(Debug)]
struct LiveRule {
    plan: Plan,
    instances: HashMap<Arc<LabelSet>, Instance>,
    made: HashMap<Arc<LabelSet>, alerts::Made>,
    written: HashSet<Arc<LabelSet>>,
}

/// What every rule of one evaluation is told.
struct Moment<'a> {
    source: &'a Shared<'a>,
    settings: &'a Settings,
    limits: &'a Limits,
    now_ms: i64,
    /// When the rules look, which may be before now.
    at_ms: i64,
    limit: usize,
    just_woken: bool,
}

impl Mind {
    /// Rules that have found nothing yet.
    ///
    /// # Errors
    /// When an expression or a template can not be read.
    pub fn new(groups: &[Group], settings: Settings) -> Result<Self, CompileError> {
        let live = |group: &Group| {
            let rules = plans(group, &settings)?.into_iter().map(LiveRule::new).collect();
            Ok(LiveGroup {
                name: group.name.clone(),
                interval_ms: group.interval_ms.unwrap_or(settings.interval_ms).max(1),
                limit: group.limit,
                query_offset_ms: group.query_offset_ms.unwrap_or(0),
                rules,
                last_ms: None,
                woke_ms: None,
            })
        };
        let groups = groups.iter().map(live).collect::<Result<_, _>>()?;
        Ok(Self { groups, settings })
    }

    /// The same rules, worked out by the engine alone: what the shorter way is compared with.
    pub fn without_shortcuts(mut self) -> Self {
        for rule in self.groups.iter_mut().flat_map(|group| &mut group.rules) {
            rule.plan.expression = rule.plan.expression.clone().without_shortcut();
        }
        self
    }

    /// How many rules need not go through the engine.
    pub fn shortcuts(&self) -> usize {
        let rules = self.groups.iter().flat_map(|group| &group.rules);
        rules.filter(|rule| rule.plan.expression.has_shortcut()).count()
    }

    /// Works out many moments at once for a back-test, as far as rules read nothing that rules write.
    pub(crate) fn look_ahead(&mut self, source: &dyn Source, range: (i64, i64, i64)) -> Result<(), QueryError> {
        let written: HashSet<String> = self.written_names();
        let Self { groups, settings } = self;
        for group in groups {
            let offset = group.query_offset_ms;
            let range = (range.0.saturating_sub(offset), range.1.saturating_sub(offset), range.2);
            for expression in group.rules.iter_mut().flat_map(|rule| rule.plan.expressions()) {
                if !expression.reads.iter().any(|name| name.is_empty() || written.contains(name)) {
                    expression.look_ahead(source, range, settings.lookback_ms, &settings.limits)?;
                }
            }
        }
        Ok(())
    }

    /// Whether a rule reads what a rule writes, so that it must be stored between evaluations.
    pub(crate) fn reads_its_own(&self) -> bool {
        let written = self.written_names();
        let plans = self.groups.iter().flat_map(|group| &group.rules).map(|rule| &rule.plan);
        plans.into_iter().any(|plan| {
            let asks = matches!(&plan.kind, PlanKind::Alerting(alert) if alert.asks);
            asks || plan.all_reads().any(|name| name.is_empty() || written.contains(name))
        })
    }

    fn written_names(&self) -> HashSet<String> {
        let rules = self.groups.iter().flat_map(|group| &group.rules);
        let recorded = rules.filter(|rule| matches!(rule.plan.kind, PlanKind::Recording(_)));
        let own = ["ALERTS".to_owned(), alerts::FOR_STATE.to_owned()];
        recorded.map(|rule| rule.plan.key.rule.to_string()).chain(own).collect()
    }

    /// Works out the groups that are due.
    pub fn evaluate(&mut self, source: &dyn Source, now_ms: i64) -> Evaluation {
        self.evaluate_each(&[source], |_| 0, now_ms)
    }

    /// Works out the groups that are due, each over one of several sources: `of` says which by the group's name. Where there
    /// is none, the group waits.
    pub fn evaluate_each(&mut self, sources: &[&dyn Source], of: impl Fn(&str) -> usize, now_ms: i64) -> Evaluation {
        let mut evaluation = Evaluation::default();
        let shared: Vec<Shared<'_>> = sources.iter().map(|source| Shared::over(*source)).collect();
        for group in &mut self.groups {
            let Some(shared) = shared.get(of(&group.name)) else { continue };
            if group.due_ms().is_none_or(|due_ms| due_ms <= now_ms) || group.last_ms.is_some_and(|last| now_ms < last) {
                group.evaluate(shared, &self.settings, now_ms, &mut evaluation);
            }
        }
        evaluation
    }

    /// When the next group is due; nothing where one has never been worked out and is due at any time.
    pub fn next_due_ms(&self) -> Option<i64> {
        let due: Option<Vec<i64>> = self.groups.iter().map(LiveGroup::due_ms).collect();
        due?.into_iter().min()
    }

    /// Every alert that is pending or firing.
    pub fn instances(&self) -> impl Iterator<Item = (&RuleKey, &Instance)> {
        let rules = self.groups.iter().flat_map(|group| &group.rules);
        rules.flat_map(|rule| rule.instances.values().map(|instance| (&rule.plan.key, instance)))
    }

    /// Ends the alerts of what is no more: a machine that was retired can not be heard to be well again.
    pub fn forget(&mut self, now_ms: i64, is_gone: impl Fn(&Instance) -> bool) -> Vec<Transition> {
        let mut transitions = Vec::new();
        for rule in self.groups.iter_mut().flat_map(|group| &mut group.rules) {
            let key = &rule.plan.key;
            rule.instances.retain(|_, instance| {
                let gone = is_gone(instance);
                if gone {
                    instance.doubt = None;
                    transitions.push(instance.transition(key, instance.phase, Phase::Inactive, now_ms));
                }
                !gone
            });
        }
        transitions
    }
}

impl LiveGroup {
    fn due_ms(&self) -> Option<i64> {
        self.last_ms.map(|last| last.saturating_add(self.interval_ms))
    }

    fn evaluate(&mut self, source: &Shared<'_>, settings: &Settings, now_ms: i64, evaluation: &mut Evaluation) {
        self.notice_lost_time(now_ms);
        let just_woken = self.woke_ms.is_some_and(|woke| now_ms.saturating_sub(woke) < SETTLE_MS);
        let (at_ms, limit, limits) = (now_ms.saturating_sub(self.query_offset_ms), self.limit, &settings.limits);
        let moment = Moment { source, settings, limits, now_ms, at_ms, limit, just_woken };
        for rule in &mut self.rules {
            let first = evaluation.outputs.len();
            let done = match rule.plan.kind {
                PlanKind::Recording(_) => rule.record(&moment, &mut evaluation.outputs),
                PlanKind::Alerting(_) => rule.alert(&moment, evaluation),
            };
            match done {
                Ok(()) => {
                    rule.end_others(first, at_ms, &mut evaluation.outputs);
                    evaluation.worked_out.push(rule.plan.key.clone());
                }
                Err(why) => evaluation.failures.push(Failure { rule: rule.plan.key.clone(), why }),
            }
            for output in &evaluation.outputs[first..] {
                source.write(&output.labels, output.at_ms, output.value);
            }
        }
        self.last_ms = Some(now_ms);
    }

    /// Moves what is counted from a moment, where the time since the last evaluation is none that was watched: the clock
    /// was set, the node slept, or was stopped.
    fn notice_lost_time(&mut self, now_ms: i64) {
        let Some(last_ms) = self.last_ms else { return };
        let elapsed_ms = now_ms.saturating_sub(last_ms);
        let asleep = elapsed_ms > self.interval_ms.saturating_mul(MISSED_IS_ASLEEP);
        if !asleep && elapsed_ms >= 0 {
            return;
        }
        let lost_ms = if asleep { elapsed_ms - self.interval_ms } else { elapsed_ms };
        for instance in self.rules.iter_mut().flat_map(|rule| rule.instances.values_mut()) {
            instance.move_by(lost_ms);
        }
        self.woke_ms = Some(now_ms);
    }
}

impl LiveRule {
    fn new(plan: Plan) -> Self {
        Self { plan, instances: HashMap::new(), made: HashMap::new(), written: HashSet::new() }
    }

    /// Marks the series that the rule wrote last time and not this time.
    fn end_others(&mut self, first: usize, at_ms: i64, outputs: &mut Vec<Output>) {
        if self.written.is_empty() && outputs.len() == first {
            return;
        }
        let now: HashSet<_> = outputs[first..].iter().map(|output| output.labels.clone()).collect();
        let ended: Vec<_> = self.written.difference(&now).cloned().collect();
        outputs.extend(ended.into_iter().map(|labels| Output { labels, at_ms, value: STALE_NAN }));
        self.written = now;
    }
}
