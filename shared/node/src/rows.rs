//! The door to the rows of a node: what is state, as this node has it, and how is it changed?
//!
//! One [`NodeRows`] for each node, cloned to every room that reads or edits. What sessions bring comes in through it as
//! well, so whoever [subscribes](NodeRows::subscribe) hears of each change from any side, once, after it became durable.
//! Who may write what is decided beneath (`vigie_sync::rows::guard`): a hub everything, a relay the rows of its site that
//! are not the hub's alone, an agent the facts of its own machine.

mod carry;
mod changes;
mod desk;
mod tend;
mod told;
mod waiting;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use vigie_merge::{Actor, Hlc, Key, Kind, Row, Scope};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_store::rows::{NewLife, Owner, Pen, Reaching, Rows, RowsError, WriteError};
use vigie_store::{CommitError, State};
use vigie_sync::rows::{RowFacts, RowPeer, Stamp};

use self::changes::Mailboxes;
pub use self::changes::RowChanges;
pub(crate) use self::desk::{RowDesk, RowsDone};
pub use self::told::{RowsTold, rows_finding};
use crate::{Failed, NodeClock};

/// A hand to the rows of this node. Clones are the same rows.
#[derive(Debug, Clone)]
pub struct NodeRows(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    rows: Mutex<Rows<Arc<State>>>,
    who: RowPeer,
    clock: NodeClock,
    facts: watch::Sender<RowFacts>,
    mailboxes: Mailboxes,
    told: Mutex<RowsTold>,
    state: Arc<State>,
}

impl NodeRows {
    /// Opens the rows in the small state of a node. `place` is client and site of a relay or an agent; `lost` says that the
    /// state was damaged, and some of it may be gone.
    ///
    /// # Errors
    /// When the state can not be read or written; nothing was changed.
    pub fn open(
        state: Arc<State>,
        (node, role): (NodeId, Role),
        place: Option<(&Slug, &Slug)>,
        floor: UtcMs,
        lost: bool,
        clock: NodeClock,
    ) -> Result<Self, Failed> {
        let view = place.map_or(Scope::Deployment, |(client, site)| Scope::Site(client.clone(), site.clone()));
        let who = RowPeer { node, role, view };
        let owner = Owner { number: number(&who), floor: Hlc::of_utc(floor), recovering: false, who: who.clone() };
        // Numbers follow from keys, so nobody needs a list of them: whose row it is the session decides.
        let knows = Arc::new(|_: Actor| true);
        let (mut rows, mut why) = Rows::open(state.clone(), owner, knows, Box::new(random), lost, clock.mono_ms())?;
        let of = state.get("node", b"rows.of")?;
        if of.as_ref().is_some_and(|of| of != node.as_bytes()) {
            // They were written as another node, whose copy this was: its own are fetched and written anew.
            rows.begin_again(|_| false)?;
            why = Some(NewLife::First);
        }
        if of.is_none_or(|of| of != node.as_bytes()) {
            state.put("node", b"rows.of", node.as_bytes())?;
        }
        // What stands beside the store says so, not a peer: at a peer's word a hub would take rules from whoever claims to
        // have seen more of it.
        if role == Role::Hub && matches!(why, Some(NewLife::Restored | NewLife::Damaged)) {
            rows.take_back();
        }
        let told = RowsTold::read(&state);
        let inner = Inner {
            facts: watch::Sender::new(rows.facts()),
            rows: Mutex::new(rows),
            who,
            clock,
            mailboxes: Mailboxes::default(),
            told: Mutex::new(told),
            state,
        };
        let rows = Self(Arc::new(inner));
        if let Some(why) = why {
            rows.note_life(why);
        }
        Ok(rows)
    }

    /// Whose rows these are, and what they see.
    pub fn who(&self) -> &RowPeer {
        &self.0.who
    }

