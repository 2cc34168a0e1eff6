//! What is said of one rule: level by level, version by version, and for one machine?

use std::collections::BTreeMap;

use serde_json::{Value, json};
use vigie_serve::{RuleLevel, RuleLevels, RuleOfMachine, Stamp};
use vigie_watch::Tuning;

use super::compose::{families, family};
use super::held::Version;
use super::place::{level, scope_text};
use super::shape::What;
use crate::mutes::place_of;
use crate::watchman::{Watchman, lock};

impl Watchman {
    /// What is said of a rule, and what holds for a machine.
    pub(crate) fn levels_of(&self, rule: &str, machine: Option<&str>) -> Option<RuleLevels> {
        let found = machine.map(|typed| self.one_machine(typed, None, None)).transpose().ok()?;
        let register = lock(&self.register);
        let rulings = &register.rulings;
        let mut levels = Vec::new();
        for (key, held) in rulings.rows() {
            for (at, version) in held.versions.iter().enumerate() {
                let Ok(said) = &version.said else { continue };
                let What::Tuned(tuned) = &said.what.what else { continue };
                if said.what.name == rule {
                    let says: BTreeMap<String, String> =
                        Tuning::from(tuned).said().into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
                    let scope = key.scope();
                    let (client, site) = place_of(&scope);
                    let shown = RuleLevel {
                        client: client.cloned(),
                        site: site.cloned(),
                        scope: format!("{}{}", scope_text(&scope), said.what.of.shown()),
                        says,
                        by: said.by.clone(),
                        at: said.at.clone(),
                        made_at: Stamp(said.happened),
                        beside: at > 0,
                    };
                    levels.push((level(&key.scope(), &said.what.of), at, shown));
                }
            }
        }
        levels.sort_by(|a, b| (&a.0, a.1).cmp(&(&b.0, b.1)));
        let known = families(rulings).remove(rule);
        let family = known.map_or_else(|| family(rule, Vec::new()), |(family, _)| family);
        if levels.is_empty() && family.written.is_none() {
            return None;
        }
        let machine = found.and_then(|found| {
            let applied = family.applied(&register.tags.machine(&found))?;
            let (expr, fault) = match applied.rule {
                Ok(rule) => (rule.map(|rule| rule.expr), None),
                Err(fault) => {
                    (family.written.as_ref().map(|group| group.rules[0].expr.clone()), Some(fault.to_string()))
                }
            };
            let values = applied.values.iter().map(ToString::to_string).collect();
            Some(RuleOfMachine { machine: found.name, expr, fault, values })
        });
        let levels = levels.into_iter().map(|(_, _, shown)| shown).collect();
        Some(RuleLevels { name: rule.to_owned(), levels, machine })
    }

    /// All rows about a rule that have several versions, with what each says; of all rules where no name is given.
    pub(crate) fn rule_versions(&self, rule: &str) -> Value {
        let register = lock(&self.register);
        let mut found = Vec::new();
        for (key, held) in register.rulings.rows().filter(|(_, held)| held.versions.len() > 1) {
            let names: Vec<&str> = held
                .versions
                .iter()
                .filter_map(|version| Some(version.said.as_ref().ok()?.what.name.as_str()))
                .collect();
            if rule.is_empty() || names.contains(&rule) {
                let versions: Vec<Value> = held.versions.iter().map(shown).collect();
                found.push(json!({ "rule": names.first(), "scope": scope_text(&key.scope()), "versions": versions }));
            }
        }
        json!(found)
    }

    /// Who changed a rule, the latest first.
    pub(crate) fn rule_history(&self, rule: &str) -> Value {
        let register = lock(&self.register);
        let changes = register.rulings.history.of(rule).into_iter().map(|(scope, said)| {
            json!({ "rule": said.what.rule, "scope": scope_text(&scope), "by": said.by, "at": said.at,
                "made_at": Stamp(said.happened), "what": said.what.what })
        });
        changes.collect()
    }
}

/// One version of a row. The first is the one that is evaluated.
fn shown(version: &Version) -> Value {
    let side = if version.at_hub { "hub" } else { "site" };
    match &version.said {
        Err(shape) => json!({ "side": side, "newer": shape }),
        Ok(said) => {
            let says = match &said.what.what {
                What::Written { text, .. } => text.clone(),
                What::Tuned(tuned) => {
                    let words = Tuning::from(tuned).said().into_iter();
                    words.map(|(name, value)| format!("{name} {value}")).collect::<Vec<_>>().join(", ")
                }
                What::Removed { .. } => "taken back".to_owned(),
            };
            json!({ "side": side, "by": said.by, "at": said.at, "made_at": Stamp(said.happened), "says": says })
        }
    }
}
