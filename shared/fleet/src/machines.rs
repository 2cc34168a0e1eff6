//! What is told of a machine?

use vigie_model::{ClockSource, NodeId, Role, SeriesIx, Slug, USUAL_BEAT_MS, UtcMs};
use vigie_serve::{
    Amount, Beat, ClockNote, Drain, Fact, Glance, Goodbye, Health, Heard, Listener, Machine, Mark, Origin, Path, Reach,
    Reachability, Stamp, USUAL_ABSENCE_MS, reach,
};

use crate::catalogue::Schema;
use crate::draining;
use crate::fleet::Fleet;
use crate::ledgers;
use crate::memory::{Last, Memory, Node, NodeIx, Nodes, Stream, StreamIx, Voice};
use crate::newest::Measured;
use crate::systems::Systems;
use crate::vouching::{Answers, Word};

/// What is measured within so long is of one round.
const ONE_ROUND_MS: i64 = 60_000;

/// A clock this far off is worth telling.
const CLOCK_NOTE_MS: i64 = 30_000;

/// How often a machine measures, until two of its ticks have said so.
const USUAL_INTERVAL_MS: u64 = 10_000;

/// Machines that are drawn up at once: some hundred microseconds in which nothing new is taken in.
const AT_ONCE: usize = 256;

/// Machines that are gone over at once where few of them are wanted, in as long.
const PASSED_AT_ONCE: usize = 4_096;

/// Whether a machine of this id, client and site is wanted.
type Wanted<'w> = &'w mut dyn FnMut(NodeId, &Slug, &Slug) -> bool;

/// What all machines of a list are looked at with.
struct At {
    now: UtcMs,
    systems: Systems,
}

impl Fleet {
    pub(crate) fn chosen_machines(&self, wanted: Wanted<'_>) -> Vec<Machine> {
        self.gone_over(Memory::machines_after, |memory, node| self.show_if(memory, node, wanted))
    }

    pub(crate) fn chosen_glances(&self, wanted: Wanted<'_>) -> Vec<Glance> {
        let at = self.moment();
        self.gone_over(Memory::nodes_after, |memory, node| self.glance_if(memory, node, &at, wanted))
    }

    pub(crate) fn chosen_machines_at(
        &self,
        there: &mut dyn FnMut(&Slug, &Slug) -> bool,
        wanted: Wanted<'_>,
    ) -> Vec<Machine> {
        self.of_machines_at(there, |memory, node| self.show_if(memory, node, wanted))
    }

    pub(crate) fn chosen_glances_at(
        &self,
        there: &mut dyn FnMut(&Slug, &Slug) -> bool,
        wanted: Wanted<'_>,
    ) -> Vec<Glance> {
        let at = self.moment();
        self.of_machines_at(there, |memory, node| self.glance_if(memory, node, &at, wanted))
    }

    fn show_if(&self, memory: &Memory, node: &Node, wanted: Wanted<'_>) -> Option<Machine> {
        let known = &node.machine()?.known;
        if wanted(node.id, &known.client, &known.site) { self.show(memory, node) } else { None }
    }

    fn moment(&self) -> At {
        At { now: self.clock.now().utc, systems: self.systems() }
    }

    fn glance_if(&self, memory: &Memory, node: &Node, at: &At, wanted: Wanted<'_>) -> Option<Glance> {
        let known = &node.machine()?.known;
        if wanted(node.id, &known.client, &known.site) { self.glance(memory, node, at) } else { None }
    }

    pub(crate) fn all_states(&self) -> Vec<Reachability> {
        let now = self.clock.now().utc;
        self.gone_over(Memory::nodes_after, |memory, node| {
            node.machine().map(|_| self.reach_of(memory, node, now).state)
        })
    }

