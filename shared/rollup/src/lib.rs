//! What does a minute or an hour of a series come down to?
//!
//! Ticks of one stream in one hour fold into a [`Piece`]: for each series a [`Cell`] for the hour and one for each of its
//! minutes, and which numbers they hold. Pieces without common ticks [join](Piece::join) into what a fold of all their
//! ticks would have been, in any order; of pieces with common ticks a set keeps [side by side](Pieces) those that no
//! other contains, and answers with disjoint ones. So no tick ever counts twice.
//!
//! The order within a cell is that of the numbers, which is the order in which the machine measured, whatever its clock
//! said. Pure: no IO, no clock, no chance.

mod cell;
mod fold;
mod grid;
mod part;
mod piece;
mod pieces;
mod repeat;
mod shape;
mod sheet;
mod sketch;
mod total;
mod window;

pub use cell::Cell;
pub use fold::Fold;
pub use piece::{JoinError, Piece};
pub use pieces::{MAX_SIDE_BY_SIDE, Pieces};
pub use repeat::keep_last_of_each_moment;
pub use shape::Shape;
pub use sheet::{SHEET_BYTES, Sheet, SheetError};
pub use sketch::{MAX_BINS, Sketch};
pub use window::{HOUR_MS, Hour, MINUTE_MS, Window};
