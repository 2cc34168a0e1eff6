//! What does every node talk about? Nodes, sites, time, series, samples, ticks and gaps.
//!
//! Knows no IO, no clock and no chance: time and random bytes are arguments. Knows no wire or disk shape either;
//! those live, versioned, in `vigie-codec`.

mod alarm;
mod anchor;
mod gap;
mod id;
pub mod inventory;
mod name;
mod page;
mod pushed;
mod resolution;
#[cfg(feature = "schema")]
mod schema;
mod series;
mod silence;
pub mod steps;
mod tick;
mod time;

pub use alarm::{Doubt, Severity};
pub use anchor::{Anchor, ClockSource};
pub use gap::{Gap, GapReason};
pub use id::{IdError, Incarnation, NodeId, Role, Seq, StreamId};
pub use name::{DEMONSTRATION, NameError, Slug};
pub use page::{MAX_ADDRESSES, PAGE_WORD, RelayPage};
pub use pushed::{pushed_name, pushed_place};
pub use resolution::Resolution;
pub use series::{CUT_TEXT_BYTES, Kind, MAX_LABELS, MAX_TEXT_BYTES, SeriesDef, SeriesError, SeriesIx};
pub use silence::{SILENT_AFTER_MS, USUAL_BEAT_MS, silent_after_ms};
pub use tick::{Sample, Tick};
pub use time::{Boot, Moment, Now, UtcMs};
