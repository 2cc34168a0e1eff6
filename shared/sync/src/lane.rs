//! What goes first?

use std::fmt;

/// A class of traffic. One stream of the connection carries each, so that none waits behind a less urgent one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Lane {
    /// Hellos, acknowledgements, credits, clocks, certificates.
    Control = 0,
    /// Alerts and decisions.
    Alerts = 1,
    /// Replicated rows.
    State = 2,
    /// Folded windows.
    Rollups = 3,
    /// Ticks as they are measured.
    Live = 4,
    /// Ticks that could not leave when they were measured.
    Backlog = 5,
    /// Files for deployments and updates.
    Artifacts = 6,
}

impl Lane {
    /// Every lane, most urgent first.
    pub const ALL: [Self; 7] =
        [Self::Control, Self::Alerts, Self::State, Self::Rollups, Self::Live, Self::Backlog, Self::Artifacts];

    /// The number that stands first on the lane's stream.
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The lane of a number, if there is one.
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.get(usize::from(number)).copied()
    }

    /// Priority among the bytes that wait locally; larger leaves first.
    pub const fn priority(self) -> i32 {
        40 - 10 * (self as i32)
    }

    /// Whether its bytes count against the cap on bulk in flight.
    pub const fn is_bulk(self) -> bool {
        matches!(self, Self::Backlog | Self::Artifacts)
    }
}

impl fmt::Display for Lane {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Control => "control",
            Self::Alerts => "alerts",
            Self::State => "state",
            Self::Rollups => "rollups",
            Self::Live => "live",
            Self::Backlog => "backlog",
            Self::Artifacts => "artifacts",
        })
    }
}
