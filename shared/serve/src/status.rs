//! What does a person see of a machine: one word made of two axes?

use serde::Serialize;
use utoipa::ToSchema;

use crate::Reachability;

/// What a machine said of itself when it was last heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// Rules looked at it and found nothing.
    Ok,
    /// A rule warns.
    Warning,
    /// A rule is critical.
    Critical,
    /// No rule has judged it.
    Unknown,
}

impl Health {
    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }
}

/// What is shown: a glyph and a word, from what needs nobody to what needs a person first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Shown {
    /// Archived.
    Retired,
    /// Away as announced.
    Asleep,
    /// Heard, judged, fine.
    Ok,
    /// Heard, and no rule judges it.
    Heard,
    /// Never heard.
    Unknown,
    /// The way works but what is shown is old.
    Late,
    /// Not verified any more: it was what `was` says.
    Stale,
    /// Does not answer; it was what `was` says.
    Silent,
    /// Heard, a rule warns.
    Warning,
    /// Heard, a rule is critical.
    Critical,
}

impl Shown {
    /// Every word, from what needs nobody to what needs a person first.
    pub const WORDS: [&'static str; 10] =
        ["retired", "asleep", "ok", "heard", "unknown", "late", "stale", "silent", "warning", "critical"];

    /// The word used in JSON.
    pub fn as_str(self) -> &'static str {
        Self::WORDS[self as usize]
    }
}

/// The displayed status of a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Status {
    /// What is shown.
    pub shown: Shown,
    /// What it was when it was last heard. For whatever is not heard now: "was OK at 11:02".
    pub was: Health,
}

/// Health and reachability made one. What is not heard is never green; what was critical stays critical to look at, by
/// `was`.
pub fn status(health: Health, reachability: Reachability) -> Status {
    let shown = match (reachability, health) {
        (Reachability::Live, Health::Ok) => Shown::Ok,
        (Reachability::Live, Health::Unknown) => Shown::Heard,
        // A warning that is some seconds late is still a warning.
        (Reachability::Live | Reachability::Late, Health::Warning) => Shown::Warning,
        (Reachability::Live | Reachability::Late, Health::Critical) => Shown::Critical,
        (Reachability::Late, Health::Ok | Health::Unknown) => Shown::Late,
        (Reachability::Silent, _) => Shown::Silent,
        (Reachability::Cut, _) => Shown::Stale,
        (Reachability::Asleep, _) => Shown::Asleep,
        (Reachability::Unseen, _) => Shown::Unknown,
        (Reachability::Retired, _) => Shown::Retired,
    };
    Status { shown, was: health }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEALTHS: [Health; 4] = [Health::Ok, Health::Warning, Health::Critical, Health::Unknown];

    #[test]
    fn what_is_shown_has_one_word() {
        for (shown, word) in [(Shown::Retired, "retired"), (Shown::Heard, "heard"), (Shown::Critical, "critical")] {
            assert_eq!(shown.as_str(), word);
            assert_eq!(serde_json::to_value(shown).expect("a word"), word);
        }
        let health = |health: Health| serde_json::to_value(health).expect("a word");
        assert!(HEALTHS.into_iter().all(|one| health(one) == one.as_str()));
    }

    #[test]
    fn only_what_is_live_is_green() {
        for reachability in Reachability::ALL {
            for health in HEALTHS {
                let shown = status(health, reachability).shown;
                let green = matches!(shown, Shown::Ok | Shown::Heard);
                assert!(!green || reachability == Reachability::Live, "{health:?} {reachability:?}");
            }
        }
    }

    #[test]
    fn a_critical_machine_behind_a_cut_still_says_what_it_was() {
        let status = status(Health::Critical, Reachability::Cut);
        assert_eq!(status, Status { shown: Shown::Stale, was: Health::Critical });
    }
}
