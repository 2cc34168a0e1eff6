//! Lets nodes in: checks the token, notes the node, gives the certificate.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tracing::{info, warn};
use vigie_fleet::{Fleet, Known};
use vigie_model::{NodeId, Role};
use vigie_net::{
    Admission, Admitted, Ca, EnrolRequest, Identity, Parting, Peer, Refused, RefusedWhy, public_key_of_csr,
};
use vigie_node::{Command, NodeClock, NodeHandle};

use crate::joining::Heard;
use crate::registry::{NodeRow, Registry};

/// What admission needs.
#[derive(Debug)]
pub(crate) struct Gate {
    pub(crate) registry: Arc<Registry>,
    pub(crate) ca: Arc<Ca>,
    pub(crate) identity: Arc<Identity>,
    pub(crate) fleet: Arc<Fleet>,
    pub(crate) handle: NodeHandle,
    pub(crate) clock: NodeClock,
    pub(crate) leaf_life: Duration,
    pub(crate) hub_addrs: Vec<String>,
    /// What is told of those who were turned away.
    pub(crate) heard: Arc<Heard>,
}

impl Admission for Gate {
    async fn admit(&self, request: EnrolRequest, from: SocketAddr) -> Result<Admitted, Refused> {
        let now = self.clock.now().utc;
        let key = public_key_of_csr(&request.csr).map_err(|_| Refused::new(RefusedWhy::BadRequest))?;
        let node = NodeId::of_key(&key);
        if request.role == Role::Hub {
            return Err(Refused::new(RefusedWhy::WrongRole));
        }
        let admitted = self.registry.admit(&request, node, &from.ip().to_string(), now);
        let (row, proof_key) = admitted.inspect_err(|refused| self.heard.refused(&request, refused, from, now))?;
        let issued = self
            .ca
            .issue(&request.csr, row.role, &row.client, &row.site, self.leaf_life, now)
            .map_err(|error| Refused::saying(RefusedWhy::BadRequest, error.to_string()))?;
        let relay_addrs = self
            .registry
            .relays_of(&row.client, &row.site)
            .map_err(|failed| Refused::saying(RefusedWhy::NotNow, failed.text))?;
        info!(%node, role = %row.role, client = %row.client, site = %row.site, name = row.name, %from, "enrolled");
        self.known(&row);
        Ok(Admitted {
            chain: issued.chain,
            client: row.client,
            site: row.site,
            hub_key: self.identity.key().public_key(),
            hub_addrs: self.hub_addrs.clone(),
            relay_addrs,
            proof_key,
        })
    }

    /// Whoever is still on the roster gets the next certificate: an end that passed while a site was cut off, or a machine
    /// switched off, takes nobody's data.
    async fn readmit(&self, peer: Peer, csr: Vec<u8>, from: SocketAddr) -> Result<[Vec<u8>; 2], Refused> {
        let row = self.registry.node(peer.node).map_err(|failed| Refused::saying(RefusedWhy::NotNow, failed.text))?;
        if row.is_none_or(|row| row.revoked) {
            return Err(Refused::saying(RefusedWhy::Revoked, "the node is not enrolled here any more; enrol it anew"));
        }
        let issued = self
            .ca
            .renew(&csr, &peer, self.leaf_life, self.clock.now().utc)
            .map_err(|error| Refused::saying(RefusedWhy::BadRequest, error.to_string()))?;
        info!(node = %peer.node, %from, "came back with a certificate that had ended, and got the next");
        Ok(issued.chain)
    }

    async fn part(&self, parting: Parting, from: SocketAddr) -> Result<[Vec<u8>; 2], Refused> {
        let now = self.clock.now().utc;
        let key = public_key_of_csr(&parting.csr).map_err(|_| Refused::new(RefusedWhy::BadRequest))?;
        let row = self.registry.part(&parting, NodeId::of_key(&key), &from.ip().to_string(), now)?;
        let standing = row.standing().ok_or_else(|| Refused::new(RefusedWhy::BadRequest))?;
        let issued = self
            .ca
            .issue_as(&parting.csr, standing, row.formerly(), self.leaf_life, now)
            .map_err(|error| Refused::saying(RefusedWhy::BadRequest, error.to_string()))?;
        warn!(of = %parting.peer, node = row.node, name = row.name, certain = parting.certain, %from, "a machine runs \
            twice: its copy is a node of its own from now on");
        self.known(&row);
        Ok(issued.chain)
    }
}

impl Gate {
    /// Tells mind and fleet that a node belongs here.
    pub(crate) fn known(&self, row: &NodeRow) {
        let Ok(node) = row.node.parse::<NodeId>() else { return };
        if row.revoked {
            return self.fleet.removed(node);
        }
        let (role, client, site) = (row.role, row.client.clone(), row.site.clone());
        self.handle.command(Command::Enrolled(node, (client.clone(), site.clone())));
        self.fleet.enrolled(Known { node, role, client, site, name: row.name.clone() });
    }
}
