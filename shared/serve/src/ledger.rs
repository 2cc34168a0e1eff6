//! Where is everything that a machine ever collected?

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{GapReason, NodeId, Seq, StreamId};

use crate::fact::as_text;
use crate::{Amount, Stamp};

/// Where a machine's ticks are, summed. `collected = at_hub + folded + waiting + given_up` wherever all are counted.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct LedgerSummary {
    /// Everything that was ever numbered, as far as is known here.
    pub collected: Amount,
    /// What a relay keeps or has kept, where it told.
    pub at_relay: Option<Amount>,
    /// What the hub keeps, where this node knows.
    pub at_hub: Option<Amount>,
    /// Of what is at the hub: what it has deleted for its age. It was there, and is neither lost nor awaited; minutes and
    /// hours tell of it as long as they are kept.
    pub expired: Option<Amount>,
    /// At the hub as hours only, by the word of the relay that folded them: the ticks themselves are not there. Neither lost
    /// nor awaited.
    pub folded: Option<Amount>,
    /// Of what is folded: let go of at its site, where hours stand in their place, so that nobody will bring them.
    pub thinned: Option<Amount>,
    /// What is collected and not yet at the hub (asked of a relay: not yet acknowledged by it).
    pub waiting: Amount,
    /// What will not come, by reason; no entry for a reason that never was.
    pub given_up: Vec<GivenUp>,
    /// Ticks that came again and were dropped.
    pub duplicates: u64,
}

/// Ticks that will not come, for one reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct GivenUp {
    /// Why.
    pub reason: GapReason,
    /// How many.
    pub ticks: u64,
    /// Samples in them, when somebody counted.
    pub samples: Option<u64>,
}

/// The whole ledger of one machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Ledger {
    /// The machine.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub machine: NodeId,
    /// When it was drawn up.
    pub as_of: Stamp,
    /// All lives of its store together.
    pub total: LedgerSummary,
    /// Each life of its store, newest first.
    pub streams: Vec<StreamLedger>,
    /// What is not here, newest first, at most [`Ledger::MAX_HOLES`].
    pub holes: Vec<Hole>,
}

impl Ledger {
    /// Holes that are listed: more than any chart can draw. The sums count all of them.
    pub const MAX_HOLES: usize = 1_000;
}

/// The ledger of one life of a machine's store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct StreamLedger {
    /// Which.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub stream: StreamId,
    /// The highest number heard of.
    pub last_seq: u64,
    /// Which relays folded what is here as hours and vouch for it; no agent signed that.
    pub folded_by: Vec<String>,
    /// Where its ticks are.
    #[serde(flatten)]
    pub summary: LedgerSummary,
}

/// A stretch that is not here: what a chart leaves open, and with which texture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Hole {
    /// Which stream.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub stream: StreamId,
    /// Expected, not measured, or lost.
    pub kind: HoleKind,
    /// Why it is lost.
    pub reason: Option<GapReason>,
    /// The first number, where there are numbers: an absence has none.
    #[serde(serialize_with = "number")]
    #[schema(value_type = Option<u64>)]
    pub first: Option<Seq>,
    /// The last number, included.
    #[serde(serialize_with = "number")]
    #[schema(value_type = Option<u64>)]
    pub last: Option<Seq>,
    /// How much.
    pub amount: Amount,
    /// From when, in true time, where known.
    pub from: Option<Stamp>,
    /// Until when; open while it lasts.
    pub until: Option<Stamp>,
}

/// Three kinds of "not here", drawn in three textures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum HoleKind {
    /// Measured and on its way: diagonal hatch.
    Waiting,
    /// Not measured, the machine was off or asleep: a dotted baseline.
    Absent,
    /// Measured, and known here as hours only.
    Folded,
    /// Measured and lost: cross-hatch.
    Lost,
}

fn number<S: serde::Serializer>(seq: &Option<Seq>, serializer: S) -> Result<S::Ok, S::Error> {
    Serialize::serialize(&seq.map(|seq| seq.0), serializer)
}
