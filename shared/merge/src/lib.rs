//! What merges the same in any order, and however often?
//!
//! Range sets: which numbers of a stream a node has. They grow only, and merge by union, so that acknowledgements may be
//! lost, repeated or overtaken and still mean the same. The laws are tested in `tests/laws.rs`.

mod rangeset;

pub use rangeset::{MAX_RANGES, RangeSet, RangeSetError};
