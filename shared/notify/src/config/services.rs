//! How do channels of services stand in a file, and does what stands there make sense?

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use serde::Deserialize;
use vigie_outgoing::Guard;

use super::channels::{MAX_RECEIVERS, patience};
use super::words::plain_name;
use super::{Around, ChannelSetup, ConfigError, ModemWay, PostWay, PushWay, TwoWaySaid, Way};
use crate::mind::{Service, Template, TemplateError};

/// How long a service may take.
const SERVICE_SECONDS: u8 = 30;

/// A short message of three parts, as telephones join them.
const SMS_CHARS: usize = 459;

/// What a voice says in a quarter of a minute.
const CALL_CHARS: usize = 240;

/// A channel of `kind = "slack"`, `"teams"` or `"discord"`: its address is its secret.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookSaid {
    pub(super) name: String,
    url_file: PathBuf,
    two_way: Option<TwoWaySaid>,
    ca_file: Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// A channel of `kind = "pagerduty"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PagerDutySaid {
    pub(super) name: String,
    key_file: PathBuf,
    #[serde(default = "events")]
    url: String,
    ca_file: Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// A channel of `kind = "ntfy"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NtfySaid {
    pub(super) name: String,
    #[serde(default = "ntfy")]
    url: String,
    topic: String,
    token_file: Option<PathBuf>,
    ca_file: Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// A channel of `kind = "gotify"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GotifySaid {
    pub(super) name: String,
    url: String,
    token_file: PathBuf,
    ca_file: Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// A channel of `kind = "sms"` or `"call"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GatewaySaid {
    pub(super) name: String,
    url: String,
    #[serde(default = "post")]
    method: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default = "json")]
    content_type: String,
    body: Option<String>,
    expect: Option<String>,
    secret_file: Option<PathBuf>,
    to: Vec<String>,
    max_chars: Option<usize>,
    ca_file: Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// A channel of `kind = "webpush"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushSaid {
    pub(super) name: String,
    key_file: PathBuf,
    contact: String,
    subscriptions: PathBuf,
    to: Vec<String>,
    ca_file: Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// A channel of `kind = "gsm"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModemSaid {
    pub(super) name: String,
    #[serde(default = "inject")]
    command: PathBuf,
    #[serde(default)]
    arguments: Vec<String>,
    to: Vec<String>,
    max_chars: Option<usize>,
    timeout_s: Option<u8>,
}

fn inject() -> PathBuf {
    PathBuf::from("/usr/bin/gammu-smsd-inject")
}

fn events() -> String {
    "https://events.pagerduty.com/v2/enqueue".to_owned()
}

fn ntfy() -> String {
    "https://ntfy.sh".to_owned()
}

fn post() -> String {
    "POST".to_owned()
}

fn json() -> String {
    "application/json".to_owned()
}

/// What all of them say.
struct Usual<'a> {
    name: &'a str,
    ca_file: &'a Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

impl Usual<'_> {
    fn setup(
        &self,
        around: &Around,
        service: Service,
        secret_file: Option<PathBuf>,
        receivers: Vec<String>,
    ) -> Result<ChannelSetup, ConfigError> {
        let name = plain_name(self.name)?;
        let (guard, patience) = (around.guard(self.private), self.patience()?);
        let ca_file = self.ca_file.clone();
        let way = PostWay { service, secret_file, ca_file, guard, patience, two_way: None };
        Ok(ChannelSetup { name, way: Way::Post(way), receivers })
    }

    fn patience(&self) -> Result<Duration, ConfigError> {
        patience(self.name, self.timeout_s, SERVICE_SECONDS)
    }
}

macro_rules! usual {
    ($said:expr) => {
        Usual { name: &$said.name, ca_file: &$said.ca_file, private: $said.private, timeout_s: $said.timeout_s }
    };
}

impl HookSaid {
    pub(super) fn check(&self, service: Service, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let two_way = self.two_way.as_ref().map(|said| said.check(&self.name, &service, around, self.private));
        let two_way = two_way.transpose()?;
        let mut setup = usual!(self).setup(around, service, Some(self.url_file.clone()), vec![String::new()])?;
        if let Way::Post(way) = &mut setup.way {
            way.two_way = two_way;
        }
        Ok(setup)
    }
}

impl PagerDutySaid {
    pub(super) fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let url = address(&self.name, &self.url, &around.guard(self.private))?;
        usual!(self).setup(around, Service::PagerDuty { url }, Some(self.key_file.clone()), vec![String::new()])
    }
}

