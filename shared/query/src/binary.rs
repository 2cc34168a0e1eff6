//! Which series meet, and what comes of it?

use std::collections::HashMap;
use std::sync::Arc;

use crate::column::{Column, Grid, Row, is_present};
use crate::evaluate::{Evaluated, Evaluator};
use crate::operator::Operator;
use crate::plan::{Binary, Kind, Many, Matching, Node};
use crate::unite::{refuse_same_labels, unite};
use crate::{Dialect, LabelSet, QueryError};

impl Binary {
    /// What was calculated is no longer what was measured, so it loses the name. Prometheus 2.42 forgot that of `atan2`.
    fn drops_name(&self, dialect: Dialect) -> bool {
        let is_kept = self.operator == Operator::Atan2 && dialect == Dialect::Prometheus2;
        self.as_bool || !self.operator.is_comparison() && !is_kept
    }
}

impl Evaluator<'_> {
    pub(crate) fn negated(&mut self, of: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        let negate = |column: &mut Column| column.change(|_, value| -value);
        match self.evaluate(of, grid)? {
            Evaluated::Scalar(mut column) => {
                negate(&mut column);
                Ok(Evaluated::Scalar(column))
            }
            Evaluated::Vector(rows) => {
                let negated = rows.into_iter().map(|mut row| {
                    negate(&mut row.column);
                    Row { labels: row.labels.nameless().into(), ..row }
                });
                refuse_same_labels(negated.collect()).map(Evaluated::Vector)
            }
            Evaluated::Text(text) => Ok(Evaluated::Text(text)),
        }
    }

    /// The value of a vector of one; NaN of any other.
    pub(crate) fn only_value(&mut self, of: &Node, grid: Grid) -> Result<Evaluated, QueryError> {
        let rows = self.vector(of, grid)?;
        let mut column = Column::absent(&self.budget, grid.count)?;
        for row in &rows {
            for (only, value) in column.values.iter_mut().zip(&row.column.values) {
                if is_present(*value) {
                    *only = if is_present(*only) { f64::NAN } else { *value };
                }
            }
        }
        column.values.iter_mut().filter(|only| !is_present(**only)).for_each(|only| *only = f64::NAN);
        Ok(Evaluated::Scalar(column))
    }

    pub(crate) fn binary(&mut self, binary: &Binary, grid: Grid) -> Result<Evaluated, QueryError> {
        match (binary.left.kind(), binary.right.kind()) {
            (Kind::Scalar, Kind::Scalar) => {
                let (mut left, right) = (self.scalar(&binary.left, grid)?, self.scalar(&binary.right, grid)?);
                left.change(|step, left| binary.operator.result(left, right.values[step], binary.as_bool));
                Ok(Evaluated::Scalar(left))
            }
            (Kind::Scalar, _) => {
                let (number, rows) = (self.scalar(&binary.left, grid)?, self.vector(&binary.right, grid)?);
                // A comparison keeps the value of the series, on whichever side it stands.
                let keeps_right = binary.operator.is_comparison() && !binary.as_bool;
                self.with_number(binary, rows, |step, value| {
                    let result = binary.operator.result(number.values[step], value, binary.as_bool);
                    if keeps_right && is_present(result) { value } else { result }
                })
            }
            (_, Kind::Scalar) => {
                let (rows, number) = (self.vector(&binary.left, grid)?, self.scalar(&binary.right, grid)?);
                self.with_number(binary, rows, |step, value| {
                    binary.operator.result(value, number.values[step], binary.as_bool)
                })
            }
            _ => {
                let (left, right) = (self.vector(&binary.left, grid)?, self.vector(&binary.right, grid)?);
                let rows = match binary.operator {
                    Operator::And => self.and(left, &right, &binary.matching, grid),
                    Operator::Unless => self.unless(left, &right, &binary.matching, grid),
                    Operator::Or => self.or(left, right, &binary.matching, grid),
                    _ => self.joined(binary, &left, &right, grid),
                }?;
                unite(rows).map(Evaluated::Vector)
            }
        }
    }

    fn with_number(
        &self,
        binary: &Binary,
        rows: Vec<Row>,
        mut result: impl FnMut(usize, f64) -> f64,
    ) -> Result<Evaluated, QueryError> {
        let drops_name = binary.drops_name(self.options.dialect);
        let changed = rows.into_iter().map(|mut row| {
            row.column.change(&mut result);
            let labels = if drops_name { row.labels.nameless().into() } else { row.labels };
            Row { labels, ..row }
        });
        unite(changed.collect()).map(Evaluated::Vector)
    }

    /// Each series of the many with the one that belongs to it.
    fn joined(&self, binary: &Binary, left: &[Row], right: &[Row], grid: Grid) -> Result<Vec<Row>, QueryError> {
        let is_swapped = matches!(binary.matching.many, Many::Right(_));
        let (many, one) = if is_swapped { (right, left) } else { (left, right) };
        let groups = Groups::of(one, &binary.matching);
        let several = groups.several(binary, one, many, grid);
        let mut taken = Taken::default();
        let mut rows = Vec::new();
        for of_many in many {
            self.limits.stop.check()?;
            let key = binary.matching.key(&of_many.labels);
            let Some(members) = groups.members(&key) else { continue };
            for of_one in members.iter().map(|at| &one[*at]) {
                let mut column = Column::absent(&self.budget, grid.count)?;
                let pairs = of_many.column.values.iter().zip(&of_one.column.values);
                for (result, (of_many, of_one)) in column.values.iter_mut().zip(pairs) {
                    if is_present(*of_many) && is_present(*of_one) {
                        let (left, right) = if is_swapped { (*of_one, *of_many) } else { (*of_many, *of_one) };
                        *result = binary.operator.result(left, right, binary.as_bool);
                    }
                }
                if !column.is_empty() {
                    let labels = Arc::new(binary.result_labels(&of_many.labels, &of_one.labels, self.options.dialect));
                    taken.take(binary, &key, &labels, &column);
                    rows.push(Row { labels, column });
                }
            }
        }
        // What is wrong at the first step decides; at the same step it is noticed first that there are several.
        match (several, taken.first_twice) {
            (Some((at, why)), twice) if twice.is_none_or(|twice| at <= twice) => Err(why),
            (_, Some(_)) => Err(taken_twice(binary)),
            _ => Ok(rows),
        }
    }
}

