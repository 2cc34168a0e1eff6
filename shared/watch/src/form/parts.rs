//! Which rules in PromQL say the same as a family, each for the machines for which it holds?
//!
//! Machines to which the same layers apply share a rule. Places are chosen by their labels; what is known by no label, by
//! machine ids. Each of these rules has a group of its own, named after the places that decide, so that a new difference at
//! one place does not change whose the others' alerts are, and hub and relay call them the same.

use std::collections::{BTreeMap, BTreeSet};

use super::family::{Family, FormError, Layer};
use super::promql::{self, Only};
use super::scope::{Machine, Scope};
use crate::rule::{CLEAR_ANNOTATION, Group, Rule, RuleKind};

/// Rules in PromQL for the machines to which the same layers apply.
#[derive(Debug, Clone, PartialEq)]
pub struct Spread {
    /// The rules.
    pub group: Group,
    /// The places that decided, the most specific first; none where all is as it was written.
    pub decided_by: Vec<Scope>,
}

/// Machines to which the same layers apply.
struct Part<'f> {
    /// The most specific first.
    chain: Vec<&'f Layer>,
    only: Vec<Only>,
}

impl Family {
    /// The rules in PromQL, a group for each set of places that decide, and what of it makes no rule: there the rule holds
    /// as it was written, if it was. To be made again when machines come or go, or change their tags and groups.
    pub fn groups(&self, machines: &[Machine]) -> (Vec<Spread>, Vec<FormError>) {
        let (mut groups, mut faults) = (Vec::new(), Vec::new());
        for part in self.parts(machines) {
            let said = self.merged(part.chain.iter().copied());
            let rule = self.rule(&said).unwrap_or_else(|fault| {
                faults.push(fault);
                self.written_rule().cloned()
            });
            match rule.map(|rule| confined(rule, &part.only)) {
                Some(Ok(rule)) => groups.push(Spread {
                    group: self.group(&part.chain, rule),
                    decided_by: part.chain.iter().map(|layer| layer.scope.clone()).collect(),
                }),
                Some(Err(error)) => faults.push(FormError::Confine(self.name.clone(), error)),
                None => {}
            }
        }
        (groups, faults)
    }

    fn group(&self, chain: &[&Layer], rule: Rule) -> Group {
        let like = self.written.clone().unwrap_or_default();
        let places: Vec<String> = chain.iter().map(|layer| layer.scope.to_string()).collect();
        let is_narrow = chain.iter().any(|layer| layer.scope != Scope::Everywhere);
        let name = match (is_narrow, self.written.is_some()) {
            // The usual one stays what it was, where somebody said something else elsewhere.
            (false, true) => like.name.clone(),
            (false, false) => self.name.clone(),
            (true, _) => format!("{} ({})", self.name, places.join(" < ")),
        };
        Group { name, rules: vec![rule], ..like }
    }

    fn parts(&self, machines: &[Machine]) -> Vec<Part<'_>> {
        let layers = self.layers_once();
        let by_id: Vec<&Layer> = layers.iter().copied().filter(|layer| !layer.scope.is_place()).collect();
        let chain = |machine: &Machine| -> Vec<&Layer> {
            layers.iter().copied().filter(|layer| layer.scope.holds_for(machine)).collect()
        };
        let mut chosen: BTreeMap<Vec<Scope>, (Vec<&Layer>, BTreeSet<String>)> = BTreeMap::new();
        let mut ids = BTreeSet::new();
        for machine in machines.iter().filter(|machine| by_id.iter().any(|layer| layer.scope.holds_for(machine))) {
            ids.insert(machine.id.clone());
            let chain = chain(machine);
            let places = chain.iter().map(|layer| layer.scope.clone()).collect();
            chosen.entry(places).or_insert_with(|| (chain, BTreeSet::new())).1.insert(machine.id.clone());
        }
        let mut parts: Vec<Part<'_>> = chosen
            .into_values()
            .map(|(chain, ids)| Part { chain, only: vec![Only::OneOf("machine_id", ids)] })
            .collect();
        parts.extend(self.places(&layers, machines, &ids));
        parts
    }

    /// The parts of whole places, without the machines that are chosen one by one.
    fn places<'f>(&'f self, layers: &[&'f Layer], machines: &[Machine], ids: &BTreeSet<String>) -> Vec<Part<'f>> {
        let wide = |scope: &Scope| -> Vec<&'f Layer> {
            layers.iter().copied().filter(|layer| layer.scope.is_place() && layer.scope.includes(scope)).collect()
        };
        let sites: Vec<(&String, &String)> = layers.iter().filter_map(|layer| site(&layer.scope)).collect();
        let clients: BTreeSet<String> = layers
            .iter()
            .filter_map(|layer| match &layer.scope {
                Scope::Client(client) => Some(client.clone()),
                _ => None,
            })
            .collect();
        let part = |chain, mut only: Vec<Only>, mut without: BTreeSet<String>| {
            without.extend(ids.iter().cloned());
            if !without.is_empty() {
                only.push(Only::NoneOf("machine_id", without));
            }
            Part { chain, only }
        };
        let is = |name, value: &String| Only::Is(name, value.clone());
        let mut parts = Vec::new();
        for (client, site) in &sites {
            let at = Scope::Site { client: (*client).clone(), site: (*site).clone() };
            parts.push(part(wide(&at), vec![is("client", client), is("site", site)], BTreeSet::new()));
        }
        for client in &clients {
            let mut only = vec![is("client", client)];
            let others: BTreeSet<String> =
                sites.iter().filter(|(of, _)| *of == client).map(|(_, site)| (*site).clone()).collect();
            if !others.is_empty() {
                only.push(Only::NoneOf("site", others));
            }
            parts.push(part(wide(&Scope::Client(client.clone())), only, BTreeSet::new()));
        }
        let everywhere = wide(&Scope::Everywhere);
        if !everywhere.is_empty() || self.written.is_some() {
            let (mut only, mut names, mut without) = (Vec::new(), BTreeSet::new(), BTreeSet::new());
            for (client, site) in sites.into_iter().filter(|(client, _)| !clients.contains(*client)) {
                let here = |machine: &&Machine| machine.site == *site && machine.client == *client;
                let elsewhere = machines.iter().any(|machine| machine.site == *site && machine.client != *client);
                // Two labels together can not be left out by a matcher each: where the name is somebody else's too, the
                // machines are.
                if elsewhere {
                    without.extend(machines.iter().filter(here).map(|machine| machine.id.clone()));
                } else {
                    names.insert(site.clone());
                }
            }
            only.extend((!clients.is_empty()).then(|| Only::NoneOf("client", clients.clone())));
            only.extend((!names.is_empty()).then_some(Only::NoneOf("site", names)));
            parts.push(part(everywhere, only, without));
        }
        parts
    }

    /// The most specific first, and of two for one scope the later alone.
    fn layers_once(&self) -> Vec<&Layer> {
        let mut seen = BTreeSet::new();
        self.by_rank().filter(|layer| seen.insert(layer.scope.clone())).collect()
    }
}

fn site(scope: &Scope) -> Option<(&String, &String)> {
    match scope {
        Scope::Site { client, site } => Some((client, site)),
        _ => None,
    }
}

fn confined(mut rule: Rule, only: &[Only]) -> Result<Rule, promql::ConfineError> {
    rule.expr = promql::with(&rule.expr, only)?;
    if let RuleKind::Alerting(alerting) = &mut rule.kind {
        for (_, expr) in alerting.annotations.iter_mut().filter(|(name, _)| name == CLEAR_ANNOTATION) {
            *expr = promql::with(expr, only)?;
        }
    }
    Ok(rule)
}
