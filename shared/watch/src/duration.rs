//! How does Prometheus write a length of time?

/// Units from the longest, with their length in ms, and whether they are only written when nothing is left over.
const UNITS: [(&str, i64, bool); 7] = [
    ("y", 31_536_000_000, true),
    ("w", 604_800_000, true),
    ("d", 86_400_000, false),
    ("h", 3_600_000, false),
    ("m", 60_000, false),
    ("s", 1_000, false),
    ("ms", 1, false),
];

/// A century: beyond it sums with timestamps would mean nothing.
const MOST_MS: i64 = 3_155_760_000_000;

/// Reads `1h30m`, `0`, `500ms`: units from the longest to the shortest, each once.
///
/// # Errors
/// Prometheus' own sentence when it is no such text.
pub fn parse_duration(text: &str) -> Result<i64, String> {
    let bad = || format!("not a valid duration string: {text:?}");
    match text {
        "" => return Err("empty duration string".to_owned()),
        "0" => return Ok(0),
        _ => {}
    }
    let (mut rest, mut next_unit, mut sum) = (text, 0, 0_i64);
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit()).filter(|at| *at > 0).ok_or_else(bad)?;
        let letters = rest[digits..].find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len() - digits);
        let unit = &rest[digits..digits + letters];
        let place = UNITS.iter().position(|(name, ..)| *name == unit).filter(|at| *at >= next_unit).ok_or_else(bad)?;
        let count: i64 = rest[..digits].parse().map_err(|_| "duration out of range".to_owned())?;
        let added = count.checked_mul(UNITS[place].1).and_then(|ms| sum.checked_add(ms));
        sum = added.filter(|ms| *ms <= MOST_MS).ok_or_else(|| "duration out of range".to_owned())?;
        (rest, next_unit) = (&rest[digits + letters..], place + 1);
    }
    Ok(sum)
}

/// The shortest writing in whole units, as Prometheus writes it: `1h30m`, `0s`.
pub fn write_duration(ms: i64) -> String {
    if ms <= 0 {
        return "0s".to_owned();
    }
    let (mut left, mut text) = (ms, String::new());
    for (name, length, only_whole) in UNITS {
        if only_whole && left % length != 0 {
            continue;
        }
        if left >= length {
            text.push_str(&format!("{}{name}", left / length));
            left %= length;
        }
    }
    text
}

/// As Go writes it in its messages: `1m0s`, `1h0m0s`, `500ms`.
pub(crate) fn go_duration(ms: i64) -> String {
    let (sign, ms) = if ms < 0 { ("-", ms.unsigned_abs()) } else { ("", ms.unsigned_abs()) };
    if ms == 0 {
        return "0s".to_owned();
    }
    if ms < 1_000 {
        return format!("{sign}{ms}ms");
    }
    let (hours, minutes, rest) = (ms / 3_600_000, ms / 60_000 % 60, ms % 60_000);
    let seconds = if rest % 1_000 == 0 {
        (rest / 1_000).to_string()
    } else {
        format!("{}.{:03}", rest / 1_000, rest % 1_000).trim_end_matches('0').to_owned()
    };
    match (hours, minutes) {
        (0, 0) => format!("{sign}{seconds}s"),
        (0, _) => format!("{sign}{minutes}m{seconds}s"),
        _ => format!("{sign}{hours}h{minutes}m{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_read_and_written_as_prometheus_does() {
        for (text, ms, written) in [
            ("1h30m", 5_400_000, "1h30m"),
            ("90s", 90_000, "1m30s"),
            ("0", 0, "0s"),
            ("7d", 604_800_000, "1w"),
            ("8d", 691_200_000, "8d"),
            ("1y", 31_536_000_000, "1y"),
            ("1500ms", 1_500, "1s500ms"),
        ] {
            assert_eq!(parse_duration(text), Ok(ms), "{text}");
            assert_eq!(write_duration(ms), written);
        }
        for bad in ["", "1", "m", "-1m", "1m1h", "1m1m", "1.5h", "1 m", "99999999999999999999s", "101y", "1M"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn go_always_shows_the_smaller_units() {
        for (ms, written) in [(0, "0s"), (60_000, "1m0s"), (3_600_000, "1h0m0s"), (1_500, "1.5s"), (300, "300ms")] {
            assert_eq!(go_duration(ms), written);
        }
    }
}
