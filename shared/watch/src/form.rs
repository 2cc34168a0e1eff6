//! How does a person say what they want watched, and which of their rules holds for a machine?
//!
//! A [`Form`] is written to PromQL; a [`Family`] is one rule for everything, with what is different here and there. The
//! most specific place wins: a machine before its tags, those before its groups, its site, its client, and everything.

use std::collections::BTreeSet;
use std::fmt;

use vigie_model::Severity;

use crate::duration::write_duration;
use crate::mind::Comparison;
use crate::rule::{Alerting, CLEAR_ANNOTATION, Group, Rule, RuleKind, SEVERITY_LABEL};

/// A rule in the words of a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// The name of the series, in Prometheus' form.
    pub metric: String,
    /// Labels that it must have, with their values.
    pub only: Vec<(String, String)>,
    /// What is made of its samples.
    pub reading: Reading,
    /// How it is compared.
    pub comparison: Comparison,
    /// With what.
    pub threshold: f64,
    /// What it must come back to before the alert clears, if not to the threshold itself.
    pub clear: Option<f64>,
    /// For how long it must hold, in ms.
    pub for_ms: i64,
    /// How bad it is.
    pub severity: Severity,
    /// Texts for people: templates.
    pub annotations: Vec<(String, String)>,
}

/// What is made of the samples of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// The newest.
    Last,
    /// The mean of some ms.
    Average(i64),
    /// The largest of some ms.
    Largest(i64),
    /// The smallest of some ms.
    Smallest(i64),
    /// How fast a running total grows in a second, over some ms.
    PerSecond(i64),
    /// Where a straight line leads.
    Forecast {
        /// Over which it is drawn, in ms.
        over_ms: i64,
        /// How far ahead it is looked at, in ms.
        ahead_ms: i64,
    },
}

/// Where a rule holds, from the widest to the narrowest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// For every machine.
    Everywhere,
    /// For a client's.
    Client(String),
    /// For those of a site.
    Site {
        /// Whose.
        client: String,
        /// Which.
        site: String,
    },
    /// For those of a group.
    Group(String),
    /// For those with a tag.
    Tag(String),
    /// For one machine, by its node id.
    Machine(String),
}

/// One rule with its differences.
#[derive(Debug, Clone, PartialEq)]
pub struct Family {
    /// The alert's name.
    pub name: String,
    /// What holds where. Of two that are equally specific the later wins.
    pub layers: Vec<Layer>,
}

/// What is different at a place.
#[derive(Debug, Clone, PartialEq)]
pub struct Layer {
    /// Where.
    pub scope: Scope,
    /// The rule there; none where it is switched off.
    pub form: Option<Form>,
}

/// A machine, as far as rules ask.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    /// Whose.
    pub client: String,
    /// Where.
    pub site: String,
    /// Its node id.
    pub id: String,
    /// What people tagged it with.
    pub tags: BTreeSet<String>,
    /// The groups it is in.
    pub groups: BTreeSet<String>,
}

/// Which rule holds for a machine, and why. Its text is for a person.
#[derive(Debug, Clone, PartialEq)]
pub struct Applied<'a> {
    /// The rule; none where it is switched off.
    pub form: Option<&'a Form>,
    /// The place that decided.
    pub scope: &'a Scope,
    /// The places that would have decided without it, the most specific first.
    pub instead_of: Vec<&'a Scope>,
}

impl Form {
    /// The expression that holds when the alert should fire, for series that also fulfil `matchers`.
    fn expr(&self, matchers: &[String]) -> String {
        self.compared(matchers, self.comparison, self.threshold)
    }

    fn clear_expr(&self, matchers: &[String]) -> Option<String> {
        self.clear.map(|clear| self.compared(matchers, self.comparison.opposite(), clear))
    }

    fn compared(&self, matchers: &[String], comparison: Comparison, with: f64) -> String {
        let only = self.only.iter().map(|(name, value)| format!("{name}={}", quoted(value)));
        let all: Vec<String> = only.chain(matchers.iter().cloned()).collect();
        let braces = if all.is_empty() { String::new() } else { format!("{{{}}}", all.join(",")) };
        let series = format!("{}{braces}", self.metric);
        let over = |function: &str, ms: i64| format!("{function}({series}[{}])", write_duration(ms));
        let read = match self.reading {
            Reading::Last => series.clone(),
            Reading::Average(ms) => over("avg_over_time", ms),
            Reading::Largest(ms) => over("max_over_time", ms),
            Reading::Smallest(ms) => over("min_over_time", ms),
            Reading::PerSecond(ms) => over("rate", ms),
            Reading::Forecast { over_ms, ahead_ms } => {
                format!("predict_linear({series}[{}], {})", write_duration(over_ms), ahead_ms / 1000)
            }
        };
        format!("{read} {} {}", comparison.sign(), with)
    }
}

impl Scope {
    /// Whether a machine belongs to it.
    pub fn holds_for(&self, machine: &Machine) -> bool {
        match self {
            Self::Everywhere => true,
            Self::Client(client) => machine.client == *client,
            Self::Site { client, site } => machine.client == *client && machine.site == *site,
            Self::Group(group) => machine.groups.contains(group),
            Self::Tag(tag) => machine.tags.contains(tag),
            Self::Machine(id) => machine.id == *id,
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Everywhere => 0,
            Self::Client(_) => 1,
            Self::Site { .. } => 2,
            Self::Group(_) => 3,
            Self::Tag(_) => 4,
            Self::Machine(_) => 5,
        }
    }

