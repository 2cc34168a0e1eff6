//! Virtual time: what happens next, and what happens then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use vigie_merge::RangeSet;
use vigie_model::StreamId;
use vigie_store::fault::{FaultDisk, Faults};
use vigie_sync::keep::Write;
use vigie_sync::rows::RowPeer;
use vigie_sync::{Ask, Lane, RowsWish, SessionId};

use crate::chance::Chance;
use crate::network::{Conn, Link};
use crate::node::Node;
use crate::oracle::Oracle;
use crate::plan::{Fault, HUB, NodeIx, Plan};

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

/// What happened in a run, in numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Events.
    pub steps: u64,
    /// Frames sent.
    pub frames: u64,
    /// Ticks measured.
    pub ticks: u64,
    /// Sessions begun, both sides counted.
    pub sessions: u64,
    /// Programs started.
    pub starts: u64,
    /// Processes killed, power cuts.
    pub crashes: u64,
    /// Commits.
    pub commits: u64,
    /// Commits that failed.
    pub failed_commits: u64,
    /// Stores that were damaged as a whole and begun anew.
    pub stores_rebuilt: u64,
    /// Times records were set aside.
    pub damages: u64,
    /// Lives begun in memory.
    pub lives_in_memory: u64,
    /// Gaps stated for lack of room.
    pub evicted: u64,
    /// Ticks forgotten on the hub's word.
    pub forgotten: u64,
    /// Times neighbouring segments were laid out by series.
    pub laid_out: u64,
    /// Ticks that the hub knows by their hours alone, because relays let go of them.
    pub thinned: u64,
    /// Times ticks were folded into minutes and hours.
    pub folded: u64,
    /// Sheets of hours sent.
    pub hours: u64,
    /// Ticks at the hub at the end.
    pub at_hub: u64,
    /// Numbers under gaps at the hub at the end.
    pub gaps: u64,
    /// Ticks that came more than once to the hub.
    pub duplicates: u64,
    /// Times something was refused.
    pub refused: u64,
    /// Rows edited.
    pub edits: u64,
    /// Older copies of rows that were brought back.
    pub rows_restored: u64,
    /// Rows that began a new life because a peer had seen more of them.
    pub rows_reborn: u64,
}

