//! What does a function make of the samples of each window?

use std::sync::Arc;

use crate::column::{ABSENT, Column, Grid, Row};
use crate::evaluate::Evaluator;
use crate::moving::Rolled;
use crate::over_time::{self, Extreme};
use crate::plan::{RollingCall, Windows};
use crate::rate::{self, Resets};
use crate::trend;
use crate::unite::refuse_same_labels;
use crate::windows::{Frame, Window, Windowed};
use crate::{Dialect, NAME, QueryError};

/// A function from a range vector to an instant vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rolling {
    Rate,
    Increase,
    Delta,
    Irate,
    Idelta,
    Changes,
    Resets,
    Deriv,
    PredictLinear,
    Smoothing,
    Sum,
    Avg,
    Min,
    Max,
    Count,
    First,
    Last,
    Present,
    Stddev,
    Stdvar,
    Quantile,
    Mad,
}

/// The functions and their names; the newer name of two comes first, and is the one that a source is told.
const NAMES: [(&str, Rolling); 23] = [
    ("rate", Rolling::Rate),
    ("increase", Rolling::Increase),
    ("delta", Rolling::Delta),
    ("irate", Rolling::Irate),
    ("idelta", Rolling::Idelta),
    ("changes", Rolling::Changes),
    ("resets", Rolling::Resets),
    ("deriv", Rolling::Deriv),
    ("predict_linear", Rolling::PredictLinear),
    ("double_exponential_smoothing", Rolling::Smoothing),
    ("holt_winters", Rolling::Smoothing),
    ("sum_over_time", Rolling::Sum),
    ("avg_over_time", Rolling::Avg),
    ("min_over_time", Rolling::Min),
    ("max_over_time", Rolling::Max),
    ("count_over_time", Rolling::Count),
    ("first_over_time", Rolling::First),
    ("last_over_time", Rolling::Last),
    ("present_over_time", Rolling::Present),
    ("stddev_over_time", Rolling::Stddev),
    ("stdvar_over_time", Rolling::Stdvar),
    ("quantile_over_time", Rolling::Quantile),
    ("mad_over_time", Rolling::Mad),
];

/// What Prometheus takes for the name of a counter.
const COUNTER_ENDINGS: [&str; 4] = ["_total", "_sum", "_count", "_bucket"];

/// What a function makes of a window; nothing when it has too few samples.
type Kernel<'a> = Box<dyn FnMut(&Window<'_>) -> Result<Option<f64>, QueryError> + 'a>;

impl Rolling {
    pub(crate) fn named(name: &str) -> Option<Self> {
        NAMES.iter().find(|(known, _)| *known == name).map(|(_, rolling)| *rolling)
    }

    pub(crate) fn name(self) -> Option<&'static str> {
        NAMES.iter().find(|(_, rolling)| *rolling == self).map(|(name, _)| *name)
    }

    /// A sample out of the window is still a sample of the series: only then the name stays.
    fn keeps_name(self) -> bool {
        matches!(self, Self::First | Self::Last)
    }

    /// For windows over these values of one series.
    pub(crate) fn kernel<'a>(
        self,
        values: &'a [f64],
        frame: &Frame,
        parameters: &'a [Column],
        dialect: Dialect,
    ) -> Kernel<'a> {
        let range_ms = frame.range_ms;
        let plain = |of: fn(&Window<'_>) -> f64| -> Kernel<'a> { Box::new(move |window| Ok(Some(of(window)))) };
        match self {
            Self::Rate | Self::Increase => {
                let resets = Resets::of(values);
                let per_second = (self == Self::Rate).then_some(range_ms as f64 / 1000.0);
                Box::new(move |window| {
                    let gain = rate::extrapolated(window, Some(&resets), dialect);
                    Ok(gain.map(|gain| per_second.map_or(gain.increase(), |seconds| gain.rate(seconds))))
                })
            }
            Self::Delta => {
                Box::new(move |window| Ok(rate::extrapolated(window, None, dialect).map(|gain| gain.increase())))
            }
            Self::Irate => Box::new(|window| Ok(rate::of_last_two(window, true))),
            Self::Idelta => Box::new(|window| Ok(rate::of_last_two(window, false))),
            Self::Changes => {
                let changes = over_time::counted(values, over_time::is_change);
                Box::new(move |window| Ok(Some(over_time::between(&changes, window))))
            }
            Self::Resets => {
                let resets = over_time::counted(values, |before, after| after < before);
                Box::new(move |window| Ok(Some(over_time::between(&resets, window))))
            }
            Self::Deriv => Box::new(move |window| Ok(trend::slope(window, dialect))),
            Self::PredictLinear => {
                Box::new(move |window| Ok(trend::predicted(window, parameters[0].values[window.step], dialect)))
            }
            Self::Smoothing => Box::new(move |window| {
                let (level, trend) = (parameters[0].values[window.step], parameters[1].values[window.step]);
                trend::smoothed(window, level, trend)
            }),
            Self::Sum => plain(over_time::sum),
            Self::Avg if dialect == Dialect::Prometheus2 => plain(over_time::running_mean),
            Self::Avg => plain(over_time::mean),
            Self::Min => {
                let mut extreme = Extreme::new(values, |new, old| new < old);
                Box::new(move |window| Ok(Some(extreme.of(window))))
            }
            Self::Max => {
                let mut extreme = Extreme::new(values, |new, old| new > old);
                Box::new(move |window| Ok(Some(extreme.of(window))))
            }
            Self::Count => plain(|window| window.values.len() as f64),
            // A window is never empty.
            Self::First => Box::new(|window| Ok(window.values.first().copied())),
            Self::Last => Box::new(|window| Ok(window.values.last().copied())),
            Self::Present => plain(|_| 1.0),
            Self::Stddev => Box::new(move |window| Ok(Some(over_time::variance(window, dialect).sqrt()))),
            Self::Stdvar => Box::new(move |window| Ok(Some(over_time::variance(window, dialect)))),
            Self::Quantile => {
                let mut sorted = Vec::new();
                Box::new(move |window| {
                    sorted.clear();
                    sorted.extend_from_slice(window.values);
                    Ok(Some(over_time::quantile(parameters[0].values[window.step], &mut sorted)))
                })
            }
            Self::Mad => plain(over_time::median_deviation),
        }
    }
}

