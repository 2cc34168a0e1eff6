//! What do the words of a form mean: `avg 5m`, `10m`, `90%`?

use vigie_serve::{Quantity, RuleWish, Undecided};
use vigie_watch::{Comparison, Reading, Tuning, parse_duration};

/// Letters of a rule's name: it stands in labels and messages.
pub(crate) const NAME_LETTERS: usize = 64;

/// Bytes of a summary: with the rest of the row it fits one value.
const SUMMARY_BYTES: usize = 500;

/// Labels that a series must have.
const MAX_ONLY: usize = 16;

/// Bytes of a label's value, or a metric's name.
const LABEL_BYTES: usize = 128;

/// The longest time that is waited or looked back: what takes a month is no alert.
const LONGEST_MS: i64 = 31 * 86_400_000;

/// What a wish says, checked by itself.
///
/// # Errors
/// When a word means nothing.
pub(crate) fn tuning(wish: &RuleWish) -> Result<Tuning, Undecided> {
    check_name(&wish.name)?;
    let (comparison, threshold) = match (&wish.above, &wish.below) {
        (Some(above), None) => (Some(Comparison::Above), Some(number("above", above)?)),
        (None, Some(below)) => (Some(Comparison::Below), Some(number("below", below)?)),
        (None, None) => (None, None),
        (Some(_), Some(_)) => return Err(senseless("it fires above or below something, not both")),
    };
    let only: Option<Vec<(String, String)>> =
        wish.only.as_ref().map(|only| only.iter().map(|(name, value)| (name.clone(), value.clone())).collect());
    if let Some(metric) = &wish.metric
        && !is_name(metric, true)
    {
        return Err(senseless(&format!("{metric:?} is no name of a series: letters, digits, _ and :")));
    }
    for (name, value) in only.iter().flatten() {
        if !is_name(name, false) || value.len() > LABEL_BYTES {
            return Err(senseless(&format!("{name:?} is no label with a value of at most {LABEL_BYTES} bytes")));
        }
    }
    if only.as_ref().is_some_and(|only| only.len() > MAX_ONLY) {
        return Err(senseless("a series is chosen by at most 16 labels"));
    }
    if wish.summary.as_ref().is_some_and(|summary| summary.len() > SUMMARY_BYTES) {
        return Err(senseless("a summary has at most 500 bytes"));
    }
    let said = Tuning {
        on: wish.on,
        metric: wish.metric.clone(),
        only,
        reading: wish.reading.as_deref().map(reading).transpose()?,
        comparison,
        threshold,
        clear: wish.clear.as_ref().map(|clear| number("clear", clear)).transpose()?,
        for_ms: wish.hold.as_deref().map(duration_ms).transpose()?,
        severity: wish.severity,
        summary: wish.summary.clone(),
    };
    if said == Tuning::default() {
        return Err(senseless("it says nothing: --above, --below, --for, --on, --off, --severity, …"));
    }
    Ok(said)
}

pub(crate) fn check_name(name: &str) -> Result<(), Undecided> {
    let plain = |c: char| c.is_alphanumeric() || "-_. ".contains(c);
    if !name.is_empty() && name.trim() == name && name.chars().count() <= NAME_LETTERS && name.chars().all(plain) {
        return Ok(());
    }
    Err(senseless(&format!("a rule's name has 1 to {NAME_LETTERS} letters, digits, - _ . and spaces; it has not")))
}

fn number(what: &str, amount: &Quantity) -> Result<f64, Undecided> {
    amount.number().ok_or_else(|| senseless(&format!("{what} is a number, or one with %")))
}

fn reading(text: &str) -> Result<Reading, Undecided> {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words[..] {
        ["last"] => Ok(Reading::Last),
        ["avg", over] => Ok(Reading::Average(span_ms(over)?)),
        ["max", over] => Ok(Reading::Largest(span_ms(over)?)),
        ["min", over] => Ok(Reading::Smallest(span_ms(over)?)),
        ["rate", over] => Ok(Reading::PerSecond(span_ms(over)?)),
        ["forecast", over, ahead] => Ok(Reading::Forecast { over_ms: span_ms(over)?, ahead_ms: span_ms(ahead)? }),
        _ => Err(senseless("a reading is last, avg 5m, max 5m, min 5m, rate 5m or forecast 6h 4d")),
    }
}

fn span_ms(text: &str) -> Result<i64, Undecided> {
    match duration_ms(text)? {
        0 => Err(senseless("a reading is over some time")),
        ms => Ok(ms),
    }
}

fn duration_ms(text: &str) -> Result<i64, Undecided> {
    let read = parse_duration(text).ok().filter(|ms| (0..=LONGEST_MS).contains(ms));
    read.ok_or_else(|| senseless(&format!("{:?} is no time of at most 31 days, as in 10m or 1h30m", cut(text))))
}

fn is_name(name: &str, colons: bool) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '_' || colons && c == ':';
    !name.is_empty()
        && name.len() <= LABEL_BYTES
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.chars().all(good)
}

fn cut(text: &str) -> String {
    text.chars().take(40).collect()
}

pub(crate) fn senseless(why: &str) -> Undecided {
    Undecided::Senseless(why.to_owned())
}
