//! How does everybody see every machine? The hub: enrols nodes, keeps what they bring, signs for it, and answers.

mod admission;
mod backup;
mod boards;
mod budgets;
mod chats;
pub mod cli;
mod clients;
mod config;
mod desk;
mod devices;
mod doctor;
mod grants;
mod jobs;
mod joining;
mod owners;
mod people;
mod quotas;
mod raw;
mod registry;
mod repeats;
mod retention;
mod run;
mod status_pages;
mod tokens;
pub mod vigie;
mod web;
mod webhooks;
