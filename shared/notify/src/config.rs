//! What does a configuration say, and does it make sense?
//!
//! The shapes of `[[channel]]` and `[[route]]`, in a file or in a row that is edited at the hub:
//!
//! ```toml
#![doc = include_str!("config/example.toml")]
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use hyper::Uri;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use lettre::Address;
use serde::Deserialize;
use vigie_model::Slug;

use crate::mind::{Hours, Language, Route, Rules, Seat, Severity, Window};

/// The longest name: it stands in rows and labels.
const MAX_NAME_BYTES: usize = 64;

/// Receivers of one channel: each is a message of its own.
const MAX_RECEIVERS: usize = 50;

/// The longest wait, interval or repetition.
const MAX_SECONDS: u32 = 31 * 86_400;

/// How long a mail may take: servers that check one while it waits answer within half a minute.
const MAIL_SECONDS: u8 = 60;

/// How long a webhook may take.
const WEBHOOK_SECONDS: u8 = 30;

/// A `[[channel]]`, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ChannelSaid {
    /// Mail.
    Smtp(SmtpSaid),
    /// JSON to an address.
    Webhook(WebhookSaid),
}

/// A channel of `kind = "smtp"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSaid {
    name: String,
    host: String,
    port: Option<u16>,
    #[serde(default)]
    tls: TlsSaid,
    user: Option<String>,
    password_file: Option<PathBuf>,
    from: String,
    to: Vec<String>,
    ca_file: Option<PathBuf>,
    helo: Option<String>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// How mail is protected on its way to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TlsSaid {
    /// Asked for after the greeting, and demanded; port 587.
    #[default]
    Starttls,
    /// From the first byte; port 465.
    Tls,
    /// Not at all, and so without a password; port 25. For a server on the same machine or wire.
    None,
}

/// A channel of `kind = "webhook"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSaid {
    name: String,
    url: String,
    secret_file: PathBuf,
    ca_file: Option<PathBuf>,
    private: Option<bool>,
    timeout_s: Option<u8>,
}

/// A `[[route]]`, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSaid {
    name: String,
    channels: Vec<String>,
    #[serde(default)]
    clients: Vec<Slug>,
    #[serde(default)]
    sites: Vec<Slug>,
    #[serde(default = "warning")]
    severity: Severity,
    #[serde(default)]
    labels: BTreeMap<String, OneOrMany>,
    #[serde(default = "utc")]
    zone: String,
    #[serde(default)]
    hours: Vec<WindowSaid>,
    #[serde(default)]
    quiet: Vec<WindowSaid>,
    #[serde(default = "critical")]
    quiet_passes: Severity,
    #[serde(default = "usual_groups")]
    group_by: Vec<String>,
    #[serde(default = "half_a_minute")]
    wait_s: u32,
    #[serde(default = "five_minutes")]
    interval_s: u32,
    #[serde(default = "four_hours")]
    repeat_s: u32,
    #[serde(default = "yes")]
    tells_ended: bool,
    #[serde(default)]
    always: bool,
    #[serde(default)]
    language: Language,
}

/// A value, or several that will do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Hours of some days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct WindowSaid {
    #[serde(default)]
    days: Vec<String>,
    from: String,
    to: String,
}

/// A way to receivers, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Way {
    Smtp(SmtpWay),
    Webhook(WebhookWay),
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
    pub(crate) private: bool,
    /// How long all of it may take.
    pub(crate) patience: Duration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct WebhookWay {
    pub(crate) uri: Uri,
    pub(crate) secret_file: PathBuf,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) private: bool,
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

/// Something in a configuration that can not be. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A name that does not read well in a log.
    #[error("a name has 1 to {MAX_NAME_BYTES} letters, digits, - and _; {0:?} has not")]
    Name(String),
    /// No time at all.
    #[error("timeout_s of channel {0:?} is at least 1")]
    Timeout(String),
    /// Two of the same kind have one name.
    #[error("two channels or two routes are named {0:?}")]
    Twice(String),
    /// Not an address of mail, or one with letters that many servers refuse.
    #[error("{1:?} of channel {0:?} is no mail address: write it plainly, as in ops@example.org")]
    Address(String, String),
    /// Nobody, or a crowd.
    #[error("channel {0:?} has 1 to {MAX_RECEIVERS} receivers")]
    Receivers(String),
    /// A host that can not be one.
    #[error("the host of channel {0:?} is a name or an address, without a port; helo is a plain name")]
    Host(String),
    /// Half of a login.
    #[error("channel {0:?} needs user and password_file together, or neither")]
    Login(String),
    /// A password in the clear.
    #[error("channel {0:?} would send its password unprotected: say tls = \"starttls\" or \"tls\"")]
    Unprotected(String),
    /// Not an address that can be posted to.
    #[error("the url of channel {0:?} is none: https://, a host, a path, and no user or password in it")]
    Url(String),
    /// Unprotected to anywhere.
    #[error("channel {0:?} would send over http:// to anybody on the way: say https://, or private = true")]
    Http(String),
    /// A channel that is not there.
    #[error("route {0:?} names channel {1:?}, which is not configured")]
    NoChannel(String, String),
    /// A route to nobody.
    #[error("route {0:?} names no channel")]
    NoChannels(String),
    /// A time zone that nobody knows here.
    #[error(
        "route {0:?} is in zone {1:?}, which this system does not know: write it as in Europe/Paris, install tzdata"
    )]
    Zone(String, String),
    /// A day or a time of day.
    #[error("route {0:?} says {1:?}: days are as in \"mon\" or \"mon-fri\", times as in \"22:00\"")]
    Window(String, String),
    /// A time that never comes.
    #[error("route {0:?} waits, pauses or repeats for more than {MAX_SECONDS} s, or repeats within less than 60 s")]
    Seconds(String),
}

