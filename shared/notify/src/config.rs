//! What does a configuration say, and does it make sense?
//!
//! The shapes of `[[channel]]` and `[[route]]`, in a file or in a row that is edited at the hub:
//!
//! ```toml
#![doc = include_str!("config/example.toml")]
//! ```

use std::collections::{BTreeMap, BTreeSet};

use crate::mind::{Hours, Rules, Seat};

mod channels;
mod elsewhere;
mod error;
mod routes;
mod said;
mod way;
mod words;

pub use elsewhere::check_elsewhere;
pub use error::ConfigError;
use said::WindowSaid;
pub use said::{ChannelSaid, RouteSaid, SmtpSaid, TlsSaid, WebhookSaid};
pub use way::ChannelSetup;
pub(crate) use way::{SmtpWay, Way, WebhookWay};
use words::zone_of;

/// Checks channels and routes; the rules for a desk, and the channels for a messenger.
///
/// # Errors
/// The first that is wrong.
pub fn check(
    channels: &[ChannelSaid],
    routes: &[RouteSaid],
    seat: Seat,
) -> Result<(Rules, Vec<ChannelSetup>), ConfigError> {
    let channels = channels.iter().map(|said| said.check(seat)).collect::<Result<Vec<_>, _>>()?;
    unique(channels.iter().map(|channel| &channel.name))?;
    unique(routes.iter().map(|route| &route.name))?;
    let receivers: BTreeMap<String, Vec<String>> =
        channels.iter().map(|channel| (channel.name.clone(), channel.receivers.clone())).collect();
    let routes = routes.iter().map(|route| route.check(&receivers)).collect::<Result<_, _>>()?;
    Ok((Rules { seat, routes, receivers }, channels))
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
