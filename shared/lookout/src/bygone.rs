//! When do alerts that are over go?
//!
//! Some months after anything last happened to them. Who judged an alert erases it: a relay what the hub has as it is here,
//! so that nothing goes which the hub has not heard; the hub its own, and those whose relay is no more. The memory of it
//! goes from the store once everybody has it.

use std::collections::BTreeSet;

use vigie_alerts::{Alert, Part, Place, erased};
use vigie_merge::{Key, Kind, Row};
use vigie_model::{Role, UtcMs};
use vigie_node::NodeRows;
use vigie_notify::{Change, mark};

use crate::marks;
use crate::presence::Presence;
use crate::rows::{RowEdit, RowTrouble};
use crate::watchman::{Watchman, lock};

/// Alerts that are erased in one commit.
const AT_ONCE: usize = 128;

impl Watchman {
    /// Erases alerts that ended long enough ago. `now` is a time that somebody else has told: by a clock that is ahead
    /// everything would be old. Call it now and then from a thread that may block.
    pub fn erase_bygone(&self, now: UtcMs) {
        let before = UtcMs(now.0.saturating_sub(self.watching.keep_ms));
        let mut gone = 0;
        loop {
            let edits = self.erasing(before);
            if edits.is_empty() {
                break;
            }
            gone += edits.len();
            if let Err(error) = self.erase(edits) {
                tracing::warn!(%error, "alerts that ended long ago are not erased yet; it is tried again");
                break;
            }
        }
        if gone > 0 {
            tracing::info!(alerts = gone, "alerts that ended long ago were erased");
        }
    }

    /// What erases some of them, an alert each.
    fn erasing(&self, before: UtcMs) -> Vec<Vec<RowEdit>> {
        let mut register = lock(&self.register);
        let (_, routes) = self.desk.routes();
        let mut marks = Vec::new();
        let mut edits = Vec::new();
        {
            let presence = lock(&self.presence);
            let mine = register.book.bygone(before).filter(|alert| self.may_erase(&presence, alert));
            let some: Vec<&Alert> = mine.take(AT_ONCE).collect();
            drop(presence);
            self.with_teller(|teller| {
                for alert in some {
                    let Ok(wanted) = erased(alert) else { continue };
                    if wanted.is_empty() {
                        continue;
                    }
                    edits.push(wanted.into_iter().map(RowEdit::from).collect());
                    let Some(instance) = teller.instance(alert) else { continue };
                    let changes = [Change::Began, Change::Ended];
                    marks.extend(routes.iter().flat_map(|(route, _)| changes.map(|one| mark(route, instance, one))));
                }
            });
        }
        for mark in marks {
            register.marks.remove(&mark);
        }
        edits
    }

    fn erase(&self, edits: Vec<Vec<RowEdit>>) -> Result<(), RowTrouble> {
        let changed = self.rows.change(edits.into_iter().flatten().collect())?;
        self.arrived(&changed);
        Ok(())
    }

    fn may_erase(&self, presence: &Presence, alert: &Alert) -> bool {
        let Some(about) = &alert.about else {
            // What is left of one that was erased, or of one that never was more: whoever sees it may.
            return self.role == Role::Hub || self.home_scope() == Some(&alert.place.scope);
        };
        if about.judge.node != self.node {
            return self.role == Role::Hub && !presence.is_relay(about.judge.node);
        }
        self.role == Role::Hub || self.rows.have(&[], &keys(alert))
    }
}

/// The keys of all rows of an alert that are known here.
pub(crate) fn keys(alert: &Alert) -> Vec<Key> {
    let parts =
        [Part::Raises, Part::About, Part::Past, Part::Acknowledged, Part::Assigned, Part::Snoozed, Part::Closed];
    let comments = alert.comments().map(|(id, ..)| Part::Comment(id));
    parts.into_iter().chain(comments).filter_map(|part| alert.place.key(part).ok()).collect()
}

/// Rows that say what was told of alerts which are no more: nobody asks for them, and they may be forgotten once everybody
/// has them. Nothing where the rows can not be read now.
pub fn told_of_nothing(rows: &NodeRows) -> BTreeSet<Key> {
    let Ok(all) = rows.scan_all(&[Kind::About, Kind::Audit]) else { return BTreeSet::new() };
    let is_there = |row: &Row| !row.is_tombstone();
    let abouts = all.iter().filter(|(key, row)| key.kind() == Kind::About && is_there(row));
    let alive: BTreeSet<Place> = abouts.filter_map(|(key, _)| Some(Place::of(key)?.0)).collect();
    let told = all.iter().filter(|(key, _)| key.kind() == Kind::Audit);
    let in_vain = told
        .filter(|(key, _)| marks::alert_of(key).is_some_and(|id| !alive.contains(&Place { scope: key.scope(), id })));
    in_vain.map(|(key, _)| key.clone()).collect()
}
