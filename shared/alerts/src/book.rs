//! Which alerts are there, by the rows that are here?

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use vigie_merge::{Key, Many, Row, Scope, Ulid};
use vigie_model::UtcMs;

use crate::about::{About, Thing};
use crate::alert::{Alert, Decided, Learnt};
use crate::row::{Part, Place, read};
use crate::said::Said;

/// All alerts whose rows are here, and the latest one of each thing.
#[derive(Debug, Clone, Default)]
pub struct Book {
    alerts: BTreeMap<Ulid, Alert>,
    /// For each thing of a scope its alerts, oldest first by their ids, which begin with the time. What a site says of a
    /// thing says nothing of the same thing elsewhere: a relay writes whatever it likes into its own scope.
    of_thing: BTreeMap<Scope, BTreeMap<Thing, Vec<Ulid>>>,
}

impl Book {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes in a row as it now stands, and when this node learnt so. Says which alert it is of, if it is of one.
    ///
    /// A row that bears the id of another scope's alert is left out: ids are drawn by chance, so it was copied.
    pub fn take(&mut self, key: &Key, row: &Row, learnt: UtcMs) -> Option<Ulid> {
        let (place, part) = Place::of(key)?;
        let id = place.id;
        let alert = self.alerts.entry(id).or_insert_with(|| Alert::new(place.clone(), learnt));
        if alert.place != place {
            return None;
        }
        alert.learnt = alert.learnt.min(learnt);
        match (part, row) {
            (Part::Raises, Row::Members(members)) => {
                let raises = members.members().into_iter();
                alert.raises = raises.map(|raise| (raise.clone(), members.context(&raise))).collect();
            }
            (Part::About, Row::Last(last)) => {
                alert.is_erased = last.value().is_none();
                alert.about = last.value().and_then(read::<About>);
                if let Some(about) = &alert.about {
                    let things = self.of_thing.entry(place.scope).or_default();
                    let ids = things.entry(about.thing).or_default();
                    if let Err(at) = ids.binary_search(&id) {
                        ids.insert(at, id);
                    }
                }
            }
            (Part::Past, Row::Last(last)) => alert.past = last.value().and_then(read).unwrap_or_default(),
            (Part::Acknowledged, Row::Many(many)) => alert.acknowledged = decided(many, learnt),
            (Part::Assigned, Row::Many(many)) => alert.assigned = decided(many, learnt),
            (Part::Snoozed, Row::Many(many)) => alert.snoozed = decided(many, learnt),
            (Part::Closed, Row::Many(many)) => alert.closed = decided(many, learnt),
            (Part::Comment(which), Row::Last(last)) => match last.value().and_then(read::<Said<String>>) {
                Some(said) => drop(alert.comments.insert(which, Learnt { said, learnt })),
                None => drop(alert.comments.remove(&which)),
            },
            // A later version's, or damaged: the alert is shown without it.
            _ => {}
        }
        if alert.is_nothing() {
            self.forget(id);
        }
        Some(id)
    }

    /// This node learnt of it at that moment, or before: whoever wrote that down says so, for rows know their last change
    /// alone.
    pub fn learnt_at(&mut self, id: Ulid, at: UtcMs) {
        if let Some(alert) = self.alerts.get_mut(&id) {
            alert.learnt = alert.learnt.min(at);
        }
    }

    /// Forgets an alert of which nothing is left.
    fn forget(&mut self, id: Ulid) {
        let Some(alert) = self.alerts.remove(&id) else { return };
        let Some(things) = self.of_thing.get_mut(&alert.place.scope) else { return };
        // What it was about is not known any more: it is in one of them.
        things.retain(|_, ids| {
            ids.retain(|one| *one != id);
            !ids.is_empty()
        });
        if things.is_empty() {
            self.of_thing.remove(&alert.place.scope);
        }
    }

    /// One alert.
    pub fn alert(&self, id: Ulid) -> Option<&Alert> {
        self.alerts.get(&id)
    }

    /// All of them, oldest first.
    pub fn alerts(&self) -> impl DoubleEndedIterator<Item = &Alert> {
        self.alerts.values()
    }

    /// The alert of a scope's thing that is open, or else the latest. Of two open ones the older: hub and relay choose the
    /// same.
    pub fn of_thing(&self, scope: &Scope, thing: Thing) -> Option<&Alert> {
        let ids = self.of_thing.get(scope)?.get(&thing)?;
        let alerts = || ids.iter().filter_map(|id| self.alerts.get(id));
        alerts().find(|alert| alert.is_open()).or_else(|| alerts().next_back())
    }
}

fn decided<T: DeserializeOwned>(many: &Many, learnt: UtcMs) -> Decided<T> {
    let versions = many.values().into_iter().filter_map(|(_, value)| read(&value?)).collect();
    Decided { versions, seen: Some(many.context()), learnt: Some(learnt) }
}
