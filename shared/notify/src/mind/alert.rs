//! What can somebody be told of? Alerts and the cuts of sites: how they begin, end and are acknowledged.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use vigie_model::{Severity, Slug, UtcMs};

use super::key::{Digest16, hash};
use super::text::{Link, Text};

/// Labels of an alert that are kept: those that routes match and group by.
const MAX_LABELS: usize = 32;

/// Which alert: a rule and the labels it speaks of. Whoever judges the rule comes to the same id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AlertId(pub Digest16);

impl AlertId {
    /// The alert of a rule of this client about a series with these labels.
    pub fn of(client: &Slug, rule: &str, labels: &BTreeMap<String, String>) -> Self {
        let mut parts: Vec<&[u8]> = vec![client.as_str().as_bytes(), rule.as_bytes()];
        parts.extend(labels.iter().flat_map(|(name, value)| [name.as_bytes(), value.as_bytes()]));
        Self(hash("alert", &parts))
    }

    /// The alert of a thing whose name relay and hub come to alike, at its place: the same thing elsewhere is another alert.
    pub fn of_thing(client: Option<&Slug>, site: Option<&Slug>, thing: &[u8]) -> Self {
        let place = |slug: Option<&Slug>| slug.map_or("", Slug::as_str).to_owned();
        Self(hash("thing", &[place(client).as_bytes(), place(site).as_bytes(), thing]))
    }

    /// The cut of a site, as the hub sees it.
    pub fn of_site(client: &Slug, site: &Slug) -> Self {
        Self(hash("cut", &[client.as_str().as_bytes(), site.as_str().as_bytes()]))
    }
}

impl fmt::Display for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for AlertId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AlertId({self})")
    }
}

/// One time that an alert was wrong: the alert, and when it began.
///
/// Who judged it wrote the beginning down, and everybody else has it from there, so that relay and hub mean the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Instance {
    /// Which alert.
    pub alert: AlertId,
    /// When it began to fire, as its judge wrote it down.
    pub began: UtcMs,
}

/// What happened to an instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Change {
    /// It fires; of a site: it is cut off.
    Began,
    /// It is over; of a site: it is back.
    Ended,
    /// A person knows: it is told to nobody else and not repeated.
    Acknowledged,
}

/// Who judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Judge {
    /// The relay of the site.
    Relay,
    /// The hub, of what reached it.
    Hub,
}

/// What it is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum About {
    /// Something measured, or a machine that is silent.
    Alert,
    /// A site that the hub does not hear.
    Cut,
}

/// How we know: the axis of reachability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Reach {
    /// Samples come as they are measured.
    Live,
    /// The path works and what is shown is older than that.
    Late,
    /// The relay vouches that the machine does not answer.
    Silent,
    /// The relay itself is not heard: nothing behind it is verified.
    Cut,
    /// It said that it would be away.
    Asleep,
    /// It was never heard.
    Unseen,
}

/// As of when, and by which way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Freshness {
    /// How we know.
    pub reach: Reach,
    /// When it was last heard; nothing of what was never heard.
    pub heard: Option<UtcMs>,
    /// The relay it came by.
    pub via: Option<Text>,
}

/// What is known of it, in the words of rules and machines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// What it is about.
    pub about: About,
    /// Whose.
    pub client: Slug,
    /// Where; nothing for machines of no site.
    pub site: Option<Slug>,
    /// Which machine, by its name; nothing if it is about none or many.
    pub machine: Option<Text>,
    /// The rule's name.
    pub rule: Text,
    /// What it says, in one line.
    pub title: Text,
    /// How bad it is.
    pub severity: Severity,
    /// For routes: `client`, `site`, `machine`, `rule` and `severity` need not be among them.
    pub labels: BTreeMap<Text, Text>,
    /// The value with its unit, as people read it.
    pub value: Option<Text>,
    /// As of when, and by which way.
    pub freshness: Freshness,
    /// Its page.
    pub link: Option<Link>,
    /// What is exposed while a site is cut off: services that nobody watches now.
    pub exposed: Vec<Text>,
}

impl Facts {
    /// What a route matches and groups by.
    pub(crate) fn label(&self, name: &str) -> &str {
        match name {
            "client" => self.client.as_str(),
            "site" => self.site.as_ref().map_or("", Slug::as_str),
            "machine" => self.machine.as_ref().map_or("", Text::as_str),
            "rule" => self.rule.as_str(),
            "severity" => self.severity.as_str(),
            other => {
                self.labels.iter().find(|(name, _)| name.as_str() == other).map_or("", |(_, value)| value.as_str())
            }
        }
    }

    /// Without more than is ever used of it.
    pub(crate) fn bounded(mut self) -> Self {
        while self.labels.len() > MAX_LABELS {
            self.labels.pop_last();
        }
        self.exposed.truncate(super::notice::MAX_LINES);
        self
    }

    pub(crate) fn place(&self) -> Option<(Slug, Slug)> {
        Some((self.client.clone(), self.site.clone()?))
    }
}

/// Something happened to an instance.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transition {
    /// To which.
    pub instance: Instance,
    /// What.
    pub change: Change,
    /// When, by the judge's clock as far as it is corrected.
    pub at: UtcMs,
    /// Who judged.
    pub judge: Judge,
    /// What is known of it, as of now.
    pub facts: Facts,
}
