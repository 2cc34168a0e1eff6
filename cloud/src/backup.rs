//! All of the hub in one file, taken while it runs; and a hub made of such a file.
//!
//! What is in it: both stores as of one moment, the authority's and the hub's own keys, the rules of its folder, and the
//! first token. Not the configuration file, and nothing beside the data folder.

mod check;
mod command;
mod files;
mod keep;
mod plan;
mod restore;
mod take;

pub(crate) use command::{BackupArgs, RestoreArgs, VerifyArgs, backup_command, restore_command, verify_command};
pub(crate) use keep::Backups;
pub(crate) use plan::{Plan, PlanSaid};
pub(crate) use restore::refuse_half_restored;

/// The state's table in which it says what was backed up last, and of what it was made.
const TABLE: &str = "backup";

/// The key of what was backed up last.
const LAST: &[u8] = b"last";