impl Tally {
    /// Adds another run's.
    pub fn add(&mut self, other: &Self) {
        self.steps += other.steps;
        self.frames += other.frames;
        self.hours += other.hours;
        self.ticks += other.ticks;
        self.sessions += other.sessions;
        self.starts += other.starts;
        self.crashes += other.crashes;
        self.commits += other.commits;
        self.failed_commits += other.failed_commits;
        self.stores_rebuilt += other.stores_rebuilt;
        self.damages += other.damages;
        self.lives_in_memory += other.lives_in_memory;
        self.evicted += other.evicted;
        self.forgotten += other.forgotten;
        self.laid_out += other.laid_out;
        self.folded += other.folded;
        self.thinned += other.thinned;
        self.at_hub += other.at_hub;
        self.gaps += other.gaps;
        self.duplicates += other.duplicates;
        self.refused += other.refused;
        self.edits += other.edits;
        self.rows_restored += other.rows_restored;
        self.rows_reborn += other.rows_reborn;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} steps, {} frames, {} ticks, {} at the hub, {} under gaps, {} twice; {} sessions, {} starts, {} crashes, \
             {} commits ({} failed), {} damages, {} stores rebuilt, {} lives in memory, {} evictions, {} forgotten, \
             {} laid out, {} folded, {} let go of, {} refused; {} rows edited, {} restored, {} reborn",
            self.steps,
            self.frames,
            self.ticks,
            self.at_hub,
            self.gaps,
            self.duplicates,
            self.sessions,
            self.starts,
            self.crashes,
            self.commits,
            self.failed_commits,
            self.damages,
            self.stores_rebuilt,
            self.lives_in_memory,
            self.evicted,
            self.forgotten,
            self.laid_out,
            self.folded,
            self.thinned,
            self.refused,
            self.edits,
            self.rows_restored,
            self.rows_reborn
        )
    }
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

    // ---- what goes wrong

    fn go_wrong(&mut self, fault: Fault) {
        self.trace(|| format!("fault: {fault:?}"));
        match fault {
            Fault::Cut { node, ms } => {
                let of: Vec<_> = (0..self.links.len()).filter(|link| self.links[*link].from == node).collect();
                of.into_iter().for_each(|link| self.cut_link(link, ms));
            }
            Fault::Reset { node } => self.open_up(node).into_iter().for_each(|conn| self.tear(conn)),
            Fault::Again { node } => {
                if self.chance.one_in(2) {
                    self.nodes[node].turn += 1;
                }
                self.dial(node, true);
            }
            Fault::Move { node } => self.move_on(node),
            Fault::Kill { node, down_ms } => {
                self.tally.crashes += 1;
                self.die(node);
                let killed = self.nodes[node].disk.killed();
                self.give_disk(node, killed);
                self.start_after(node, down_ms);
            }
            Fault::PowerCut { node, down_ms } => self.power_cut(node, down_ms),
            Fault::PowerCutIn { node, operations, down_ms } => {
                let at = self.nodes[node].disk.operations() + operations;
                self.nodes[node].cut_at = Some((at, down_ms));
                self.nodes[node].disk.set_faults(Faults { cut_at: Some(at), ..Faults::default() });
                // When so much never happens, it fails all the same.
                self.at(self.now + 60_000, Event::Power { node });
            }
            Fault::Stop { node, down_ms } => {
                self.stop(node);
                self.start_after(node, down_ms);
            }
            Fault::Full { node, ms } => {
                self.nodes[node].full_until = Some(self.now + ms);
                self.nodes[node].disk.set_faults(Faults { full_from: Some(0), ..Faults::default() });
                self.at(self.now + ms, Event::Room { node });
            }
            Fault::RefuseSync { node, operations } => {
                let at = self.nodes[node].disk.operations() + operations;
                self.nodes[node].disk.set_faults(Faults { refuse_sync_at: Some(at), ..Faults::default() });
            }
            Fault::Flip { node, bits } => {
                // Most of a young file is empty, and nobody would notice there.
                let image = self.nodes[node].disk.image();
                let written: Vec<_> = (0..image.len()).filter(|at| image[*at] != 0).collect();
                for _ in 0..bits {
                    let bit = self.chance.below(8);
                    let at = written.get(self.chance.below(written.len() as u64) as usize).copied().unwrap_or(0);
                    self.nodes[node].disk.flip_bit(at as u64 * 8 + bit);
                }
                self.flipped(node);
            }
            Fault::Lose { node, down_ms } => {
                self.die(node);
                self.give_disk(node, FaultDisk::new());
                self.store_lost(node);
                self.start_after(node, down_ms);
            }
            Fault::Clock { node, by_ms } => self.nodes[node].clock_ms += by_ms,
            Fault::Define { node } => self.nodes[node].series += 1,
        }
    }

    /// A machine leaves the place where it was: the link there is gone for a while, the next is tried.
    fn move_on(&mut self, node: NodeIx) {
        let away_ms = *self.chance.pick(&[1_000, 30_000, 400_000]);
        for conn in self.open_up(node) {
            let link = self.conns[&conn].link;
            self.cut_link(link, away_ms);
        }
        self.nodes[node].turn += 1;
        self.dial(node, true);
    }

    pub(crate) fn power_cut(&mut self, node: NodeIx, down_ms: u64) {
        self.tally.crashes += 1;
        self.nodes[node].cut_at = None;
        self.die(node);
        let seed = self.chance.any();
        let after = self.nodes[node].disk.power_cut(seed);
        self.give_disk(node, after);
        self.nodes[node].boot_no += 1;
        self.nodes[node].booted_at = self.now + down_ms;
        self.start_after(node, down_ms);
    }

    fn give_disk(&mut self, node: NodeIx, disk: FaultDisk) {
        if self.nodes[node].full_until.is_some_and(|until| until > self.now) {
            disk.set_faults(Faults { full_from: Some(0), ..Faults::default() });
        }
        self.nodes[node].cut_at = None;
        self.nodes[node].disk = disk;
    }

    fn start_after(&mut self, node: NodeIx, ms: u64) {
        self.at(self.now + ms, Event::Start { node });
    }

    fn make_disk_well(&mut self, node: NodeIx) {
        if self.nodes[node].full_until.is_some_and(|until| until <= self.now) {
            self.trace(|| format!("{node} has room on its disk again"));
            self.nodes[node].full_until = None;
            self.nodes[node].disk.set_faults(Faults::default());
        }
    }

    /// Whether the power has failed under a node; then it is gone.
    pub(crate) fn lost_power(&mut self, node: NodeIx) -> bool {
        let Some((at, down_ms)) = self.nodes[node].cut_at else { return false };
        if self.nodes[node].disk.operations() <= at {
            return false;
        }
        self.trace(|| format!("power fails at {node} in the midst of a commit"));
        self.power_cut(node, down_ms);
        true
    }

    fn check_power(&mut self) {
        for node in 0..self.nodes.len() {
            if self.nodes[node].cut_at.is_some() {
                self.lost_power(node);
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
