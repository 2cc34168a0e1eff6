//! Is what has to be told told, once? One program for all of it.

mod called_off;
mod common;
mod deciding;
mod devices;
mod hooks;
mod kills;
mod ladders;
mod lasting;
mod laws;
#[cfg(unix)]
mod modem;
mod of_alert;
mod pagers;
mod posting;
mod sending;
mod services;
mod stopping;
mod words;
