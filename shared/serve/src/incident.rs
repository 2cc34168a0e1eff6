//! What is told of something that is wrong?

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{Doubt, NodeId, Severity, Slug};
use vigie_people::At;

use crate::fact::as_text;
use crate::{Marks, Stamp};

/// One alert and what people decided of it, as the rows that are here say it.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Incident {
    /// Which: 26 characters, the same at relay and hub.
    pub id: String,
    /// How it stands.
    pub standing: IncidentState,
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// What it says, in one line.
    pub summary: String,
    /// Whose; nobody's alone for what concerns the deployment.
    pub client: Option<Slug>,
    /// Where; nothing for what concerns several sites.
    pub site: Option<Slug>,
    /// The machine's host name, if it is about one.
    pub machine: Option<String>,
    /// The machine's node id.
    pub machine_id: Option<String>,
    /// The labels it fires for.
    pub labels: BTreeMap<String, String>,
    /// The rule's texts for people.
    pub annotations: BTreeMap<String, String>,
    /// The value when it was last written down; none where it is no number.
    pub value: Option<f64>,
    /// Why it can not be said whether it is still so.
    pub doubt: Option<Doubt>,
    /// When it first fired.
    pub began: Option<Stamp>,
    /// When it began the last time.
    pub since: Option<Stamp>,
    /// When it ended, unless it still fires by its rule.
    pub ended: Option<Stamp>,
    /// How often it has fired.
    pub times: u32,
    /// When it began and ended before this time, oldest first: the latest 64. In lists of the cuts of sites alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub past: Vec<Spell>,
    /// When this node first learnt of it.
    pub learnt_at: Stamp,
    /// Who judges it.
    pub judge: Option<JudgedBy>,
    /// Somebody closed it while somebody else raised it, neither knowing of the other: both are shown until somebody
    /// decides again.
    pub contradicted: bool,
    /// Who knows; several when they did not know of one another. Latest first.
    pub acknowledgements: Vec<Word>,
    /// Who takes care of it, as `text`.
    pub assignments: Vec<Word>,
    /// Until when it is quiet, if it is.
    pub snoozed_until: Option<Stamp>,
    /// Who closed it, and why.
    pub closings: Vec<Word>,
    /// What people said, oldest first.
    pub comments: Vec<Word>,
    /// Maintenance and silences that keep it from being told now, by id.
    pub muted_by: Vec<String>,
    /// How far the newest of all this has come.
    pub reached: Reached,
    /// Who is told next while nobody says that they know, as far as this node tells of it; not in lists.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub escalations: Vec<Escalation>,
}

impl Incident {
    /// The machine that it is about, if it is about one.
    pub fn about(&self) -> Option<NodeId> {
        self.machine_id.as_deref().and_then(|id| id.parse().ok())
    }

    /// Where rights over it are asked about.
    pub fn at<'a>(&'a self, marks: &'a Marks) -> At<'a> {
        marks.at(self.client.as_ref(), self.site.as_ref(), self.about())
    }
}

/// One time that it began and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Spell {
    /// When it began.
    pub since: Stamp,
    /// When it was over.
    pub ended: Stamp,
}

/// What is known of an incident before anything is worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sketch<'a> {
    /// Which; in the order of these the newest is last.
    pub id: &'a str,
    /// Whose, and where, as far as it concerns one.
    pub client: Option<&'a Slug>,
    /// The site.
    pub site: Option<&'a Slug>,
    /// The machine that it is about.
    pub about: Option<NodeId>,
    /// How it stands.
    pub standing: IncidentState,
    /// How bad it is.
    pub severity: Severity,
    /// Another number whenever anything that is written of it changed.
    pub changed: u64,
}

impl<'a> Sketch<'a> {
    /// Of an incident that is worked out already.
    pub fn of(one: &'a Incident) -> Self {
        Self {
            id: &one.id,
            client: one.client.as_ref(),
            site: one.site.as_ref(),
            about: one.about(),
            standing: one.standing,
            severity: one.severity,
            changed: hash_of(one),
        }
    }
}

/// Of what stands in it: what is worked out by itself has no other number.
fn hash_of(one: &Incident) -> u64 {
    let mut hasher = DefaultHasher::new();
    // Texts and numbers: writing them to memory does not fail.
    serde_json::to_vec(one).unwrap_or_default().hash(&mut hasher);
    hasher.finish()
}

/// Who is told next, while nobody says that they know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Escalation {
    /// By which route.
    pub route: String,
    /// Steps that are done.
    pub step: u32,
    /// Of how many.
    pub of: u32,
    /// Whom the next tells: people by name, and channels. Nobody when all steps are done.
    pub whom: Vec<String>,
    /// When. Not while it is quiet, nor when all steps are done.
    pub at: Option<Stamp>,
    /// It is quiet, and the wait goes on afterwards.
    pub paused: bool,
}

/// How an incident stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum IncidentState {
    /// It is so, and nobody has said that they know.
    Firing,
    /// It is so, and somebody knows.
    Acknowledged,
    /// It is so, and is quiet until a moment that somebody named.
    Snoozed,
    /// It is over.
    Resolved,
}

impl IncidentState {
    /// Its word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Firing => "firing",
            Self::Acknowledged => "acknowledged",
            Self::Snoozed => "snoozed",
            Self::Resolved => "resolved",
        }
    }
}

/// How far what was written here has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reached {
    /// Durable here, and waiting for the line.
    Queued,
    /// At the relay of its site.
    Site,
    /// At hub and site.
    Everywhere,
}

/// The node that evaluates a rule.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct JudgedBy {
    /// Its node id.
    #[serde(serialize_with = "as_text")]
    #[schema(value_type = String)]
    pub node: NodeId,
    /// Its name.
    pub name: String,
}

/// What somebody said or decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Word {
    /// Which, for comments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Who.
    pub by: String,
    /// Where: the name of the hub or relay.
    pub at: String,
    /// When it happened, by that node's clock.
    pub happened_at: Stamp,
    /// When this node learnt it.
    pub learnt_at: Option<Stamp>,
    /// The note, the assignee, the reason, or the comment.
    pub text: String,
}

/// What somebody decides of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// I know; with a note, or an empty one.
    Acknowledge(String),
    /// I do not know after all.
    Unacknowledge,
    /// This person takes care of it; nobody if empty.
    Assign(String),
    /// Something to know.
    Comment(String),
    /// Be quiet until then.
    Snooze(Stamp),
    /// Speak again.
    Wake,
    /// It is over; with a reason, or an empty one.
    Resolve(String),
}

impl Decision {
    /// The words that begin a decision in the API and on the command line.
    pub const WORDS: [&'static str; 7] =
        ["acknowledge", "unacknowledge", "assign", "comment", "snooze", "wake", "resolve"];
}
