//! What can be known of machines and sites, and what of it is a person told?

use std::sync::Arc;

/// How a machine is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// It is heard, and what it measures comes at once.
    Live,
    /// The way works, and what it measures is older.
    Late,
    /// Somebody beside it says that it does not answer.
    Silent,
    /// What is behind a cut is not known.
    Cut,
    /// It said that it would be away.
    Asleep,
    /// It is enrolled and was never heard.
    Unseen,
}

/// Why a site is cut off, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Its machines are heard by another way: the relay is off.
    RelayOff,
    /// Nobody is heard any more, or this node's own network does not work: this node is deaf.
    Deaf,
    /// The relay or its line; nobody can tell which.
    RelayOrLine,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A machine.
    Machine(Arc<str>),
    /// A site.
    Site(Arc<str>),
}

/// A change of what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of whom.
    pub of: Subject,
    /// What was known; nothing for who is new.
    pub from: Option<Reach>,
    /// What is known.
    pub to: Reach,
    /// When, on the clock of this node.
    pub at_ms: i64,
}

/// What a person is told: one thing for one cause, however many machines are behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// This node hears nobody: its own network is at fault, or the one that it stands in, and not all the others.
    Deaf {
        /// Sites that are not heard.
        sites: usize,
        /// Machines of which nothing is known.
        machines: usize,
    },
    /// A site is cut off.
    SiteCut {
        /// Which.
        site: Arc<str>,
        /// Why, as far as known.
        cause: Cause,
        /// Machines behind it.
        machines: usize,
        /// When it was last heard, on the clock of this node.
        last_heard_ms: i64,
    },
    /// A machine does not answer.
    MachineSilent {
        /// Which.
        machine: Arc<str>,
        /// When it was last heard, on the clock of this node; never, if it was not.
        last_heard_ms: Option<i64>,
    },
}
