//! Which groups of rules follow from what people said, for the machines that there are?

use std::collections::{BTreeMap, BTreeSet};

use vigie_alerts::Said;
use vigie_merge::{Key, Scope};
use vigie_serve::{RuleOrigin, RuleSource, Stamp};
use vigie_watch::{
    CLEAR_ANNOTATION, ConfineError, Family, Group, Layer, Machine, Rule, RuleKind, Scope as Level, Strictness, Tuning,
    confined, default_rules, read_rules,
};

use super::held::{Held, Rulings};
use super::place::{level, scope_text};
use super::shape::{Of, Ruled, What};
use crate::mutes::place_of;

/// The file that forms are shown under.
const FORMS: &str = "forms";

/// Groups, each with its file and where it comes from, and what could not be made of what was said.
#[derive(Debug, Default)]
pub(crate) struct Composed {
    pub(crate) groups: Vec<(String, Group, RuleOrigin)>,
    pub(crate) faults: Vec<String>,
}

/// The defaults without those that are off, with what is said of them, and everything else that is said.
pub(crate) fn compose(rulings: &Rulings, machines: &[Machine], off: &BTreeSet<String>, defaults: &str) -> Composed {
    let mut composed = Composed::default();
    let mut families = families(rulings);
    for group in default_rules() {
        composed.add_default(group, &mut families, machines, off, defaults);
    }
    for (family, origins) in families.into_values().filter(|(family, _)| !off.contains(&family.name)) {
        composed.add_family(&family, &origins, machines);
    }
    composed.add_written(rulings, machines);
    for (key, version) in rulings.unread() {
        let place = scope_text(&key.scope());
        composed.faults.push(format!(
            "a rule of {place} was written by a newer version (shape {version}) and is not evaluated here; it is kept and \
             passed on ({key}); update this node"
        ));
    }
    composed
}

/// Who said something at each level.
pub(crate) type Origins = BTreeMap<Level, RuleOrigin>;

/// What is said of each rule, by its name.
pub(crate) fn families(rulings: &Rulings) -> BTreeMap<String, (Family, Origins)> {
    let mut families: BTreeMap<String, (Family, Origins)> = BTreeMap::new();
    for (key, held, said) in rulings.in_force() {
        let What::Tuned(tuned) = &said.what.what else { continue };
        let fresh = || (family(&said.what.name, Vec::new()), Origins::new());
        let (family, origins) = families.entry(said.what.name.clone()).or_insert_with(fresh);
        let scope = level(&key.scope(), &said.what.of);
        origins.insert(scope.clone(), origin(key, held, said));
        family.layers.push(Layer { scope, tuning: Tuning::from(tuned) });
    }
    families
}

/// A rule with these layers: that of the defaults where there is one of this name.
pub(crate) fn family(name: &str, layers: Vec<Layer>) -> Family {
    let written = default_rules().into_iter().find_map(|group| {
        let rule = group.rules.iter().find(|rule| rule.name == name)?.clone();
        Some(Group { rules: vec![rule], ..group })
    });
    Family { name: name.to_owned(), written, layers }
}

/// Where a row comes from.
pub(crate) fn origin(key: &Key, held: &Held, said: &Said<Ruled>) -> RuleOrigin {
    let at_hub = held.versions.first().is_some_and(|version| version.at_hub);
    let scope = key.scope();
    let (client, site) = place_of(&scope);
    RuleOrigin {
        client: client.cloned(),
        site: site.cloned(),
        source: if at_hub { RuleSource::Hub } else { RuleSource::Site },
        scope: format!("{}{}", scope_text(&scope), said.what.of.shown()),
        by: Some(said.by.clone()),
        at: Some(said.at.clone()),
        made_at: Some(Stamp(said.happened)),
        versions: held.versions.len(),
    }
}

impl Composed {
    /// A group of the defaults: its rules of which something is said are what follows from that.
    fn add_default(
        &mut self,
        mut group: Group,
        families: &mut BTreeMap<String, (Family, Origins)>,
        machines: &[Machine],
        off: &BTreeSet<String>,
        file: &str,
    ) {
        let rules = std::mem::take(&mut group.rules);
        let mut beside = Vec::new();
        for rule in rules.into_iter().filter(|rule| !off.contains(&rule.name)) {
            let Some((family, origins)) = families.remove(&rule.name) else {
                group.rules.push(rule);
                continue;
            };
            let (groups, faults) = family.groups(machines);
            self.faults.extend(faults.iter().map(|fault| format!("{FORMS}: {fault}")));
            for one in groups {
                if one.group.name == group.name {
                    group.rules.extend(one.group.rules);
                } else {
                    let origin = decided(&one.decided_by, &origins);
                    beside.push((FORMS.to_owned(), one.group, origin));
                }
            }
        }
        if !group.rules.is_empty() {
            self.groups.push((file.to_owned(), group, everywhere()));
        }
        self.groups.append(&mut beside);
    }

