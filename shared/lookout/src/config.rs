//! What did somebody say about alerts, and does it make sense?

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use vigie_notify::config::{ConfigError, OutgoingSaid, TellingSaid};
use vigie_notify::{Channel, ChannelSetup, DevicePost, Language, Rules, Seat};
use vigie_watch::default_rules;

use crate::watchman::Watching;

/// How long alerts are kept that are over: what happened in a quarter can be looked at in its last days.
const KEEP_DAYS: u32 = 100;

/// Ten years.
const MAX_KEEP_DAYS: u32 = 3_660;

/// `[alerts]` as it stands in the file. Every key may be left out.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlertsSaid {
    /// The folder with rule files; `rules` in the data folder if left out.
    rules: Option<PathBuf>,
    /// Rules of the defaults that are left out.
    off: Vec<String>,
    /// Where people find this node's page: messages link to it.
    url: Option<String>,
    /// The language of what rules say, in messages.
    language: Language,
    /// For how many days alerts are kept that are over.
    keep_days: Option<u32>,
}

/// All that was said of alerts, checked.
#[derive(Debug, Clone)]
pub struct AlertsConfig {
    pub(crate) watching: Watching,
    pub(crate) rules: Rules,
    pub(crate) channels: Vec<ChannelSetup>,
    pub(crate) devices: Option<Arc<DevicePost>>,
}

impl AlertsConfig {
    /// With who pushes to people's devices.
    #[must_use]
    pub fn with_devices(self, devices: Arc<DevicePost>) -> Self {
        Self { devices: Some(devices), ..self }
    }

    /// What the routes of the node's own file are called.
    pub fn routes(&self) -> BTreeSet<String> {
        self.rules.routes.iter().map(|route| route.name.clone()).collect()
    }

    /// The channel of this name, if it sends mail: for letters to people beside messages.
    pub fn mail(&self, name: &str) -> Option<Channel> {
        let channel = self.channels.iter().find(|channel| channel.name() == name).cloned().map(Channel::new);
        channel.filter(|channel| channel.kind() == "smtp")
    }
}

/// Something that can not be. Nothing was started.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlertsError {
    /// No rule of the defaults is called so.
    #[error("[alerts] off: no rule of the defaults is called {0:?}; `rules list` shows them")]
    NoRule(String),
    /// Not an address of a page.
    #[error("[alerts] url: {0:?} is no address of a page: https:// or http://, and a host")]
    Url(String),
    /// No number of days.
    #[error("[alerts] keep_days: alerts that are over are kept for 1 to {MAX_KEEP_DAYS} days, not {0}")]
    KeepDays(u32),
    /// A channel or a route.
    #[error(transparent)]
    Telling(#[from] ConfigError),
}

impl AlertsSaid {
    /// Checks it, with the channels and routes that stand beside it, and where messages may go. `data` is the node's data folder.
    ///
    /// # Errors
    /// The first that is wrong.
    pub fn check(&self, telling: &TellingSaid<'_>, seat: Seat, data: &Path) -> Result<AlertsConfig, AlertsError> {
        let known: BTreeSet<String> =
            default_rules().into_iter().flat_map(|group| group.rules).map(|rule| rule.name).collect();
        if let Some(none) = self.off.iter().find(|name| !known.contains(*name)) {
            return Err(AlertsError::NoRule(none.clone()));
        }
        let is_page = |url: &String| {
            let host = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
            host.is_some_and(|host| !host.is_empty() && !host.contains(char::is_whitespace))
        };
        if let Some(wrong) = self.url.as_ref().filter(|url| !is_page(url)) {
            return Err(AlertsError::Url(wrong.clone()));
        }
        let keep_days = self.keep_days.unwrap_or(KEEP_DAYS);
        if !(1..=MAX_KEEP_DAYS).contains(&keep_days) {
            return Err(AlertsError::KeepDays(keep_days));
        }
        let (rules, channels) = telling.check(seat)?;
        let watching = Watching {
            rules: self.rules.clone().unwrap_or_else(|| data.join("rules")),
            off: self.off.iter().cloned().collect(),
            url: self.url.clone(),
            french: self.language == Language::French,
            keep_ms: i64::from(keep_days) * 86_400_000,
        };
        Ok(AlertsConfig { watching, rules, channels, devices: None })
    }
}

impl AlertsConfig {
    /// The defaults, and nobody who is told.
    pub fn quiet(seat: Seat, data: &Path) -> Self {
        let said = AlertsSaid::default();
        let nobody = TellingSaid { channels: &[], routes: &[], outgoing: &OutgoingSaid::default() };
        // Nothing was said that could be wrong.
        said.check(&nobody, seat, data).unwrap_or_else(|_| unreachable!("the defaults are no nonsense"))
    }
}