    /// A row, as it is now; none where there is none, or it was forgotten. A deleted one is there as a row without a value.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn get(&self, key: &Key) -> Result<Option<Row>, RowsError> {
        self.with(|rows| rows.get(key))
    }

    /// All rows of a kind in one scope, in the order of their keys; those without a value too.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn scan(&self, scope: &Scope, kind: &Kind) -> Result<Vec<(Key, Row)>, RowsError> {
        self.with(|rows| rows.scan(&format!("{scope}/{kind}/")))
    }

    /// What is known of one machine: its rows of a kind, and when each last changed here.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn of_machine(&self, scope: &Scope, kind: &Kind, machine: NodeId) -> Result<Vec<(Key, Row, UtcMs)>, RowsError> {
        self.with(|rows| rows.scan_learnt(&format!("{scope}/{kind}/{machine}/")))
    }

    /// All rows of these kinds, of every scope that is here: for whoever begins.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn scan_all(&self, kinds: &[Kind]) -> Result<Vec<(Key, Row)>, RowsError> {
        let mut all = self.with(|rows| rows.scan(""))?;
        all.retain(|(key, _)| kinds.contains(&key.kind()));
        Ok(all)
    }

    /// As [`NodeRows::scan_all`], each with when its last change was learnt here.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn scan_learnt(&self, kinds: &[Kind]) -> Result<Vec<(Key, Row, UtcMs)>, RowsError> {
        let mut all = self.with(|rows| rows.scan_learnt(""))?;
        all.retain(|(key, ..)| kinds.contains(&key.kind()));
        Ok(all)
    }

    /// For each question whether the hub that this node has met, or at the hub one of its peers, has all its rows as they are
    /// here.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn have(&self, mut asked: Vec<Reaching>) -> Result<Vec<bool>, RowsError> {
        self.with(|rows| {
            if let Some(hub) = rows.hub()? {
                asked.iter_mut().for_each(|asked| asked.peers = vec![hub]);
            }
            rows.have(&asked)
        })
    }

    /// Rows that changed here and that the hub does not have yet: those of alerts and decisions, and all others.
    ///
    /// # Errors
    /// When nothing can be read now.
    pub fn waiting(&self) -> Result<[u64; 2], RowsError> {
        self.with(Rows::waiting)
    }

    /// Edits rows in one commit and waits until it is durable; sessions and subscribers are woken. `work` reads and writes
    /// through the pen; when it fails, nothing is written. Markers, the actor and the hybrid clock are the pen's business.
    ///
    /// # Errors
    /// When `work` fails, or the store: then nothing was written.
    pub async fn edit<T: Send + 'static>(
        &self,
        work: impl FnOnce(&mut Pen<'_>) -> Result<T, WriteError> + Send + 'static,
    ) -> Result<T, WriteError> {
        let rows = self.clone();
        let edited = tokio::task::spawn_blocking(move || rows.edit_blocking(work)).await;
        edited.unwrap_or_else(|_| Err(not_done("the edit ended before it was done")))
    }

    /// As [`NodeRows::edit`], on a thread that may block.
    ///
    /// # Errors
    /// As [`NodeRows::edit`].
    pub fn edit_blocking<T>(&self, work: impl FnOnce(&mut Pen<'_>) -> Result<T, WriteError>) -> Result<T, WriteError> {
        let stamp = self.stamp();
        let edited = self.with(|rows| rows.write(stamp, work));
        if edited.is_ok() {
            self.note_kept();
        }
        edited
    }

    /// Rows of these kinds that change from now on, from any side, this node's own edits included. All kinds where none is
    /// named.
    pub fn subscribe(&self, kinds: &[Kind]) -> RowChanges {
        self.0.mailboxes.open(kinds)
    }

    /// What is known of these rows, without waiting for a commit under way.
    pub fn facts(&self) -> RowFacts {
        *self.0.facts.borrow()
    }

    /// A person says that this hub was brought back from an older copy, with all that stands beside its store: from the next
    /// session on it takes back from its relays what only it may write.
    pub fn take_back(&self) {
        self.with(Rows::take_back);
    }

    /// What a person should know of these rows.
    pub fn told(&self) -> RowsTold {
        self.told_mut().clone()
    }

    /// Does something with the rows, and tells everybody who asked what has changed.
    fn with<T>(&self, work: impl FnOnce(&mut Rows<Arc<State>>) -> T) -> T {
        let mut rows = self.0.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let done = work(&mut rows);
        let (facts, mut changed) = (rows.facts(), rows.take_changed());
        // Under the lock: who is told of two changes is told in their order.
        changed.all |= self.0.facts.send_replace(facts).epoch != facts.epoch;
        if !changed.is_empty() {
            self.0.mailboxes.tell(&changed);
        }
        done
    }

    fn stamp(&self) -> Stamp {
        // An agent's clock orders nothing: what it writes only follows what it wrote before.
        let trusted = if self.0.who.role == Role::Agent { None } else { self.0.clock.trusted() };
        Stamp { mono_ms: self.0.clock.mono_ms(), trusted }
    }

    fn told_mut(&self) -> MutexGuard<'_, RowsTold> {
        self.0.told.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The upper half of a node's actors. Hub and relays write the same rows, so theirs must differ: the hub's is apart, and of
/// two relays of one site that have the same, once in 65,534, the lower half that each life draws still differs. An agent
/// shares its rows with nobody who would draw.
fn number(who: &RowPeer) -> u16 {
    let [a, b, ..] = *who.node.as_bytes();
    match who.role {
        Role::Agent => 0,
        Role::Hub => 1,
        Role::Relay => 2 + u16::from_be_bytes([a, b]) % (u16::MAX - 1),
    }
}

fn random() -> u64 {
    // Lives must differ, not be secret: where the system gives no random bytes, the moment and the process will do.
    getrandom::u64().unwrap_or_else(|_| {
        use std::hash::{BuildHasher, RandomState};
        RandomState::new().hash_one((std::time::SystemTime::now(), std::process::id()))
    })
}

fn not_done(why: &str) -> WriteError {
    WriteError::Rows(RowsError::Commit(CommitError::Io(std::io::Error::other(why.to_owned()))))
}
