//! Which machines of its site does another relay judge? Those that the other has heard later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_fleet::{Answers, Word};
use vigie_model::{NodeId, UtcMs};
use vigie_watch::presence::Reach;

use crate::presence::Presence;
use crate::vouching::Saying;

/// What the other relays of a site say.
#[derive(Debug, Default)]
pub(crate) struct Beside {
    /// Of each machine, by relay: since when it answers there, or when it was last heard there.
    words: BTreeMap<NodeId, BTreeMap<NodeId, UtcMs>>,
}

impl Beside {
    /// The latest that anybody said of a machine.
    fn latest(&self, machine: NodeId) -> Option<UtcMs> {
        self.words.get(&machine)?.values().copied().max()
    }
}

impl Presence {
    /// Another relay of this site says something of a machine.
    pub(crate) fn heard_beside(&mut self, said: &Word) {
        self.beside.words.entry(said.machine).or_default().insert(said.relay, said.since);
    }

    /// Whether this is another relay of this site that judges machines.
    pub(crate) fn is_beside(&self, relay: NodeId) -> bool {
        self.beside.words.values().any(|by| by.contains_key(&relay))
    }

    /// The machines that another relay heard later than this one, which does not hear them now.
    pub(crate) fn judged_beside(&self) -> BTreeSet<String> {
        let is_there = |machine: &NodeId| {
            let Some((reach, last)) = self.last_heard(*machine) else { return true };
            !matches!(reach, Some(Reach::Live | Reach::Late)) && self.beside.latest(*machine) > last
        };
        self.beside.words.keys().filter(|machine| is_there(machine)).map(ToString::to_string).collect()
    }

    /// Of each machine of which another relay says something whether that one heard it later: its silence here says nothing
    /// then, of it or of this relay's network.
    pub(crate) fn heard_elsewhere(&self) -> Vec<(Arc<str>, bool)> {
        let of = |machine: &NodeId| {
            let (_, last) = self.last_heard(*machine)?;
            Some((Arc::from(machine.to_string()), self.beside.latest(*machine) > last))
        };
        self.beside.words.keys().filter_map(of).collect()
    }

    /// What this relay has to say of each machine.
    pub(crate) fn sayings(&self, now: UtcMs) -> Vec<Saying> {
        let said = self.answers().map(|(one, answers)| {
            let machine = one.node;
            let last = self.last_heard(machine).and_then(|(_, last)| last);
            let since = if answers == Answers::Yes { now } else { last.unwrap_or(UtcMs(0)) };
            Saying { machine, answers, since, beside: self.beside.latest(machine).filter(|_| self.is_heard(machine)) }
        });
        said.collect()
    }

    fn is_heard(&self, machine: NodeId) -> bool {
        self.last_heard(machine).is_some_and(|(reach, _)| matches!(reach, Some(Reach::Live | Reach::Late)))
    }
}
