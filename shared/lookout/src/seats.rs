//! Over which series is a rule worked out here?
//!
//! A relay has one seat, its site. The hub has three: the places that no relay judges; what others push to the hub itself for
//! places that a relay judges, who does not get it; and, for rules that say so, all sites at once. What the second and third
//! find bears a label of its own, so it is never the same thing that a relay finds.

use vigie_model::Role;
use vigie_query::LabelSet;
use vigie_watch::{ACROSS_LABEL, Group};

/// The label of what is found in series that were pushed to the hub for a place that a relay judges.
pub(crate) const PUSHED_LABEL: &str = "vigie_pushed";

/// Where one sits, and what is seen from there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seat {
    /// What this node judges because nobody else does.
    Own,
    /// What is pushed to the hub for places that a relay judges.
    Pushed,
    /// All sites.
    Across,
}

const PUSHED: &str = " (pushed to the hub)";
const ACROSS: &str = " (across sites)";

impl Seat {
    /// All of them; the place of each is its number.
    pub(crate) const ALL: [Self; 3] = [Self::Own, Self::Pushed, Self::Across];

    /// Where a group is worked out.
    pub(crate) fn of(group: &str) -> Self {
        if group.ends_with(PUSHED) {
            Self::Pushed
        } else if group.ends_with(ACROSS) {
            Self::Across
        } else {
            Self::Own
        }
    }

    /// Whether what rules wrote with these labels is seen from here.
    pub(crate) fn sees_written(self, labels: &LabelSet) -> bool {
        match self {
            Self::Own => !is_set_apart(labels),
            Self::Pushed => !labels.get(PUSHED_LABEL).is_empty(),
            Self::Across => true,
        }
    }
}

/// Whether this was found from another seat than a node's own: it is the hub's to begin and to end, wherever it is.
pub(crate) fn is_set_apart(labels: &LabelSet) -> bool {
    [ACROSS_LABEL, PUSHED_LABEL].iter().any(|label| !labels.get(label).is_empty())
}

/// The name that a group bears in its file.
pub(crate) fn origin(group: &str) -> &str {
    group.strip_suffix(PUSHED).or_else(|| group.strip_suffix(ACROSS)).unwrap_or(group)
}

/// The groups as they are worked out by a node.
pub(crate) fn seated<'g>(groups: impl IntoIterator<Item = &'g Group>, role: Role) -> Vec<Group> {
    let mut seated = Vec::new();
    for group in groups {
        let is_across = |labels: &[(String, String)]| labels.iter().any(|(name, _)| name == ACROSS_LABEL);
        let all = is_across(&group.labels);
        let (across, own): (Vec<_>, Vec<_>) =
            group.rules.iter().cloned().partition(|rule| all || is_across(&rule.labels));
        if role == Role::Hub && !across.is_empty() {
            seated.push(Group { name: format!("{}{ACROSS}", group.name), rules: across, ..group.clone() });
        }
        if own.is_empty() && !group.rules.is_empty() {
            continue;
        }
        if role == Role::Hub {
            let mut pushed = Group { name: format!("{}{PUSHED}", group.name), rules: own.clone(), ..group.clone() };
            pushed.labels.retain(|(name, _)| name != PUSHED_LABEL);
            pushed.labels.push((PUSHED_LABEL.to_owned(), "hub".to_owned()));
            seated.push(pushed);
        }
        seated.push(Group { rules: own, ..group.clone() });
    }
    seated
}

#[cfg(test)]
mod tests {
    use vigie_watch::{Strictness, read_rules};

    use super::*;

    const RULES: &str = "groups:
  - name: ovens
    rules:
      - {alert: OvenHot, expr: oven > 200}
      - {alert: ManyHot, expr: 'count by (client) (oven > 200) > 5', labels: {vigie_across: sites}}
";

    #[test]
    fn a_relay_leaves_to_the_hub_what_concerns_all_sites_and_each_group_is_known_by_its_own_name() {
        let groups = read_rules("ovens.yml", RULES, Strictness::Prometheus3).expect("rules");
        let names = |role| {
            let seated = seated(&groups, role);
            let rules = |group: &Group| group.rules.iter().map(|rule| rule.name.clone()).collect::<Vec<_>>();
            seated.iter().map(|group| (Seat::of(&group.name), rules(group))).collect::<Vec<_>>()
        };
        let (hot, many) = (vec!["OvenHot".to_owned()], vec!["ManyHot".to_owned()]);
        assert_eq!(names(Role::Relay), [(Seat::Own, hot.clone())]);
        assert_eq!(names(Role::Hub), [(Seat::Across, many), (Seat::Pushed, hot.clone()), (Seat::Own, hot)]);
        assert!(seated(&groups, Role::Hub).iter().all(|group| origin(&group.name) == "ovens"));
    }
}
