//! What does the watchman see?

use vigie_fleet::{Fleet, Sighted};
use vigie_query::Source;

/// A node's samples, and whom it hears.
pub trait Sight: Send + Sync + 'static {
    /// The samples.
    fn source(&self) -> &dyn Source;

    /// Every enrolled agent and relay, as it was last heard.
    fn sighted(&self) -> Vec<Sighted>;
}

impl Sight for Fleet {
    fn source(&self) -> &dyn Source {
        self
    }

    fn sighted(&self) -> Vec<Sighted> {
        Self::sighted(self)
    }
}

/// A moment, by both clocks of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At {
    /// The best known UTC.
    pub utc: vigie_model::UtcMs,
    /// The clock that only goes forward and counts the time a machine sleeps, in ms.
    pub boot_ms: i64,
}

impl At {
    /// As minds are told it, by the clock that only goes forward.
    pub fn now(self) -> vigie_model::Now {
        vigie_model::Now { mono_ms: self.boot_ms.max(0).cast_unsigned(), utc: self.utc }
    }
}
