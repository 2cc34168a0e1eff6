//! What do many series come to together?

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use crate::column::{Column, Grid, Row, is_present};
use crate::count_values::written;
use crate::evaluate::Evaluator;
use crate::kahan::{Kahan, Mean, RunningMean};
use crate::over_time::quantile;
use crate::plan::{Aggregate, Aggregation, Grouping};
use crate::rank::Best;
use crate::{Dialect, LabelSet, QueryError};

/// Rows that an aggregation puts together, in the order in which they come.
struct Group<'r> {
    labels: Arc<LabelSet>,
    rows: Vec<&'r Row>,
}

/// The spread of values around their mean, after Welford.
#[derive(Debug, Clone, Copy)]
struct Spread {
    count: f64,
    mean: f64,
    squares: f64,
}

impl Spread {
    fn first(value: f64, dialect: Dialect) -> Self {
        // What is not finite has no distance from itself; Prometheus 2.42 held it for none.
        let squares = if value.is_finite() || dialect == Dialect::Prometheus2 { 0.0 } else { f64::NAN };
        Self { count: 1.0, mean: value, squares }
    }

    fn add(&mut self, value: f64) {
        self.count += 1.0;
        let from_old = value - self.mean;
        self.mean += from_old / self.count;
        self.squares += from_old * (value - self.mean);
    }

    fn variance(self) -> f64 {
        self.squares / self.count
    }
}

impl Evaluator<'_> {
    pub(crate) fn aggregate(&mut self, aggregate: &Aggregate, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let Aggregate { how, of, grouping } = aggregate;
        let parameter = match how {
            Aggregation::Top(parameter) | Aggregation::Bottom(parameter) | Aggregation::Quantile(parameter) => {
                Some(self.scalar(parameter, grid)?)
            }
            _ => None,
        };
        let rows = self.vector(of, grid)?;
        match (how, parameter) {
            (Aggregation::Top(_), Some(counts)) => self.best(rows, grouping, &counts, true, grid),
            (Aggregation::Bottom(_), Some(counts)) => self.best(rows, grouping, &counts, false, grid),
            (Aggregation::Quantile(_), Some(parts)) => self.quantiles(&rows, grouping, &parts, grid),
            (Aggregation::CountValues(label), _) => self.count_values(&rows, grouping, label, grid),
            _ => self.folded(how, &rows, grouping, grid),
        }
    }

    fn folded(&self, how: &Aggregation, rows: &[Row], grouping: &Grouping, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let dialect = self.options.dialect;
        let groups = groups(rows, grouping);
        let number = |first: fn(f64) -> f64, add: fn(&mut f64, f64)| self.fold(&groups, grid, first, add, |fold| *fold);
        let spread = |finish: fn(&Spread) -> f64| {
            self.fold(&groups, grid, |value| Spread::first(value, dialect), Spread::add, finish)
        };
        match (how, dialect) {
            (Aggregation::Sum, Dialect::Prometheus2) => number(|value| value, |sum, value| *sum += value),
            (Aggregation::Sum, Dialect::Prometheus3) => {
                self.fold(&groups, grid, |sum| Kahan { sum, rest: 0.0 }, Kahan::add, |sum| sum.total())
            }
            (Aggregation::Avg, Dialect::Prometheus2) => {
                let first = |value| {
                    let mut mean = RunningMean::default();
                    mean.add_plainly(value);
                    mean
                };
                self.fold(&groups, grid, first, RunningMean::add_plainly, |mean| mean.value())
            }
            (Aggregation::Avg, Dialect::Prometheus3) => {
                let first = |value| {
                    let mut mean = Mean::default();
                    mean.add(value);
                    mean
                };
                self.fold(&groups, grid, first, Mean::add, |mean| mean.value())
            }
            (Aggregation::Min, _) => number(
                |value| value,
                |least, value| {
                    if *least > value || least.is_nan() {
                        *least = value;
                    }
                },
            ),
            (Aggregation::Max, _) => number(
                |value| value,
                |most, value| {
                    if *most < value || most.is_nan() {
                        *most = value;
                    }
                },
            ),
            (Aggregation::Count, _) => number(|_| 1.0, |count, _| *count += 1.0),
            (Aggregation::Group, _) => number(|_| 1.0, |_, _| ()),
            (Aggregation::Stdvar, _) => spread(|spread| spread.variance()),
            (Aggregation::Stddev, _) => spread(|spread| spread.variance().sqrt()),
            // The caller has seen to these.
            (Aggregation::Top(_) | Aggregation::Bottom(_), _) => Ok(Vec::new()),
            (Aggregation::Quantile(_) | Aggregation::CountValues(_), _) => Ok(Vec::new()),
        }
    }

    /// Goes over the values of each group at each step: `first` makes something of the first, `add` brings the others to
    /// it.
    fn fold<T: Copy>(
        &self,
        groups: &[Group<'_>],
        grid: Grid,
        first: impl Fn(f64) -> T,
        add: impl Fn(&mut T, f64),
        finish: impl Fn(&T) -> f64,
    ) -> Result<Vec<Row>, QueryError> {
        let mut folds: Vec<Option<T>> = vec![None; grid.count];
        let mut rows = Vec::with_capacity(groups.len());
        for group in groups {
            let mut column = Column::absent(&self.budget, grid.count)?;
            folds.fill(None);
            for row in &group.rows {
                self.limits.stop.check()?;
                for (fold, value) in folds.iter_mut().zip(&row.column.values) {
                    if is_present(*value) {
                        match fold {
                            Some(fold) => add(fold, *value),
                            None => *fold = Some(first(*value)),
                        }
                    }
                }
            }
            for (value, fold) in column.values.iter_mut().zip(&folds) {
                if let Some(fold) = fold {
                    *value = finish(fold);
                }
            }
            rows.push(Row { labels: Arc::clone(&group.labels), column });
        }
        Ok(rows)
    }

    fn quantiles(
        &mut self,
        rows: &[Row],
        grouping: &Grouping,
        parts: &Column,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        if !rows.is_empty() {
            self.warn_of_quantiles(parts);
        }
        let mut quantiles = Vec::new();
        let mut here = Vec::new();
        for group in groups(rows, grouping) {
            let mut column = Column::absent(&self.budget, grid.count)?;
            for step in 0..grid.count {
                self.limits.stop.check()?;
                here.clear();
                here.extend(group.rows.iter().map(|row| row.column.values[step]).filter(|value| is_present(*value)));
                if !here.is_empty() {
                    column.values[step] = quantile(parts.values[step], &mut here);
                }
            }
            quantiles.push(Row { labels: group.labels, column });
        }
        Ok(quantiles)
    }

    /// The largest or smallest few of each group, with all their labels; at a single moment the best first.
    fn best(
        &self,
        rows: Vec<Row>,
        grouping: &Grouping,
        counts: &Column,
        descending: bool,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        let counts = counts.values.iter().map(|count| whole(*count)).collect::<Result<Vec<_>, _>>()?;
        let mut chosen: Vec<Option<Column>> = rows.iter().map(|_| None).collect();
        let mut order = Vec::new();
        for members in members(&rows, grouping) {
            for (step, count) in counts.iter().enumerate() {
                self.limits.stop.check()?;
                let mut best = Best::new((*count).min(members.len()), descending);
                let values = members.iter().map(|at| (rows[*at].column.values[step], *at));
                values.filter(|(value, _)| is_present(*value)).for_each(|(value, at)| best.offer(value, at));
                for (value, at) in best.into_sorted() {
                    let column = match &mut chosen[at] {
                        Some(column) => column,
                        none => {
                            order.push(at);
                            none.insert(Column::absent(&self.budget, grid.count)?)
                        }
                    };
                    column.values[step] = value;
                }
            }
        }
        let row = |at: usize| Some(Row { labels: Arc::clone(&rows[at].labels), column: chosen[at].take()? });
        Ok(order.into_iter().filter_map(row).collect())
    }
}

