//! How do two nodes come to have the same rows?
//!
//! Each asks the other what changed since a place in the other's sequence of changes, alerts before everything else; where
//! such a place means nothing, and once a day, they compare sums over ranges of keys instead. [`RowTalk`] is the mind of
//! one conversation: it is told what happened ([`RowInput`]) and wishes what should be done ([`RowWish`]). Knows no store
//! and no clock. Who may write what is in [`guard`].

pub mod guard;
mod keep;
mod ranges;
mod talk;

pub use keep::{Applied, Digest, Recalled, RowFacts, RowPeer, Stamp, covers};
pub use ranges::{Comparison, Found, Next, answer};
pub use talk::{COALESCE_MS, COMPARE_EVERY_MS, RowBroke, RowInput, RowTalk, RowWish};
