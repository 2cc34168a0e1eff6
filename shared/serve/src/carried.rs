//! What goes between a site and its hub by hand, when their line stays away?

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};
use utoipa::ToSchema;
use vigie_model::{NodeId, Slug};

use crate::fact::as_text;
use crate::{Place, Stamp};

/// What a node does with such files.
#[derive(Clone)]
pub enum Carries {
    /// A relay writes them.
    Out(Arc<dyn CarriesOut>),
    /// A hub takes them in.
    In(Arc<dyn CarriesIn>),
}

impl std::fmt::Debug for Carries {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Out(_) => "Out",
            Self::In(_) => "In",
        })
    }
}

/// What a relay implements so that what waits for the hub can be taken away. Asked from blocking threads.
pub trait CarriesOut: Send + Sync + 'static {
    /// Writes all of it.
    ///
    /// # Errors
    /// When it can not be written to its end, in words for who asked.
    fn write(&self, out: &mut dyn Write) -> Result<(), String>;
}

/// What a hub implements so that such a file is taken in. Asked from blocking threads.
pub trait CarriesIn: Send + Sync + 'static {
    /// Takes in the file of a relay of this place. All that it says was taken is durable.
    ///
    /// # Errors
    /// When nothing, or not all of it, was taken.
    fn take(&self, place: &Place, file: &mut dyn Read) -> Result<CarriedIn, NotCarriedIn>;
}

/// Why a file was not taken in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCarriedIn {
    /// It is no such file, or its head is damaged; nothing was taken.
    #[error("{0}")]
    Unreadable(String),
    /// It is not for this hub, or not of a relay that may bring it; nothing was taken.
    #[error("{0}")]
    Refused(String),
    /// The hub can take nothing now.
    #[error("{0}")]
    NotNow(String),
    /// What stands before some place was taken, and is kept.
    #[error("{why}; before that {}", said(.taken))]
    Part {
        /// What is wrong, and where.
        why: String,
        /// What was taken.
        taken: Box<CarriedIn>,
    },
}

fn said(taken: &CarriedIn) -> String {
    let CarriedIn { parts, ticks, rows, .. } = taken;
    format!(
        "{parts} parts were read: {} ticks are new here, {} were here already, {} rows changed",
        ticks.new, ticks.known, rows.changed
    )
}

/// What a file brought.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct CarriedIn {
    /// The relay that wrote it.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub relay: NodeId,
    /// Its name.
    pub name: String,
    /// Whose site.
    pub client: Slug,
    /// Which site.
    pub site: Slug,
    /// When it was written, by the relay's clock.
    pub made_at: Stamp,
    /// Parts that were read.
    pub parts: u64,
    /// Streams of machines in it.
    pub streams: u64,
    /// What came of its ticks.
    pub ticks: CarriedTicks,
    /// What came of alerts, decisions and all other rows in it.
    pub rows: CarriedRows,
    /// Pieces that were refused, by reason: `forged`, `not_of_this_site`, `too_much`, `incomplete`.
    pub refused: BTreeMap<&'static str, u64>,
}

impl CarriedIn {
    /// What the audit says of it.
    pub fn noted(&self) -> Value {
        let Self { relay, made_at, ticks, rows, .. } = self;
        json!({ "relay": relay.to_string(), "made_at_ms": made_at.ms(), "ticks": ticks.new, "rows": rows.changed })
    }
}

/// What came of the ticks in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct CarriedTicks {
    /// In what was read of the file, each once.
    pub in_file: u64,
    /// Of them: here now, and not before.
    pub new: u64,
    /// Of them: here before.
    pub known: u64,
    /// Of them: not here, because they were refused.
    pub refused: u64,
}

/// What came of the rows in a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct CarriedRows {
    /// In what was read of the file.
    pub in_file: u64,
    /// Of them: something new, and kept.
    pub changed: u64,
    /// Of them: refused.
    pub refused: u64,
    /// Why those that are not here wait for the line: `seen_more`, `older_than_deletions`, `other_life`. Nothing is lost by it.
    pub waits: Option<&'static str>,
}
