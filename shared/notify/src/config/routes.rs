//! Does a route make sense?

use std::collections::{BTreeMap, BTreeSet};

use super::said::{OneOrMany, StepSaid};
use super::words::{MAX_SECONDS, MAX_STEPS, plain_name, some_days, time_of_day, zone_of};
use super::{ConfigError, RouteSaid, WindowSaid};
use crate::devices::DEVICES_CHANNEL;
use crate::mind::{Hours, Ladder, Route, Step, Window};

impl RouteSaid {
    pub(super) fn check(&self, receivers: &BTreeMap<String, Vec<String>>) -> Result<Route, ConfigError> {
        let name = plain_name(&self.name)?;
        if self.channels.is_empty() {
            return Err(ConfigError::NoChannels(name));
        }
        if let Some(none) = self.all_channels().find(|channel| !receivers.contains_key(*channel)) {
            return Err(ConfigError::NoChannel(name, none.clone()));
        }
        // A channel that is not here has no receivers either, and is left out by who checks for elsewhere.
        if let Some(empty) = self
            .all_channels()
            .find(|channel| *channel == DEVICES_CHANNEL && receivers.get(*channel).is_some_and(Vec::is_empty))
        {
            return Err(ConfigError::NoReceivers(name, empty.clone()));
        }
        let often = self.repeat_s > 0 && self.repeat_s < 60;
        if often || [self.wait_s, self.interval_s, self.repeat_s].iter().any(|seconds| *seconds > MAX_SECONDS) {
            return Err(ConfigError::Seconds(name));
        }
        let ladder = self.ladder(&name)?;
        let zone = zone_of(&name, &self.zone)?;
        let hours = |said: &[WindowSaid]| {
            let windows = said.iter().map(|window| window.check(&name)).collect::<Result<_, ConfigError>>()?;
            Ok::<_, ConfigError>(Hours::new(zone.clone(), windows))
        };
        let values = |of: &OneOrMany| match of {
            OneOrMany::One(value) => vec![value.clone()],
            OneOrMany::Many(values) => values.clone(),
        };
        let mut channels = self.channels.clone();
        channels.sort_unstable();
        channels.dedup();
        Ok(Route {
            channels,
            clients: self.clients.iter().cloned().collect::<BTreeSet<_>>(),
            sites: self.sites.iter().cloned().collect::<BTreeSet<_>>(),
            severity: self.severity,
            labels: self.labels.iter().map(|(label, of)| (label.clone(), values(of))).collect(),
            hours: hours(&self.hours)?,
            quiet: hours(&self.quiet)?,
            quiet_passes: self.quiet_passes,
            group_by: self.group_by.clone(),
            wait_ms: i64::from(self.wait_s) * 1_000,
            interval_ms: i64::from(self.interval_s) * 1_000,
            repeat_ms: i64::from(self.repeat_s) * 1_000,
            tells_ended: self.tells_ended,
            always: self.always,
            language: self.language,
            ladder,
            name,
        })
    }
}

impl RouteSaid {
    /// The channels that it names, in its steps too.
    pub(super) fn all_channels(&self) -> impl Iterator<Item = &String> {
        self.channels.iter().chain(self.step.iter().flat_map(|step| &step.channels))
    }

    fn ladder(&self, name: &str) -> Result<Ladder, ConfigError> {
        let most = u32::try_from(MAX_STEPS).unwrap_or(u32::MAX);
        let good = |step: &StepSaid| {
            let tells = step.channels.len() + step.on_call.len();
            (60..=86_400).contains(&step.after_s) && (1..=MAX_STEPS).contains(&tells)
        };
        if self.step.len() > MAX_STEPS || self.repeat_steps > most || !self.step.iter().all(good) {
            return Err(ConfigError::Step(name.to_owned()));
        }
        let steps = self.step.iter().map(|step| {
            let on_call = step.on_call.iter().map(|name| plain_name(name)).collect::<Result<_, ConfigError>>()?;
            Ok(Step { after_ms: i64::from(step.after_s) * 1_000, channels: step.channels.clone(), on_call })
        });
        Ok(Ladder { steps: steps.collect::<Result<_, ConfigError>>()?, repeats: self.repeat_steps })
    }
}

impl WindowSaid {
    pub(super) fn check(&self, route: &str) -> Result<Window, ConfigError> {
        let wrong = |said: &str| ConfigError::Window(route.to_owned(), said.to_owned());
        let time = |said: &str| time_of_day(said).ok_or_else(|| wrong(said));
        let mut days = Vec::new();
        for said in &self.days {
            days.extend(some_days(said).ok_or_else(|| wrong(said))?);
        }
        Ok(Window { days, from: time(&self.from)?, to: time(&self.to)? })
    }
}
