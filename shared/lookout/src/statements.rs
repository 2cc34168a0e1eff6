//! Which series say who is there?

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_query::{LabelSet, NAME};
use vigie_watch::presence::{MACHINE_CLOCK_AHEAD_SECONDS, Post, Reach, Subject};

use crate::presence::{Presence, Tracked};
use crate::seeing::Stated;
use crate::sight::At;

impl Presence {
    /// What is said of sites, and of the machines that are judged here, as series. A hub that hears nobody says what it said
    /// before: nothing has begun, and nothing is over. A relay then says so of its network, and nothing of who is in it.
    pub(crate) fn series(&mut self, judges: impl Fn(&LabelSet) -> bool, now: At) -> Stated {
        if self.post == Post::Relay || !self.is_deaf(now) {
            self.said = self.statements(judges, now);
        }
        self.said.clone()
    }

    /// What is said of everybody, whoever judges them.
    pub(crate) fn of_all(&self, now: At) -> Stated {
        self.statements(|_| true, now)
    }

    fn statements(&self, judges: impl Fn(&LabelSet) -> bool, now: At) -> Stated {
        let by_id: BTreeMap<&str, &Tracked> = self.nodes.values().map(|known| (&*known.id, known)).collect();
        let statements = self.vigil.statements(now.boot_ms).into_iter();
        let labelled = statements.filter_map(|statement| {
            let labels = match &statement.of {
                Subject::Site(site) => {
                    let (client, site) = site.split_once('/')?;
                    LabelSet::new([(NAME, statement.name), ("client", client), ("site", site)])
                }
                Subject::Machine(id) => {
                    let labels = &by_id.get(&**id)?.labels;
                    if !judges(labels) {
                        return None;
                    }
                    LabelSet::new(std::iter::once((NAME, statement.name)).chain(labels.iter()))
                }
            };
            Some((Arc::new(labels), statement.value))
        });
        let clocks = self.nodes.values().filter(|known| judges(&known.labels)).filter_map(|known| {
            let is_heard = matches!(self.vigil.reach(&known.id), Some(Reach::Live | Reach::Late));
            let ahead_ms = known.sighted.clock_ahead_ms.filter(|_| is_heard)?;
            let labels = LabelSet::new(std::iter::once((NAME, MACHINE_CLOCK_AHEAD_SECONDS)).chain(known.labels.iter()));
            Some((Arc::new(labels), ahead_ms as f64 / 1000.0))
        });
        labelled.chain(clocks).collect()
    }
}
