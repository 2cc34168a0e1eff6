//! Which machines did people tag, and put into groups? A row for each machine and word: there or not there.

use std::collections::{BTreeMap, BTreeSet};

use vigie_alerts::EditError;
use vigie_merge::{CausalLength, Key, KeyError, Kind, Row, Scope};
use vigie_model::{NodeId, Slug};
use vigie_watch::Machine;

use super::place::scope_text;
use crate::rows::RowEdit;

/// A tag or a group.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Word {
    pub(crate) is_group: bool,
    pub(crate) name: Slug,
}

/// All tags and groups whose rows are here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags {
    of: BTreeMap<NodeId, BTreeSet<Word>>,
}

impl Tags {
    /// Takes in a row as it now stands; says whether it is one of ours.
    pub(crate) fn take(&mut self, key: &Key, row: &Row) -> bool {
        let (Some((word, machine)), Row::Length(length)) = (read(key), row) else { return false };
        let words = self.of.entry(machine).or_default();
        if length.is_present() {
            words.insert(word)
        } else {
            words.remove(&word)
        };
        true
    }

    /// A machine as rules ask for it. A tag may be said of a client, or of everybody: it is known under each of these.
    pub(crate) fn machine(&self, machine: &vigie_fleet::Sighted) -> Machine {
        let (client, site) = (machine.client.clone(), machine.site.clone());
        let scopes = [Scope::Deployment, Scope::Client(client.clone()), Scope::Site(client.clone(), site.clone())];
        let words = self.of.get(&machine.node);
        let named = |is_group: bool| -> BTreeSet<String> {
            let names = words.into_iter().flatten().filter(|word| word.is_group == is_group);
            names.flat_map(|word| scopes.iter().map(|scope| qualified(scope, word.name.as_str()))).collect()
        };
        Machine {
            client: client.to_string(),
            site: site.to_string(),
            id: machine.node.to_string(),
            tags: named(false),
            groups: named(true),
        }
    }

    /// Who is in a group.
    pub(crate) fn group(&self, name: &Slug) -> Vec<NodeId> {
        let word = Word { is_group: true, name: name.clone() };
        self.of.iter().filter(|(_, words)| words.contains(&word)).map(|(machine, _)| *machine).collect()
    }

    pub(crate) fn of(&self, machine: NodeId) -> impl Iterator<Item = &Word> {
        self.of.get(&machine).into_iter().flatten()
    }
}

/// What a tag is called when it is said for a place: another client's of that name is another tag.
pub(crate) fn qualified(scope: &Scope, name: &str) -> String {
    match scope {
        Scope::Deployment => name.to_owned(),
        Scope::Client(_) | Scope::Site(..) => format!("{name} of {}", scope_text(scope)),
    }
}

/// What lets a machine have a word, or not.
pub(crate) fn write(scope: &Scope, machine: NodeId, word: &Word, present: bool) -> Result<RowEdit, KeyError> {
    let kind = if word.is_group { "group" } else { "tag" };
    let key = Key::new(scope, &Kind::Tag, &format!("{kind}/{}/{machine}", word.name))?;
    Ok(RowEdit::new(key, move |row, _| {
        let mut length = match row {
            None => CausalLength::ABSENT,
            Some(Row::Length(length)) => length,
            Some(_) => return Err(EditError::OtherType),
        };
        length.set(present);
        Ok(Row::Length(length))
    }))
}

pub(crate) fn read(key: &Key) -> Option<(Word, NodeId)> {
    if key.kind() != Kind::Tag {
        return None;
    }
    let mut parts = key.name().split('/');
    let is_group = match parts.next()? {
        "group" => true,
        "tag" => false,
        _ => return None,
    };
    let name = parts.next()?.parse().ok()?;
    let machine = parts.next()?.parse().ok()?;
    Some((Word { is_group, name }, machine))
}
