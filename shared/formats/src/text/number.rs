//! How are numbers read and written as text?

use crate::NORMAL_NAN_BITS;

/// A value. Every NaN becomes Prometheus' normal one: text has no other.
pub(super) fn value(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    Some(if value.is_nan() { f64::from_bits(NORMAL_NAN_BITS) } else { value })
}

/// Milliseconds from seconds, to the nearest, if any `i64` holds them.
pub(super) fn ms_of_seconds(text: &str) -> Option<i64> {
    let ms = (value(text)? * 1000.0).round();
    // Both bounds are powers of two, which a double holds exactly; the upper one is no i64.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&ms);
    fits.then_some(ms as i64)
}

/// The shortest text that reads as the same value; `NaN`, `+Inf` and `-Inf` by name.
pub(crate) fn written(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf" } else { "-Inf" }.to_owned();
    }
    let mut text = format!("{value:?}");
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_named_as_prometheus_names_them() {
        let all = [1.0, -0.0, 1e300, 5e-324, f64::INFINITY, f64::NEG_INFINITY, f64::NAN, 0.1];
        assert_eq!(all.map(written), ["1", "-0", "1e300", "5e-324", "+Inf", "-Inf", "NaN", "0.1"]);
    }

    #[test]
    fn seconds_become_the_nearest_millisecond() {
        assert_eq!(ms_of_seconds("1520879607.789"), Some(1_520_879_607_789));
        assert_eq!(ms_of_seconds("-1.5"), Some(-1500));
        assert_eq!(ms_of_seconds("1e300"), None);
        assert_eq!(ms_of_seconds("NaN"), None);
    }
}
