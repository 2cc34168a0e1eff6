//! Does what was written make sense, and what is there to do?

use std::sync::Arc;

use promql_parser::parser::{
    AggregateExpr, BinaryExpr, Expr, LabelModifier, SubqueryExpr, UnaryExpr, VectorMatchCardinality,
};

use crate::calls::call;
use crate::operator::Operator;
use crate::parse::{refused, select, span_ms, when};
use crate::plan::{Aggregate, Aggregation, Binary, Grouping, Kind, Many, Matching, Node, Windows};
use crate::{Dialect, QueryError};

/// Turns a parsed text into something that can be worked out.
pub(crate) fn lower(expr: &Expr, dialect: Dialect) -> Result<Node, QueryError> {
    let mut lowering = Lowering { dialect, regexes: 0 };
    lowering.node(expr)
}

/// What is known while a text is turned into a plan.
pub(crate) struct Lowering {
    pub(crate) dialect: Dialect,
    /// Regular expressions in functions so far; those in matchers are counted before the text is parsed.
    pub(crate) regexes: usize,
}

impl Lowering {
    /// What is the same at every step is marked, at the highest place where it is.
    pub(crate) fn node(&mut self, expr: &Expr) -> Result<Node, QueryError> {
        let node = self.part(expr)?;
        let plain = matches!(node, Node::Number(_) | Node::Text(_) | Node::Once(_));
        Ok(if node.is_fixed() && !plain { Node::Once(Box::new(node)) } else { node })
    }

    fn part(&mut self, expr: &Expr) -> Result<Node, QueryError> {
        match expr {
            Expr::NumberLiteral(number) => Ok(Node::Number(number.val)),
            Expr::StringLiteral(text) => Ok(Node::Text(text.val.clone())),
            Expr::Paren(inner) => self.node(&inner.expr),
            Expr::VectorSelector(vector) => Ok(Node::Instant(select(vector)?)),
            Expr::MatrixSelector(_) | Expr::Subquery(_) => Ok(Node::Windows(Box::new(self.windows(expr)?))),
            Expr::Unary(unary) => self.negated(unary),
            Expr::Binary(binary) => self.binary(binary),
            Expr::Aggregate(aggregate) => self.aggregate(aggregate),
            Expr::Call(written) => call(self, written),
            Expr::Extension(_) => Err(refused("an extension can not be evaluated")),
        }
    }

    /// A range vector, from a selector or a subquery.
    pub(crate) fn windows(&mut self, expr: &Expr) -> Result<Windows, QueryError> {
        match expr {
            Expr::Paren(inner) => self.windows(&inner.expr),
            Expr::MatrixSelector(matrix) => {
                Ok(Windows::Raw { selector: select(&matrix.vs)?, range_ms: span_ms(matrix.range) })
            }
            Expr::Subquery(subquery) => self.subquery(subquery),
            other => Err(refused(format!("expected type range vector, got {}", self.node(other)?.kind().documented()))),
        }
    }

    fn subquery(&mut self, subquery: &SubqueryExpr) -> Result<Windows, QueryError> {
        let of = self.node(&subquery.expr)?;
        if of.kind() != Kind::Vector {
            let got = of.kind().documented();
            return Err(refused(format!("subquery is only allowed on instant vector, got {got} instead")));
        }
        let step_ms = subquery.step.map(span_ms);
        if step_ms == Some(0) {
            return Err(refused("duration must be greater than 0"));
        }
        let when = when(subquery.offset.as_ref(), subquery.at.as_ref());
        Ok(Windows::Subquery { of, range_ms: span_ms(subquery.range), step_ms, when })
    }

    fn negated(&mut self, unary: &UnaryExpr) -> Result<Node, QueryError> {
        let of = self.node(&unary.expr)?;
        match (of.kind(), of) {
            (_, Node::Number(number)) => Ok(Node::Number(-number)),
            (Kind::Scalar | Kind::Vector, of) => Ok(Node::Negate(Box::new(of))),
            (other, _) => Err(refused(format!(
                "unary expression only allowed on expressions of type scalar or instant vector, got {:?}",
                other.documented()
            ))),
        }
    }

    fn binary(&mut self, binary: &BinaryExpr) -> Result<Node, QueryError> {
        let (left, right) = (self.node(&binary.lhs)?, self.node(&binary.rhs)?);
        let sign = binary.op.to_string();
        let operator = Operator::read(&sign).ok_or_else(|| refused(format!("unknown operator {sign}")))?;
        let (as_bool, matching) = modifiers(binary)?;
        for side in [&left, &right] {
            if !matches!(side.kind(), Kind::Scalar | Kind::Vector) {
                return Err(refused("binary expression must contain only scalar and instant vector types"));
            }
        }
        let scalars = (left.kind() == Kind::Scalar, right.kind() == Kind::Scalar);
        if as_bool && !operator.is_comparison() {
            return Err(refused("bool modifier can only be used on comparison operators"));
        }
        if operator.is_comparison() && scalars == (true, true) && !as_bool {
            return Err(refused("comparisons between scalars must use BOOL modifier"));
        }
        if operator.is_set() && (scalars.0 || scalars.1) {
            return Err(refused(format!("set operator {sign:?} not allowed in binary scalar expression")));
        }
        if operator.is_set() && matching.many != Many::Neither {
            return Err(refused(format!("no grouping allowed for {sign:?} operation")));
        }
        Ok(Node::Binary(Box::new(Binary { operator, left, right, as_bool, matching })))
    }

