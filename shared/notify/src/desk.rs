//! How does what was decided survive?
//!
//! Mind and outbox, and the rows of a node's small state that hold both. Each step is one commit: what was heard, what is
//! wanted because of it, and what was tried. A letter is on disk, counted as tried, before it is sent; so a process that
//! stops between any two steps tells again, with the same key, and never not at all.
//!
//! A disk that refuses stops nobody from being told: memory goes on, and the rows are written when it takes them again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use vigie_model::UtcMs;
use vigie_store::{CommitError, ReadError, State};

use crate::mind::{
    DeadLetter, HearError, Heard, Letter, LetterId, Mark, Mind, Outbox, Outcome, Restored, Rows, Rules, Seat,
    SentLetter, Settled, Table, read_row,
};

/// What was heard is not safe.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It is followed, and told, while this process lives; tell it again after a restart.
    #[error("what was heard is not written down")]
    NotWritten(#[from] CommitError),
    /// It is not followed. The rest of what was heard is.
    #[error(transparent)]
    NotHeard(#[from] HearError),
}

/// Letters to be sent now.
#[derive(Debug)]
pub struct Due {
    /// Each is to be settled.
    pub letters: Vec<Letter>,
    /// Whether they are written down. They are to be sent all the same.
    pub written: Result<(), CommitError>,
}

/// Where everything is told, and from where everybody is told. Blocking: call it from a thread of its own.
#[derive(Debug)]
pub struct Desk {
    state: Arc<State>,
    inner: Mutex<Inner>,
    wake: Notify,
}

#[derive(Debug)]
struct Inner {
    mind: Mind,
    outbox: Outbox,
    /// What changed and is not on disk.
    unwritten: Rows,
}

impl Desk {
    /// The desk as it was left, with these rules.
    ///
    /// # Errors
    /// When the state can not be read.
    pub fn open(state: Arc<State>, rules: Rules, now: UtcMs) -> Result<Self, ReadError> {
        let tables = [
            Table::Group,
            Table::Member,
            Table::Site,
            Table::Mark,
            Table::Done,
            Table::Letter,
            Table::Sent,
            Table::Dead,
        ];
        let mut restored = Restored::default();
        for table in tables {
            let rows = state.scan(table.name(), &[])?;
            restored.rows.extend(rows.into_iter().map(|(key, row)| (table, key, row)));
        }
        let mut outbox = Outbox::restore(&restored);
        outbox.keep_channels(|channel| rules.receivers.contains_key(channel), now);
        let mind = Mind::restore(rules, &restored, now);
        let inner = Mutex::new(Inner { mind, outbox, unwritten: Rows::default() });
        Ok(Self { state, inner, wake: Notify::new() })
    }

    /// Takes in what happened, durable when this returns well. The same may be told again, in the same order.
    ///
    /// # Errors
    /// When it is not durable, or not followed; the rest is taken in.
    pub fn hear(&self, heard: impl IntoIterator<Item = Heard>, now: UtcMs) -> Result<(), DeskError> {
        let mut inner = self.inner();
        let mut refused = Ok(());
        for one in heard {
            if let Err(error) = inner.mind.hear(one, now) {
                refused = Err(error);
            }
        }
        let written = inner.write(&self.state);
        drop(inner);
        self.wake.notify_one();
        written?;
        Ok(refused?)
    }

    /// What is to be sent now, written down.
    pub fn due(&self, now: UtcMs) -> Due {
        let mut inner = self.inner();
        let intents = inner.mind.due(now);
        intents.into_iter().for_each(|intent| inner.outbox.add(intent, now));
        let letters = inner.outbox.due(now);
        let written = inner.write(&self.state);
        Due { letters, written }
    }

    /// Says how sending went. What was told is to be shown to the other side.
    ///
    /// # Errors
    /// When it is not written down; after a restart it is sent again.
    pub fn settle(
        &self,
        letter: LetterId,
        outcome: Outcome,
        now: UtcMs,
        chance: u8,
    ) -> Result<Settled, (Settled, CommitError)> {
        let mut inner = self.inner();
        let settled = inner.outbox.settle(letter, outcome, now, chance);
        match inner.write(&self.state) {
            Ok(()) => Ok(settled),
            Err(error) => Err((settled, error)),
        }
    }

    /// Other rules from now on. Letters that wait keep the words they have.
    ///
    /// # Errors
    /// When what follows from it is not written down; it holds all the same.
    pub fn set_rules(&self, rules: Rules, now: UtcMs) -> Result<(), CommitError> {
        let mut inner = self.inner();
        inner.outbox.keep_channels(|channel| rules.receivers.contains_key(channel), now);
        inner.mind.set_rules(rules, now);
        let written = inner.write(&self.state);
        drop(inner);
        self.wake.notify_one();
        written
    }

    /// Whose node this is, and its routes: each by its name, and whether it always speaks.
    pub fn routes(&self) -> (Seat, Vec<(String, bool)>) {
        let inner = self.inner();
        let rules = inner.mind.rules();
        (rules.seat, rules.routes.iter().map(|route| (route.name.clone(), route.always)).collect())
    }

    /// When something may be due next.
    pub fn next_at(&self) -> Option<UtcMs> {
        let inner = self.inner();
        [inner.mind.next_at(), inner.outbox.next_at()].into_iter().flatten().min()
    }

    /// Letters that wait or are under way.
    pub fn waiting(&self) -> Vec<Letter> {
        self.inner().outbox.waiting().cloned().collect()
    }

    /// What was sent, oldest first; what can not be read is left out.
    ///
    /// # Errors
    /// When nothing can be read.
    pub fn sent(&self) -> Result<Vec<SentLetter>, ReadError> {
        let rows = self.state.scan(Table::Sent.name(), &[])?;
        Ok(rows.iter().filter_map(|(_, row)| read_row(row)).collect())
    }

    /// What was given up, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub fn dead(&self) -> Result<Vec<DeadLetter>, ReadError> {
        let rows = self.state.scan(Table::Dead.name(), &[])?;
        Ok(rows.iter().filter_map(|(_, row)| read_row(row)).collect())
    }

    /// Nobody sends what was under way any more: it is due again.
    pub fn release(&self) {
        self.inner().outbox.release();
    }

    /// Returns when something was heard since this was last awaited.
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        // Minds do not panic halfway through a change that matters more than going on.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// Writes all that changed, together.
    fn write(&mut self, state: &State) -> Result<(), CommitError> {
        let (mind, outbox) = (self.mind.take_rows(), self.outbox.take_rows());
        self.unwritten.append(mind);
        self.unwritten.append(outbox);
        if self.unwritten.is_empty() {
            return Ok(());
        }
        state.transact(|tx| {
            for (table, key, row) in self.unwritten.iter() {
                match row {
                    Some(row) => tx.put(table.name(), key, row)?,
                    None => drop(tx.remove(table.name(), key)?),
                }
            }
            Ok(())
        })?;
        self.unwritten.clear();
        Ok(())
    }
}

/// What the other side may be told was told.
pub(crate) fn told(settled: Settled) -> Vec<Mark> {
    match settled {
        Settled::Sent(marks) => marks,
        Settled::Again(_) | Settled::Dead | Settled::Unknown => Vec::new(),
    }
}
