//! Rows beside telemetry: the real session carries them, the store's own mind keeps them.
//!
//! In one seed of eight. Their file fails less than the log's: power cuts at any commit, older copies that are brought back,
//! with or without what stands beside the file. `rows` proves what becomes of rows on nodes and lines made for that; here it
//! is proved that one session carries both, and that neither is lost or held up by the other.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_merge::{Hlc, Key, Kind, Row, Scope, Ulid};
use vigie_model::{NodeId, Role, UtcMs};
use vigie_store::rows::{MemoryShelf, NewLife, Owner, Pen, Rows, RowsError, WriteError};
use vigie_sync::rows::{RowInput, RowPeer, RowWish, Stamp};
use vigie_sync::{Input, RowsWish, SessionId};

use crate::chance::Chance;
use crate::node::Node;
use crate::plan::NodeIx;
use crate::world::{Event, World};

/// Copies of the file of rows that are kept of each node.
const COPIES: usize = 2;

/// What of a node's rows outlives its program.
#[derive(Debug)]
pub(crate) struct Shelved {
    shelf: MemoryShelf,
    copies: Vec<MemoryShelf>,
    /// Brought back whole, which it can not notice by itself: until a peer tells it, it writes no dots.
    suspect: bool,
    /// It was brought back, and somebody said so: a hub takes back what only it writes from those who have it.
    recovering: bool,
    chance: Chance,
}

/// The rows of a running program.
#[derive(Debug)]
pub(crate) struct State {
    rows: Rows<MemoryShelf>,
    /// When the last answer reaches the loop: answers keep their order.
    told_at: u64,
}

/// One acknowledged edit.
#[derive(Debug, Clone)]
pub(crate) struct Edited {
    key: Key,
    value: Vec<u8>,
    row: Row,
    /// Nobody asks for it any more: an older copy lost it before anybody else had it.
    forgiven: bool,
}

impl Shelved {
    pub(crate) fn new(seed: u64, ix: NodeIx) -> Self {
        let chance = Chance::of(seed ^ 0x0073_7461_7465 ^ ((ix as u64) << 48));
        Self { shelf: MemoryShelf::new(), copies: Vec::new(), suspect: false, recovering: false, chance }
    }

    /// No commit fails any more.
    pub(crate) fn heal(&self) {
        self.shelf.fail_never();
    }
}

impl Node {
    fn row_peer(&self) -> RowPeer {
        let view = match self.plan.role {
            Role::Hub => Scope::Deployment,
            Role::Relay | Role::Agent => Scope::Site(self.client.clone(), self.client.clone()),
        };
        RowPeer { node: self.id, role: self.plan.role, view }
    }
}

impl World {
    /// What a program finds of its rows; none where this run has none.
    pub(super) fn open_rows(&mut self, node: NodeIx) -> Option<(State, RowPeer)> {
        if !self.plan.rows {
            return None;
        }
        let who = self.nodes[node].row_peer();
        let shelved = &mut self.nodes[node].shelved;
        let restores = !self.healed && !shelved.copies.is_empty() && shelved.chance.one_in(4);
        if restores {
            let (copy, whole) = (shelved.chance.pick(&shelved.copies).clone(), shelved.chance.one_in(2));
            shelved.shelf = shelved.shelf.replaced_by(&copy, whole);
            shelved.suspect = whole;
            shelved.recovering = who.role == Role::Hub;
            self.tally.rows_restored += 1;
            self.trace(|| format!("{node}: its rows are brought back (whole: {whole})"));
        } else {
            shelved.shelf = shelved.shelf.restarted();
        }
        let shelved = &mut self.nodes[node].shelved;
        let (number, mut chance) = (if who.role == Role::Agent { 0 } else { node as u16 + 1 }, shelved.chance.fork());
        let owner = Owner { who: who.clone(), number, floor: Hlc::ZERO, recovering: shelved.recovering };
        let random = Box::new(move || chance.any());
        let opened = Rows::open(shelved.shelf.clone(), owner, Arc::new(|_| true), random, false, 0);
        let (rows, why) = match opened {
            Ok(opened) => opened,
            Err(error) => {
                self.broken(format!("the rows of {node} do not open: {error}"));
                return None;
            }
        };
        self.nodes[node].shelved.suspect &= why.is_none_or(|why| why == NewLife::First);
        if restores {
            self.forgive();
        }
        Some((State { rows, told_at: self.now }, who))
    }

    pub(super) fn live_with_rows(&mut self, node: NodeIx) {
        let generation = self.nodes[node].generation;
        if self.plan.rows {
            let after = self.nodes[node].shelved.chance.between(500, 20_000);
            self.at(self.now + after, Event::Edit { node, generation });
        }
    }

    fn state(&mut self, node: NodeIx) -> Option<&mut State> {
        self.nodes[node].life.as_mut()?.state.as_mut()
    }

    fn stamp(&self, node: NodeIx) -> Stamp {
        let time = self.nodes[node].time(self.now);
        // An agent's clock orders nothing, and a relay whose clock is wrong goes by the hub's.
        let trusted = (!self.nodes[node].is_agent()).then(|| self.nodes[crate::plan::HUB].wall(self.now));
        Stamp { mono_ms: time.mono_ms, trusted }
    }

