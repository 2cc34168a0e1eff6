//! Does a channel make sense?

use std::time::Duration;

use lettre::Address;
use vigie_outgoing::Guard;

use super::services::address as address_of;
use super::words::plain_name;
use super::{Around, ChannelSaid, ChannelSetup, ConfigError, SmtpSaid, SmtpWay, TlsSaid, Way, WebhookSaid, WebhookWay};
use crate::mind::{Seat, Service};

/// Receivers of one channel: each is a message of its own.
pub(super) const MAX_RECEIVERS: usize = 50;

/// How long a mail may take: servers that check one while it waits answer within half a minute.
const MAIL_SECONDS: u8 = 60;

/// How long a webhook may take.
const WEBHOOK_SECONDS: u8 = 30;

impl ChannelSaid {
    pub(super) fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        match self {
            Self::Smtp(said) => said.check(around),
            Self::Webhook(said) => said.check(around),
            Self::Slack(said) => said.check(Service::Slack, around),
            Self::Teams(said) => said.check(Service::Teams, around),
            Self::Discord(said) => said.check(Service::Discord, around),
            Self::PagerDuty(said) => said.check(around),
            Self::Ntfy(said) => said.check(around),
            Self::Gotify(said) => said.check(around),
            Self::Sms(said) => said.check(false, around),
            Self::Call(said) => said.check(true, around),
            Self::Gsm(said) => said.check(),
            Self::WebPush(said) => said.check(around),
            Self::Devices(said) => said.check(around),
        }
    }
}

impl Around {
    /// Where a channel may go. A relay tells who is near; the hub's network is nobody's business.
    pub(super) fn guard(&self, private: Option<bool>) -> Guard {
        Guard::new(private.unwrap_or(self.seat == Seat::Relay), self.nets.clone())
    }
}

impl SmtpSaid {
    fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let name = plain_name(&self.name)?;
        let wrong = || ConfigError::Host(name.clone());
        let plain = |text: &str| {
            let good = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':');
            !text.is_empty() && text.len() <= 253 && text.chars().all(good)
        };
        // A colon is of an IPv6 address, or it is a port in the wrong place.
        let is_host = |text: &str| plain(text) && (!text.contains(':') || text.parse::<std::net::IpAddr>().is_ok());
        if !is_host(&self.host) || self.helo.as_deref().is_some_and(|helo| !is_host(helo) || helo.contains(':')) {
            return Err(wrong());
        }
        let login = match (&self.user, &self.password_file) {
            (None, None) => None,
            (Some(user), Some(file)) => Some((user.clone(), file.clone())),
            _ => return Err(ConfigError::Login(name)),
        };
        if login.is_some() && self.tls == TlsSaid::None {
            return Err(ConfigError::Unprotected(name));
        }
        if self.to.is_empty() || self.to.len() > MAX_RECEIVERS {
            return Err(ConfigError::Receivers(name));
        }
        let from = address(&name, &self.from)?;
        let receivers =
            self.to.iter().map(|to| Ok(address(&name, to)?.to_string())).collect::<Result<_, ConfigError>>()?;
        let usual_port = match self.tls {
            TlsSaid::Starttls => 587,
            TlsSaid::Tls => 465,
            TlsSaid::None => 25,
        };
        let way = SmtpWay {
            host: self.host.clone(),
            port: self.port.unwrap_or(usual_port),
            tls: self.tls,
            login,
            helo: self.helo.clone().unwrap_or_else(|| from.domain().to_owned()),
            from,
            ca_file: self.ca_file.clone(),
            guard: around.guard(self.private),
            patience: patience(&name, self.timeout_s, MAIL_SECONDS)?,
        };
        Ok(ChannelSetup { name, way: Way::Smtp(way), receivers })
    }
}

impl WebhookSaid {
    fn check(&self, around: &Around) -> Result<ChannelSetup, ConfigError> {
        let name = plain_name(&self.name)?;
        let guard = around.guard(self.private);
        let uri = address_of(&name, &self.url, &guard)?.parse().map_err(|_| ConfigError::Url(name.clone()))?;
        let patience = patience(&name, self.timeout_s, WEBHOOK_SECONDS)?;
        let (secret_file, ca_file) = (self.secret_file.clone(), self.ca_file.clone());
        let way = WebhookWay { uri, secret_file, ca_file, guard, patience };
        Ok(ChannelSetup { name, way: Way::Webhook(way), receivers: vec![String::new()] })
    }
}

pub(super) fn patience(channel: &str, said: Option<u8>, usual: u8) -> Result<Duration, ConfigError> {
    match said.unwrap_or(usual) {
        0 => Err(ConfigError::Timeout(channel.to_owned())),
        seconds => Ok(Duration::from_secs(seconds.into())),
    }
}

fn address(channel: &str, said: &str) -> Result<Address, ConfigError> {
    let address: Option<Address> = said.parse().ok().filter(|_| said.is_ascii());
    address.ok_or_else(|| ConfigError::Address(channel.to_owned(), said.to_owned()))
}
