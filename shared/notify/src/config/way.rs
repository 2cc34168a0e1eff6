//! What is a channel, once it is checked?

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use lettre::Address;
use vigie_model::Slug;
use vigie_outgoing::Guard;

use super::{Strangers, TlsSaid};
use crate::mind::Service;

/// A way to receivers, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    Smtp(SmtpWay),
    Webhook(WebhookWay),
    Post(PostWay),
    Push(PushWay),
    Modem(ModemWay),
    Devices,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SmtpWay {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) tls: TlsSaid,
    /// User, and where the password stands.
    pub(crate) login: Option<(String, PathBuf)>,
    pub(crate) from: Address,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) helo: String,
    pub(crate) guard: Guard,
    /// How long all of it may take.
    pub(crate) patience: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookWay {
    pub(crate) uri: Uri,
    pub(crate) secret_file: PathBuf,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) guard: Guard,
    /// How long all of it may take.
    pub(crate) patience: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PostWay {
    pub(crate) service: Service,
    pub(crate) secret_file: Option<PathBuf>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) guard: Guard,
    /// How long all of it may take.
    pub(crate) patience: Duration,
    /// How people answer, where they may.
    pub(crate) two_way: Option<TwoWayWay>,
}

/// How people answer from a chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TwoWayWay {
    /// What the chat signs with.
    pub(crate) secret_file: PathBuf,
    /// Of whose incidents; of all if none is named.
    pub(crate) clients: BTreeSet<Slug>,
    /// Who somebody is: by what the chat calls them, the address they sign in with.
    pub(crate) people: BTreeMap<String, String>,
    pub(crate) strangers: Strangers,
    /// Where messages are changed: scheme and host.
    pub(crate) answers_to: String,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PushWay {
    /// The key by which push services know us, PKCS #8 in PEM.
    pub(crate) key_file: PathBuf,
    /// Whom a push service turns to when something is wrong with us.
    pub(crate) contact: String,
    /// A folder with a file for each receiver.
    pub(crate) subscriptions: PathBuf,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) guard: Guard,
    /// How long all of it may take.
    pub(crate) patience: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ModemWay {
    /// The program that has the modem.
    pub(crate) command: PathBuf,
    /// What it is told before the message.
    pub(crate) arguments: Vec<String>,
    pub(crate) max_chars: usize,
    /// How long all of it may take.
    pub(crate) patience: Duration,
}

/// A channel that can be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelSetup {
    pub(crate) name: String,
    pub(crate) way: Way,
    pub(crate) receivers: Vec<String>,
}

impl ChannelSetup {
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}
