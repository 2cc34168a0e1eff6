//! What does a configuration say, and does it make sense?
//!
//! The shapes of `[[channel]]` and `[[route]]`, in a file or in a row that is edited at the hub:
//!
//! ```toml
#![doc = include_str!("config/example.toml")]
//! ```
//!
//! And the channels of services:
//!
//! ```toml
#![doc = include_str!("config/services.toml")]
//! ```

use std::collections::{BTreeMap, BTreeSet};

use vigie_outgoing::Net;

use crate::devices::DEVICES_CHANNEL;
use crate::mind::{Hours, Rules, Seat};

mod channels;
mod devices;
mod elsewhere;
mod error;
mod routes;
mod said;
mod schedules;
mod services;
mod two_way;
mod way;
mod words;

pub use devices::DevicesSaid;
pub use elsewhere::check_elsewhere;
pub use error::ConfigError;
use said::WindowSaid;
pub use said::{ChannelSaid, RouteSaid, SmtpSaid, TlsSaid, WebhookSaid};
pub use schedules::{ScheduleSaid, StandInSaid};
pub use services::{GatewaySaid, GotifySaid, HookSaid, ModemSaid, NtfySaid, PagerDutySaid, PushSaid};
pub use two_way::{Strangers, TwoWaySaid};
pub use vigie_outgoing::OutgoingSaid;
pub use way::ChannelSetup;
pub(crate) use way::{ModemWay, PostWay, PushWay, SmtpWay, TwoWayWay, Way, WebhookWay};
use words::zone_of;

/// All that a file says of telling people.
#[derive(Debug, Clone, Copy)]
pub struct TellingSaid<'a> {
    /// Its channels.
    pub channels: &'a [ChannelSaid],
    /// Its routes.
    pub routes: &'a [RouteSaid],
    /// Where messages may go, beside the internet.
    pub outgoing: &'a OutgoingSaid,
}

/// Checks channels and routes; the rules for a desk, and the channels for a messenger.
///
/// # Errors
/// The first that is wrong.
pub fn check(
    channels: &[ChannelSaid],
    routes: &[RouteSaid],
    seat: Seat,
) -> Result<(Rules, Vec<ChannelSetup>), ConfigError> {
    TellingSaid { channels, routes, outgoing: &OutgoingSaid::default() }.check(seat)
}

impl TellingSaid<'_> {
    /// As [`check`], with where messages may go.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(&self, seat: Seat) -> Result<(Rules, Vec<ChannelSetup>), ConfigError> {
        let around = Around { seat, nets: self.outgoing.nets()? };
        let mut channels = self.channels.iter().map(|said| said.check(&around)).collect::<Result<Vec<_>, _>>()?;
        if seat == Seat::Hub && channels.iter().all(|channel| channel.name != DEVICES_CHANNEL) {
            channels.push(devices::built_in());
        }
        joined(channels, self.routes, seat)
    }
}

/// What counts for every channel.
#[derive(Debug)]
struct Around {
    seat: Seat,
    nets: Vec<Net>,
}

fn joined(
    channels: Vec<ChannelSetup>,
    routes: &[RouteSaid],
    seat: Seat,
) -> Result<(Rules, Vec<ChannelSetup>), ConfigError> {
    unique(channels.iter().map(|channel| &channel.name))?;
    unique(routes.iter().map(|route| &route.name))?;
    let receivers: BTreeMap<String, Vec<String>> =
        channels.iter().map(|channel| (channel.name.clone(), channel.receivers.clone())).collect();
    let routes = routes.iter().map(|route| route.check(&receivers)).collect::<Result<_, ConfigError>>()?;
    let follows_each = |channel: &&ChannelSetup| matches!(&channel.way, Way::Post(way) if way.service.follows_each());
    let pagers = channels.iter().filter(follows_each).map(|channel| channel.name.clone()).collect();
    Ok((Rules { seat, routes, receivers, pagers, schedules: BTreeMap::new() }, channels))
}

/// Hours as a person says them: a zone, days as in `mon` or `mon-fri`, and times as in `22:00`. `name` is whose they are.
///
/// # Errors
/// When the zone, a day or a time is none.
pub fn hours(name: &str, zone: &str, days: &[String], from: &str, to: &str) -> Result<Hours, ConfigError> {
    let said = WindowSaid { days: days.to_vec(), from: from.to_owned(), to: to.to_owned() };
    Ok(Hours::new(zone_of(name, zone)?, vec![said.check(name)?]))
}

fn unique<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ConfigError::Twice(name.clone()));
        }
    }
    Ok(())
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
