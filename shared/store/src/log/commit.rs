//! How does a batch become durable, all of it or nothing?

use std::mem;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;

use redb::Database;
use vigie_merge::RangeSet;
use vigie_model::StreamId;

use super::index::SpanChange;
use super::pen::{Changes, Pen};
use super::{Log, Standing, fold};
use crate::errors::{CommitError, OpenError, Trouble, guarded};
use crate::types::{Outcome, StreamFacts, Write};

impl Log {
    /// Makes writes durable, all in one transaction, and says what became of each.
    ///
    /// # Errors
    /// When nothing of it is durable for certain; [`Log::streams`] is as before. Commit again: what did reach the disk
    /// is absorbed.
    pub fn commit(&mut self, writes: Vec<Write>) -> Result<Vec<Outcome>, CommitError> {
        self.transact(|pen| writes.into_iter().map(|write| pen.keep(write)).collect())
    }

    /// Damage that was found since it was last taken: these numbers are no longer in `have` and must come again from
    /// below. An agent, which has nobody below, states a gap for them.
    ///
    /// What was found while reading becomes final here, in a commit of its own; if that fails it is reported later.
    pub fn take_damage(&mut self) -> Vec<(StreamId, RangeSet)> {
        if !self.losses.get_mut().unwrap_or_else(PoisonError::into_inner).is_empty()
            && let Err(error) = self.transact(|_| Ok(()))
        {
            tracing::warn!(%error, "damaged records could not be set aside yet");
        }
        mem::take(&mut self.damage)
    }

    pub(crate) fn transact<T>(
        &mut self,
        work: impl FnOnce(&mut Pen<'_>) -> Result<T, Trouble>,
    ) -> Result<T, CommitError> {
        self.stand_up()?;
        let Standing::Open(db) = &self.state else {
            return Err(CommitError::Io(std::io::ErrorKind::NotConnected.into()));
        };
        match guarded(|| self.attempt(db, work)) {
            Ok((value, changes)) => {
                self.adopt(changes);
                Ok(value)
            }
            Err(trouble) => Err(self.fall(trouble)),
        }
    }

    fn attempt<T>(
        &self,
        db: &Database,
        work: impl FnOnce(&mut Pen<'_>) -> Result<T, Trouble>,
    ) -> Result<(T, Changes), Trouble> {
        let mut txn = db.begin_write()?;
        txn.set_quick_repair(self.options.quick_repair);
        let mut pen = Pen::new(&txn, &self.streams, &self.options);
        let losses = self.losses.lock().unwrap_or_else(PoisonError::into_inner).clone();
        losses.iter().try_for_each(|loss| pen.settle(loss))?;
        let value = work(&mut pen)?;
        let changes = pen.finish()?;
        txn.commit()?;
        Ok((value, changes))
    }

    fn adopt(&mut self, changes: Changes) {
        *self.losses.get_mut().unwrap_or_else(PoisonError::into_inner) = changes.later;
        let reclocked = |(stream, facts): &(&StreamId, &StreamFacts)| {
            self.streams.get(stream).is_none_or(|known| known.anchors != facts.anchors)
        };
        let mut unfolded: Vec<StreamId> = changes.streams.iter().filter(reclocked).map(|(stream, _)| *stream).collect();
        unfolded.extend(changes.unfolded);
        for (stream, facts) in changes.streams {
            self.record_bytes += facts.bytes.total();
            self.record_bytes -= self.streams.insert(stream, facts).map_or(0, |known| known.bytes.total());
        }
        self.damage.extend(changes.damage);
        let index = self.index.get_mut().unwrap_or_else(PoisonError::into_inner);
        let agenda = self.agenda.get_mut().unwrap_or_else(PoisonError::into_inner);
        if changes.spans.iter().any(|(_, change)| !matches!(change, SpanChange::New(_))) {
            self.unfolded.forget();
        }
        unfolded.into_iter().for_each(|stream| agenda.fold_from(stream, i64::MIN));
        for (stream, change) in changes.spans {
            agenda.changed(stream, &change);
            self.hot.follow(stream, &change);
            if let (SpanChange::New(span), Some(facts)) = (&change, self.streams.get(&stream)) {
                agenda.fold_from(stream, fold::due_ms(span, &facts.anchors, &self.options));
            }
            index.apply(stream, change);
        }
    }

    /// Closes the file after a failure: redb takes no more writes on it, and what the kernel shows of it after a failed
    /// sync is not what the disk has.
    pub(crate) fn fall(&mut self, trouble: Trouble) -> CommitError {
        match &trouble {
            Trouble::Full => self.state = Standing::Full,
            Trouble::Io(_) | Trouble::InUse => self.state = Standing::Refused,
            Trouble::Damaged(why) => self.shut_damaged(why.clone()),
        }
        if matches!(trouble, Trouble::Full) {
            self.starved = true;
            if let Err(error) = self.medium.ballast(false) {
                tracing::warn!(%error, "the ballast could not be removed from the full disk");
            }
        }
        trouble.into()
    }

    /// Closes a damaged file, and writes no more to it.
    pub(crate) fn shut_damaged(&mut self, why: String) {
        if let Standing::Open(db) = mem::replace(&mut self.state, Standing::Damaged(why)) {
            db.abandon();
        }
    }

    /// Opens the file again after a full or refusing disk.
    pub(crate) fn stand_up(&mut self) -> Result<(), CommitError> {
        if self.suspect.load(Ordering::Relaxed) && matches!(self.state, Standing::Open(_)) {
            self.shut_damaged("a reader found records not where they belong".to_owned());
        }
        match &self.state {
            Standing::Open(_) => Ok(()),
            Standing::Damaged(why) => Err(CommitError::Damaged(why.clone())),
            Standing::Full | Standing::Refused => self.reopen().map(drop).map_err(|error| match error {
                OpenError::Full => CommitError::Full,
                OpenError::Damaged(why) => CommitError::Damaged(why),
                OpenError::Io(error) => CommitError::Io(error),
                OpenError::InUse(_) | OpenError::Newer(_) => CommitError::Io(std::io::Error::other(error)),
            }),
        }
    }
}
