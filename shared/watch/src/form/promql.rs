//! How is a rule that was written in PromQL confined to some machines, or given another threshold?
//!
//! On the expression as it was parsed, never on its text: matchers go into each selector, for every series bears its
//! client, site and machine, and the threshold is the number with which its first comparison is made.

use std::collections::BTreeSet;

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::token::{T_GTE, T_GTR, T_LAND, T_LOR, T_LSS, T_LTE, T_LUNLESS};
use promql_parser::parser::{self, Expr, VectorSelector};

use crate::mind::Comparison;

/// A matcher to be put into each selector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Only {
    /// The label is this.
    Is(&'static str, String),
    /// The label is one of these.
    OneOf(&'static str, BTreeSet<String>),
    /// The label is none of these.
    NoneOf(&'static str, BTreeSet<String>),
}

/// An expression that can not be confined.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfineError {
    /// Not PromQL.
    #[error("{0}")]
    NoExpression(String),
    /// A selector of alternatives, of which each would have to be confined by itself.
    #[error(
        "a selector with `or` in its braces can not be confined to a place: write it as two, with `or` between them"
    )]
    Alternatives,
}

impl Only {
    fn matcher(&self) -> Result<Matcher, ConfineError> {
        let any = |values: &BTreeSet<String>| values.iter().map(|value| escaped(value)).collect::<Vec<_>>().join("|");
        // As the parser makes them of a text: PromQL matches whole values.
        let regex = |any: &str| {
            regex::Regex::new(&format!("^(?:{any})$")).map_err(|error| ConfineError::NoExpression(error.to_string()))
        };
        Ok(match self {
            Self::Is(name, value) => Matcher::new(MatchOp::Equal, name, value),
            Self::OneOf(name, values) => Matcher::new(MatchOp::Re(regex(&any(values))?), name, &any(values)),
            Self::NoneOf(name, values) => Matcher::new(MatchOp::NotRe(regex(&any(values))?), name, &any(values)),
        })
    }
}

/// Ids and names of places need no escape, and read better without one.
fn escaped(value: &str) -> String {
    let plain = value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_');
    if plain { value.to_owned() } else { regex::escape(value) }
}

/// The expression over the series of a client, or of one of its sites, or of some machines: by their ids.
///
/// # Errors
/// When it is none, or can not be confined.
pub fn confined(
    expr: &str,
    place: Option<(&str, Option<&str>)>,
    machines: Option<&BTreeSet<String>>,
) -> Result<String, ConfineError> {
    let mut only = Vec::new();
    if let Some((client, site)) = place {
        only.push(Only::Is("client", client.to_owned()));
        only.extend(site.map(|site| Only::Is("site", site.to_owned())));
    }
    only.extend(machines.map(|ids| Only::OneOf("machine_id", ids.clone())));
    with(expr, &only)
}

/// The expression with these matchers in each of its selectors.
pub(crate) fn with(expr: &str, only: &[Only]) -> Result<String, ConfineError> {
    if only.is_empty() {
        return Ok(expr.to_owned());
    }
    let matchers = only.iter().map(Only::matcher).collect::<Result<Vec<_>, _>>()?;
    let mut parsed = parser::parse(expr).map_err(ConfineError::NoExpression)?;
    confine(&mut parsed, &matchers)?;
    Ok(parsed.to_string())
}

fn confine(expr: &mut Expr, only: &[Matcher]) -> Result<(), ConfineError> {
    match expr {
        Expr::Aggregate(one) => {
            if let Some(param) = &mut one.param {
                confine(param, only)?;
            }
            confine(&mut one.expr, only)
        }
        Expr::Unary(one) => confine(&mut one.expr, only),
        Expr::Binary(one) => {
            confine(&mut one.lhs, only)?;
            confine(&mut one.rhs, only)
        }
        Expr::Paren(one) => confine(&mut one.expr, only),
        Expr::Subquery(one) => confine(&mut one.expr, only),
        Expr::VectorSelector(one) => select(one, only),
        Expr::MatrixSelector(one) => select(&mut one.vs, only),
        Expr::Call(one) => one.args.args.iter_mut().try_for_each(|arg| confine(arg, only)),
        Expr::NumberLiteral(_) | Expr::StringLiteral(_) | Expr::Extension(_) => Ok(()),
    }
}

fn select(selector: &mut VectorSelector, only: &[Matcher]) -> Result<(), ConfineError> {
    if !selector.matchers.or_matchers.is_empty() {
        return Err(ConfineError::Alternatives);
    }
    selector.matchers.matchers.extend(only.iter().cloned());
    Ok(())
}

/// With what the first comparison of an expression is made, if it is one with a number that may be another one.
pub(crate) fn threshold(expr: &str) -> Option<(Comparison, f64)> {
    let mut parsed = parser::parse(expr).ok()?;
    slot(&mut parsed).map(|(comparison, number)| (comparison, *number))
}

/// The expression with another number there; nothing where it has none.
pub(crate) fn with_threshold(expr: &str, threshold: f64) -> Option<String> {
    let mut parsed = parser::parse(expr).ok()?;
    *slot(&mut parsed)?.1 = threshold;
    Some(parsed.to_string())
}

fn slot(expr: &mut Expr) -> Option<(Comparison, &mut f64)> {
    let one = match expr {
        Expr::Paren(one) => return slot(&mut one.expr),
        Expr::Binary(one) => one,
        _ => return None,
    };
    let comparison = match one.op.id() {
        T_LAND | T_LOR | T_LUNLESS => return slot(&mut one.lhs),
        T_GTR => Comparison::Above,
        T_GTE => Comparison::AtLeast,
        T_LSS => Comparison::Below,
        T_LTE => Comparison::AtMost,
        _ => return None,
    };
    match &mut *one.rhs {
        Expr::NumberLiteral(number) => Some((comparison, &mut number.val)),
        _ => None,
    }
}
