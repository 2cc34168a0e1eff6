//! What is such a link usually like?

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::{Chance, Condition, RateKbit};

/// A kind of link with a name, for those who do not want to set eight numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// No impairment.
    Clear,
    /// A site's own network.
    Lan,
    /// An ordinary Internet line: 20 Mbit/s up, 50 down.
    Wan,
    /// Mobile, fair reception.
    Lte,
    /// A geostationary satellite: 512 kbit/s up, 5 Mbit/s down, 300 ms one way.
    Satellite,
    /// A shared radio that loses a tenth.
    Radio,
    /// 64 kbit/s and 400 ms each way: the narrow link that Vigie's sync design was measured on.
    Thin,
}

impl Profile {
    /// All of them, mildest first.
    pub const ALL: [Self; 7] = [Self::Clear, Self::Lan, Self::Wan, Self::Lte, Self::Satellite, Self::Radio, Self::Thin];

    /// Its name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Clear => "clear",
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Lte => "lte",
            Self::Satellite => "satellite",
            Self::Radio => "radio",
            Self::Thin => "thin",
        }
    }

    /// What it is like towards the target.
    pub const fn up(self) -> Condition {
        match self {
            Self::Clear => Condition::CLEAR,
            Self::Lan => link(1, 0, 100_000, 512, 0.0),
            Self::Wan => link(20, 3, 20_000, 256, 0.1),
            Self::Lte => link(60, 20, 5_000, 256, 0.5),
            Self::Satellite => link(300, 15, 512, 64, 0.5),
            Self::Radio => link(15, 30, 2_000, 64, 10.0),
            Self::Thin => link(400, 0, 64, 32, 0.0),
        }
    }

    /// What it is like back from the target.
    pub const fn down(self) -> Condition {
        match self {
            Self::Clear | Self::Lan | Self::Radio | Self::Thin => self.up(),
            Self::Wan => link(20, 3, 50_000, 512, 0.1),
            Self::Lte => link(60, 20, 20_000, 512, 0.5),
            Self::Satellite => link(300, 15, 5_000, 256, 0.5),
        }
    }
}

const fn link(delay_ms: u64, jitter_ms: u64, rate_kbit: u32, queue_kib: usize, loss_percent: f64) -> Condition {
    Condition {
        delay: Duration::from_millis(delay_ms),
        jitter: Duration::from_millis(jitter_ms),
        rate: RateKbit::new(rate_kbit),
        queue_bytes: queue_kib * 1024,
        loss: Chance::known(loss_percent),
        ..Condition::CLEAR
    }
}

/// A name that no profile has.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no profile of that name; there are clear, lan, wan, lte, satellite, radio and thin")]
pub struct NoSuchProfile;

impl FromStr for Profile {
    type Err = NoSuchProfile;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|profile| profile.name() == text).ok_or(NoSuchProfile)
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
