//! How do people answer by a channel: with which secret, who they are, and where a message is changed?

use std::time::Duration;

use hyper::header::{CONTENT_TYPE, HeaderValue};
use hyper::{Method, Uri};
use serde_json::Value;
use vigie_model::Slug;
use vigie_outgoing::{Ask, Client};

use super::secret::Secret;
use crate::config::{PostWay, Strangers, TwoWayWay};
use crate::mind::{ChatKey, Service};

/// How long changing a message may take: whoever pressed the button looks at it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest address of an answer: Slack's have some hundred bytes.
const MAX_URL_BYTES: usize = 1_000;

/// A channel that people answer by.
#[derive(Debug)]
pub struct TwoWay {
    way: TwoWayWay,
    is_slack: bool,
    client: Client,
}

impl TwoWay {
    pub(crate) fn new(way: TwoWayWay, post: &PostWay) -> Self {
        let client = Client::new(post.guard.clone(), PATIENCE).trusting(post.ca_file.clone());
        Self { way, is_slack: post.service == Service::Slack, client }
    }

    /// Whether it is Slack's; it is Teams' otherwise.
    pub fn is_slack(&self) -> bool {
        self.is_slack
    }

    /// What the chat signs with, read anew, so that it may be replaced at any time.
    ///
    /// # Errors
    /// When there is none, in words that do not hold it.
    pub fn key(&self) -> Result<ChatKey, String> {
        let secret = Secret::read(&self.way.secret_file)?;
        let read = if self.is_slack { ChatKey::of_slack } else { ChatKey::of_teams };
        let key = read(secret.reveal());
        key.map_err(|none| format!("{}: {none}", self.way.secret_file.display()))
    }

    /// Whether it decides of what is of this client, or of nobody's alone.
    pub fn is_of(&self, client: Option<&Slug>) -> bool {
        self.way.clients.is_empty() || client.is_some_and(|client| self.way.clients.contains(client))
    }

    /// What somebody signs in with whom the chat calls so.
    pub fn person(&self, user: &str) -> Option<&str> {
        self.way.people.get(user).map(String::as_str)
    }

    /// Whether who is nobody here decides in the channel's name.
    pub fn lets_strangers(&self) -> bool {
        self.way.strangers == Strangers::Channel
    }

    /// Answers where Slack said that a message is changed, and nowhere else.
    ///
    /// # Errors
    /// When that is not Slack's, or it did not take it. The address opens the message, and is not told.
    pub async fn answer(&self, to: &str, what: &Value) -> Result<(), String> {
        let is_theirs = to.strip_prefix(&self.way.answers_to).is_some_and(|path| path.starts_with('/'));
        let uri: Option<Uri> = to.parse().ok().filter(|_| is_theirs && to.len() <= MAX_URL_BYTES);
        let uri = uri.ok_or_else(|| format!("it is to be answered elsewhere than at {}", self.way.answers_to))?;
        let headers = vec![(CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        let answer = self.client.ask(Ask { method: Method::POST, uri, headers, body: what.to_string().into() }).await?;
        match answer.status {
            200..=299 => Ok(()),
            status => Err(format!("it answered {status}")),
        }
    }
}