    /// Goes over all nodes in one order or another, letting go of memory now and then so that ticks do not wait for a list.
    fn gone_over<C: Copy, T>(
        &self,
        after: for<'m> fn(&'m Memory, Option<C>) -> Nodes<'m, C>,
        mut of: impl FnMut(&Memory, &Node) -> Option<T>,
    ) -> Vec<T> {
        // Growing copies all of them again and again; room that is not needed is never touched.
        let mut all = Vec::with_capacity(self.memory().nodes().len());
        let mut last: Option<C> = None;
        loop {
            let memory = self.memory();
            let enough = all.len() + AT_ONCE;
            let mut passed = 0;
            for (at, node) in after(&memory, last) {
                all.extend(of(&memory, node));
                (last, passed) = (Some(at), passed + 1);
                if all.len() == enough || passed == PASSED_AT_ONCE {
                    break;
                }
            }
            if all.len() < enough && passed < PASSED_AT_ONCE {
                return all;
            }
        }
    }

    /// As [`Self::gone_over`] in the order of ids, of those that stand at these places: it costs what stands there, and not what there is.
    fn of_machines_at<T>(
        &self,
        there: &mut dyn FnMut(&Slug, &Slug) -> bool,
        mut of: impl FnMut(&Memory, &Node) -> Option<T>,
    ) -> Vec<T> {
        let memory = self.memory();
        let places = memory.places().filter(|place| there(&place.client, &place.site));
        let mut nodes: Vec<(NodeId, NodeIx)> =
            places.flat_map(|place| &place.nodes).map(|(id, ix)| (*id, *ix)).collect();
        drop(memory);
        nodes.sort_unstable();
        let mut all = Vec::with_capacity(nodes.len());
        for some in nodes.chunks(AT_ONCE) {
            let memory = self.memory();
            all.extend(some.iter().filter_map(|(_, ix)| of(&memory, memory.node(*ix))));
        }
        all
    }

    pub(crate) fn one_machine(&self, node: NodeId) -> Option<Machine> {
        let memory = self.memory();
        self.show(&memory, memory.node(memory.find(node)?))
    }

    fn show(&self, memory: &Memory, node: &Node) -> Option<Machine> {
        let known = &node.machine()?.known;
        let newest = newest_stream(memory, node);
        let last = newest.and_then(|stream| stream.gist.last);
        let figure = |of: fn(&Schema) -> Option<SeriesIx>| newest.and_then(|stream| self.figure(memory, stream, of));
        Some(Machine {
            id: node.id,
            name: known.name.clone(),
            client: known.client.clone(),
            site: known.site.clone(),
            mark: Mark::default(),
            health: Health::Unknown,
            reachability: self.reach_of(memory, node, self.clock.now().utc),
            interval_ms: interval_ms(newest),
            last_sample: newest
                .zip(last)
                .map(|(stream, last)| self.origin(memory, stream, (last.seq, last.true_ms, last.learnt_at))),
            cpu: figure(|schema| schema.cpu),
            memory: figure(|schema| schema.memory),
            clock: newest.zip(last).and_then(|(stream, last)| clock_note(stream, last)),
            ledger: ledgers::summary(memory, &node.streams, self.role),
            drain: drain(memory, &node.streams, self.clock.mono_ms()),
        })
    }

    fn glance(&self, memory: &Memory, node: &Node, At { now, systems }: &At) -> Option<Glance> {
        let enrolled = node.machine()?;
        let known = &enrolled.known;
        let newest = newest_stream(memory, node);
        let figure = |of: fn(&Schema) -> Option<SeriesIx>| Some(value(memory, newest?, of)?.0);
        Some(Glance {
            id: node.id,
            name: enrolled.name(),
            client: known.client.clone(),
            site: known.site.clone(),
            mark: Mark::default(),
            health: Health::Unknown,
            reachability: self.reach_of(memory, node, *now),
            system: systems.of(node),
            observed_at: newest_sample_ms(memory, node).map(|at| Stamp(UtcMs(at))),
            cpu: figure(|schema| schema.cpu),
            memory: figure(|schema| schema.memory),
            disk: newest.and_then(|stream| fullest(memory, stream)),
            waiting: Amount::known(ledgers::waiting_of(memory, &node.streams, self.role), None),
            lost: ledgers::given_up_of(memory, &node.streams),
        })
    }

    /// Whether a machine is heard: what a question needs of it too, so nothing else is drawn up for it.
    pub(crate) fn reach_of(&self, memory: &Memory, node: &Node, now: UtcMs) -> Reach {
        let newest = newest_stream(memory, node);
        let last = newest.and_then(|stream| stream.gist.last);
        let sampled_at = last.map(|last| last.learnt_at.min(UtcMs(last.true_ms)));
        let beat = |ix: NodeIx| beat_of(memory.node(ix).voice.as_ref()?);
        let bringer = newest.and_then(|stream| stream.bringer).filter(|bringer| memory.node(*bringer).id != node.id);
        let (vouched_by, vouched) = memory.word_of(node).filter(|_| self.role == Role::Hub).unzip();
        let relay = vouched_by.or(bringer).or_else(|| relay_of(memory, node));
        let direct = node.voice.as_ref().is_some_and(|voice| voice.session.is_some());
        let listener = match relay.filter(|_| !direct && self.role == Role::Hub) {
            Some(relay) => {
                let machine = vouched.and_then(|word| match word.answers {
                    // As fresh as the relay itself: it would say so otherwise.
                    Answers::Yes => beat(relay),
                    // A sample that was measured after that word says more than it.
                    Answers::No | Answers::Away => {
                        let at = sampled_at.map_or(word.since, |at| at.max(word.since));
                        Some(Beat { at, every_ms: USUAL_BEAT_MS })
                    }
                });
                Listener::Relay { relay: beat(relay), machine }
            }
            None => Listener::Here { machine: node.voice.as_ref().and_then(beat_of) },
        };
        let promised = |at: UtcMs| Goodbye { at, back_at: Some(UtcMs(at.0.saturating_add(USUAL_ABSENCE_MS))) };
        let is_away = |word: &&Word| word.answers == Answers::Away && !direct;
        let said_goodbye = vouched.filter(is_away).map(|word| promised(word.since));
        let goodbye = said_goodbye.or_else(|| node.voice.as_ref()?.goodbye_at.map(promised));
        let heard = Heard {
            interval_ms: interval_ms(newest),
            observed_at: last.map(|last| UtcMs(last.true_ms)),
            learnt_at: last.map(|last| last.learnt_at),
            told_of: node.streams.iter().any(|stream| memory.stream(*stream).gist.is_told_of_newer),
            listener,
            goodbye,
            retired: false,
        };
        reach(&heard, now)
    }

    fn figure(&self, memory: &Memory, stream: &Stream, of: impl Fn(&Schema) -> Option<SeriesIx>) -> Option<Fact<f64>> {
        let (value, tick) = value(memory, stream, of)?;
        let origin = self.origin(memory, stream, (tick.seq, tick.true_ms, tick.learnt_at));
        Some(Fact { value, origin })
    }

    fn origin(&self, memory: &Memory, stream: &Stream, (seq, true_ms, learnt_at): (u64, i64, UtcMs)) -> Origin {
        Origin {
            observed_at: Stamp(UtcMs(true_ms)),
            learnt_at: Stamp(learnt_at),
            path: self.path(memory, stream),
            verified: stream.facts.as_ref().is_some_and(|facts| facts.sealed.contains(seq)),
        }
    }

    fn path(&self, memory: &Memory, stream: &Stream) -> Path {
        let relay = stream.bringer.filter(|node| *node != stream.node).map(|node| {
            let node = memory.node(node);
            let name = node.known().map_or_else(|| node.id.short(), |known| known.name.clone());
            format!("relay:{name}")
        });
        let here = match self.role {
            Role::Relay => format!("relay:{}", self.name),
            Role::Hub | Role::Agent => "hub".to_owned(),
        };
        Path::new(["agent".to_owned()].into_iter().chain(relay).chain([here]))
    }
}

