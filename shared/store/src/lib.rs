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
mod salvage;
mod state;
mod types;

pub use errors::{CommitError, OpenError, ReadError};
pub use folder::Folder;
pub use log::{
    Column, Evicted, Folded, Gathered, LaidOut, LayOut, Log, OpenReport, Options, Pressure, Rolled, Rollups, ToFold,
    Unfit,
};
pub use medium::{LastTime, Medium, Space};
pub use state::{LostRow, State, StateReport, StateRow, StateTx, TxError};
pub use types::*;
