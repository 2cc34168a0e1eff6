//! How are protocol buffers read and written without a generated line?
//!
//! Only what the messages of this crate need: no groups, no reflection, fields read in any order.

mod read;
mod write;

pub(crate) use read::{Field, Reader};
pub(crate) use write::Message;