    // ---- what the session wishes

    pub(super) fn wish_rows(&mut self, node: NodeIx, session: SessionId, peer: RowPeer, wish: RowsWish) {
        let generation = self.nodes[node].generation;
        let wait = self.nodes[node].shelved.chance.below(6);
        let now = self.now;
        let Some(state) = self.state(node) else { return };
        state.told_at = state.told_at.max(now + wait);
        let at = state.told_at;
        self.at(at, Event::Rows { node, generation, session, peer, wish });
    }

    pub(crate) fn rows_due(
        &mut self,
        node: NodeIx,
        generation: u64,
        session: SessionId,
        peer: RowPeer,
        wish: RowsWish,
    ) {
        if self.nodes[node].generation != generation {
            return;
        }
        let stamp = self.stamp(node);
        let Some(state) = self.state(node) else { return };
        let before = state.rows.facts().epoch;
        let done = match &wish {
            RowsWish::Begin => state.rows.hub().and_then(|hub| {
                let hello = state.rows.hello(&peer, hub)?;
                Ok(Some(Input::RowsBegun { session, hello, facts: state.rows.facts() }))
            }),
            RowsWish::Talk(wish) => {
                let answer = state.rows.carry_out(&peer, wish, stamp);
                answer.map(|answer| answer.map(|input| Input::Rows { session, input }))
            }
        };
        let reborn = state.rows.facts().epoch != before;
        self.trace(|| format!("{node} on {}, of rows: {wish:?} gives {done:?}", session.0));
        match done {
            Ok(answer) => {
                if let Some(Input::Rows { input: RowInput::Applied(applied), .. }) = &answer
                    && let Some(refused) = applied.refused.first()
                {
                    return self.broken(format!("{node} refused a row of an honest peer: {refused:?}"));
                }
                if reborn {
                    self.nodes[node].shelved.suspect = false;
                    self.tally.rows_reborn += 1;
                    if wish == RowsWish::Talk(RowWish::BeginAgain) {
                        return self.broken(format!("{node} begins again although nothing was ever forgotten"));
                    }
                }
                if let Some(answer) = answer {
                    self.tell(node, answer);
                }
                self.rows_changed(node, reborn);
            }
            Err(error) => self.rows_failed(node, &error),
        }
    }

    fn rows_changed(&mut self, node: NodeIx, reborn: bool) {
        let Some(state) = self.state(node) else { return };
        let (facts, changed) = (state.rows.facts(), state.rows.take_changed());
        if changed.is_empty() && !reborn {
            return;
        }
        let machines: BTreeSet<NodeId> = changed.keys.iter().filter_map(Key::machine).collect();
        let machines = (!changed.all && !reborn).then_some(machines);
        self.tell(node, Input::RowsChanged { facts, machines });
    }

    /// The disk of a node died under a commit of its rows: so did its power.
    fn rows_failed(&mut self, node: NodeIx, error: &RowsError) {
        self.trace(|| format!("{node}: {error}"));
        let down_ms = self.nodes[node].shelved.chance.between(100, 20_000);
        self.power_cut(node, down_ms);
    }

    // ---- what is edited

    pub(crate) fn edit_due(&mut self, node: NodeIx, generation: u64) {
        if self.nodes[node].generation != generation || self.resting {
            return;
        }
        let slow = self.plan.interval_ms.max(2_000);
        let shelved = &mut self.nodes[node].shelved;
        let after = shelved.chance.between(slow / 4, 3 * slow);
        if shelved.chance.one_in(12) && !self.healed {
            shelved.copies.push(shelved.shelf.restarted());
            let surplus = shelved.copies.len().saturating_sub(COPIES);
            shelved.copies.drain(..surplus);
        }
        if shelved.chance.one_in(30) && !self.healed {
            let (commits, durable) = (shelved.chance.below(4), shelved.chance.one_in(2));
            shelved.shelf.fail_in(commits, durable);
        }
        self.at(self.now + after, Event::Edit { node, generation });
        self.edit(node);
    }

