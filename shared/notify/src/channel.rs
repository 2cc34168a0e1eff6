//! How does a message leave the house?

mod encrypted;
mod modem;
mod post;
mod push;
mod secret;
mod smtp;
mod two_way;
mod webhook;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use vigie_model::UtcMs;

use crate::config::{ChannelSetup, Way};
use crate::devices::{DevicePost, Devices};
use crate::mind::{Digest16, Intent, Kind, Language, Notice, Outcome, Severity, Stamp, Steady, Text, test_key};

pub(crate) use encrypted::{Subscription, Vapid};
use modem::Modem;
use post::Poster;
pub(crate) use post::asked_for;
use push::Pusher;
pub(crate) use push::{Pushing, push_verdict};
use smtp::{Smtp, Writing};
pub use two_way::TwoWay;
use webhook::Webhook;
pub(crate) use webhook::post_signed;

/// A way to receivers.
#[derive(Debug)]
pub struct Channel {
    name: String,
    receivers: Vec<String>,
    body: Body,
}

#[derive(Debug)]
enum Body {
    Smtp(Smtp),
    Webhook(Webhook),
    Post(Box<Poster>),
    Push(Pusher),
    Modem(Modem),
    /// People's devices, where this node keeps them.
    Devices(Option<Arc<DevicePost>>),
}

/// What a receiver said to a test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// To whom.
    pub to: String,
    /// What was said; an error says what is wrong.
    pub said: Result<Text, Text>,
    /// How long it took.
    pub took: Duration,
}

/// The channels of a node, by their names: one and the same for who sends and for who tries them.
#[derive(Debug, Clone, Default)]
pub struct Channels(Arc<BTreeMap<String, Channel>>);

impl From<Vec<Channel>> for Channels {
    fn from(all: Vec<Channel>) -> Self {
        Self(Arc::new(all.into_iter().map(|channel| (channel.name.clone(), channel)).collect()))
    }
}

impl Channels {
    /// One of them.
    pub fn get(&self, name: &str) -> Option<&Channel> {
        self.0.get(name)
    }

    /// All of them, by name.
    pub fn all(&self) -> impl Iterator<Item = &Channel> {
        self.0.values()
    }

    /// People's devices, where this node keeps them.
    pub fn devices(&self) -> Option<&Devices> {
        self.0.values().find_map(|channel| match &channel.body {
            Body::Devices(Some(post)) => Some(post.devices().as_ref()),
            _ => None,
        })
    }
}

impl Channel {
    /// A channel as it was configured. Secrets and roots are read when something is sent, so that they may be replaced.
    pub fn new(setup: ChannelSetup) -> Self {
        Self::with(setup, None)
    }

    /// As [`Channel::new`], with who pushes to people's devices.
    pub fn with(setup: ChannelSetup, devices: Option<Arc<DevicePost>>) -> Self {
        let body = match setup.way {
            Way::Smtp(way) => Body::Smtp(Smtp::new(way)),
            Way::Webhook(way) => Body::Webhook(Webhook::new(way)),
            Way::Post(way) => Body::Post(Box::new(Poster::new(way))),
            Way::Push(way) => Body::Push(Pusher::new(way)),
            Way::Modem(way) => Body::Modem(Modem::new(way)),
            Way::Devices => Body::Devices(devices),
        };
        Self { name: setup.name, receivers: setup.receivers, body }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it is, as files say it.
    pub fn kind(&self) -> &'static str {
        match &self.body {
            Body::Smtp(_) => "smtp",
            Body::Webhook(_) => "webhook",
            Body::Post(poster) => poster.word(),
            Body::Push(_) => "webpush",
            Body::Modem(_) => "gsm",
            Body::Devices(_) => "devices",
        }
    }

    /// How people answer by it, where they may.
    pub fn two_way(&self) -> Option<&TwoWay> {
        match &self.body {
            Body::Post(poster) => poster.two_way(),
            _ => None,
        }
    }

    /// Whether people can answer by it: nothing where nobody could, and why they can not where they should.
    pub fn answers(&self) -> Option<Result<bool, String>> {
        match &self.body {
            Body::Post(poster) if poster.may_be_two_way() => {
                Some(poster.two_way().map_or(Ok(false), |two_way| two_way.key().map(|_| true)))
            }
            _ => None,
        }
    }

    /// Whether it follows each alert by itself.
    fn follows_each(&self) -> bool {
        matches!(&self.body, Body::Post(poster) if poster.follows_each())
    }

    /// Sends one message, once.
    pub async fn send(&self, intent: &Intent, now: UtcMs) -> Outcome {
        match &self.body {
            Body::Smtp(smtp) => smtp.send(intent).await,
            Body::Webhook(webhook) => webhook.send(intent, now).await,
            Body::Post(poster) => poster.send(intent, now).await,
            Body::Push(pusher) => pusher.send(intent, now).await,
            Body::Modem(modem) => modem.send(intent).await,
            Body::Devices(Some(post)) => post.send(intent, now).await,
            Body::Devices(None) => Outcome::Never(Text::new("people's devices are known to their hub alone")),
        }
    }

    /// Writes a letter to one person, once; nothing where it is no mail.
    pub async fn write(&self, to: &str, subject: &str, text: &str, at: UtcMs) -> Option<Outcome> {
        match &self.body {
            Body::Smtp(smtp) => Some(smtp.write(&Writing { to, subject, text, at }).await),
            Body::Webhook(_) | Body::Post(_) | Body::Push(_) | Body::Modem(_) | Body::Devices(_) => None,
        }
    }

    /// Sends a test to each receiver, and says what each said.
    pub async fn test(&self, language: Language, now: UtcMs) -> Vec<Tried> {
        let mut tried = Vec::new();
        for to in &self.receivers {
            let trial = trial(&self.name, to, language, now);
            let began = Instant::now();
            let said = match self.send(&trial, now).await {
                Outcome::Taken(said) => Ok(said),
                Outcome::Later { why, .. } | Outcome::Never(why) => Err(why),
            };
            let took = began.elapsed();
            if said.is_ok() && self.follows_each() {
                // A test is nobody's trouble: what it opened is closed.
                let over = Intent { notice: Notice { kind: Kind::Resolved, ..trial.notice.clone() }, ..trial };
                drop(self.send(&over, now).await);
            }
            tried.push(Tried { to: to.clone(), said, took });
        }
        tried
    }
}

pub(crate) fn trial(channel: &str, to: &str, language: Language, now: UtcMs) -> Intent {
    let key = test_key(channel, to, now);
    let notice = Notice {
        kind: Kind::Test,
        language,
        client: None,
        site: None,
        severity: Severity::Info,
        made: Stamp { at: now, offset_minutes: 0 },
        wrong: Vec::new(),
        more_wrong: 0,
        over: Vec::new(),
        more_over: 0,
        again: false,
    };
    Intent {
        key,
        thread: Digest16(key.0),
        route: "test".to_owned(),
        channel: channel.to_owned(),
        to: to.to_owned(),
        notice,
        tells: Vec::new(),
        not_before: Steady(now.0),
        expires: Steady(now.0),
    }
}