impl NtfySaid {
    pub(super) fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let url = address(&self.name, &self.url, &around.guard(self.private))?;
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.topic.is_empty() || self.topic.len() > 64 || !self.topic.chars().all(plain) {
            return Err(ConfigError::Topic(self.name.clone()));
        }
        let service = Service::Ntfy { url, topic: self.topic.clone() };
        usual!(self).setup(around, service, self.token_file.clone(), vec![String::new()])
    }
}

impl GotifySaid {
    pub(super) fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let url = address(&self.name, &self.url, &around.guard(self.private))?;
        usual!(self).setup(around, Service::Gotify { url }, Some(self.token_file.clone()), vec![String::new()])
    }
}

impl GatewaySaid {
    pub(super) fn check(&self, is_spoken: bool, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let filled = ["to", "text", "subject", "key", "secret"]
            .iter()
            .fold(self.url.clone(), |url, place| url.replace(&format!("{{{place}}}"), "x"));
        address(&self.name, &filled, &around.guard(self.private))?;
        let headers = self.headers.iter().map(|(name, value)| (name.to_ascii_lowercase(), value.clone())).collect();
        let usual_chars = if is_spoken { CALL_CHARS } else { SMS_CHARS };
        let template = Template::new(
            (&self.method, &self.url),
            headers,
            (&self.content_type, self.body.as_deref()),
            self.expect.as_deref(),
            (self.max_chars.unwrap_or(usual_chars), is_spoken),
        );
        let template = template.map_err(|error| ConfigError::Template(self.name.clone(), error))?;
        let service = Service::Gateway(Box::new(template));
        let receivers = numbers(&self.name, &self.to)?;
        usual!(self).setup(around, service, self.secret_file.clone(), receivers)
    }
}

impl ModemSaid {
    pub(super) fn check(&self) -> Result<ChannelSetup, ConfigError> {
        let name = plain_name(&self.name)?;
        if !self.command.is_absolute() {
            return Err(ConfigError::Command(name));
        }
        let max_chars = self.max_chars.unwrap_or(SMS_CHARS);
        if !(70..=5_000).contains(&max_chars) {
            return Err(ConfigError::Template(name, TemplateError::Chars(max_chars)));
        }
        let receivers = numbers(&name, &self.to)?;
        let patience = patience(&name, self.timeout_s, SERVICE_SECONDS)?;
        let way = ModemWay { command: self.command.clone(), arguments: self.arguments.clone(), max_chars, patience };
        Ok(ChannelSetup { name, way: Way::Modem(way), receivers })
    }
}

impl PushSaid {
    pub(super) fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let name = plain_name(&self.name)?;
        if self.to.is_empty() || self.to.len() > MAX_RECEIVERS {
            return Err(ConfigError::Receivers(name));
        }
        if !self.contact.starts_with("mailto:") && !self.contact.starts_with("https://") {
            return Err(ConfigError::Contact(name));
        }
        // Each is the name of a file.
        let receivers = self.to.iter().map(|to| plain_name(to)).collect::<Result<_, ConfigError>>()?;
        let way = PushWay {
            key_file: self.key_file.clone(),
            contact: self.contact.clone(),
            subscriptions: self.subscriptions.clone(),
            ca_file: self.ca_file.clone(),
            guard: around.guard(self.private),
            patience: usual!(self).patience()?,
        };
        Ok(ChannelSetup { name, way: Way::Push(way), receivers })
    }
}

/// An address that can be posted to, and that is protected on its way wherever somebody else could listen.
pub(super) fn address(channel: &str, said: &str, guard: &Guard) -> Result<String, ConfigError> {
    let uri: Uri = said.parse().map_err(|_| ConfigError::Url(channel.to_owned()))?;
    let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
    if !matches!(uri.scheme_str(), Some("http" | "https")) || authority.is_empty() || authority.contains('@') {
        return Err(ConfigError::Url(channel.to_owned()));
    }
    if uri.scheme_str() == Some("http") && !guard.lets_near() {
        return Err(ConfigError::Http(channel.to_owned()));
    }
    Ok(said.to_owned())
}

/// Telephone numbers as they are dialled from everywhere, or short ones of the country.
fn numbers(channel: &str, said: &[String]) -> Result<Vec<String>, ConfigError> {
    if said.is_empty() || said.len() > MAX_RECEIVERS {
        return Err(ConfigError::Receivers(channel.to_owned()));
    }
    let number = |said: &String| {
        let plain: String = said.chars().filter(|c| !matches!(c, ' ' | '.' | '-' | '(' | ')')).collect();
        let digits = plain.strip_prefix('+').unwrap_or(&plain);
        let is_number = (3..=15).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(plain).ok_or_else(|| ConfigError::Number(channel.to_owned(), said.clone()))
    };
    said.iter().map(number).collect()
}
