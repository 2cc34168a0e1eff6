//! Which function is called, and with what?

use promql_parser::parser::{Call, Expr};

use crate::calendar::Part;
use crate::lower::{Lowering, expect, labels_of_absence};
use crate::matcher::function_pattern;
use crate::parse::refused;
use crate::plan::{Kind, Node, Relabel, RelabelRule, RollingCall};
use crate::rolling::Rolling;
use crate::{QueryError, each};

/// Regular expressions in functions of one query, each at most half a megabyte compiled.
const MAX_REGEXES: usize = 16;

/// What a function call is to do. The parser has counted the arguments; their types are checked here, because it lets
/// some pass.
pub(crate) fn call(lowering: &mut Lowering, call: &Call) -> Result<Node, QueryError> {
    let name = call.func.name;
    let arguments: Vec<&Expr> = call.args.args.iter().map(AsRef::as_ref).collect();
    let mut given = Arguments { lowering, name, given: &arguments };
    if let Some(rolling) = Rolling::named(name) {
        return given.rolling(rolling);
    }
    if let Some(each) = each::named(name) {
        return Ok(Node::Each(each, given.vector(0)?));
    }
    if let Some(part) = Part::named(name) {
        let of = if arguments.is_empty() { Box::new(Node::ToVector(Box::new(Node::Time))) } else { given.vector(0)? };
        return Ok(Node::Calendar(part, of));
    }
    match name {
        "time" => Ok(Node::Time),
        "pi" => Ok(Node::Number(std::f64::consts::PI)),
        "vector" => Ok(Node::ToVector(given.scalar(0)?)),
        "scalar" => Ok(Node::ToScalar(given.vector(0)?)),
        "timestamp" => given.timestamp(),
        "absent" => Ok(Node::Absent(given.vector(0)?, labels_of_absence(given.argument(0)?)?)),
        "absent_over_time" => {
            let over = Box::new(given.windows(0)?);
            Ok(Node::AbsentOverTime(over, labels_of_absence(given.argument(0)?)?))
        }
        "clamp" => {
            let (of, least, most) = (given.vector(0)?, Some(given.scalar(1)?), Some(given.scalar(2)?));
            Ok(Node::Clamp { of, least, most })
        }
        "clamp_min" => Ok(Node::Clamp { of: given.vector(0)?, least: Some(given.scalar(1)?), most: None }),
        "clamp_max" => Ok(Node::Clamp { of: given.vector(0)?, least: None, most: Some(given.scalar(1)?) }),
        "round" => {
            let to = if arguments.len() > 1 { given.scalar(1)? } else { Box::new(Node::Number(1.0)) };
            Ok(Node::Round { of: given.vector(0)?, to })
        }
        "sort" | "sort_desc" => Ok(Node::Sort { of: given.vector(0)?, descending: name == "sort_desc" }),
        "sort_by_label" | "sort_by_label_desc" => {
            let names = (1..arguments.len()).map(|at| given.text(at)).collect::<Result<_, _>>()?;
            Ok(Node::SortByLabel { of: given.vector(0)?, names, descending: name == "sort_by_label_desc" })
        }
        "label_replace" => given.label_replace(),
        "label_join" => given.label_join(),
        "histogram_quantile" => Ok(Node::HistogramQuantile { quantile: given.scalar(0)?, of: given.vector(1)? }),
        "histogram_avg" | "histogram_count" | "histogram_sum" | "histogram_stddev" | "histogram_stdvar" => {
            Ok(Node::NoHistograms(vec![*given.vector(0)?]))
        }
        "histogram_fraction" => Ok(Node::NoHistograms(vec![*given.scalar(0)?, *given.scalar(1)?, *given.vector(2)?])),
        other => Err(refused(format!("the experimental function {other}() is not enabled"))),
    }
}

struct Arguments<'a> {
    lowering: &'a mut Lowering,
    name: &'static str,
    given: &'a [&'a Expr],
}

