//! How does what was decided survive?
//!
//! Mind and outbox, and the rows of a node's small state that hold both. Each step is one commit: what was heard, what is
//! wanted because of it, and what was tried. A letter is on disk, counted as tried, before it is sent; so a process that
//! stops between any two steps tells again, with the same key, and never not at all.
//!
//! A disk that refuses stops nobody from being told: memory goes on, and the rows are written when it takes them again.
//!
//! Times are given as a node's clocks show them: `mono_ms` is the boot clock, which counts what the machine sleeps. What
//! is waited for goes by it, and goes on after a restart.

mod of_alert;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use vigie_model::{Now, UtcMs};
use vigie_store::{CommitError, ReadError, State};

use crate::mind::{
    Climbing, DeadLetter, HearError, Heard, Letter, LetterId, Mark, Mind, NotMoved, Outbox, Outcome, Pace, Restored,
    Rows, Rules, Seat, SentLetter, Settled, Steady, Table, read_row, when,
};

pub use of_alert::OfAlert;

/// What was heard is not safe.
#[derive(Debug, thiserror::Error)]
pub enum DeskError {
    /// It is followed, and told, while this process lives; tell it again after a restart.
    #[error("what was heard is not written down")]
    NotWritten(#[from] CommitError),
    /// It is not followed; tell it again when there is room. The rest of what was heard is.
    #[error(transparent)]
    NotHeard(#[from] HearError),
}

/// What somebody decided of a message is not done.
#[derive(Debug, thiserror::Error)]
pub enum NotSent {
    /// No such message waits, or was given up; or it is under way.
    #[error("there is no such message that waits, or it is under way")]
    NotMoved(NotMoved),
    /// What was given up can not be read now.
    #[error("what was given up can not be read")]
    Read(#[from] ReadError),
    /// It is not written down.
    #[error("what was decided is not written down")]
    NotWritten(#[from] CommitError),
}

impl From<NotMoved> for NotSent {
    fn from(not: NotMoved) -> Self {
        Self::NotMoved(not)
    }
}

/// Letters to be sent now.
#[derive(Debug)]
pub struct Due {
    /// Each is to be settled.
    pub letters: Vec<Letter>,
    /// Whether they are written down. They are to be sent all the same.
    pub written: Result<(), CommitError>,
}

/// A letter that waits or is under way, in the time of people's clocks.
#[derive(Debug, Clone)]
pub struct Waiting {
    /// Which.
    pub letter: Letter,
    /// When it is tried next.
    pub next_at: UtcMs,
    /// For how long it has been wanted, in milliseconds.
    pub waits_ms: i64,
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
    pace: Pace,
    mind: Mind,
    outbox: Outbox,
    /// What changed and is not on disk.
    unwritten: Rows,
}

impl Desk {
    /// The desk as it was left, with these rules. `boot` is what the kernel calls this boot of the machine: it says whether
    /// the boot clock of before is the one of now. Nothing if that is not known.
    ///
    /// # Errors
    /// When the state can not be read.
    pub fn open(state: Arc<State>, rules: Rules, boot: &[u8], now: Now) -> Result<Self, ReadError> {
        let mut restored = Restored::default();
        for table in Table::ALL {
            let rows = state.scan(table.name(), &[])?;
            restored.rows.extend(rows.into_iter().map(|(key, row)| (table, key, row)));
        }
        let last = restored.rows.iter().find(|(table, _, _)| *table == Table::Clock).map(|(_, _, row)| row.as_slice());
        let pace = Pace::resume(last, boot, now);
        let clocks = pace.clocks(now);
        let mut outbox = Outbox::restore(&restored, clocks);
        outbox.keep_channels(|channel| rules.receivers.contains_key(channel), clocks);
        let mind = Mind::restore(rules, &restored, clocks);
        let inner = Mutex::new(Inner { pace, mind, outbox, unwritten: Rows::default() });
        Ok(Self { state, inner, wake: Notify::new() })
    }

    /// Takes in what happened, durable when this returns well. The same may be told again, in the same order.
    ///
    /// # Errors
    /// When it is not durable, or not followed; the rest is taken in.
    pub fn hear(&self, heard: impl IntoIterator<Item = Heard>, now: Now) -> Result<(), DeskError> {
        let mut inner = self.inner();
        let clocks = inner.pace.clocks(now);
        let mut refused = Ok(());
        for one in heard {
            if let Err(error) = inner.mind.hear(one, clocks) {
                refused = Err(error);
            }
        }
        let written = inner.write(&self.state, now);
        drop(inner);
        self.wake.notify_one();
        // What is not written is written with the next step; what was not heard must be told again.
        refused?;
        Ok(written?)
    }

    /// What is to be sent now, written down.
    pub fn due(&self, now: Now) -> Due {
        let mut inner = self.inner();
        let clocks = inner.pace.clocks(now);
        let intents = inner.mind.due(clocks);
        let stopped = inner.mind.take_stopped();
        stopped.into_iter().for_each(|thread| inner.outbox.withdraw(thread, clocks));
        intents.into_iter().for_each(|intent| inner.outbox.add(intent, clocks));
        let letters = inner.outbox.due(clocks);
        let written = inner.write(&self.state, now);
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
        now: Now,
        chance: u8,
    ) -> Result<Settled, (Settled, CommitError)> {
        let mut inner = self.inner();
        let clocks = inner.pace.clocks(now);
        let settled = inner.outbox.settle(letter, outcome, clocks, chance);
        match inner.write(&self.state, now) {
            Ok(()) => Ok(settled),
            Err(error) => Err((settled, error)),
        }
    }

    /// Other rules from now on. Letters that wait keep the words they have.
    ///
    /// # Errors
    /// When what follows from it is not written down; it holds all the same.
    pub fn set_rules(&self, rules: Rules, now: Now) -> Result<(), CommitError> {
        let mut inner = self.inner();
        let clocks = inner.pace.clocks(now);
        inner.outbox.keep_channels(|channel| rules.receivers.contains_key(channel), clocks);
        inner.mind.set_rules(rules, clocks);
        let written = inner.write(&self.state, now);
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

    /// The ladders that are climbed: whom each tells next, and when.
    pub fn climbing(&self, now: Now) -> Vec<Climbing> {
        let inner = self.inner();
        inner.mind.climbing(inner.pace.clocks(now))
    }

    /// How long until something may be due.
    pub fn wait(&self, now: Now) -> Option<Duration> {
        let inner = self.inner();
        let next = [inner.mind.next_at(), inner.outbox.next_at()].into_iter().flatten().min()?;
        Some(Duration::from_millis(next.since(inner.pace.clocks(now).steady).max(0).cast_unsigned()))
    }

    /// Letters that wait or are under way.
    pub fn waiting(&self, now: Now) -> Vec<Waiting> {
        let inner = self.inner();
        let clocks = inner.pace.clocks(now);
        let waiting = |letter: &Letter| Waiting {
            letter: letter.clone(),
            next_at: clocks.wall_of(letter.next_at),
            waits_ms: clocks.steady.since(letter.intent.not_before).max(0),
        };
        inner.outbox.waiting().map(waiting).collect()
    }

    /// Whether one more alert would be followed, on each route.
    pub fn has_room(&self) -> bool {
        self.inner().mind.has_room()
    }

    /// Has a message sent now that waits, or was given up, because somebody wants it.
    ///
    /// # Errors
    /// When there is none, it is under way, or it is not written down: then it goes all the same, while this process lives.
    pub fn send_again(&self, id: LetterId, now: Now) -> Result<Letter, NotSent> {
        let mut inner = self.inner();
        let clocks = inner.pace.clocks(now);
        let sent = match inner.outbox.hasten(id, clocks) {
            Err(NotMoved::Unknown) => {
                let dead = self.dead()?.into_iter().find(|dead| dead.letter.id() == id);
                inner.outbox.revive(dead.ok_or(NotMoved::Unknown)?, clocks)?
            }
            hastened => hastened?,
        };
        inner.write(&self.state, now)?;
        drop(inner);
        self.wake.notify_one();
        Ok(sent)
    }

    /// Has a message that waits not sent, because somebody does not want it.
    ///
    /// # Errors
    /// When none waits, it is under way, or it is not written down: it does not go all the same, while this process lives.
    pub fn call_off(&self, id: LetterId, now: Now) -> Result<Letter, NotSent> {
        let mut inner = self.inner();
        let clocks = inner.pace.clocks(now);
        let letter = inner.outbox.call_off(id, clocks)?;
        inner.write(&self.state, now)?;
        Ok(letter)
    }

    /// What was told and is still to be shown to the other side, each with when its instance began; say [`Desk::shown`] when
    /// that is durable.
    pub fn unshown(&self) -> Vec<(Mark, UtcMs)> {
        self.inner().outbox.unshown().collect()
    }

    /// The other side can see, or never will, that this was told.
    ///
    /// # Errors
    /// When it is not written down; after a restart it is shown again, which changes nothing.
    pub fn shown(&self, marks: &[Mark], now: Now) -> Result<(), CommitError> {
        let mut inner = self.inner();
        inner.outbox.shown(marks);
        inner.write(&self.state, now)
    }

    /// What was sent, oldest first; what can not be read is left out.
    ///
    /// # Errors
    /// When nothing can be read.
    pub fn sent(&self) -> Result<Vec<SentLetter>, ReadError> {
        Ok(self.sent_when()?.into_iter().map(|(_, sent)| sent).collect())
    }

    /// As [`Desk::sent`], each with when by the clock that nobody sets: the order of what was sent and what was given up.
    ///
    /// # Errors
    /// As [`Desk::sent`].
    pub fn sent_when(&self) -> Result<Vec<(Steady, SentLetter)>, ReadError> {
        let rows = self.state.scan(Table::Sent.name(), &[])?;
        Ok(rows.iter().filter_map(|(key, row)| Some((when(key)?, read_row(row)?))).collect())
    }

    /// What was given up, oldest first.
    ///
    /// # Errors
    /// When nothing can be read.
    pub fn dead(&self) -> Result<Vec<DeadLetter>, ReadError> {
        Ok(self.dead_when()?.into_iter().map(|(_, dead)| dead).collect())
    }

    /// As [`Desk::dead`], each with when by the clock that nobody sets.
    ///
    /// # Errors
    /// As [`Desk::dead`].
    pub fn dead_when(&self) -> Result<Vec<(Steady, DeadLetter)>, ReadError> {
        let rows = self.state.scan(Table::Dead.name(), &[])?;
        Ok(rows.iter().filter_map(|(key, row)| Some((when(key)?, read_row(row)?))).collect())
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
    fn write(&mut self, state: &State, now: Now) -> Result<(), CommitError> {
        let (mind, outbox) = (self.mind.take_rows(), self.outbox.take_rows());
        self.unwritten.append(mind);
        self.unwritten.append(outbox);
        if self.unwritten.is_empty() {
            return Ok(());
        }
        self.pace.note(now, &mut self.unwritten);
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
