//! Who is on call at a moment?
//!
//! People take turns of so many days, from a date on, and hand over at a time of their own wall clock: a turn is an hour
//! shorter or longer where clocks are set in it. Who stands in for somebody does so from one moment to another.

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use vigie_model::UtcMs;

/// A person, and how they are told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Their name.
    pub name: String,
    /// Channels, each with to whom: a number, an address; empty for a channel with one receiver.
    pub tell: Vec<(String, String)>,
}

/// Somebody stands in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// From when.
    pub from: UtcMs,
    /// Until when, exclusive.
    pub to: UtcMs,
    /// Who, among the schedule's people.
    pub who: String,
}

/// Who is on call when. Made by [`crate::config`], which refuses what makes no sense.
#[derive(Debug, Clone)]
pub struct Schedule {
    /// Its name.
    pub name: String,
    /// Whose clocks.
    pub zone: TimeZone,
    /// The day on which the first of the people begins.
    pub start: Date,
    /// When they hand over.
    pub hand_over: Time,
    /// How many days a turn has.
    pub days: u16,
    /// In which order; a name may come more than once.
    pub turns: Vec<String>,
    /// Everybody who takes turns or stands in.
    pub people: Vec<Person>,
    /// Of two that overlap the later in the list holds.
    pub stand_ins: Vec<StandIn>,
}

/// Who is on call, and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OnCall {
    /// Who.
    pub person: Person,
    /// Until somebody else is, or may be.
    pub until: UtcMs,
    /// They stand in for somebody.
    pub stands_in: bool,
}

impl Schedule {
    /// Who is on call at that time; nobody before the first turn begins.
    pub fn at(&self, now: UtcMs) -> Option<OnCall> {
        let covers = |one: &&StandIn| one.from <= now && now < one.to;
        let turn = self.turn(now);
        // Whoever is on call is so until the next stand-in begins, at the latest.
        let begins = self.stand_ins.iter().map(|one| one.from).filter(|from| *from > now).min();
        let until = |until: UtcMs| begins.map_or(until, |begins| begins.min(until));
        if let Some(one) = self.stand_ins.iter().rev().find(covers) {
            return Some(OnCall { person: self.person(&one.who)?, until: until(one.to), stands_in: true });
        }
        let (turn, end) = turn?;
        Some(OnCall { person: self.person(&self.turns[turn % self.turns.len()])?, until: until(end), stands_in: false })
    }

    /// A time by its clocks, to the second, as who stands in is said in files.
    pub fn local(&self, at: UtcMs) -> String {
        let at = Timestamp::from_millisecond(at.0).unwrap_or_default();
        self.zone.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string()
    }

    /// Which turn it is, counted from the first, and when it ends.
    fn turn(&self, now: UtcMs) -> Option<(usize, UtcMs)> {
        let today = self.zone.to_datetime(Timestamp::from_millisecond(now.0).ok()?).date();
        let days = i64::from(today.since(self.start).ok()?.get_days());
        let length = i64::from(self.days.max(1));
        // Today's turn, or the one before it, before they hand over.
        [days.div_euclid(length), days.div_euclid(length) - 1].into_iter().find_map(|turn| {
            let (from, to) = (self.begins(turn)?, self.begins(turn + 1)?);
            (turn >= 0 && from <= now && now < to).then(|| (usize::try_from(turn).unwrap_or_default(), to))
        })
    }

    /// When a turn begins. A time that clocks skip in spring is taken as much later, one that they show twice at its first.
    fn begins(&self, turn: i64) -> Option<UtcMs> {
        let ahead = turn.checked_mul(i64::from(self.days.max(1)))?;
        let day = self.start.checked_add(i32::try_from(ahead).ok()?.days()).ok()?;
        let at = self.zone.to_ambiguous_timestamp(day.to_datetime(self.hand_over)).compatible().ok()?;
        Some(UtcMs(at.as_millisecond()))
    }