    fn aggregate(&mut self, aggregate: &AggregateExpr) -> Result<Node, QueryError> {
        let of = self.node(&aggregate.expr)?;
        expect(&of, Kind::Vector, "aggregation expression")?;
        let how = self.aggregation(aggregate)?;
        let grouping = match &aggregate.modifier {
            None => Grouping::By(Vec::new()),
            Some(LabelModifier::Include(labels)) => Grouping::By(labels.labels.clone()),
            Some(LabelModifier::Exclude(labels)) => Grouping::Without(labels.labels.clone()),
        };
        Ok(Node::Aggregate(Box::new(Aggregate { how, of, grouping })))
    }

    fn aggregation(&mut self, aggregate: &AggregateExpr) -> Result<Aggregation, QueryError> {
        let name = aggregate.op.to_string();
        let parameter = aggregate.param.as_deref().map(|param| self.node(param)).transpose()?;
        let number = |parameter: Option<Node>| {
            let parameter = parameter.ok_or_else(|| refused("wrong number of arguments for aggregate expression"))?;
            expect(&parameter, Kind::Scalar, "aggregation parameter")?;
            Ok::<_, QueryError>(parameter)
        };
        Ok(match name.as_str() {
            "sum" => Aggregation::Sum,
            "avg" => Aggregation::Avg,
            "min" => Aggregation::Min,
            "max" => Aggregation::Max,
            "count" => Aggregation::Count,
            "group" => Aggregation::Group,
            "stddev" => Aggregation::Stddev,
            "stdvar" => Aggregation::Stdvar,
            "topk" => Aggregation::Top(number(parameter)?),
            "bottomk" => Aggregation::Bottom(number(parameter)?),
            "quantile" => Aggregation::Quantile(number(parameter)?),
            "count_values" => match parameter {
                Some(Node::Text(label)) => Aggregation::CountValues(label),
                _ => return Err(refused("expected type string in aggregation parameter")),
            },
            other => return Err(refused(format!("the experimental aggregation {other} is not enabled"))),
        })
    }
}

/// Whether a part is of the type that its place needs.
pub(crate) fn expect(node: &Node, wanted: Kind, place: &str) -> Result<(), QueryError> {
    if node.kind() == wanted {
        return Ok(());
    }
    let (wanted, got) = (wanted.documented(), node.kind().documented());
    Err(refused(format!("expected type {wanted} in {place}, got {got}")))
}

fn modifiers(binary: &BinaryExpr) -> Result<(bool, Matching), QueryError> {
    let Some(modifier) = &binary.modifier else {
        return Ok((false, Matching { on: false, labels: Vec::new(), many: Many::Neither }));
    };
    if modifier.fill_values.lhs.is_some() || modifier.fill_values.rhs.is_some() {
        return Err(refused("the experimental modifier fill is not enabled"));
    }
    let (on, labels) = match &modifier.matching {
        None => (false, Vec::new()),
        Some(LabelModifier::Include(labels)) => (true, labels.labels.clone()),
        Some(LabelModifier::Exclude(labels)) => (false, labels.labels.clone()),
    };
    let many = match &modifier.card {
        VectorMatchCardinality::OneToOne | VectorMatchCardinality::ManyToMany => Many::Neither,
        VectorMatchCardinality::ManyToOne(labels) => Many::Left(labels.labels.clone()),
        VectorMatchCardinality::OneToMany(labels) => Many::Right(labels.labels.clone()),
    };
    Ok((modifier.return_bool, Matching { on, labels, many }))
}

/// What `absent` says of a series that is not there: the labels that its selector asks for by value.
pub(crate) fn labels_of_absence(expr: &Expr) -> Result<Arc<crate::LabelSet>, QueryError> {
    let selector = match expr {
        Expr::Paren(inner) => return labels_of_absence(&inner.expr),
        Expr::VectorSelector(vector) => select(vector)?,
        Expr::MatrixSelector(matrix) => select(&matrix.vs)?,
        _ => return Ok(Arc::default()),
    };
    let mut labels = crate::LabelSet::default();
    let mut seen: Vec<&str> = Vec::new();
    for matcher in selector.matchers.iter().filter(|matcher| matcher.name() != crate::NAME) {
        match matcher.exact() {
            Some(value) if !seen.contains(&matcher.name()) => {
                labels = labels.with(matcher.name(), value);
                seen.push(matcher.name());
            }
            _ => labels = labels.with(matcher.name(), ""),
        }
    }
    Ok(Arc::new(labels))
}
