//! Which samples does a chart need? The questions behind the drawings, in PromQL as everybody else's.

use std::collections::BTreeMap;
use std::time::Duration;

use vigie_model::NodeId;
use vigie_query::{Query, QueryError, Source, Steps, Value};

use super::chart::{Chart, Scale, Window};
use super::site_words;
use super::words::Words;
use crate::door::Caller;
use crate::shared::Shared;
use crate::{HoleKind, LINE_LOST, LINE_TRIP, LINE_UP, Machine, work};

/// Windows of a chart: on a phone three pixels each.
const WINDOWS: i64 = 120;

/// A page waits no longer than this for a drawing; it says so instead.
const PATIENCE: Duration = Duration::from_secs(5);

/// How full the fullest disk of each of these machines is, by node id. What was not heard within the last minutes is not
/// there.
pub(crate) fn disks(source: &dyn Source, app: &Shared, machines: &[NodeId]) -> BTreeMap<String, f64> {
    let ids: Vec<String> = machines.iter().map(NodeId::to_string).collect();
    if ids.is_empty() {
        return BTreeMap::new();
    }
    let text =
        format!("max by (machine_id) (system_filesystem_utilization_ratio{{machine_id=~\"{}\"}})", ids.join("|"));
    let limits = work::limits(Some(PATIENCE), || false);
    let now_ms = app.lookout.now().utc.0;
    let answer = Query::parse(&text).and_then(|query| query.instant(source, now_ms, Query::LOOKBACK_MS, &limits));
    match answer.map(|answer| answer.value) {
        Ok(Value::Vector(rows)) => {
            rows.into_iter().map(|(labels, point)| (labels.get("machine_id").to_owned(), point.value)).collect()
        }
        Ok(_) => BTreeMap::new(),
        Err(error) => {
            tracing::debug!(%error, "how full the disks are could not be told");
            BTreeMap::new()
        }
    }
}

/// A relay notes how its line was at least so often.
const NOTED_MOST_MS: u64 = 15 * 60_000;

/// The charts of one machine, or why there are none.
pub(crate) fn charts(
    app: &Shared,
    caller: &Caller,
    machine: &Machine,
    disk: Option<f64>,
    range_h: i64,
    w: &'static Words,
) -> Result<Vec<Chart>, String> {
    let source = caller.source(app);
    let id = machine.id;
    let newest = |fact: &Option<crate::Fact<f64>>| fact.as_ref().map(|fact| fact.value);
    let holes = holes(app, machine);
    [
        (
            w.cpu,
            format!("system_cpu_utilization_ratio{{machine_id=\"{id}\",cpu_logical_number=\"\"}}"),
            newest(&machine.cpu),
        ),
        (w.memory, format!("system_memory_utilization_ratio{{machine_id=\"{id}\"}}"), newest(&machine.memory)),
        (w.disk_fullest, format!("system_filesystem_utilization_ratio{{machine_id=\"{id}\"}}"), disk),
    ]
    .into_iter()
    .map(|(what, selector, newest)| {
        let grid = Grid::of(range_h, machine.interval_ms, app.lookout.now().utc.0);
        let windows = windows(&source, &selector, grid).map_err(|error| error.to_string())?;
        let scale = Scale::Share(1.0);
        Ok(Chart { what, scale, from_ms: grid.from_ms, step_ms: grid.step_ms, windows, newest, holes: holes.clone() })
    })
    .collect()
}

