//! What does a relay carry for others, besides samples?
//!
//! Certificate requests up and answers down, the hub's list of lost rights to every agent, and enrolments of machines that
//! have no route to the hub. It can delay each of them and change none: all are proven end to end.

use std::collections::BTreeMap;

use tracing::{info, warn};
use vigie_codec::wire::Opaque;
use vigie_model::{NodeId, Role};
use vigie_net::{Endpoint, Enrolment, forward_enrolment};
use vigie_node::{Command, NodeHandle};
use vigie_sync::{Errand, PeerIs, SessionId, Way};

/// Enrolments carried at once: each is a connection of a stranger and one to the hub.
const MAX_ENROLMENTS: usize = 16;

/// Who is where, for what is carried.
#[derive(Debug, Default)]
pub(crate) struct Errands {
    agents: BTreeMap<NodeId, SessionId>,
    up: Option<SessionId>,
    /// Requests of agents that are here, until they are answered: the hub may be out of reach when they ask.
    waiting: BTreeMap<NodeId, Opaque>,
    revoked: Option<Opaque>,
    enrolments: tokio::task::JoinSet<()>,
}

impl Errands {
    pub(crate) fn connected(&mut self, session: SessionId, peer: &PeerIs, handle: &NodeHandle) {
        match peer.way {
            Way::Up => {
                self.up = Some(session);
                for ask in self.waiting.values() {
                    handle.command(Command::Pass(session, Errand::CertAsk(ask.clone())));
                }
            }
            Way::Down if peer.role == Role::Agent => {
                self.agents.insert(peer.node, session);
                if let Some(list) = self.revoked.clone() {
                    handle.command(Command::Pass(session, Errand::Revoked(list)));
                }
            }
            Way::Down => {}
        }
    }

    pub(crate) fn disconnected(&mut self, session: SessionId, node: NodeId) {
        self.up.take_if(|up| *up == session);
        if self.agents.get(&node) == Some(&session) {
            self.agents.remove(&node);
            self.waiting.remove(&node);
        }
    }

    /// An agent's request goes up, if it asks for itself.
    pub(crate) fn asked(&mut self, session: SessionId, ask: Opaque, handle: &NodeHandle) {
        if self.agents.get(&ask.node) != Some(&session) {
            warn!(node = %ask.node, "a node asked for another node's certificate; not carried");
            return;
        }
        if let Some(up) = self.up {
            handle.command(Command::Pass(up, Errand::CertAsk(ask.clone())));
        }
        self.waiting.insert(ask.node, ask);
    }

    /// An answer goes down to who asked.
    pub(crate) fn told(&mut self, answer: Opaque, handle: &NodeHandle) {
        self.waiting.remove(&answer.node);
        if let Some(session) = self.agents.get(&answer.node) {
            handle.command(Command::Pass(*session, Errand::CertTell(answer)));
        }
    }

    /// The list of lost rights goes to everyone, and to those who come later.
    pub(crate) fn revoked(&mut self, list: Opaque, handle: &NodeHandle) {
        for session in self.agents.values() {
            handle.command(Command::Pass(*session, Errand::Revoked(list.clone())));
        }
        self.revoked = Some(list);
    }

    /// Somebody without a certificate is at the door.
    pub(crate) fn enrolment(&mut self, enrolment: Enrolment, endpoint: &Endpoint, hub: &[String]) {
        while self.enrolments.try_join_next().is_some() {}
        if self.enrolments.len() >= MAX_ENROLMENTS {
            return enrolment.refuse();
        }
        let (endpoint, hub, from) = (endpoint.clone(), hub.to_vec(), enrolment.address());
        self.enrolments.spawn(async move {
            match forward_enrolment(enrolment, &endpoint, &hub).await {
                Ok(()) => info!(%from, "carried an enrolment to the hub"),
                Err(error) => warn!(%from, %error, "an enrolment could not be carried"),
            }
        });
    }
}