    /// The ids of its machines, where it is known by no label.
    fn ids(&self, machines: &[Machine]) -> Option<Vec<String>> {
        match self {
            Self::Everywhere | Self::Client(_) | Self::Site { .. } => None,
            Self::Machine(id) => Some(vec![id.clone()]),
            Self::Group(_) | Self::Tag(_) => {
                let within = machines.iter().filter(|machine| self.holds_for(machine));
                Some(within.map(|machine| machine.id.clone()).collect())
            }
        }
    }

    /// The matchers that choose its machines; nothing where it has none.
    fn matchers(&self, machines: &[Machine]) -> Option<Vec<String>> {
        let equal = |name: &str, value: &str| format!("{name}={}", quoted(value));
        Some(match self {
            Self::Everywhere => Vec::new(),
            Self::Client(client) => vec![equal("client", client)],
            Self::Site { client, site } => vec![equal("client", client), equal("site", site)],
            Self::Machine(id) => vec![equal("machine_id", id)],
            Self::Group(_) | Self::Tag(_) => {
                let ids = self.ids(machines).filter(|ids| !ids.is_empty())?;
                vec![format!("machine_id=~{}", quoted(&one_of(&ids)))]
            }
        })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Everywhere => f.write_str("everywhere"),
            Self::Client(client) => write!(f, "client {client}"),
            Self::Site { client, site } => write!(f, "site {client}/{site}"),
            Self::Group(group) => write!(f, "group {group}"),
            Self::Tag(tag) => write!(f, "tag {tag}"),
            Self::Machine(id) => write!(f, "machine {id}"),
        }
    }
}

impl Family {
    /// Which rule holds for a machine; nothing where none does.
    pub fn applied(&self, machine: &Machine) -> Option<Applied<'_>> {
        let mut holding = self.by_rank().filter(|layer| layer.scope.holds_for(machine));
        let first = holding.next()?;
        Some(Applied {
            form: first.form.as_ref(),
            scope: &first.scope,
            instead_of: holding.map(|layer| &layer.scope).collect(),
        })
    }

    /// The rules in PromQL, a group for each place, so that a new difference does not change whose the others' alerts
    /// are. To be made again when machines come or go, or change their tags and groups.
    pub fn groups(&self, machines: &[Machine]) -> Vec<Group> {
        let mut narrower: Vec<&Scope> = Vec::new();
        let mut groups = Vec::new();
        for layer in self.by_rank() {
            let rule = layer.form.as_ref().and_then(|form| self.rule(form, &layer.scope, &narrower, machines));
            if let Some(rule) = rule {
                let name = format!("{} ({})", self.name, layer.scope);
                groups.push(Group { name, rules: vec![rule], ..Group::default() });
            }
            narrower.push(&layer.scope);
        }
        groups
    }

    fn by_rank(&self) -> impl Iterator<Item = &Layer> {
        let mut layers: Vec<&Layer> = self.layers.iter().rev().collect();
        layers.sort_by_key(|layer| std::cmp::Reverse(layer.scope.rank()));
        layers.into_iter()
    }

    fn rule(&self, form: &Form, scope: &Scope, narrower: &[&Scope], machines: &[Machine]) -> Option<Rule> {
        let mut matchers = scope.matchers(machines)?;
        let mut unless = Vec::new();
        let mut ids = BTreeSet::new();
        for other in narrower {
            match (other, scope) {
                (other, _) if *other == scope => return None,
                (Scope::Client(client), _) => matchers.push(format!("client!={}", quoted(client))),
                (Scope::Site { client, site }, Scope::Client(own)) => {
                    if client == own {
                        matchers.push(format!("site!={}", quoted(site)));
                    }
                }
                // Two labels together can not be left out by matchers.
                (Scope::Site { .. }, Scope::Everywhere) => unless.extend(other.matchers(machines)),
                (Scope::Site { .. } | Scope::Everywhere, _) => {}
                (Scope::Machine(_) | Scope::Tag(_) | Scope::Group(_), _) => {
                    ids.extend(other.ids(machines).unwrap_or_default());
                }
            }
        }
        if !ids.is_empty() {
            let ids: Vec<String> = ids.into_iter().collect();
            matchers.push(format!("machine_id!~{}", quoted(&one_of(&ids))));
        }
        let mut expr = form.expr(&matchers);
        for matchers in unless {
            expr.push_str(&format!(" unless on (machine_id) {}{{{}}}", form.metric, matchers.join(",")));
        }
        let mut annotations = form.annotations.clone();
        annotations.extend(form.clear_expr(&matchers).map(|expr| (CLEAR_ANNOTATION.to_owned(), expr)));
        annotations.sort();
        let alerting = Alerting { for_ms: form.for_ms, keep_firing_for_ms: 0, annotations };
        let labels = vec![(SEVERITY_LABEL.to_owned(), form.severity.as_str().to_owned())];
        Some(Rule { name: self.name.clone(), expr, labels, kind: RuleKind::Alerting(alerting) })
    }
}

impl fmt::Display for Applied<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            Some(form) => write!(f, "{} {} {}", form.metric, form.comparison.sign(), form.threshold)?,
            None => f.write_str("switched off")?,
        }
        write!(f, ", from {}", self.scope)?;
        match self.instead_of.first() {
            Some(other) => write!(f, " instead of {other}"),
            None => Ok(()),
        }
    }
}

fn one_of(ids: &[String]) -> String {
    ids.iter().map(|id| regex::escape(id)).collect::<Vec<_>>().join("|")
}

fn quoted(text: &str) -> String {
    crate::template::go_quoted(text)
}
