//! What keeps alerts from being told: maintenance and silences.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use vigie_model::Slug;

use crate::Stamp;

/// Why nobody is to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MuteKind {
    /// Work that was planned. What must never be slept through is told all the same.
    Maintenance,
    /// A person does not want to hear of it. Nothing of what it names is told.
    Silence,
}

/// A wish to mute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MuteWish {
    /// Maintenance or a silence.
    #[serde(default = "maintenance")]
    pub kind: MuteKind,
    /// Whose; everybody's if left out.
    #[serde(default)]
    pub client: Option<Slug>,
    /// Where; at all sites of the client if left out.
    #[serde(default)]
    pub site: Option<Slug>,
    /// Labels that all must be so: `machine`, `rule`, `severity`, or any of the alert's own.
    #[serde(default)]
    pub labels: BTreeMap<String, String>,
    /// From when, in ms since 1970; now if left out.
    #[serde(default)]
    pub from_ms: Option<i64>,
    /// Until when: it ends by itself.
    pub until_ms: i64,
    /// At which hours within that time; all of it if left out.
    #[serde(default)]
    pub every: Option<Recurring>,
    /// Why.
    #[serde(default)]
    pub why: String,
}

/// Hours of some days, in a time zone with its summer time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Recurring {
    /// As in `Europe/Paris`.
    pub zone: String,
    /// As in `mon` or `mon-fri`; every day if empty.
    #[serde(default)]
    pub days: Vec<String>,
    /// As in `22:00`.
    pub from: String,
    /// As in `06:00`: of the next day where it is not after `from`.
    pub to: String,
}

/// Maintenance or a silence.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Mute {
    /// Which: 26 characters, the same at relay and hub.
    pub id: String,
    /// What was wished.
    pub wish: MuteWish,
    /// Who asked for it.
    pub by: String,
    /// Where: the name of the hub or relay.
    pub at: String,
    /// When.
    pub made_at: Stamp,
    /// Who ended it before its time, and when.
    pub ended: Option<(String, Stamp)>,
    /// Whether it mutes now.
    pub active: bool,
    /// The next times at which it mutes, the present one among them, five at most.
    pub windows: Vec<(Stamp, Stamp)>,
}

/// What a wish would mute.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct MutePreview {
    /// Machines of its place that its labels may mean.
    pub machines: Vec<String>,
    /// How many there are; of them at most a hundred are named.
    pub machine_count: usize,
    /// What is open now and would not be told, by id and summary.
    pub incidents: Vec<(String, String)>,
    /// Rules that are told all the same.
    pub awake: Vec<String>,
    /// The first times at which it would mute, five at most.
    pub windows: Vec<(Stamp, Stamp)>,
}

fn maintenance() -> MuteKind {
    MuteKind::Maintenance
}
