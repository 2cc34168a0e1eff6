//! What is told of what a machine is?

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::inventory::{Disk, Nic, System};

use crate::Stamp;

/// What a machine's own agent said of it. What it did not say, or said in a version that this node does not know, is
/// missing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Inventory {
    /// The machine as a whole.
    pub system: Option<Told<System>>,
    /// Its disks.
    pub disks: Option<Told<Vec<Disk>>>,
    /// Its network interfaces.
    pub nics: Option<Told<Vec<Nic>>>,
    /// Its agent.
    pub agent: Option<Told<Agent>>,
}

/// A machine's agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Agent {
    /// Its version.
    pub version: String,
    /// When the program began, on the machine's clock.
    pub began: Stamp,
}

/// A fact that stays as it is until it changes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Told<T> {
    /// What.
    pub value: T,
    /// When it was first seen to be so, on the machine's clock.
    pub observed_at: Stamp,
    /// When this node came to know.
    pub learnt_at: Stamp,
}
