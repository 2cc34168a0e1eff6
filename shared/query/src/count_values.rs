//! How often is each value there?

use std::collections::HashMap;
use std::sync::Arc;

use crate::column::{Column, Grid, Row, is_present};
use crate::evaluate::Evaluator;
use crate::plan::Grouping;
use crate::unite::unite;
use crate::{LabelSet, QueryError};

impl Evaluator<'_> {
    /// How many series of each group have a value, for each value that there is.
    pub(crate) fn count_values(
        &self,
        rows: &[Row],
        grouping: &Grouping,
        label: &str,
        grid: Grid,
    ) -> Result<Vec<Row>, QueryError> {
        if !crate::calls::is_label_name(label) {
            return Err(QueryError::Execution(format!("invalid label name {label:?}")));
        }
        let grouping = match grouping {
            Grouping::By(names) => Grouping::By(names.iter().cloned().chain([label.to_owned()]).collect()),
            without @ Grouping::Without(_) => without.clone(),
        };
        let mut counted: Vec<Row> = Vec::new();
        let mut places: HashMap<(LabelSet, u64), usize> = HashMap::new();
        for row in rows {
            // Series whose labels would be the same with any value are counted together.
            let alike = grouping.of(&row.labels.with(label, "x"));
            let mut last: Option<(u64, usize)> = None;
            for (step, value) in row.column.values.iter().enumerate().filter(|(_, value)| is_present(**value)) {
                let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
                let place = match last {
                    Some((same, place)) if same == bits => place,
                    _ => match places.get(&(alike.clone(), bits)) {
                        Some(place) => *place,
                        None => {
                            let most = self.limits.max_series;
                            if counted.len() >= most {
                                return Err(QueryError::Execution(format!("the query makes more than {most} series")));
                            }
                            let labels = Arc::new(grouping.of(&row.labels.with(label, &written(*value))));
                            counted.push(Row { labels, column: Column::absent(&self.budget, grid.count)? });
                            places.insert((alike.clone(), bits), counted.len() - 1);
                            self.limits.stop.check()?;
                            counted.len() - 1
                        }
                    },
                };
                last = Some((bits, place));
                let count = &mut counted[place].column.values[step];
                *count = if is_present(*count) { *count + 1.0 } else { 1.0 };
            }
        }
        merge_counts(counted)
    }
}

/// Where the grouping takes the value away again, all values are one.
fn merge_counts(counted: Vec<Row>) -> Result<Vec<Row>, QueryError> {
    let mut places: HashMap<Arc<LabelSet>, usize> = HashMap::new();
    let mut merged: Vec<Row> = Vec::new();
    for row in counted {
        let Some(place) = places.get(&row.labels) else {
            places.insert(Arc::clone(&row.labels), merged.len());
            merged.push(row);
            continue;
        };
        for (sum, count) in merged[*place].column.values.iter_mut().zip(&row.column.values) {
            if is_present(*count) {
                *sum = if is_present(*sum) { *sum + *count } else { *count };
            }
        }
    }
    unite(merged)
}

/// A number as a label value: all digits, no exponent.
pub(crate) fn written(value: f64) -> String {
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    value.to_string()
}
