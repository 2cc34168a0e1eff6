//! A small deployment for tests: an authority, and nodes with identities on loopback or in memory.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used)]

pub mod memory;
pub mod stranger;

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use vigie_model::{Role, UtcMs};
use vigie_net::{
    Accepted, Ca, Connection, Endpoint, EndpointConfig, Facts, Identity, Listener, NodeKey, SharedRevocations,
    TrustedTime,
};
use vigie_sync::{LinkKind, LinkProfile};

pub const NOW: UtcMs = UtcMs(1_800_000_000_000);
pub const DAY_MS: i64 = 24 * 3_600_000;

pub struct Deployment {
    pub ca: Ca,
    pub hub_key: NodeKey,
    pub revocations: SharedRevocations,
}

impl Deployment {
    pub fn new(seed: u8) -> Self {
        let ca = Ca::create(&key(seed), UtcMs(NOW.0 - 400 * DAY_MS)).unwrap();
        Self { ca, hub_key: key(seed + 1), revocations: SharedRevocations::default() }
    }

    pub fn hub(&self) -> Arc<Identity> {
        self.node(&self.hub_key, Role::Hub, "hub", "hub")
    }

    pub fn relay(&self, seed: u8) -> Arc<Identity> {
        self.node(&key(seed), Role::Relay, "acme", "lyon")
    }

    pub fn agent(&self, seed: u8) -> Arc<Identity> {
        self.node(&key(seed), Role::Agent, "acme", "lyon")
    }

    pub fn node(&self, key: &NodeKey, role: Role, client: &str, site: &str) -> Arc<Identity> {
        self.node_at(key, role, client, site, UtcMs(NOW.0 - DAY_MS))
    }

    pub fn node_at(&self, key: &NodeKey, role: Role, client: &str, site: &str, issued: UtcMs) -> Arc<Identity> {
        let (client, site) = (client.parse().unwrap(), site.parse().unwrap());
        let life = Duration::from_secs(90 * 24 * 3_600);
        let issued = self.ca.issue(&key.csr().unwrap(), role, &client, &site, life, issued).unwrap();
        Arc::new(Identity::new(key.clone(), &issued.chain, self.facts()).unwrap())
    }

    pub fn facts(&self) -> Facts {
        Facts { hub_key: self.hub_key.public_key(), hub_addrs: vec![], relay_addrs: vec![] }
    }

    pub fn config(&self, identity: Arc<Identity>) -> EndpointConfig {
        let config = EndpointConfig::dialling(identity.clone(), LinkProfile::of(LinkKind::Lan), clock())
            .with_revocations(self.revocations.clone());
        match identity.role() {
            Role::Agent => config,
            Role::Relay | Role::Hub => config.accepting(LinkProfile::of(LinkKind::Lan), 64),
        }
    }

    pub fn endpoint(&self, identity: Arc<Identity>) -> Endpoint {
        Endpoint::bind(self.config(identity), loopback()).unwrap()
    }

    /// An agent's connection to a relay, seen from both ends.
    pub async fn pair(&self) -> (Connection, Connection) {
        let relay = self.endpoint(self.relay(20));
        let agent = self.endpoint(self.agent(30));
        let mut door = relay.listen();
        let up = agent.dial(relay.local_address().unwrap(), None).await.unwrap();
        (up, session(&mut door).await)
    }
}

pub fn key(seed: u8) -> NodeKey {
    NodeKey::from_random_bytes([seed; 32])
}

pub fn clock() -> TrustedTime {
    TrustedTime::with_clock(UtcMs(0), || NOW)
}

pub fn loopback() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 0).into()
}

pub async fn session(door: &mut Listener) -> Connection {
    match door.next().await {
        Some(Accepted::Session(connection)) => connection,
        other => panic!("a session was expected, not {other:?}"),
    }
}
