//! What kind of link is it, and so how is it treated?

use std::fmt;
use std::str::FromStr;

/// The kinds of links that people have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkKind {
    /// The site's own network: fast, free, short round trips.
    Lan,
    /// An ordinary Internet line.
    Wan,
    /// A narrow or very long line: satellite, radio, far mobile.
    Thin,
    /// A line whose bytes cost money.
    Metered,
}

/// What goes over a link, and in which order. Only where ticks are folded is there a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sends {
    /// Every tick, and nothing else.
    All,
    /// What ticks came down to hour by hour, before ticks that could not leave when they were measured.
    RollupsFirst,
    /// What ticks came down to hour by hour, and of the ticks those that somebody asks for.
    Rollups,
}

/// When to try again after the link was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Redial {
    /// Between two attempts at first. Attempts overlap: a new one starts although the last has not yet failed, because
    /// the first packet of a QUIC handshake is repeated more and more slowly by itself.
    pub first_ms: u64,
    /// Between two attempts after a long time.
    pub cap_ms: u64,
    /// How long attempts stay as dense as at first.
    pub dense_for_ms: u64,
    /// How long one attempt may take.
    pub give_up_ms: u64,
}

/// How a link is treated: what the kind implies, and what a person said about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkProfile {
    /// The kind.
    pub kind: LinkKind,
    /// What the line carries up, in bytes per second, when a person said so; otherwise it is measured.
    pub rate_bytes_per_s: Option<u32>,
    /// What the line may carry up and down in a calendar month, when a person said so.
    pub bytes_per_month: Option<u64>,
    /// What goes.
    pub sends: Sends,
    /// Hours of the day (UTC) in which backlog may travel, when a person said so: from the first up to, and without, the
    /// second, which may lie in the next day.
    pub backlog_hours: Option<(u8, u8)>,
    /// Silence after which the connection is given up.
    pub idle_timeout_ms: u32,
    /// How often the accepting side breaks a silence; `None` on a metered link.
    pub keep_alive_ms: Option<u32>,
    /// How often the other end is sure to be heard while the link works. After how long a silence people are told that it
    /// is gone, [`vigie_model::silent_after_ms`] says.
    pub beat_ms: u32,
    /// Silence while bytes are under way after which a second connection is tried beside the first.
    pub suspect_after_ms: u32,
    /// When to try again.
    pub redial: Redial,
    /// How long live ticks may wait for company, so that they share a packet.
    pub gather_live_ms: u32,
    /// How long an acknowledgement of live ticks may wait for company. Backlog is acknowledged at once.
    pub gather_acks_ms: u32,
    /// The smallest cap on bulk bytes in flight.
    pub bulk_floor_bytes: u32,
    /// The largest cap on bulk bytes in flight.
    pub bulk_ceiling_bytes: u32,
}

impl LinkProfile {
    /// The profile of a kind, with nothing said about rate or volume.
    pub fn of(kind: LinkKind) -> Self {
        let (idle, keep_alive, suspect, gather_live, gather_acks) = match kind {
            // A ping each 8 s would cost as much as the ticks of a usual agent, which break the silence each 10 s anyway.
            LinkKind::Lan => (16_000, Some(12_000), 2_500, 0, 30_000),
            LinkKind::Wan => (90_000, Some(20_000), 4_000, 250, 30_000),
            LinkKind::Thin => (120_000, Some(25_000), 6_000, 1_000, 60_000),
            LinkKind::Metered => (180_000, None, 15_000, 10_000, 120_000),
        };
        let (first, cap, dense) = match kind {
            LinkKind::Lan => (500, 2_000, 60_000),
            // Each attempt repeats its first packet of 1,200 bytes by itself, and so something knocks once a second all the
            // same. Each that is under way when a line of 64 kbit/s comes back costs half a second of it: its packets, what
            // answers them, and its end.
            LinkKind::Wan => (2_500, 5_000, 600_000),
            LinkKind::Thin => (2_500, 10_000, 600_000),
            LinkKind::Metered => (2_000, 60_000, 60_000),
        };
        Self {
            kind,
            sends: if kind == LinkKind::Metered { Sends::RollupsFirst } else { Sends::All },
            rate_bytes_per_s: None,
            bytes_per_month: None,
            backlog_hours: None,
            idle_timeout_ms: idle,
            keep_alive_ms: keep_alive,
            beat_ms: match kind {
                // The ticks of a usual machine.
                LinkKind::Lan | LinkKind::Wan => 10_000,
                LinkKind::Thin => 25_000,
                // Nothing is sure to break a silence: not before the connection is given up is anything known.
                LinkKind::Metered => idle / 3,
            },
            suspect_after_ms: suspect,
            redial: Redial { first_ms: first, cap_ms: cap, dense_for_ms: dense, give_up_ms: 10_000 },
            gather_live_ms: gather_live,
            gather_acks_ms: gather_acks,
            // Two full packets: below that the line idles between acknowledgements.
            bulk_floor_bytes: 4 * 1024,
            // A gigabit LAN at 1 ms needs 125 kB; a fast WAN at 100 ms and 100 Mbit/s needs 1.25 MB.
            bulk_ceiling_bytes: if kind == LinkKind::Thin { 256 * 1024 } else { 2 * 1024 * 1024 },
        }
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Lan => "lan",
            Self::Wan => "wan",
            Self::Thin => "thin",
            Self::Metered => "metered",
        })
    }
}

impl fmt::Display for Sends {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "all",
            Self::RollupsFirst => "rollups_first",
            Self::Rollups => "rollups",
        })
    }
}

impl FromStr for Sends {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "all" => Ok(Self::All),
            "rollups_first" => Ok(Self::RollupsFirst),
            "rollups" => Ok(Self::Rollups),
            other => Err(ProfileError::NoSuchOrder(other.chars().take(40).collect())),
        }
    }
}

/// A link profile that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// Not a kind of link.
    #[error("{0:?} is not a kind of link: it is one of lan, wan, thin, metered")]
    NoSuchKind(String),
    /// Not a way to send.
    #[error("{0:?} is nothing that a link sends: it is one of all, rollups_first, rollups")]
    NoSuchOrder(String),
}

impl FromStr for LinkKind {
    type Err = ProfileError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "lan" => Ok(Self::Lan),
            "wan" => Ok(Self::Wan),
            "thin" => Ok(Self::Thin),
            "metered" => Ok(Self::Metered),
            other => Err(ProfileError::NoSuchKind(other.chars().take(40).collect())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_only_answers_what_breaks_the_silence_is_never_told_to_be_gone() {
        for kind in [LinkKind::Lan, LinkKind::Wan, LinkKind::Thin, LinkKind::Metered] {
            let profile = LinkProfile::of(kind);
            let heard_every_ms = profile.keep_alive_ms.unwrap_or(profile.idle_timeout_ms);
            assert!(u64::from(heard_every_ms) <= vigie_model::silent_after_ms(profile.beat_ms.into()), "{kind}");
        }
    }
}
