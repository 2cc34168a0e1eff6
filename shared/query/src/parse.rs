//! What does this text ask for?

use std::panic::catch_unwind;
use std::time::{Duration, SystemTime};

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::{self, AtModifier, BinaryExpr, Expr, Offset, VectorSelector};
use promql_parser::util::parse_duration;

use crate::{Matcher, NAME, QueryError, guard};

/// A question that can be answered: parsed, and made only of what this version evaluates.
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) ask: Ask,
}

/// What is asked for. There is one variant for each thing that can be answered, so nothing else is left to refuse later.
#[derive(Debug, Clone)]
pub(crate) enum Ask {
    Number(f64),
    Text(String),
    Vector(Selector),
    Matrix { selector: Selector, range_ms: i64 },
}

/// Which series, and how far from the moment of the question.
#[derive(Debug, Clone)]
pub(crate) struct Selector {
    pub(crate) matchers: Vec<Matcher>,
    pub(crate) offset_ms: i64,
    pub(crate) at: At,
}

/// Which moment a selector looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum At {
    /// That of the step.
    Step,
    /// The first of the range.
    Start,
    /// The last of the range.
    End,
    /// Always the same.
    Fixed(i64),
}

impl Query {
    /// Reads a PromQL text.
    ///
    /// # Errors
    /// [`QueryError::BadData`] when it is not PromQL, costs too much to read, or uses what is not built yet, by name.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        ask(&expression(text)?).map(|ask| Self { ask })
    }
}

/// Reads one `match[]` selector: the matchers of an instant vector without offset.
///
/// # Errors
/// As [`Query::parse`], and when the text is anything but a plain selector.
pub fn selector(text: &str) -> Result<Vec<Matcher>, QueryError> {
    match expression(text)? {
        Expr::VectorSelector(selector) if selector.offset.is_none() && selector.at.is_none() => matchers(&selector),
        _ => Err(QueryError::BadData(format!("expected a series selector such as up{{site=\"lyon\"}}, got {text:?}"))),
    }
}

/// Reads a duration as Prometheus' API takes it: seconds, or `1h30m`. Always more than zero.
///
/// # Errors
/// [`QueryError::BadData`] when it is neither.
pub fn duration_ms(text: &str) -> Result<i64, QueryError> {
    let bad = || QueryError::BadData(format!("cannot parse {text:?} to a valid duration"));
    let ms = match text.parse::<f64>() {
        Ok(seconds) => (seconds * 1000.0).round() as i64,
        Err(_) => parse_duration(text).map(span_ms).map_err(|_| bad())?,
    };
    // A century: beyond it sums with timestamps would mean nothing.
    if ms > 0 && ms <= 3_155_760_000_000 { Ok(ms) } else { Err(bad()) }
}

fn expression(text: &str) -> Result<Expr, QueryError> {
    guard::admit(text)?;
    // The parser converts durations with a function that panics on some numbers (`[1e300]`); that is a bad question,
    // not a reason to end a worker.
    let parsed = catch_unwind(|| parser::parse(text)).unwrap_or_else(|_| Err("a number is out of range".to_owned()));
    parsed.map_err(|error| QueryError::BadData(format!("parse error: {error}")))
}

fn ask(expr: &Expr) -> Result<Ask, QueryError> {
    match expr {
        Expr::NumberLiteral(number) => Ok(Ask::Number(number.val)),
        Expr::StringLiteral(text) => Ok(Ask::Text(text.val.clone())),
        Expr::Paren(inner) => ask(&inner.expr),
        Expr::VectorSelector(vector) => Ok(Ask::Vector(select(vector)?)),
        Expr::MatrixSelector(matrix) => {
            Ok(Ask::Matrix { selector: select(&matrix.vs)?, range_ms: span_ms(matrix.range) })
        }
        Expr::Unary(unary) => match ask(&unary.expr)? {
            Ask::Number(number) => Ok(Ask::Number(-number)),
            _ => Err(QueryError::later("a sign before a series")),
        },
        Expr::Binary(binary) => arithmetic(binary),
        Expr::Call(call) => Err(QueryError::later(&format!("the function {}()", call.func.name))),
        Expr::Aggregate(aggregate) => Err(QueryError::later(&format!("the aggregation {}", aggregate.op))),
        Expr::Subquery(_) => Err(QueryError::later("a subquery")),
        Expr::Extension(_) => Err(QueryError::later("an extension")),
    }
}

