//! What is left of a line when somebody is erased from it, and how does a later line tell of that?
//!
//! The text that told of them goes, the line's hash stays, and so does its place: a line that is written later names the
//! line's number with a mark of what was left, of the line's hash and of the one before. So the chain before an erased line
//! is held as firmly as it was, and what is left of the line can not be changed either.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use vigie_model::Slug;

use super::erase_client::CLIENT_ERASED;
use super::{Head, Held, Line, Link};
use crate::{Id, Person};

/// What a line that tells of an erasure says was done.
pub(crate) const ERASE: &str = "person.erase";

/// Whether a line that says this was done tells of an erasure.
pub(super) fn tells(what: &str) -> bool {
    what == ERASE || what == CLIENT_ERASED
}

/// Erased lines of which one line tells: with fifty bytes for each it is far below what a line holds.
pub const LEFT_AT_ONCE: usize = 200;

/// What lines about people themselves begin with.
const OF_PEOPLE: [&str; 5] = ["person.", "session.", "token.", "passkey.", "site."];

/// Texts within such a line that tell of somebody themselves, whatever they say.
const OF_THEM: [&str; 5] = ["agent", "subject", "name", "from", "address"];

/// What was left of one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// The line's number.
    pub seq: u64,
    mark: String,
}

impl Left {
    /// Of a line as it is left, after the head before it.
    pub fn of(before: &Head, left: &Link) -> Self {
        let seq = before.seq + 1;
        let mut hasher = blake3::Hasher::new_derive_key("vigie 2026-11 what is left of an audit line");
        hasher.update(&before.hash).update(&seq.to_be_bytes()).update(&left.hash).update(&left.text);
        Self { seq, mark: data_encoding::HEXLOWER.encode(&hasher.finalize().as_bytes()[..16]) }
    }

    /// As a line tells of them.
    pub fn tell(left: &[Self]) -> Value {
        let told: Vec<_> = left.iter().map(|one| json!([one.seq, one.mark])).collect();
        json!({ "lines": told })
    }

    /// Of which lines another tells; of none unless it tells of an erasure.
    pub(super) fn told_by(line: &Line) -> Vec<Self> {
        if !tells(&line.what) {
            return Vec::new();
        }
        let told = line.after["lines"].as_array().into_iter().flatten();
        told.filter_map(|one| Some(Self { seq: one[0].as_u64()?, mark: one[1].as_str()?.to_owned() })).collect()
    }
}

/// Somebody who is erased: by what they are named, and what stands in that place from then on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Erasure {
    /// What they are called from now on.
    pub pseudonym: String,
    /// What names them wherever it stands: their address, their number, what other houses call them.
    words: Vec<String>,
    /// By which names sites know them, who let them in while the hub was out of reach.
    at_sites: Vec<String>,
    /// Whose sites those are; everybody's if nothing is said.
    clients: Option<BTreeSet<Slug>>,
}

/// What somebody is called who was erased: an address where no mail ever arrives.
pub(crate) fn pseudonym(id: &Id) -> String {
    format!("erased-{id}@erased.invalid")
}

impl Erasure {
    pub(crate) fn of(person: &Person, pseudonym: String, at_sites: Vec<String>) -> Self {
        let mut words = vec![person.email.to_string(), person.id.to_string()];
        words.extend(person.linked.iter().map(|linked| linked.subject.clone()));
        let clients: Option<BTreeSet<Slug>> =
            person.grants.iter().map(|grant| grant.scope.of_client().cloned()).collect();
        Self { pseudonym, words, at_sites, clients }
    }

    /// The same for what is of one client, or the provider: a name by which a site knows them may be another's elsewhere.
    #[must_use]
    pub fn within(&self, client: Option<&Slug>) -> Self {
        let is_theirs = match (&self.clients, client) {
            (None, _) => true,
            (Some(clients), Some(client)) => clients.contains(client),
            (Some(_), None) => false,
        };
        Self { at_sites: if is_theirs { self.at_sites.clone() } else { Vec::new() }, ..self.clone() }
    }

    /// Whether a text names them.
    pub fn names(&self, text: &str) -> bool {
        self.words.iter().any(|word| names(text, word))
    }

    /// Whether a site's people call them so.
    pub fn is_at_sites(&self, name: &str) -> bool {
        self.names(name) || self.at_sites.iter().any(|own| folded(own) == folded(name))
    }

    /// A text with the pseudonym in place of all that names them; nothing where nothing does.
    pub fn renamed(&self, text: &str) -> Option<String> {
        if self.is_at_sites(text) && !self.names(text) {
            return Some(self.pseudonym.clone());
        }
        let mut renamed = text.to_owned();
        for word in &self.words {
            let found: Vec<usize> = places(&renamed, word).collect();
            for at in found.into_iter().rev() {
                renamed.replace_range(at..at + word.len(), &self.pseudonym);
            }
        }
        (renamed != text).then_some(renamed)
    }

