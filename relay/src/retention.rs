//! How long does this relay keep what?

use std::time::Duration;

use serde::Deserialize;
use vigie_store::{Options, Rollups};
use vigie_sync::Sends;

/// `[retention]` as it stands in the file, in days. What is 0 is kept for as long as there is room.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct RetentionSaid {
    raw_days: Option<u32>,
    minute_days: Option<u32>,
    hour_days: Option<u32>,
}

/// How long what is kept, checked. What is not said is as [`Options::relay`] has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// Ticks that the hub knows by their hours.
    raw: Option<Duration>,
    minutes: Option<Option<Duration>>,
    hours: Option<Option<Duration>>,
}

/// A setting that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RetentionError {
    #[error(
        "[retention] raw_days is for a relay that sends hours in place of ticks (link.send = \"rollups\"); here a tick goes \
         keep_hours after the hub has signed for it"
    )]
    NotThinning,
    #[error("[retention] minute_days is nothing without raw_days: minutes are made only where samples go before them")]
    NoMinutes,
    #[error("[retention] {0}_days is shorter than {1}_days, so that nothing would tell of the time between")]
    Order(&'static str, &'static str),
}

fn days(days: u32) -> Option<Duration> {
    (days > 0).then(|| Duration::from_secs(24 * 3_600 * u64::from(days)))
}

impl RetentionSaid {
    pub(crate) fn check(self, sends: Sends) -> Result<Retention, RetentionError> {
        let raw = self.raw_days.and_then(days);
        let retention = Retention { raw, minutes: self.minute_days.map(days), hours: self.hour_days.map(days) };
        if raw.is_some() && sends != Sends::Rollups {
            return Err(RetentionError::NotThinning);
        }
        if raw.is_none() && retention.minutes.is_some() {
            return Err(RetentionError::NoMinutes);
        }
        let mut options = Options::relay(0);
        retention.put_into(&mut options);
        let is_shorter =
            |than: Option<Duration>| options.hours_for.is_some_and(|hours| than.is_none_or(|than| hours < than));
        if raw.is_some() && is_shorter(raw) {
            return Err(RetentionError::Order("hour", "raw"));
        }
        if retention.minutes.is_some() && is_shorter(options.minutes_for) {
            return Err(RetentionError::Order("hour", "minute"));
        }
        Ok(retention)
    }
}

impl Retention {
    /// Says it to the store.
    pub(crate) fn put_into(self, options: &mut Options) {
        options.raw_for = self.raw;
        options.hours_for = self.hours.unwrap_or(options.hours_for);
        if let Some(minutes) = self.minutes {
            (options.rollups, options.minutes_for) = (Rollups::All, minutes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, sends: Sends) -> Result<Retention, RetentionError> {
        toml::from_str::<RetentionSaid>(text).expect("a table of days").check(sends)
    }

    #[test]
    fn what_is_not_said_is_as_ever() {
        let said = read("", Sends::All).expect("nothing said");
        let mut options = Options::relay(1);
        said.put_into(&mut options);
        assert_eq!(options, Options::relay(1));
    }

    #[test]
    fn samples_go_after_some_days_only_where_hours_go_up_in_their_place() {
        let said = read("raw_days = 7\nhour_days = 0", Sends::Rollups).expect("in order");
        let mut options = Options::relay(1);
        said.put_into(&mut options);
        assert_eq!((options.raw_for, options.hours_for), (days(7), None));
        assert_eq!(read("raw_days = 7", Sends::RollupsFirst), Err(RetentionError::NotThinning));
        assert_eq!(read("raw_days = 0", Sends::All).map(|said| said.raw), Ok(None));
    }

    #[test]
    fn hours_that_would_go_before_what_they_stand_for_are_refused() {
        assert_eq!(read("raw_days = 91", Sends::Rollups), Err(RetentionError::Order("hour", "raw")));
        assert_eq!(
            read("raw_days = 7\nminute_days = 100", Sends::Rollups),
            Err(RetentionError::Order("hour", "minute"))
        );
        assert!(read("raw_days = 91\nhour_days = 400", Sends::Rollups).is_ok());
    }

    #[test]
    fn minutes_are_made_where_samples_go_before_them() {
        assert_eq!(read("minute_days = 30", Sends::Rollups), Err(RetentionError::NoMinutes));
        let said = read("raw_days = 7\nminute_days = 30", Sends::Rollups).expect("in order");
        let mut options = Options::relay(1);
        said.put_into(&mut options);
        assert_eq!((options.rollups, options.minutes_for), (Rollups::All, days(30)));
        assert!(toml::from_str::<RetentionSaid>("raw_day = 90").is_err());
    }
}
