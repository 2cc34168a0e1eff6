//! When is it not there?

use std::sync::Arc;

use crate::column::{ABSENT, Column, Grid, Row, is_present};
use crate::evaluate::Evaluator;
use crate::plan::{Node, Windows};
use crate::{LabelSet, QueryError};

impl Evaluator<'_> {
    /// One at each step at which no series has a value.
    pub(crate) fn absent(&mut self, of: &Node, labels: &Arc<LabelSet>, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let rows = self.vector(of, grid)?;
        let mut column = Column::filled(&self.budget, 1.0, grid.count)?;
        for row in &rows {
            for (absent, value) in column.values.iter_mut().zip(&row.column.values) {
                if is_present(*value) {
                    *absent = ABSENT;
                }
            }
        }
        Ok(some(labels, column))
    }

    /// One at each step at which no series has a sample within the window.
    pub(crate) fn absent_over_time(
        &mut self,
        over: &Windows,
        labels: &Arc<LabelSet>,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        let windowed = self.windowed(over, Some("absent_over_time"), grid)?;
        let mut column = Column::filled(&self.budget, 1.0, grid.count)?;
        for whole in &windowed.series {
            for (step, value) in column.values.iter_mut().enumerate() {
                if whole.has_cells_in(windowed.frame.edges(step)) {
                    *value = ABSENT;
                }
            }
            windowed.frame.slide(0..grid.count, (&whole.times, &whole.values), self.limits, |window| {
                column.values[window.step] = ABSENT;
                Ok(())
            })?;
        }
        Ok(some(labels, column))
    }
}

fn some(labels: &Arc<LabelSet>, column: Column) -> Vec<Row> {
    if column.is_empty() { Vec::new() } else { vec![Row { labels: Arc::clone(labels), column }] }
}
