//! Which day is it, and which hour?

/// A part of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Minute,
    Hour,
    DayOfWeek,
    DayOfMonth,
    DayOfYear,
    DaysInMonth,
    Month,
    Year,
}

const SECONDS_PER_DAY: i128 = 86_400;

/// Prometheus' dates begin with this many seconds before 1970 and wrap around after 2^64: only numbers that are no dates
/// (NaN, infinity) come near.
const SECONDS_BEFORE_1970: i128 = 9_223_372_028_715_321_600;

impl Part {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "minute" => Self::Minute,
            "hour" => Self::Hour,
            "day_of_week" => Self::DayOfWeek,
            "day_of_month" => Self::DayOfMonth,
            "day_of_year" => Self::DayOfYear,
            "days_in_month" => Self::DaysInMonth,
            "month" => Self::Month,
            "year" => Self::Year,
            _ => return None,
        })
    }

    /// This part of a moment in seconds since 1970 UTC.
    pub(crate) fn of(self, seconds: f64) -> f64 {
        // What is no 64-bit number becomes the smallest one, as on the machines that Prometheus runs on.
        let fits = seconds >= i64::MIN as f64 && seconds < i64::MAX as f64;
        let whole = if fits { seconds as i64 } else { i64::MIN };
        let since_begin = (i128::from(whole) + SECONDS_BEFORE_1970).rem_euclid(1 << 64);
        let day = since_begin / SECONDS_PER_DAY - SECONDS_BEFORE_1970 / SECONDS_PER_DAY;
        let second = since_begin % SECONDS_PER_DAY;
        let date = Date::of(day);
        let part = match self {
            Self::Minute => second % 3_600 / 60,
            Self::Hour => second / 3_600,
            // The first of January 1970 was a Thursday.
            Self::DayOfWeek => (day + 4).rem_euclid(7),
            Self::DayOfMonth => date.day,
            Self::DayOfYear => day - first_of(date.year, 1) + 1,
            Self::DaysInMonth => {
                let (year, month) = if date.month == 12 { (date.year + 1, 1) } else { (date.year, date.month + 1) };
                first_of(year, month) - first_of(date.year, date.month)
            }
            Self::Month => date.month,
            Self::Year => date.year,
        };
        part as f64
    }
}

/// A day of the Gregorian calendar.
struct Date {
    year: i128,
    month: i128,
    day: i128,
}

impl Date {
    /// The date so many days after the first of January 1970. Counts years from March, so that a leap day is the last of
    /// its year, in cycles of 400 years.
    fn of(days: i128) -> Self {
        let since_march = days + 719_468;
        let (cycle, day) = (since_march.div_euclid(146_097), since_march.rem_euclid(146_097));
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
        let day_of_year = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day_of_year + 2) / 153;
        let day = day_of_year - (153 * month + 2) / 5 + 1;
        let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
        Self { year: cycle * 400 + year + next, month, day }
    }
}

/// Days from the first of January 1970 to the first of a month.
fn first_of(year: i128, month: i128) -> i128 {
    let year = if month <= 2 { year - 1 } else { year };
    let (cycle, of_cycle) = (year.div_euclid(400), year.rem_euclid(400));
    let since_march = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * since_march + 2) / 5;
    cycle * 146_097 + of_cycle * 365 + of_cycle / 4 - of_cycle / 100 + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use time::{Date as Known, Duration, Month};

    use super::*;

    #[test]
    fn every_day_of_six_centuries_is_the_day_that_calendars_say() {
        let first = Known::from_calendar_date(1750, Month::January, 1).expect("a date");
        for at in 0..220_000 {
            let day = first + Duration::days(at);
            let seconds = (day.midnight().assume_utc().unix_timestamp() + 45_296) as f64;
            let wanted = [
                (Part::Year, i64::from(day.year())),
                (Part::Month, i64::from(u8::from(day.month()))),
                (Part::DayOfMonth, i64::from(day.day())),
                (Part::DayOfYear, i64::from(day.ordinal())),
                (Part::DayOfWeek, i64::from(day.weekday().number_days_from_sunday())),
                (Part::DaysInMonth, i64::from(day.month().length(day.year()))),
                (Part::Hour, 12),
                (Part::Minute, 34),
            ];
            for (part, wanted) in wanted {
                assert_eq!(part.of(seconds), wanted as f64, "{part:?} of {day}");
            }
        }
    }

    #[test]
    fn what_is_no_moment_has_a_date_all_the_same() {
        for nonsense in [f64::NAN, f64::INFINITY, f64::MIN, f64::MAX, i64::MAX as f64] {
            assert!((1.0..=12.0).contains(&Part::Month.of(nonsense)));
        }
    }
}
