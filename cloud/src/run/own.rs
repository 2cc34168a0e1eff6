//! What a hub opens of its own: its identity, its store, and what it tells of both.

use std::path::Path;
use std::sync::Arc;

use tracing::warn;
use vigie_lookout::CertificateEnds;
use vigie_merge::Scope;
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_net::{Ca, Endpoint, Facts, Identity, NodeKey, renewal_due};
use vigie_node::{Failed, identity_folder};
use vigie_store::{Log, Options};

use crate::config::Config;
use crate::registry::Registry;

/// The hub's identity, with a certificate that is not yet due for renewal.
pub(super) fn own_identity(config: &Config, ca: &Ca, now: UtcMs) -> Result<Identity, Failed> {
    let folder = identity_folder(&config.data);
    if let Ok(identity) = Identity::load(&folder, Role::Hub)
        && now < renewal_due(identity.validity(), u32::MAX / 2)
        && identity.facts().hub_addrs == config.advertise
    {
        return Ok(identity);
    }
    let key = NodeKey::load_or_generate(&Identity::key_file(&folder))?;
    let place: Slug = "hub".parse()?;
    let issued = ca.issue(&key.csr()?, Role::Hub, &place, &place, config.leaf_life, now)?;
    let facts = Facts { hub_key: key.public_key(), hub_addrs: config.advertise.clone(), relay_addrs: Vec::new() };
    let identity = Identity::new(key, &issued.chain, facts)?;
    identity.save(&folder)?;
    Ok(identity)
}

pub(super) fn open_log(config: &Config) -> Result<Log, Failed> {
    let (log, report) = Log::open(Path::new(&config.data), Options::hub(config.store_bytes))?;
    if report.unclean || report.damaged {
        warn!(?report, "the store was not closed in order; it was checked");
    }
    Ok(log)
}

/// The relays, whose word a deletion waits for before it is forgotten, and what each sees; none where that can not be read.
pub(super) fn relays_of(registry: &Registry) -> Option<Vec<(NodeId, Scope)>> {
    let nodes = registry.nodes().ok()?;
    let relays = nodes.into_iter().filter(|row| row.role == Role::Relay && !row.revoked);
    relays.map(|row| Some((row.node.parse().ok()?, Scope::Site(row.client, row.site)))).collect()
}

/// When the certificate that others see ends.
pub(super) fn certificate_ends(endpoint: Endpoint) -> CertificateEnds {
    Arc::new(move || endpoint.identity().validity().not_after)
}
