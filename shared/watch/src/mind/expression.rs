//! What does an expression read, and is it simple enough to be worked out without the engine?

use std::collections::HashMap;
use std::sync::Arc;

use promql_parser::parser::token::{T_EQLC, T_GTE, T_GTR, T_LSS, T_LTE, T_NEQ};
use promql_parser::parser::{self, BinModifier, Expr};
use promql_parser::util::{ExprVisitor, walk_expr};
use vigie_query::{
    Coverage, Dialect, Hints, LabelSet, Limits, Matcher, NAME, Options, Query, QueryError, Selection, Source, Steps,
    Value, selector,
};

use super::read::Shared;
use crate::presence;

/// An expression, ready to be worked out at any moment.
#[derive(Debug, Clone)]
pub(crate) struct Expression {
    query: Query,
    options: Options,
    threshold: Option<Threshold>,
    /// Whether it reads nothing but what this node judges itself of who is there.
    pub(crate) is_of_presence: bool,
    /// The names of the metrics that it reads; an empty one where it does not say.
    pub(crate) reads: Vec<String>,
    /// Whether it means the moment at which it is asked, so that many moments can not be asked at once.
    is_fixed: bool,
    ahead: Option<Arc<Ahead>>,
}

/// What an expression comes to at moments that are still to come in a back-test.
#[derive(Debug)]
struct Ahead {
    found: HashMap<i64, Vec<(Arc<LabelSet>, f64)>>,
    coverage: Arc<Coverage>,
    until: std::ops::RangeInclusive<i64>,
}

/// The newest sample of each of some series, compared with a number.
#[derive(Debug, Clone)]
struct Threshold {
    matchers: Vec<Matcher>,
    /// The matchers as a text, the same for all who ask the same.
    key: Arc<str>,
    comparison: Comparison,
    limit: f64,
}

/// How two numbers are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
}

impl Comparison {
    /// As PromQL writes it.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Equal => "==",
            Self::NotEqual => "!=",
        }
    }

    /// Whether it holds.
    pub fn holds(self, left: f64, right: f64) -> bool {
        match self {
            Self::Above => left > right,
            Self::AtLeast => left >= right,
            Self::Below => left < right,
            Self::AtMost => left <= right,
            Self::Equal => left == right,
            Self::NotEqual => left != right,
        }
    }

    /// What holds just where this does not.
    pub fn opposite(self) -> Self {
        match self {
            Self::Above => Self::AtMost,
            Self::AtLeast => Self::Below,
            Self::Below => Self::AtLeast,
            Self::AtMost => Self::Above,
            Self::Equal => Self::NotEqual,
            Self::NotEqual => Self::Equal,
        }
    }
}

/// What an expression came to.
pub(crate) struct Found {
    pub(crate) series: Vec<(Arc<LabelSet>, f64)>,
    pub(crate) coverage: Arc<Coverage>,
}

/// The bits by which Prometheus marks that a series ended.
pub(crate) const STALE_NAN: f64 = f64::from_bits(0x7ff0_0000_0000_0002);

impl Expression {
    pub(crate) fn compile(text: &str, options: Options) -> Result<Self, QueryError> {
        let query = Query::parse_with(text, options)?;
        // It was read a moment ago; whatever this second look does not understand goes through the engine.
        let parsed = parser::parse(text).ok();
        let threshold = parsed.as_ref().and_then(threshold);
        let names = parsed.as_ref().map(names).unwrap_or_default();
        let is_of_presence = !names.is_empty() && names.iter().all(|name| presence::is_series(name));
        let is_fixed = parsed.is_none() || text.contains('@');
        Ok(Self { query, options, threshold, is_of_presence, reads: names, is_fixed, ahead: None })
    }

    /// The same through the engine alone.
    pub(crate) fn without_shortcut(mut self) -> Self {
        self.threshold = None;
        self
    }

    pub(crate) fn has_shortcut(&self) -> bool {
        self.threshold.is_some()
    }

    /// Works out many moments at once, to be given one after the other. Not where the expression means the moment itself.
    pub(crate) fn look_ahead(
        &mut self,
        source: &dyn Source,
        (from_ms, until_ms, step_ms): (i64, i64, i64),
        lookback_ms: i64,
        limits: &Limits,
    ) -> Result<(), QueryError> {
        self.ahead = None;
        if self.is_fixed {
            return Ok(());
        }
        let steps = Steps::new(from_ms, until_ms, step_ms, limits)?;
        let answer = self.query.range(source, steps, lookback_ms, limits)?;
        let mut found: HashMap<i64, Vec<(Arc<LabelSet>, f64)>> = HashMap::new();
        if let Value::Matrix(rows) = answer.value {
            for (labels, points) in rows {
                for point in points {
                    found.entry(point.at_ms).or_default().push((labels.clone(), point.value));
                }
            }
        }
        self.ahead = Some(Arc::new(Ahead { found, coverage: Arc::new(answer.coverage), until: from_ms..=until_ms }));
        Ok(())
    }

