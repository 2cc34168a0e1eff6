//! What does the watchman see?

use std::path::Path;

use vigie_fleet::{Fleet, PushedHere, Sighted, Word};
use vigie_query::Source;

use crate::carrier;

/// A node's samples, and whom it hears.
pub trait Sight: Send + Sync + 'static {
    /// The samples.
    fn source(&self) -> &dyn Source;

    /// Of the samples those that others pushed to this node itself.
    fn pushed_here(&self) -> Box<dyn Source + '_>;

    /// Every enrolled agent and relay, as it was last heard.
    fn sighted(&self) -> Vec<Sighted>;

    /// A relay says of a machine whether it answers: from now on [`Sight::sighted`] tells, where it counts.
    fn vouched(&self, word: Word);

    /// Whether this node's own network works, as far as it can tell.
    fn network_works(&self) -> bool;
}

impl Sight for Fleet {
    fn source(&self) -> &dyn Source {
        self
    }

    fn pushed_here(&self) -> Box<dyn Source + '_> {
        Box::new(PushedHere(self))
    }

    fn sighted(&self) -> Vec<Sighted> {
        Self::sighted(self)
    }

    fn vouched(&self, word: Word) {
        Self::vouched(self, word);
    }

    fn network_works(&self) -> bool {
        carrier::is_there(Path::new("/sys/class/net"))
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
