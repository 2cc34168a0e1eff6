//! How does a node live? One loop joins the mind (`vigie-sync`), the store and the connections.
//!
//! The loop owns the mind and is alone in touching it, so nothing in it needs a lock. What a role adds (measuring,
//! serving people, enrolling) speaks with the loop by [`Command`]s and hears of it by [`Happening`]s.

mod clock;
mod keeper;
mod node;
mod outlet;
mod view;

pub use clock::{NodeClock, boot_moment};
pub use keeper::{Keeper, KeeperOptions, KeptBack};
pub use node::{Command, Happening, Node, NodeHandle, NodeSetup};
pub use view::{SessionView, View};
