//! Which rules does a file hold, and what is wrong with it?

use std::collections::HashSet;
use std::fmt;

use super::yaml::{self, Node, Place};
use super::{Faults, Fields};
use crate::rule::{Alerting, CLEAR_ANNOTATION, Group, Rule, RuleKind};
use crate::template::Template;

/// One thing that is wrong with a file. Its text is for a person who has the file open.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct Fault {
    /// The file, as it was named.
    pub file: String,
    /// The line, from 1; 0 for the file as a whole.
    pub line: usize,
    /// The column, from 1.
    pub column: usize,
    /// What is wrong, in Prometheus' words where it has some.
    pub what: String,
    /// What to do about it.
    pub remedy: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { file, line, column, what, remedy } = self;
        write!(f, "{file}:{line}:{column}: {what}; {remedy}")
    }
}

/// Whose fields are allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Strictness {
    /// Those of Prometheus 3: with `query_offset` and `labels` of a group.
    #[default]
    Prometheus3,
    /// Those of Prometheus 2.42.
    Prometheus2,
}

const GROUP: &[&str] = &["name", "interval", "query_offset", "limit", "labels", "rules"];
const GROUP_2: &[&str] = &["name", "interval", "limit", "rules"];
const RULE: &[&str] = &["record", "alert", "expr", "for", "keep_firing_for", "labels", "annotations"];

/// Reads a rule file, as strictly as `promtool check rules`.
///
/// # Errors
/// All that is wrong with it, up to a hundred faults; nothing of the file is used then.
pub fn read_rules(file: &str, text: &str, strictness: Strictness) -> Result<Vec<Group>, Vec<Fault>> {
    let mut faults = Faults::of(file);
    let root = match yaml::read(text) {
        Ok(Some(root)) if !root.is_null() => root,
        Ok(_) => return Ok(Vec::new()),
        Err(error) => {
            faults.add(error.place, error.what, "put the YAML right there or in the line before");
            return faults.or(Vec::new());
        }
    };
    let mut fields = Fields::of("a rule file", &["groups"], &root, &mut faults);
    let nodes = fields.list("groups", &mut faults);
    fields.end(&mut faults);
    let mut names = HashSet::new();
    let mut groups = Vec::new();
    for node in nodes {
        let group = group(node, strictness, &mut faults);
        if group.name.is_empty() {
            faults.add(node.place, "Groupname must not be empty", "add `name:` to the group");
        } else if !names.insert(group.name.clone()) {
            let what = format!("groupname: \"{}\" is repeated in the same file", group.name);
            faults.add(node.place, what, "give each group a name of its own");
        }
        groups.push(group);
    }
    faults.or(groups)
}

fn group(node: &Node, strictness: Strictness, faults: &mut Faults) -> Group {
    let is_new = strictness == Strictness::Prometheus3;
    let mut fields = Fields::of("a group", if is_new { GROUP } else { GROUP_2 }, node, faults);
    let name = fields.text("name", faults).map(|(name, _)| name).unwrap_or_default();
    let interval_ms = fields.duration("interval", faults).filter(|ms| *ms > 0);
    // Prometheus takes a negative limit for none.
    let limit = fields.number("limit", faults).and_then(|limit| usize::try_from(limit).ok()).unwrap_or(0);
    let (mut query_offset_ms, mut labels) = (None, Vec::new());
    if is_new {
        query_offset_ms = fields.duration("query_offset", faults);
        labels = checked_labels(fields.pairs("labels", faults), faults);
    }
    let rules = fields.list("rules", faults).into_iter().map(|node| rule(node, faults)).collect();
    fields.end(faults);
    Group { name, interval_ms, limit, query_offset_ms, labels, rules }
}

