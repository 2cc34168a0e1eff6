//! Whose is a stream that goes to another engine? As the roster says, and so as queries show it.

use std::sync::Arc;

use vigie_forward::Owners;
use vigie_model::{NodeId, Role, Slug, StreamId, pushed_place};
use vigie_query::Owner;

use crate::registry::Registry;

/// The roster, asked for owners.
#[derive(Debug)]
pub(crate) struct Roster {
    pub(crate) registry: Arc<Registry>,
    /// The hub itself, to which others push for many.
    pub(crate) hub: NodeId,
}

impl Owners for Roster {
    fn owner(&self, stream: StreamId, name: &str) -> Option<Owner> {
        if stream.agent == self.hub {
            return pushed_place(name).map(|(client, site)| place(&client, &site));
        }
        // A roster that can not be read knows nobody; what is not known waits.
        let row = self.registry.node(stream.agent).ok().flatten().filter(|row| !row.revoked)?;
        match row.role {
            Role::Relay => Some(place(&row.client, &row.site)),
            Role::Agent => {
                Some(Owner { machine: row.name, machine_id: stream.agent.to_string(), ..place(&row.client, &row.site) })
            }
            Role::Hub => None,
        }
    }
}

/// What was pushed belongs to a place and to no machine.
fn place(client: &Slug, site: &Slug) -> Owner {
    Owner { client: client.to_string(), site: site.to_string(), machine: String::new(), machine_id: String::new() }
}
