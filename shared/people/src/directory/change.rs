//! What changes, and how the directory takes it in.

use vigie_model::Slug;

use super::{Begun, Directory};
use crate::secret::Kept;
use crate::{Id, Invitation, Linked, Person, Role, Session, Taken, Token};

/// A row that becomes another one.
#[derive(Debug, Clone, PartialEq)]
pub enum Change {
    /// The hub was taken into use.
    Begun(Begun),
    /// A person came or changed.
    Person(Box<Person>),
    /// A person is gone, and so is all that was kept of them.
    PersonGone(Id),
    /// A role came or changed.
    Role(Role),
    /// A role is gone.
    RoleGone(Slug),
    /// Somebody was invited.
    Invitation(Box<Invitation>),
    /// An invitation was taken up or back.
    InvitationGone(Id),
    /// A token came or was used.
    Token(Box<Token>),
    /// A token is gone.
    TokenGone(Id),
    /// A browser signed in or was used.
    Session(Box<Session>),
    /// A browser is out.
    SessionGone(Id),
    /// An answer of another house was taken.
    Taken(Taken),
    /// It would not be believed any more.
    TakenGone(Kept),
}

impl Directory {
    /// Takes in what has become durable.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Begun(begun) => self.begun = Some(begun.clone()),
            Change::Person(person) => {
                self.emails.insert(person.email.clone(), person.id.clone());
                let key = |linked: &Linked| (linked.issuer.clone(), linked.subject.clone());
                if let Some(before) = self.people.get(&person.id) {
                    before.linked.iter().for_each(|linked| drop(self.linked.remove(&key(linked))));
                    before.passkeys.iter().for_each(|key| drop(self.passkeys.remove(&key.credential)));
                }
                self.passkeys.extend(person.passkeys.iter().map(|key| (key.credential.clone(), person.id.clone())));
                self.linked.extend(person.linked.iter().map(|linked| (key(linked), person.id.clone())));
                self.people.insert(person.id.clone(), Person::clone(person));
            }
            Change::PersonGone(id) => {
                if let Some(gone) = self.people.remove(id) {
                    self.emails.remove(&gone.email);
                    let linked = gone.linked.iter().map(|linked| (linked.issuer.clone(), linked.subject.clone()));
                    linked.for_each(|key| drop(self.linked.remove(&key)));
                    gone.passkeys.iter().for_each(|key| drop(self.passkeys.remove(&key.credential)));
                }
            }
            Change::Role(role) => drop(self.roles.insert(role.name.clone(), role.clone())),
            Change::RoleGone(name) => drop(self.roles.remove(name)),
            Change::Invitation(invitation) => {
                self.by_secret.insert(invitation.kept, invitation.id.clone());
                self.invitations.insert(invitation.id.clone(), Invitation::clone(invitation));
            }
            Change::InvitationGone(id) => {
                let gone = self.invitations.remove(id);
                gone.map(|gone| self.by_secret.remove(&gone.kept));
            }
            Change::Token(token) => {
                self.by_secret.insert(token.kept, token.id.clone());
                self.tokens.insert(token.id.clone(), Token::clone(token));
            }
            Change::TokenGone(id) => {
                let gone = self.tokens.remove(id);
                gone.map(|gone| self.by_secret.remove(&gone.kept));
            }
            Change::Session(session) => {
                // A browser that got another secret has the one of before no more.
                if let Some(before) = self.sessions.get(&session.id) {
                    self.by_secret.remove(&before.kept);
                }
                self.by_secret.insert(session.kept, session.id.clone());
                self.sessions.insert(session.id.clone(), Session::clone(session));
            }
            Change::SessionGone(id) => {
                let gone = self.sessions.remove(id);
                gone.map(|gone| self.by_secret.remove(&gone.kept));
            }
            Change::Taken(taken) => drop(self.taken.insert(taken.kept, taken.until_ms)),
            Change::TakenGone(kept) => drop(self.taken.remove(kept)),
        }
    }
}