/// Arithmetic on plain numbers: Grafana asks `1+1` to see whether anybody is there.
fn arithmetic(binary: &BinaryExpr) -> Result<Ask, QueryError> {
    let sign = binary.op.to_string();
    let (Ask::Number(left), Ask::Number(right)) = (ask(&binary.lhs)?, ask(&binary.rhs)?) else {
        return Err(QueryError::later(&format!("the operator {sign} on series")));
    };
    match sign.as_str() {
        "+" => Ok(Ask::Number(left + right)),
        "-" => Ok(Ask::Number(left - right)),
        "*" => Ok(Ask::Number(left * right)),
        "/" => Ok(Ask::Number(left / right)),
        "%" => Ok(Ask::Number(left % right)),
        "^" => Ok(Ask::Number(left.powf(right))),
        other => Err(QueryError::later(&format!("the operator {other} on numbers"))),
    }
}

fn select(selector: &VectorSelector) -> Result<Selector, QueryError> {
    let offset_ms = match selector.offset {
        None => 0,
        Some(Offset::Pos(back)) => span_ms(back),
        Some(Offset::Neg(ahead)) => -span_ms(ahead),
    };
    let at = match selector.at {
        None => At::Step,
        Some(AtModifier::Start) => At::Start,
        Some(AtModifier::End) => At::End,
        Some(AtModifier::At(time)) => At::Fixed(time_ms(time)),
    };
    Ok(Selector { matchers: matchers(selector)?, offset_ms, at })
}

fn matchers(selector: &VectorSelector) -> Result<Vec<Matcher>, QueryError> {
    let Matchers { matchers, or_matchers } = &selector.matchers;
    if !or_matchers.is_empty() {
        return Err(QueryError::later("\"or\" between matchers"));
    }
    let name = selector.name.iter().map(|name| Ok(Matcher::equal(NAME, name)));
    name.chain(matchers.iter().map(matcher)).collect()
}

/// Regular expressions are compiled again, with our own ceilings and anchors.
fn matcher(given: &promql_parser::label::Matcher) -> Result<Matcher, QueryError> {
    Ok(match given.op {
        MatchOp::Equal => Matcher::equal(&given.name, &given.value),
        MatchOp::NotEqual => Matcher::not_equal(&given.name, &given.value),
        MatchOp::Re(_) => Matcher::regex(&given.name, &given.value)?,
        MatchOp::NotRe(_) => Matcher::not_regex(&given.name, &given.value)?,
    })
}

fn span_ms(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

fn time_ms(time: SystemTime) -> i64 {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => span_ms(after),
        Err(before) => -span_ms(before.duration()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str) -> String {
        Query::parse(text).expect_err("not answered by this version").to_string()
    }

    #[test]
    fn what_comes_later_is_refused_by_name() {
        assert!(refusal("rate(up[5m])").contains("the function rate()"));
        assert!(refusal("sum by (site) (up)").contains("the aggregation sum"));
        assert!(refusal("up > 1").contains("the operator > on series"));
        assert!(refusal("-up").contains("a sign before a series"));
        assert!(refusal("up[1h:5m]").contains("a subquery"));
        assert!(refusal(r#"up{a="1" or b="2"}"#).contains("\"or\" between matchers"));
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in ["", "up{", "{}", r#"{a=~".*"}"#, "up[", r#"up{a=~"["}"#, "up[1e300]", "up offset", "1 + "] {
            assert!(matches!(Query::parse(text), Err(QueryError::BadData(_))), "{text}");
        }
    }

    #[test]
    fn plain_numbers_are_worked_out() {
        for (text, wanted) in [("1+1", 2.0), ("-(2^3)", -8.0), ("7 % 4", 3.0), ("0x10", 16.0)] {
            assert!(matches!(Query::parse(text).expect(text).ask, Ask::Number(n) if n == wanted), "{text}");
        }
    }

    #[test]
    fn a_deep_or_long_text_neither_hangs_nor_overflows() {
        let deep = format!("{}1{}", "(".repeat(64), ")".repeat(64));
        assert!(Query::parse(&deep).is_ok());
        assert!(Query::parse(&format!("{}1", "-".repeat(256))).is_ok());
        assert!(Query::parse(&format!("1{}", "+1".repeat(256))).is_ok());
        assert!(Query::parse(&format!("up{}", " and up".repeat(256))).is_err());
        assert!(Query::parse(&format!("up{}", " and up".repeat(2000))).is_err());
    }

    #[test]
    fn a_duration_is_seconds_or_prometheus_units() {
        assert_eq!(duration_ms("15"), Ok(15_000));
        assert_eq!(duration_ms("0.5"), Ok(500));
        assert_eq!(duration_ms("1h30m"), Ok(5_400_000));
        for bad in ["", "0", "-1", "NaN", "inf", "1e300", "x", "0s"] {
            assert!(duration_ms(bad).is_err(), "{bad}");
        }
    }
}
