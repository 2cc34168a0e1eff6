//! Who goes with a client that is erased, and who only loses what they may there?

use vigie_model::Slug;

use crate::{Change, Directory, Grant, Id, Invitation, Person, Powers, Scope, Token};

impl Directory {
    /// The people who may something of a client and nothing elsewhere: they are erased with it.
    pub fn only_of<'a>(&'a self, client: &'a Slug) -> impl Iterator<Item = &'a Id> {
        let is_only = move |person: &&Person| {
            !person.grants.is_empty() && person.grants.iter().all(|grant| is_of(&grant.scope, client))
        };
        self.people.values().filter(is_only).map(|person| &person.id)
    }

    /// What else changes: people who may something elsewhere, invitations and tokens without that client. An invitation or a
    /// token to which nothing is left goes.
    pub fn without(&self, client: &Slug) -> Vec<Change> {
        let people = self.people.values().filter(|person| any_of(&person.grants, client)).map(|person| {
            let mut left = person.clone();
            left.grants.retain(|grant| !is_of(&grant.scope, client));
            Change::Person(Box::new(left.changed()))
        });
        let invitations = self.invitations.values().filter(|open| any_of(&open.grants, client)).map(|open| {
            let mut left = Invitation::clone(open);
            left.grants.retain(|grant| !is_of(&grant.scope, client));
            match left.grants.is_empty() {
                true => Change::InvitationGone(left.id),
                false => Change::Invitation(Box::new(left)),
            }
        });
        let is_asked = |token: &&Token| token.asked.iter().any(|(_, scope)| is_of(scope, client));
        let tokens = self.tokens.values().filter(is_asked).map(|token| {
            let left = token.asked.iter().filter(|(_, scope)| !is_of(scope, client));
            let asked: Powers = left.map(|(right, scope)| (right, scope.clone())).collect();
            match asked.is_empty() {
                true => Change::TokenGone(token.id.clone()),
                false => Change::Token(Box::new(Token { asked, ..token.clone() })),
            }
        });
        people.chain(invitations).chain(tokens).collect()
    }
}

fn any_of(grants: &[Grant], client: &Slug) -> bool {
    grants.iter().any(|grant| is_of(&grant.scope, client))
}

fn is_of(scope: &Scope, client: &Slug) -> bool {
    scope.of_client() == Some(client)
}
