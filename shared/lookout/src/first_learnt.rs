//! When did this node first learn of what others judged? Kept beside the rows, which know when their last change was learnt:
//! after a restart an incident would seem to have been learnt when it ended.
//!
//! Shapes of version 1; a changed shape has another number, and the old one stays readable.

use std::collections::BTreeMap;

use vigie_alerts::{Alert, Book};
use vigie_merge::Ulid;
use vigie_model::{NodeId, Slug, UtcMs};
use vigie_store::{CommitError, ReadError, State};

use crate::mutes::place_of;
use crate::register::{News, Register};
use crate::watchman::{Watchman, lock};

pub(crate) const TABLE: &str = "lookout.learnt";
const VERSION: u8 = 1;

/// Incidents of which it is known, the newest of them: some 5 MB.
const MOST: usize = 100_000;

/// When each was first learnt. An id begins with its time, so that the oldest comes first.
#[derive(Debug, Default)]
pub(crate) struct FirstLearnt(BTreeMap<Ulid, UtcMs>);

/// An incident that was just learnt of, whose it is, and when.
type New = (Ulid, Option<Slug>, UtcMs);

impl FirstLearnt {
    pub(crate) fn load(state: &State) -> Result<Self, ReadError> {
        let rows = state.scan(TABLE, &[])?;
        Ok(Self(rows.iter().filter_map(|(key, row)| Some((id(key)?, read(row)?.0))).collect()))
    }

    /// Tells the book what it can not know by its rows, and forgets what is no more.
    pub(crate) fn tell(&mut self, state: &State, book: &mut Book) -> Result<(), CommitError> {
        let gone: Vec<Ulid> = self.0.keys().copied().filter(|id| book.alert(*id).is_none()).collect();
        for (id, at) in &self.0 {
            book.learnt_at(*id, *at);
        }
        if gone.is_empty() {
            return Ok(());
        }
        state.transact(|tx| gone.iter().try_for_each(|id| tx.remove(TABLE, &key(*id)).map(drop)))?;
        self.0.retain(|id, _| !gone.contains(id));
        Ok(())
    }

    fn new_in(&self, register: &Register, news: &News, own: NodeId) -> Vec<New> {
        let is_others = |alert: &&Alert| alert.about.as_ref().is_some_and(|about| about.judge.node != own);
        let alerts = news.alerts.iter().filter(|id| !self.0.contains_key(id));
        let alerts = alerts.filter_map(|id| register.book.alert(*id)).filter(is_others);
        alerts.map(|alert| (alert.place.id, place_of(&alert.place.scope).0.cloned(), alert.learnt)).collect()
    }

    /// Remembers those, all in one commit; nothing is remembered that is not written down.
    fn add(&mut self, state: &State, new: &[New]) -> Result<(), CommitError> {
        let beyond = (self.0.len() + new.len()).saturating_sub(MOST);
        let oldest: Vec<Ulid> = self.0.keys().take(beyond).copied().collect();
        state.transact(|tx| {
            for (id, client, at) in new {
                tx.put(TABLE, &key(*id), &write(*at, client.as_ref()))?;
            }
            oldest.iter().try_for_each(|id| tx.remove(TABLE, &key(*id)).map(drop))
        })?;
        self.0.retain(|id, _| !oldest.contains(id));
        self.0.extend(new.iter().map(|(id, _, at)| (*id, *at)));
        Ok(())
    }
}

fn key(id: Ulid) -> Vec<u8> {
    id.to_string().into_bytes()
}

fn id(key: &[u8]) -> Option<Ulid> {
    Ulid::read(std::str::from_utf8(key).ok()?)
}

fn write(at: UtcMs, client: Option<&Slug>) -> Vec<u8> {
    let client = client.map(Slug::as_str).unwrap_or_default();
    [&[VERSION][..], &at.0.to_be_bytes(), client.as_bytes()].concat()
}

fn read(row: &[u8]) -> Option<(UtcMs, &str)> {
    let (at, client) = row.strip_prefix(&[VERSION])?.split_first_chunk::<8>()?;
    Some((UtcMs(i64::from_be_bytes(*at)), std::str::from_utf8(client).ok()?))
}

/// Whose incident a row is about; nothing where it is nobody's, or a later version's.
pub(crate) fn client_of(row: &[u8]) -> Option<&str> {
    read(row).map(|(_, client)| client).filter(|client| !client.is_empty())
}

impl Watchman {
    /// What was just learnt of for the first time, to be remembered by [`Self::remember_learnt`].
    pub(crate) fn learnt_in(&self, register: &Register, news: &News) -> Vec<New> {
        lock(&self.first_learnt).new_in(register, news, self.node)
    }

    /// Remembers it. What can not be written now is tried with the next news of the same.
    pub(crate) fn remember_learnt(&self, new: &[New]) {
        if new.is_empty() {
            return;
        }
        if let Err(error) = lock(&self.first_learnt).add(&self.state, new) {
            tracing::warn!(%error, "when incidents were first learnt of is not written down: after a restart they may seem learnt later");
        }
    }
}
