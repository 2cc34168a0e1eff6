//! Who may speak with whom?
//!
//! Pure. The certificate proves who somebody is; these few lines say whether that somebody has business here.

use vigie_model::{NodeId, Role, Slug};

use crate::peer::Peer;

/// Where a node stands in the deployment: the part of an identity that decides what it may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// The node.
    pub node: NodeId,
    /// What it may do.
    pub role: Role,
    /// Whose it is.
    pub client: Slug,
    /// Where it is.
    pub site: Slug,
}

impl Standing {
    /// Whether this node, having dialled, may go on speaking with `peer`.
    ///
    /// An agent speaks with a relay of its own site or with the hub, a relay with the hub; the hub dials nobody.
    pub fn may_dial(&self, peer: &Peer) -> Result<(), Unfit> {
        self.is_another(peer)?;
        match (self.role, peer.role) {
            (Role::Agent | Role::Relay, Role::Hub) => Ok(()),
            (Role::Agent, Role::Relay) => self.is_of_our_site(peer),
            (Role::Agent, Role::Agent) | (Role::Relay, Role::Agent | Role::Relay) | (Role::Hub, _) => {
                Err(Unfit::WrongRole { dialler: self.role, listener: peer.role })
            }
        }
    }

    /// Whether this node, having been dialled, may go on speaking with `peer`.
    ///
    /// A relay serves the agents of its own site, the hub serves relays and agents of everyone; nobody dials an agent.
    pub fn may_serve(&self, peer: &Peer) -> Result<(), Unfit> {
        self.is_another(peer)?;
        match (self.role, peer.role) {
            (Role::Hub, Role::Agent | Role::Relay) => Ok(()),
            (Role::Relay, Role::Agent) => self.is_of_our_site(peer),
            (Role::Agent, _) | (Role::Relay, Role::Relay | Role::Hub) | (Role::Hub, Role::Hub) => {
                Err(Unfit::WrongRole { dialler: peer.role, listener: self.role })
            }
        }
    }

    /// A node that meets its own key meets a copy of itself, or its own listening address.
    fn is_another(&self, peer: &Peer) -> Result<(), Unfit> {
        if peer.node == self.node { Err(Unfit::Ourselves) } else { Ok(()) }
    }

    fn is_of_our_site(&self, peer: &Peer) -> Result<(), Unfit> {
        if peer.client == self.client && peer.site == self.site {
            return Ok(());
        }
        Err(Unfit::OtherSite {
            theirs: format!("{}/{}", peer.client, peer.site),
            ours: format!("{}/{}", self.client, self.site),
        })
    }
}

/// Why a node of this deployment has no business here.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// The roles do not fit.
    #[error("wrong role: {} {dialler} has no business with {} {listener}", article(*dialler), article(*listener))]
    WrongRole {
        /// Who dialled.
        dialler: Role,
        /// Who was dialled.
        listener: Role,
    },
    /// It belongs elsewhere.
    #[error("wrong site: it belongs to {theirs}, this is {ours}")]
    OtherSite {
        /// Its client and site.
        theirs: String,
        /// Ours.
        ours: String,
    },
    /// It is another node than the one that was meant.
    #[error("wrong node: {meant} was meant, {found} answered")]
    OtherNode {
        /// Who was meant.
        meant: NodeId,
        /// Who answered.
        found: NodeId,
    },
    /// It has our own key.
    #[error("it has our own key: a copy of this node, or our own address")]
    Ourselves,
}

fn article(role: Role) -> &'static str {
    match role {
        Role::Agent => "an",
        Role::Relay | Role::Hub => "a",
    }
}

#[cfg(test)]
mod tests {
    use vigie_model::UtcMs;

    use super::*;

    #[test]
    fn an_agent_speaks_with_its_own_relay_and_with_the_hub_only() {
        let agent = standing(1, Role::Agent, "acme", "lyon");
        assert_eq!(agent.may_dial(&peer(2, Role::Relay, "acme", "lyon")), Ok(()));
        assert_eq!(agent.may_dial(&peer(2, Role::Hub, "hub", "hub")), Ok(()));
        for stranger in [
            peer(2, Role::Relay, "acme", "paris"),
            peer(2, Role::Relay, "other", "lyon"),
            peer(2, Role::Agent, "acme", "lyon"),
            peer(1, Role::Relay, "acme", "lyon"),
        ] {
            assert!(agent.may_dial(&stranger).is_err(), "{stranger}");
        }
        assert!(agent.may_serve(&peer(2, Role::Hub, "hub", "hub")).is_err());
    }

    #[test]
    fn a_relay_serves_the_agents_of_its_site_and_dials_the_hub_only() {
        let relay = standing(1, Role::Relay, "acme", "lyon");
        assert_eq!(relay.may_serve(&peer(2, Role::Agent, "acme", "lyon")), Ok(()));
        assert!(relay.may_serve(&peer(2, Role::Agent, "acme", "paris")).is_err());
        assert!(relay.may_serve(&peer(2, Role::Agent, "other", "lyon")).is_err());
        assert!(relay.may_serve(&peer(2, Role::Relay, "acme", "lyon")).is_err());
        assert_eq!(relay.may_dial(&peer(2, Role::Hub, "hub", "hub")), Ok(()));
        assert!(relay.may_dial(&peer(2, Role::Relay, "acme", "lyon")).is_err());
    }

    fn standing(key: u8, role: Role, client: &str, site: &str) -> Standing {
        let node = NodeId::of_key(&[key; 32]);
        Standing { node, role, client: client.parse().unwrap(), site: site.parse().unwrap() }
    }

    fn peer(key: u8, role: Role, client: &str, site: &str) -> Peer {
        Peer {
            node: NodeId::of_key(&[key; 32]),
            role,
            client: client.parse().unwrap(),
            site: site.parse().unwrap(),
            public_key: [key; 32],
            not_before: UtcMs(0),
            not_after: UtcMs(1),
            serial: vec![1],
            formerly: None,
        }
    }
}
