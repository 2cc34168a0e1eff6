//! How does the channel to people's devices stand in a file?
//!
//! A hub has it without a word, under the name `devices`: then it tells those whom a schedule names. In a file it names who is told
//! of every message of its routes.

use serde::Deserialize;

use super::channels::MAX_RECEIVERS;
use super::words::plain_name;
use super::{Around, ChannelSetup, ConfigError, Way};
use crate::devices::DEVICES_CHANNEL;
use crate::mind::Seat;

/// A channel of `kind = "devices"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DevicesSaid {
    pub(super) name: String,
    /// By what they sign in with.
    to: Vec<String>,
}

impl DevicesSaid {
    pub(super) fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let name = plain_name(&self.name)?;
        if around.seat != Seat::Hub {
            return Err(ConfigError::NoDevices(name));
        }
        if self.to.is_empty() || self.to.len() > MAX_RECEIVERS {
            return Err(ConfigError::Receivers(name));
        }
        if let Some(wrong) = self.to.iter().find(|to| !to.contains('@') || to.len() > 254) {
            return Err(ConfigError::Address(name, wrong.clone()));
        }
        Ok(ChannelSetup { name, way: Way::Devices, receivers: self.to.clone() })
    }
}

/// The one that a hub has where its file names none of that name.
pub(super) fn built_in() -> ChannelSetup {
    ChannelSetup { name: DEVICES_CHANNEL.to_owned(), way: Way::Devices, receivers: Vec::new() }
}
