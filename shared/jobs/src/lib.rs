//! What work waits, what is under way, and what becomes of what failed?
//!
//! A [`Job`] is one piece of work with all that is known of it; [`next`] says which of many is begun now, [`fn@health`] how a
//! kind of work goes. Knows no disk, no clock and no chance: moments, ids and jitter are arguments, and whoever calls keeps a job
//! durably before anything follows from what became of it. So a job that was begun when its program was killed is found so, and
//! [`Job::taken_up`] goes on.

mod entry;
mod health;
mod id;
mod job;
mod kind;
mod queue;
mod sealed;
mod state;
mod told;

pub use entry::{Entry, Happened, Log};
pub use health::{KindHealth, health};
pub use id::JobId;
pub use job::{Ended, Job, JobWish, NotNow};
pub use kind::{JobKind, Priority};
pub use queue::{AT_ONCE, ENDED_KEPT, KEEP_ENDED_MS, forgotten_first, next, over, wake_at};
pub use sealed::Sealed;
pub use state::JobState;
pub use told::Told;
