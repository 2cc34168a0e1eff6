//! Where does a right hold?

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};
use vigie_model::{NameError, Slug};

/// Tags that one scope may ask for together. Nobody tells six apart.
const MAX_TAGS: usize = 5;

/// A part of the deployment: all of it, a client, a site; and of that, if it says so, only the machines that bear each of
/// some tags.
///
/// Written `*`, `acme`, `acme/lyon`, `acme#till`, `acme/lyon#till#shop`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Scope {
    within: Within,
    tags: BTreeSet<Slug>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Within {
    Provider,
    Client(Slug),
    Site(Slug, Slug),
}

/// A place that something is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At<'a> {
    /// The deployment as a whole.
    Provider,
    /// A client as a whole.
    Client(&'a Slug),
    /// A site as a whole, or what is there without a machine.
    Site(&'a Slug, &'a Slug),
    /// A machine of a client, at a site, with its tags.
    Machine(&'a Slug, &'a Slug, &'a BTreeSet<Slug>),
}

impl<'a> At<'a> {
    /// The narrowest place that is known of something: a site's, a client's, or nobody's alone.
    pub fn of(client: Option<&'a Slug>, site: Option<&'a Slug>) -> Self {
        match (client, site) {
            (Some(client), Some(site)) => Self::Site(client, site),
            (Some(client), None) => Self::Client(client),
            (None, _) => Self::Provider,
        }
    }

    fn client(self) -> Option<&'a Slug> {
        match self {
            Self::Provider => None,
            Self::Client(client) | Self::Site(client, _) | Self::Machine(client, ..) => Some(client),
        }
    }

    fn site(self) -> Option<&'a Slug> {
        match self {
            Self::Provider | Self::Client(_) => None,
            Self::Site(_, site) | Self::Machine(_, site, _) => Some(site),
        }
    }

    fn has(self, tag: &Slug) -> bool {
        matches!(self, Self::Machine(_, _, tags) if tags.contains(tag))
    }
}

impl Scope {
    /// All of the deployment.
    pub fn everywhere() -> Self {
        Self { within: Within::Provider, tags: BTreeSet::new() }
    }

    /// A client, with all its sites.
    pub fn client(client: Slug) -> Self {
        Self { within: Within::Client(client), tags: BTreeSet::new() }
    }

    /// One site of a client.
    pub fn site(client: Slug, site: Slug) -> Self {
        Self { within: Within::Site(client, site), tags: BTreeSet::new() }
    }

    /// Of it, only the machines that bear this tag too.
    #[must_use]
    pub fn tagged(mut self, tag: Slug) -> Self {
        self.tags.insert(tag);
        self
    }

    /// Whether what holds here holds at a place. What is wider than the scope is not in it.
    pub fn covers(&self, at: At<'_>) -> bool {
        self.has_some_of(at) && self.tags.iter().all(|tag| at.has(tag))
    }

    /// Whether anything at a place may be in it: the place as a whole, or those of its machines that bear the tags.
    pub fn has_some_of(&self, at: At<'_>) -> bool {
        match &self.within {
            Within::Provider => true,
            Within::Client(client) => at.client() == Some(client),
            Within::Site(client, site) => at.client() == Some(client) && at.site() == Some(site),
        }
    }

    /// Whether it covers whatever another covers.
    pub fn includes(&self, other: &Self) -> bool {
        let within = match (&self.within, &other.within) {
            (Within::Provider, _) => true,
            (Within::Client(mine), Within::Client(other) | Within::Site(other, _)) => mine == other,
            (Within::Site(client, site), Within::Site(others, other)) => client == others && site == other,
            (Within::Client(_), Within::Provider) | (Within::Site(..), Within::Provider | Within::Client(_)) => false,
        };
        within && self.tags.is_subset(&other.tags)
    }

    /// What both cover; nothing when they are apart.
    pub fn meet(&self, other: &Self) -> Option<Self> {
        let (wide, narrow) =
            (Self { tags: BTreeSet::new(), ..self.clone() }, Self { tags: BTreeSet::new(), ..other.clone() });
        let within = if wide.includes(&narrow) {
            narrow.within
        } else if narrow.includes(&wide) {
            wide.within
        } else {
            return None;
        };
        Some(Self { within, tags: self.tags.union(&other.tags).cloned().collect() })
    }

