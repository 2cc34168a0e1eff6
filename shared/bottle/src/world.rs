//! Virtual time: what happens next, and what happens then.

mod faults;
mod tally;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_store::fault::Faults;
use vigie_sync::keep::Write;
use vigie_sync::rows::RowPeer;
use vigie_sync::{Ask, Lane, RowsWish, SessionId};

pub use self::tally::Tally;
use crate::chance::Chance;
use crate::network::{Conn, Link};
use crate::node::Node;
use crate::oracle::Oracle;
use crate::plan::{HUB, NodeIx, Plan};

/// Lines of a trace that are kept: enough to see what led to a failure.
const TRACE_LINES: usize = 40_000;

/// Steps after which a run is given up: an endless exchange, or a plan too large.
const MAX_STEPS: u64 = 6_000_000;

/// Something that will happen.
#[derive(Debug)]
pub(crate) enum Event {
    Start { node: NodeIx },
    Wake { node: NodeIx, generation: u64 },
    Keep { node: NodeIx, generation: u64 },
    Kept { node: NodeIx, generation: u64 },
    Ask { node: NodeIx, generation: u64, session: SessionId, stream: StreamId, ask: Ask },
    Tidy { node: NodeIx, generation: u64 },
    Dial { node: NodeIx, generation: u64 },
    Measure { node: NodeIx, generation: u64 },
    AgentCommit { node: NodeIx, generation: u64 },
    Attach { conn: usize, side: usize },
    Pump { conn: usize, pipe: usize },
    Arrive { conn: usize, pipe: usize, lane: Lane, frame: Vec<u8> },
    Ended { conn: usize, side: usize },
    Idle { conn: usize, side: usize, epoch: u64 },
    Suspect { conn: usize, epoch: u64 },
    LinkUp { link: usize, epoch: u64 },
    Fault { at: usize },
    Room { node: NodeIx },
    Power { node: NodeIx },
    Rows { node: NodeIx, generation: u64, session: SessionId, peer: RowPeer, wish: RowsWish },
    Edit { node: NodeIx, generation: u64 },
}

/// The mesh in a bottle.
#[derive(Debug)]
pub struct World {
    pub(crate) plan: Plan,
    pub(crate) now: u64,
    queue: BTreeMap<(u64, u64), Event>,
    next_event: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) links: Vec<Link>,
    pub(crate) conns: BTreeMap<usize, Conn>,
    /// Connections on which nothing arrives any more.
    pub(crate) torn: BTreeSet<usize>,
    pub(crate) next_conn: usize,
    pub(crate) chance: Chance,
    pub(crate) oracle: Oracle,
    pub(crate) tally: Tally,
    /// Bytes that ever crossed a line.
    pub(crate) crossed_bytes: u64,
    /// All is well from now on.
    pub(crate) healed: bool,
    /// Edits of rows so far.
    pub(crate) serial: u64,
    /// Agents measure no more, and have sealed what they had.
    pub(crate) resting: bool,
    /// Somebody wants every tick, those too that relays keep back.
    pub(crate) asked_for_all: bool,
    hash: u64,
    tracing: bool,
    lines: VecDeque<String>,
    failure: Option<String>,
}

impl World {
    /// A world as planned. `tracing`: says what happens, in words.
    pub fn new(plan: Plan, tracing: bool) -> Self {
        let mut chance = Chance::of(plan.seed ^ 0x0bad_cafe);
        let nodes: Vec<_> = plan
            .nodes
            .iter()
            .enumerate()
            .map(|(ix, node)| Node::new(plan.seed, ix, node.clone(), chance.fork()))
            .collect();
        let links: Vec<_> = plan
            .nodes
            .iter()
            .enumerate()
            .flat_map(|(from, node)| node.up.iter().map(move |link| (from, link.clone())))
            .map(|(from, plan)| Link { from, plan, down_until: None, epoch: 0 })
            .collect();
        let oracle = Oracle::new(nodes.len());
        let mut world = Self {
            now: 0,
            queue: BTreeMap::new(),
            next_event: 0,
            nodes,
            links,
            conns: BTreeMap::new(),
            torn: BTreeSet::new(),
            next_conn: 0,
            chance,
            oracle,
            tally: Tally::default(),
            crossed_bytes: 0,
            healed: false,
            serial: 0,
            resting: false,
            asked_for_all: false,
            hash: 0xcbf2_9ce4_8422_2325,
            tracing,
            lines: VecDeque::new(),
            failure: None,
            plan,
        };
        for node in 0..world.nodes.len() {
            let at = if node == HUB { 0 } else { world.chance.below(2_000) };
            world.at(at, Event::Start { node });
        }
        for (at, (ms, _)) in world.plan.faults.clone().into_iter().enumerate() {
            world.at(ms, Event::Fault { at });
        }
        world
    }

    pub(crate) fn at(&mut self, ms: u64, event: Event) {
        self.next_event += 1;
        self.queue.insert((ms.max(self.now), self.next_event), event);
    }

