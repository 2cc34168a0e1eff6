//! What does a hub hear of a relay that is not connected, and what came of it?

use std::collections::{BTreeMap, BTreeSet};

use vigie_codec::carried::Head;
use vigie_codec::wire::{Clock, Frame, Hello, Paused, RefusedWhy, feature};
use vigie_merge::RangeSet;
use vigie_model::{ClockSource, Role, StreamId};

use crate::Lane;

/// Bytes that the hub may be told before its store has taken them.
const WINDOW_BYTES: u64 = 1024 * 1024;

/// What a relay wrote down, said to a hub's mind piece by piece.
#[derive(Debug, Default)]
pub struct Taking {
    sent: u64,
    received: u64,
    /// Bytes of an hour that is under way: the store takes it as a whole, or not at all.
    hour: u64,
    paused: bool,
    streams: BTreeSet<StreamId>,
    ticks: BTreeMap<StreamId, RangeSet>,
    refused: BTreeMap<&'static str, u64>,
}

/// Why a file is not taken any further.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCarried {
    /// Something that no relay writes.
    #[error("the file holds something that no relay writes")]
    Senseless,
    /// The hub can take no more now.
    #[error("the hub's disk is nearly full, and it takes no more")]
    Paused,
}

/// How many ticks a file brought, and what of them there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Count {
    /// In what was read of the file, each once.
    pub in_file: u64,
    /// Of them: here now, and not before.
    pub new: u64,
    /// Of them: here before.
    pub known: u64,
    /// Of them: not here; refused.
    pub refused: u64,
}

impl Taking {
    /// The first word on the control lane.
    pub fn hello(head: &Head) -> Vec<u8> {
        let hello = Hello {
            minor: 0,
            // Its rows are handed over apart from it: they need no answers.
            features: feature::ROLLUPS,
            role: Role::Relay,
            store_epoch: head.store_epoch,
            clock: Clock { utc: head.made_at, error_ms: u32::MAX, source: ClockSource::Rtc },
            paused: Paused::default(),
            name: head.name.clone(),
            software: head.software.clone(),
        };
        Frame::Hello(hello).encode()
    }

    /// On which lane the hub is to hear a frame; only those that bring something.
    ///
    /// # Errors
    /// When no relay writes such a frame into a file.
    pub fn lane(&mut self, bytes: &[u8]) -> Result<Lane, NotCarried> {
        let frame = Frame::decode(bytes).map_err(|_| NotCarried::Senseless)?;
        if !is_carried(&frame) {
            return Err(NotCarried::Senseless);
        }
        let lane = match &frame {
            Frame::Announce(list) => {
                self.streams.extend(list.iter().map(|said| said.stream));
                Lane::Control
            }
            Frame::Thinned(_) => Lane::State,
            Frame::Rollup(_) => Lane::Rollups,
            // The hub counts what comes on this lane, and says when its store has it.
            _ => Lane::Backlog,
        };
        let size = bytes.len() as u64;
        match &frame {
            Frame::Rollup(sheet) if sheet.more => self.hour += size,
            Frame::Rollup(_) => self.sent += std::mem::take(&mut self.hour) + size,
            _ if lane == Lane::Backlog => self.sent += size,
            _ => {}
        }
        if let Some((stream, first, last)) = ticks_of(&frame) {
            self.ticks.entry(stream).or_default().insert(first, last);
        }
        Ok(lane)
    }

    /// What the hub says to it.
    pub fn told(&mut self, bytes: &[u8]) {
        match Frame::decode(bytes) {
            Ok(Frame::Received { bulk, .. }) => self.received = self.received.max(bulk),
            Ok(Frame::Hello(hello)) => self.paused = hello.paused.bulk,
            Ok(Frame::Paused(paused)) => self.paused = paused.bulk,
            Ok(Frame::Refused(refused)) => *self.refused.entry(word(refused.why)).or_default() += 1,
            _ => {}
        }
    }

    /// Whether the next frame may be said now.
    ///
    /// # Errors
    /// When the hub takes no more.
    pub fn may_say(&self) -> Result<bool, NotCarried> {
        if self.paused {
            return Err(NotCarried::Paused);
        }
        Ok(self.hour > 0 || self.sent.saturating_sub(self.received) < WINDOW_BYTES)
    }

    /// Whether all that was said is kept, or refused for good. Of an hour that broke off nothing is.
    pub fn is_settled(&self) -> bool {
        self.received >= self.sent
    }

    /// The streams that were introduced, and the ticks of each.
    pub fn streams(&self) -> impl Iterator<Item = (StreamId, &RangeSet)> {
        const NOTHING: &RangeSet = &RangeSet::new();
        self.streams.iter().map(|stream| (*stream, self.ticks.get(stream).unwrap_or(NOTHING)))
    }

    /// How many pieces were refused, by reason.
    pub fn refused(&self) -> &BTreeMap<&'static str, u64> {
        &self.refused
    }

    /// What came of the ticks, given what there was of their streams before and what there is now.
    pub fn count(&self, before: &BTreeMap<StreamId, RangeSet>, now: &BTreeMap<StreamId, RangeSet>) -> Count {
        let nothing = RangeSet::new();
        let mut sum = Count::default();
        for (stream, ticks) in &self.ticks {
            let known = ticks.intersection(before.get(stream).unwrap_or(&nothing));
            let here = ticks.intersection(now.get(stream).unwrap_or(&nothing));
            sum.in_file += ticks.count();
            sum.known += known.count();
            sum.new += here.without(&known).count();
            sum.refused += ticks.without(&here).count();
        }
        sum
    }
}

/// Whether a frame brings something of what is measured: no errand, no answer and no question ever goes by hand.
pub(super) fn is_carried(frame: &Frame) -> bool {
    match frame {
        Frame::Announce(_)
        | Frame::Schema(_)
        | Frame::Ticks(_)
        | Frame::Segment(_)
        | Frame::Seal(_)
        | Frame::Statement(_)
        | Frame::Rollup(_)
        | Frame::Thinned(_) => true,
        Frame::Hello(_)
        | Frame::Have(_)
        | Frame::Acks(_)
        | Frame::Receipt(_)
        | Frame::Received { .. }
        | Frame::LiveStream(_)
        | Frame::Live(_)
        | Frame::Refused(_)
        | Frame::Paused(_)
        | Frame::ClockAsk(_)
        | Frame::ClockTell(..)
        | Frame::Tally(..)
        | Frame::CertAsk(_)
        | Frame::CertTell(_)
        | Frame::Revoked(_)
        | Frame::Goodbye(_)
        | Frame::RolledUp(_)
        | Frame::RawWanted(_)
        | Frame::Link(_)
        | Frame::Unknown(_) => false,
    }
}

/// The ticks that a frame holds.
pub fn ticks_of(frame: &Frame) -> Option<(StreamId, u64, u64)> {
    match frame {
        Frame::Segment(segment) => {
            let header = segment.header();
            (header.first <= header.last).then_some((header.stream, header.first.0, header.last.0))
        }
        Frame::Ticks(run) => {
            let last = run.first.0.checked_add(u64::from(run.count.checked_sub(1)?))?;
            Some((run.stream, run.first.0, last))
        }
        _ => None,
    }
}

fn word(why: RefusedWhy) -> &'static str {
    match why {
        RefusedWhy::Forged => "forged",
        RefusedWhy::NotYours => "not_of_this_site",
        RefusedWhy::Quota => "too_much",
        RefusedWhy::Missing => "incomplete",
    }
}
