//! How is one machine measured without its place ever being lost?
//!
//! [`collect`] measures, the origin of `vigie-sync` numbers and seals, the store keeps, and the node's loop carries.
//! Knows nothing of other machines, of rules or of people.

pub mod cli;
pub mod collect;
mod config;
mod doctor;
mod enrol;
mod foreign;
mod inventory;
mod measure;
mod notes;
mod parting;
mod place;
mod run;
mod status;
mod twin;