impl Evaluator<'_> {
    pub(crate) fn rolling(&mut self, call: &RollingCall, grid: Grid) -> Result<Vec<Row>, QueryError> {
        let RollingCall { rolling, over, parameters } = call;
        let parameters =
            parameters.iter().map(|parameter| self.scalar(parameter, grid)).collect::<Result<Vec<_>, _>>()?;
        let frame = self.frame(over, grid);
        let as_it_came = match over {
            Windows::Raw { selector, .. } => self.rolled_as_it_comes(*rolling, (selector, frame), &parameters, grid)?,
            Windows::Subquery { .. } => None,
        };
        let rolled = match as_it_came {
            Some(rolled) => rolled,
            None => self.rolled_of_whole(*rolling, over, &parameters, grid)?,
        };
        self.remark(*rolling, over, &parameters, &rolled);
        let named = |Rolled { labels, column }| {
            let labels = if rolling.keeps_name() { labels } else { Arc::new(labels.nameless()) };
            Row { labels, column }
        };
        refuse_same_labels(rolled.into_iter().map(named).collect())
    }

    /// Of series that are gathered first.
    fn rolled_of_whole(
        &mut self,
        rolling: Rolling,
        over: &Windows,
        parameters: &[Column],
        grid: Grid,
    ) -> Result<Vec<Rolled>, QueryError> {
        let Windowed { series, frame } = self.windowed(over, rolling.name(), grid)?;
        let mut rolled = Vec::with_capacity(series.len());
        // One series after the other is let go.
        for whole in series {
            let mut column = Column::absent(&self.budget, grid.count)?;
            if whole.cells.is_empty() {
                let mut kernel = rolling.kernel(&whole.values, &frame, parameters, self.options.dialect);
                frame.slide(0..grid.count, (&whole.times, &whole.values), self.limits, |window| {
                    column.values[window.step] = kernel(window)?.unwrap_or(ABSENT);
                    Ok(())
                })?;
            } else {
                self.rolling_over_cells(rolling, &whole, &frame, parameters.first(), &mut column)?;
            }
            rolled.push(Rolled { labels: whole.labels, column });
        }
        Ok(rolled)
    }

    fn remark(&mut self, rolling: Rolling, over: &Windows, parameters: &[Column], series: &[Rolled]) {
        if self.options.dialect == Dialect::Prometheus2 {
            return;
        }
        if rolling == Rolling::Quantile && !series.is_empty() {
            self.warn_of_quantiles(&parameters[0]);
        }
        if !matches!(rolling, Rolling::Rate | Rolling::Increase) || !matches!(over, Windows::Raw { .. }) {
            return;
        }
        let mut last = "";
        for one in series {
            let name = one.labels.get(NAME);
            if name != last && !COUNTER_ENDINGS.iter().any(|ending| name.ends_with(ending)) {
                let endings = COUNTER_ENDINGS.join("/");
                self.notes.inform(format!("metric might not be a counter, name does not end in {endings}: {name:?}"));
            }
            last = name;
        }
    }

    /// Says of each quantile that is none that it is none.
    pub(crate) fn warn_of_quantiles(&mut self, quantiles: &Column) {
        if self.options.dialect == Dialect::Prometheus2 {
            return;
        }
        for quantile in &quantiles.values {
            if !(0.0..=1.0).contains(quantile) {
                self.notes.warn(format!("quantile value should be between 0 and 1, got {quantile}"));
            }
        }
    }
}