/// How the line of this relay was over the last day, as it noted it; nothing where it noted nothing.
pub(crate) fn line(app: &Shared, caller: &Caller, w: &'static site_words::Words) -> Result<Vec<Chart>, String> {
    let source = caller.source(app);
    // What is noted least often is still in each of these.
    let grid = Grid::of(24, NOTED_MOST_MS / 3, app.lookout.now().utc.0);
    let mut charts = Vec::new();
    for (what, name, scale) in [
        (w.line_trip, LINE_TRIP, None),
        (w.line_lost, LINE_LOST, Some(Scale::Share(0.1))),
        (w.line_up, LINE_UP, Some(Scale::Share(1.0))),
    ] {
        let windows = windows(&source, name, grid).map_err(|error| error.to_string())?;
        let most = windows.iter().flatten().map(|window| window.most).fold(0.0, f64::max);
        let scale = scale.unwrap_or_else(|| Scale::of_round_trips(most));
        let (from_ms, step_ms, holes) = (grid.from_ms, grid.step_ms, Vec::new());
        charts.push(Chart { what, scale, from_ms, step_ms, windows, newest: None, holes });
    }
    charts.retain(|chart| chart.windows.iter().any(Option::is_some));
    Ok(charts)
}

/// Where the windows of a chart stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Grid {
    from_ms: i64,
    step_ms: i64,
    count: i64,
}

impl Grid {
    /// Each window is so long that a machine that measures in its rhythm is in each of them, so that a gap is a gap.
    fn of(range_h: i64, interval_ms: u64, now_ms: i64) -> Self {
        let range_ms = range_h * 3_600_000;
        let rhythm_ms = i64::try_from(interval_ms).unwrap_or(i64::MAX).saturating_mul(3).clamp(1, range_ms);
        let step_ms = (range_ms / WINDOWS).max(rhythm_ms);
        let count = range_ms / step_ms;
        Self { from_ms: now_ms - count * step_ms, step_ms, count }
    }
}

/// The least, the mean and the most within each window. Of several series (disks) the highest counts.
fn windows(source: &dyn Source, selector: &str, grid: Grid) -> Result<Vec<Option<Window>>, QueryError> {
    let column = |function: &str| {
        let text = format!("max({function}_over_time({selector}[{}ms]))", grid.step_ms);
        column(source, &text, grid)
    };
    let (least, mean, most) = (column("min")?, column("avg")?, column("max")?);
    let window = |at: usize| Some(Window { least: least[at]?, mean: mean[at]?, most: most[at]? });
    Ok((0..mean.len()).map(window).collect())
}

fn column(source: &dyn Source, text: &str, grid: Grid) -> Result<Vec<Option<f64>>, QueryError> {
    let limits = work::limits(Some(PATIENCE), || false);
    let mut column = vec![None; usize::try_from(grid.count).unwrap_or_default()];
    // A window ends where its answer stands.
    let first_ms = grid.from_ms + grid.step_ms;
    let steps = Steps::new(first_ms, first_ms + (grid.count - 1).max(0) * grid.step_ms, grid.step_ms, &limits)?;
    let answer = Query::parse(text)?.range(source, steps, Query::LOOKBACK_MS, &limits)?;
    let Value::Matrix(rows) = answer.value else { return Ok(column) };
    for point in rows.into_iter().flat_map(|(_, points)| points).filter(|point| point.value.is_finite()) {
        let at = usize::try_from((point.at_ms - first_ms) / grid.step_ms).ok();
        if let Some(place) = at.and_then(|at| column.get_mut(at)) {
            *place = Some(point.value);
        }
    }
    Ok(column)
}

/// What is not here of a machine, and why. What is still going on has no end.
fn holes(app: &Shared, machine: &Machine) -> Vec<(i64, i64, HoleKind)> {
    let holes = app.lookout.ledger(machine.id).map(|ledger| ledger.holes).unwrap_or_default();
    let until = |stamp: Option<crate::Stamp>| stamp.map_or(i64::MAX, crate::Stamp::ms);
    holes.into_iter().filter_map(|hole| Some((hole.from?.ms(), until(hole.until), hole.kind))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_machine_has_longer_windows_and_no_false_gaps() {
        let usual = Grid::of(6, 10_000, 100_000_000);
        assert_eq!((usual.step_ms, usual.count), (180_000, 120));
        let slow = Grid::of(1, 300_000, 100_000_000);
        assert_eq!((slow.step_ms, slow.count, slow.from_ms), (900_000, 4, 96_400_000));
        assert_eq!(Grid::of(1, u64::MAX, 0).count, 1);
    }
}
