//! Which machines did people tag, and put into groups? A row for each machine and word: there or not there.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_alerts::EditError;
use vigie_merge::{CausalLength, Key, KeyError, Kind, Row, Scope};
use vigie_model::{NodeId, Slug};
use vigie_serve::{MOST_MARKS, Mark, MarkKind, Marks, Place, Undecided};
use vigie_watch::Machine;

use super::place::scope_text;
use crate::rows::RowEdit;
use crate::watchman::{Watchman, lock};

/// Words that are given or taken in one step: each is a row, and a line of the audit.
const MOST_AT_ONCE: usize = 2_000;

/// All tags and groups whose rows are here.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tags {
    marks: Arc<Marks>,
}

impl Tags {
    /// Takes in a row as it now stands; says whether it is one of ours. A word is said at the site of its machine: what
    /// another site says of it counts nowhere, because rights hang on it.
    pub(crate) fn take(&mut self, key: &Key, row: &Row) -> bool {
        let (Some(((kind, word), machine)), Row::Length(length)) = (read(key), row) else { return false };
        let Scope::Site(client, site) = key.scope() else { return false };
        Arc::make_mut(&mut self.marks).set((&client, &site), machine, (kind, &word), length.is_present());
        true
    }

    /// What each machine is called.
    pub(crate) fn marks(&self) -> &Arc<Marks> {
        &self.marks
    }

    /// A machine as rules ask for it. A tag may be said of a client, or of everybody: it is known under each of these.
    pub(crate) fn machine(&self, machine: &vigie_fleet::Sighted) -> Machine {
        let (client, site) = (machine.client.clone(), machine.site.clone());
        let scopes = [Scope::Deployment, Scope::Client(client.clone()), Scope::Site(client.clone(), site.clone())];
        let mark = self.marks.of(machine.node, &client, &site);
        let named = |kind: MarkKind| -> BTreeSet<String> {
            let names = mark.into_iter().flat_map(|mark| mark.words(kind));
            names.flat_map(|word| scopes.iter().map(|scope| qualified(scope, word.as_str()))).collect()
        };
        Machine {
            client: client.to_string(),
            site: site.to_string(),
            id: machine.node.to_string(),
            tags: named(MarkKind::Tag),
            groups: named(MarkKind::Group),
        }
    }
}

impl Watchman {
    /// Says what machines are called, all of it in one step.
    pub(crate) fn call(&self, machines: &[(Place, NodeId, Mark)]) -> Result<(), Undecided> {
        let known = lock(&self.register).tags.marks().clone();
        let mut edits = Vec::new();
        for (place, machine, mark) in machines {
            if mark.tags.len() > MOST_MARKS || mark.groups.len() > MOST_MARKS {
                let why = format!("a machine bears at most {MOST_MARKS} tags and is in as many groups");
                return Err(Undecided::Senseless(why));
            }
            let before = known.of(*machine, &place.client, &place.site).cloned().unwrap_or_default();
            let (come, go) = (before.lacking(mark), mark.lacking(&before));
            let words = come.each().map(|word| (word, true)).chain(go.each().map(|word| (word, false)));
            for (word, present) in words {
                let edit = write(place, *machine, word, present);
                edits.push(edit.map_err(|error| Undecided::Senseless(error.to_string()))?);
            }
        }
        if edits.len() > MOST_AT_ONCE {
            let why = format!("at most {MOST_AT_ONCE} words are given or taken at once: each travels to its site");
            return Err(Undecided::Senseless(why));
        }
        if edits.is_empty() { Ok(()) } else { self.write_decision(edits) }
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
fn write(place: &Place, machine: NodeId, (kind, word): (MarkKind, &Slug), present: bool) -> Result<RowEdit, KeyError> {
    let scope = Scope::Site(place.client.clone(), place.site.clone());
    let key = Key::new(&scope, &Kind::Tag, &format!("{}/{word}/{machine}", kind.as_str()))?;
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

pub(crate) fn read(key: &Key) -> Option<((MarkKind, Slug), NodeId)> {
    if key.kind() != Kind::Tag {
        return None;
    }
    let mut parts = key.name().split('/');
    let kind = match parts.next()? {
        "group" => MarkKind::Group,
        "tag" => MarkKind::Tag,
        _ => return None,
    };
    let name = parts.next()?.parse().ok()?;
    let machine = parts.next()?.parse().ok()?;
    Some(((kind, name), machine))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_site_says_of_another_sites_machine_opens_nothing() {
        let slug = |name: &str| -> Slug { name.parse().expect("a name") };
        let (acme, bron, lyon, till) = (slug("acme"), slug("bron"), slug("lyon"), slug("till"));
        let machine = NodeId::of_key(&[1; 32]);
        let mut there = CausalLength::ABSENT;
        there.set(true);
        let row = Row::Length(there);
        let name = format!("tag/{till}/{machine}");
        let mut tags = Tags::default();
        for scope in [Scope::Deployment, Scope::Client(acme.clone()), Scope::Site(bron.clone(), lyon.clone())] {
            tags.take(&Key::new(&scope, &Kind::Tag, &name).expect("a key"), &row);
            assert_eq!(tags.marks().of(machine, &acme, &lyon), None, "{scope:?}");
        }
        let own = Key::new(&Scope::Site(acme.clone(), lyon.clone()), &Kind::Tag, &name).expect("a key");
        assert!(tags.take(&own, &row));
        assert!(tags.marks().of(machine, &acme, &lyon).is_some_and(|mark| mark.tags.contains(&till)));
        assert!(tags.take(&own, &Row::Length(CausalLength::ABSENT)));
        assert!(tags.marks().of(machine, &acme, &lyon).is_some_and(Mark::is_empty));
        assert_eq!(tags.marks().taken(), 1);
    }
}
