//! Who may look, at whose machines, and where may they write?

use std::collections::BTreeSet;

use vigie_model::Slug;
use vigie_people::{Powers, Right, Scope, Who};

use crate::{Place, Stamp};

/// Where tokens are looked up.
pub trait Access: Send + Sync + 'static {
    /// Who holds this token.
    ///
    /// Must take the same time whether the token is nearly right or all wrong: compare hashes, over all of them. A
    /// [`TokenTable`] does.
    fn check_bearer(&self, token: &str) -> Option<Identity>;

    /// The identity of this name as it is *now*; none once its token is revoked. A signed-in browser is asked about at
    /// each request, so that revoking a token ends its sessions too; and by [`Identity::credential`] for good, when
    /// another is made for the same name.
    fn identity(&self, name: &str) -> Option<Identity>;

    /// Whether people sign in here by name and passphrase too.
    fn knows_people(&self) -> bool {
        false
    }

    /// Lets a person in who was granted that beforehand, and writes down who came, from where, or why not.
    ///
    /// Slow on purpose, and hungry for memory: asked from a blocking thread, one at a time. Must take the same time
    /// whether there is such a person or not.
    ///
    /// # Errors
    /// When they are not let in.
    fn check_person(&self, name: &str, passphrase: &str, from: &str) -> Result<Identity, NotLetIn> {
        let _nobody = (name, passphrase, from);
        Err(NotLetIn::Wrong)
    }
}

/// Why a person was not let in. Only who has the right passphrase learns more than the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotLetIn {
    /// Nobody has this name, or not this passphrase.
    #[error("name and passphrase do not belong together")]
    Wrong,
    /// It was granted until then.
    #[error("the access ended at {0}")]
    Expired(Stamp),
    /// It was taken back.
    #[error("the access was taken back")]
    Revoked,
}

/// Somebody who may look, write, or decide. The default is nobody, who may nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Identity {
    /// What logs call them. Unique.
    pub name: String,
    /// Whose machines they see.
    pub clients: Clients,
    /// Where what they send is kept.
    pub writes: Writes,
    /// Of what, among what they see, they decide.
    pub decides: Decides,
    /// What else they may, and where: all that a person or their token may, who are known by this alone.
    pub powers: Powers,
    /// In whose name they change people, tokens and roles.
    pub who: Who,
    /// By what they came in.
    pub credential: Credential,
}

impl Identity {
    /// All that they may, and where.
    pub fn all_powers(&self) -> Powers {
        let mut powers = self.powers.clone();
        let mut add = |rights: &[Right], scopes: Vec<Scope>| {
            let each = scopes.into_iter().flat_map(|scope| rights.iter().map(move |right| (*right, scope.clone())));
            powers.extend(each);
        };
        add(&[Right::Look], self.clients.scopes());
        if self.clients == Clients::All {
            add(&[Right::Node], vec![Scope::everywhere()]);
        }
        let decides = match &self.decides {
            Decides::Nothing => Vec::new(),
            Decides::Only(places) => places.iter().map(scope_of).collect(),
            Decides::Seen => self.clients.scopes(),
        };
        add(&[Right::Decide, Right::Mute], decides);
        // The node's own token, and nobody's that only decides of alerts.
        if self.clients == Clients::All && self.decides == Decides::Seen {
            add(&[Right::Tell, Right::Tag], vec![Scope::everywhere()]);
        }
        let writes = match &self.writes {
            Writes::Nothing => Vec::new(),
            Writes::Only(places) => places.iter().map(scope_of).collect(),
            Writes::Everywhere => vec![Scope::everywhere()],
        };
        add(&[Right::Push, Right::Fetch], writes);
        powers
    }
}

fn scope_of(place: &Place) -> Scope {
    Scope::site(place.client.clone(), place.site.clone())
}

/// Which token or grant it was, and no later one of the same name: a browser stays signed in by it alone.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Credential([u8; 32]);

impl Credential {
    /// The one that these bytes make out among all others.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::derive_key("vigie 2026-11 credential", bytes))
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credential")
    }
}

/// Of what somebody decides: alerts, and when nobody is told. Never more than they see, and never because they write: a
/// token that pushes samples lies in a file on every machine that pushes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Decides {
    /// Of nothing.
    #[default]
    Nothing,
    /// Of what is in these places, and of nothing that is wider than one of them.
    Only(BTreeSet<Place>),
    /// Of all that they see.
    Seen,
}

