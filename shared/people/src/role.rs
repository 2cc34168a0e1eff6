//! Which rights go together?

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use vigie_model::Slug;

use crate::{Right, Scope};

/// A set of rights under a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
pub struct Role {
    /// Its name.
    pub name: Slug,
    /// What it allows.
    pub rights: BTreeSet<Right>,
}

/// A role somewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema))]
#[serde(deny_unknown_fields)]
pub struct Grant {
    /// Which role.
    pub role: Slug,
    /// Where.
    pub scope: Scope,
}

impl Role {
    /// The roles that are always there, and that nobody changes.
    ///
    /// An admin may all but act in the name of others. Who may that is named by whoever commands the hub's own machine: a
    /// `deputy`, which an admin can not make of themselves.
    pub fn built_in() -> [Self; 4] {
        use Right::{
            Act, Audit, Decide, Enrol, Fetch, Keep, Look, Mute, Node, People, Push, Quota, Roles, Tag, Tell, Tokens,
        };
        let admin =
            [Look, Decide, Mute, Fetch, Push, Tokens, People, Roles, Audit, Node, Tell, Keep, Quota, Enrol, Tag];
        let deputy =
            [Look, Decide, Mute, Fetch, Push, Tokens, People, Roles, Audit, Node, Tell, Keep, Quota, Enrol, Tag, Act];
        [
            ("deputy", &deputy[..]),
            ("admin", &admin[..]),
            ("operator", &[Look, Decide, Mute, Fetch, Tokens, Tell, Enrol, Tag]),
            ("observer", &[Look]),
        ]
        .map(|(name, rights)| Self {
            name: name.parse().expect("four plain words"),
            rights: rights.iter().copied().collect(),
        })
    }

    /// Whether a name is one of those.
    pub fn is_built_in(name: &Slug) -> bool {
        matches!(name.as_str(), "deputy" | "admin" | "operator" | "observer")
    }
}

impl std::fmt::Display for Grant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} of {}", self.role, self.scope)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deputy_may_all_and_each_role_less_than_the_one_before() {
        let [deputy, admin, operator, observer] = Role::built_in();
        assert_eq!(deputy.rights, Right::ALL.into_iter().collect());
        assert_eq!(deputy.rights.difference(&admin.rights).collect::<Vec<_>>(), [&Right::Act]);
        assert!(operator.rights.is_subset(&admin.rights) && observer.rights.is_subset(&operator.rights));
        assert!([&deputy, &admin, &operator, &observer].iter().all(|role| Role::is_built_in(&role.name)));
        assert!(!Role::is_built_in(&"auditor".parse().expect("a name")));
    }
}
