//! Real processes, real QUIC, real redb, made to fail: does each sample come to the hub once and equal, or lie inside a gap
//! that says why?
//!
//! [`Mesh`] starts the programs as a person would and breaks them; [`oracle`] opens what they left on disk and compares
//! every value with the function that made it. [`Sender`] and [`Prometheus`] push samples of their own; [`pushed`] says what
//! became of them.

mod clock;
mod disk;
mod door;
mod mesh;
pub mod oracle;
mod ports;
mod program;
mod prometheus;
pub mod pushed;
mod receiver;
mod sender;
pub mod watched;

pub use clock::WrongClock;
pub use disk::SmallDisk;
pub use door::{Door, HttpAnswer};
pub use mesh::{Agent, Line, Mesh, Relay, eventually};
pub use ports::free_port;
pub use program::{Program, run_into, run_once};
pub use prometheus::{Prometheus, is_without_peers};
pub use receiver::{Came, Receiver};
pub use sender::{Samples, Sender};
