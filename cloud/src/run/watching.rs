//! Who looks on at a hub: rules and those whom they tell, work that waits, and other systems that samples are passed on to.

use std::sync::Arc;

use vigie_forward::{Forwarder, Setup};
use vigie_lookout::{Body, Parts};
use vigie_model::Role;
use vigie_node::{Failed, NodeClock, host_name};

use super::noded::Noded;
use super::own::certificate_ends;
use super::stores::Stores;
use crate::config::Config;
use crate::devices::Phones;
use crate::jobs::{Book, Upkept};
use crate::owners::Roster;

/// All that watches.
pub(super) struct Watching {
    pub(super) lookout: Body,
    pub(super) phones: Arc<Phones>,
    pub(super) book: Arc<Book>,
    pub(super) upkept: Arc<Upkept>,
    pub(super) forwarder: Arc<Forwarder>,
}

impl Watching {
    pub(super) fn begin(config: &Config, stores: &Stores, noded: &Noded, clock: &NodeClock) -> Result<Self, Failed> {
        let (state, hub) = (stores.state.clone(), stores.identity.node());
        let phones = Arc::new(Phones::open(state.clone(), &config.outgoing, clock.clone())?);
        let book = Arc::new(Book::open(state.clone(), clock.clone())?);
        let upkept = Arc::new(Upkept { book: book.clone(), plans_backups: config.backup.is_some() });
        let lookout = Body::start(Parts {
            sight: noded.fleet.clone(),
            rows: stores.rows.clone(),
            state: state.clone(),
            node: hub,
            role: Role::Hub,
            name: host_name(),
            home: None,
            config: config.alerts.clone().with_devices(phones.post()),
            certificate_ends: certificate_ends(noded.endpoint.clone()),
            stated: {
                let (quotas, upkept) = (stores.quotas.clone(), upkept.clone());
                Arc::new(move || [quotas.stated(), upkept.stated()].concat())
            },
            clock: clock.clone(),
        })?;
        let owners = Arc::new(Roster { registry: stores.registry.clone(), hub });
        let setup = Setup { log: noded.handle.log(), state, owners, clock: clock.clone() };
        let forwarder = Arc::new(Forwarder::start(config.forward.clone(), &setup)?);
        stores.terms.rule(noded.handle.log());
        Ok(Self { lookout, phones, book, upkept, forwarder })
    }
}
