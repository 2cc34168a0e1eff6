//! All alerts and mutes whose rows are here, and what follows from a row that changed.

use std::collections::{BTreeSet, HashMap};

use vigie_alerts::{Book, Part, Place};
use vigie_merge::{Key, Kind, Row, Ulid};
use vigie_model::{Role, UtcMs};
use vigie_notify::Mark;

use crate::mutes::Mutes;
use crate::routes::Routes;
use crate::ruling::{Rulings, Tags};

/// The kinds of rows that are read here.
pub const KINDS: [Kind; 10] = [
    Kind::Alert,
    Kind::About,
    Kind::Ack,
    Kind::Comment,
    Kind::Maintenance,
    Kind::Presence,
    Kind::Audit,
    Kind::Rule,
    Kind::Tag,
    Kind::Route,
];

/// Alerts and mutes, as their rows stand.
#[derive(Debug, Default)]
pub(crate) struct Register {
    pub(crate) book: Book,
    pub(crate) mutes: Mutes,
    /// What people say of rules.
    pub(crate) rulings: Rulings,
    /// Routes that the hub says.
    pub(crate) routes: Routes,
    /// Which machines they tagged, and put into groups.
    pub(crate) tags: Tags,
    /// A hash of each row as it was last taken: the same again is no news.
    known: HashMap<Key, [u8; 16]>,
    /// Since when each alert was wrong as it was last taken.
    since: HashMap<Ulid, UtcMs>,
    /// What this side told, by alert, so that it is not taken for the other side's.
    pub(crate) marks: BTreeSet<Mark>,
    /// Another number after each change.
    pub(crate) changes: u64,
    /// Whether it is a relay's.
    is_relays: bool,
    /// Which of these was the last change of each alert.
    changed: HashMap<Ulid, u64>,
}

/// What follows from rows that changed.
#[derive(Debug, Default)]
pub(crate) struct News {
    /// Alerts of which something changed.
    pub(crate) alerts: BTreeSet<Ulid>,
    /// Those of them that began, for the first time or again, since they were last taken while this program lived.
    pub(crate) begun: BTreeSet<Ulid>,
    /// Whether maintenance or silences changed, or a snooze.
    pub(crate) mutes: bool,
    /// Whether what people say of rules changed, or of who is meant by them.
    pub(crate) rules: bool,
    /// Whether routes changed.
    pub(crate) routes: bool,
    /// What the other side told.
    pub(crate) told: Vec<Mark>,
    /// Presence rows: what relays vouch for.
    pub(crate) presence: Vec<(Key, Row)>,
}

impl Register {
    /// Nothing yet, at a node of this role.
    pub(crate) fn of(role: Role) -> Self {
        Self { is_relays: role == Role::Relay, ..Self::default() }
    }

    /// A number that is another one whenever a row of an alert changed.
    pub(crate) fn changed(&self, alert: Ulid) -> u64 {
        self.changed.get(&alert).copied().unwrap_or(0)
    }

    /// Rows of which the store has forgotten even that they were deleted.
    pub(crate) fn forget(&mut self, asked: &[Key], found: &[(Key, Row)]) {
        if asked.len() == found.len() {
            return;
        }
        let found: BTreeSet<&Key> = found.iter().map(|(key, _)| key).collect();
        for key in asked.iter().filter(|key| !found.contains(key)) {
            self.known.remove(key);
        }
    }

    /// Takes in rows as they now stand.
    pub(crate) fn take<'r>(&mut self, rows: impl IntoIterator<Item = (&'r Key, &'r Row, UtcMs)>) -> News {
        let mut news = News::default();
        // What stood there when this program began is judged by when it was learnt.
        let is_first = self.changes == 0;
        for (key, row, learnt) in rows {
            // Earlier versions brought the hub's own affairs to relays: what stands there of them never ends.
            if self.is_relays && key.is_hubs_own() {
                continue;
            }
            let hash = blake3::hash(&row.encode());
            let short = hash.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
            if self.known.insert(key.clone(), short) == Some(short) {
                continue;
            }
            self.changes += 1;
            match key.kind() {
                Kind::Maintenance => news.mutes |= self.mutes.take(key, row),
                Kind::Presence => news.presence.push((key.clone(), row.clone())),
                Kind::Rule => news.rules |= self.rulings.take(key, row),
                Kind::Route => news.routes |= self.routes.take(key, row),
                Kind::Tag => news.rules |= self.tags.take(key, row),
                Kind::Audit if self.rulings.take(key, row) => {}
                Kind::Audit => news.told.extend(crate::marks::read(key, row)),
                _ => {
                    news.mutes |= matches!(Place::of(key), Some((_, Part::Snoozed)));
                    let taken = self.book.take(key, row, learnt);
                    self.changed.extend(taken.map(|id| (id, self.changes)));
                    news.alerts.extend(taken);
                }
            }
        }
        news.told.retain(|mark| !self.marks.contains(mark));
        for id in &news.alerts {
            if self.book.alert(*id).is_none() {
                self.changed.remove(id);
            }
            let since = self.book.alert(*id).and_then(|alert| Some(alert.about.as_ref()?.since));
            let before = match since {
                Some(since) => self.since.insert(*id, since),
                None => self.since.remove(id),
            };
            if !is_first && since.is_some() && before != since {
                news.begun.insert(*id);
            }
        }
        news
    }
}
