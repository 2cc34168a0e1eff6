//! One connection: hello, lanes, and the two halves.

use vigie_codec::wire::{Hello, Link, Paused};
use vigie_model::Now;

use crate::allowance::Allowance;
use crate::inbound::Inbound;
use crate::outbound::Outbound;
use crate::rows::RowTalk;
use crate::talk::{PeerIs, Way};
use crate::{LinkKind, LinkProfile};

/// How often a peer is asked for its clock. Quartz drifts by some seconds a day; an hour keeps it under a second.
const CLOCK_EVERY_MS: u64 = 3_600_000;

/// The state of one connection.
#[derive(Debug)]
pub(crate) struct Session {
    pub(crate) peer: PeerIs,
    pub(crate) greeted: Option<Hello>,
    pub(crate) outbound: Option<Outbound>,
    pub(crate) inbound: Option<Inbound>,
    /// What the other side is told of the link.
    pub(crate) link: Link,
    pub(crate) rows: RowSide,
    pub(crate) metered: bool,
    pub(crate) clock_due_ms: u64,
    pub(crate) told_paused: Paused,
    /// Set when the mind has wished it closed: nothing more is said or heard.
    pub(crate) closing: bool,
    /// When it is looked at although nothing happened to it; the largest number when never.
    pub(crate) wakes_ms: u64,
}

impl Session {
    pub(crate) fn new(peer: PeerIs, profile: &LinkProfile, told_paused: Paused, now: Now) -> Self {
        let allowance = profile.bytes_per_month.map(|bytes| Allowance::new(bytes, now.mono_ms));
        let link = Link { beat_ms: profile.beat_ms, gather_acks_ms: profile.gather_acks_ms };
        let (outbound, inbound) = match peer.way {
            Way::Up => (Some(Outbound::new(profile, allowance, now.mono_ms)), None),
            Way::Down => (None, Some(Inbound::new(profile.gather_acks_ms))),
        };
        // Whoever offers asks for the time; whoever takes is nearer to it.
        let clock_due_ms = if peer.way == Way::Up { now.mono_ms } else { u64::MAX };
        Self {
            peer,
            greeted: None,
            outbound,
            inbound,
            link,
            rows: RowSide::default(),
            metered: profile.kind == LinkKind::Metered,
            clock_due_ms,
            told_paused,
            closing: false,
            wakes_ms: u64::MAX,
        }
    }

    pub(crate) fn asks_clock(&mut self, now: Now) -> bool {
        let due = self.greeted.is_some() && now.mono_ms >= self.clock_due_ms;
        if due {
            self.clock_due_ms = now.mono_ms + CLOCK_EVERY_MS;
        }
        due
    }

    pub(crate) fn next_timeout_ms(&self) -> u64 {
        let clock = if self.greeted.is_some() { self.clock_due_ms } else { u64::MAX };
        let outbound = self.outbound.as_ref().map_or(u64::MAX, Outbound::next_timeout_ms);
        let inbound = self.inbound.as_ref().map_or(u64::MAX, Inbound::next_timeout_ms);
        clock.min(outbound).min(inbound).min(self.rows.next_timeout_ms())
    }
}

/// Where the conversation about rows is.
#[derive(Debug)]
pub(crate) enum RowSide {
    /// Not begun: the peer may not know rows, or has not said hello, or the store has not answered. What it said of rows
    /// meanwhile, which comes on another lane than its hello, waits here.
    Waiting(Vec<Vec<u8>>),
    /// Under way.
    Talking(Box<RowTalk>),
    /// The store failed; the rest of the session goes on until then, and comes back with rows.
    Resting { since_ms: u64, until_ms: u64 },
}

impl Default for RowSide {
    fn default() -> Self {
        Self::Waiting(Vec::new())
    }
}

impl RowSide {
    fn next_timeout_ms(&self) -> u64 {
        match self {
            Self::Waiting(_) => u64::MAX,
            Self::Talking(talk) => talk.next_timeout_ms().unwrap_or(u64::MAX),
            Self::Resting { until_ms, .. } => *until_ms,
        }
    }
}
