//! Who is let in at the site.

use vigie_serve::{Access, Clients, Decides, Identity, NotLetIn, Place, TokenTable};

use super::super::{ACME, ALL, slug};
use super::{DECIDES, at};

/// Tokens, and a person who was let in beforehand.
pub(crate) struct Doorkeeper(TokenTable);

impl Doorkeeper {
    pub(crate) fn new() -> Self {
        let who =
            |name: &str, clients, decides| Identity { name: name.to_owned(), clients, decides, ..Identity::default() };
        let acme = || Clients::Only([slug("acme")].into());
        let lyon = Decides::of_one(Place { client: slug("acme"), site: slug("lyon") });
        Self(TokenTable::new([
            (TokenTable::hash(ALL), who("everyone", Clients::All, Decides::Nothing)),
            (TokenTable::hash(ACME), who("Client acme", acme(), Decides::Nothing)),
            (TokenTable::hash(DECIDES), who("Marc Petit", acme(), lyon)),
        ]))
    }
}

impl Access for Doorkeeper {
    fn check_bearer(&self, token: &str) -> Option<Identity> {
        self.0.check_bearer(token)
    }

    fn identity(&self, name: &str) -> Option<Identity> {
        self.0.identity(name)
    }

    fn knows_people(&self) -> bool {
        true
    }

    fn check_person(&self, name: &str, passphrase: &str, _from: &str) -> Result<Identity, NotLetIn> {
        match (name, passphrase) {
            ("Marc Petit", "right") => self.0.identity("Marc Petit").ok_or(NotLetIn::Wrong),
            ("Old Hand", "right") => Err(NotLetIn::Expired(at(-86_400))),
            ("Gone", "right") => Err(NotLetIn::Revoked),
            _ => Err(NotLetIn::Wrong),
        }
    }
}
