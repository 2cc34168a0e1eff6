//! How do labels become other labels?

use std::sync::Arc;

use regex::{Captures, Regex};

use crate::column::{Grid, Row};
use crate::evaluate::Evaluator;
use crate::plan::{Relabel, RelabelRule};
use crate::unite::unite;
use crate::{LabelSet, QueryError};

/// A label as long as an answer may still be sent with: a template can say the whole value many times.
const MAX_LABEL_BYTES: usize = 64 * 1024;

impl Evaluator<'_> {
    pub(crate) fn relabel(&mut self, relabel: &Relabel, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let Relabel { of, to, rule } = relabel;
        let rows = self.vector(of, grid)?;
        if let RelabelRule::Refused(why) = rule {
            return Err(QueryError::Execution(why.clone()));
        }
        let mut relabelled = Vec::with_capacity(rows.len());
        for mut row in rows {
            self.limits.stop.check()?;
            let labels = match rule.value(&row.labels) {
                Some(value) if value.len() > MAX_LABEL_BYTES => return Err(too_long(to)),
                Some(value) => {
                    row.column.hold_bytes(&self.budget, value.len())?;
                    Arc::new(row.labels.with(to, &value))
                }
                None => row.labels,
            };
            relabelled.push(Row { labels, ..row });
        }
        unite(relabelled)
    }
}

impl RelabelRule {
    /// What the label is to be; nothing when it stays as it is.
    fn value(&self, labels: &LabelSet) -> Option<String> {
        match self {
            Self::Replace { from, pattern, template } => replaced(labels.get(from), pattern, template),
            Self::Join { separator, from } => {
                let values: Vec<_> = from.iter().map(|name| labels.get(name)).collect();
                Some(values.join(separator))
            }
            Self::Refused(_) => None,
        }
    }
}

fn replaced(value: &str, pattern: &Regex, template: &str) -> Option<String> {
    let captures = pattern.captures(value)?;
    let (mut text, mut rest) = (String::new(), template);
    while let Some(at) = rest.find('$') {
        text.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            text.push('$');
            rest = after;
        } else if let Some((name, after)) = reference(rest) {
            text.push_str(captured(&captures, name));
            rest = after;
        } else {
            text.push('$');
        }
        if text.len() > MAX_LABEL_BYTES {
            break;
        }
    }
    text.push_str(rest);
    Some(text)
}

/// The name that a template refers to, `1` or `name` or `{name}`, and what follows it.
fn reference(text: &str) -> Option<(&str, &str)> {
    let is_letter = |c: char| c.is_alphanumeric() || c == '_';
    let (name, after) = match text.strip_prefix('{') {
        Some(inner) => inner.split_once('}')?,
        None => text.split_at(text.find(|c| !is_letter(c)).unwrap_or(text.len())),
    };
    (!name.is_empty() && name.chars().all(is_letter)).then_some((name, after))
}

/// What a group has captured; nothing when there is no such group.
fn captured<'v>(captures: &Captures<'v>, name: &str) -> &'v str {
    let is_number = name.bytes().all(|digit| digit.is_ascii_digit()) && (name == "0" || !name.starts_with('0'));
    let group = if is_number { name.parse().ok().and_then(|at| captures.get(at)) } else { captures.name(name) };
    group.map_or("", |group| group.as_str())
}

fn too_long(label: &str) -> QueryError {
    QueryError::Execution(format!("the label {label} would be longer than {MAX_LABEL_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_refer_to_groups_as_go_does() {
        let pattern = Regex::new("^(?s:(?P<first>[a-z]+)-(.*))$").expect("a pattern");
        for (template, wanted) in [
            ("$1", "ab"),
            ("$first.$2", "ab.12"),
            ("${1}x", "abx"),
            ("$1x", ""),
            ("$$1", "$1"),
            ("$", "$"),
            ("${", "${"),
            ("${a-b}", "${a-b}"),
            ("$0", "ab-12"),
            ("$9", ""),
            ("$01", ""),
        ] {
            assert_eq!(replaced("ab-12", &pattern, template).as_deref(), Some(wanted), "{template}");
        }
        assert_eq!(replaced("AB", &pattern, "$1"), None);
    }
}
