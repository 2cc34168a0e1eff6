//! The hub as a node among nodes: its connections, what they bring, and what is seen of all of them.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use vigie_codec::VerifyingKey;
use vigie_fleet::Fleet;
use vigie_intake::Pushed;
use vigie_lookout::told_of_nothing;
use vigie_model::{ClockSource, Role, UtcMs};
use vigie_net::{Endpoint, EndpointConfig, SharedRevocations, TrustedTime};
use vigie_node::{Command, Failed, Happening, KeeperOptions, Node, NodeClock, NodeHandle, NodeSetup, host_name};
use vigie_store::Log;
use vigie_sync::{LinkKind, LinkProfile, Me};

use super::own::relays_of;
use super::stores::Stores;
use crate::admission::Gate;
use crate::config::Config;
use crate::joining::{Heard, Joining};

/// Sites and agents without a relay, and as many again while they reconnect.
const MAX_CONNECTIONS: usize = 20_000;

/// The node, which runs once somebody says so, and who listens to it.
pub(super) struct Noded {
    pub(super) node: Node,
    pub(super) handle: NodeHandle,
    pub(super) happenings: mpsc::Receiver<Happening>,
    pub(super) endpoint: Endpoint,
    pub(super) revocations: SharedRevocations,
    pub(super) fleet: Arc<Fleet>,
    pub(super) pushed: Pushed,
}

impl Noded {
    pub(super) fn begin(
        config: &Config,
        stores: &Stores,
        log: Log,
        clock: &NodeClock,
        now: UtcMs,
    ) -> Result<Self, Failed> {
        let Stores { rows, registry, identity, .. } = stores;
        let store_epoch = registry.hub_epoch(log.epoch(), now)?;
        let key = identity.key().signing_key().clone();
        let name = host_name();
        let me = Me {
            node: identity.node(),
            role: Role::Hub,
            name: name.clone(),
            software: env!("CARGO_PKG_VERSION").to_owned(),
            store_epoch,
            hub_key: VerifyingKey::from(&key),
            receipt_key: Some(key.clone()),
        };
        let wan = LinkProfile::of(LinkKind::Wan);
        let revocations = SharedRevocations::new(registry.revocations()?);
        let endpoint_config = EndpointConfig::dialling(identity.clone(), wan.clone(), TrustedTime::system(UtcMs(0)))
            .accepting(wan.clone(), MAX_CONNECTIONS)
            .with_revocations(revocations.clone());
        let endpoint = Endpoint::bind(endpoint_config, config.listen)?;
        let keeper =
            KeeperOptions { group: Duration::from_millis(500), tidy_every: Duration::from_secs(60), gap_key: None };
        let (node, handle, happenings) = Node::new(NodeSetup {
            me,
            endpoint: endpoint.clone(),
            listens: true,
            uplink: None,
            up: wan.clone(),
            down: wan,
            log,
            keeper,
            rows: rows.clone(),
            clock: clock.clone(),
        })?;
        let relays = registry.clone();
        tokio::spawn(handle.rows().clone().tend(move || relays_of(&relays), told_of_nothing));
        handle.command(Command::Clock(0, ClockSource::Hub));
        let fleet = Arc::new(Fleet::new((identity.node(), Role::Hub, name), None, None, handle.clone(), clock.clone()));
        let pushed =
            Pushed::open(handle.clone(), clock.clone(), (identity.node(), key), vigie_intake::Limits::default())
                .map_err(|error| Failed::new(1, format!("what was pushed before can not be read: {error}")))?;
        fleet.take_in(Arc::new(pushed.clone()));
        tokio::spawn(pushed.clone().tend());
        Ok(Self { node, handle, happenings, endpoint, revocations, fleet, pushed })
    }

    /// Who decides of nodes that come, and who shows people how far they are.
    pub(super) fn doors(
        &self,
        config: &Config,
        stores: &Stores,
        clock: &NodeClock,
    ) -> Result<(Arc<Gate>, Arc<Joining>), Failed> {
        let heard = Arc::new(Heard::default());
        let gate = Arc::new(Gate {
            registry: stores.registry.clone(),
            ca: stores.ca.clone(),
            identity: stores.identity.clone(),
            fleet: self.fleet.clone(),
            handle: self.handle.clone(),
            clock: clock.clone(),
            leaf_life: config.leaf_life,
            hub_addrs: config.advertise.clone(),
            heard: heard.clone(),
        });
        let joining = Arc::new(Joining {
            registry: stores.registry.clone(),
            ca: stores.ca.clone(),
            hub_addrs: config.advertise.clone(),
            clock: clock.clone(),
            heard,
        });
        stores.registry.nodes()?.iter().for_each(|row| gate.known(row));
        Ok((gate, joining))
    }
}
