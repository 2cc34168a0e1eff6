//! How is a notice known again, by whoever told it and however often?

use std::fmt;

use serde::{Deserialize, Serialize};
use vigie_model::UtcMs;

use super::alert::{Change, Instance};

/// Half of a BLAKE3 hash: enough that no two are ever the same by chance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Digest16(pub [u8; 16]);

impl fmt::Display for Digest16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest16 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// What a receiver drops doubles by: the same from relay and hub, before and after a restart, at each attempt.
pub type Key = Digest16;

/// One change of one instance as one route tells it; what relay and hub tell each other they have told.
pub type Mark = Digest16;

/// The mark of a change on a route.
pub fn mark(route: &str, instance: Instance, change: Change) -> Mark {
    hash("mark", &[route.as_bytes(), &change_bytes(instance, change)])
}

/// The key of a notice to a receiver.
///
/// Of all the changes it tells, not of the first: two sides that grouped differently have different keys then, and a
/// receiver may see one change twice. With the first alone it would drop a notice with a change it never saw.
pub(crate) fn key(route: &str, receiver: &str, kind: &str, changes: &[(Instance, Change)], round: u64) -> Key {
    let mut changes: Vec<[u8; 25]> =
        changes.iter().map(|(instance, change)| change_bytes(*instance, *change)).collect();
    changes.sort_unstable();
    hash("key", &[route.as_bytes(), receiver.as_bytes(), kind.as_bytes(), &changes.concat(), &round.to_be_bytes()])
}

/// The key of a test: another each time.
pub(crate) fn test_key(channel: &str, to: &str, now: UtcMs) -> Key {
    hash("test", &[channel.as_bytes(), to.as_bytes(), &now.0.to_be_bytes()])
}

/// The key of a letter to one person: another each time.
pub(crate) fn letter_key(to: &str, subject: &str, now: UtcMs) -> Key {
    hash("letter to a person", &[to.as_bytes(), subject.as_bytes(), &now.0.to_be_bytes()])
}

fn change_bytes(instance: Instance, change: Change) -> [u8; 25] {
    let mut bytes = [0; 25];
    bytes[..16].copy_from_slice(&instance.alert.0.0);
    bytes[16..24].copy_from_slice(&instance.began.0.to_be_bytes());
    bytes[24] = match change {
        Change::Began => 0,
        Change::Ended => 1,
        Change::Acknowledged => 2,
    };
    bytes
}

/// A hash of parts, none of which can pass for the end of another.
pub(crate) fn hash(what: &str, parts: &[&[u8]]) -> Digest16 {
    let mut hasher = blake3::Hasher::new_derive_key("vigie notify 1");
    for part in std::iter::once(what.as_bytes()).chain(parts.iter().copied()) {
        hasher.update(&(part.len() as u64).to_be_bytes());
        hasher.update(part);
    }
    let mut half = [0; 16];
    half.copy_from_slice(&hasher.finalize().as_bytes()[..16]);
    Digest16(half)
}

#[cfg(test)]
mod tests {
    use super::super::alert::AlertId;
    use super::*;

    fn instance(alert: u8, began: i64) -> Instance {
        Instance { alert: AlertId(Digest16([alert; 16])), began: UtcMs(began) }
    }

    #[test]
    fn a_key_does_not_know_in_which_order_changes_came() {
        let (a, b) = ((instance(1, 5), Change::Began), (instance(2, 3), Change::Ended));
        assert_eq!(key("r", "", "firing", &[a, b], 0), key("r", "", "firing", &[b, a], 0));
    }

    #[test]
    fn what_is_told_differently_has_another_key() {
        let a = (instance(1, 5), Change::Began);
        let all = [
            key("r", "", "firing", &[a], 0),
            key("s", "", "firing", &[a], 0),
            key("r", "x@y", "firing", &[a], 0),
            key("r", "", "firing", &[a], 1),
            key("r", "", "firing", &[(instance(1, 6), Change::Began)], 0),
            key("r", "", "firing", &[(instance(1, 5), Change::Ended)], 0),
            key("r", "", "digest", &[a], 0),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(!all[..at].contains(one), "{at}");
        }
    }

    #[test]
    fn a_key_is_the_same_in_every_version_of_the_program() {
        let of = key("night", "", "firing", &[(instance(7, 1_700_000_000_000), Change::Began)], 0);
        assert_eq!(of.to_string(), "39c9afb21c0914cc381449b28a8157c4");
    }
}
