//! Does the promise hold whatever happens?
//!
//! The mesh in a bottle: the real minds of `vigie-sync`, the real store on a disk in memory that fails as disks do, and the
//! agent's own lives, under a seeded network, seeded clocks and virtual time. The oracle holds true after every step, and at
//! the end, what the README promises: each number that became durable on an agent is at the hub exactly once, byte
//! for byte, or inside a gap that says why. Knows no sockets, no threads of a node and no QUIC: `vigie-net` tests those.
//!
//! # Does the oracle bite?
//!
//! Each of these was broken on purpose, and seeds were run, two at once and up to 2,000, until one found it:
//!
//! | broken | found by seed |
//! |---|---|
//! | numbers reserved by a run that crashed are given again | 3 |
//! | no gap is stated for what a crash took | 3 |
//! | under pressure, ticks are deleted without anybody's word | 24 |
//! | a relay does not pass the hub's receipts on | 0 |
//! | a loose tick counts as signed | 0 |
//! | what was measured during a commit counts as kept by it | 3 |
//! | an acknowledgement names the next tick too | 0 |
//! | a peer that lost what it had acknowledged says nothing | 1464 |
//! | a relay's word is enough to delete unsigned ticks | none: the agent owns up to them after all |

mod agent;
mod body;
pub mod chance;
mod day;
mod network;
mod node;
mod oracle;
pub mod plan;
pub mod rows;
mod run;
mod seeds;
mod world;

pub use day::{DayOfState, day_of_state};
pub use plan::{Fault, Kind, LinkPlan, NodeIx, NodePlan, Plan};
pub use run::{Failure, Kept, Report, kinds, run, run_seed, run_seeds};
pub use world::{Tally, World};
