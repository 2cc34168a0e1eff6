//! Does the watch see, tell and keep what it should? One program for all of it.

mod away;
mod bounds;
mod bygone;
mod checkup;
mod clocks;
mod common;
mod health;
mod kills;
mod oncall;
mod own;
mod routes;
mod rulings;
mod silence;
mod site;
mod sites;
mod telling;
mod told_of;
mod trying;