/// Checks channels and routes; the rules for a desk, and the channels for a messenger.
///
/// # Errors
/// The first that is wrong.
pub fn check(
    channels: &[ChannelSaid],
    routes: &[RouteSaid],
    seat: Seat,
) -> Result<(Rules, Vec<ChannelSetup>), ConfigError> {
    let channels = channels.iter().map(|said| said.check(seat)).collect::<Result<Vec<_>, _>>()?;
    unique(channels.iter().map(|channel| &channel.name))?;
    unique(routes.iter().map(|route| &route.name))?;
    let receivers: BTreeMap<String, Vec<String>> =
        channels.iter().map(|channel| (channel.name.clone(), channel.receivers.clone())).collect();
    let routes = routes.iter().map(|route| route.check(&receivers)).collect::<Result<_, _>>()?;
    Ok((Rules { seat, routes, receivers }, channels))
}

/// Hours as a person says them: a zone, days as in `mon` or `mon-fri`, and times as in `22:00`. `name` is whose they are.
///
/// # Errors
/// When the zone, a day or a time is none.
pub fn hours(name: &str, zone: &str, days: &[String], from: &str, to: &str) -> Result<Hours, ConfigError> {
    let said = WindowSaid { days: days.to_vec(), from: from.to_owned(), to: to.to_owned() };
    Ok(Hours::new(zone_of(name, zone)?, vec![said.check(name)?]))
}

fn zone_of(name: &str, zone: &str) -> Result<TimeZone, ConfigError> {
    let no_zone = |_| ConfigError::Zone(name.to_owned(), zone.to_owned());
    if zone == "UTC" { Ok(TimeZone::UTC) } else { TimeZone::get(zone).map_err(no_zone) }
}

impl ChannelSaid {
    fn check(&self, seat: Seat) -> Result<ChannelSetup, ConfigError> {
        // A relay tells who is near; the hub's network is nobody's business.
        let usual = seat == Seat::Relay;
        match self {
            Self::Smtp(said) => said.check(usual),
            Self::Webhook(said) => said.check(usual),
        }
    }
}

impl SmtpSaid {
    fn check(&self, usually_private: bool) -> Result<ChannelSetup, ConfigError> {
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
        let receivers = self.to.iter().map(|to| Ok(address(&name, to)?.to_string())).collect::<Result<_, _>>()?;
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
            private: self.private.unwrap_or(usually_private),
            patience: patience(&name, self.timeout_s, MAIL_SECONDS)?,
        };
        Ok(ChannelSetup { name, way: Way::Smtp(way), receivers })
    }
}

impl WebhookSaid {
    fn check(&self, usually_private: bool) -> Result<ChannelSetup, ConfigError> {
        let name = plain_name(&self.name)?;
        let private = self.private.unwrap_or(usually_private);
        let uri: Uri = self.url.parse().map_err(|_| ConfigError::Url(name.clone()))?;
        let authority = uri.authority().map(|authority| authority.as_str()).unwrap_or_default();
        if !matches!(uri.scheme_str(), Some("http" | "https")) || authority.is_empty() || authority.contains('@') {
            return Err(ConfigError::Url(name));
        }
        if uri.scheme_str() == Some("http") && !private {
            return Err(ConfigError::Http(name));
        }
        let patience = patience(&name, self.timeout_s, WEBHOOK_SECONDS)?;
        let (secret_file, ca_file) = (self.secret_file.clone(), self.ca_file.clone());
        let way = WebhookWay { uri, secret_file, ca_file, private, patience };
        Ok(ChannelSetup { name, way: Way::Webhook(way), receivers: vec![String::new()] })
    }
}

