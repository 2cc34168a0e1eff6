//! How is a number written so that it reads back as the same bits?

/// As Prometheus writes it in JSON strings and expositions: Go's `FormatFloat(v, 'f', -1, 64)`, the shortest decimal
/// that reads back equal, never with an exponent; `+Inf`, `-Inf`, `NaN`.
pub(crate) fn prometheus(value: f64) -> String {
    if value.is_nan() {
        "NaN".to_owned()
    } else if value.is_infinite() {
        if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() }
    } else {
        // Display of f64 is the shortest decimal that reads back equal, without an exponent.
        value.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_as_prometheus_writes_them() {
        for (value, wanted) in [
            (0.0, "0"),
            (-0.0, "-0"),
            (1.0, "1"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1e21, "1000000000000000000000"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(prometheus(value), wanted);
        }
    }
}