impl Binary {
    fn result_labels(&self, many: &LabelSet, one: &LabelSet, dialect: Dialect) -> LabelSet {
        let Matching { on, labels, many: cardinality } = &self.matching;
        let kept = if self.drops_name(dialect) { many.nameless() } else { many.clone() };
        match cardinality {
            Many::Neither if *on => kept.only(labels),
            Many::Neither => kept.without(labels),
            Many::Left(include) | Many::Right(include) => {
                let mut result = kept;
                for name in include {
                    result = result.with(name, one.get(name));
                }
                // `group_left(__name__)` may bring the name back; `bool` takes it away last.
                if self.as_bool { result.nameless() } else { result }
            }
        }
    }
}

impl Matching {
    /// What two series have in common that belong together.
    pub(crate) fn key(&self, labels: &LabelSet) -> LabelSet {
        if self.on { labels.only(&self.labels) } else { labels.nameless().without(&self.labels) }
    }
}

/// Which rows have a key in common.
pub(crate) struct Groups {
    members: HashMap<LabelSet, Vec<usize>>,
}

impl Groups {
    pub(crate) fn of(rows: &[Row], matching: &Matching) -> Self {
        let mut members: HashMap<_, Vec<usize>> = HashMap::with_capacity(rows.len());
        for (at, row) in rows.iter().enumerate() {
            members.entry(matching.key(&row.labels)).or_default().push(at);
        }
        Self { members }
    }

    pub(crate) fn members(&self, key: &LabelSet) -> Option<&[usize]> {
        self.members.get(key).map(Vec::as_slice)
    }

    /// Two series on the side of the one, at the first step at which there are two and anything to match.
    fn several(&self, binary: &Binary, one: &[Row], many: &[Row], grid: Grid) -> Option<(usize, QueryError)> {
        let mut worst: Option<(usize, usize, usize, &LabelSet)> = None;
        for (key, members) in self.members.iter().filter(|(_, members)| members.len() > 1) {
            let mut first_at = vec![None; grid.count];
            for member in members {
                let values = one[*member].column.values.iter().enumerate();
                for (step, _) in values.filter(|(_, value)| is_present(**value)) {
                    let Some(earlier) = first_at[step].replace(*member) else { continue };
                    let is_first = worst.is_none_or(|(known, _, at, _)| (step, *member) < (known, at));
                    if is_first && many.iter().any(|row| is_present(row.column.values[step])) {
                        worst = Some((step, earlier, *member, key));
                    }
                }
            }
        }
        let (step, earlier, later, key) = worst?;
        let side = if matches!(binary.matching.many, Many::Right(_)) { "left" } else { "right" };
        let (earlier, later) = (&one[earlier].labels, &one[later].labels);
        let why = format!(
            "found duplicate series for the match group {key} on the {side} hand-side of the operation: \
             [{later}, {earlier}];many-to-many matching not allowed: matching labels must be unique on one side"
        );
        Some((step, QueryError::Execution(why)))
    }
}

/// Which results there are already, of each key at each step.
#[derive(Default)]
struct Taken {
    by_key: HashMap<LabelSet, HashMap<Option<Arc<LabelSet>>, Vec<bool>>>,
    /// The first step at which a result came twice.
    first_twice: Option<usize>,
}

impl Taken {
    /// Notes a result of a key: there is one at each step; where one side may be many, one with the same labels.
    fn take(&mut self, binary: &Binary, key: &LabelSet, labels: &Arc<LabelSet>, column: &Column) {
        let of_labels = (binary.matching.many != Many::Neither).then(|| Arc::clone(labels));
        let of_key = self.by_key.entry(key.clone()).or_default();
        let taken = of_key.entry(of_labels).or_insert_with(|| vec![false; column.values.len()]);
        for (step, (taken, value)) in taken.iter_mut().zip(&column.values).enumerate() {
            if is_present(*value) && std::mem::replace(taken, true) {
                self.first_twice = Some(self.first_twice.map_or(step, |known| known.min(step)));
                return;
            }
        }
    }
}

fn taken_twice(binary: &Binary) -> QueryError {
    let why = match binary.matching.many {
        Many::Neither => "many-to-one matching must be explicit (group_left/group_right)",
        Many::Left(_) | Many::Right(_) => "grouping labels must ensure unique matches",
    };
    QueryError::Execution(format!("multiple matches for labels: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NAME;

    #[test]
    fn a_name_is_not_part_of_what_series_have_in_common_unless_it_is_asked_for() {
        let labels = LabelSet::new([(NAME, "up"), ("site", "lyon"), ("machine", "a")]);
        let matching = |on, names: &[&str]| Matching {
            on,
            labels: names.iter().map(|name| (*name).to_owned()).collect(),
            many: Many::Neither,
        };
        assert_eq!(matching(false, &["machine"]).key(&labels), LabelSet::new([("site", "lyon")]));
        assert_eq!(matching(true, &[NAME]).key(&labels), LabelSet::new([(NAME, "up")]));
    }
}
