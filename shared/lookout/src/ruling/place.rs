//! For which place, and which machines there, is something said?

use vigie_merge::Scope;
use vigie_model::{Role, Slug};
use vigie_serve::Undecided;
use vigie_watch::Scope as Level;

use super::shape::Of;
use super::tags::qualified;
use crate::watchman::{Watchman, lock};

/// What somebody typed of a place.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed<'t> {
    pub(crate) client: Option<&'t Slug>,
    pub(crate) site: Option<&'t Slug>,
    pub(crate) machine: Option<&'t str>,
    pub(crate) group: Option<&'t Slug>,
    pub(crate) tag: Option<&'t Slug>,
}

/// As it stands in keys, without stars.
pub(crate) fn scope_text(scope: &Scope) -> String {
    match scope {
        Scope::Deployment => "everywhere".to_owned(),
        Scope::Client(client) => client.to_string(),
        Scope::Site(client, site) => format!("{client}/{site}"),
    }
}

/// The level of rules that a row speaks of.
pub(crate) fn level(scope: &Scope, of: &Of) -> Level {
    match (of, scope) {
        (Of::Machine(id, _), _) => Level::Machine(id.clone()),
        (Of::Tag(name), scope) => Level::Tag(qualified(scope, name)),
        (Of::Group(name), scope) => Level::Group(qualified(scope, name)),
        (Of::All, Scope::Deployment) => Level::Everywhere,
        (Of::All, Scope::Client(client)) => Level::Client(client.to_string()),
        (Of::All, Scope::Site(client, site)) => Level::Site { client: client.to_string(), site: site.to_string() },
    }
}

/// The places around a level.
pub(crate) fn around(scope: &Scope) -> Vec<Level> {
    let mut around = vec![Level::Everywhere];
    if let Scope::Client(client) | Scope::Site(client, _) = scope {
        around.push(level(&Scope::Client(client.clone()), &Of::All));
    }
    around.push(level(scope, &Of::All));
    around
}

impl Watchman {
    /// The place that somebody means. At a relay it is its own site, whatever is left out.
    ///
    /// # Errors
    /// When it is another's, or there is no such machine.
    pub(crate) fn place(&self, typed: &Typed<'_>) -> Result<(Scope, Of), Undecided> {
        let no = |why: String| Err(Undecided::Senseless(why));
        let (mut client, mut site) = (typed.client.cloned(), typed.site.cloned());
        if let Some((own, home)) = &self.home {
            if client.as_ref().is_some_and(|said| said != own) || site.as_ref().is_some_and(|said| said != home) {
                return no(format!("a relay decides of its own site alone, {own}/{home}"));
            }
            (client, site) = (Some(own.clone()), Some(home.clone()));
        }
        let of = match (typed.machine, typed.group, typed.tag) {
            (None, None, None) => Of::All,
            (None, Some(group), None) => Of::Group(group.to_string()),
            (None, None, Some(tag)) => Of::Tag(tag.to_string()),
            (Some(machine), None, None) => {
                let found = self.one_machine(machine, client.as_ref(), site.as_ref())?;
                (client, site) = (Some(found.client.clone()), Some(found.site.clone()));
                Of::Machine(found.node.to_string(), found.name)
            }
            _ => return no("it is said for a machine, a group or a tag: for one of them".to_owned()),
        };
        let scope = match (client, site) {
            (None, None) => Scope::Deployment,
            (Some(client), None) => Scope::Client(client),
            (Some(client), Some(site)) => Scope::Site(client, site),
            // A site that only one client has needs no other word.
            (None, Some(site)) => self.only_site(&site)?,
        };
        Ok((scope, of))
    }

    /// The machine of a name or id, at a place where that is said.
    pub(crate) fn one_machine(
        &self,
        typed: &str,
        client: Option<&Slug>,
        site: Option<&Slug>,
    ) -> Result<vigie_fleet::Sighted, Undecided> {
        let presence = lock(&self.presence);
        let here = presence.machines().filter(|one| {
            one.role == Role::Agent
                && (one.name == typed || one.node.to_string() == typed)
                && client.is_none_or(|client| one.client == *client)
                && site.is_none_or(|site| one.site == *site)
        });
        let found: Vec<_> = here.cloned().collect();
        match &found[..] {
            [one] => Ok(one.clone()),
            [] => Err(Undecided::NotHere("machine of that name")),
            _ => Err(Undecided::Senseless(format!(
                "several machines are called {typed:?}: say client and site, or its id"
            ))),
        }
    }

    fn only_site(&self, site: &Slug) -> Result<Scope, Undecided> {
        let places = lock(&self.presence).places();
        let mut found = places.into_iter().filter(|(_, known)| known == site);
        match (found.next(), found.next()) {
            (Some((client, site)), None) => Ok(Scope::Site(client, site)),
            (None, _) => Err(Undecided::NotHere("site of that name, as far as is known: name its client too")),
            _ => Err(Undecided::Senseless(format!("several clients have a site {site}: name the client too"))),
        }
    }
}
