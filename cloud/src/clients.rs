//! A client that is erased: all that the hub keeps of it goes, for ever, and it can be shown.
//!
//! What is asked for is written down, and the hub starts again: before it opens its doors, all that its small state knows of the
//! client goes in one transaction, and the streams of its nodes are disowned in the log. So nothing of it is left in memory
//! either, and a crash at any moment finds the client as it was, or goes on erasing it. Records are deleted by a job, beside reading and
//! writing; then the files are written anew, and the receipt says what was found.

mod begin;
mod eraser;
mod receipt;
mod sift;
mod whose;

pub(crate) use begin::begin;
pub(crate) use eraser::Eraser;
pub(crate) use receipt::Receipts;

#[cfg(test)]
mod tests;
