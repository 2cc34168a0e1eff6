//! How is each order decided?

mod door;
mod erase;
mod keys;
mod own;
mod people;
mod roles;
mod seeing;
mod tokens;
mod with;

use serde_json::{Value, json};
use vigie_model::{Slug, UtcMs};

use crate::audit::Note;
use crate::order::{Answer, Done, Refused};
use crate::{Asker, Chance, Directory, Grant, Id, Person, Powers, Right, Scope, Session, Who};

/// Somebody who asks, and what they may.
pub(crate) struct Asking<'a> {
    pub(crate) directory: &'a Directory,
    pub(crate) asker: &'a Asker,
    pub(crate) chance: &'a Chance,
    pub(crate) now: UtcMs,
    pub(crate) powers: Powers,
}

impl Asking<'_> {
    /// Lets on who has a right in all of a scope, and has just proved who they are if the right asks for that.
    fn may(&self, right: Right, scope: &Scope) -> Result<(), Refused> {
        if !self.powers.in_all_of(right, scope) {
            return Err(Refused::NoRight(right));
        }
        self.proved(right)
    }

    fn proved(&self, right: Right) -> Result<(), Refused> {
        let proved = match &self.asker.who {
            Who::Person(..) => self.session()?.is_proved(self.now),
            // A token says by what it was made for that nobody is asked again; to make it somebody was.
            Who::Console | Who::Program(..) | Who::Token(_) => true,
            Who::Nobody => false,
        };
        if proved || !right.needs_proof() { Ok(()) } else { Err(Refused::NeedsProof) }
    }

    /// The browser that asks.
    fn session(&self) -> Result<&Session, Refused> {
        let Who::Person(person, session) = &self.asker.who else { return Err(Refused::NotAPerson) };
        let session = self.directory.sessions.get(session).filter(|open| open.person == *person);
        session.filter(|open| open.is_open(&self.directory.spans, self.now)).ok_or(Refused::NotAPerson)
    }

    /// The person who asks, by a browser.
    fn own(&self) -> Result<&Person, Refused> {
        let session = self.session()?;
        // What is one's own is not another's who sees as one.
        if session.seen.is_some() {
            return Err(Refused::NotAPerson);
        }
        let person = self.directory.people.get(&session.person);
        person.filter(|person| !person.disabled).ok_or(Refused::NotAPerson)
    }

    /// Somebody else, as far as the asker may know of them.
    fn known(&self, person: &Id) -> Result<&Person, Refused> {
        let known = self.directory.people.get(person).filter(|person| self.directory.is_known(person, &self.powers));
        known.ok_or(Refused::NotThere("person"))
    }

    /// Somebody whom the asker looks after: wherever they may anything the asker looks after people, and they may no more
    /// than the asker.
    fn looked_after(&self, person: &Id, version: Option<u64>) -> Result<&Person, Refused> {
        if !self.powers.anywhere(Right::People) {
            return Err(Refused::NoRight(Right::People));
        }
        let known = self.known(person)?;
        self.proved(Right::People)?;
        let everywhere = known.grants.iter().all(|grant| self.powers.in_all_of(Right::People, &grant.scope));
        if !everywhere || !self.powers.include(&self.directory.allowed_by(&known.grants)) {
            return Err(Refused::MoreThanOwn("this person may more than you, or elsewhere"));
        }
        if version.is_some_and(|version| version != known.version) { Err(Refused::Changed) } else { Ok(known) }
    }

    /// Whether the asker may hand these grants out.
    fn may_give(&self, grants: &[Grant]) -> Result<(), Refused> {
        if grants.is_empty() || grants.len() > MOST_GRANTS {
            return Err(Refused::Senseless(format!("a person has 1 to {MOST_GRANTS} roles")));
        }
        if let Some(unknown) = grants.iter().find(|grant| self.directory.role(&grant.role).is_none()) {
            return Err(Refused::Senseless(format!("there is no role {}", unknown.role)));
        }
        grants.iter().try_for_each(|grant| self.may(Right::People, &grant.scope))?;
        let all_own = self.powers.include(&self.directory.allowed_by(grants));
        if all_own { Ok(()) } else { Err(Refused::MoreThanOwn("a role that you do not have there")) }
    }
}

/// Roles of one person.
const MOST_GRANTS: usize = 32;

/// A line for each client that is concerned; the provider's where it is of no client alone.
fn notes<'a>(
    scopes: impl IntoIterator<Item = &'a Scope>,
    what: &'static str,
    on: &str,
    before: &Value,
    after: &Value,
) -> Vec<Note> {
    let mut clients: Vec<Option<Slug>> = scopes.into_iter().map(|scope| scope.of_client().cloned()).collect();
    clients.sort();
    clients.dedup();
    if clients.is_empty() {
        clients.push(None);
    }
    let note = |client| Note { client, what, on: on.to_owned(), before: before.clone(), after: after.clone() };
    clients.into_iter().map(note).collect()
}

/// A line about what somebody may, in the chain of each client that is concerned: each reads what is of itself, and the
/// provider reads all.
fn notes_of_grants(what: &'static str, on: &str, before: &[Grant], after: &[Grant]) -> Vec<Note> {
    let scopes = before.iter().chain(after).map(|grant| &grant.scope);
    let mut notes = notes(scopes, what, on, &Value::Null, &Value::Null);
    for note in &mut notes {
        (note.before, note.after) = (told(before, note.client.as_ref()), told(after, note.client.as_ref()));
    }
    notes
}

/// A line about a person, in the chain of each client where they may anything.
fn notes_on(person: &Person, what: &'static str, before: &Value, after: &Value) -> Vec<Note> {
    notes(person.grants.iter().map(|grant| &grant.scope), what, person.email.as_str(), before, after)
}

/// Grants as one client reads them, or all of them as the provider does; null for none.
fn told(grants: &[Grant], client: Option<&Slug>) -> Value {
    let own = grants.iter().filter(|grant| client.is_none() || grant.scope.of_client() == client);
    let own: Vec<String> = own.map(ToString::to_string).collect();
    if own.is_empty() { Value::Null } else { json!(own) }
}

/// Powers as one client reads them, or all of them as the provider does.
fn told_powers(powers: &Powers, client: Option<&Slug>) -> Value {
    let own = powers.iter().filter(|(_, scope)| client.is_none() || scope.of_client() == client);
    json!(own.map(|(right, scope)| (right, scope.clone())).collect::<Powers>())
}

fn done(changes: Vec<crate::Change>, notes: Vec<Note>, answer: Answer) -> Result<Done, Refused> {
    Ok(Done { changes, notes, answer, by: None, erases: None })
}
