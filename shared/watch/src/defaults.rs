//! Which rules are on from the first minute?
//!
//! Those a technician would keep, over series that every agent measures. They are an ordinary rule file, with the unit
//! tests that show each of them fire and clear: `defaults/rules.yml` and `defaults/tests.yml`.

use crate::file::{Strictness, read_rules};
use crate::rule::Group;

const RULES: &str = include_str!("defaults/rules.yml");

/// The rules that are on unless somebody switches them off.
pub fn default_rules() -> Vec<Group> {
    // The text is part of this program, and a test reads it.
    read_rules("defaults/rules.yml", RULES, Strictness::Prometheus3).unwrap_or_default()
}
