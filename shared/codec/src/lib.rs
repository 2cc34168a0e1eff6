//! How do columns of samples become few bytes, and what shapes have wire and disk?
//!
//! Ticks are coded by an adaptive range coder with a context for each series, the same for a live lane that never ends
//! and for a block of an hour: [`live`] and [`block`]. A block that its agent signed is a [`segment`]; what an agent says
//! besides ticks (gaps, anchors) is a signed [`statement`]; what the hub says it holds is a signed [`receipt`]. Where
//! questions are asked, many blocks become [`columns`]. [`wire`] and [`disk`] give them versioned envelopes; [`carried`] is a
//! file of frames that goes by hand.
//!
//! Pure: no IO, no clock, no chance. The bytes of version 1 are frozen; `tests/golden.rs` holds them.

pub mod block;
pub mod carried;
pub mod columns;
pub mod disk;
pub mod inventory;
pub mod live;
mod number;
mod range_coder;
pub mod receipt;
pub mod schema;
pub mod segment;
pub mod statement;
mod ticks;
pub mod varint;
pub mod wire;

pub use ed25519_dalek::{SigningKey, VerifyingKey};
