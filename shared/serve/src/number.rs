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

/// As Prometheus writes the value of an alert: Go's `FormatFloat(v, 'e', -1, 64)`, as in `1.5e+00`.
pub(crate) fn exponent(value: f64) -> String {
    if !value.is_finite() {
        return prometheus(value);
    }
    let text = format!("{value:e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let (sign, exponent) = exponent.strip_prefix('-').map_or(('+', exponent), |exponent| ('-', exponent));
    format!("{digits}e{sign}{exponent:0>2}")
}

/// Appends what [`prometheus`] gives. Of a day of one series this is most of the work, and nearly every value that is
/// measured is a decimal of few places, which is written without asking for the shortest one.
pub(crate) fn write_prometheus(value: f64, out: &mut Vec<u8>) {
    match thousandths(value.abs()) {
        Some(thousandths) => {
            let places = if thousandths.is_multiple_of(10) { 1 + usize::from(thousandths % 100 != 0) } else { 3 };
            write_thousandths(value.is_sign_negative(), thousandths, places, out);
        }
        None => out.extend_from_slice(prometheus(value).as_bytes()),
    }
}

/// Appends seconds, with milliseconds where there are any.
pub(crate) fn write_seconds(ms: i64, out: &mut Vec<u8>) {
    write_thousandths(ms < 0, ms.unsigned_abs(), 3, out);
}

/// The whole number of thousandths that reads back as the same bits.
///
/// Below 10^15 no two decimals of that many digits are the same double, so this one is also the shortest.
fn thousandths(positive: f64) -> Option<u64> {
    const TOO_MANY: u64 = 1_000_000_000_000_000;
    // The cast makes nothing of what is no number, and the most of what is too large.
    let thousandths = (positive * 1_000.0 + 0.5) as u64;
    (thousandths < TOO_MANY && thousandths as f64 / 1_000.0 == positive).then_some(thousandths)
}

/// Appends a decimal of so many places, of none when there would be only zeros.
fn write_thousandths(is_negative: bool, thousandths: u64, places: usize, out: &mut Vec<u8>) {
    // From the end on: three places and a point, the 17 digits that a 1000th of 64 bits may have, and a sign.
    let (mut text, mut at) = ([0; 24], 24);
    let (mut left, part) = (thousandths / 1_000, thousandths % 1_000);
    if part > 0 {
        let part = [part / 100, part / 10 % 10, part % 10].map(|digit| b'0' + digit as u8);
        text[at - places..].copy_from_slice(&part[..places]);
        at -= places + 1;
        text[at] = b'.';
    }
    while left >= 10 {
        at -= 2;
        text[at..at + 2].copy_from_slice(&PAIRS[(left % 100) as usize]);
        left /= 100;
    }
    // A single digit is left, or nothing of a number of an even count of digits; zero has one too.
    if left > 0 || at == 24 || text[at] == b'.' {
        at -= 1;
        text[at] = b'0' + left as u8;
    }
    if is_negative {
        at -= 1;
        text[at] = b'-';
    }
    out.extend_from_slice(&text[at..]);
}

/// The digits of the numbers below a hundred.
const PAIRS: [[u8; 2]; 100] = {
    let (mut pairs, mut number) = ([[b'0'; 2]; 100], 0);
    while number < 100 {
        pairs[number] = [b'0' + (number / 10) as u8, b'0' + (number % 10) as u8];
        number += 1;
    }
    pairs
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_an_alert_is_written_as_go_does() {
        let written = [0.0, 1.0, -1.5, 300.0, 1e-7, 1.234_5e100, f64::INFINITY].map(exponent);
        assert_eq!(written, ["0e+00", "1e+00", "-1.5e+00", "3e+02", "1e-07", "1.2345e+100", "+Inf"]);
    }

    #[test]
    fn decimals_of_few_places_are_written_as_all_others() {
        let written = |value: f64| {
            let mut out = Vec::new();
            write_prometheus(value, &mut out);
            String::from_utf8(out).expect("digits")
        };
        let some = (0..200_000).flat_map(|number: u32| {
            let [ones, tenths, thousandths] = [1.0, 10.0, 1_000.0].map(|part| f64::from(number) * 7_919.0 / part);
            [ones, tenths, thousandths, thousandths.next_up(), -thousandths, thousandths * 1e9]
        });
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX, f64::MIN_POSITIVE, 999_999_999_999.999];
        for value in some.chain(odd) {
            assert_eq!(written(value), prometheus(value));
        }
    }

    #[test]
    fn seconds_have_their_milliseconds_in_full_or_none() {
        for (ms, wanted) in [
            (0, "0"),
            (1_500, "1.500"),
            (-1, "-0.001"),
            (10_000, "10"),
            (100_020, "100.020"),
            (1_795_000_000_000, "1795000000"),
        ] {
            let mut out = Vec::new();
            write_seconds(ms, &mut out);
            assert_eq!(String::from_utf8_lossy(&out), wanted);
        }
        write_seconds(i64::MIN, &mut Vec::new());
    }

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
