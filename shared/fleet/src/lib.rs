//! What does a relay or a hub know of its machines, and how is it shown and asked?
//!
//! [`Fleet`] is told what happens on the node and answers everything that `vigie-serve` asks: sites and machines with
//! their reachability, ledgers, and samples from the log with the newest ticks, not yet durable, laid over them.
//! Decides nothing and sends nothing.

mod fleet;
mod ledgers;
mod lookout;
mod machines;
mod recent;
mod samples;
mod sites;

pub use fleet::{Fleet, Known, Upstream};
