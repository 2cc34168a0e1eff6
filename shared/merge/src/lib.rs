//! What merges the same in any order, and however often?
//!
//! Range sets: which numbers of a stream a node has. Rows: small pieces of state that relays and the hub change on their
//! own and join when they meet. Both merge so that what carries them may be lost, repeated or overtaken and still mean the
//! same. The laws are tested in `tests/laws.rs` and `tests/rows.rs`, over histories that nodes can have.
//!
//! Knows no store, no peer and no clock: time is an argument, and so is who may write.

mod clock;
mod hlc;
mod key;
mod kind;
mod rangeset;
mod row;
mod written;

pub use clock::{FUTURE_MS, HybridClock, Observed, RESERVE_MS};
pub use hlc::{Actor, Hlc, Marker};
pub use key::{Key, KeyError, MAX_KEY_BYTES, Scope, Ulid};
pub use kind::{Kind, Urgency, Writer};
pub use rangeset::{MAX_RANGES, RangeSet, RangeSetError};
pub use row::{
    AdmitError, CausalLength, Context, Grow, Kept, Last, Many, Members, Merged, OtherTypeError, Ranges, Row, RowType,
    StaleError, Value, limit,
};