impl Arguments<'_> {
    fn argument(&self, at: usize) -> Result<&Expr, QueryError> {
        let (name, got) = (self.name, self.given.len());
        self.given
            .get(at)
            .copied()
            .ok_or_else(|| refused(format!("expected at least {} argument(s) in call to {name:?}, got {got}", at + 1)))
    }

    fn typed(&mut self, at: usize, kind: Kind) -> Result<Box<Node>, QueryError> {
        self.argument(at)?;
        let node = self.lowering.node(self.given[at])?;
        expect(&node, kind, &format!("call to function {:?}", self.name))?;
        Ok(Box::new(node))
    }

    fn vector(&mut self, at: usize) -> Result<Box<Node>, QueryError> {
        self.typed(at, Kind::Vector)
    }

    fn scalar(&mut self, at: usize) -> Result<Box<Node>, QueryError> {
        self.typed(at, Kind::Scalar)
    }

    fn text(&mut self, at: usize) -> Result<String, QueryError> {
        match *self.typed(at, Kind::Text)? {
            Node::Text(text) => Ok(text),
            _ => Err(refused(format!("expected a string literal in call to function {:?}", self.name))),
        }
    }

    fn windows(&mut self, at: usize) -> Result<crate::plan::Windows, QueryError> {
        self.argument(at)?;
        self.lowering.windows(self.given[at])
    }

    fn rolling(&mut self, rolling: Rolling) -> Result<Node, QueryError> {
        let over_at = usize::from(rolling == Rolling::Quantile);
        let over = self.windows(over_at)?;
        let others: Vec<usize> = (0..self.given.len()).filter(|at| *at != over_at).collect();
        let parameters = others.into_iter().map(|at| Ok(*self.scalar(at)?)).collect::<Result<_, QueryError>>()?;
        Ok(Node::Rolling(Box::new(RollingCall { rolling, over, parameters })))
    }

    /// Of a plain selector the moments of the samples themselves, of anything else the moment of the step.
    fn timestamp(&mut self) -> Result<Node, QueryError> {
        let of = *self.vector(0)?;
        Ok(match of {
            Node::Instant(selector) => Node::TimestampOf(selector),
            Node::Once(of) if matches!(*of, Node::Instant(_)) => match *of {
                Node::Instant(selector) => Node::TimestampOf(selector),
                other => Node::Timestamp(Box::new(other)),
            },
            other => Node::Timestamp(Box::new(other)),
        })
    }

    fn label_replace(&mut self) -> Result<Node, QueryError> {
        let of = *self.vector(0)?;
        let (to, template, from, pattern) = (self.text(1)?, self.text(2)?, self.text(3)?, self.text(4)?);
        self.lowering.regexes += 1;
        if self.lowering.regexes > MAX_REGEXES {
            return Err(QueryError::BadData(format!("the query has more than {MAX_REGEXES} regular expressions")));
        }
        let rule = match function_pattern(&pattern, self.lowering.dialect) {
            Err(crate::RegexError::TooLarge { pattern }) => return Err(crate::RegexError::TooLarge { pattern }.into()),
            Err(crate::RegexError::Syntax { .. }) => {
                RelabelRule::Refused(format!("invalid regular expression in label_replace(): {pattern}"))
            }
            Ok(_) if !is_label_name(&to) => {
                RelabelRule::Refused(format!("invalid destination label name in label_replace(): {to}"))
            }
            Ok(pattern) => RelabelRule::Replace { from, pattern, template },
        };
        Ok(Node::Relabel(Box::new(Relabel { of, to, rule })))
    }

    fn label_join(&mut self) -> Result<Node, QueryError> {
        let of = *self.vector(0)?;
        let (to, separator) = (self.text(1)?, self.text(2)?);
        let from = (3..self.given.len()).map(|at| self.text(at)).collect::<Result<Vec<_>, _>>()?;
        let rule = if let Some(wrong) = from.iter().find(|name| !is_label_name(name)) {
            RelabelRule::Refused(format!("invalid source label name in label_join(): {wrong}"))
        } else if !is_label_name(&to) {
            RelabelRule::Refused(format!("invalid destination label name in label_join(): {to}"))
        } else {
            RelabelRule::Join { separator, from }
        };
        Ok(Node::Relabel(Box::new(Relabel { of, to, rule })))
    }
}

/// Whether a label can be called so, by the rules that every version of Prometheus keeps.
pub(crate) fn is_label_name(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
