//! Which operating system does each machine have, as its own agent said?
//!
//! Read once; from then on what changed is taken in whenever somebody asks, so that a list of ten thousand machines reads
//! no row.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, PoisonError};

use vigie_codec::inventory::read;
use vigie_merge::{Key, Kind, Row, Scope};
use vigie_model::inventory::{System, Word};
use vigie_model::{NodeId, Slug};
use vigie_node::{NodeRows, RowChanges};
use vigie_store::rows::RowsError;

use crate::fleet::Fleet;
use crate::memory::Node;

/// Of what a machine calls its system so much is shown in a list.
const MAX_CHARS: usize = 60;

/// What each machine said, where it stood when it did.
type Said = HashMap<NodeId, (Scope, Arc<str>)>;

/// What is known of them all at one moment.
#[derive(Debug, Clone, Default)]
pub(crate) struct Systems(Arc<Said>);

/// What was read, and what changed since.
#[derive(Debug)]
struct Reading {
    systems: Systems,
    changes: RowChanges,
    /// Each text once.
    texts: HashSet<Arc<str>>,
}

/// Kept for the next who asks.
#[derive(Debug, Default)]
pub(crate) struct SystemsKept(Mutex<Option<Reading>>);

impl Systems {
    /// What a machine runs; nothing of what it said at another place.
    pub(crate) fn of(&self, node: &Node) -> Option<Arc<str>> {
        let known = &node.machine()?.known;
        let (scope, name) = self.0.get(&node.id)?;
        let is_here = matches!(scope, Scope::Site(client, site) if (client, site) == (&known.client, &known.site));
        is_here.then(|| Arc::clone(name))
    }
}

impl Fleet {
    /// What is known now; nothing where rows can not be read.
    pub(crate) fn systems(&self) -> Systems {
        let Some(rows) = self.rows() else { return Systems::default() };
        let mut kept = self.systems.0.lock().unwrap_or_else(PoisonError::into_inner);
        match self.read_on(rows, kept.take()) {
            Ok(reading) => kept.insert(reading).systems.clone(),
            Err(error) => {
                tracing::warn!(%error, "what machines run can not be read now");
                Systems::default()
            }
        }
    }

    fn read_on(&self, rows: &NodeRows, kept: Option<Reading>) -> Result<Reading, RowsError> {
        let Some(mut reading) = kept else { return self.read_all(rows) };
        let changed = reading.changes.take();
        if changed.all {
            return self.read_all(rows);
        }
        for key in changed.keys.iter().filter(|key| machine_of(key).is_some()) {
            reading.take(key, rows.get(key)?.as_ref());
        }
        Ok(reading)
    }

    fn read_all(&self, rows: &NodeRows) -> Result<Reading, RowsError> {
        // First: what changes while it is read is taken in by the next who asks.
        let changes = rows.subscribe(&[Kind::Fact]);
        let mut reading = Reading { systems: Systems::default(), changes, texts: HashSet::new() };
        let places: Vec<(Slug, Slug)> =
            self.memory().places().map(|place| (place.client.clone(), place.site.clone())).collect();
        for (client, site) in places {
            for (key, row) in rows.scan(&Scope::Site(client, site), &Kind::Fact)? {
                reading.take(&key, Some(&row));
            }
        }
        Ok(reading)
    }
}

impl Reading {
    fn take(&mut self, key: &Key, row: Option<&Row>) {
        let Some(machine) = machine_of(key) else { return };
        let scope = key.scope();
        let name = row.and_then(name).map(|name| self.text(name));
        let said = Arc::make_mut(&mut self.systems.0);
        match name {
            Some(name) => {
                said.insert(machine, (scope, name));
            }
            // What it says elsewhere by now stays.
            None if said.get(&machine).is_some_and(|(place, _)| *place == scope) => {
                said.remove(&machine);
            }
            None => {}
        }
    }

    fn text(&mut self, text: String) -> Arc<str> {
        if let Some(kept) = self.texts.get(text.as_str()) {
            return Arc::clone(kept);
        }
        let kept: Arc<str> = text.into();
        self.texts.insert(Arc::clone(&kept));
        kept
    }
}

/// Of which machine a row tells what it is as a whole, if it does.
fn machine_of(key: &Key) -> Option<NodeId> {
    let (machine, word) = key.name().split_once('/')?;
    if key.kind() == Kind::Fact && word == Word::System.as_str() { machine.parse().ok() } else { None }
}

/// The system and its version in a line, as `Debian GNU/Linux 12`.
fn name(row: &Row) -> Option<String> {
    let Row::Last(last) = row else { return None };
    let System { os, os_version, .. } = read::<System>(last.value()?)?.what;
    let words = [os?, os_version.unwrap_or_default()];
    let line = words.join(" ").split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|char| !char.is_control()).take(MAX_CHARS).collect();
    (!line.is_empty()).then_some(line)
}
