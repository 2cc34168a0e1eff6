//! Who is there, who is not, and how is that known?
//!
//! Told who heard whom and when, who vouches, who said goodbye; says of each machine and site whether it is live, late,
//! silent, cut, asleep or unseen, and tells a dead relay, a cut line and a deaf hub apart as far as anybody knows.
//! Silence counts only while this node listens: one that was itself stopped or asleep claims nothing on waking before it
//! has listened again. Knows no clock: `now_ms` is a clock that only goes forward and counts suspended time
//! (`CLOCK_BOOTTIME`), so that sleeping shows.

mod common;
mod facts;
mod judge;
mod reach;
mod series;
mod vigil;

pub use facts::{Beat, Fact, Post, Timing};
pub use reach::{Cause, Change, Incident, Reach, Subject};
pub use series::{
    CERTIFICATE_SECONDS, MACHINE_CLOCK_AHEAD_SECONDS, MACHINE_SILENT_SECONDS, MACHINE_UP, NETWORK_UP, QUOTA_USED_RATIO,
    SITE_UP, Statement, UPKEEP_FAILURES, UPKEEP_LATE_SECONDS, is_series,
};
pub use vigil::Vigil;
