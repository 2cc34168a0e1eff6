//! How do two nodes talk so that nothing is lost and the urgent comes first?
//!
//! One conversation for every hop: agent to relay, relay to hub, agent to hub. Hops differ by a [`LinkProfile`] and by
//! what each side holds, never by code. Knows no sockets, no disks, no clock and no chance.

mod lane;
mod profile;

pub use lane::Lane;
pub use profile::{LinkKind, LinkProfile, ProfileError, Redial};
