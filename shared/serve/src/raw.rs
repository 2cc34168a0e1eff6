//! What became of the wish to have a machine's ticks, where they stay at its site?

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::NodeId;

use crate::Stamp;
use crate::fact::as_text;

/// A machine's ticks between two times, as somebody asked for them. What of them this node knows of it knows by their hours:
/// so it is about whole hours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Raw {
    /// The machine.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub machine: NodeId,
    /// From when.
    pub start: Stamp,
    /// Until when.
    pub end: Stamp,
    /// How far it is.
    pub state: RawState,
    /// Ticks of these hours that this node knows of.
    pub ticks: u64,
    /// Of them: here as they were measured.
    pub here: u64,
    /// Of them: asked for, and not here.
    pub asked: u64,
    /// Of them: never to come.
    pub gone: u64,
    /// Of `gone`: no longer kept at their site, where hours stand in their place.
    pub thinned: u64,
}

impl Raw {
    /// Time that may be asked for at once, in ms: a month. More is more than one question.
    pub const MOST_MS: i64 = 31 * 24 * 3_600_000;
}

/// How far a wish for ticks is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RawState {
    /// No hour of that time is known here.
    Unknown,
    /// Nobody has asked for what is not here.
    NotAsked,
    /// Asked for; who has them is not connected.
    Asked,
    /// Asked for, and who has them is connected.
    UnderWay,
    /// All are here.
    Here,
    /// What is not here will not come.
    Gone,
}

/// Why a wish could not be kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// This node knows nothing that is elsewhere.
    #[error("this node has no ticks to ask for elsewhere")]
    NotHere,
    /// There is no such machine.
    #[error("there is no such machine")]
    NoMachine,
    /// The store can not be read or written now; asking again may help.
    #[error("the store can not keep it now: {0}")]
    Store(String),
}
