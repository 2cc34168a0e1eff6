//! How far is one stream on one connection: what the peer has, what is under way, and what was asked of the store?

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_codec::statement::Statement;
use vigie_codec::wire::{Frame, LooseTicks, Tally};
use vigie_merge::RangeSet;
use vigie_model::{Anchor, StreamId, Tick};

use super::hours::HoursOffered;
use crate::Lane;
use crate::keep::Record;

#[derive(Debug)]
pub(super) struct PeerHas {
    pub(super) have: RangeSet,
    pub(super) sealed: RangeSet,
}

/// One stream as it is offered on this connection.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) stream: StreamId,
    /// What the peer has; unknown until it says so.
    pub(super) peer: Option<PeerHas>,
    /// Under way on this connection and not yet acknowledged.
    pub(super) sent: RangeSet,
    /// Sent on the live lane: seals follow on the same lane, and so never overtake their ticks.
    pub(super) live_sent: RangeSet,
    /// Numbers whose seal is under way.
    pub(super) seals_sent: RangeSet,
    /// What the peer will not take on this connection.
    pub(super) blocked: RangeSet,
    /// What was asked of the store and was not there, as long as it is said to be here: asking again would give the same.
    pub(super) absent: RangeSet,
    /// Gaps that were said although the peer has ticks there: the agent's last word on ticks that it never sealed.
    pub(super) gaps_said: RangeSet,
    pub(super) schema_sent: u32,
    pub(super) anchors_told: BTreeMap<u32, Anchor>,
    pub(super) live_introduced: bool,
    pub(super) tally_told: Tally,
    pub(super) asking_anchors: bool,
    /// Ticks that are here and not there.
    pub(super) lacking: u64,
    /// The numbers whose seals were last asked for: asking again for the same would give the same.
    pub(super) seals_asked: RangeSet,
    pub(super) hours: HoursOffered,
    /// Ticks that somebody asks for.
    pub(super) asked_for: RangeSet,
    /// What the peer was told to be let go of here.
    pub(super) thinned_told: RangeSet,
}

/// Numbers from and to, and the frame that brings them.
pub(super) type Piece = (u64, u64, Lane, Frame);

impl Offered {
    pub(super) fn new(stream: StreamId) -> Self {
        Self {
            stream,
            peer: None,
            sent: RangeSet::new(),
            live_sent: RangeSet::new(),
            seals_sent: RangeSet::new(),
            blocked: RangeSet::new(),
            absent: RangeSet::new(),
            gaps_said: RangeSet::new(),
            schema_sent: 0,
            anchors_told: BTreeMap::new(),
            live_introduced: false,
            tally_told: Tally::default(),
            asking_anchors: false,
            lacking: 0,
            seals_asked: RangeSet::new(),
            hours: HoursOffered::default(),
            asked_for: RangeSet::new(),
            thinned_told: RangeSet::new(),
        }
    }

    /// What of a record is still to be sent. A segment goes whole, because its signature is over the whole.
    pub(super) fn pieces(&mut self, record: Record) -> Vec<Piece> {
        match record {
            Record::Segment(segment) => {
                let (first, last) = (segment.header().first.0, segment.header().last.0);
                self.seals_sent.insert(first, last);
                vec![(first, last, Lane::Backlog, Frame::Segment(segment))]
            }
            Record::Ticks(mut ticks) => {
                // A run may hold ticks that have gone by the live lane since it was asked for.
                let there = |seq: u64| self.peer.as_ref().is_some_and(|peer| peer.have.contains(seq));
                ticks.retain(|tick| !self.sent.contains(tick.seq.0) && !there(tick.seq.0));
                ticks.chunk_by(|a, b| a.seq.next() == b.seq).map(|run| loose(self.stream, run)).collect()
            }
            Record::Statement(signed) => match signed.statement {
                Statement::Gap(gap) => vec![(gap.first.0, gap.last.0, Lane::State, Frame::Statement(signed))],
                Statement::Anchor(_) => Vec::new(),
            },
        }
    }
}

fn loose(stream: StreamId, run: &[Arc<Tick>]) -> Piece {
    let owned: Vec<Tick> = run.iter().map(|tick| Tick::clone(tick)).collect();
    let (first, count) = (owned[0].seq, owned.len() as u32);
    let body = vigie_codec::block::encode(&owned);
    (first.0, first.0 + u64::from(count) - 1, Lane::Backlog, Frame::Ticks(LooseTicks { stream, first, count, body }))
}
