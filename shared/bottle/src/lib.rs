//! Does the promise hold whatever happens?
//!
//! The mesh in a bottle: the real minds of `vigie-sync`, the real store on a disk in memory that fails as disks do, and the
//! agent's own lives, under a seeded network, seeded clocks and virtual time. The oracle holds true after every step, and at
//! the end, what `architecture.md` promises: each number that became durable on an agent is at the hub exactly once, byte
//! for byte, or inside a gap that says why. Knows no sockets, no threads of a node and no QUIC: `vigie-net` tests those.

mod agent;
mod body;
pub mod chance;
mod network;
mod node;
mod oracle;
pub mod plan;
mod run;
mod world;

pub use plan::{Fault, Kind, LinkPlan, NodeIx, NodePlan, Plan};
pub use run::{Failure, Kept, Report, kinds, run, run_seed, run_seeds};
pub use world::{Tally, World};
