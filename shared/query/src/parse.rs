//! What does this text ask for?

use std::panic::catch_unwind;
use std::sync::LazyLock;
use std::time::{Duration, SystemTime};

use promql_parser::label::{MatchOp, Matchers};
use promql_parser::parser::value::ValueType;
use promql_parser::parser::{self, AtModifier, Expr, Function, Offset, VectorSelector};
use promql_parser::util::parse_duration;

use crate::lower::lower;
use crate::plan::{At, Node, Selector, When};
use crate::{Grain, Matcher, NAME, Options, QueryError, guard};

/// A question that can be answered: parsed, its types checked, and made only of what this version evaluates.
#[derive(Debug, Clone)]
pub struct Query {
    pub(crate) plan: Node,
    pub(crate) options: Options,
    pub(crate) grain: Grain,
}

impl Query {
    /// Reads a PromQL text, to be answered as Prometheus 3 does.
    ///
    /// # Errors
    /// [`QueryError::BadData`] when it is not PromQL, costs too much to read, or uses an experiment that is not built, by
    /// name.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_with(text, Options::default())
    }

    /// Reads a PromQL text, to be answered as `options` say.
    ///
    /// # Errors
    /// As [`Query::parse`].
    pub fn parse_with(text: &str, options: Options) -> Result<Self, QueryError> {
        lower(&expression(text)?, options.dialect).map(|plan| Self { plan, options, grain: Grain::Auto })
    }

    /// The same question, to be answered from no finer and no coarser than this, where the source has it.
    #[must_use]
    pub fn at_grain(self, grain: Grain) -> Self {
        Self { grain, ..self }
    }
}

/// The same question, written as Prometheus' `format_query` writes it: one space where one belongs, and what is longer
/// than a line over several.
///
/// # Errors
/// As [`Query::parse`].
pub fn format_query(text: &str) -> Result<String, QueryError> {
    let parsed = expression(text)?;
    // What can not be asked is not made pretty either.
    lower(&parsed, Options::default().dialect)?;
    Ok(parsed.prettify())
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

/// The parser knows the functions of Prometheus 3; this one it lost its name in, and dashboards still say the old one.
static OLD_NAMES: LazyLock<Result<(), String>> = LazyLock::new(|| {
    let arguments = vec![ValueType::Matrix, ValueType::Scalar, ValueType::Scalar];
    parser::register_extra_functions(vec![Function::new("holt_winters", arguments, 0, ValueType::Vector, false)])
});

fn expression(text: &str) -> Result<Expr, QueryError> {
    guard::admit(text)?;
    OLD_NAMES.as_ref().map_err(|error| QueryError::Internal(error.clone()))?;
    // The parser converts durations with a function that panics on some numbers (`[1e300]`); that is a bad question,
    // not a reason to end a worker.
    let parsed = catch_unwind(|| parser::parse(text)).unwrap_or_else(|_| Err("a number is out of range".to_owned()));
    parsed.map_err(|error| QueryError::BadData(format!("parse error: {error}")))
}

pub(crate) fn select(selector: &VectorSelector) -> Result<Selector, QueryError> {
    Ok(Selector { matchers: matchers(selector)?, when: when(selector.offset.as_ref(), selector.at.as_ref()) })
}

pub(crate) fn when(offset: Option<&Offset>, at: Option<&AtModifier>) -> When {
    let offset_ms = match offset {
        None => 0,
        Some(Offset::Pos(back)) => span_ms(*back),
        Some(Offset::Neg(ahead)) => -span_ms(*ahead),
    };
    let at = match at {
        None => At::Step,
        Some(AtModifier::Start) => At::Start,
        Some(AtModifier::End) => At::End,
        Some(AtModifier::At(time)) => At::Fixed(time_ms(*time)),
    };
    When { offset_ms, at }
}

pub(crate) fn refused(why: impl std::fmt::Display) -> QueryError {
    QueryError::BadData(format!("parse error: {why}"))
}

fn matchers(selector: &VectorSelector) -> Result<Vec<Matcher>, QueryError> {
    let Matchers { matchers, or_matchers } = &selector.matchers;
    if !or_matchers.is_empty() {
        return Err(refused("\"or\" between matchers is not part of PromQL"));
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

pub(crate) fn span_ms(span: Duration) -> i64 {
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
    fn what_is_no_part_of_the_stable_language_is_refused_by_name() {
        assert!(refusal("info(up)").contains("info"));
        assert!(refusal("limitk(1, up)").contains("limitk"));
        assert!(refusal("up + fill(0) up").contains("fill"));
        assert!(refusal(r#"up{a="1" or b="2"}"#).contains("\"or\" between matchers"));
    }

    #[test]
    fn types_are_checked_before_anything_is_read() {
        for text in [
            "rate(up)",
            "abs(up[5m])",
            "exp(Inf)",
            "ln(0)",
            "up[5m] + 1",
            "-up[5m]",
            "sum(1)",
            "topk(up, up)",
            "1 and up",
            "1 == 1",
            "up + bool up",
            "label_replace(up, 1, \"\", \"\", \"\")",
            "scalar(1)",
            "vector(up)",
            "1[5m:1m]",
            "rate(up[5m])[5m]",
            "count_values(1, up)",
            "up and on(a) group_left() up",
            "\"a\" + 1",
            "histogram_quantile(up, up)",
            "time(1)",
            "round()",
            "label_join(up)",
            "up + on(a) group_left(a) up",
        ] {
            assert!(matches!(Query::parse(text), Err(QueryError::BadData(_))), "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_reason() {
        for text in ["", "up{", "{}", r#"{a=~".*"}"#, "up[", r#"up{a=~"["}"#, "up[1e300]", "up offset", "1 + "] {
            assert!(matches!(Query::parse(text), Err(QueryError::BadData(_))), "{text}");
        }
    }

    #[test]
    fn a_question_is_written_as_prometheus_writes_it() {
        assert_eq!(format_query("sum  by(a)(rate(up[5m]))").as_deref(), Ok("sum by (a) (rate(up[5m]))"));
        assert!(format_query("sum(").is_err());
    }

    #[test]
    fn a_deep_or_long_text_neither_hangs_nor_overflows() {
        let deep = format!("{}1{}", "(".repeat(64), ")".repeat(64));
        assert!(Query::parse(&deep).is_ok());
        assert!(Query::parse(&format!("{}1", "-".repeat(256))).is_ok());
        assert!(Query::parse(&format!("1{}", "+1".repeat(256))).is_ok());
        assert!(Query::parse(&format!("up{}", " and up".repeat(256))).is_ok());
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
