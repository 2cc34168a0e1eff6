//! What goes when a store is nearly full, and of what could go nothing but minutes and hours is left?
//!
//! Where ticks go, their hours stay. A store full of hours alone would take in no more ticks for ever; so the oldest go,
//! minutes before hours, and none that the hub has not got: in its own hours, or under its signature. In each stream they
//! go in order and up to the first that may not: before what is left then nothing is, and answers can say so. Which ticks
//! were folded, and which were let go of, stays known.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use vigie_model::StreamId;
use vigie_rollup::{Hour, Window};

use super::Log;
use super::load::Shelves;
use super::pen::Pen;
use super::rolls::{self, Group, Place};
use super::room::Evicted;
use crate::errors::{CommitError, Trouble};
use crate::types::StreamFacts;

/// Hours looked at for one transaction: a megabyte of a machine with 150 series.
const HOURS_AT_ONCE: usize = 256;

impl Log {
    /// Lets go of the oldest minutes, then of the oldest hours, of all streams alike, until a goal is reached or none is
    /// left that may go.
    pub(crate) fn let_hours_go(&mut self, goal: u64, evicted: &mut Evicted) -> Result<(), CommitError> {
        for window in [Window::Minute, Window::Hour] {
            if self.used_bytes() <= goal {
                return Ok(());
            }
            let streams = self.streams.iter().filter(|(_, facts)| knows_the_hub(facts)).map(|(stream, _)| *stream);
            let mut oldest = self.reading(|shelves| Oldest::of(shelves, streams, window))?;
            while self.used_bytes() > goal {
                let excess = self.used_bytes() - goal;
                let due = self.reading(|shelves| oldest.due(shelves, &self.streams, excess))?;
                if due.hours == 0 {
                    break;
                }
                evicted.bytes += self.transact(|pen| pen.let_hours_go(window, &due.up_to))?;
                evicted.hours += due.hours;
                evicted.streams.extend(due.up_to.into_keys());
            }
        }
        Ok(())
    }
}

/// Whether the hub has said anything of a stream: of the others nothing may go.
fn knows_the_hub(facts: &StreamFacts) -> bool {
    let has_said = !facts.rolled.there.is_empty() || !facts.held().is_empty();
    has_said && !facts.rolled.own.is_empty()
}

/// The first hour of each stream that is still to be looked at, the oldest on top.
struct Oldest {
    window: Window,
    next: BinaryHeap<Reverse<(i64, StreamId)>>,
}

/// What may go at once.
#[derive(Default)]
struct Due {
    /// The last hour of each stream that goes.
    up_to: BTreeMap<StreamId, Hour>,
    hours: u64,
    bytes: u64,
}

impl Oldest {
    fn of(shelves: &Shelves, streams: impl Iterator<Item = StreamId>, window: Window) -> Result<Self, Trouble> {
        let mut oldest = Self { window, next: BinaryHeap::new() };
        for stream in streams {
            oldest.push_next(shelves, stream, i64::MIN)?;
        }
        Ok(oldest)
    }

    fn push_next(&mut self, shelves: &Shelves, stream: StreamId, from: i64) -> Result<(), Trouble> {
        let (low, high) = rolls::hours(stream, self.window, Hour::number(from), Hour::number(i64::MAX));
        let first = shelves.rollups.range::<&[u8]>(low.as_slice()..=high.as_slice())?.next().transpose()?;
        if let Some(place) = first.and_then(|(key, _)| Place::of(key.value())) {
            self.next.push(Reverse((place.hour.count(), stream)));
        }
        Ok(())
    }

    /// The next that may go, until so many bytes would.
    fn due(
        &mut self,
        shelves: &Shelves,
        streams: &BTreeMap<StreamId, StreamFacts>,
        excess: u64,
    ) -> Result<Due, Trouble> {
        let mut due = Due::default();
        for _ in 0..HOURS_AT_ONCE {
            if due.bytes >= excess {
                break;
            }
            let Some(Reverse((count, stream))) = self.next.pop() else { break };
            let hour = Hour::number(count);
            let groups = rolls::groups(&shelves.rollups, rolls::hours(stream, self.window, hour, hour))?;
            let Some(facts) = streams.get(&stream) else { continue };
            if !groups.values().all(|group| may_go(facts, group)) {
                continue;
            }
            let rows = groups.values().flat_map(|group| &group.rows);
            due.bytes += rows.map(|(key, row)| (key.len() + row.len()) as u64).sum::<u64>();
            due.up_to.insert(stream, hour);
            due.hours += 1;
            self.push_next(shelves, stream, count.saturating_add(1))?;
        }
        Ok(due)
    }
}

/// Whether all ticks of a piece are at the hub, as hours or as they were measured, and none is here any more. Of a damaged
/// one nobody knows.
fn may_go(facts: &StreamFacts, group: &Group) -> bool {
    let Some(covered) = group.covered() else { return false };
    let Some((first, last)) = covered.first().zip(covered.last()) else { return false };
    let rolled = &facts.rolled;
    let mut there = rolled.there.within(first, last).without(&rolled.retold.within(first, last));
    there.union_with(&facts.held().within(first, last));
    let here = facts.present.within(first, last).without(&facts.gaps.within(first, last));
    covered.without(&there).is_empty() && covered.intersection(&here).is_empty()
}

impl Pen<'_> {
    /// Removes the minutes or hours of some streams, each up to an hour; says how many bytes.
    fn let_hours_go(&mut self, window: Window, up_to: &BTreeMap<StreamId, Hour>) -> Result<u64, Trouble> {
        let mut freed = 0;
        for (stream, last) in up_to {
            let Some(mut facts) = self.take(*stream) else { continue };
            let (low, high) = rolls::hours(*stream, window, Hour::number(i64::MIN), *last);
            let done = self.expire_up_to(*stream, &mut facts, window, (&low, &high));
            self.give(*stream, facts);
            freed += done?;
        }
        Ok(freed)
    }
}
