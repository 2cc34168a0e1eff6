//! Who comes in by what another house says of them?

use serde_json::json;
use vigie_model::Slug;

use super::{Asking, done, notes_of_grants, notes_on};
use crate::audit::Note;
use crate::order::{Answer, Done, Refused};
use crate::session::agent;
use crate::vouched::MOST_LINKED;
use crate::{Change, Email, Person, Vouched};

/// People of one hub, as far as they come without being invited.
const MOST_PEOPLE: usize = 10_000;

/// Somebody who is let in for the first time, and what else that changes.
struct Found {
    person: Person,
    changes: Vec<Change>,
    notes: Vec<Note>,
}

impl Asking<'_> {
    pub(crate) fn sign_in_with(&self, vouched: &Vouched, said: &str) -> Result<Done, Refused> {
        if vouched.taken.as_ref().is_some_and(|taken| self.directory.was_taken(taken)) {
            return Err(Refused::Twice);
        }
        let known = self.directory.person_linked(&vouched.issuer, &vouched.subject).cloned();
        let found = match known {
            Some(person) => Found { person, changes: Vec::new(), notes: Vec::new() },
            None => self.linked(vouched, self.found(vouched)?)?,
        };
        let Found { mut person, mut changes, mut notes } = found;
        if person.disabled {
            return Err(Refused::Stranger);
        }
        person.came_in(&self.asker.from, self.now);
        let (session, answer) = self.open_proved(&person, said, vouched.proved_ms(self.now));
        let opened = json!({ "agent": agent(said), "with": vouched.by });
        notes.extend(notes_on(&person, "session.open", &json!(null), &opened));
        changes.extend(self.too_many(&person.id));
        let by = Some(person.id.clone());
        changes.extend(vouched.taken.clone().map(Change::Taken));
        changes.extend([Change::Person(Box::new(person)), session]);
        Ok(Done { changes, notes, answer, by, erases: None })
    }

    /// Whose address it is: of somebody who is here, was invited, or may come.
    fn found(&self, vouched: &Vouched) -> Result<Found, Refused> {
        // Taking a hub into use is for who has its code.
        let email = vouched.email.as_ref().filter(|_| self.directory.is_begun()).ok_or(Refused::Stranger)?;
        if let Some(person) = self.directory.person_of(email) {
            return Ok(Found { person: person.clone(), changes: Vec::new(), notes: Vec::new() });
        }
        let invited = self.directory.invitations.values();
        let mut invited =
            invited.filter(|open| open.email == *email && open.person.is_none() && !open.is_over(self.now));
        match invited.next() {
            Some(open) => {
                let person = self.invited(open, vouched.name.clone(), None).map_err(|_| Refused::Stranger)?;
                let notes = notes_of_grants("person.accept", person.email.as_str(), &[], &person.grants);
                Ok(Found { person, changes: vec![Change::InvitationGone(open.id.clone())], notes })
            }
            None => self.joined(vouched, email),
        }
    }

    /// Somebody new of a domain whose people come in without being invited.
    fn joined(&self, vouched: &Vouched, email: &Email) -> Result<Found, Refused> {
        if vouched.grants.is_empty() || self.directory.people.len() >= MOST_PEOPLE {
            return Err(Refused::Stranger);
        }
        if let Some(unknown) = vouched.grants.iter().find(|grant| self.directory.role(&grant.role).is_none()) {
            return Err(Refused::Senseless(format!("there is no role {}, which the hub's file gives", unknown.role)));
        }
        self.directory.has_room(&[], &vouched.grants, self.now)?;
        let called = || email.as_str().split('@').next().unwrap_or_default().parse();
        let name = vouched.name.clone().map_or_else(called, Ok).map_err(|_| Refused::Stranger)?;
        let person = self.new_person(email.clone(), name, vouched.grants.clone(), None);
        let notes = notes_of_grants("person.join", email.as_str(), &[], &person.grants);
        Ok(Found { person, changes: Vec::new(), notes })
    }

    fn linked(&self, vouched: &Vouched, found: Found) -> Result<Found, Refused> {
        let Found { person, changes, mut notes } = found;
        // The same address and somebody else: it was given to another.
        if person.disabled || person.has_other_of(&vouched.issuer) || person.linked.len() >= MOST_LINKED {
            return Err(Refused::Stranger);
        }
        let mut person = if changes.is_empty() && notes.is_empty() { person.changed() } else { person };
        person.linked.push(vouched.link(self.now));
        let link = json!({ "with": vouched.by, "issuer": vouched.issuer, "subject": vouched.subject });
        notes.extend(notes_on(&person, "person.link", &json!(null), &link));
        Ok(Found { person, changes, notes })
    }

    pub(crate) fn unlink(&self, by: &Slug) -> Result<Done, Refused> {
        let own = self.just_proved()?;
        let (gone, left): (Vec<_>, Vec<_>) = own.linked.iter().cloned().partition(|linked| linked.by == *by);
        let Some(link) = gone.first() else { return Err(Refused::NotThere("account of another house")) };
        if !own.has_own_way_in() && left.is_empty() {
            let says = "there would be no way left to sign in; ask for a reset, and choose a password first";
            return Err(Refused::Senseless(says.to_owned()));
        }
        let link = json!({ "with": link.by, "issuer": link.issuer, "subject": link.subject });
        let person = Person { linked: left, ..own.clone().changed() };
        let notes = notes_on(&person, "person.unlink", &link, &json!(null));
        done(vec![Change::Person(Box::new(person))], notes, Answer::Nothing)
    }
}
