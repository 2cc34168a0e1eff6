//! Does a store keep what it was given? One program for all of it.

mod columns;
mod common;
mod crash;
mod definitions;
mod disowned;
mod foreign;
mod keeping;
mod many_gaps;
mod model;
mod rollups;
mod room;
mod rows;
mod rows_waiting;
mod snapshot;
mod state;
mod thinned;
