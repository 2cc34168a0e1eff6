//! What do names, zones, days and times of day say?

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use super::ConfigError;

/// The longest name: it stands in rows and labels.
pub(super) const MAX_NAME_BYTES: usize = 64;

/// Steps of a ladder, and what each tells: beyond ten minutes of climbing somebody is called by other means.
pub(super) const MAX_STEPS: usize = 20;

/// The longest wait, interval or repetition.
pub(super) const MAX_SECONDS: u32 = 31 * 86_400;

pub(super) fn zone_of(name: &str, zone: &str) -> Result<TimeZone, ConfigError> {
    let no_zone = |_| ConfigError::Zone(name.to_owned(), zone.to_owned());
    if zone == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(zone).map_err(no_zone) }
}

pub(super) fn plain_name(name: &str) -> Result<String, ConfigError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.chars().all(plain);
    if good { Ok(name.to_owned()) } else { Err(ConfigError::Name(name.chars().take(MAX_NAME_BYTES).collect())) }
}

pub(super) fn time_of_day(said: &str) -> Option<Time> {
    let (hour, minute) = said.split_once(':')?;
    let number = |digits: &str| (digits.len() == 2).then(|| digits.parse::<i8>().ok()).flatten();
    // The end of a day is the beginning of the next.
    let hour = number(hour)?;
    let minute = number(minute)?;
    if (hour, minute) == (24, 0) { Some(Time::midnight()) } else { Time::new(hour, minute, 0, 0).ok() }
}

/// One day, or some that follow one another.
pub(super) fn some_days(said: &str) -> Option<Vec<Weekday>> {
    let (first, last) = said.split_once('-').unwrap_or((said, said));
    let (first, last) = (weekday(first)?, weekday(last)?);
    let after = |days: &i64| first.wrapping_add(*days);
    let count = i64::from(first.until(last));
    Some((0..=count).map(|days| after(&days)).collect())
}

fn weekday(said: &str) -> Option<Weekday> {
    let all = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let at = all.iter().position(|day| *day == said)?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}
