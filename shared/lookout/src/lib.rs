//! What is wrong here now, who knows, and who is told?
//!
//! The [`Watchman`] of a relay or a hub looks every second: he feeds the vigil with who was heard, evaluates the rules that
//! are due over the node's samples, writes what began and ended as rows that hub and relay share, and has the desk of
//! `vigie-notify` tell of every row that changed, whoever changed it. He is what pages, API and command line look at
//! ([`vigie_serve::Incidents`]). Not to be mistaken for [`vigie_serve::Lookout`], by which a node is looked at.
//!
//! A relay judges its own site. The hub judges the places that have no relay, and which sites are cut off; when a relay was
//! once heard it judges, and the hub does no more, unless the relay is off while its machines are heard by another way. An
//! alert is the same thing on both, so whoever judges next goes on with it. Of several relays at a site each judges the
//! machines that it heard last.
//!
//! Decides nothing by itself that `vigie-watch`, `vigie-alerts` and `vigie-notify` do not decide: it joins them.

mod away;
mod beside;
mod body;
mod bygone;
mod carrier;
mod checkup;
pub mod cli;
mod command;
mod config;
mod deeds;
mod facts;
mod first_learnt;
mod health;
mod judging;
mod marks;
mod minutes;
mod mutes;
mod node_rows;
mod of_client;
mod oncall;
mod orphans;
mod overlay;
mod post;
mod presence;
mod reaching;
mod register;
mod relays;
mod remembered;
mod renamed;
mod routes;
mod rows;
mod rulebook;
mod ruling;
mod seats;
mod seeing;
mod sight;
mod silences;
mod statements;
mod steady;
mod telling;
mod told_of;
mod trying;
mod verdict;
mod view;
mod vouching;
mod watchman;
mod writing;
mod written;

pub use body::{Body, Parts};
pub use bygone::told_of_nothing;
pub use checkup::findings;
pub use command::answer;
pub use config::{AlertsConfig, AlertsError, AlertsSaid};
pub use deeds::{DEED_KINDS, deeds};
pub use of_client::{REMEMBERED_TABLES, is_remembered_of_client, route_named};
pub use oncall::is_schedule;
pub use register::KINDS;
pub use renamed::{RENAMED_KINDS, renamed};
pub use rows::{Found, Make, RowBook, RowEdit, RowTrouble};
pub use sight::{At, Sight};
pub use watchman::{BeginError, CertificateEnds, OwnSeries, Setup, Watching, Watchman};
