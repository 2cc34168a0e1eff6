//! What is a row about, who may write it, and how urgent is it?

use std::fmt;

use vigie_model::Slug;

use crate::row::RowType;

/// What a row is about: the third part of its [`Key`](crate::Key).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// What a machine is: written by its own agent. The name begins with the machine's id.
    Fact,
    /// When a relay last saw a machine.
    Presence,
    /// What is watched for.
    Rule,
    /// When nobody is to be woken.
    Maintenance,
    /// An alert's life: each raise is a member.
    Alert,
    /// Who takes care of an alert.
    Ack,
    /// What an alert is about: written by its judge.
    About,
    /// What somebody said of an alert.
    Comment,
    /// Who is told of what.
    Route,
    /// Who may see and do what.
    Grant,
    /// Numbers that the hub holds.
    Held,
    /// How much something may take.
    Budget,
    /// Whether something belongs to a group.
    Tag,
    /// What was decided, by whom: grows only.
    Audit,
    /// A kind that a later version knows: kept and passed on, and taken from the hub alone.
    Other(Slug),
}

/// Which of the two sequences of changes a row travels in. The urgent one never waits for the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Alerts and decisions.
    Alerts = 0,
    /// Everything else.
    State = 1,
}

impl Urgency {
    /// Both, most urgent first.
    pub const ALL: [Self; 2] = [Self::Alerts, Self::State];
}

/// Who may write rows of a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writer {
    /// The hub alone.
    Hub,
    /// The hub, and the relays of the row's own site.
    Site,
}

impl Kind {
    /// Those this version knows.
    pub const KNOWN: [Self; 14] = [
        Self::Fact,
        Self::Presence,
        Self::Rule,
        Self::Maintenance,
        Self::Alert,
        Self::About,
        Self::Ack,
        Self::Comment,
        Self::Route,
        Self::Grant,
        Self::Held,
        Self::Budget,
        Self::Tag,
        Self::Audit,
    ];

    /// Its word in keys.
    pub fn word(&self) -> &str {
        match self {
            Self::Fact => "fact",
            Self::Presence => "presence",
            Self::Rule => "rule",
            Self::Maintenance => "maintenance",
            Self::Alert => "alert",
            Self::About => "about",
            Self::Ack => "ack",
            Self::Comment => "comment",
            Self::Route => "route",
            Self::Grant => "grant",
            Self::Held => "held",
            Self::Budget => "budget",
            Self::Tag => "tag",
            Self::Audit => "audit",
            Self::Other(word) => word.as_str(),
        }
    }

    /// The kind of a word.
    pub fn of_word(word: Slug) -> Self {
        Self::KNOWN.into_iter().find(|kind| kind.word() == word.as_str()).unwrap_or(Self::Other(word))
    }

    /// The type of its rows; a kind that is not known may have any.
    pub fn row_type(&self) -> Option<RowType> {
        match self {
            Self::Fact | Self::Presence | Self::About | Self::Comment | Self::Grant | Self::Budget => {
                Some(RowType::Last)
            }
            Self::Rule | Self::Maintenance | Self::Ack | Self::Route => Some(RowType::Many),
            Self::Alert => Some(RowType::Members),
            Self::Held => Some(RowType::Ranges),
            Self::Tag => Some(RowType::Length),
            Self::Audit => Some(RowType::Grow),
            Self::Other(_) => None,
        }
    }

    /// How urgent its rows are.
    pub fn urgency(&self) -> Urgency {
        match self {
            Self::Alert | Self::About | Self::Ack | Self::Comment | Self::Maintenance => Urgency::Alerts,
            Self::Fact
            | Self::Presence
            | Self::Rule
            | Self::Route
            | Self::Grant
            | Self::Held
            | Self::Budget
            | Self::Tag
            | Self::Audit
            | Self::Other(_) => Urgency::State,
        }
    }

    /// Who may write its rows.
    pub fn writer(&self) -> Writer {
        match self {
            Self::Grant | Self::Held | Self::Budget | Self::Route | Self::Other(_) => Writer::Hub,
            Self::Fact
            | Self::Presence
            | Self::Rule
            | Self::Maintenance
            | Self::Alert
            | Self::About
            | Self::Ack
            | Self::Comment
            | Self::Tag
            | Self::Audit => Writer::Site,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}
