//! How were the last days of something that stands on some machines?

use vigie_model::{NodeId, UtcMs};

use crate::{DAY_MS, DayMinutes, STATUS_DAYS, StatusDays};

/// Minutes of a whole day.
const DAY_MINUTES: u32 = 1_440;

/// Of a day's minutes so many hundredths may be down before it was a bad one.
const BAD_PERCENT: u64 = 10;

/// Of so many minutes one may be unverified before the day counts as not verified: some seven of a machine's day, which a
/// restart of its agent takes.
const UNSURE_OF: u64 = 200;

/// The last days, the oldest first; the last one is today, as far as it went.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct History {
    pub(crate) days: Vec<Day>,
    /// Of all of them together.
    pub(crate) all: Sum,
}

/// One day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Day {
    /// Counted since 1970, in UTC.
    pub(crate) day: i32,
    /// Machines that were watched by then.
    pub(crate) machines: u64,
    /// Nothing where it was not worked out, or before anything was known.
    pub(crate) sum: Option<Sum>,
}

/// Minutes of machines.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Sum {
    pub(crate) up: u64,
    pub(crate) down: u64,
    pub(crate) unverified: u64,
}

/// How a day was, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Was {
    /// Up for all that is known.
    Well,
    /// Some of it was down.
    Disturbed,
    /// Much of it was.
    Bad,
    /// Nothing is known of it.
    Unknown,
}

impl Day {
    /// Minutes of several machines as of one: so long on the average, whether the day is over or not.
    pub(crate) fn of_one_ms(&self, minutes: u64) -> i64 {
        i64::try_from(minutes * 60_000 / self.machines.max(1)).unwrap_or(i64::MAX)
    }
}

impl Sum {
    /// How it was.
    pub(crate) fn was(self) -> Was {
        match self {
            Self { up: 0, down: 0, .. } => Was::Unknown,
            Self { down: 0, .. } => Was::Well,
            Self { up, down, .. } if down * 100 >= (up + down) * BAD_PERCENT => Was::Bad,
            _ => Was::Disturbed,
        }
    }

    /// Whether a part that counts is not known.
    pub(crate) fn is_unsure(self) -> bool {
        self.unverified * UNSURE_OF > self.all()
    }

    /// The share of up in what is verified.
    pub(crate) fn share(self) -> Option<f64> {
        let verified = self.up + self.down;
        (verified > 0).then(|| self.up as f64 / verified as f64)
    }

    /// The share of what is verified in all of it.
    pub(crate) fn verified(self) -> Option<f64> {
        (self.all() > 0).then(|| (self.up + self.down) as f64 / self.all() as f64)
    }

    fn all(self) -> u64 {
        self.up + self.down + self.unverified
    }

    fn add(&mut self, minutes: DayMinutes) {
        self.up += u64::from(minutes.up);
        self.down += u64::from(minutes.down);
        self.unverified += u64::from(minutes.unverified);
    }

    fn and(self, other: Self) -> Self {
        Self { up: self.up + other.up, down: self.down + other.down, unverified: self.unverified + other.unverified }
    }
}

/// The day of a moment.
pub(crate) fn day_of(at: UtcMs) -> i32 {
    i32::try_from(at.0.div_euclid(DAY_MS)).unwrap_or(0)
}

impl History {
    /// What is known of these machines' days. A machine counts from the first day on of which anything is known: before that
    /// nobody watched it.
    pub(crate) fn of(machines: &[NodeId], days: &StatusDays, now: UtcMs) -> Self {
        let today = day_of(now);
        let first = today - (STATUS_DAYS - 1);
        let begun: Vec<Option<i32>> = machines.iter().map(|machine| begun(*machine, days, first, today)).collect();
        let gone = u32::try_from(now.0.rem_euclid(DAY_MS) / 60_000).unwrap_or(0);
        let days: Vec<Day> = (first..=today)
            .map(|day| {
                let whole = if day == today { gone } else { DAY_MINUTES };
                let nothing = DayMinutes { unverified: u16::try_from(whole).unwrap_or(0), ..DayMinutes::default() };
                let mut sum = Sum::default();
                let there = machines.iter().zip(&begun).filter(|(_, begun)| begun.is_some_and(|begun| begun <= day));
                let machines = there.map(|(machine, _)| sum.add(days.of(day, *machine).unwrap_or(nothing))).count();
                Day { day, machines: machines as u64, sum: days.day(day).map(|_| sum).filter(|sum| sum.all() > 0) }
            })
            .collect();
        let all = days.iter().filter_map(|day| day.sum).fold(Sum::default(), Sum::and);
        Self { days, all }
    }

    /// The first day of which anything is counted.
    pub(crate) fn begun(&self) -> Option<i32> {
        self.days.iter().find(|day| day.sum.is_some()).map(|day| day.day)
    }
}

fn begun(machine: NodeId, days: &StatusDays, first: i32, today: i32) -> Option<i32> {
    (first..=today).find(|day| days.of(*day, machine).is_some_and(|minutes| minutes.verified() > 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UtcMs = UtcMs(1_795_258_930_000);

    fn node(n: u8) -> NodeId {
        NodeId::from_bytes([n; 16])
    }

    fn minutes(up: u16, down: u16, unverified: u16) -> DayMinutes {
        DayMinutes { up, down, unverified }
    }

    #[test]
    fn a_day_of_which_nothing_is_known_is_neither_good_nor_bad() {
        let (mut days, today) = (StatusDays::default(), day_of(NOW));
        days.put(today - 3, [(node(1), minutes(1_440, 0, 0))]);
        days.put(today - 2, []);
        days.put(today - 1, [(node(1), minutes(700, 20, 720))]);
        let history = History::of(&[node(1)], &days, NOW);
        assert_eq!(history.days.len(), 90);
        let of = |back: usize| history.days[89 - back].sum;
        assert_eq!(of(4), None, "nobody watched it then");
        assert_eq!(of(3).map(Sum::was), Some(Was::Well));
        let cut = of(2).expect("worked out");
        assert!(cut.was() == Was::Unknown && cut.is_unsure() && cut.share().is_none(), "{cut:?}");
        let part = of(1).expect("worked out");
        assert!(part.was() == Was::Disturbed && part.is_unsure(), "{part:?}");
        assert_eq!(of(0), None, "today was not worked out");
        assert_eq!(history.all, Sum { up: 2_140, down: 20, unverified: 2_160 });
    }

    #[test]
    fn of_a_day_that_goes_on_no_more_is_told_than_there_was() {
        let (mut days, today) = (StatusDays::default(), day_of(NOW));
        days.put(today, [(node(1), minutes(60, 20, 0)), (node(2), minutes(80, 0, 0))]);
        let history = History::of(&[node(1), node(2)], &days, NOW);
        let day = history.days[89];
        assert_eq!(day.sum.map(|sum| day.of_one_ms(sum.down)), Some(10 * 60_000));
    }

    #[test]
    fn a_machine_counts_from_when_it_was_first_known() {
        let (mut days, today) = (StatusDays::default(), day_of(NOW));
        days.put(today - 2, [(node(1), minutes(1_440, 0, 0))]);
        days.put(today - 1, [(node(1), minutes(1_440, 0, 0)), (node(2), minutes(0, 1_440, 0))]);
        let history = History::of(&[node(1), node(2)], &days, NOW);
        assert_eq!(history.days[87].sum, Some(Sum { up: 1_440, down: 0, unverified: 0 }));
        assert_eq!(history.days[88].sum.map(Sum::was), Some(Was::Bad));
    }
}
