//! How far has what is shown of an alert come?

use vigie_alerts::Alert;
use vigie_merge::Key;
use vigie_model::{NodeId, Role};
use vigie_serve::Reached;
use vigie_store::rows::Reaching;

use crate::mutes::place_of;
use crate::watchman::{Watchman, lock};

/// Alerts of which the store is asked at once how far they have come: some milliseconds.
const ASKED_AT_ONCE: usize = 128;

impl Watchman {
    /// How far the rows of each alert have come. What concerns no site, or one without a relay, is the hub's own.
    pub(crate) fn reached(&self, alerts: &[&Alert]) -> Vec<Reached> {
        let relays: Vec<Vec<NodeId>> = match self.role {
            Role::Hub => {
                let presence = lock(&self.presence);
                let of = |alert: &&Alert| match place_of(&alert.place.scope) {
                    (Some(client), Some(site)) => presence.relays_of(client, site),
                    _ => Vec::new(),
                };
                alerts.iter().map(of).collect()
            }
            _ => vec![Vec::new(); alerts.len()],
        };
        let is_asked = |relays: &Vec<NodeId>| self.role != Role::Hub || !relays.is_empty();
        let each = || alerts.iter().zip(&relays);
        let asked = each().filter(|(_, relays)| is_asked(relays));
        let asked: Vec<(&Alert, &Vec<NodeId>)> = asked.map(|(alert, relays)| (*alert, relays)).collect();
        let question =
            |(alert, relays): &(&Alert, &Vec<NodeId>)| Reaching { peers: relays.to_vec(), keys: rows_of(alert) };
        // In portions: while they are looked up nobody writes a row.
        let portions = asked.chunks(ASKED_AT_ONCE).map(|some| some.iter().map(question).collect());
        let mut have = portions.flat_map(|some| self.rows.have_each(some));
        let reached = |relays: &Vec<NodeId>| match (!is_asked(relays) || have.next() == Some(true), self.role) {
            (true, _) => Reached::Everywhere,
            (false, Role::Relay) => Reached::Site,
            (false, _) => Reached::Queued,
        };
        relays.iter().map(reached).collect()
    }
}

/// The rows of which something is shown: where nothing was decided there is none, and none has to come anywhere.
fn rows_of(alert: &Alert) -> Vec<Key> {
    alert.parts().filter_map(|part| alert.place.key(part).ok()).collect()
}
