//! Which functions look at each value by itself?

use crate::QueryError;
use crate::column::{ABSENT, Grid, Row};
use crate::evaluate::Evaluator;
use crate::plan::{Node, Selector};
use crate::unite::unite;

/// The function of a number that bears this name.
pub(crate) fn named(name: &str) -> Option<fn(f64) -> f64> {
    Some(match name {
        "abs" => f64::abs,
        "ceil" => f64::ceil,
        "floor" => f64::floor,
        "exp" => f64::exp,
        "sqrt" => f64::sqrt,
        "ln" => f64::ln,
        "log2" => f64::log2,
        "log10" => f64::log10,
        "sgn" => sign,
        "sin" => f64::sin,
        "cos" => f64::cos,
        "tan" => f64::tan,
        "asin" => f64::asin,
        "acos" => f64::acos,
        "atan" => f64::atan,
        "sinh" => f64::sinh,
        "cosh" => f64::cosh,
        "tanh" => f64::tanh,
        "asinh" => f64::asinh,
        "acosh" => f64::acosh,
        "atanh" => f64::atanh,
        "deg" => |radians| radians * 180.0 / std::f64::consts::PI,
        "rad" => |degrees| degrees * std::f64::consts::PI / 180.0,
        _ => return None,
    })
}

/// Zero and NaN have no sign and stay what they are.
fn sign(value: f64) -> f64 {
    if value < 0.0 {
        -1.0
    } else if value > 0.0 {
        1.0
    } else {
        value
    }
}

/// The smaller, NaN if either is NaN: IEEE's `minimum`, which the standard library does not have yet.
fn lesser(a: f64, b: f64) -> f64 {
    if a == f64::NEG_INFINITY || b == f64::NEG_INFINITY {
        f64::NEG_INFINITY
    } else if a.is_nan() || b.is_nan() {
        f64::NAN
    } else {
        a.min(b)
    }
}

fn greater(a: f64, b: f64) -> f64 {
    -lesser(-a, -b)
}

impl Evaluator<'_> {
    /// A vector with each value changed and without its name.
    pub(crate) fn each_value(
        &mut self,
        of: &Node,
        grid: Grid,
        change: impl FnMut(usize, f64) -> f64,
    ) -> Result<Vec<Row>, QueryError> {
        let rows = self.vector(of, grid)?;
        nameless(rows, change)
    }

    pub(crate) fn timestamps_of(&mut self, selector: &Selector, grid: Grid) -> Result<Vec<Row>, QueryError> {
        nameless(self.instant_times(selector, grid)?, |_, seconds| seconds)
    }

    pub(crate) fn clamp(
        &mut self,
        of: &Node,
        (least, most): (Option<&Node>, Option<&Node>),
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        let rows = self.vector(of, grid)?;
        let least = least.map(|least| self.scalar(least, grid)).transpose()?;
        let most = most.map(|most| self.scalar(most, grid)).transpose()?;
        nameless(rows, |step, value| {
            let least = least.as_ref().map(|column| column.values[step]);
            let most = most.as_ref().map(|column| column.values[step]);
            match (least, most) {
                // Between bounds that leave no room there is nothing.
                (Some(least), Some(most)) if most < least => ABSENT,
                (Some(least), Some(most)) => greater(least, lesser(most, value)),
                (Some(least), None) => greater(least, value),
                (None, Some(most)) => lesser(most, value),
                (None, None) => value,
            }
        })
    }

    pub(crate) fn round(&mut self, of: &Node, to: &Node, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let rows = self.vector(of, grid)?;
        let to = self.scalar(to, grid)?;
        nameless(rows, |step, value| {
            // Multiplying by the inverse is exact for the decimal fractions that people round to; ties go up.
            let inverse = 1.0 / to.values[step];
            (value * inverse + 0.5).floor() / inverse
        })
    }
}

fn nameless(rows: Vec<Row>, mut change: impl FnMut(usize, f64) -> f64) -> Result<Vec<Row>, QueryError> {
    let changed = rows.into_iter().map(|mut row| {
        row.column.change(&mut change);
        Row { labels: row.labels.nameless().into(), ..row }
    });
    unite(changed.collect())
}
