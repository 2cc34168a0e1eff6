//! How is all that is kept of a person let go?

use serde_json::json;

use super::{Asking, notes_on};
use crate::audit::{Erasure, Left, pseudonym};
use crate::order::{Answer, Done, Erased, Refused};
use crate::person::Looked;
use crate::{Change, Email, Id, Invitation, Name, Person, Session, Who};

/// Names by which sites know one person.
const MOST_SITE_NAMES: usize = 20;

impl Asking<'_> {
    pub(crate) fn erase(&self, person: &Id, version: Option<u64>, at_sites: &[Name]) -> Result<Done, Refused> {
        let person = self.looked_after(person, version)?;
        if at_sites.len() > MOST_SITE_NAMES {
            return Err(Refused::Senseless(format!("sites know one person by at most {MOST_SITE_NAMES} names")));
        }
        if self.rules(&person.grants) && !self.directory.others_rule(&person.id) {
            return Err(Refused::LastAdmin);
        }
        let pseudonym = pseudonym(&self.chance.id("a pseudonym"));
        let called: Email = pseudonym.parse().map_err(|_| Refused::NotThere("pseudonym"))?;
        let sessions = self.sessions_with(&person.id);
        let tokens: Vec<Change> =
            self.directory.tokens_of(&person.id).map(|token| Change::TokenGone(token.id.clone())).collect();
        let invitations = self.invitations_with(person);
        let erased = Erased {
            pseudonym: pseudonym.clone(),
            sessions: sessions.len(),
            tokens: tokens.len(),
            passkeys: person.passkeys.len(),
            invitations: invitations.len(),
            lines: 0,
            rows: 0,
            rows_left: 0,
        };
        let mut notes = notes_on(person, crate::audit::ERASE, &json!(null), &Left::tell(&[]));
        notes.iter_mut().for_each(|note| note.on.clone_from(&pseudonym));
        let others = self.looked_at_by(person, &called);
        let changes = [sessions, tokens, invitations, others, vec![Change::PersonGone(person.id.clone())]].concat();
        let at_sites = at_sites.iter().map(ToString::to_string).collect();
        let erases = Some(Box::new(Erasure::of(person, pseudonym, at_sites)));
        Ok(Done { changes, notes, answer: Answer::Erased(erased), by: None, erases })
    }

    /// Browsers of theirs, those in which they see as another, and those in which another sees as them.
    fn sessions_with(&self, person: &Id) -> Vec<Change> {
        let is = |session: &&Session| {
            session.person == *person || session.seen.as_ref().is_some_and(|seen| seen.by == *person)
        };
        self.directory.sessions.values().filter(is).map(|session| Change::SessionGone(session.id.clone())).collect()
    }

    /// Invitations for them, and those that they made, which open nothing without them.
    fn invitations_with(&self, person: &Person) -> Vec<Change> {
        let is_token = |token: &Id| self.directory.tokens_of(&person.id).any(|own| own.id == *token);
        let is = |open: &&Invitation| {
            let is_by = match &open.by {
                Who::Person(by, _) => *by == person.id,
                Who::Token(token) => is_token(token),
                Who::Console | Who::Program(..) | Who::Nobody => false,
            };
            is_by || open.email == person.email || open.person.as_ref() == Some(&person.id)
        };
        self.directory.invitations.values().filter(is).map(|open| Change::InvitationGone(open.id.clone())).collect()
    }

    /// Others whom they saw as: that somebody did stays with them.
    fn looked_at_by(&self, person: &Person, called: &Email) -> Vec<Change> {
        let others = self.directory.people.values().filter(|other| other.id != person.id);
        let seen = others.filter(|other| other.looked.iter().any(|looked| looked.by == person.email));
        let renamed = |other: &Person| {
            let mut after = other.clone();
            let by_them = |looked: &&mut Looked| looked.by == person.email;
            after.looked.iter_mut().filter(by_them).for_each(|looked| looked.by = called.clone());
            Change::Person(Box::new(after))
        };
        seen.map(renamed).collect()
    }
}
