//! Who arrives next, among those who have left the wire?

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use crate::{Condition, Dice, FlowId, Moment, Parcel};

/// Everything between the wire and the far end.
///
/// When a parcel arrives is worked out when somebody looks, not when it sets out: a new delay holds for what is already
/// under way. Inside a lane nobody overtakes, so each lane only ever asks its first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Road {
    /// Datagrams in their order.
    datagrams: Lane,
    /// Datagrams that are to be overtaken.
    held_back: Lane,
    /// A lane for each stream, since a stream that repeats something delays itself and nobody else.
    streams: BTreeMap<FlowId, Lane>,
    /// Streams stand still, as they do while either direction is cut.
    streams_held: bool,
}

type Lane = VecDeque<Traveller>;

/// A parcel under way.
#[derive(Debug, Clone)]
pub(crate) struct Traveller {
    pub(crate) parcel: Parcel,
    pub(crate) dice: Dice,
    /// When it left the wire.
    pub(crate) left_wire: Moment,
    /// What it waits beyond delay and jitter.
    pub(crate) extra: Duration,
}

/// Which lane a traveller stands first in.
#[derive(Debug, Clone, Copy)]
enum LaneName {
    Datagrams,
    HeldBack,
    Stream(FlowId),
}

impl Road {
    pub(crate) fn push_datagram(&mut self, traveller: Traveller) {
        self.datagrams.push_back(traveller);
    }

    pub(crate) fn push_held_back(&mut self, traveller: Traveller) {
        self.held_back.push_back(traveller);
    }

    pub(crate) fn push_stream(&mut self, traveller: Traveller) {
        self.streams.entry(traveller.parcel.flow).or_default().push_back(traveller);
    }

    /// Takes the first who has arrived by `now`.
    pub(crate) fn pop_arrived(&mut self, condition: &Condition, now: Moment) -> Option<Parcel> {
        let (due, lane) = self.first(condition)?;
        if due > now {
            return None;
        }
        self.pop(lane)
    }

    /// When the next one arrives.
    pub(crate) fn next_arrival(&self, condition: &Condition) -> Option<Moment> {
        self.first(condition).map(|(due, _)| due)
    }

    /// Takes away every datagram, and hands them over.
    pub(crate) fn clear_datagrams(&mut self) -> impl Iterator<Item = Parcel> {
        let cleared = self.datagrams.drain(..).chain(self.held_back.drain(..));
        cleared.map(|traveller| traveller.parcel)
    }

    /// Stops all streams where they are.
    pub(crate) fn hold_streams(&mut self) {
        self.streams_held = true;
    }

    pub(crate) fn streams_held(&self) -> bool {
        self.streams_held
    }

    /// Lets the streams go on. All that stood still sets out anew, as its sender would send it anew.
    pub(crate) fn release_streams(&mut self, now: Moment) {
        if !self.streams_held {
            return;
        }
        self.streams_held = false;
        for traveller in self.streams.values_mut().flatten() {
            traveller.left_wire = now;
            traveller.extra = Duration::ZERO;
        }
    }

    fn first(&self, condition: &Condition) -> Option<(Moment, LaneName)> {
        let datagram = self.datagrams.front().map(|t| (t.due(condition), LaneName::Datagrams));
        let held_back = self.held_back.front().map(|t| (t.due(condition), LaneName::HeldBack));
        let firsts = [datagram, held_back, self.first_stream(condition)];
        firsts.into_iter().flatten().min_by_key(|(due, _)| *due)
    }

    fn first_stream(&self, condition: &Condition) -> Option<(Moment, LaneName)> {
        if self.streams_held {
            return None;
        }
        let firsts = self.streams.iter().filter_map(|(flow, lane)| {
            let first = lane.front()?;
            Some((first.due(condition), LaneName::Stream(*flow)))
        });
        firsts.min_by_key(|(due, _)| *due)
    }

    fn pop(&mut self, lane: LaneName) -> Option<Parcel> {
        let traveller = match lane {
            LaneName::Datagrams => self.datagrams.pop_front(),
            LaneName::HeldBack => self.held_back.pop_front(),
            LaneName::Stream(flow) => self.pop_stream(flow),
        };
        traveller.map(|traveller| traveller.parcel)
    }

    fn pop_stream(&mut self, flow: FlowId) -> Option<Traveller> {
        let lane = self.streams.get_mut(&flow)?;
        let first = lane.pop_front();
        if lane.is_empty() {
            self.streams.remove(&flow);
        }
        first
    }
}

impl Traveller {
    fn due(&self, condition: &Condition) -> Moment {
        self.left_wire + condition.delay + self.dice.share_of(condition.jitter) + self.extra
    }
}
