//! Real processes, real QUIC, real redb, made to fail: does each sample come to the hub once and equal, or lie inside a gap
//! that says why?
//!
//! [`Mesh`] starts the programs as a person would and breaks them; [`oracle`] opens what they left on disk and compares
//! every value with the function that made it.

mod clock;
mod disk;
mod mesh;
pub mod oracle;
mod program;

pub use clock::WrongClock;
pub use disk::SmallDisk;
pub use mesh::{Agent, Line, Mesh, Relay, eventually};
pub use program::{Program, run_once};