    /// Says what happens, when somebody wants to know.
    pub(crate) fn trace(&mut self, line: impl FnOnce() -> String) {
        if self.tracing {
            if self.lines.len() >= TRACE_LINES {
                self.lines.pop_front();
            }
            self.lines.push_back(format!("{:>11} {}", self.now, line()));
        }
    }

    /// Something is not as promised.
    pub(crate) fn broken(&mut self, what: String) {
        if self.failure.is_none() {
            self.trace(|| format!("BROKEN: {what}"));
            self.failure = Some(format!("at {} ms: {what}", self.now));
        }
    }

    /// What is not as promised, if anything.
    pub fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    /// The last lines of the trace.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// What happened, in numbers.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    /// A number that is the same when the same happened in the same order.
    pub fn hash(&self) -> u64 {
        self.hash
    }

    pub(crate) fn mix(&mut self, number: u64) {
        self.hash = (self.hash ^ number).wrapping_mul(0x0000_0100_0000_01b3).rotate_left(17);
    }

    // ---- time

    /// Lets time pass up to a moment, or until something is not as promised.
    pub(crate) fn run_until(&mut self, ms: u64) {
        while self.failure.is_none() {
            let Some(entry) = self.queue.first_entry().filter(|entry| entry.key().0 <= ms) else { break };
            let ((at, order), event) = entry.remove_entry();
            self.now = at;
            self.mix(at ^ (order << 20));
            self.tally.steps += 1;
            if self.tally.steps > MAX_STEPS {
                return self.broken(format!("more than {MAX_STEPS} steps"));
            }
            self.happen(event);
            self.check_power();
        }
        self.now = self.now.max(ms);
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Start { node } => self.start(node),
            Event::Wake { node, generation } => self.wake(node, generation),
            Event::Keep { node, generation } => self.keep_due(node, Some(generation)),
            Event::Kept { node, generation } => self.hear_one(node, generation),
            Event::Ask { node, generation, session, stream, ask } => {
                if self.nodes[node].generation == generation {
                    self.look_up(node, session, stream, ask);
                }
            }
            Event::Tidy { node, generation } => self.tidy_due(node, generation),
            Event::Dial { node, generation } => self.dial_due(node, generation),
            Event::Measure { node, generation } => self.measure(node, generation),
            Event::AgentCommit { node, generation } => self.agent_commit(node, generation),
            Event::Attach { conn, side } => self.attach(conn, side),
            Event::Pump { conn, pipe } => self.pump(conn, pipe),
            Event::Arrive { conn, pipe, lane, frame } => self.arrive(conn, pipe, lane, frame),
            Event::Ended { conn, side } => self.ended(conn, side),
            Event::Idle { conn, side, epoch } => self.idle(conn, side, epoch),
            Event::Suspect { conn, epoch } => self.suspect(conn, epoch),
            Event::LinkUp { link, epoch } => self.link_up(link, epoch),
            Event::Fault { at } => {
                let fault = self.plan.faults[at].1.clone();
                self.go_wrong(fault);
            }
            Event::Rows { node, generation, session, peer, wish } => {
                self.rows_due(node, generation, session, peer, wish);
            }
            Event::Edit { node, generation } => self.edit_due(node, generation),
            Event::Room { node } => self.make_disk_well(node),
            Event::Power { node } => {
                if let Some((_, down_ms)) = self.nodes[node].cut_at.take() {
                    self.power_cut(node, down_ms);
                }
            }
        }
    }

    /// All is well from now on.
    pub(crate) fn heal(&mut self) {
        self.trace(|| "all is well from now on".to_owned());
        self.healed = true;
        for node in 0..self.nodes.len() {
            self.nodes[node].cut_at = None;
            self.nodes[node].full_until = None;
            self.nodes[node].shelved.heal();
            self.nodes[node].disk.set_faults(Faults::default());
        }
        for link in 0..self.links.len() {
            if self.links[link].is_down() {
                let epoch = self.links[link].epoch;
                self.link_up(link, epoch);
            }
        }
        for node in 0..self.nodes.len() {
            if self.nodes[node].life.is_none() {
                let wait = self.chance.below(3_000);
                self.at(self.now + wait, Event::Start { node });
            }
        }
    }

    /// Somebody asks the hub for every tick of every machine, once that is wanted.
    pub(crate) fn ask_for_all(&mut self) {
        let Some(life) = self.nodes[HUB].life.as_ref().filter(|_| self.asked_for_all) else { return };
        let all = RangeSet::of(1, u64::from(u32::MAX));
        let unasked = life.log.streams().iter().filter(|(_, facts)| facts.rolled.wanted != all);
        let writes: Vec<Write> =
            unasked.map(|(stream, _)| Write::Wanted { stream: *stream, ticks: all.clone() }).collect();
        if !writes.is_empty() {
            self.apply(HUB, None, writes, true);
        }
    }

    /// Agents stop measuring, and seal what they have.
    pub(crate) fn rest(&mut self) {
        self.trace(|| "nothing more is measured".to_owned());
        self.resting = true;
        let now = self.now;
        for node in 0..self.nodes.len() {
            if let Some(agent) = self.agent(node) {
                agent.measuring = false;
                agent.closing = true;
                agent.commit_at = Some(now);
                self.set_commit(node);
            }
        }
    }
}
