//! Who is told what, when, once?
//!
//! [`Mind`] and [`Outbox`] decide and know no IO; the [`Desk`] writes down what they decided, all of a step together; the
//! [`Messenger`] sends and says how it went; a [`Channel`] knows how mail and webhooks leave the house. [`Hooks`] are told of
//! every event, whoever decides of it; [`Devices`] are people's telephones and browsers. Knows no rules and
//! no samples: it hears of transitions, and tells nobody what it was not told.

mod channel;
pub mod config;
mod desk;
mod devices;
mod hooks;
mod messenger;
mod mind;

pub use channel::{Channel, Channels, Tried, TwoWay};
pub use config::ChannelSetup;
pub use desk::{Desk, DeskError, Due, NotSent, OfAlert, Waiting};
pub use devices::{
    Around, DEVICES_CHANNEL, Device, DeviceError, DevicePost, DeviceTried, Devices, MOST_OF_ONE, NewDevice, Push, Quiet,
};
pub use hooks::{
    DeadEvent, Delivery, Gone, HOOK_TABLES, HOOKS_AT_ONCE, Hook, HookError, HookEvent, HookPost, HookSender,
    HookStanding, Hooks, KeyOf, MOST_DEAD, MOST_HOOKS, MOST_WAITING, RESET, Round, hook_of_client, is_hook_of_client,
};
pub use messenger::{Clock, Messenger, Told};
pub use mind::*;
