//! A node's body: the loop of `vigie-node` and the keeper's thread, with virtual time and a disk that fails.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use vigie_codec::SigningKey;
use vigie_codec::wire::Paused;
use vigie_merge::RangeSet;
use vigie_model::{Incarnation, NodeId, Now, Role, Seq, Slug, StreamId, UtcMs};
use vigie_store::fault::FaultDisk;
use vigie_store::{LayOut, Log, Options, Rollups};
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::noted::Noted;
use vigie_sync::{Answer, Replica, Sends, SessionId, Token};

use crate::agent::AgentLife;
use crate::body::{Shelved, State};
use crate::chance::Chance;
use crate::plan::{NodeIx, NodePlan};

/// True time when a run begins: some day in 2026.
pub(crate) const BEGIN_UTC_MS: i64 = 1_790_000_000_000;

/// Writes in one commit, as in the keeper.
pub(crate) const MAX_GROUP: usize = 4_096;

/// A machine: what outlives its program.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) plan: NodePlan,
    pub(crate) key: SigningKey,
    pub(crate) id: NodeId,
    pub(crate) client: Slug,
    pub(crate) disk: FaultDisk,
    /// Stores begun so far.
    pub(crate) epochs: u64,
    /// Programs begun so far: what was meant for an earlier one is dropped.
    pub(crate) generation: u64,
    /// The running program.
    pub(crate) life: Option<Life>,
    /// `state.redb`, of which the bottle believes that it is never lost: the lives, the present one last, how far each
    /// may have come, and in which life of the log.
    pub(crate) notes: Vec<Noted>,
    pub(crate) boot_no: u32,
    pub(crate) booted_at: u64,
    /// Wall clock less true time, without the drift.
    pub(crate) clock_ms: i64,
    /// Which target is tried first.
    pub(crate) turn: usize,
    /// The disk operation at which the power will fail.
    pub(crate) cut_at: Option<(u64, u64)>,
    /// The disk is full until then.
    pub(crate) full_until: Option<u64>,
    pub(crate) series: u32,
    pub(crate) chance: Chance,
    pub(crate) shelved: Shelved,
}

/// A running program.
#[derive(Debug)]
pub(crate) struct Life {
    pub(crate) born: u64,
    pub(crate) replica: Replica,
    pub(crate) log: Log,
    /// Its rows, where this run has any.
    pub(crate) state: Option<State>,
    pub(crate) keeper: Keeper,
    pub(crate) sessions: BTreeMap<SessionId, usize>,
    pub(crate) of_node: BTreeMap<NodeId, SessionId>,
    pub(crate) next_session: u64,
    pub(crate) wake_at: Option<u64>,
    /// Timeouts in a row after which the next was due at once.
    pub(crate) spins: u32,
    pub(crate) path_due: u64,
    pub(crate) dial_at: Option<u64>,
    pub(crate) agent: Option<AgentLife>,
    /// The life of the store it began with.
    pub(crate) epoch: u64,
}

/// What the keeper's thread holds.
#[derive(Debug, Default)]
pub(crate) struct Keeper {
    pub(crate) parts: Vec<Part>,
    pub(crate) writes: Vec<Write>,
    pub(crate) due: Option<u64>,
    /// When the last answer reaches the loop: answers keep their order.
    pub(crate) told_at: u64,
    pub(crate) paused: Paused,
    pub(crate) answers: VecDeque<Kept>,
}

/// One wish within a commit.
#[derive(Debug)]
pub(crate) struct Part {
    /// Of the mind; of the agent's own commit when there is none.
    pub(crate) token: Option<Token>,
    pub(crate) writes: usize,
}

/// What the keeper tells the loop.
#[derive(Debug)]
pub(crate) enum Kept {
    Facts(StreamId, Arc<StreamFacts>),
    Applied(Token, Vec<Outcome>),
    NotApplied(Token),
    Answer(SessionId, StreamId, Answer),
    Damaged(StreamId, RangeSet),
    Pause(Paused),
    /// The agent's own commit.
    Done(Result<Vec<Outcome>, String>),
}

