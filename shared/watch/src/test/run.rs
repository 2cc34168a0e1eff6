//! Does each test find what it expects?

use std::fmt;
use std::sync::Arc;

use vigie_query::{LabelSet, Limits, Options, Query, QueryError, Value};

use super::case::{AlertCase, ExpectedAlert, Pairs, Question, Test, TestFile};
use super::series::{read_metric, read_series};
use super::show;
use super::storage::Storage;
use crate::duration::{go_duration, write_duration};
use crate::mind::{Instance, Mind, Settings};
use crate::rule::{Group, RuleKind};

/// Evaluations of one test: a month of minutes.
const MAX_EVALUATIONS: i64 = 50_000;

/// How close values are with `fuzzy_compare`, relative to the larger.
const FUZZY: f64 = 1e-6;

/// How tests are run.
#[derive(Debug, Clone)]
pub struct RunOptions {
    /// How PromQL is understood. The step of subqueries is the test's own.
    pub options: Options,
    /// Ceilings of each question.
    pub limits: Limits,
}

impl Default for RunOptions {
    fn default() -> Self {
        Self { options: Options::default(), limits: Limits::usual() }
    }
}

/// One thing that a test did not find as expected. Its text is promtool's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference(pub String);

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Runs the tests of a file over the groups of its rule files. Nothing returned means success.
pub fn run_tests(file: &TestFile, groups: &[Group], options: &RunOptions) -> Vec<Difference> {
    let order = &file.group_order;
    if let Some((_, name)) = order.iter().enumerate().find(|(at, name)| order[..*at].contains(name)) {
        return vec![Difference(format!("group name repeated in evaluation order: {name}"))];
    }
    let mut groups = groups.to_vec();
    // Groups that are not named come with the first.
    groups.sort_by_key(|group| order.iter().position(|name| *name == group.name).unwrap_or(0));
    for group in &mut groups {
        group.interval_ms = Some(file.evaluation_interval_ms);
    }
    file.tests.iter().flat_map(|test| Run::of(file, test, options).run(&groups)).collect()
}

struct Run<'a> {
    test: &'a Test,
    interval_ms: i64,
    fuzzy: bool,
    options: Options,
    limits: &'a Limits,
    found: Vec<Difference>,
}

/// The samples of a test that are still to come.
struct Ahead {
    labels: Arc<LabelSet>,
    samples: std::iter::Peekable<std::vec::IntoIter<(i64, f64)>>,
}

impl<'a> Run<'a> {
    fn of(file: &TestFile, test: &'a Test, options: &'a RunOptions) -> Self {
        let interval_ms = file.evaluation_interval_ms;
        let own = Options { default_step_ms: interval_ms, ..options.options };
        Self { test, interval_ms, fuzzy: file.fuzzy, options: own, limits: &options.limits, found: Vec::new() }
    }

    fn run(mut self, groups: &[Group]) -> Vec<Difference> {
        if let Err(stopped) = self.try_run(groups) {
            self.found.extend(stopped);
        }
        self.found
    }

    fn try_run(&mut self, groups: &[Group]) -> Result<(), Vec<Difference>> {
        let alone = |text: String| vec![Difference(text)];
        let mut ahead = self.input().map_err(alone)?;
        let settings = Settings {
            external_labels: self.test.external_labels.clone(),
            external_url: self.test.external_url.clone(),
            interval_ms: self.interval_ms,
            lookback_ms: Query::LOOKBACK_MS,
            options: self.options,
            limits: self.limits.clone(),
        };
        let mut mind = Mind::new(groups, settings).map_err(|error| alone(error.to_string()))?;
        self.check_names().map_err(alone)?;
        let end_ms = self.end_ms();
        if end_ms / self.interval_ms > MAX_EVALUATIONS {
            return Err(alone(format!("more than {MAX_EVALUATIONS} evaluations: use a longer evaluation_interval")));
        }
        let (mut storage, mut now_ms) = (Storage::default(), 0);
        while now_ms <= end_ms {
            for series in &mut ahead {
                while let Some((at_ms, value)) = series.samples.next_if(|(at_ms, _)| *at_ms <= now_ms) {
                    storage.add(&series.labels, at_ms, value);
                }
            }
            let evaluation = mind.evaluate(&storage, now_ms);
            storage.write(&evaluation.outputs);
            if !evaluation.failures.is_empty() {
                let told = evaluation.failures.iter().map(|failure| {
                    let (rule, time) = (&failure.rule.rule, go_duration(now_ms));
                    Difference(format!("    rule: {rule}, time: {time}, err: {}", failure.why))
                });
                return Err(told.collect());
            }
            self.check_alerts(&mind, groups, now_ms);
            now_ms += self.interval_ms;
        }
        for question in &self.test.questions {
            self.check_question(question, &storage);
        }
        Ok(())
    }

    fn input(&self) -> Result<Vec<Ahead>, String> {
        let mut ahead: Vec<Ahead> = Vec::with_capacity(self.test.input.len());
        for (series, values) in &self.test.input {
            let (labels, samples) = read_series(series, values, self.test.interval_ms).map_err(|error| error.0)?;
            // The last of two with the same labels counts.
            ahead.retain(|known| *known.labels != labels);
            ahead.push(Ahead { labels: Arc::new(labels), samples: samples.into_iter().peekable() });
        }
        Ok(ahead)
    }

