//! What is known, since when, by which way, and how surely?

use std::sync::Arc;

use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use crate::Stamp;

/// A value and where it comes from. No number reaches a person without the second half.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Fact<T> {
    /// The value.
    pub value: T,
    /// Where it comes from.
    #[serde(flatten)]
    pub origin: Origin,
}

/// Where a fact comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Origin {
    /// When it was so, in true time.
    pub observed_at: Stamp,
    /// When this node came to know.
    pub learnt_at: Stamp,
    /// The nodes it came through, the one that measured first.
    #[schema(value_type = Vec<String>)]
    pub path: Path,
    /// Whether the agent's signature over it has been checked here. A live sample is shown before the signature of its
    /// segment arrives, and says `false` until then. Whether it is *still* so is another question: see reachability.
    pub verified: bool,
}

/// The nodes a fact came through: `["agent", "relay:lyon-r1", "hub"]`. Shared, because thousands of facts took one path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path(Arc<[String]>);

impl Path {
    /// A path from its hops, the measuring one first.
    pub fn new(hops: impl IntoIterator<Item = String>) -> Self {
        Self(hops.into_iter().collect())
    }

    /// The hops.
    pub fn hops(&self) -> &[String] {
        &self.0
    }
}

impl Serialize for Path {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut hops = serializer.serialize_seq(Some(self.0.len()))?;
        self.0.iter().try_for_each(|hop| hops.serialize_element(hop))?;
        hops.end()
    }
}

/// How many ticks and samples, and whether somebody counted them or this node reckons.
///
/// People see an estimate with "about" and `≈`, a count plain.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, ToSchema)]
pub struct Amount {
    /// Ticks.
    pub ticks: u64,
    /// Samples in them, where known.
    pub samples: Option<u64>,
    /// Reckoned here (so many seconds of silence at such an interval), not reported by a node that has them.
    pub estimated: bool,
}

impl Amount {
    /// What a node that has them counted.
    pub fn known(ticks: u64, samples: Option<u64>) -> Self {
        Self { ticks, samples, estimated: false }
    }

    /// What is reckoned without having been told.
    pub fn estimated(ticks: u64, samples: Option<u64>) -> Self {
        Self { ticks, samples, estimated: true }
    }
}

/// Writes an id as its text: ids are bytes on the wire between nodes and text everywhere else.
pub(crate) fn as_text<T: std::fmt::Display, S: Serializer>(id: &T, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(id)
}
