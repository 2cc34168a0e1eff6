//! How does a schedule of people on call stand in a file, and does it make sense?
//!
//! ```toml
#![doc = include_str!("schedule.toml")]
//! ```

use std::collections::BTreeSet;

use jiff::civil::{Date, DateTime};
use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use super::ConfigError;
use super::words::{plain_name, time_of_day, zone_of};
use crate::devices::DEVICES_CHANNEL;
use crate::mind::{Person, Schedule, StandIn};

/// People of one schedule, and turns until the first comes again.
const MAX_PEOPLE: usize = 50;

/// Who stands in, of one schedule, from now on.
const MAX_STAND_INS: usize = 100;

/// Channels of one person.
const MAX_WAYS: usize = 8;

/// The longest turn: a quarter of a year.
const MAX_DAYS: u16 = 92;

/// A `[[schedule]]`, as it stands in a file or in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ScheduleSaid {
    /// Its name.
    pub name: String,
    #[serde(default = "utc")]
    zone: String,
    start: String,
    #[serde(default = "morning")]
    hand_over: String,
    #[serde(default = "week")]
    days: u16,
    turns: Vec<String>,
    person: Vec<PersonSaid>,
    /// Who stands in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stand_in: Vec<StandInSaid>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PersonSaid {
    name: String,
    tell: Vec<WaySaid>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WaySaid {
    channel: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    to: String,
}

/// Somebody stands in, by the schedule's own clocks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StandInSaid {
    /// From when: `2026-01-06T18:00`.
    pub from: String,
    /// Until when.
    pub to: String,
    /// Who.
    pub who: String,
}

fn utc() -> String {
    "UTC".to_owned()
}

fn morning() -> String {
    "09:00".to_owned()
}

fn week() -> u16 {
    7
}

impl ScheduleSaid {
    /// Checks it.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(&self) -> Result<Schedule, ConfigError> {
        let name = plain_name(&self.name)?;
        let wrong = |why: &str| ConfigError::Schedule(name.clone(), why.to_owned());
        let zone = zone_of(&name, &self.zone)?;
        let start: Date = self.start.parse().map_err(|_| wrong("start is a day, as in \"2026-01-05\""))?;
        let hand_over =
            time_of_day(&self.hand_over).ok_or_else(|| wrong("hand_over is a time of day, as in \"09:00\""))?;
        if !(1..=MAX_DAYS).contains(&self.days) {
            return Err(wrong(&format!("a turn has 1 to {MAX_DAYS} days")));
        }
        let people = self.people(&wrong)?;
        let known: BTreeSet<&str> = people.iter().map(|person| person.name.as_str()).collect();
        if self.turns.is_empty() || self.turns.len() > MAX_PEOPLE {
            return Err(wrong(&format!("turns names 1 to {MAX_PEOPLE} people")));
        }
        if let Some(stranger) = self.turns.iter().find(|who| !known.contains(who.as_str())) {
            return Err(wrong(&format!("{stranger:?} takes turns and is none of its people")));
        }
        if self.stand_in.len() > MAX_STAND_INS {
            return Err(wrong(&format!("at most {MAX_STAND_INS} stand in")));
        }
        let mut stand_ins = Vec::new();
        for one in &self.stand_in {
            if !known.contains(one.who.as_str()) {
                return Err(wrong(&format!("{:?} stands in and is none of its people", one.who)));
            }
            let at = |said: &str| {
                let local: Option<DateTime> = said.parse().ok().filter(|_| said.contains('T') && !said.ends_with('Z'));
                let at = local.and_then(|local| zone.to_ambiguous_timestamp(local).compatible().ok());
                at.map(|at| UtcMs(at.as_millisecond())).ok_or_else(|| {
                    wrong("who stands in does so from and to a time of its zone, as in 2026-01-06T18:00")
                })
            };
            let (from, to) = (at(&one.from)?, at(&one.to)?);
            if from >= to {
                return Err(wrong(&format!("{} stands in from {} to {}, which is no time", one.who, one.from, one.to)));
            }
            stand_ins.push(StandIn { from, to, who: one.who.clone() });
        }
        let (days, turns) = (self.days, self.turns.clone());
        Ok(Schedule { name, zone, start, hand_over, days, turns, people, stand_ins })
    }

    fn people(&self, wrong: &impl Fn(&str) -> ConfigError) -> Result<Vec<Person>, ConfigError> {
        if self.person.len() > MAX_PEOPLE {
            return Err(wrong(&format!("it has at most {MAX_PEOPLE} people")));
        }
        let mut people: Vec<Person> = Vec::new();
        for said in &self.person {
            let name = plain_name(&said.name)?;
            if people.iter().any(|known| known.name == name) {
                return Err(wrong(&format!("two of its people are named {name}")));
            }
            if said.tell.is_empty() || said.tell.len() > MAX_WAYS {
                return Err(wrong(&format!("{name} is told by 1 to {MAX_WAYS} channels")));
            }
            if said.tell.iter().any(|way| way.channel == DEVICES_CHANNEL && way.to.is_empty()) {
                return Err(wrong(&format!(
                    "{name} is told by {DEVICES_CHANNEL} at the mail address they sign in with"
                )));
            }
            let tell = said.tell.iter().map(|way| Ok((plain_name(&way.channel)?, reached(&name, &way.to, wrong)?)));
            people.push(Person { tell: tell.collect::<Result<_, ConfigError>>()?, name });
        }
        Ok(people)
    }
}

/// A number or an address: what a message is sent to, and nothing that ends a line or a header.
fn reached(name: &str, to: &str, wrong: &impl Fn(&str) -> ConfigError) -> Result<String, ConfigError> {
    let plain = |c: char| c.is_ascii_graphic() && !matches!(c, '"' | '<' | '>' | '\\' | '/' | ',' | ';');
    if to.len() > 254 || !to.chars().all(plain) {
        return Err(wrong(&format!("{name} is told at a number or an address, written plainly")));
    }
    Ok(to.to_owned())
}
