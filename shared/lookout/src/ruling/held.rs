//! Which rows about rules are here, and which version of each counts?

use std::collections::BTreeMap;

use vigie_alerts::Said;
use vigie_merge::{Context, Key, Kind, Marker, Row};

use super::history::History;
use super::shape::{self, Ruled, What};

/// The number of the hub's actors.
const HUB: u16 = 1;

/// All that is said of rules.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rulings {
    rows: BTreeMap<Key, Held>,
    pub(crate) history: History,
}

/// One row.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// What whoever writes it has seen; nothing where it can not be written over here.
    pub(crate) seen: Option<Context>,
    /// The latest first, and it counts.
    pub(crate) versions: Vec<Version>,
}

/// What one writer said, not knowing of the others.
#[derive(Debug, Clone)]
pub(crate) struct Version {
    /// Whether it was written at the hub.
    pub(crate) at_hub: bool,
    /// What, or the version of a shape that this program can not read.
    pub(crate) said: Result<Said<Ruled>, u8>,
}

impl Rulings {
    /// Takes in a row as it now stands; says whether it is one of ours.
    pub(crate) fn take(&mut self, key: &Key, row: &Row) -> bool {
        if key.kind() != Kind::Rule {
            return self.history.take(key, row);
        }
        let held = match row {
            Row::Many(many) => {
                let version = |(marker, value): (Marker, Option<Vec<u8>>)| {
                    Some(Version { at_hub: marker.actor.number() == HUB, said: shape::decode(&value?) })
                };
                Held { seen: Some(many.context()), versions: many.values().into_iter().filter_map(version).collect() }
            }
            // A type or version of rows that came after this program.
            _ => Held { seen: None, versions: vec![Version { at_hub: false, said: Err(0) }] },
        };
        if held.versions.is_empty() {
            self.rows.remove(key);
        } else {
            self.rows.insert(key.clone(), held);
        }
        true
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = (&Key, &Held)> {
        self.rows.iter()
    }

    pub(crate) fn row(&self, key: &Key) -> Option<&Held> {
        self.rows.get(key)
    }

    /// What counts, of what this program can read and was not taken back.
    pub(crate) fn in_force(&self) -> impl Iterator<Item = (&Key, &Held, &Said<Ruled>)> {
        self.rows.iter().filter_map(|(key, held)| {
            let said = held.effective()?;
            (!matches!(said.what.what, What::Removed { .. })).then_some((key, held, said))
        })
    }

    /// Rows that a later version of this program wrote: kept and passed on, and not evaluated here.
    pub(crate) fn unread(&self) -> impl Iterator<Item = (&Key, u8)> {
        self.rows.iter().filter_map(|(key, held)| Some((key, *held.versions.first()?.said.as_ref().err()?)))
    }

    /// How many rows a place has, those too that say that something was taken back.
    pub(crate) fn count(&self, scope: &vigie_merge::Scope) -> usize {
        self.rows.keys().filter(|key| key.scope() == *scope).count()
    }
}

impl Held {
    /// The latest version, where this program can read it.
    pub(crate) fn effective(&self) -> Option<&Said<Ruled>> {
        self.versions.first()?.said.as_ref().ok()
    }
}

impl Ruled {
    /// The file that it is of; none for what is changed of a rule.
    pub(crate) fn file(&self) -> Option<&str> {
        match &self.what {
            What::Written { file, .. } => Some(file),
            What::Tuned(_) => None,
            What::Removed { file } => file.as_deref(),
        }
    }
}
