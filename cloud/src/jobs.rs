//! One queue for what the hub has to do besides: backups, retention, exports, erasing.
//!
//! What a job is and when it is tried again the mind says (`vigie-jobs`). Here it is kept in the hub's own store before anything
//! follows from it, so that a hub that is killed at any moment finds each job as it was: what was under way is taken up again,
//! and as one program alone has the store, nothing runs twice at once. Messages to people and programs have queues of their own.

mod book;
mod exports;
mod plan;
mod runner;
mod seen;
mod works;

pub(crate) use book::{Book, TABLE, forget_files, is_of_client};
pub(crate) use exports::{Exports, FOLDER};
pub(crate) use plan::Planner;
pub(crate) use runner::Runner;
pub(crate) use seen::Seen;
pub(crate) use works::Works;
