//! Which samples does Prometheus' short writing stand for? `1 2+3x4 _x2 stale`.

use vigie_query::{LabelSet, NAME, selector};

use crate::mind::STALE_NAN;

/// Values of one series: a year of minutes.
const MAX_VALUES: usize = 600_000;

/// A series that can not be read; the text says where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SeriesError(pub String);

/// The labels that a text like `up{job="x"}` names.
///
/// # Errors
/// When it is not the name of one series.
pub(super) fn read_metric(text: &str) -> Result<LabelSet, SeriesError> {
    let refuse = |what: &str| Err(SeriesError(format!("{text:?}: {what}")));
    let trimmed = text.trim();
    let (name, braces) = trimmed.split_once('{').map_or((trimmed, "}"), |(name, rest)| (name.trim(), rest));
    if !name.is_empty() && !crate::file::is_metric_name(name) {
        return refuse("this is no name of a series");
    }
    let Some(inside) = braces.trim_end().strip_suffix('}') else { return refuse("the braces do not close") };
    let inside = inside.trim().trim_end_matches(',');
    let named = (!name.is_empty()).then(|| (NAME.to_owned(), name.to_owned()));
    if inside.is_empty() {
        return if trimmed.is_empty() { refuse("a series is expected") } else { Ok(LabelSet::new(named)) };
    }
    // The parser of selectors reads labels and their escapes; an additional matcher makes any of them a selector.
    let matchers =
        selector(&format!("{{{inside},vigie_any!=\"\"}}")).map_err(|error| SeriesError(error.to_string()))?;
    let mut labels: Vec<(String, String)> = named.into_iter().collect();
    for matcher in matchers.iter().filter(|matcher| matcher.name() != "vigie_any") {
        let Some(value) = matcher.exact() else { return refuse("the labels of a series are written with =") };
        labels.push((matcher.name().to_owned(), value.to_owned()));
    }
    Ok(LabelSet::new(labels))
}

/// The samples of one series, `interval_ms` apart from 0.
///
/// # Errors
/// When the labels or the values can not be read, or there are more than half a million.
pub fn read_series(series: &str, values: &str, interval_ms: i64) -> Result<(LabelSet, Vec<(i64, f64)>), SeriesError> {
    let labels = read_metric(series)?;
    let mut samples = Vec::new();
    let mut turn = 0;
    for word in values.split_whitespace() {
        let bad = || SeriesError(format!("{series}: unexpected {word:?} in series values"));
        let run = run(word).ok_or_else(bad)?;
        if turn + run.count > MAX_VALUES {
            return Err(SeriesError(format!("{series}: more than {MAX_VALUES} values")));
        }
        let mut value = run.value;
        for _ in 0..run.count {
            if let Some(now) = &mut value {
                samples.push((interval_ms.saturating_mul(turn as i64), *now));
                *now += run.step;
            }
            turn += 1;
        }
    }
    Ok((labels, samples))
}

/// Values one after the other; none where nothing was measured.
struct Run {
    value: Option<f64>,
    step: f64,
    count: usize,
}

fn run(word: &str) -> Option<Run> {
    if let Some(rest) = word.strip_prefix('_') {
        let count = if rest.is_empty() { 1 } else { rest.strip_prefix('x')?.parse().ok()? };
        return Some(Run { value: None, step: 0.0, count });
    }
    let times = |rest: &str| rest.strip_prefix('x')?.parse::<usize>().ok()?.checked_add(1);
    if word == "stale" {
        return Some(Run { value: Some(STALE_NAN), step: 0.0, count: 1 });
    }
    let length = number_length(word)?;
    let (value, rest) = (number(&word[..length])?, &word[length..]);
    if rest.is_empty() {
        return Some(Run { value: Some(value), step: 0.0, count: 1 });
    }
    if rest.starts_with('x') {
        return Some(Run { value: Some(value), step: 0.0, count: times(rest)? });
    }
    if !rest.starts_with(['+', '-']) {
        return None;
    }
    let length = number_length(rest)?;
    Some(Run { value: Some(value), step: number(&rest[..length])?, count: times(&rest[length..])? })
}

/// How long the number at the beginning of a word is, its sign included.
fn number_length(word: &str) -> Option<usize> {
    let signed = usize::from(word.starts_with(['+', '-']));
    let rest = &word[signed..];
    let lower = rest.to_ascii_lowercase();
    if lower.starts_with("inf") || lower.starts_with("nan") {
        // `Infx3` is one word to Prometheus, and none that it knows.
        let ends = !lower[3..].starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':'));
        return ends.then_some(signed + 3);
    }
    let digits = |from: usize| lower[from..].find(|c: char| !c.is_ascii_digit()).map_or(lower.len(), |at| from + at);
    let mut end = digits(0);
    if lower[end..].starts_with('.') {
        end = digits(end + 1);
    }
    if end == 0 || lower[..end] == *"." {
        return None;
    }
    if lower[end..].starts_with('e') {
        let sign = usize::from(lower[end + 1..].starts_with(['+', '-']));
        let exponent = digits(end + 1 + sign);
        if exponent > end + 1 + sign {
            end = exponent;
        }
    }
    Some(signed + end)
}

fn number(text: &str) -> Option<f64> {
    let (negative, unsigned) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = unsigned.to_ascii_lowercase();
    let value: f64 = lower.parse().ok()?;
    Some(if negative { -value } else { value })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(text: &str) -> Vec<(i64, f64)> {
        read_series("up", text, 10).expect("values").1
    }

    #[test]
    fn the_short_writing_stands_for_samples() {
        assert_eq!(values("1 2+3x2 _x2 7x1"), [(0, 1.0), (10, 2.0), (20, 5.0), (30, 8.0), (60, 7.0), (70, 7.0)]);
        assert_eq!(values("-1-1x1 _ 1e3 0x1"), [(0, -1.0), (10, -2.0), (30, 1000.0), (40, 0.0), (50, 0.0)]);
        assert!(values("stale")[0].1.to_bits() == STALE_NAN.to_bits());
        assert_eq!(values("Inf -inf"), [(0, f64::INFINITY), (10, f64::NEG_INFINITY)]);
        for bad in ["Infx3", "stalex3", "a", "1+", "1+2", "1x", "_y", "1+2y3", "1x-1", "."] {
            assert!(read_series("up", bad, 10).is_err(), "{bad}");
        }
        assert!(read_series("up", "1x9999999999", 10).is_err());
    }

    #[test]
    fn a_series_has_labels_with_equal_signs() {
        let labels = read_metric(r#"up{job="a\"b", z="1",}"#).expect("a series");
        assert_eq!((labels.get(NAME), labels.get("job"), labels.get("z")), ("up", "a\"b", "1"));
        assert_eq!(read_metric("{}").expect("no labels"), LabelSet::default());
        for bad in ["", "up{", "up{a!=\"1\"}", "1up", "up{a=1}"] {
            assert!(read_metric(bad).is_err(), "{bad}");
        }
    }
}