    /// The client it is of; nothing for what is of all of them.
    pub fn of_client(&self) -> Option<&Slug> {
        match &self.within {
            Within::Provider => None,
            Within::Client(client) | Within::Site(client, _) => Some(client),
        }
    }

    /// The site it is of, if it is of one.
    pub fn of_site(&self) -> Option<&Slug> {
        match &self.within {
            Within::Provider | Within::Client(_) => None,
            Within::Site(_, site) => Some(site),
        }
    }

    /// Whether only machines with tags are in it.
    pub fn is_tagged(&self) -> bool {
        !self.tags.is_empty()
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.within {
            Within::Provider => f.write_str("*")?,
            Within::Client(client) => write!(f, "{client}")?,
            Within::Site(client, site) => write!(f, "{client}/{site}")?,
        }
        self.tags.iter().try_for_each(|tag| write!(f, "#{tag}"))
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = NotAScope;

    fn try_from(text: String) -> Result<Self, NotAScope> {
        text.parse()
    }
}

impl std::str::FromStr for Scope {
    type Err = NotAScope;

    fn from_str(text: &str) -> Result<Self, NotAScope> {
        let mut parts = text.split('#');
        let within = match parts.next().unwrap_or_default() {
            "*" => Within::Provider,
            place => match place.split_once('/') {
                None => Within::Client(place.parse()?),
                Some((client, site)) => Within::Site(client.parse()?, site.parse()?),
            },
        };
        let tags = parts.map(str::parse).collect::<Result<BTreeSet<Slug>, _>>()?;
        if tags.len() > MAX_TAGS { Err(NotAScope::Tags) } else { Ok(Self { within, tags }) }
    }
}

/// Why a text names no part of the deployment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAScope {
    /// A name in it is none.
    #[error("a scope is *, CLIENT, CLIENT/SITE, or one of them with #TAG: {0}")]
    Name(#[from] NameError),
    /// Too many tags.
    #[error("a scope asks for at most {MAX_TAGS} tags")]
    Tags,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scope(text: &str) -> Scope {
        text.parse().expect("a scope")
    }

    #[test]
    fn a_scope_is_written_as_it_is_read() {
        for text in ["*", "acme", "acme/lyon", "acme#till", "acme/lyon#shop#till", "*#till"] {
            assert_eq!(scope(text).to_string(), text);
        }
        for text in ["", "acme/", "/lyon", "acme/lyon/x", "acme#", "Acme", "a#b#c#d#e#f#g", "**"] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_is_wider_than_a_scope_is_not_in_it() {
        let (acme, lyon): (Slug, Slug) = ("acme".parse().expect("a name"), "lyon".parse().expect("a name"));
        let tags = BTreeSet::from(["till".parse().expect("a name")]);
        let places = [At::Provider, At::Client(&acme), At::Site(&acme, &lyon), At::Machine(&acme, &lyon, &tags)];
        for (text, first) in
            [("*", 0), ("acme", 1), ("acme/lyon", 2), ("acme/lyon#till", 3), ("*#till", 3), ("bron", 4)]
        {
            let covered: Vec<_> = places.iter().map(|at| scope(text).covers(*at)).collect();
            assert_eq!(covered, (0..4).map(|at| at >= first).collect::<Vec<_>>(), "{text}");
        }
    }

    #[test]
    fn two_scopes_meet_where_both_hold() {
        let meet = |one: &str, other: &str| scope(one).meet(&scope(other)).map(|scope| scope.to_string());
        assert_eq!(meet("*", "acme/lyon").as_deref(), Some("acme/lyon"));
        assert_eq!(meet("acme#till", "acme/lyon#shop").as_deref(), Some("acme/lyon#shop#till"));
        assert_eq!(meet("acme/lyon", "acme/paris"), None);
        assert_eq!(meet("acme", "bron/lyon"), None);
    }
}
