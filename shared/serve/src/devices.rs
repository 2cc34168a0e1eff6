//! What must a node know so that people's telephones and browsers are told?

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_people::Id;

use crate::{Stamp, Undecided};

/// What a hub implements so that people have messages pushed to their devices. Asked from blocking threads. A device is its
/// person's: nobody else's is found by its id.
pub trait Devices: Send + Sync + 'static {
    /// What a browser is given when it subscribes, so that push services know this hub again.
    ///
    /// # Errors
    /// When there is none yet and it can not be made or kept.
    fn public_key(&self) -> Result<String, Undecided>;

    /// Somebody's, the oldest first.
    fn of(&self, person: &Id) -> Vec<Device>;

    /// Somebody subscribes. `origin` is where their pages are.
    ///
    /// # Errors
    /// When that is nothing to push to, they have too many, or it can not be kept; nothing was changed then.
    fn add(&self, person: &Id, wish: &DeviceWish, origin: &str) -> Result<Device, Undecided>;

    /// Names a device, and says when it does not ring.
    ///
    /// # Errors
    /// When there is none, it makes no sense, or it can not be kept; nothing was changed then.
    fn change(&self, person: &Id, id: &str, change: &DeviceChange) -> Result<Device, Undecided>;

    /// Takes a device away.
    ///
    /// # Errors
    /// When there is none, or it can not be kept; nothing was changed then.
    fn remove(&self, person: &Id, id: &str) -> Result<Device, Undecided>;

    /// Pushes a test, and says what the push service said.
    ///
    /// # Errors
    /// When there is none.
    fn test(&self, person: &Id, id: &str) -> Result<DeviceTried, Undecided>;

    /// A device says that it has shown a message, by the word that stood in it. Says whether it was one that was not said yet.
    ///
    /// # Errors
    /// When it can not be kept now.
    fn displayed(&self, receipt: &str) -> Result<bool, Undecided>;
}

/// A telephone or a browser that is pushed to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Device {
    /// Which: the first 16 digits of the SHA-256 of its subscription's endpoint.
    pub id: String,
    /// What its person calls it.
    pub name: String,
    /// Since when.
    pub made_at: Stamp,
    /// When it does not ring but for what is critical.
    pub quiet: Option<QuietHours>,
    /// Since when its subscription is gone: it is told nothing, and has to subscribe again.
    pub gone_at: Option<Stamp>,
    /// The last that was pushed to it.
    pub last_push: Option<DevicePush>,
    /// When it last said that it had shown something; nothing where it never did.
    pub displayed_at: Option<Stamp>,
    /// Messages that its push service took since then. Two or more: it may ring no more.
    pub unseen: usize,
}

/// Hours of each day, by a clock on the wall.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct QuietHours {
    /// From when, as in `22:00`.
    #[schema(max_length = 5)]
    pub from: String,
    /// Until when; on the next day if that is not after `from`.
    #[schema(max_length = 5)]
    pub to: String,
    /// Whose clock, as in `Europe/Paris`.
    #[schema(max_length = 64)]
    pub zone: String,
}

/// What a push service said of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DevicePush {
    /// When it was pushed.
    pub at: Stamp,
    /// Whether the push service took it; whether it was shown is another question.
    pub taken: bool,
    /// What it said.
    pub said: String,
    /// When the device said that it was shown; nothing while that is not known.
    pub displayed_at: Option<Stamp>,
}

/// A browser subscribes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceWish {
    /// What its person calls it.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// As the browser's `PushSubscription` says it.
    pub subscription: DeviceSubscription,
    /// In which language it is told; English if left out.
    #[serde(default)]
    pub language: DeviceLanguage,
}

/// What `PushSubscription.toJSON()` gives.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DeviceSubscription {
    /// Where it is pushed to.
    #[schema(max_length = 2000)]
    pub endpoint: String,
    /// When it ends, in ms since 1970; browsers of today say nothing.
    #[serde(default)]
    pub expiration_time: Option<i64>,
    /// By which only this browser reads what is pushed.
    pub keys: DeviceKeys,
}

/// The keys of a subscription, in base64url.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceKeys {
    /// A point of P-256, uncompressed.
    #[schema(max_length = 90)]
    pub p256dh: String,
    /// 16 bytes.
    #[schema(max_length = 24)]
    pub auth: String,
}

/// In which language a device is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum DeviceLanguage {
    /// English.
    #[default]
    En,
    /// French.
    Fr,
}

/// What is said of a device: all of it, what is left out is no more.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DeviceChange {
    /// What its person calls it.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// When it does not ring but for what is critical; at any time it does, if left out.
    #[serde(default)]
    pub quiet: Option<QuietHours>,
}

/// What came of a test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct DeviceTried {
    /// Whether the push service took it; that it was shown, the device says itself, a moment later.
    pub taken: bool,
    /// What it said, or why there was nothing to be heard.
    pub said: String,
    /// How long it took.
    pub took_ms: u64,
}
