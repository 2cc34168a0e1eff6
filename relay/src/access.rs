//! Who may look at a relay, and decide? Who holds its token, and whom the hub let in.

use vigie_grants::Porch;
use vigie_serve::{Access, Clients, Decides, Identity, NotLetIn, Place, TokenTable, Writes};

/// The relay's own token, and the people of its site.
#[derive(Debug)]
pub(crate) struct SiteAccess {
    token: TokenTable,
    people: Porch,
}

impl SiteAccess {
    /// Whoever holds the token sees everything, and decides of the site.
    pub(crate) fn new(token: &str, own: Place, people: Porch) -> Self {
        let (writes, decides) = (Writes::into_one(own.clone()), Decides::of_one(own));
        let who = Identity { name: "site".to_owned(), clients: Clients::All, writes, decides, ..Identity::default() };
        Self { token: TokenTable::new([(TokenTable::hash(token), who)]), people }
    }
}

impl Access for SiteAccess {
    fn check_bearer(&self, token: &str) -> Option<Identity> {
        self.token.check_bearer(token)
    }

    fn identity(&self, name: &str) -> Option<Identity> {
        self.token.identity(name).or_else(|| self.people.identity(name))
    }

    fn knows_people(&self) -> bool {
        true
    }

    fn check_person(&self, name: &str, passphrase: &str, from: &str) -> Result<Identity, NotLetIn> {
        self.people.admit(name, passphrase, from)
    }
}