    /// What is left of a line: nothing where it does not tell of them.
    pub fn left(&self, before: &Head, link: &Link) -> Option<(Link, Left)> {
        let mut line = link.line()?;
        // Cheap, and of most lines the answer.
        let text = String::from_utf8_lossy(&link.text);
        let is_theirs = self.names(&line.who) || self.is_at_sites(&line.who);
        let is_of_them = self.names(&line.on) || self.ends_on(&line);
        if !is_theirs && !is_of_them && !self.names(&text) {
            return None;
        }
        self.strip(&mut line, is_theirs, is_of_them);
        line.erased = true;
        // A struct of texts and numbers always has a form.
        let text = serde_json::to_vec(&line).unwrap_or_default();
        let left = Link { hash: link.hash, held: Held::Erased, text };
        let told = Left::of(before, &left);
        Some((left, told))
    }

    /// Whether a line of a site is on them: `acme/lyon Marc Petit`.
    fn ends_on(&self, line: &Line) -> bool {
        let name = line.on.split_once(' ').map(|(_, name)| name).filter(|_| line.what.starts_with("grant."));
        name.is_some_and(|name| self.is_at_sites(name))
    }

    fn strip(&self, line: &mut Line, is_theirs: bool, is_of_them: bool) {
        let made = (line.what.starts_with("token.") || line.what.starts_with("api-token.")) && is_theirs;
        if is_theirs {
            // Of a token the name is theirs, too: they chose it.
            line.who = match line.who.strip_prefix("token ") {
                Some(_) => format!("token of {}", self.pseudonym),
                None => self.renamed(&line.who).unwrap_or_else(|| self.pseudonym.clone()),
            };
            line.from = String::new();
        }
        if made {
            line.on = format!("token of {}", self.pseudonym);
        } else if self.ends_on(line) {
            let place = line.on.split_once(' ').map_or("", |(place, _)| place);
            line.on = format!("{place} {}", self.pseudonym);
        } else if let Some(renamed) = self.renamed(&line.on) {
            line.on = renamed;
        }
        if line.what == "session.refused" && is_of_them {
            line.from = String::new();
        }
        let is_personal = OF_PEOPLE.iter().any(|family| line.what.starts_with(family));
        for value in [&mut line.before, &mut line.after] {
            // What a line that tells of an erasure names has to stay as it is.
            if !tells(&line.what) {
                self.strip_value(value, is_personal && (is_theirs || is_of_them));
            }
        }
    }

    fn strip_value(&self, value: &mut Value, all: bool) {
        match value {
            Value::String(text) => {
                if let Some(renamed) = self.renamed(text) {
                    *text = renamed;
                }
            }
            Value::Array(list) => list.iter_mut().for_each(|one| self.strip_value(one, all)),
            Value::Object(fields) => {
                for (name, field) in fields.iter_mut() {
                    if all && OF_THEM.contains(&name.as_str()) && field.is_string() {
                        *field = Value::Null;
                    } else {
                        self.strip_value(field, all);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Whether a text names somebody by a word, and not by a longer one that this is a part of.
pub fn names(text: &str, word: &str) -> bool {
    places(text, word).next().is_some()
}

/// Where a word stands in a text, and not as a part of a longer address.
fn places<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let of_address = |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+-/=?^_`{|}~@".contains(&byte);
    let alone = move |at: &usize| {
        let (before, after) = (&text.as_bytes()[..*at], &text.as_bytes()[at + word.len()..]);
        // The full stop of a sentence is no part of an address.
        let goes_on = match after {
            [b'.', next, ..] => of_address(*next) && *next != b'.',
            [next, ..] => *next != b'.' && of_address(*next),
            [] => false,
        };
        !before.last().copied().is_some_and(of_address) && !goes_on
    };
    // An empty word names nobody.
    let found = (!word.is_empty()).then(|| text.match_indices(word).map(|(at, _)| at));
    found.into_iter().flatten().filter(alone)
}

/// The same for one person, however they write their name.
fn folded(name: &str) -> String {
    name.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_names_an_address_alone_and_not_one_that_it_is_a_part_of() {
        for (line, is) in [
            (r#"{"who":"ann@acme.org"}"#, true),
            (r#"{"who":"root@x.org as ann@acme.org"}"#, true),
            (r#"{"after":"ask ann@acme.org."}"#, true),
            (r#"{"on":"joann@acme.org"}"#, false),
            (r#"{"on":"ann@acme.org.uk"}"#, false),
            (r#"{"after":"nobody"}"#, false),
        ] {
            assert_eq!(names(line, "ann@acme.org"), is, "{line}");
        }
        assert!(!names("anything", ""));
    }
}
