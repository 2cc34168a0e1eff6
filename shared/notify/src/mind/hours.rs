//! When may somebody be told, by the clock on their wall?

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use vigie_model::UtcMs;

/// Days ahead that are looked at for the next opening: every weekday, and one more for what crosses midnight.
const DAYS_AHEAD: i32 = 8;

/// Hours of some days of the week.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// On which days it opens; all if empty.
    pub days: Vec<Weekday>,
    /// When it opens.
    pub from: Time,
    /// When it closes; on the next day if that is not after `from`.
    pub to: Time,
}

/// Windows in a time zone. Without any it is always open.
#[derive(Debug, Clone)]
pub struct Hours {
    zone: TimeZone,
    windows: Vec<Window>,
}

impl Hours {
    /// These windows, by the clocks of that zone.
    pub fn new(zone: TimeZone, windows: Vec<Window>) -> Self {
        Self { zone, windows }
    }

    /// Whether no window is named.
    pub fn is_empty(&self) -> bool {
        self.windows.is_empty()
    }

    /// Whether a window is open.
    pub fn is_open(&self, now: UtcMs) -> bool {
        self.windows.is_empty() || self.around(now).any(|(from, to)| from <= now && now < to)
    }

    /// When a window opens next, if none is open.
    pub fn opens(&self, now: UtcMs) -> Option<UtcMs> {
        self.around(now).map(|(from, _)| from).filter(|from| *from > now).min()
    }

    /// When the window that is open closes, those that follow without a pause counted in.
    pub fn closes(&self, now: UtcMs) -> Option<UtcMs> {
        let mut until = now;
        while let Some((_, to)) = self.around(now).find(|(from, to)| *from <= until && until < *to) {
            until = to;
        }
        (until > now).then_some(until)
    }

    /// Its openings from yesterday to a week ahead, in order; none where no window is named.
    pub fn openings(&self, now: UtcMs) -> Vec<(UtcMs, UtcMs)> {
        let mut openings: Vec<(UtcMs, UtcMs)> = self.around(now).filter(|(from, to)| from < to).collect();
        openings.sort_unstable();
        openings
    }

    /// Minutes by which the zone's clocks are ahead of UTC at that time.
    pub fn offset_minutes(&self, at: UtcMs) -> i16 {
        let Ok(at) = Timestamp::from_millisecond(at.0) else { return 0 };
        // At most 26 hours either way.
        (self.zone.to_offset(at).seconds() / 60) as i16
    }

    /// The openings from yesterday to a week ahead. A time that clocks skip in spring is taken as much later; one that
    /// they show twice in autumn, at its first.
    fn around(&self, now: UtcMs) -> impl Iterator<Item = (UtcMs, UtcMs)> + '_ {
        let today = Timestamp::from_millisecond(now.0).ok().map(|now| self.zone.to_datetime(now).date());
        let days = today
            .into_iter()
            .flat_map(|today| (-1..=DAYS_AHEAD).filter_map(move |ahead| today.checked_add(ahead.days()).ok()));
        days.flat_map(move |day| {
            let of_day = self.windows.iter().filter(move |w| w.days.is_empty() || w.days.contains(&day.weekday()));
            of_day.filter_map(move |window| {
                let end = if window.to > window.from { day } else { day.tomorrow().ok()? };
                Some((self.utc(day.to_datetime(window.from))?, self.utc(end.to_datetime(window.to))?))
            })
        })
    }

    fn utc(&self, local: jiff::civil::DateTime) -> Option<UtcMs> {
        let at = self.zone.to_ambiguous_timestamp(local).compatible().ok()?;
        Some(UtcMs(at.as_millisecond()))
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::time;

    use super::*;

    fn at(text: &str) -> UtcMs {
        UtcMs(text.parse::<Timestamp>().expect("a time").as_millisecond())
    }

    fn paris() -> TimeZone {
        // By its rule, so that the test needs no file of the system.
        TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule")
    }

    fn nights() -> Hours {
        Hours::new(paris(), vec![Window { days: Vec::new(), from: time(22, 0, 0, 0), to: time(6, 0, 0, 0) }])
    }

    #[test]
    fn a_night_crosses_midnight() {
        let nights = nights();
        for open in ["2026-01-10T21:00:00Z", "2026-01-11T00:00:00Z", "2026-01-11T04:59:59Z"] {
            assert!(nights.is_open(at(open)), "{open}");
        }
        for closed in ["2026-01-10T20:59:59Z", "2026-01-11T05:00:00Z"] {
            assert!(!nights.is_open(at(closed)), "{closed}");
        }
        assert_eq!(nights.closes(at("2026-01-10T21:00:00Z")), Some(at("2026-01-11T05:00:00Z")));
        assert_eq!(nights.opens(at("2026-01-11T05:00:00Z")), Some(at("2026-01-11T21:00:00Z")));
    }

    #[test]
    fn a_night_follows_the_clocks_through_the_change_to_summer_and_back() {
        let nights = nights();
        assert_eq!(nights.closes(at("2026-03-28T21:00:00Z")), Some(at("2026-03-29T04:00:00Z")), "one hour shorter");
        assert_eq!(nights.closes(at("2026-10-24T20:00:00Z")), Some(at("2026-10-25T05:00:00Z")), "one hour longer");
        assert_eq!(nights.offset_minutes(at("2026-07-01T00:00:00Z")), 120);
        assert_eq!(nights.offset_minutes(at("2026-12-01T00:00:00Z")), 60);
    }

    #[test]
    fn working_days_leave_the_weekend_out() {
        let days = vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let work = Hours::new(paris(), vec![Window { days, from: time(8, 0, 0, 0), to: time(18, 0, 0, 0) }]);
        assert!(work.is_open(at("2026-01-09T16:59:00Z")), "a Friday");
        assert!(!work.is_open(at("2026-01-10T12:00:00Z")), "a Saturday");
        assert_eq!(work.opens(at("2026-01-09T17:00:00Z")), Some(at("2026-01-12T07:00:00Z")));
    }

    #[test]
    fn without_windows_it_is_always_open_and_a_full_day_never_closes_for_long() {
        assert!(Hours::new(TimeZone::UTC, Vec::new()).is_open(at("2026-01-09T17:00:00Z")));
        let all_day = Window { days: Vec::new(), from: time(0, 0, 0, 0), to: time(0, 0, 0, 0) };
        let always = Hours::new(paris(), vec![all_day]);
        assert!(always.is_open(at("2026-01-09T23:30:00Z")));
        assert!(always.closes(at("2026-01-09T23:30:00Z")) > Some(at("2026-01-15T00:00:00Z")));
    }

    #[test]
    fn times_beyond_all_calendars_do_no_harm() {
        for far in [i64::MIN, i64::MAX] {
            assert!(!nights().is_open(UtcMs(far)));
            assert_eq!(nights().opens(UtcMs(far)), None);
            assert_eq!(nights().offset_minutes(UtcMs(far)), 0);
        }
    }
}
