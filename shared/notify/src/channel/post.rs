//! How does a message get to a service over HTTP?
//!
//! What is sent and what the answer means is the mind's; here are the secret, the connection, and care that the secret is in
//! nothing that is said afterwards.

use hyper::header::{HeaderName, HeaderValue};
use hyper::{HeaderMap, Method};
use vigie_model::UtcMs;
use vigie_outgoing::{Answer, Ask, Client};

use super::secret::Secret;
use super::two_way::TwoWay;
use crate::config::PostWay;
use crate::mind::{Intent, Outcome, Post, Reply, Service, Text, Whose, retry_after_ms};

/// Where services say how long to wait.
const WAITS: [&str; 2] = ["retry-after", "x-ratelimit-reset-after"];

#[derive(Debug)]
pub(crate) struct Poster {
    way: PostWay,
    client: Client,
    two_way: Option<TwoWay>,
}

impl Poster {
    pub(crate) fn new(way: PostWay) -> Self {
        let client = Client::new(way.guard.clone(), way.patience).trusting(way.ca_file.clone());
        let two_way = way.two_way.clone().map(|two_way| TwoWay::new(two_way, &way));
        Self { way, client, two_way }
    }

    pub(crate) fn two_way(&self) -> Option<&TwoWay> {
        self.two_way.as_ref()
    }

    pub(crate) fn may_be_two_way(&self) -> bool {
        matches!(self.way.service, Service::Slack | Service::Teams)
    }

    pub(crate) fn word(&self) -> &'static str {
        self.way.service.word()
    }

    pub(crate) fn follows_each(&self) -> bool {
        self.way.service.follows_each()
    }

    pub(crate) async fn send(&self, intent: &Intent, now: UtcMs) -> Outcome {
        let secret = match self.way.secret_file.as_deref().map(Secret::read).transpose() {
            Ok(secret) => secret,
            Err(why) => return later(&why),
        };
        let told = secret.as_ref().map_or("", Secret::reveal);
        let strike = |said: &str| secret.as_ref().map_or(said.to_owned(), |secret| secret.strike_all(said));
        // Without its secret nobody can answer, and everybody is told all the same.
        let answers = self.two_way.as_ref().and_then(|two_way| two_way.key().ok());
        let post = match self.way.service.post(intent, told, answers.as_ref()) {
            Ok(post) => post,
            Err(why) => return Outcome::Never(Text::new(&strike(&why))),
        };
        // What stands in a file wrongly is mended by somebody; what is to be told waits for it.
        let asked = match ask(post) {
            Ok(asked) => self.client.ask(asked).await,
            Err(why) => Err(why),
        };
        match asked {
            Ok(answer) => {
                let said = strike(String::from_utf8_lossy(&answer.body).trim());
                let reply = Reply { status: answer.status, said: &said, after_ms: asked_for(&answer, now) };
                self.way.service.verdict(&reply)
            }
            Err(why) => later(&strike(&why)),
        }
    }
}

fn later(why: &str) -> Outcome {
    Outcome::Later { why: Text::new(why), after_ms: None, whose: Whose::Channel }
}

/// The longest that a service asks to wait.
pub(crate) fn asked_for(answer: &Answer, now: UtcMs) -> Option<i64> {
    let said = |headers: &HeaderMap, name: &str| headers.get(name)?.to_str().ok().map(str::to_owned);
    // A rate that is not used up is told with every answer.
    let all = WAITS.iter().filter(|_| !(200..=299).contains(&answer.status));
    all.filter_map(|name| retry_after_ms(&said(&answer.headers, name)?, now)).max()
}

/// The request; what is wrong with it is said without what it holds.
fn ask(post: Post) -> Result<Ask, String> {
    let method = if post.method == "GET" { Method::GET } else { Method::POST };
    let uri = post.url.parse().map_err(|_| "its address is none: https://, a host and a path".to_owned())?;
    let mut headers = Vec::new();
    for (name, value) in post.headers {
        let wrong = || format!("header {name:?} holds something that no header may");
        let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        headers.push((parsed, HeaderValue::from_str(&value).map_err(|_| wrong())?));
    }
    Ok(Ask { method, uri, headers, body: post.body.into() })
}
