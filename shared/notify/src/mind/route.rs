//! Whom does it concern, and how are they told?

use std::collections::{BTreeMap, BTreeSet};

use vigie_model::{Severity, Slug, UtcMs};

use super::alert::{About, Facts};
use super::fence::Seat;
use super::hours::Hours;
use super::key::{Digest16, hash};
use super::ladder::Ladder;
use super::notice::{Language, Stamp};
use super::oncall::Schedule;

/// Who is told of what, and how. Made by [`crate::config`], which refuses what makes no sense.
#[derive(Debug, Clone)]
pub struct Route {
    /// Part of every key: the same name on relay and hub is the same route.
    pub name: String,
    /// By which channels.
    pub channels: Vec<String>,
    /// Whose; everybody's if empty.
    pub clients: BTreeSet<Slug>,
    /// Where; everywhere if empty.
    pub sites: BTreeSet<Slug>,
    /// From this severity on.
    pub severity: Severity,
    /// Labels and the values that will do.
    pub labels: BTreeMap<String, Vec<String>>,
    /// When it is open at all. What began while it was closed is told when it opens, if it is still wrong.
    pub hours: Hours,
    /// When only `quiet_passes` is told at once, and the rest afterwards: a page for what is still wrong, a digest of
    /// what is over.
    pub quiet: Hours,
    /// What is told in quiet hours too.
    pub quiet_passes: Severity,
    /// What stands in one notice together.
    pub group_by: Vec<String>,
    /// How long the first of a group waits for others.
    pub wait_ms: i64,
    /// How long after a notice the next of the same group may follow.
    pub interval_ms: i64,
    /// After how long it is told again what is still wrong and not acknowledged; never if zero.
    pub repeat_ms: i64,
    /// Whether it is told that something is over.
    pub tells_ended: bool,
    /// Speaks whether or not the other side does: its receivers hear nothing from there.
    pub always: bool,
    /// In which language.
    pub language: Language,
    /// Who else is told, step by step, while nobody says that they know.
    pub ladder: Ladder,
}

/// All routes of a node, and who stands behind its channels.
#[derive(Debug, Clone)]
pub struct Rules {
    /// Whose node this is.
    pub seat: Seat,
    /// In the order they were written; each that matches tells.
    pub routes: Vec<Route>,
    /// The receivers of each channel: addresses of a mail channel, one empty text for a webhook.
    pub receivers: BTreeMap<String, Vec<String>>,
    /// The channels that follow each alert by itself: one message for each, and one more when somebody knows.
    pub pagers: BTreeSet<String>,
    /// Who is on call when, by the names of schedules.
    pub schedules: BTreeMap<String, Schedule>,
}

impl Rules {
    pub(crate) fn route(&self, name: &str) -> Option<&Route> {
        self.routes.iter().find(|route| route.name == name)
    }
}

/// Whether somebody may be told now, and if not, when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Admission {
    Open,
    /// Told later; if it is over by then it is told in a digest, or to nobody.
    Held {
        until: Option<UtcMs>,
        digest: bool,
    },
}

impl Route {
    /// Whether it tells of this. A route for everybody is for no demonstration: that is told of only where it is named.
    pub(crate) fn wants(&self, facts: &Facts) -> bool {
        let site = || facts.site.as_ref().is_some_and(|site| self.sites.contains(site));
        facts.severity >= self.severity
            && ((self.clients.is_empty() && !facts.client.is_demonstration()) || self.clients.contains(&facts.client))
            && (self.sites.is_empty() || site())
            && self.labels.iter().all(|(name, values)| values.iter().any(|value| value == facts.label(name)))
    }

    pub(crate) fn admits(&self, facts: &Facts, now: UtcMs) -> Admission {
        if !self.hours.is_open(now) {
            return Admission::Held { until: self.hours.opens(now), digest: false };
        }
        if !self.quiet.is_empty() && facts.severity < self.quiet_passes && self.quiet.is_open(now) {
            return Admission::Held { until: self.quiet.closes(now), digest: true };
        }
        Admission::Open
    }

    /// Which notice it stands in with others. The cut of a site waits for nobody.
    pub(crate) fn group(&self, facts: &Facts) -> Digest16 {
        let mut parts: Vec<&[u8]> = vec![self.name.as_bytes()];
        match facts.about {
            About::Alert => {
                parts.push(b"by");
                parts.extend(self.group_by.iter().map(|name| facts.label(name).as_bytes()));
            }
            About::Cut => {
                parts.extend([b"cut".as_slice(), facts.label("client").as_bytes(), facts.label("site").as_bytes()])
            }
        }
        hash("group", &parts)
    }

    /// Where a site's news after a cut are gathered.
    pub(crate) fn late_group(&self, client: &Slug, site: Option<&Slug>) -> Digest16 {
        let site = site.map_or("", Slug::as_str);
        hash("group", &[self.name.as_bytes(), b"late", client.as_str().as_bytes(), site.as_bytes()])
    }

    pub(crate) fn stamp(&self, at: UtcMs) -> Stamp {
        Stamp { at, offset_minutes: self.hours.offset_minutes(at) }
    }
}
