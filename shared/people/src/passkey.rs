//! With which device does somebody prove who they are, without a word?
//!
//! A passkey is a key pair in somebody's device, which the device uses only after it has made sure of its person. What proves
//! it is worked out by `vigie-passkeys`; here it is only kept, and nothing reads it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Id, Name, Person};

/// Passkeys of one person: some devices, and a key in a drawer.
pub(crate) const MOST_PASSKEYS: usize = 20;

/// A passkey of somebody.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Passkey {
    /// Which.
    pub id: Id,
    /// What its owner calls it.
    pub name: Name,
    /// What browsers call it.
    pub credential: String,
    /// What proves it.
    pub key: Value,
    /// How often it says it was used; 0 where it does not count.
    pub counter: u32,
    /// Since when it is theirs.
    pub since_ms: i64,
    /// When somebody proved themselves by it last.
    pub used_ms: Option<i64>,
    /// When it counted backwards: somebody may have a copy of it, and it opens nothing since.
    #[serde(default)]
    pub doubted_ms: Option<i64>,
}

/// A passkey that a browser has just shown, and that was found to be right.
#[derive(Debug, Clone, PartialEq)]
pub struct KeyShown {
    /// What browsers call it.
    pub credential: String,
    /// What proves it from now on.
    pub key: Value,
    /// How often it says it was used.
    pub counter: u32,
}

impl Person {
    /// Their passkeys that open, as browsers and `vigie-passkeys` know them.
    pub fn open_passkeys(&self) -> impl Iterator<Item = &Passkey> {
        self.passkeys.iter().filter(|key| key.doubted_ms.is_none())
    }

    /// Whether they can come in without anybody's help.
    pub fn has_way_in(&self) -> bool {
        self.has_own_way_in() || !self.linked.is_empty()
    }

    /// Whether they can come in by what is theirs alone, whatever another house says.
    pub fn has_own_way_in(&self) -> bool {
        self.password.is_some() || self.open_passkeys().next().is_some()
    }

    /// Whether something must stand beside their password.
    pub fn needs_second(&self) -> bool {
        self.totp.is_some() || self.second_needed
    }
}
