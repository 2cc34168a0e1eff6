//! What do people say of rules, as rows that hub and relays share?
//!
//! Two kinds of rows: a rule that was written in PromQL, from a file that somebody applied to a place; and what is changed of
//! a rule at one level, in the words of a form. Both stand under the place for which they are, so that a site's relay has
//! what concerns it, and both keep versions beside one another that were written without knowing of each other. What is taken
//! back is a row that says so: it is never collected, so its key may be used again.

mod book;
pub(crate) mod command;
mod compose;
mod held;
mod history;
mod place;
mod said;
mod shape;
mod show;
mod tags;
mod tune;
mod words;
mod write;

pub(crate) use book::{meant, rulebook};
pub(crate) use compose::Composed;
pub(crate) use held::Rulings;
pub(crate) use place::{Typed, scope_text};
pub(crate) use shape::{Of, Ruled, What, decode};
pub(crate) use show::{Alerts, shown_group};
pub(crate) use tags::{Tags, read as read_tag};
