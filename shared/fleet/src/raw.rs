//! Which of a machine's ticks are here, and which are asked for where they stay?

use vigie_merge::RangeSet;
use vigie_model::{NodeId, Role, StreamId, UtcMs};
use vigie_serve::{Raw, RawError, RawState, Stamp};
use vigie_sync::keep::{StreamFacts, Write};

use crate::fleet::Fleet;

impl Fleet {
    pub(crate) fn raw_of(&self, node: NodeId, from: UtcMs, to: UtcMs, ask: bool) -> Result<Raw, RawError> {
        if self.role != Role::Hub {
            return Err(RawError::NotHere);
        }
        let streams = self.streams_of(node).ok_or(RawError::NoMachine)?;
        if ask {
            self.ask_for(&streams, from, to)?;
        }
        let mut raw = Raw {
            machine: node,
            start: Stamp(from),
            end: Stamp(to),
            state: RawState::Unknown,
            ticks: 0,
            here: 0,
            asked: 0,
            gone: 0,
            thinned: 0,
        };
        let mut makers: Vec<NodeId> = Vec::new();
        let log = self.log();
        for stream in &streams {
            let Some(facts) = log.streams().get(stream) else { continue };
            let ticks = log.ticks_of_hours(*stream, from, to).map_err(store)?;
            raw.ticks += ticks.count();
            raw.here += ticks.intersection(&facts.ticks()).count();
            let thinned = ticks.intersection(&facts.rolled.thinned).without(&facts.have).count();
            raw.gone += ticks.intersection(&facts.gaps).count() + thinned;
            raw.thinned += thinned;
            raw.asked += lacking(facts, &ticks).intersection(&facts.rolled.wanted).count();
            makers.extend(&facts.rolled.makers);
        }
        drop(log);
        let connected = || self.view().sessions.values().any(|session| makers.contains(&session.peer.node));
        raw.state = match raw {
            Raw { ticks: 0, .. } => RawState::Unknown,
            Raw { ticks, here, .. } if here == ticks => RawState::Here,
            Raw { ticks, here, gone, .. } if here + gone == ticks => RawState::Gone,
            Raw { asked: 0, .. } => RawState::NotAsked,
            Raw { .. } if connected() => RawState::UnderWay,
            Raw { .. } => RawState::Asked,
        };
        Ok(raw)
    }

    fn streams_of(&self, node: NodeId) -> Option<Vec<StreamId>> {
        let memory = self.memory();
        let machine = memory.node(memory.find(node)?);
        machine.machine()?;
        Some(machine.streams.iter().map(|stream| memory.stream(*stream).id).collect())
    }

    /// Keeps the wish for what is not here, beside what was wished before and is still not here.
    fn ask_for(&self, streams: &[StreamId], from: UtcMs, to: UtcMs) -> Result<(), RawError> {
        let mut writes = Vec::new();
        let log = self.log();
        for stream in streams {
            let Some(facts) = log.streams().get(stream) else { continue };
            let mut ticks = lacking(facts, &log.ticks_of_hours(*stream, from, to).map_err(store)?);
            ticks.union_with(&lacking(facts, &facts.rolled.wanted));
            if ticks != facts.rolled.wanted {
                writes.push(Write::Wanted { stream: *stream, ticks });
            }
        }
        drop(log);
        if writes.is_empty() { Ok(()) } else { self.keep(writes).map_err(|why| RawError::Store(why.0)) }
    }
}

/// What is not here and may still come.
fn lacking(facts: &StreamFacts, ticks: &RangeSet) -> RangeSet {
    ticks.without(&facts.have).without(&facts.rolled.thinned)
}

fn store(error: vigie_store::ReadError) -> RawError {
    RawError::Store(error.to_string())
}
