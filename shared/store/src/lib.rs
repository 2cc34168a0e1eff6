//! What does a node keep, and how does it keep it through crashes, full disks and flipped bits?
//!
//! Two redb files: [`Log`], the telemetry, which may be thrown away piece by piece; and [`State`], small and precious.
//! Blocking: call it from a thread of its own. Knows no sessions and no sockets.

mod engine;
mod errors;
pub mod fault;
mod folder;
mod log;
mod medium;
pub mod rows;
mod salvage;
mod snapshot;
#[cfg(target_os = "linux")]
mod sparse;
mod state;
mod types;

pub use errors::{CommitError, OpenError, ReadError};
pub use folder::Folder;
pub use log::{
    Column, Evicted, Folded, Gathered, LaidOut, LayOut, Log, Moments, OpenReport, Options, Pressure, Rolled, Rollups,
    ShelfUsage, Swept, ToFold, Unfit, Usage,
};
pub use medium::{Deaths, LastTime, Medium, Space};
pub use snapshot::{BareRow, Restoring, Snapshot, Which};
pub use state::{LostRow, State, StateReport, StateRow, StateTx, StateView, TxError};
pub use types::*;
