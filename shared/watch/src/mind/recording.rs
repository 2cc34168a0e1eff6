//! What does a recording rule write?

use std::collections::HashSet;
use std::sync::Arc;

use vigie_query::{LabelSet, NAME};

use super::plan::PlanKind;
use super::{LiveRule, Moment, Output};

impl LiveRule {
    pub(super) fn record(&mut self, moment: &Moment<'_>, outputs: &mut Vec<Output>) -> Result<(), String> {
        let PlanKind::Recording(labels) = &self.plan.kind else { return Ok(()) };
        let found = self.plan.expression.at(moment.source, moment.at_ms, moment.settings.lookback_ms, moment.limits);
        let found = found.map_err(|error| error.to_string())?.series;
        let mut seen = HashSet::with_capacity(found.len());
        let mut written = Vec::with_capacity(found.len());
        for (series, value) in found {
            let made = Arc::new(renamed(&series, &self.plan.key.rule, labels));
            if !seen.insert(made.clone()) {
                return Err("vector contains metrics with the same labelset after applying rule labels".to_owned());
            }
            written.push(Output { labels: made, at_ms: moment.at_ms, value });
        }
        if moment.limit > 0 && written.len() > moment.limit {
            return Err(format!("exceeded limit of {} with {} series", moment.limit, written.len()));
        }
        outputs.extend(written);
        Ok(())
    }
}

fn renamed(series: &LabelSet, name: &str, labels: &[(String, String)]) -> LabelSet {
    let is_set = |own: &str| own == NAME || labels.iter().any(|(name, _)| name == own);
    let kept = series.iter().filter(|(own, _)| !is_set(own));
    let set = labels.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    LabelSet::new(std::iter::once((NAME, name)).chain(set).chain(kept))
}
