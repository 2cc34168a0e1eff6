//! How does what waits for the hub go there by hand?
//!
//! [`CarryOut`] writes a file on a relay, [`take_carried`] takes one in at the hub. Both go through the minds and the stores
//! of a session; both block, and keep one part of the file in memory.

mod into;
mod out;

pub use into::{Brought, NotTaken, RowsBrought, take_carried};
pub use out::{CarryOut, NotWrittenDown, WrittenDown};
