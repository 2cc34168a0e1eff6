//! What does this machine do right now, in figures?
//!
//! The first verb of the house: *measure*. [`Collectors`] run in rounds; a round gives the samples of one tick. What the
//! machine does not tell is missing, never zero; a text nobody understands is counted, never guessed at.
//! Knows no clock time, no store and no network: [`Schedule`] says when, and whoever asks stamps and keeps the result.

mod bus;
mod choice;
mod cpu;
mod disk;
mod filesystem;
mod helper;
mod link;
mod load;
mod memory;
mod mount;
mod network;
mod own;
mod pressure;
mod process;
mod reading;
mod roster;
mod round;
mod schedule;
mod schema;
mod sensor;
mod service;
mod stat;
mod status;
mod synthetic;
mod text;
mod tier;

use vigie_model::Resolution;

pub use choice::{Choice, ChoiceError};
pub use own::{FOREIGN_REASONS, ForeignFigures, OwnFigures};
pub use reading::{Reading, Slot};
pub use round::{Collectors, Machine};
pub use schedule::{Due, Intervals, IntervalsError, Schedule};
pub use schema::{MAX_SERIES, Schema, SchemaFull};
pub use status::{CollectError, CollectorStatus, Health};
pub use synthetic::{Class, Synthetic, SyntheticError, synthetic_series, synthetic_value};
pub use tier::{Tier, Tiers};

use round::{Collector, Round};

/// Sizes are kept in pages of 4 KiB: the kernel counts memory in them, and disks give nothing smaller away.
const BYTES: Resolution = Resolution::Step { step: 4096, exponent: 0 };
