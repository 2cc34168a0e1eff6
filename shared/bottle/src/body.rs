//! What a node's loop and its keeper's thread do, one event at a time.

mod keeper;
mod measure;
mod mind;
mod program;
mod sessions;
mod state;
mod tidy;

pub(crate) use mind::is_accusation;
pub(crate) use state::{Edited, Shelved, State};
