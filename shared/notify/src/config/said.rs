//! How do channels and routes stand in a file, and what is meant where nothing is said?

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;
use vigie_model::Slug;

use super::devices::DevicesSaid;
use super::services::{GatewaySaid, GotifySaid, HookSaid, ModemSaid, NtfySaid, PagerDutySaid, PushSaid};

use crate::mind::{Language, Severity};

/// A `[[channel]]`, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum ChannelSaid {
    /// Mail.
    Smtp(SmtpSaid),
    /// JSON to an address.
    Webhook(WebhookSaid),
    /// Slack, by an incoming webhook.
    Slack(HookSaid),
    /// Microsoft Teams, by a workflow.
    Teams(HookSaid),
    /// Discord, by a channel's webhook.
    Discord(HookSaid),
    /// PagerDuty, by its events.
    PagerDuty(PagerDutySaid),
    /// A topic of an ntfy server.
    Ntfy(NtfySaid),
    /// An application of a Gotify server.
    Gotify(GotifySaid),
    /// Short messages by a gateway over HTTP.
    Sms(GatewaySaid),
    /// Calls by a gateway over HTTP.
    Call(GatewaySaid),
    /// Short messages by a modem at this machine.
    Gsm(ModemSaid),
    /// Telephones and browsers, by their makers' push services.
    WebPush(PushSaid),
    /// People's own devices, as they subscribed on the hub's pages.
    Devices(DevicesSaid),
}

/// A channel of `kind = "smtp"`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SmtpSaid {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) port: Option<u16>,
    #[serde(default)]
    pub(super) tls: TlsSaid,
    pub(super) user: Option<String>,
    pub(super) password_file: Option<PathBuf>,
    pub(super) from: String,
    pub(super) to: Vec<String>,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) helo: Option<String>,
    pub(super) private: Option<bool>,
    pub(super) timeout_s: Option<u8>,
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
    pub(super) name: String,
    pub(super) url: String,
    pub(super) secret_file: PathBuf,
    pub(super) ca_file: Option<PathBuf>,
    pub(super) private: Option<bool>,
    pub(super) timeout_s: Option<u8>,
}

/// A `[[route]]`, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteSaid {
    pub(super) name: String,
    pub(super) channels: Vec<String>,
    #[serde(default)]
    pub(super) clients: Vec<Slug>,
    #[serde(default)]
    pub(super) sites: Vec<Slug>,
    #[serde(default = "warning")]
    pub(super) severity: Severity,
    #[serde(default)]
    pub(super) labels: BTreeMap<String, OneOrMany>,
    #[serde(default = "utc")]
    pub(super) zone: String,
    #[serde(default)]
    pub(super) hours: Vec<WindowSaid>,
    #[serde(default)]
    pub(super) quiet: Vec<WindowSaid>,
    #[serde(default = "critical")]
    pub(super) quiet_passes: Severity,
    #[serde(default = "usual_groups")]
    pub(super) group_by: Vec<String>,
    #[serde(default = "half_a_minute")]
    pub(super) wait_s: u32,
    #[serde(default = "five_minutes")]
    pub(super) interval_s: u32,
    #[serde(default = "four_hours")]
    pub(super) repeat_s: u32,
    #[serde(default = "yes")]
    pub(super) tells_ended: bool,
    #[serde(default)]
    pub(super) always: bool,
    #[serde(default)]
    pub(super) language: Language,
    #[serde(default)]
    pub(super) step: Vec<StepSaid>,
    #[serde(default)]
    pub(super) repeat_steps: u32,
}

/// A step of a route's ladder.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StepSaid {
    pub(super) after_s: u32,
    #[serde(default)]
    pub(super) channels: Vec<String>,
    #[serde(default)]
    pub(super) on_call: Vec<String>,
}

/// A value, or several that will do.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub(super) enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Hours of some days.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WindowSaid {
    #[serde(default)]
    pub(super) days: Vec<String>,
    pub(super) from: String,
    pub(super) to: String,
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