    pub(crate) fn at(
        &self,
        source: &Shared<'_>,
        at_ms: i64,
        lookback_ms: i64,
        limits: &Limits,
    ) -> Result<Found, QueryError> {
        if let Some(ahead) = self.ahead.as_ref().filter(|ahead| ahead.until.contains(&at_ms)) {
            let series = ahead.found.get(&at_ms).cloned().unwrap_or_default();
            return Ok(Found { series, coverage: ahead.coverage.clone() });
        }
        if let Some(threshold) = &self.threshold {
            return threshold.at(source, at_ms, lookback_ms, self.options.dialect, limits);
        }
        let answer = self.query.instant(source, at_ms, lookback_ms, limits)?;
        let series = match answer.value {
            Value::Vector(series) => series.into_iter().map(|(labels, point)| (labels, point.value)).collect(),
            Value::Scalar(point) => vec![(Arc::default(), point.value)],
            Value::Text(..) | Value::Matrix(_) => {
                return Err(QueryError::Execution("rule result is not a vector or scalar".to_owned()));
            }
        };
        Ok(Found { series, coverage: Arc::new(answer.coverage) })
    }
}

impl Threshold {
    fn at(
        &self,
        source: &Shared<'_>,
        at_ms: i64,
        lookback_ms: i64,
        dialect: Dialect,
        limits: &Limits,
    ) -> Result<Found, QueryError> {
        limits.stop.check()?;
        let edge = at_ms.saturating_sub(lookback_ms);
        let start_ms = if dialect == Dialect::Prometheus2 { edge } else { edge.saturating_add(1) };
        let hints = Hints { range_ms: Some(lookback_ms), newest_alone: true, ..Hints::default() };
        let selection = Selection { matchers: &self.matchers, start_ms, end_ms: at_ms, hints };
        let newest = source.newest(&self.key, &selection, limits)?;
        let holds = newest.series.iter().filter(|(_, value)| self.comparison.holds(*value, self.limit));
        Ok(Found { series: holds.cloned().collect(), coverage: newest.coverage.clone() })
    }
}

/// A plain selector compared with a number.
fn threshold(expr: &Expr) -> Option<Threshold> {
    let Expr::Binary(binary) = unwrapped(expr) else { return None };
    if binary.modifier.as_ref().is_some_and(|modifier| modifier.return_bool) {
        return None;
    }
    let comparison = comparison(binary.op.id())?;
    let (vector, limit, comparison) = match (unwrapped(&binary.lhs), unwrapped(&binary.rhs)) {
        (Expr::VectorSelector(vector), number) => (vector, constant(number)?, comparison),
        (number, Expr::VectorSelector(vector)) => (vector, constant(number)?, turned(comparison)),
        _ => return None,
    };
    if vector.offset.is_some() || vector.at.is_some() {
        return None;
    }
    let matchers = selector(&vector.to_string()).ok()?;
    let key = matchers.iter().map(ToString::to_string).collect::<Vec<_>>().join(",").into();
    Some(Threshold { matchers, key, comparison, limit })
}

fn unwrapped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Paren(inner) => unwrapped(&inner.expr),
        other => other,
    }
}

fn constant(expr: &Expr) -> Option<f64> {
    match expr {
        Expr::NumberLiteral(number) => Some(number.val),
        Expr::Unary(negated) => constant(unwrapped(&negated.expr)).map(|number| -number),
        _ => None,
    }
}

fn comparison(operator: u16) -> Option<Comparison> {
    Some(match operator {
        T_GTR => Comparison::Above,
        T_GTE => Comparison::AtLeast,
        T_LSS => Comparison::Below,
        T_LTE => Comparison::AtMost,
        T_EQLC => Comparison::Equal,
        T_NEQ => Comparison::NotEqual,
        _ => return None,
    })
}

fn turned(comparison: Comparison) -> Comparison {
    match comparison {
        Comparison::Above => Comparison::Below,
        Comparison::AtLeast => Comparison::AtMost,
        Comparison::Below => Comparison::Above,
        Comparison::AtMost => Comparison::AtLeast,
        same @ (Comparison::Equal | Comparison::NotEqual) => same,
    }
}

/// A comparison that says of each series whether it holds, instead of leaving out those where it does not. Nothing where
/// the expression is no comparison.
pub(crate) fn told_of_each(text: &str) -> Option<String> {
    let parsed = parser::parse(text).ok()?;
    let Expr::Binary(mut binary) = unwrapped(&parsed).clone() else { return None };
    comparison(binary.op.id())?;
    let modifier = binary.modifier.get_or_insert_with(BinModifier::default);
    modifier.return_bool = true;
    Some(Expr::Binary(binary).to_string())
}

/// The names of the metrics that an expression reads; an empty one where it does not say.
fn names(expr: &Expr) -> Vec<String> {
    struct Names(Vec<String>);
    impl ExprVisitor for Names {
        type Error = ();
        fn pre_visit(&mut self, expr: &Expr) -> Result<bool, ()> {
            let vector = match expr {
                Expr::VectorSelector(vector) => vector,
                Expr::MatrixSelector(matrix) => &matrix.vs,
                _ => return Ok(true),
            };
            let read = selector(&vector.to_string()).unwrap_or_default();
            let exact = read.iter().filter(|matcher| matcher.name() == NAME).find_map(Matcher::exact);
            self.0.push(vector.name.clone().or_else(|| exact.map(str::to_owned)).unwrap_or_default());
            Ok(true)
        }
    }
    let mut names = Names(Vec::new());
    // A visitor that never fails.
    walk_expr(&mut names, expr).ok();
    names.0
}
