//! How does each service want to be told, and what does its answer mean?
//!
//! Pure: a message becomes a request, an answer becomes an outcome. What machines said is only text to each of them: it is
//! put where no markup is read, or escaped for the markup that is.

mod discord;
mod fit;
mod gotify;
mod ntfy;
mod pagerduty;
mod slack;
mod teams;
mod template;
mod verdict;

pub use template::{Template, TemplateError};
pub use verdict::Reply;
pub(crate) use verdict::{retry_after_ms, usual};

use super::chat::ChatKey;
use super::letter::Outcome;
use super::notice::{Intent, Notice};

/// Whom a message goes to, with what is no secret about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Service {
    /// An incoming webhook; the secret is its address.
    Slack,
    /// A workflow that posts cards; the secret is its address.
    Teams,
    /// A webhook of a channel; the secret is its address.
    Discord,
    /// Events version 2; the secret is the integration's key.
    PagerDuty {
        /// Where events are taken, in America or in Europe.
        url: String,
    },
    /// A server that topics are published to; the secret is a token, if there is one.
    Ntfy {
        /// The server.
        url: String,
        /// The topic.
        topic: String,
    },
    /// A server with an application; the secret is its token.
    Gotify {
        /// The server.
        url: String,
    },
    /// A gateway that sends short messages or calls, in whatever words it wants; the secret is its key, if there is one.
    Gateway(Box<Template>),
}

/// A request to a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post {
    /// `POST` or `GET`.
    pub method: &'static str,
    /// Where; may hold a secret.
    pub url: String,
    /// Beside host and user agent; may hold a secret.
    pub headers: Vec<(String, String)>,
    /// What is sent.
    pub body: Vec<u8>,
}

impl Service {
    /// Its word in files and lists.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Slack => "slack",
            Self::Teams => "teams",
            Self::Discord => "discord",
            Self::PagerDuty { .. } => "pagerduty",
            Self::Ntfy { .. } => "ntfy",
            Self::Gotify { .. } => "gotify",
            Self::Gateway(template) => template.word(),
        }
    }

    /// Whether it follows each alert by itself, from its beginning to its end, and wants to know who knows.
    pub fn follows_each(&self) -> bool {
        matches!(self, Self::PagerDuty { .. })
    }

    /// The request that tells it. `secret` is what its file holds, or nothing where it needs none; `answers` is there where
    /// people answer from it.
    ///
    /// # Errors
    /// When the message can not be put so, in words for people.
    pub fn post(&self, intent: &Intent, secret: &str, answers: Option<&ChatKey>) -> Result<Post, String> {
        match self {
            Self::Slack => Ok(json(secret, Vec::new(), &slack::body(intent, answers))),
            Self::Teams => Ok(json(secret, Vec::new(), &teams::body(&intent.notice, answers.is_some()))),
            Self::Discord => Ok(json(&discord::address(secret), Vec::new(), &discord::body(&intent.notice))),
            Self::PagerDuty { url } => Ok(json(url, Vec::new(), &pagerduty::body(intent, secret))),
            Self::Ntfy { url, topic } => {
                let bearer = (!secret.is_empty()).then(|| ("authorization".to_owned(), format!("Bearer {secret}")));
                Ok(json(url, bearer.into_iter().collect(), &ntfy::body(&intent.notice, topic)))
            }
            Self::Gotify { url } => {
                let key = vec![("x-gotify-key".to_owned(), secret.to_owned())];
                Ok(json(&format!("{}/message", url.trim_end_matches('/')), key, &gotify::body(&intent.notice)))
            }
            Self::Gateway(template) => template.post(intent, secret),
        }
    }

    /// What its answer means for the message.
    pub fn verdict(&self, reply: &Reply<'_>) -> Outcome {
        match self {
            Self::Slack => slack::verdict(reply),
            Self::Teams => teams::verdict(reply),
            Self::Discord => discord::verdict(reply),
            Self::Ntfy { .. } => ntfy::verdict(reply),
            Self::PagerDuty { .. } | Self::Gotify { .. } => usual(reply),
            Self::Gateway(template) => template.verdict(reply),
        }
    }
}

/// The message on one line of at most so many characters.
pub(crate) fn short(notice: &Notice, max_chars: usize) -> String {
    fit::one_line(notice, max_chars)
}

/// The message as text of at most so many bytes, for a notification.
pub(crate) fn push_text(notice: &Notice, room_bytes: usize) -> String {
    fit::text_within(notice, room_bytes, fit::bytes)
}

fn json(url: &str, mut headers: Vec<(String, String)>, body: &serde_json::Value) -> Post {
    headers.push(("content-type".to_owned(), "application/json".to_owned()));
    Post { method: "POST", url: url.to_owned(), headers, body: body.to_string().into_bytes() }
}
