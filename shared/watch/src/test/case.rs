//! What does a unit-test file ask for?

use crate::file::yaml::{self, Node};
use crate::file::{Fault, Faults, Fields};

const FILE: &[&str] = &["rule_files", "evaluation_interval", "group_eval_order", "fuzzy_compare", "tests"];
const FILE_2: &[&str] = &["rule_files", "evaluation_interval", "group_eval_order", "tests"];
const TEST: &[&str] =
    &["name", "interval", "input_series", "alert_rule_test", "promql_expr_test", "external_labels", "external_url"];
const ALERT: &[&str] = &["eval_time", "alertname", "exp_alerts"];
const EXPECTED: &[&str] = &["exp_labels", "exp_annotations"];
const PROMQL: &[&str] = &["expr", "eval_time", "exp_samples"];
const SAMPLE: &[&str] = &["labels", "value"];

/// Names with values, in the order of the names; a value may be empty.
pub(super) type Pairs = Vec<(String, String)>;

/// A unit-test file.
#[derive(Debug, Clone, Default)]
pub struct TestFile {
    /// The rule files that it tests, as it names them: patterns, relative to itself.
    pub rule_files: Vec<String>,
    pub(super) evaluation_interval_ms: i64,
    pub(super) group_order: Vec<String>,
    pub(super) fuzzy: bool,
    pub(super) tests: Vec<Test>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Test {
    pub(super) name: String,
    pub(super) interval_ms: i64,
    /// Each series and its values, as written.
    pub(super) input: Vec<(String, String)>,
    pub(super) alerts: Vec<AlertCase>,
    pub(super) questions: Vec<Question>,
    pub(super) external_labels: Pairs,
    pub(super) external_url: String,
}

#[derive(Debug, Clone)]
pub(super) struct AlertCase {
    pub(super) at_ms: i64,
    pub(super) name: String,
    pub(super) expected: Vec<ExpectedAlert>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct ExpectedAlert {
    pub(super) labels: Pairs,
    pub(super) annotations: Pairs,
}

#[derive(Debug, Clone)]
pub(super) struct Question {
    pub(super) expr: String,
    pub(super) at_ms: i64,
    pub(super) expected: Vec<(String, f64)>,
}

/// Reads a unit-test file; with `strict_2`, only the fields of Prometheus 2.42.
///
/// # Errors
/// All that is wrong with it.
pub fn read_tests(file: &str, text: &str, strict_2: bool) -> Result<TestFile, Vec<Fault>> {
    let mut faults = Faults::of(file);
    let root = match yaml::read(text) {
        Ok(Some(root)) => root,
        Ok(None) => return Ok(TestFile { evaluation_interval_ms: 60_000, ..TestFile::default() }),
        Err(error) => {
            faults.add(error.place, error.what, "put the YAML right there or in the line before");
            return faults.or(TestFile::default());
        }
    };
    let known = if strict_2 { FILE_2 } else { FILE };
    let mut fields = Fields::of("a unit-test file", known, &root, &mut faults);
    let rule_files = fields.texts("rule_files", &mut faults);
    let interval = fields.duration("evaluation_interval", &mut faults).filter(|ms| *ms > 0);
    let group_order = fields.texts("group_eval_order", &mut faults);
    let fuzzy = !strict_2 && fields.boolean("fuzzy_compare", &mut faults).unwrap_or(false);
    let tests = fields.list("tests", &mut faults).into_iter().map(|node| test(node, &mut faults)).collect();
    fields.end(&mut faults);
    faults.or(TestFile { rule_files, evaluation_interval_ms: interval.unwrap_or(60_000), group_order, fuzzy, tests })
}

fn test(node: &Node, faults: &mut Faults) -> Test {
    let mut fields = Fields::of("a test", TEST, node, faults);
    let text = |text: Option<(String, yaml::Place)>| text.map(|(text, _)| text).unwrap_or_default();
    let name = text(fields.text("name", faults));
    let interval_ms = fields.duration("interval", faults).unwrap_or(0);
    let series = |node: &Node, faults: &mut Faults| {
        let mut fields = Fields::of("a series", &["series", "values"], node, faults);
        let pair = (text(fields.text("series", faults)), text(fields.text("values", faults)));
        fields.end(faults);
        pair
    };
    let input = fields.list("input_series", faults).into_iter().map(|node| series(node, faults)).collect();
    let alerts = fields.list("alert_rule_test", faults).into_iter().map(|node| alert(node, faults)).collect();
    let questions = fields.list("promql_expr_test", faults).into_iter().map(|node| question(node, faults)).collect();
    let external_labels = placeless(fields.pairs("external_labels", faults));
    let external_url = text(fields.text("external_url", faults));
    fields.end(faults);
    Test { name, interval_ms, input, alerts, questions, external_labels, external_url }
}

fn alert(node: &Node, faults: &mut Faults) -> AlertCase {
    let mut fields = Fields::of("an alert_rule_test", ALERT, node, faults);
    let at_ms = fields.duration("eval_time", faults).unwrap_or(0);
    let name = fields.text("alertname", faults).map(|(name, _)| name).unwrap_or_default();
    let expected = |node: &Node, faults: &mut Faults| {
        let mut fields = Fields::of("an exp_alert", EXPECTED, node, faults);
        let mut labels = placeless(fields.pairs("exp_labels", faults));
        let annotations = placeless(fields.pairs("exp_annotations", faults));
        fields.end(faults);
        // People give the labels of the rule, which have no name.
        labels.retain(|(label, _)| label != "alertname");
        labels.push(("alertname".to_owned(), name.clone()));
        labels.sort();
        ExpectedAlert { labels, annotations }
    };
    let expected = fields.list("exp_alerts", faults).into_iter().map(|node| expected(node, faults)).collect();
    fields.end(faults);
    AlertCase { at_ms, name, expected }
}

fn question(node: &Node, faults: &mut Faults) -> Question {
    let mut fields = Fields::of("a promql_expr_test", PROMQL, node, faults);
    let expr = fields.text("expr", faults).map(|(expr, _)| expr).unwrap_or_default();
    let at_ms = fields.duration("eval_time", faults).unwrap_or(0);
    let sample = |node: &Node, faults: &mut Faults| {
        let mut fields = Fields::of("an exp_sample", SAMPLE, node, faults);
        let labels = fields.text("labels", faults).map(|(labels, _)| labels).unwrap_or_default();
        let value = match fields.text("value", faults) {
            None => 0.0,
            Some((text, place)) => yaml_number(&text).unwrap_or_else(|| {
                faults.add(place, format!("value: {text:?} is no number"), "write a number, .inf or .nan");
                0.0
            }),
        };
        fields.end(faults);
        (labels, value)
    };
    let expected = fields.list("exp_samples", faults).into_iter().map(|node| sample(node, faults)).collect();
    fields.end(faults);
    Question { expr, at_ms, expected }
}

/// A number as YAML writes it.
fn yaml_number(text: &str) -> Option<f64> {
    let (sign, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (-1.0, rest),
        None => (1.0, text.strip_prefix('+').unwrap_or(text)),
    };
    match unsigned.to_ascii_lowercase().as_str() {
        ".inf" => return Some(sign * f64::INFINITY),
        ".nan" => return Some(f64::NAN),
        _ => {}
    }
    let plain = unsigned.replace('_', "");
    if let Some(digits) = plain.strip_prefix("0x") {
        return i64::from_str_radix(digits, 16).ok().map(|value| sign * value as f64);
    }
    let is_number = plain.starts_with(|c: char| c.is_ascii_digit() || c == '.');
    plain.parse::<f64>().ok().filter(|_| is_number).map(|value| sign * value)
}

fn placeless(pairs: Vec<(String, String, yaml::Place)>) -> Pairs {
    pairs.into_iter().map(|(name, value, _)| (name, value)).collect()
}
