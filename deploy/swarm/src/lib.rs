//! Does a hub hold ten thousand machines, and a relay five hundred? A swarm of simulated nodes finds out on one machine.
//!
//! What the hub sees is real: QUIC, mTLS, enrolment with join tokens, the mind of `vigie-sync` on each relay, the agents'
//! own numbering and signatures. What nobody can see from the hub is spared: agents have no program and relays no disk, they
//! keep in memory what is not yet signed for. Knows nothing of the hub's inside: it asks its API what has arrived.

pub mod cli;
pub mod process;

mod account;
mod enrolment;
mod figures;
mod hub;
mod lanes;
mod machine;
mod relay;
mod report;
mod run;
mod running;
mod shelf;
mod swarm;