    fn check_names(&self) -> Result<(), String> {
        let Some(case) = self.test.alerts.iter().find(|case| case.name.is_empty()) else { return Ok(()) };
        let place =
            if self.test.name.is_empty() { String::new() } else { format!(" (in TestGroup {})", self.test.name) };
        let time = write_duration(case.at_ms);
        Err(format!("an item under alert_rule_test misses required attribute alertname at eval_time {time}{place}"))
    }

    fn end_ms(&self) -> i64 {
        let alerts = self.test.alerts.iter().map(|case| case.at_ms);
        alerts.chain(self.test.questions.iter().map(|question| question.at_ms)).max().unwrap_or(0)
    }

    /// What is expected between this evaluation and the next is compared with this one.
    fn check_alerts(&mut self, mind: &Mind, groups: &[Group], now_ms: i64) {
        let test = self.test;
        let mut due: Vec<&AlertCase> =
            test.alerts.iter().filter(|case| (now_ms..now_ms + self.interval_ms).contains(&case.at_ms)).collect();
        due.sort_by_key(|case| case.at_ms);
        for case in due {
            let is_alert = groups.iter().flat_map(|group| &group.rules);
            let known = is_alert.filter(|rule| rule.kind != RuleKind::Recording).any(|rule| rule.name == case.name);
            let firing =
                mind.instances().filter(|(key, instance)| *key.rule == *case.name && instance.phase.is_firing());
            let mut got: Vec<_> =
                if known { firing.map(|(_, instance)| shown(instance)).collect() } else { Vec::new() };
            let mut expected = case.expected.clone();
            got.sort();
            expected.sort();
            if got != expected {
                let name = if test.name.is_empty() { String::new() } else { format!("    name: {},\n", test.name) };
                let (alert, time) = (&case.name, write_duration(case.at_ms));
                let (expected, got) = (show::alerts(&expected), show::alerts(&got));
                self.found.push(Difference(format!(
                    "{name}    alertname: {alert}, time: {time}, \n        exp:{expected}, \n        got:{got}"
                )));
            }
        }
    }

    fn check_question(&mut self, question: &Question, storage: &Storage) {
        let time = write_duration(question.at_ms);
        let expr = crate::template::go_quoted(&question.expr);
        let failed = |why: String| Difference(format!("    expr: {expr}, time: {time}, err: {why}"));
        let mut got = match self.ask(question, storage) {
            Ok(got) => got,
            Err(error) => return self.found.push(failed(error.to_string())),
        };
        let mut expected = Vec::with_capacity(question.expected.len());
        for (text, value) in &question.expected {
            match read_metric(text) {
                Ok(labels) => expected.push((pairs(&labels), *value)),
                Err(error) => return self.found.push(failed(format!("labels {text:?}: {error}"))),
            }
        }
        expected.sort_by(|a, b| a.0.cmp(&b.0));
        got.sort_by(|a, b| a.0.cmp(&b.0));
        let same = |(a, b): (&(Pairs, f64), &(Pairs, f64))| a.0 == b.0 && self.is_same(a.1, b.1);
        if expected.len() != got.len() || !expected.iter().zip(&got).all(same) {
            let (expected, got) = (samples(&expected), samples(&got));
            self.found.push(Difference(format!(
                "    expr: {expr}, time: {time},\n        exp: {expected}\n        got: {got}"
            )));
        }
    }

    fn ask(&self, question: &Question, storage: &Storage) -> Result<Vec<(Pairs, f64)>, QueryError> {
        let query = Query::parse_with(&question.expr, self.options)?;
        let answer = query.instant(storage, question.at_ms, Query::LOOKBACK_MS, self.limits)?;
        match answer.value {
            Value::Vector(found) => {
                Ok(found.into_iter().map(|(labels, point)| (pairs(&labels), point.value)).collect())
            }
            Value::Scalar(point) => Ok(vec![(Pairs::new(), point.value)]),
            Value::Text(..) | Value::Matrix(_) => {
                Err(QueryError::Execution("rule result is not a vector or scalar".to_owned()))
            }
        }
    }

    fn is_same(&self, a: f64, b: f64) -> bool {
        let close = || (a - b).abs() <= FUZZY * a.abs().max(b.abs()) || (a.is_nan() && b.is_nan());
        a == b || (self.fuzzy && close())
    }
}

fn pairs(labels: &LabelSet) -> Pairs {
    labels.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn shown(instance: &Instance) -> ExpectedAlert {
    let mut annotations: Pairs = instance.annotations.to_vec();
    annotations.sort();
    ExpectedAlert { labels: pairs(&instance.labels), annotations }
}

fn samples(samples: &[(Pairs, f64)]) -> String {
    if samples.is_empty() {
        return "nil".to_owned();
    }
    samples.iter().map(|(labels, value)| show::sample(labels, *value)).collect::<Vec<_>>().join(", ")
}