    fn add_family(&mut self, family: &Family, origins: &Origins, machines: &[Machine]) {
        let (groups, faults) = family.groups(machines);
        self.faults.extend(faults.iter().map(|fault| format!("{FORMS}: {fault}")));
        let shown = groups.into_iter().map(|one| (FORMS.to_owned(), one.group, decided(&one.decided_by, origins)));
        self.groups.extend(shown);
    }

    /// Rules that were written, file by file as they were applied to a place.
    fn add_written(&mut self, rulings: &Rulings, machines: &[Machine]) {
        type Place<'r> = (Scope, &'r str, &'r Of);
        let mut files: BTreeMap<Place<'_>, Vec<(u32, &str, &str, RuleOrigin)>> = BTreeMap::new();
        for (key, held, said) in rulings.in_force() {
            if let What::Written { file, group, turn, text } = &said.what.what {
                let of = files.entry((key.scope(), file, &said.what.of)).or_default();
                of.push((*turn, group, text, origin(key, held, said)));
            }
        }
        for ((scope, file, of), mut rules) in files {
            rules.sort_by_key(|(turn, ..)| *turn);
            let mut groups: Vec<(Group, RuleOrigin)> = Vec::new();
            for (_, group, text, origin) in rules {
                match one_rule(text, &scope, of, machines) {
                    Ok(one) => join(&mut groups, group, one, origin),
                    Err(why) => self.faults.push(format!("{file}.yml of {}: {why}", origin.scope)),
                }
            }
            for (mut group, origin) in groups {
                // The same at hub and relay, whatever else they have: an alert is known by it.
                if scope != Scope::Deployment || *of != Of::All {
                    group.name = format!("{} ({file} of {})", group.name, origin.scope);
                }
                self.groups.push((format!("{file}.yml"), group, origin));
            }
        }
    }
}

/// Puts a rule into the group of its name; the group is as its first rule says.
fn join(groups: &mut Vec<(Group, RuleOrigin)>, name: &str, mut one: Group, origin: RuleOrigin) {
    match groups.iter_mut().find(|(known, _)| known.name == name) {
        Some((known, shown)) => {
            known.rules.append(&mut one.rules);
            let versions = shown.versions.max(origin.versions);
            if origin.made_at.map(Stamp::ms) > shown.made_at.map(Stamp::ms) {
                *shown = origin;
            }
            shown.versions = versions;
        }
        None => groups.push((Group { name: name.to_owned(), ..one }, origin)),
    }
}

/// The group of one rule, as it is evaluated for a place and some machines there.
pub(crate) fn one_rule(text: &str, scope: &Scope, of: &Of, machines: &[Machine]) -> Result<Group, String> {
    let read = read_rules("rule", text, Strictness::Prometheus3)
        .map_err(|faults| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))?;
    let mut group = read.into_iter().next().ok_or("it holds no group")?;
    let ids: Option<BTreeSet<String>> = (*of != Of::All).then(|| {
        let level = level(scope, of);
        machines.iter().filter(|machine| level.holds_for(machine)).map(|machine| machine.id.clone()).collect()
    });
    for rule in &mut group.rules {
        confine(rule, scope, ids.as_ref()).map_err(|error| error.to_string())?;
    }
    Ok(group)
}

/// A rule for a place sees nothing of other places, and what it says bears the place's name, also where its expression has
/// lost it: so it is never taken for another's.
fn confine(rule: &mut Rule, scope: &Scope, machines: Option<&BTreeSet<String>>) -> Result<(), ConfineError> {
    let place = match scope {
        Scope::Deployment => None,
        Scope::Client(client) => Some((client.as_str(), None)),
        Scope::Site(client, site) => Some((client.as_str(), Some(site.as_str()))),
    };
    rule.expr = confined(&rule.expr, place, machines)?;
    if let RuleKind::Alerting(alerting) = &mut rule.kind {
        for (_, expr) in alerting.annotations.iter_mut().filter(|(name, _)| name == CLEAR_ANNOTATION) {
            *expr = confined(expr, place, machines)?;
        }
    }
    if let Some((client, site)) = place {
        let labels = [("client", Some(client)), ("site", site)];
        for (name, value) in labels.into_iter().filter_map(|(name, value)| Some((name, value?))) {
            rule.labels.retain(|(own, _)| own != name);
            rule.labels.push((name.to_owned(), value.to_owned()));
        }
        rule.labels.sort();
    }
    Ok(())
}

/// Who decided: at the most specific level.
fn decided(by: &[Level], origins: &Origins) -> RuleOrigin {
    by.first().and_then(|level| origins.get(level)).cloned().unwrap_or_else(everywhere)
}

fn everywhere() -> RuleOrigin {
    RuleOrigin { scope: "everywhere".to_owned(), ..RuleOrigin::default() }
}