    fn person(&self, name: &str) -> Option<Person> {
        self.people.iter().find(|person| person.name == name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::{date, time};

    use super::*;

    fn at(text: &str) -> UtcMs {
        UtcMs(text.parse::<Timestamp>().expect("a time").as_millisecond())
    }

    fn schedule(days: u16) -> Schedule {
        let person = |name: &str| Person { name: name.to_owned(), tell: vec![("sms".to_owned(), String::new())] };
        Schedule {
            name: "n1".to_owned(),
            // By its rule, so that the test needs no file of the system.
            zone: TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").expect("a rule"),
            start: date(2026, 1, 5),
            hand_over: time(9, 0, 0, 0),
            days,
            turns: ["marie", "paul", "zoe"].map(str::to_owned).to_vec(),
            people: ["marie", "paul", "zoe", "max"].map(person).to_vec(),
            stand_ins: Vec::new(),
        }
    }

    fn who(schedule: &Schedule, when: &str) -> Option<(String, UtcMs)> {
        schedule.at(at(when)).map(|found| (found.person.name, found.until))
    }

    fn is(name: &str, until: &str) -> Option<(String, UtcMs)> {
        Some((name.to_owned(), at(until)))
    }

    #[test]
    fn a_week_passes_from_one_to_the_next_on_a_monday_morning() {
        let week = schedule(7);
        assert_eq!(who(&week, "2026-01-05T07:59:59Z"), None, "nobody before the first");
        assert_eq!(who(&week, "2026-01-05T08:00:00Z"), is("marie", "2026-01-12T08:00:00Z"));
        assert_eq!(who(&week, "2026-01-12T07:59:59Z"), is("marie", "2026-01-12T08:00:00Z"));
        assert_eq!(who(&week, "2026-01-12T08:00:00Z"), is("paul", "2026-01-19T08:00:00Z"));
        assert_eq!(who(&week, "2026-01-26T08:00:00Z"), is("marie", "2026-02-02T08:00:00Z"));
    }

    #[test]
    fn where_clocks_are_set_they_hand_over_at_the_same_time_of_the_wall() {
        let (day, week) = (schedule(1), schedule(7));
        // Clocks go from 02:00 to 03:00 on 29 March, and back on 25 October.
        let (_, before) = who(&day, "2026-03-28T12:00:00Z").expect("somebody");
        assert_eq!(before, at("2026-03-29T07:00:00Z"), "23 hours");
        let (_, after) = who(&day, "2026-10-24T12:00:00Z").expect("somebody");
        assert_eq!(after, at("2026-10-25T08:00:00Z"), "25 hours");
        let mut now = at("2026-01-05T08:00:00Z");
        let mut turns = 0;
        while now < at("2027-01-04T08:00:00Z") {
            let found = week.at(now).expect("somebody");
            assert!(found.until > now);
            assert_eq!(found.person.name, ["marie", "paul", "zoe"][turns % 3], "{now:?}");
            (now, turns) = (found.until, turns + 1);
        }
        assert_eq!(turns, 52, "each week has one turn");
    }

    #[test]
    fn each_moment_of_a_year_has_one_person_and_no_turn_is_left_out() {
        for days in [1, 3, 7, 14] {
            let schedule = schedule(days);
            let mut now = at("2026-01-05T08:00:00Z").0;
            let mut last: Option<OnCall> = None;
            while now < at("2027-01-05T08:00:00Z").0 {
                let found = schedule.at(UtcMs(now)).expect("somebody");
                if let Some(last) = last.filter(|last| last.person != found.person) {
                    assert!(
                        UtcMs(now - 900_000) < last.until && last.until <= UtcMs(now),
                        "nobody leaves before their time"
                    );
                }
                last = Some(found);
                now += 900_000;
            }
        }
    }

    #[test]
    fn who_stands_in_does_so_from_one_moment_to_another() {
        let mut week = schedule(7);
        let stand_in = |from: &str, to: &str, who: &str| StandIn { from: at(from), to: at(to), who: who.to_owned() };
        week.stand_ins = vec![
            stand_in("2026-01-06T18:00:00Z", "2026-01-07T18:00:00Z", "max"),
            stand_in("2026-01-07T06:00:00Z", "2026-01-07T08:00:00Z", "zoe"),
        ];
        assert_eq!(who(&week, "2026-01-06T17:00:00Z"), is("marie", "2026-01-06T18:00:00Z"));
        assert_eq!(who(&week, "2026-01-06T18:00:00Z"), is("max", "2026-01-07T06:00:00Z"));
        assert_eq!(who(&week, "2026-01-07T07:00:00Z"), is("zoe", "2026-01-07T08:00:00Z"), "the later of two");
        assert_eq!(who(&week, "2026-01-07T08:00:00Z"), is("max", "2026-01-07T18:00:00Z"));
        assert_eq!(who(&week, "2026-01-07T18:00:00Z"), is("marie", "2026-01-12T08:00:00Z"));
    }

    #[test]
    fn times_beyond_all_calendars_do_no_harm() {
        for far in [i64::MIN, i64::MAX] {
            assert_eq!(schedule(1).at(UtcMs(far)), None);
        }
    }
}