impl RouteSaid {
    fn check(&self, receivers: &BTreeMap<String, Vec<String>>) -> Result<Route, ConfigError> {
        let name = plain_name(&self.name)?;
        if self.channels.is_empty() {
            return Err(ConfigError::NoChannels(name));
        }
        if let Some(none) = self.channels.iter().find(|channel| !receivers.contains_key(*channel)) {
            return Err(ConfigError::NoChannel(name, none.clone()));
        }
        let often = self.repeat_s > 0 && self.repeat_s < 60;
        if often || [self.wait_s, self.interval_s, self.repeat_s].iter().any(|seconds| *seconds > MAX_SECONDS) {
            return Err(ConfigError::Seconds(name));
        }
        let zone = zone_of(&name, &self.zone)?;
        let hours = |said: &[WindowSaid]| {
            let windows = said.iter().map(|window| window.check(&name)).collect::<Result<_, _>>()?;
            Ok(Hours::new(zone.clone(), windows))
        };
        let values = |of: &OneOrMany| match of {
            OneOrMany::One(value) => vec![value.clone()],
            OneOrMany::Many(values) => values.clone(),
        };
        let mut channels = self.channels.clone();
        channels.sort_unstable();
        channels.dedup();
        Ok(Route {
            channels,
            clients: self.clients.iter().cloned().collect::<BTreeSet<_>>(),
            sites: self.sites.iter().cloned().collect::<BTreeSet<_>>(),
            severity: self.severity,
            labels: self.labels.iter().map(|(label, of)| (label.clone(), values(of))).collect(),
            hours: hours(&self.hours)?,
            quiet: hours(&self.quiet)?,
            quiet_passes: self.quiet_passes,
            group_by: self.group_by.clone(),
            wait_ms: i64::from(self.wait_s) * 1_000,
            interval_ms: i64::from(self.interval_s) * 1_000,
            repeat_ms: i64::from(self.repeat_s) * 1_000,
            tells_ended: self.tells_ended,
            always: self.always,
            language: self.language,
            name,
        })
    }
}

impl WindowSaid {
    fn check(&self, route: &str) -> Result<Window, ConfigError> {
        let wrong = |said: &str| ConfigError::Window(route.to_owned(), said.to_owned());
        let time = |said: &str| time_of_day(said).ok_or_else(|| wrong(said));
        let mut days = Vec::new();
        for said in &self.days {
            days.extend(some_days(said).ok_or_else(|| wrong(said))?);
        }
        Ok(Window { days, from: time(&self.from)?, to: time(&self.to)? })
    }
}

fn plain_name(name: &str) -> Result<String, ConfigError> {
    let plain = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    let good = !name.is_empty() && name.len() <= MAX_NAME_BYTES && name.chars().all(plain);
    if good { Ok(name.to_owned()) } else { Err(ConfigError::Name(name.chars().take(MAX_NAME_BYTES).collect())) }
}

fn patience(channel: &str, said: Option<u8>, usual: u8) -> Result<Duration, ConfigError> {
    match said.unwrap_or(usual) {
        0 => Err(ConfigError::Timeout(channel.to_owned())),
        seconds => Ok(Duration::from_secs(seconds.into())),
    }
}

fn unique<'a>(names: impl Iterator<Item = &'a String>) -> Result<(), ConfigError> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(ConfigError::Twice(name.clone()));
        }
    }
    Ok(())
}

fn address(channel: &str, said: &str) -> Result<Address, ConfigError> {
    let address: Option<Address> = said.parse().ok().filter(|_| said.is_ascii());
    address.ok_or_else(|| ConfigError::Address(channel.to_owned(), said.to_owned()))
}

fn time_of_day(said: &str) -> Option<Time> {
    let (hour, minute) = said.split_once(':')?;
    let number = |digits: &str| (digits.len() == 2).then(|| digits.parse::<i8>().ok()).flatten();
    // The end of a day is the beginning of the next.
    let hour = number(hour)?;
    let minute = number(minute)?;
    if (hour, minute) == (24, 0) { Some(Time::midnight()) } else { Time::new(hour, minute, 0, 0).ok() }
}

/// One day, or some that follow one another.
fn some_days(said: &str) -> Option<Vec<Weekday>> {
    let (first, last) = said.split_once('-').unwrap_or((said, said));
    let (first, last) = (weekday(first)?, weekday(last)?);
    let after = |days: &i64| first.wrapping_add(*days);
    let count = i64::from(first.until(last));
    Some((0..=count).map(|days| after(&days)).collect())
}

fn weekday(said: &str) -> Option<Weekday> {
    let all = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
    let at = all.iter().position(|day| *day == said)?;
    Weekday::from_monday_zero_offset(i8::try_from(at).ok()?).ok()
}

fn warning() -> Severity {
    Severity::Warning
}

fn critical() -> Severity {
    Severity::Critical
}

fn utc() -> String {
    "UTC".to_owned()
}

fn usual_groups() -> Vec<String> {
    ["client", "site", "rule"].map(str::to_owned).to_vec()
}

fn half_a_minute() -> u32 {
    30
}

fn five_minutes() -> u32 {
    300
}

fn four_hours() -> u32 {
    4 * 3_600
}

fn yes() -> bool {
    true
}

#[cfg(test)]
#[path = "config/tests.rs"]
mod tests;
