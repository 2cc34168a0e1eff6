//! What is there when the agent starts: its store, its state, and whom it dials.

use std::path::Path;
use std::sync::Arc;

use tracing::warn;
use vigie_net::{Identity, Target};
use vigie_node::{Failed, open_state_told};
use vigie_store::{Log, OpenReport, Options, State};

use crate::config::Config;

pub(super) fn targets(config: &Config, identity: &Identity) -> Vec<Target> {
    let relays = config.relays.clone().unwrap_or_else(|| identity.facts().relay_addrs.clone());
    let hub = config.hub.clone().unwrap_or_else(|| identity.facts().hub_addrs.clone());
    let hub = if config.relay_only { Vec::new() } else { hub };
    relays.into_iter().chain(hub).map(Target::at).collect()
}

pub(super) fn open_state(data: &Path) -> Result<(Arc<State>, u32, bool), Failed> {
    let (state, lost) = open_state_told(data)?;
    let boot_no = vigie_node::boot_no(&state)?;
    Ok((Arc::new(state), boot_no, lost))
}

pub(super) fn open_log(config: &Config) -> Result<(Log, OpenReport), Failed> {
    let options = Options { floor: config.keep, ..Options::agent(config.buffer_bytes) };
    let (log, report) = Log::open(&config.data, options)?;
    if report.unclean || report.damaged {
        warn!(?report, "the store was not closed in order; it was checked");
    }
    Ok((log, report))
}

/// The same for a node at every start, and different between nodes: it spreads renewals.
pub(super) fn chance(identity: &Identity) -> u32 {
    let [a, b, c, d, ..] = *identity.node().as_bytes();
    u32::from_be_bytes([a, b, c, d])
}