/// The newest value here of a figure, and the tick it came with.
fn value<'s>(
    memory: &Memory,
    stream: &'s Stream,
    of: impl Fn(&Schema) -> Option<SeriesIx>,
) -> Option<(f64, &'s Measured)> {
    let schema = memory.catalogue.schema(stream.schema?);
    let series = of(schema)?;
    let def = memory.catalogue.def(*schema.defs.get(series.0 as usize)?);
    let (kept, tick) = stream.newest.held(series)?;
    Some((def.resolution.value(kept), tick))
}

/// How full the fullest file system was in the newest round: one that is no longer mounted is not in it.
fn fullest(memory: &Memory, stream: &Stream) -> Option<f64> {
    let disks = &memory.catalogue.schema(stream.schema?).disks;
    let disks = || disks.iter().copied();
    let held = |series: SeriesIx| value(memory, stream, |_| Some(series));
    let newest = disks().filter_map(held).map(|(_, tick)| tick.true_ms).max()?;
    let is_of_it = |(_, tick): &(f64, &Measured)| newest.saturating_sub(tick.true_ms) <= ONE_ROUND_MS;
    disks().filter_map(held).filter(is_of_it).map(|(share, _)| share).max_by(f64::total_cmp)
}

/// The newest sample here of a machine, in ms since 1970 UTC.
pub(crate) fn newest_sample_ms(memory: &Memory, node: &Node) -> Option<i64> {
    Some(newest_stream(memory, node)?.gist.last?.true_ms)
}

