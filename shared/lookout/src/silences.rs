//! When did a machine not answer its relay? Kept beyond the incident that tells only of the last time.
//!
//! Shapes of version 1; a changed shape has another number, and the old one stays readable.

use std::collections::BTreeMap;

use vigie_alerts::Alert;
use vigie_model::{NodeId, Role, UtcMs};
use vigie_store::{CommitError, ReadError, State};
use vigie_watch::PRESENCE_LABEL;

use crate::register::{News, Register};
use crate::watchman::{Watchman, lock};

pub(crate) const TABLE: &str = "lookout.silence";
const VERSION: u8 = 1;

/// Silences that are remembered, the newest of them: ten a year for each of 10,000 machines, in 5 MB.
const MOST: usize = 100_000;

/// Silences that are over, by machine and beginning.
#[derive(Debug, Default)]
pub(crate) struct Silences {
    over: BTreeMap<(NodeId, i64), i64>,
}

/// One that is over.
type Silence = (NodeId, UtcMs, UtcMs);

impl Silences {
    pub(crate) fn load(state: &State) -> Result<Self, ReadError> {
        let read = |(key, row): (Vec<u8>, Vec<u8>)| {
            let (node, since) = key.split_first_chunk::<16>()?;
            let since = i64::from_be_bytes(since.try_into().ok()?);
            let until = i64::from_be_bytes(row.strip_prefix(&[VERSION])?.try_into().ok()?);
            Some(((NodeId::from_bytes(*node), since), until))
        };
        Ok(Self { over: state.scan(TABLE, &[])?.into_iter().filter_map(read).collect() })
    }

    /// Remembers those that are new, all in one commit; nothing is remembered that is not written down.
    pub(crate) fn add(&mut self, state: &State, silences: &[Silence]) -> Result<(), CommitError> {
        let is_new = |(node, since, until): &&Silence| self.over.get(&(*node, since.0)) != Some(&until.0);
        let new: Vec<Silence> = silences.iter().filter(is_new).copied().collect();
        if new.is_empty() {
            return Ok(());
        }
        let beyond = (self.over.len() + new.len()).saturating_sub(MOST);
        let mut oldest: Vec<(NodeId, i64)> = if beyond > 0 { self.over.keys().copied().collect() } else { Vec::new() };
        oldest.sort_unstable_by_key(|(_, since)| *since);
        oldest.truncate(beyond);
        state.transact(|tx| {
            for (node, since, until) in &new {
                tx.put(TABLE, &key(*node, since.0), &[&[VERSION][..], &until.0.to_be_bytes()].concat())?;
            }
            oldest.iter().try_for_each(|(node, since)| tx.remove(TABLE, &key(*node, *since)).map(drop))
        })?;
        self.over.retain(|key, _| !oldest.contains(key));
        self.over.extend(new.into_iter().map(|(node, since, until)| ((node, since.0), until.0)));
        Ok(())
    }

    /// Which machines did not answer, from when until when.
    pub(crate) fn all(&self) -> impl Iterator<Item = Silence> {
        self.over.iter().map(|((node, since), until)| (*node, UtcMs(*since), UtcMs(*until)))
    }
}

fn key(node: NodeId, since: i64) -> Vec<u8> {
    [node.as_bytes().as_slice(), &since.to_be_bytes()].concat()
}

impl Watchman {
    /// The silences that are over among what changed.
    pub(crate) fn silences_in(&self, register: &Register, news: &News) -> Vec<Silence> {
        let alerts = news.alerts.iter().filter_map(|id| register.book.alert(*id));
        alerts
            .filter_map(|alert| self.silence(alert).map(|silence| (alert, silence)))
            .flat_map(|(alert, (node, since, end))| {
                // Of several that were over behind a cut, all are learnt at once.
                let before = alert.past().iter().map(move |spell| (node, spell.since, spell.ended));
                before.chain(end.map(|end| (node, since, end)))
            })
            .collect()
    }

    /// Of a machine that does not answer, if that is what it is and a relay says so: the hub alone can not know whether the
    /// machine or the way to it is down.
    pub(crate) fn silence(&self, alert: &Alert) -> Option<(NodeId, UtcMs, Option<UtcMs>)> {
        let about =
            alert.about.as_ref().filter(|about| about.labels.get(PRESENCE_LABEL).is_some_and(|of| of == "machine"))?;
        let node = about.labels.get("machine_id")?.parse().ok()?;
        let judge = about.judge.node;
        let is_own = judge == self.node && self.role == Role::Relay;
        (is_own || lock(&self.presence).is_relay(judge)).then_some((node, about.since, about.ended))
    }

    /// Remembers silences that are over. What can not be written now is found again in its rows at the next start.
    pub(crate) fn remember_silences(&self, silences: &[Silence]) {
        if silences.is_empty() {
            return;
        }
        if let Err(error) = lock(&self.silences).add(&self.state, silences) {
            tracing::warn!(
                %error,
                "that machines did not answer could not be written down; availability knows of the last time alone until \
                 this node is started again with a disk that takes it"
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use vigie_store::fault::FaultDisk;

    use super::*;

    #[test]
    fn silences_are_there_after_a_restart_and_each_machine_has_its_own() {
        let disk = FaultDisk::new();
        let (state, _) = State::open_on(disk.clone()).expect("it opens");
        let mut silences = Silences::load(&state).expect("it reads");
        let node = |n: u8| NodeId::from_bytes([n; 16]);
        silences.add(&state, &[(node(1), UtcMs(5), UtcMs(9)), (node(2), UtcMs(6), UtcMs(7))]).expect("written");
        silences.add(&state, &[(node(1), UtcMs(5), UtcMs(9)), (node(1), UtcMs(20), UtcMs(30))]).expect("written");
        drop(state);
        let (state, _) = State::open_on(disk.killed()).expect("it opens");
        let again = Silences::load(&state).expect("it reads");
        let all = [(1, 5, 9), (1, 20, 30), (2, 6, 7)].map(|(n, since, until)| (node(n), UtcMs(since), UtcMs(until)));
        assert_eq!(again.all().collect::<Vec<_>>(), all);
    }
}