fn rule(node: &Node, faults: &mut Faults) -> Rule {
    let mut fields = Fields::of("a rule", RULE, node, faults);
    let place = fields.place();
    let record = fields.text("record", faults).filter(|(name, _)| !name.is_empty());
    let alert = fields.text("alert", faults).filter(|(name, _)| !name.is_empty());
    let expr = fields.text("expr", faults).filter(|(expr, _)| !expr.is_empty());
    let for_ms = fields.duration("for", faults).unwrap_or(0);
    let keep_firing_for_ms = fields.duration("keep_firing_for", faults).unwrap_or(0);
    let labels = fields.pairs("labels", faults);
    let annotations = fields.pairs("annotations", faults);
    fields.end(faults);
    if record.is_some() && alert.is_some() {
        faults.add(place, "only one of 'record' and 'alert' must be set", "make two rules of it");
    }
    if record.is_none() && alert.is_none() {
        faults.add(place, "one of 'record' or 'alert' must be set", "name what the rule is for");
    }
    match &expr {
        None => faults.add(place, "field 'expr' must be set in rule", "say in PromQL when it holds"),
        Some((text, place)) => check_expr(text, *place, faults),
    }
    let expr = expr.map(|(expr, _)| expr).unwrap_or_default();
    match record {
        Some((name, at)) if alert.is_none() => {
            check_recording(&name, at, (for_ms, keep_firing_for_ms, !annotations.is_empty()), faults);
            let labels = checked_labels(labels, faults);
            Rule { name, expr, labels, kind: RuleKind::Recording }
        }
        _ => {
            let name = alert.map(|(name, _)| name).unwrap_or_default();
            check_templates(&name, "label", &labels, faults);
            check_templates(&name, "annotation", &annotations, faults);
            let labels = checked_labels(labels, faults);
            let annotations = checked_annotations(annotations, faults);
            Rule { name, expr, labels, kind: RuleKind::Alerting(Alerting { for_ms, keep_firing_for_ms, annotations }) }
        }
    }
}

fn check_expr(text: &str, place: Place, faults: &mut Faults) {
    if let Err(error) = vigie_query::Query::parse(text) {
        let what = format!("could not parse expression: {}", error.to_string().trim_start_matches("parse error: "));
        faults.add(place, what, "try the expression as a query first");
    }
}

fn check_recording(name: &str, place: Place, given: (i64, i64, bool), faults: &mut Faults) {
    let remedy = "remove it, or make an alert of the rule";
    let (for_ms, keep_firing_for_ms, has_annotations) = given;
    if has_annotations {
        faults.add(place, "invalid field 'annotations' in recording rule", remedy);
    }
    if for_ms != 0 {
        faults.add(place, "invalid field 'for' in recording rule", remedy);
    }
    if keep_firing_for_ms != 0 {
        faults.add(place, "invalid field 'keep_firing_for' in recording rule", remedy);
    }
    if !is_name(name, true) {
        faults.add(place, format!("invalid recording rule name: {name}"), "use a-z, 0-9, _ and :, not a digit first");
    }
}

fn check_templates(alert: &str, what: &str, texts: &[(String, String, Place)], faults: &mut Faults) {
    for (name, text, place) in texts {
        if let Err(error) = Template::parse(alert, text) {
            faults.add(*place, format!("{what} {name:?}: {error}"), "put the template right");
        }
    }
}

fn checked_labels(pairs: Vec<(String, String, Place)>, faults: &mut Faults) -> Vec<(String, String)> {
    for (name, _, place) in &pairs {
        if !is_name(name, false) || name == vigie_query::NAME {
            faults.add(*place, format!("invalid label name: {name}"), "use a-z, 0-9 and _, not a digit first");
        }
    }
    pairs.into_iter().map(|(name, value, _)| (name, value)).collect()
}

fn checked_annotations(pairs: Vec<(String, String, Place)>, faults: &mut Faults) -> Vec<(String, String)> {
    for (name, value, place) in &pairs {
        if !is_name(name, false) {
            faults.add(*place, format!("invalid annotation name: {name}"), "use a-z, 0-9 and _, not a digit first");
        }
        if name == CLEAR_ANNOTATION {
            check_expr(value, *place, faults);
        }
    }
    pairs.into_iter().map(|(name, value, _)| (name, value)).collect()
}

/// Letters, digits and underscores, no digit first; in the name of a metric colons too.
pub(crate) fn is_name(text: &str, may_have_colons: bool) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || (may_have_colons && c == ':');
    !text.is_empty() && text.chars().all(fits) && !text.starts_with(|c: char| c.is_ascii_digit())
}
