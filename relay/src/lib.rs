//! How does a site remember, and stay useful when it is alone?
//!
//! Takes in its agents, keeps what they bring, passes it on to the hub, and shows the site to whoever stands in it.

mod access;
mod around;
mod budget;
mod carried;
pub mod cli;
mod config;
mod errands;
mod http;
mod measured;
mod name;
mod own;
mod page;
mod retention;
mod run;
mod status;
