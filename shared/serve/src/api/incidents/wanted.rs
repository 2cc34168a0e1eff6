//! Which incidents does somebody want to see?

use vigie_model::{Severity, Slug, UtcMs};
use vigie_query::filter::{self, Field, Kind};

use super::USUAL_LIMIT;
use crate::list::{self, age_seconds};
use crate::params::Params;
use crate::problem::Problem;
use crate::{Incident, IncidentState, Mark, MarkKind, Marks, Sketch, Stamp};

/// What incidents can be filtered by.
const FIELDS: &[Field] = &[
    Field { key: "status", kind: Kind::Word(&["firing", "acknowledged", "snoozed", "resolved"]) },
    Field { key: "severity", kind: Kind::Word(&["info", "warning", "critical"]) },
    Field { key: "rule", kind: Kind::Text },
    Field { key: "client", kind: Kind::Text },
    Field { key: "site", kind: Kind::Text },
    Field { key: "machine", kind: Kind::Text },
    Field { key: "tag", kind: Kind::Text },
    Field { key: "group", kind: Kind::Text },
    Field { key: "ack", kind: Kind::Text },
    Field { key: "assigned", kind: Kind::Text },
    Field { key: "doubt", kind: Kind::Text },
    Field { key: "muted", kind: Kind::Text },
    Field { key: "age", kind: Kind::Span },
    Field { key: "times", kind: Kind::Number },
];

/// An incident, as filters look at it.
pub(super) struct Looked<'a> {
    pub(super) one: &'a Incident,
    /// What the machine is called that it is about.
    pub(super) mark: Option<&'a Mark>,
    pub(super) now: UtcMs,
}

pub(super) fn marked<'a>(one: &Incident, marks: &'a Marks) -> Option<&'a Mark> {
    marks.of(one.about()?, one.client.as_ref()?, one.site.as_ref()?)
}

impl filter::Row for Looked<'_> {
    fn texts(&self, key: &str, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let one = self.one;
        let mut called = |kind| self.mark.is_some_and(|mark| mark.words(kind).iter().any(|word| passes(word.as_str())));
        match key {
            "tag" => called(MarkKind::Tag),
            "group" => called(MarkKind::Group),
            "status" => passes(one.standing.as_str()),
            "severity" => passes(one.severity.as_str()),
            "rule" => passes(&one.rule),
            "client" => one.client.as_ref().is_some_and(|client| passes(client.as_str())),
            "site" => one.site.as_ref().is_some_and(|site| passes(site.as_str())),
            "machine" => [&one.machine, &one.machine_id].into_iter().flatten().any(|machine| passes(machine)),
            "ack" => one.acknowledgements.iter().any(|word| passes(&word.by)),
            "assigned" => one.assignments.iter().any(|word| passes(&word.text)),
            "doubt" => one.doubt.is_some_and(|doubt| passes(doubt.as_str())),
            "muted" => one.muted_by.iter().any(|mute| passes(mute)),
            _ => false,
        }
    }

    fn number(&self, key: &str) -> Option<f64> {
        match key {
            "age" => Some(age_seconds(self.one.since.unwrap_or(self.one.learnt_at), self.now)),
            "times" => Some(f64::from(self.one.times)),
            _ => None,
        }
    }

    fn anywhere(&self, passes: &mut dyn FnMut(&str) -> bool) -> bool {
        let one = self.one;
        passes(&one.summary) || passes(&one.rule) || one.machine.as_ref().is_some_and(|machine| passes(machine))
    }
}

/// Which of them are wanted.
pub(super) struct Wanted {
    pub(super) list: list::Wanted,
    standing: Vec<IncidentState>,
    client: Option<String>,
    site: Option<String>,
    machine: Option<String>,
    severity: Severity,
    since_ms: i64,
}

impl Wanted {
    pub(super) fn read(params: &Params) -> Result<Self, Problem> {
        use IncidentState::{Acknowledged, Firing, Resolved, Snoozed};
        let one = |word: &str| match word {
            "open" => Ok(vec![Firing, Acknowledged, Snoozed]),
            "all" => Ok(vec![Firing, Acknowledged, Snoozed, Resolved]),
            "firing" => Ok(vec![Firing]),
            "acknowledged" => Ok(vec![Acknowledged]),
            "snoozed" => Ok(vec![Snoozed]),
            "resolved" => Ok(vec![Resolved]),
            other => {
                let other: String = other.chars().take(40).collect();
                let known = "open, all, firing, acknowledged, snoozed, resolved";
                Err(Problem::bad_parameter(format!(
                    "standing is one of {known}, or several with commas, not {other:?}"
                )))
            }
        };
        let standing = params.get("standing").unwrap_or("open").split(',').map(one).collect::<Result<Vec<_>, _>>()?;
        let severity = match params.get("severity") {
            None | Some("info") => Severity::Info,
            Some("warning") => Severity::Warning,
            Some("critical") => Severity::Critical,
            Some(_) => {
                return Err(Problem::bad_parameter("severity is info, warning or critical: from there on".to_owned()));
            }
        };
        let text = |name: &str| params.get(name).map(str::to_owned);
        let others = ["standing", "client", "site", "machine", "severity", "since"];
        Ok(Self {
            list: list::Wanted::read(params, "incidents", FIELDS, USUAL_LIMIT, &others)?,
            standing: standing.concat(),
            client: text("client"),
            site: text("site"),
            machine: text("machine"),
            severity,
            since_ms: params.time("since", i64::MIN).map_err(Problem::bad_parameter)?,
        })
    }

    pub(super) fn is_of(&self, client: &Slug, site: &Slug) -> bool {
        let is = |wanted: &Option<String>, slug: &Slug| wanted.as_deref().is_none_or(|wanted| slug.as_str() == wanted);
        is(&self.client, client) && is(&self.site, site)
    }

    /// Whether a sketch of each says enough.
    pub(super) fn is_plain(&self) -> bool {
        self.list.is_plain() && self.machine.is_none() && self.since_ms == i64::MIN
    }

    /// Whether what is of this place may be wanted.
    pub(super) fn may_be_at(&self, client: Option<&Slug>, site: Option<&Slug>) -> bool {
        let is = |wanted: &Option<String>, slug: Option<&Slug>| {
            wanted.as_deref().is_none_or(|wanted| slug.is_some_and(|slug| slug.as_str() == wanted))
        };
        is(&self.client, client) && is(&self.site, site)
    }

    /// As far as its sketch says, of what is at such a place.
    pub(super) fn may_have(&self, one: &Sketch<'_>) -> bool {
        self.standing.contains(&one.standing) && one.severity >= self.severity
    }

    /// What a sketch says nothing of.
    pub(super) fn has(&self, one: &Incident) -> bool {
        let machine =
            |wanted: &str| one.machine.as_deref() == Some(wanted) || one.machine_id.as_deref() == Some(wanted);
        let newest = [one.since, one.ended, Some(one.learnt_at)].into_iter().flatten().map(Stamp::ms).max();
        self.machine.as_deref().is_none_or(machine) && newest.is_none_or(|newest| newest >= self.since_ms)
    }
}