    fn edit(&mut self, node: NodeIx) {
        let (stamp, now) = (self.stamp(node), self.now);
        self.serial += 1;
        let value = format!("edit {}", self.serial).into_bytes();
        let Some(key) = self.key_to_edit(node, now) else { return };
        let Some(state) = self.state(node) else { return };
        let write = |pen: &mut Pen<'_>| {
            match key.kind() {
                Kind::Alert => pen.add(&key, value.clone())?,
                Kind::Audit => pen.grow(&key, value.clone())?,
                _ => pen.last(&key, Some(value.clone()))?,
            }
            pen.get(&key)
        };
        match state.rows.write(stamp, write) {
            Ok(Some(row)) => {
                self.tally.edits += 1;
                self.trace(|| format!("{node} edits {key}: {row:?}"));
                self.oracle.edits.push(Edited { key, value, row, forgiven: false });
                self.rows_changed(node, false);
            }
            Ok(None) => self.broken(format!("{node} wrote {key} and it is not there")),
            Err(WriteError::Rows(error)) => self.rows_failed(node, &error),
            Err(error) => self.broken(format!("{node} may not write {key}: {error}")),
        }
    }

    /// Writes in a node's rows, in one commit; the session hears of it.
    pub(crate) fn write_rows(
        &mut self,
        node: NodeIx,
        work: impl FnOnce(&mut Pen<'_>, &Scope) -> Result<(), WriteError>,
    ) -> Result<(), WriteError> {
        let (stamp, view) = (self.stamp(node), self.nodes[node].row_peer().view);
        let Some(state) = self.state(node) else { return Err(WriteError::Stale) };
        state.rows.write(stamp, |pen| work(pen, &view))?;
        self.rows_changed(node, false);
        Ok(())
    }

    fn key_to_edit(&mut self, node: NodeIx, now: u64) -> Option<Key> {
        let clients: Vec<_> = self.nodes.iter().skip(1).map(|node| node.client.clone()).collect();
        let (who, shelved) = (self.nodes[node].row_peer(), &mut self.nodes[node].shelved);
        let row = shelved.chance.below(3);
        let client = shelved.chance.pick(&clients).clone();
        let scope = match &who.view {
            Scope::Deployment if shelved.chance.one_in(5) => Scope::Deployment,
            Scope::Deployment => Scope::Site(client.clone(), client),
            view => view.clone(),
        };
        let (kind, name) = match who.role {
            Role::Agent => (Kind::Fact, format!("{}/{row}", who.node)),
            Role::Hub | Role::Relay => match shelved.chance.below(3) {
                // Keys of rows with dots are never used again.
                0 if !shelved.suspect => {
                    let random = shelved.chance.any().to_be_bytes();
                    let id = Ulid::new(
                        UtcMs(now.cast_signed()),
                        [random.as_slice(), &[row as u8, 0]].concat().try_into().ok()?,
                    );
                    (Kind::Alert, id.to_string())
                }
                // A set of sixty-four is full: sets begin anew.
                1 => (Kind::Audit, format!("{}/{row}", self.serial / 24)),
                _ => (Kind::Presence, format!("{row}")),
            },
        };
        Key::new(&scope, &kind, &name).ok()
    }

    // ---- what must be true

    /// Edits that no node has any more: the copy that was brought back lost them.
    fn forgive(&mut self) {
        let mut all: Vec<Vec<(Key, Row)>> = Vec::new();
        for node in 0..self.nodes.len() {
            all.push(self.rows_of(node));
        }
        for edit in self.oracle.edits.iter_mut().filter(|edit| !edit.forgiven) {
            edit.forgiven = !all.iter().flatten().any(|(key, row)| *key == edit.key && edit.stands_in(row));
        }
    }

    /// The rows on a node's shelf, whether its program runs or not.
    fn rows_of(&mut self, node: NodeIx) -> Vec<(Key, Row)> {
        let shelf = self.nodes[node].shelved.shelf.restarted();
        let who = self.nodes[node].row_peer();
        let owner = Owner { who, number: 0, floor: Hlc::ZERO, recovering: false };
        let opened = Rows::open(shelf, owner, Arc::new(|_| true), Box::new(|| 1), false, 0);
        opened.ok().and_then(|(mut rows, _)| rows.scan("").ok()).unwrap_or_default()
    }

    /// Whether all nodes have the same rows, as far as each may see them, and no edit is lost.
    pub(crate) fn rows_lacking(&mut self) -> Option<String> {
        if !self.plan.rows {
            return None;
        }
        let at_hub = self.rows_of(crate::plan::HUB);
        for node in 1..self.nodes.len() {
            let (who, mine) = (self.nodes[node].row_peer(), self.rows_of(node));
            let sees = |key: &Key| vigie_sync::rows::guard::may_see(&who, key);
            let wanted: Vec<_> = at_hub.iter().filter(|(key, _)| sees(key)).collect();
            let has: Vec<_> = mine.iter().collect();
            if wanted != has {
                let differs = wanted
                    .iter()
                    .find(|row| !has.contains(row))
                    .or_else(|| has.iter().find(|row| !wanted.contains(row)));
                let what = differs.map(|(key, row)| format!("{key}: {row:?}"));
                return Some(format!("{node} and the hub have other rows: {}", what.unwrap_or_default()));
            }
        }
        let lost = |edit: &&Edited| !at_hub.iter().any(|(key, row)| *key == edit.key && edit.stands_in(row));
        let lost = self.oracle.edits.iter().filter(|edit| !edit.forgiven).find(lost);
        lost.map(|edit| format!("an edit is lost: {edit:?}"))
    }
}

impl Edited {
    /// Whether a row has this edit in it, or a later one.
    fn stands_in(&self, row: &Row) -> bool {
        match row {
            Row::Members(members) => members.contains(&self.value),
            Row::Grow(grow) => grow.members().contains(&self.value),
            row => row.marker() >= self.row.marker(),
        }
    }
}
