//! Which relays has a place? Asked for each alert and each machine that is shown, so that nobody goes over all nodes for it.

use std::collections::{BTreeMap, BTreeSet};

use vigie_fleet::Sighted;
use vigie_model::{NodeId, Role, Slug};

/// The relays of each place.
#[derive(Debug, Default)]
pub(crate) struct Relays(BTreeMap<Slug, BTreeMap<Slug, BTreeSet<NodeId>>>);

impl Relays {
    /// Takes in a node that is enrolled, if it is a relay.
    pub(crate) fn put(&mut self, one: &Sighted) {
        if one.role == Role::Relay {
            let sites = self.0.entry(one.client.clone()).or_default();
            sites.entry(one.site.clone()).or_default().insert(one.node);
        }
    }

    /// Lets go of a node that is no longer enrolled, or no longer there.
    pub(crate) fn take(&mut self, one: &Sighted) {
        let Some(sites) = self.0.get_mut(&one.client) else { return };
        let Some(relays) = sites.get_mut(&one.site) else { return };
        relays.remove(&one.node);
        if relays.is_empty() {
            sites.remove(&one.site);
        }
        if sites.is_empty() {
            self.0.remove(&one.client);
        }
    }

    /// Those of a place, in the order of their ids.
    pub(crate) fn at(&self, client: &Slug, site: &Slug) -> impl Iterator<Item = NodeId> + '_ {
        let relays = self.0.get(client).and_then(|sites| sites.get(site));
        relays.into_iter().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slug(text: &str) -> Slug {
        text.parse().expect("a name")
    }

    fn node(number: u8, role: Role, site: &str) -> Sighted {
        Sighted {
            node: NodeId::of_key(&[number; 32]),
            role,
            client: slug("acme"),
            site: slug(site),
            name: String::new(),
            heard_at: None,
            beat_ms: None,
            is_connected: false,
            brought: None,
            sampled_at: None,
            goodbye_at: None,
            word: None,
            clock_ahead_ms: None,
        }
    }

    fn at(relays: &Relays, site: &str) -> usize {
        relays.at(&slug("acme"), &slug(site)).count()
    }

    #[test]
    fn a_place_has_its_own_relays_and_no_machine_and_none_that_went() {
        let mut relays = Relays::default();
        let (first, second) = (node(1, Role::Relay, "lyon"), node(2, Role::Relay, "lyon"));
        for one in [&first, &second, &second, &node(3, Role::Relay, "nice"), &node(4, Role::Agent, "lyon")] {
            relays.put(one);
        }
        assert_eq!([at(&relays, "lyon"), at(&relays, "nice"), at(&relays, "brest")], [2, 1, 0]);
        relays.take(&node(4, Role::Agent, "lyon"));
        relays.take(&first);
        assert_eq!(relays.at(&slug("acme"), &slug("lyon")).collect::<Vec<_>>(), [second.node]);
        relays.take(&second);
        relays.take(&second);
        assert_eq!([at(&relays, "lyon"), at(&relays, "nice")], [0, 1]);
        assert!(relays.0.values().all(|sites| sites.values().all(|relays| !relays.is_empty())));
    }
}
