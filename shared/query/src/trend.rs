//! Where is it going?

use crate::kahan::Kahan;
use crate::windows::Window;
use crate::{Dialect, QueryError};

/// By how much it grows in a second, along the line that fits best.
pub(crate) fn slope(window: &Window<'_>, dialect: Dialect) -> Option<f64> {
    // Times near those of the samples keep the numbers small.
    Some(line(window, *window.times.first()?, dialect)?.0)
}

/// What it will be so many seconds after the step, along the line that fits best.
pub(crate) fn predicted(window: &Window<'_>, seconds: f64, dialect: Dialect) -> Option<f64> {
    let (slope, now) = line(window, window.at_ms, dialect)?;
    Some(slope * seconds + now)
}

/// The slope per second of the line with the least squares, and its value at a moment.
fn line(window: &Window<'_>, at_ms: i64, dialect: Dialect) -> Option<(f64, f64)> {
    let first = *window.values.first()?;
    let count = window.values.len() as f64;
    if window.values.len() < 2 {
        return None;
    }
    if window.values.iter().all(|value| *value == first) {
        return Some(if first.is_infinite() { (f64::NAN, f64::NAN) } else { (0.0, first) });
    }
    let add = match dialect {
        Dialect::Prometheus2 => Kahan::add_within_bounds,
        Dialect::Prometheus3 => Kahan::add,
    };
    let [mut x, mut y, mut xy, mut xx] = [Kahan::default(); 4];
    for (time, value) in window.times.iter().zip(window.values) {
        let seconds = time.saturating_sub(at_ms) as f64 / 1e3;
        add(&mut x, seconds);
        add(&mut y, *value);
        add(&mut xy, seconds * value);
        add(&mut xx, seconds * seconds);
    }
    let [x, y, xy, xx] = [x, y, xy, xx].map(|sum| sum.sum + sum.rest);
    let slope = (xy - x * y / count) / (xx - x * x / count);
    Some((slope, y / count - slope * x / count))
}

/// The last value of a smoothing that follows level and trend (Holt, Winters).
pub(crate) fn smoothed(window: &Window<'_>, level: f64, trend: f64) -> Result<Option<f64>, QueryError> {
    for (name, factor) in [("smoothing", level), ("trend", trend)] {
        if factor <= 0.0 || factor >= 1.0 {
            let sign = if name == "smoothing" { "sf" } else { "tf" };
            return Err(QueryError::Execution(format!(
                "invalid {name} factor. Expected: 0 < {sign} < 1, got: {factor:.6}"
            )));
        }
    }
    let [first, second, ..] = window.values else { return Ok(None) };
    let (mut before, mut now, mut slope) = (0.0, *first, second - first);
    for (at, value) in window.values.iter().enumerate().skip(1) {
        if at > 1 {
            slope = trend * (now - before) + (1.0 - trend) * slope;
        }
        (before, now) = (now, level * value + (1.0 - level) * (now + slope));
    }
    Ok(Some(now))
}
