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

/// As the export writes it: a JSON number; `null` for NaN, as VictoriaMetrics does, and `"Infinity"`, `"-Infinity"`.
///
/// A large or small number takes an exponent here, because three hundred zeros for 1e300 help nobody.
pub(crate) fn export(value: f64, out: &mut Vec<u8>) {
    use std::io::Write;
    let magnitude = value.abs();
    let written = if value.is_nan() {
        out.write_all(b"null")
    } else if value.is_infinite() {
        out.write_all(if value > 0.0 { b"\"Infinity\"" } else { b"\"-Infinity\"" })
    } else if magnitude != 0.0 && !(1e-7..1e21).contains(&magnitude) {
        write!(out, "{value:e}")
    } else {
        write!(out, "{value}")
    };
    written.expect("writing to a vector never fails");
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

    #[test]
    fn an_exported_number_reads_back_bit_for_bit() {
        let hard = [0.1, -0.0, 1e300, 5e-324, f64::MAX, f64::MIN_POSITIVE, 1.0 / 3.0, 9_007_199_254_740_993.0, 1e21];
        for value in hard {
            let mut text = Vec::new();
            export(value, &mut text);
            let text = String::from_utf8(text).expect("digits");
            let read: f64 = text.parse().expect("a number");
            assert_eq!(read.to_bits(), value.to_bits(), "{value:e}");
        }
    }
}
