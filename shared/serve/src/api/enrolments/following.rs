//! How far is somebody who joined?

use std::cell::OnceCell;
use std::collections::BTreeMap;

use vigie_model::{NodeId, Role};

use crate::door::Caller;
use crate::shared::Shared;
use crate::{Enrolment, Joined, Link, Reach, Reachability};

/// What is heard of those who joined, for who may look at them.
pub(super) struct Following<'a> {
    app: &'a Shared,
    caller: &'a Caller,
    /// Links to relays, once somebody asks about one.
    links: OnceCell<BTreeMap<NodeId, Link>>,
}

impl<'a> Following<'a> {
    pub(super) fn of(app: &'a Shared, caller: &'a Caller) -> Self {
        Self { app, caller, links: OnceCell::new() }
    }

    /// With what is heard of each that joined.
    pub(super) fn followed(&self, mut one: Enrolment) -> Enrolment {
        if self.caller.sees_at(Some(&one.client), Some(&one.site)) {
            one.joined.iter_mut().for_each(|joined| self.follow(joined));
        }
        one
    }

    fn follow(&self, joined: &mut Joined) {
        match joined.role {
            Role::Agent => {
                let machine = self.app.lookout.machine(joined.id);
                joined.reachability = machine.as_ref().map(|machine| machine.reachability);
                joined.last_sample = machine.and_then(|machine| machine.last_sample);
            }
            Role::Relay => joined.reachability = self.links().get(&joined.id).map(reach),
            Role::Hub => {}
        }
    }

    fn links(&self) -> &BTreeMap<NodeId, Link> {
        self.links.get_or_init(|| {
            let relays = self.app.lookout.sites().into_iter().flat_map(|site| site.relays);
            relays.map(|relay| (relay.id, relay.link)).collect()
        })
    }
}

/// A relay is heard by its link alone.
fn reach(link: &Link) -> Reach {
    let state = match (link.connected, link.since) {
        (true, _) => Reachability::Live,
        (false, Some(_)) => Reachability::Cut,
        (false, None) => Reachability::Unseen,
    };
    Reach { state, since: link.since }
}
