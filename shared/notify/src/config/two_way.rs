//! How do people answer from a chat, and does what is said of that make sense?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use serde::Deserialize;
use vigie_model::Slug;

use super::services::address;
use super::{Around, ConfigError, TwoWayWay};
use crate::mind::{Seat, Service};

/// People of one channel: a large room.
const MOST_PEOPLE: usize = 1_000;

/// What a chat calls somebody for good: Slack's have 11 characters, Teams' 36.
const MAX_ID_BYTES: usize = 200;

/// Where Slack says that messages are changed.
const SLACK: &str = "https://hooks.slack.com";

/// `[channel.two_way]`: without it a chat is told, and nobody answers from it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TwoWaySaid {
    secret_file: PathBuf,
    #[serde(default)]
    clients: BTreeSet<Slug>,
    #[serde(default)]
    people: BTreeMap<String, String>,
    #[serde(default)]
    strangers: Strangers,
    answers_to: Option<String>,
}

/// What becomes of what somebody decides whom nobody named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Strangers {
    /// It is refused, and they are told why.
    #[default]
    Refuse,
    /// It is decided in the channel's name: whoever the chat lets into it may acknowledge, snooze and comment what is of the
    /// clients that are named.
    Channel,
}

impl TwoWaySaid {
    pub(super) fn check(
        &self,
        name: &str,
        service: &Service,
        around: &Around,
        private: Option<bool>,
    ) -> Result<TwoWayWay, ConfigError> {
        let wrong = |why| Err(ConfigError::TwoWay(name.to_owned(), why));
        let is_slack = match service {
            Service::Slack => true,
            Service::Teams => false,
            _ => return wrong("people answer from slack and teams alone"),
        };
        if around.seat == Seat::Relay {
            return wrong("answers come back to the hub alone, say it in cloud.toml");
        }
        if self.strangers == Strangers::Channel && self.clients.is_empty() {
            return wrong("strangers = \"channel\" needs clients: of whose incidents may anybody there decide?");
        }
        let is_person = |(id, to): (&String, &String)| {
            !id.is_empty() && id.len() <= MAX_ID_BYTES && to.contains('@') && to.len() <= 254
        };
        if self.people.len() > MOST_PEOPLE || !self.people.iter().all(is_person) {
            return wrong("people are at most 1000, each an id of the chat = \"the address they sign in with\"");
        }
        let answers_to = match (&self.answers_to, is_slack) {
            (None, _) => SLACK.to_owned(),
            (Some(_), false) => return wrong("answers_to is Slack's: Teams is answered at once"),
            (Some(said), true) => {
                let said = address(name, said, &around.guard(private))?;
                if said.matches('/').count() != 2 {
                    return wrong("answers_to is https:// and a host, as in https://hooks.slack-gov.com");
                }
                said
            }
        };
        Ok(TwoWayWay {
            secret_file: self.secret_file.clone(),
            clients: self.clients.clone(),
            people: self.people.clone(),
            strangers: self.strangers,
            answers_to,
        })
    }
}