fn groups<'r>(rows: &'r [Row], grouping: &Grouping) -> Vec<Group<'r>> {
    let rows_of = |members: Vec<usize>| Group {
        // A group has at least the row that made it.
        labels: Arc::new(grouping.of(&rows[members[0]].labels)),
        rows: members.into_iter().map(|at| &rows[at]).collect(),
    };
    members(rows, grouping).into_iter().map(rows_of).collect()
}

/// What a series has in common with the others of its group, not yet taken out of its labels: of ten thousand series only a
/// few make a group.
struct Common<'r> {
    labels: &'r LabelSet,
    grouping: &'r Grouping,
}

impl Common<'_> {
    fn kept(&self) -> impl Iterator<Item = (&str, &str)> {
        self.labels.iter().filter(|(name, _)| self.grouping.keeps(name))
    }
}

impl PartialEq for Common<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.kept().eq(other.kept())
    }
}

impl Eq for Common<'_> {}

/// Of the values alone, as with [`LabelSet`].
impl Hash for Common<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.kept().for_each(|(_, value)| value.hash(state));
    }
}

/// Which rows belong to each group; groups in the order of their first rows.
fn members(rows: &[Row], grouping: &Grouping) -> Vec<Vec<usize>> {
    if matches!(grouping, Grouping::By(names) if names.is_empty()) {
        return if rows.is_empty() { Vec::new() } else { vec![(0..rows.len()).collect()] };
    }
    let mut places: HashMap<Common<'_>, usize> = HashMap::new();
    let mut members: Vec<Vec<usize>> = Vec::new();
    for (at, row) in rows.iter().enumerate() {
        let place = *places.entry(Common { labels: &row.labels, grouping }).or_insert_with(|| {
            members.push(Vec::new());
            members.len() - 1
        });
        members[place].push(at);
    }
    members
}

/// How many are wanted: the whole part of a number, none when it is below one.
fn whole(count: f64) -> Result<usize, QueryError> {
    if !(i64::MIN as f64..=i64::MAX as f64).contains(&count) {
        return Err(QueryError::Execution(format!("Scalar value {} overflows int64", shortest(count))));
    }
    Ok(usize::try_from(count as i64).unwrap_or(0))
}

/// A number that is no count as errors have it: with an exponent, because it is larger than any count.
fn shortest(value: f64) -> String {
    if value.is_finite() { format!("{value:e}").replace('e', "e+") } else { written(value) }
}
