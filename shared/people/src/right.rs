//! What can somebody be allowed to do?

use serde::{Deserialize, Serialize};

/// One thing that a person or a program may do. Each has one name, which is never changed: roles and tokens are kept by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(rename_all = "lowercase")]
pub enum Right {
    /// See sites, machines, samples and what is wrong; ask and export.
    Look,
    /// Acknowledge, assign, comment, snooze and close.
    Decide,
    /// Say when nobody is told: maintenance and silences.
    Mute,
    /// Have a site send what it keeps back.
    Fetch,
    /// Bring samples.
    Push,
    /// Make tokens that may no more than their maker.
    Tokens,
    /// Invite, change and disable people, and end their sessions.
    People,
    /// Make and change sets of rights.
    Roles,
    /// Read who did what.
    Audit,
    /// Read the hub's own numbers, which are of all clients together.
    Node,
    /// Say who is told and who is on call, and try channels.
    Tell,
    /// Act in the name of a person whom one sees as, and not only look.
    Act,
    /// Say for how long a client's data is kept.
    Keep,
    /// Say how much a client may have.
    Quota,
    /// Let machines and relays join.
    Enrol,
    /// Say what machines are tagged with and which groups they are in, of a place as a whole: who sees machines by their tags
    /// does not change these.
    Tag,
}

impl Right {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Look,
        Self::Decide,
        Self::Mute,
        Self::Fetch,
        Self::Push,
        Self::Tokens,
        Self::People,
        Self::Roles,
        Self::Audit,
        Self::Node,
        Self::Tell,
        Self::Act,
        Self::Keep,
        Self::Quota,
        Self::Enrol,
        Self::Tag,
    ];

    /// Its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Look => "look",
            Self::Decide => "decide",
            Self::Mute => "mute",
            Self::Fetch => "fetch",
            Self::Push => "push",
            Self::Tokens => "tokens",
            Self::People => "people",
            Self::Roles => "roles",
            Self::Audit => "audit",
            Self::Node => "node",
            Self::Tell => "tell",
            Self::Act => "act",
            Self::Keep => "keep",
            Self::Quota => "quota",
            Self::Enrol => "enrol",
            Self::Tag => "tag",
        }
    }

    /// Whether a person must have proved themselves a moment ago: with these a browser that somebody left open would give
    /// its finder more than the browser has.
    pub fn needs_proof(self) -> bool {
        match self {
            Self::Tokens | Self::People | Self::Roles | Self::Keep | Self::Quota => true,
            Self::Look
            | Self::Decide
            | Self::Mute
            | Self::Fetch
            | Self::Push
            | Self::Audit
            | Self::Node
            | Self::Tell
            | Self::Act
            // Whom it lets in lies about itself alone, stands in the audit, and is put out again.
            | Self::Enrol
            // It shows to others what whoever tags sees, never more; it stands in the audit, and is taken away again.
            | Self::Tag => false,
        }
    }
}

impl Right {
    /// Whether it changes nothing, for nobody.
    pub fn only_reads(self) -> bool {
        match self {
            Self::Look | Self::Audit | Self::Node => true,
            Self::Decide
            | Self::Mute
            | Self::Fetch
            | Self::Push
            | Self::Tokens
            | Self::People
            | Self::Roles
            | Self::Tell
            | Self::Act
            | Self::Keep
            | Self::Quota
            | Self::Enrol
            | Self::Tag => false,
        }
    }
}

impl std::fmt::Display for Right {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Right {
    type Err = UnknownRight;

    fn from_str(text: &str) -> Result<Self, UnknownRight> {
        let found = Self::ALL.into_iter().find(|right| right.as_str() == text);
        found.ok_or_else(|| UnknownRight(text.chars().take(40).collect()))
    }
}

/// Not a right.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no right: look, decide, mute, fetch, push, tokens, people, roles, audit, node, tell, act, keep, quota, enrol or tag"
)]
pub struct UnknownRight(String);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_right_has_one_name_and_it_is_kept_by_it() {
        for right in Right::ALL {
            assert_eq!(right.as_str().parse(), Ok(right));
            assert_eq!(serde_json::to_string(&right).expect("a name"), format!("\"{right}\""));
        }
        let said = "root".parse::<Right>().expect_err("no right").to_string();
        assert!(Right::ALL.iter().all(|right| said.contains(right.as_str())), "{said}");
    }
}
