//! How do two nodes talk so that nothing is lost and the urgent comes first?
//!
//! One conversation for every hop: agent to relay, relay to hub, agent to hub. Hops differ by a [`LinkProfile`] and by
//! what each side holds, never by code. [`Replica`] is the mind of a node: it is told what happened ([`Input`]) and
//! wishes what should be done ([`Output`]). Knows no sockets, no disks, no clock and no chance.
//!
//! An acknowledgement can only follow from [`Input::Facts`], which only a store that has committed can say: durability
//! before acknowledgement holds by construction.

mod allowance;
pub mod carry;
mod inbound;
pub mod keep;
mod lane;
mod ledger;
pub mod lives;
pub mod noted;
pub mod origin;
mod outbound;
mod profile;
mod replica;
pub mod rows;
mod session;
mod sessions;
mod talk;
mod unbacked;
mod window;

pub use allowance::Allowance;
pub use lane::Lane;
pub use ledger::Ledger;
pub use profile::{LinkKind, LinkProfile, ProfileError, Redial, Sends};
pub use replica::{Me, Replica, receipted};
pub use talk::{Answer, Ask, CloseWhy, Errand, Event, Input, Output, PeerIs, RowsWish, SessionId, Token, Way};
