//! What is told of a machine?

use vigie_model::{ClockSource, NodeId, Role, StreamId, UtcMs};
use vigie_serve::{
    Beat, ClockNote, Drain, Fact, Goodbye, Health, Heard, Listener, Machine, Origin, Path, Stamp, reach,
};

use crate::fleet::{Fleet, Known, Memory};
use crate::ledgers;
use crate::recent::Seen;

/// How often a connection is sure to be heard: its keep-alive, with room for one that was lost.
const BEAT_MS: u64 = 10_000;

/// A clock this far off is worth telling.
const CLOCK_NOTE_MS: i64 = 30_000;

/// How often a machine measures, until two of its ticks have said so.
const USUAL_INTERVAL_MS: u64 = 10_000;

impl Fleet {
    pub(crate) fn all_machines(&self) -> Vec<Machine> {
        let memory = self.memory();
        memory.nodes.values().filter(|known| known.role == Role::Agent).map(|known| self.show(&memory, known)).collect()
    }

    pub(crate) fn one_machine(&self, node: NodeId) -> Option<Machine> {
        let memory = self.memory();
        let known = memory.nodes.get(&node).filter(|known| known.role == Role::Agent)?;
        Some(self.show(&memory, known))
    }

    fn show(&self, memory: &Memory, known: &Known) -> Machine {
        let now = self.clock.now().utc;
        let streams: Vec<StreamId> = memory.streams_of(known.node).collect();
        let newest = newest_stream(memory, &streams);
        let recent = newest.and_then(|stream| memory.recents.get(&stream));
        let seen = recent.and_then(|recent| recent.newest());
        let interval_ms = recent.and_then(|recent| recent.interval_ms()).unwrap_or(USUAL_INTERVAL_MS);
        let origin = |seen: &Seen| newest.map(|stream| self.origin(memory, stream, seen));
        let fact = |(value, seen): (f64, &Seen)| Some(Fact { value, origin: origin(seen)? });
        let heard = self.heard(memory, known, newest, seen, interval_ms);
        Machine {
            id: known.node,
            name: known.name.clone(),
            client: known.client.clone(),
            site: known.site.clone(),
            health: Health::Unknown,
            reachability: reach(&heard, now),
            interval_ms,
            last_sample: seen.and_then(origin),
            cpu: recent.and_then(|recent| recent.cpu()).and_then(fact),
            memory: recent.and_then(|recent| recent.memory()).and_then(fact),
            clock: newest.zip(seen).and_then(|(stream, seen)| clock_note(memory, stream, seen)),
            ledger: ledgers::summary(memory, &streams, self.role),
            drain: drain(memory, &streams, self.clock.mono_ms()),
        }
    }

    fn heard(
        &self,
        memory: &Memory,
        known: &Known,
        stream: Option<StreamId>,
        seen: Option<&Seen>,
        interval_ms: u64,
    ) -> Heard {
        let beat = |node: NodeId| Some(Beat { at: memory.voices.get(&node)?.heard_at?, every_ms: BEAT_MS });
        let bringer =
            stream.and_then(|stream| memory.bringers.get(&stream).copied()).filter(|node| *node != known.node);
        let relay = bringer.or_else(|| self.relay_of(memory, known));
        let direct = memory.voices.get(&known.node).is_some_and(|voice| voice.session.is_some());
        let listener = match relay.filter(|_| !direct && self.role == Role::Hub) {
            Some(relay) => Listener::Relay { relay: beat(relay), machine: None },
            None => Listener::Here { machine: beat(known.node) },
        };
        let goodbye_at = memory.voices.get(&known.node).and_then(|voice| voice.goodbye_at);
        Heard {
            interval_ms,
            observed_at: stream.zip(seen).map(|(stream, seen)| memory.true_time(stream, &seen.tick)),
            learnt_at: seen.map(|seen| seen.learnt_at),
            listener,
            goodbye: goodbye_at.map(|at| Goodbye { at, back_at: None }),
            retired: false,
        }
    }

    /// Before a machine was ever heard, the relay of its site is who would bring it.
    fn relay_of(&self, memory: &Memory, known: &Known) -> Option<NodeId> {
        let mut relays = memory.relays_of(known);
        let first = relays.next()?;
        let heard = |node: &NodeId| memory.voices.get(node).and_then(|voice| voice.heard_at);
        Some(relays.fold(first, |best, relay| if heard(&relay) > heard(&best) { relay } else { best }))
    }

    fn origin(&self, memory: &Memory, stream: StreamId, seen: &Seen) -> Origin {
        let verified = memory.facts.get(&stream).is_some_and(|facts| facts.sealed.contains(seen.tick.seq.0));
        Origin {
            observed_at: Stamp(memory.true_time(stream, &seen.tick)),
            learnt_at: Stamp(seen.learnt_at),
            path: self.path(memory, stream),
            verified,
        }
    }

    fn path(&self, memory: &Memory, stream: StreamId) -> Path {
        let relay = memory.bringers.get(&stream).filter(|node| **node != stream.agent);
        let relay = relay.map(|node| {
            let name = memory.nodes.get(node).map_or_else(|| node.short(), |known| known.name.clone());
            format!("relay:{name}")
        });
        let here = match self.role {
            Role::Relay => format!("relay:{}", self.name),
            Role::Hub | Role::Agent => "hub".to_owned(),
        };
        Path::new(["agent".to_owned()].into_iter().chain(relay).chain([here]))
    }
}

/// The life of the store whose newest tick is the latest.
fn newest_stream(memory: &Memory, streams: &[StreamId]) -> Option<StreamId> {
    let learnt = |stream: &StreamId| -> Option<(UtcMs, UtcMs)> {
        let seen = memory.recents.get(stream)?.newest()?;
        Some((memory.true_time(*stream, &seen.tick), seen.learnt_at))
    };
    streams.iter().copied().max_by_key(learnt)
}

fn clock_note(memory: &Memory, stream: StreamId, seen: &Seen) -> Option<ClockNote> {
    let ahead_ms = seen.tick.at.utc.0.saturating_sub(memory.true_time(stream, &seen.tick).0);
    let source = memory.anchor(stream, seen.tick.at.boot.no).map_or(ClockSource::Rtc, |anchor| anchor.source);
    (ahead_ms.saturating_abs() > CLOCK_NOTE_MS).then_some(ClockNote { ahead_ms, source, corrected: true })
}

/// A rate is told while ticks wait; when it will be done, only after it was stable for ten seconds.
pub(crate) fn drain(memory: &Memory, streams: &[StreamId], now_ms: u64) -> Option<Drain> {
    let waiting: u64 =
        streams.iter().filter_map(|stream| memory.facts.get(stream)).map(|facts| ledgers::waiting(facts)).sum();
    let rates = streams.iter().filter_map(|stream| memory.draining.get(stream));
    let fresh: Vec<_> = rates.filter(|drain| now_ms.saturating_sub(drain.at_ms) < 5_000).collect();
    let per_second: f64 = fresh.iter().map(|drain| drain.per_second).sum();
    let worth = waiting > 2 && per_second > 0.0;
    let stable =
        fresh.iter().all(|drain| drain.stable_since_ms.is_some_and(|since| now_ms.saturating_sub(since) >= 10_000));
    worth.then(|| Drain {
        ticks_per_second: per_second,
        done_in_seconds: stable.then(|| (waiting as f64 / per_second).ceil() as u64),
    })
}
