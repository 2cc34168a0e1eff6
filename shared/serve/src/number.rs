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

/// A number that is a decimal of at most three places, as nearly every value is that is measured: written without asking for
/// the shortest decimal that reads back equal, because it is that one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Decimal {
    is_negative: bool,
    thousandths: u64,
    places: usize,
}

/// Bytes of the longest decimal: a sign, the 16 digits of a thousandth of 64 bits, a point and three places; and some.
pub(crate) const DECIMAL_BYTES: usize = 24;

impl Decimal {
    /// Nothing where the value is none, or so large that another decimal would read back equal.
    pub(crate) fn of(value: f64) -> Option<Self> {
        let thousandths = thousandths(value.abs())?;
        let places = if thousandths.is_multiple_of(10) { 1 + usize::from(thousandths % 100 != 0) } else { 3 };
        Some(Self { is_negative: value.is_sign_negative(), thousandths, places })
    }

    /// Seconds, with milliseconds where there are any.
    pub(crate) fn seconds(ms: i64) -> Self {
        Self { is_negative: ms < 0, thousandths: ms.unsigned_abs(), places: 3 }
    }

    /// Writes it as [`prometheus`] does; says how many bytes it has. Each digit is put where it stays: what is copied once
    /// more costs more than it does to write it.
    pub(crate) fn put(self, to: &mut [u8; DECIMAL_BYTES]) -> usize {
        let Self { is_negative, thousandths, places } = self;
        let (mut left, part) = (thousandths / 1_000, thousandths % 1_000);
        to[0] = b'-';
        let end = usize::from(is_negative) + left.checked_ilog10().unwrap_or(0) as usize + 1;
        let mut at = end;
        while left >= 10 {
            at -= 2;
            to[at..at + 2].copy_from_slice(&PAIRS[(left % 100) as usize]);
            left /= 100;
        }
        // A single digit is left, or nothing of a number of an even count of digits; zero has one too.
        if left > 0 || at == end {
            to[at - 1] = b'0' + left as u8;
        }
        if part == 0 {
            return end;
        }
        to[end] = b'.';
        let digits = [part / 100, part / 10 % 10, part % 10].map(|digit| b'0' + digit as u8);
        to[end + 1..end + 4].copy_from_slice(&digits);
        end + 1 + places
    }
}

/// Appends seconds, with milliseconds where there are any.
pub(crate) fn write_seconds(ms: i64, out: &mut Vec<u8>) {
    let mut text = [0; DECIMAL_BYTES];
    let length = Decimal::seconds(ms).put(&mut text);
    out.extend_from_slice(&text[..length]);
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

/// The digits of the numbers below a hundred.
pub(crate) const PAIRS: [[u8; 2]; 100] = {
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
            let (decimal, mut text) = (Decimal::of(value)?, [b'?'; DECIMAL_BYTES]);
            let length = decimal.put(&mut text);
            Some(String::from_utf8(text[..length].to_vec()).expect("digits"))
        };
        let some = (0..200_000).flat_map(|number: u32| {
            let [ones, tenths, thousandths] = [1.0, 10.0, 1_000.0].map(|part| f64::from(number) * 7_919.0 / part);
            [ones, tenths, thousandths, thousandths.next_up(), -thousandths, thousandths * 1e9]
        });
        let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::MAX, f64::MIN_POSITIVE, 999_999_999_999.999];
        let mut left_out = 0;
        for value in some.chain(odd) {
            match written(value) {
                Some(written) => assert_eq!(written, prometheus(value)),
                None => left_out += 1,
            }
        }
        assert!((5..600_000).contains(&left_out), "{left_out} of 1,200,007 are no such decimals");
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
