//! How is a number told to a person?

use time::OffsetDateTime;

use super::gofmt::general;

const LARGE: [&str; 8] = ["k", "M", "G", "T", "P", "E", "Z", "Y"];
const BINARY: [&str; 8] = ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"];
const SMALL: [&str; 8] = ["m", "u", "n", "p", "f", "a", "z", "y"];

fn four(value: f64) -> String {
    general(value, Some(4), false)
}

pub(super) fn humanize(value: f64) -> String {
    if value == 0.0 || !value.is_finite() {
        return four(value);
    }
    let (value, prefix) = if value.abs() >= 1.0 { scaled(value, 1000.0, &LARGE) } else { enlarged(value) };
    format!("{}{prefix}", four(value))
}

pub(super) fn humanize_1024(value: f64) -> String {
    if value.abs() <= 1.0 || !value.is_finite() {
        return four(value);
    }
    let (value, prefix) = scaled(value, 1024.0, &BINARY);
    format!("{}{prefix}", four(value))
}

pub(super) fn humanize_percentage(value: f64) -> String {
    format!("{}%", four(value * 100.0))
}

pub(super) fn humanize_duration(value: f64) -> String {
    if !value.is_finite() {
        return four(value);
    }
    if value == 0.0 {
        return format!("{}s", four(value));
    }
    if value.abs() < 1.0 {
        let (value, prefix) = enlarged(value);
        return format!("{}{prefix}s", four(value));
    }
    let sign = if value < 0.0 { "-" } else { "" };
    let value = value.abs();
    // Beyond what 64 bits hold, Go's conversion gives the least number; so Prometheus shows it.
    let whole = if value >= i64::MAX as f64 { i64::MIN } else { value as i64 };
    let (days, hours, minutes, seconds) = (whole / 86_400, whole / 3_600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{sign}{}s", four(value)),
        (0, 0, _) => format!("{sign}{minutes}m {seconds}s"),
        (0, _, _) => format!("{sign}{hours}h {minutes}m {seconds}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {seconds}s"),
    }
}

/// Seconds since 1970 as ms; the number itself where it is none, and an error beyond what nanoseconds can say.
pub(super) fn time_ms(seconds: f64) -> Result<Result<i64, String>, String> {
    if !seconds.is_finite() {
        return Ok(Err(four(seconds)));
    }
    let nanoseconds = seconds * 1e9;
    if nanoseconds > i64::MAX as f64 || nanoseconds < i64::MIN as f64 {
        let seconds = super::gofmt::shortest(seconds);
        return Err(format!("{seconds} cannot be represented as a nanoseconds timestamp since it overflows int64"));
    }
    Ok(Ok((nanoseconds as i64).div_euclid(1_000_000)))
}

/// As Go prints a time: `2015-07-01 12:00:00.5 +0000 UTC`.
pub(super) fn go_time(ms: i64) -> String {
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000) else { return ms.to_string() };
    let (date, time) = (at.date(), at.time());
    let mut text = format!("{date} {:02}:{:02}:{:02}", time.hour(), time.minute(), time.second());
    let part = ms.rem_euclid(1000);
    if part > 0 {
        text.push_str(format!(".{part:03}").trim_end_matches('0'));
    }
    text + " +0000 UTC"
}

fn scaled(mut value: f64, by: f64, names: &[&'static str]) -> (f64, &'static str) {
    let mut prefix = "";
    for name in names {
        if value.abs() < by {
            break;
        }
        (prefix, value) = (name, value / by);
    }
    (value, prefix)
}

fn enlarged(mut value: f64) -> (f64, &'static str) {
    let mut prefix = "";
    for name in SMALL {
        if value.abs() >= 1.0 {
            break;
        }
        (prefix, value) = (name, value * 1000.0);
    }
    (value, prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_as_prometheus_tells_them() {
        assert_eq!(humanize(1_234_567.0), "1.235M");
        assert_eq!(humanize(0.001_2), "1.2m");
        assert_eq!(humanize_1024(1_048_576.0), "1Mi");
        assert_eq!(humanize_percentage(0.1234), "12.34%");
        assert_eq!(humanize_duration(93_784.0), "1d 2h 3m 4s");
        assert_eq!(humanize_duration(-61.0), "-1m 1s");
        assert_eq!(humanize_duration(0.25), "250ms");
        assert_eq!(go_time(1_435_065_584_128), "2015-06-23 13:19:44.128 +0000 UTC");
        assert_eq!(time_ms(f64::NAN), Ok(Err("NaN".to_owned())));
        assert!(time_ms(1e300).is_err());
    }
}
