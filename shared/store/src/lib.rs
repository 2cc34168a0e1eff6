//! What does a node keep, and how does it keep it through crashes, full disks and flipped bits?
//!
//! Two redb files: [`Log`], the telemetry, which may be thrown away piece by piece; and [`State`], small and precious.
//! Blocking: call it from a thread of its own. Knows no sessions and no sockets.

mod types;

pub use types::*;
