//! Which words hold for one machine, and who said each of them?

use std::fmt;

use super::family::{Family, FormError, Layer};
use super::promql;
use super::scope::{Machine, Scope};
use crate::rule::Rule;

/// What holds for a machine, and why.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied {
    /// The rule; none where it is switched off.
    pub rule: Result<Option<Rule>, FormError>,
    /// Each value that holds.
    pub values: Vec<Value>,
}

/// One value that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Its name, as on the command line.
    pub name: &'static str,
    /// As a person reads it.
    pub value: String,
    /// The place that decided; none where it is as the rule was written.
    pub from: Option<Scope>,
    /// What it would be without: the next place that says something, or none for the rule as it was written.
    pub instead_of: Option<(Option<Scope>, String)>,
}

impl Family {
    /// What holds for a machine; nothing where nobody says anything that concerns it.
    pub fn applied(&self, machine: &Machine) -> Option<Applied> {
        let chain: Vec<&Layer> = self.by_rank().filter(|layer| layer.scope.holds_for(machine)).collect();
        if chain.is_empty() && self.written.is_none() {
            return None;
        }
        let said = self.merged(chain.iter().copied());
        let all = said.clone().over(&self.own());
        let own = self.own().said();
        let values = all.said().into_iter().map(|(name, value)| {
            let layers = chain.iter().map(|layer| (Some(&layer.scope), layer.tuning.said()));
            let mut saying = layers.chain([(None, own.clone())]).filter_map(|(scope, said)| {
                let value = said.into_iter().find(|(own, _)| *own == name)?.1;
                Some((scope.cloned(), value))
            });
            let from = saying.next().and_then(|(scope, _)| scope);
            Value { name, value, from, instead_of: saying.next() }
        });
        let mut values: Vec<Value> = values.collect();
        let rule = self.rule(&said);
        if let (Ok(Some(rule)), None, Some(value)) =
            (&rule, said.clear, values.iter_mut().find(|one| one.name == "clear"))
        {
            // It keeps its distance from a threshold that was moved.
            let clear = rule.clear_expr().and_then(promql::threshold);
            value.value = clear.map_or(value.value.clone(), |(_, number)| number.to_string());
        }
        Some(Applied { rule, values })
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = |scope: &Option<Scope>| scope.as_ref().map_or("the rule as written".to_owned(), Scope::to_string);
        write!(f, "{} {}, from {}", self.name, self.value, place(&self.from))?;
        match &self.instead_of {
            Some((scope, value)) => write!(f, " instead of {value} from {}", place(scope)),
            None => Ok(()),
        }
    }
}