impl Decides {
    /// The right to decide of what is in one place.
    pub fn of_one(place: Place) -> Self {
        Self::Only([place].into())
    }
}

/// Where somebody may write. It comes from the credentials and from nowhere else; no label can widen it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Writes {
    /// Nowhere.
    #[default]
    Nothing,
    /// Into these places. Who may write into one alone need not name it.
    Only(BTreeSet<Place>),
    /// Into every place, each named in the path.
    Everywhere,
}

impl Writes {
    /// The right to write into one place.
    pub fn into_one(place: Place) -> Self {
        Self::Only([place].into())
    }

    /// Whether they may write into this place.
    pub fn include(&self, place: &Place) -> bool {
        match self {
            Self::Nothing => false,
            Self::Only(places) => places.contains(place),
            Self::Everywhere => true,
        }
    }
}

/// Whose machines somebody sees. It comes from the credentials and from nowhere else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Clients {
    /// Everybody's.
    All,
    /// Those of these clients.
    Only(BTreeSet<Slug>),
}

impl Default for Clients {
    /// Nobody's.
    fn default() -> Self {
        Self::Only(BTreeSet::new())
    }
}

impl Clients {
    /// Whether they see this client's.
    pub fn include(&self, client: &Slug) -> bool {
        match self {
            Self::All => true,
            Self::Only(clients) => clients.contains(client),
        }
    }

    fn scopes(&self) -> Vec<Scope> {
        match self {
            Self::All => vec![Scope::everywhere()],
            Self::Only(clients) => clients.iter().cloned().map(Scope::client).collect(),
        }
    }
}

/// Tokens in memory, by hash: enough for a relay, and for a hub until it has users.
#[derive(Debug, Default)]
pub struct TokenTable {
    tokens: Vec<(blake3::Hash, Identity)>,
}

impl TokenTable {
    /// A table of token hashes and their holders, each of whom comes in by this token and no other.
    pub fn new(tokens: impl IntoIterator<Item = (blake3::Hash, Identity)>) -> Self {
        let bound = |(hash, who): (blake3::Hash, Identity)| {
            (hash, Identity { credential: Credential::of(hash.as_bytes()), ..who })
        };
        Self { tokens: tokens.into_iter().map(bound).collect() }
    }

    /// What a node keeps of a token. Plain BLAKE3, because tokens are 32 random bytes and not passwords: there is
    /// nothing to slow down.
    pub fn hash(token: &str) -> blake3::Hash {
        blake3::derive_key("vigie 2026-11 bearer token", token.as_bytes()).into()
    }
}

impl Access for TokenTable {
    fn check_bearer(&self, token: &str) -> Option<Identity> {
        let hash = Self::hash(token);
        // `blake3::Hash` compares in constant time, and no early end tells which entry it was.
        let found = self.tokens.iter().fold(None, |found, (known, who)| if *known == hash { Some(who) } else { found });
        found.cloned()
    }

    fn identity(&self, name: &str) -> Option<Identity> {
        self.tokens.iter().map(|(_, who)| who).find(|who| who.name == name).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_only_for_its_holder() {
        let acme: Slug = "acme".parse().expect("a name");
        let clients = Clients::Only([acme.clone()].into());
        let who = Identity { name: "acme read".to_owned(), clients, ..Identity::default() };
        let table = TokenTable::new([(TokenTable::hash("secret"), who.clone())]);
        let who = Identity { credential: Credential::of(TokenTable::hash("secret").as_bytes()), ..who };
        assert_eq!(table.check_bearer("secret"), Some(who.clone()));
        assert_eq!(table.check_bearer("secret "), None);
        assert_eq!(table.identity("acme read"), Some(who.clone()));
        assert!(who.clients.include(&acme) && !who.clients.include(&"other".parse().expect("a name")));
    }
    #[test]
    fn nobody_writes_but_where_they_were_told() {
        let place = |client: &str, site: &str| Place {
            client: client.parse().expect("a name"),
            site: site.parse().expect("a name"),
        };
        let (lyon, paris) = (place("acme", "lyon"), place("acme", "paris"));
        assert!(!Writes::default().include(&lyon));
        let one = Writes::into_one(lyon.clone());
        assert!(one.include(&lyon) && !one.include(&paris) && !one.include(&place("bron", "lyon")));
        assert!(Writes::Everywhere.include(&paris));
    }
}