impl Node {
    pub(crate) fn new(seed: u64, ix: NodeIx, plan: NodePlan, chance: Chance) -> Self {
        let mut secret = [0; 32];
        secret[..8].copy_from_slice(&(ix as u64 + 1).to_be_bytes());
        let key = SigningKey::from_bytes(&secret);
        let id = NodeId::of_key(&key.verifying_key().to_bytes());
        let client = plan.client.parse().expect("plans name clients plainly");
        Self {
            key,
            id,
            client,
            disk: FaultDisk::new(),
            epochs: 0,
            generation: 0,
            life: None,
            notes: Vec::new(),
            boot_no: 1,
            booted_at: 0,
            clock_ms: plan.clock_ms,
            turn: 0,
            cut_at: None,
            full_until: None,
            series: plan.series,
            chance,
            shelved: Shelved::new(seed, ix),
            plan,
        }
    }

    /// What the node's wall clock says.
    pub(crate) fn wall(&self, now: u64) -> UtcMs {
        let drift = now.cast_signed() / 1_000 * self.plan.drift_ppm / 1_000;
        UtcMs(BEGIN_UTC_MS + now.cast_signed() + self.clock_ms + drift)
    }

    /// The time as the node's mind is told.
    pub(crate) fn time(&self, now: u64) -> Now {
        let born = self.life.as_ref().map_or(now, |life| life.born);
        Now { mono_ms: now - born, utc: self.wall(now) }
    }

    /// How its log is kept.
    pub(crate) fn options(&mut self, ix: NodeIx, quick_repair: bool) -> Options {
        self.epochs += 1;
        let options = match self.plan.role {
            Role::Agent => Options::agent(self.plan.cap_bytes),
            Role::Relay => Options::relay(self.plan.cap_bytes),
            Role::Hub => Options::hub(self.plan.cap_bytes),
        };
        Options {
            // Pages of a small store; the default would take megabytes for each of a thousand seeds.
            cache_bytes: 256 * 1024,
            quick_repair,
            floor: std::time::Duration::from_millis(self.plan.floor_ms),
            // A relay that lays out what the hub has not signed for has to make segments of it again, to send them.
            lay_out: match self.plan.role {
                Role::Relay if self.epochs.is_multiple_of(2) => LayOut::All,
                _ => options.lay_out,
            },
            lay_out_ticks: 8,
            rollups: if self.plan.role == Role::Agent { Rollups::Never } else { Rollups::All },
            thins: self.plan.up.iter().any(|link| link.sends == Sends::Rollups),
            raw_for: Some(std::time::Duration::ZERO),
            new_epoch: Some((ix as u64 + 1) * 1_000_000_000 + 1_000 * self.epochs),
            ..options
        }
    }

    /// Writes beside the log which life this is and how far it may have come.
    pub(crate) fn note(&mut self, note: Option<(Incarnation, Seq)>) {
        let Some(((life, upto), running)) = note.zip(self.life.as_ref()) else { return };
        // A life of which nothing was ever durable owes nothing.
        if !running.log.streams().contains_key(&StreamId { agent: self.id, incarnation: life }) {
            return;
        }
        let noted = Noted { life, upto, log_epoch: running.log.epoch() };
        match self.notes.iter_mut().find(|one| one.life == life) {
            Some(known) => *known = noted,
            None => self.notes.push(noted),
        }
    }

    /// What was owed for lost stores is written down in this one.
    pub(crate) fn settle_notes(&mut self) {
        let Some(epoch) = self.life.as_ref().map(|life| life.log.epoch()) else { return };
        self.notes.iter_mut().for_each(|note| note.log_epoch = epoch);
    }

    pub(crate) fn is_agent(&self) -> bool {
        self.plan.role == Role::Agent
    }
}