pub(crate) fn beat_of(voice: &Voice) -> Option<Beat> {
    Some(Beat { at: voice.heard_at?, every_ms: voice.beat_ms.map_or(USUAL_BEAT_MS, u64::from) })
}

/// The life of the store whose newest tick is the latest.
fn newest_stream<'a>(memory: &'a Memory, node: &Node) -> Option<&'a Stream> {
    // Nearly every machine has one, and ten thousand are gone over for a question.
    if let [only] = node.streams[..] {
        return Some(memory.stream(only));
    }
    let lives = node.streams.iter().map(|stream| memory.stream(*stream));
    lives.max_by_key(|stream| stream.gist.last.map(|last| (last.true_ms, last.learnt_at)))
}

fn interval_ms(stream: Option<&Stream>) -> u64 {
    stream.and_then(|stream| stream.gist.interval_ms).unwrap_or(USUAL_INTERVAL_MS)
}

/// Before a machine was ever heard, the relay of its site is who would bring it.
fn relay_of(memory: &Memory, node: &Node) -> Option<NodeIx> {
    let mut relays = memory.place(node.enrolled.as_ref()?.place).relays.values().copied();
    let first = relays.next()?;
    let heard = |ix: NodeIx| memory.node(ix).voice.as_ref().and_then(|voice| voice.heard_at);
    Some(relays.fold(first, |best, relay| if heard(relay) > heard(best) { relay } else { best }))
}

fn clock_note(stream: &Stream, last: Last) -> Option<ClockNote> {
    let ahead_ms = last.at.utc.0.saturating_sub(last.true_ms);
    let anchor = stream.facts.as_ref().and_then(|facts| facts.anchors.get(&last.at.boot.no));
    let source = anchor.map_or(ClockSource::Rtc, |anchor| anchor.source);
    (ahead_ms.saturating_abs() > CLOCK_NOTE_MS).then_some(ClockNote { ahead_ms, source, corrected: true })
}

/// How fast what waits of these streams goes down, where it does.
pub(crate) fn drain(memory: &Memory, streams: &[StreamIx], now_ms: u64) -> Option<Drain> {
    let streams = || streams.iter().map(|stream| memory.stream(*stream));
    let draining = streams().filter_map(|stream| stream.draining.as_deref());
    // Of nearly every machine nothing waits: what does is not counted for nothing.
    draining.clone().next()?;
    let waiting = streams().filter_map(|stream| stream.facts.as_deref()).map(ledgers::waiting).sum();
    draining::together(draining, waiting, now_ms)
}

#[cfg(test)]
mod tests {
    use vigie_serve::reach_of_site;
    use vigie_sync::{LinkKind, LinkProfile};

    use super::*;

    #[test]
    fn a_relay_is_cut_off_by_the_beats_of_its_own_link() {
        let cut_after_s = |kind| {
            let beat_ms = Some(LinkProfile::of(kind).beat_ms);
            let voice = Voice { heard_at: Some(UtcMs(0)), beat_ms, ..Voice::default() };
            let state = |now_s: i64| reach_of_site([beat_of(&voice)], UtcMs(now_s * 1_000)).state;
            (0..1_000).find(|now_s| state(*now_s) == Reachability::Cut)
        };
        let kinds = [LinkKind::Lan, LinkKind::Wan, LinkKind::Thin, LinkKind::Metered];
        assert_eq!(kinds.map(cut_after_s), [27, 27, 76, 181].map(Some));
    }
}
