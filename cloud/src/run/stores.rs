//! What a hub finds in its data folder, or makes there at its first start.

use std::collections::BTreeSet;
use std::sync::Arc;

use vigie_model::{Role, UtcMs};
use vigie_net::{Ca, Identity};
use vigie_node::{Failed, NodeClock, NodeRows, open_state_told};
use vigie_store::{Log, State};

use super::own::{open_log, own_identity};
use crate::clients;
use crate::config::Config;
use crate::quotas::Quotas;
use crate::registry::Registry;
use crate::retention::Terms;

/// All that is kept, open. The log goes to the node, and is asked for there from then on.
pub(super) struct Stores {
    pub(super) state: Arc<State>,
    pub(super) rows: NodeRows,
    pub(super) registry: Arc<Registry>,
    pub(super) ca: Arc<Ca>,
    pub(super) identity: Arc<Identity>,
    /// The routes of the hub's own file.
    pub(super) in_file: BTreeSet<String>,
    pub(super) terms: Arc<Terms>,
    pub(super) quotas: Arc<Quotas>,
}

impl Stores {
    pub(super) fn open(config: &Config, clock: &NodeClock, now: UtcMs) -> Result<(Self, Log), Failed> {
        let (state, lost) = open_state_told(&config.data)?;
        let state = Arc::new(state);
        // What others go by is this clock.
        clock.vouch();
        let registry = Arc::new(Registry::new(state.clone()));
        let ca = Arc::new(Ca::load_or_create(&config.data.join("ca"), now)?);
        let identity = Arc::new(own_identity(config, &ca, now)?);
        let in_file: BTreeSet<String> = config.alerts.routes();
        let mut log = open_log(config)?;
        // Before anybody reads of it: what is let go of here stands in nobody's memory.
        clients::begin(&state, &mut log, identity.node(), &in_file, now);
        let whose = (state.clone(), registry.clone(), clock.clone());
        let terms = Arc::new(Terms::open(config.retention.clone(), whose.clone(), identity.node())?);
        let quotas = Arc::new(Quotas::open(whose, identity.node())?);
        log.fold_into(terms.rollups());
        let rows = NodeRows::open(state.clone(), (identity.node(), Role::Hub), None, UtcMs(0), lost, clock.clone())?;
        if config.take_back_rows {
            rows.take_back();
        }
        Ok((Self { state, rows, registry, ca, identity, in_file, terms, quotas }, log))
    }
}
