//! The hub's people: their rows in the hub's small state, and the audit beside them.

mod audit;
mod closed;
mod command;
mod desk;
mod erase;
mod post;
mod register;
mod rows;
mod scribe;

#[cfg(test)]
pub(crate) use audit::all_lines as audit_lines;
pub(crate) use audit::{Doer, HEADS, LINES, append, head as audit_head, rewrite as rewrite_audit};
pub(crate) use command::{AuditCommand, PersonCommand, audit as audit_command, person as person_command};
pub(crate) use erase::{Belongings, with_client as erase_with_client};
pub(crate) use post::Mailer;
pub(crate) use register::Register;
pub(crate) use rows::{forget_sessions, read as read_people, write as write_person};
pub(crate) use scribe::{Acting, NOTED, Scribe};
