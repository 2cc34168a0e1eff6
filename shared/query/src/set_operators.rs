//! What of one vector stays, by what is in another?

use crate::QueryError;
use crate::binary::Groups;
use crate::column::{ABSENT, Grid, Row, is_present};
use crate::evaluate::Evaluator;
use crate::plan::Matching;

impl Evaluator<'_> {
    /// What has a counterpart.
    pub(crate) fn and(
        &self,
        left: Vec<Row>,
        right: &[Row],
        matching: &Matching,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        self.kept(left, right, matching, grid, |has_counterpart| has_counterpart)
    }

    /// What has no counterpart.
    pub(crate) fn unless(
        &self,
        left: Vec<Row>,
        right: &[Row],
        matching: &Matching,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        self.kept(left, right, matching, grid, |has_counterpart| !has_counterpart)
    }

    /// All of the left, and of the right what has no counterpart.
    pub(crate) fn or(
        &self,
        mut left: Vec<Row>,
        right: Vec<Row>,
        matching: &Matching,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        let others = self.unless(right, &left, matching, grid)?;
        left.extend(others);
        Ok(left)
    }

    fn kept(
        &self,
        mut rows: Vec<Row>,
        others: &[Row],
        matching: &Matching,
        grid: Grid,
        keep: impl Fn(bool) -> bool,
    ) -> Result<Vec<Row>, QueryError> {
        let groups = Groups::of(others, matching);
        let mut present = vec![false; grid.count];
        for row in &mut rows {
            self.limits.stop.check()?;
            present.fill(false);
            for other in groups.members(&matching.key(&row.labels)).into_iter().flatten() {
                for (present, value) in present.iter_mut().zip(&others[*other].column.values) {
                    *present |= is_present(*value);
                }
            }
            row.column.change(|step, value| if keep(present[step]) { value } else { ABSENT });
        }
        Ok(rows)
    }
}
