//! How long does this hub keep what, and of whom?

mod said;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Deserialize;
use vigie_model::Slug;
use vigie_node::Keeping;

pub(crate) use said::{TABLE, Terms};

/// `[retention]` as it stands in the file, in days. What is 0 or left out is kept for ever; a client's as all others'.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetentionSaid {
    raw_days: Option<u32>,
    minute_days: Option<u32>,
    hour_days: Option<u32>,
    /// What is otherwise for some clients.
    clients: BTreeMap<String, DaysSaid>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct DaysSaid {
    raw_days: Option<u32>,
    minute_days: Option<u32>,
    hour_days: Option<u32>,
}

/// How long what is kept of each client, as the file says it; it contradicts itself nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Retention {
    all: DaysSaid,
    clients: BTreeMap<Slug, DaysSaid>,
}

/// A setting that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RetentionError {
    #[error("[retention.clients.{0}]: {0:?} can not be the name of a client")]
    Client(String),
    #[error("[retention{0}]: {1}_days is shorter than {2}_days, so that nothing would tell of the time between")]
    Order(String, &'static str, &'static str),
}

impl RetentionSaid {
    pub(crate) fn check(&self) -> Result<Retention, RetentionError> {
        let Self { raw_days, minute_days, hour_days, clients: _ } = self.clone();
        let all = DaysSaid { raw_days, minute_days, hour_days };
        all.keeping("")?;
        let client = |(name, days): (&String, &DaysSaid)| {
            let slug: Slug = name.parse().map_err(|_| RetentionError::Client(name.clone()))?;
            let days = days.or(all);
            days.keeping(&format!(".clients.{name}"))?;
            Ok((slug, days))
        };
        let clients = self.clients.iter().map(client).collect::<Result<_, RetentionError>>()?;
        Ok(Retention { all, clients })
    }
}

impl DaysSaid {
    /// What is not said here is as there.
    fn or(self, other: Self) -> Self {
        Self {
            raw_days: self.raw_days.or(other.raw_days),
            minute_days: self.minute_days.or(other.minute_days),
            hour_days: self.hour_days.or(other.hour_days),
        }
    }

    fn keeping(self, place: &str) -> Result<Keeping, RetentionError> {
        let days = |days: Option<u32>| {
            days.filter(|days| *days > 0).map(|days| Duration::from_secs(24 * 3_600 * u64::from(days)))
        };
        let keeping =
            Keeping { raw: days(self.raw_days), minutes: days(self.minute_days), hours: days(self.hour_days) };
        let is_shorter =
            |one: Option<Duration>, than: Option<Duration>| one.is_some_and(|one| than.is_none_or(|than| one < than));
        if is_shorter(keeping.hours, keeping.raw) {
            return Err(RetentionError::Order(place.to_owned(), "hour", "raw"));
        }
        if is_shorter(keeping.hours, keeping.minutes) {
            return Err(RetentionError::Order(place.to_owned(), "hour", "minute"));
        }
        Ok(keeping)
    }
}

impl Retention {
    /// Whether nothing is ever deleted.
    fn is_for_ever(&self) -> bool {
        let is = |days: &DaysSaid| {
            [days.raw_days, days.minute_days, days.hour_days].iter().all(|days| days.unwrap_or(0) == 0)
        };
        is(&self.all) && self.clients.values().all(is)
    }

    /// The clients that are named.
    fn clients(&self) -> impl Iterator<Item = &Slug> {
        self.clients.keys()
    }

    fn days(&self, client: Option<&Slug>) -> DaysSaid {
        client.and_then(|client| self.clients.get(client)).copied().unwrap_or(self.all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Retention, RetentionError> {
        toml::from_str::<RetentionSaid>(text).expect("a table of days").check()
    }

    fn of(said: &Retention, client: Option<&Slug>) -> Keeping {
        said.days(client).keeping("").expect("it was checked")
    }

    fn days(days: u64) -> Option<Duration> {
        Some(Duration::from_secs(days * 86_400))
    }

    #[test]
    fn what_is_not_said_is_kept_for_ever() {
        assert!(read("").expect("nothing said").is_for_ever());
        assert!(read("raw_days = 0").expect("for ever").is_for_ever());
        let said = read("raw_days = 90\nminute_days = 400").expect("in order");
        assert_eq!(of(&said, None), Keeping { raw: days(90), minutes: days(400), hours: None });
    }

    #[test]
    fn a_client_differs_only_in_what_is_said_of_it() {
        let said =
            read("raw_days = 90\nminute_days = 400\n[clients.acme]\nraw_days = 7\nminute_days = 0").expect("in order");
        let acme: Slug = "acme".parse().expect("a slug");
        assert_eq!(of(&said, Some(&acme)), Keeping { raw: days(7), minutes: None, hours: None });
        let other: Slug = "other".parse().expect("a slug");
        assert_eq!(of(&said, Some(&other)).raw, days(90));
    }

    #[test]
    fn hours_that_would_go_before_what_they_stand_for_are_refused() {
        assert!(matches!(read("raw_days = 90\nhour_days = 30"), Err(RetentionError::Order(..))));
        assert!(matches!(read("hour_days = 30"), Err(RetentionError::Order(..))));
        assert!(matches!(read("[clients.\"a b\"]\nraw_days = 3"), Err(RetentionError::Client(_))));
    }

    #[test]
    fn a_word_that_means_nothing_is_refused() {
        assert!(toml::from_str::<RetentionSaid>("raw_day = 90").is_err());
        assert!(toml::from_str::<RetentionSaid>("[clients.acme]\nraw_day = 90").is_err());
    }
}
