//! What does a relay or a hub know of its machines, and how is it shown and asked?
//!
//! [`Fleet`] is told what happens on the node and answers everything that `vigie-serve` asks: sites and machines with
//! their reachability, ledgers, and samples from the log with the newest ticks, not yet durable, laid over them.
//! Decides nothing and sends nothing.

mod asked;
mod buffer;
mod catalogue;
mod definitions;
mod described;
mod draining;
mod fleet;
mod grain;
mod holes;
mod inventory;
mod label_cache;
mod lasts;
mod ledgers;
mod lookout;
mod machines;
mod memory;
mod newest;
mod own;
mod pieces;
mod portions;
mod raw;
mod recent;
mod rolled;
mod samples;
mod sighted;
mod sites;
mod source;
mod spread;
mod systems;
mod vouching;

pub use fleet::{Fleet, Known, Upstream};
pub use own::SaysOwn;
pub use sighted::Sighted;
pub use source::PushedHere;
pub use vouching::{Answers, Spoken, Word};
