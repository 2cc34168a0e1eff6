//! What does a watch say when machines fail, links are cut, and nodes sleep?

mod backtest;
mod coverage;
mod defaults;
mod evaluation;
mod files;
mod forms;
mod presence;
mod shortcuts;

use std::sync::Arc;

use vigie_query::{InMemory, LabelSet, Lack, Shortfall};
use vigie_watch::{Evaluation, Group, Mind, Phase, Settings, Strictness, read_rules};

pub(crate) const MINUTE: i64 = 60_000;

pub(crate) fn groups(rules: &str) -> Vec<Group> {
    let text = format!("groups:\n  - name: g\n    rules:\n{rules}");
    read_rules("rules.yml", &text, Strictness::Prometheus3).unwrap_or_else(|faults| panic!("{faults:?}"))
}

pub(crate) fn mind(rules: &str) -> Mind {
    Mind::new(&groups(rules), Settings::default()).expect("rules that can be worked out")
}

/// One machine's series with one value at a moment.
pub(crate) fn heard(name: &str, machine: &str, at_ms: i64, value: f64) -> InMemory {
    let mut source = InMemory::default();
    source.add(labels(name, machine), [(at_ms, value)]);
    source
}

pub(crate) fn labels(name: &str, machine: &str) -> LabelSet {
    LabelSet::new([
        ("__name__", name),
        ("client", "acme"),
        ("site", "lyon"),
        ("machine", machine),
        ("machine_id", machine),
    ])
}

/// Nothing of this machine, and why.
pub(crate) fn lacking(mut source: InMemory, machine: &str, lack: Lack) -> InMemory {
    let (machine, site, client): (Arc<str>, _, _) = (machine.into(), "lyon".into(), "acme".into());
    source.lacks(Shortfall { machine_id: machine.clone(), machine, client, site, lack });
    source
}

pub(crate) fn steps(evaluation: &Evaluation) -> Vec<(Phase, Phase)> {
    evaluation.transitions.iter().map(|transition| (transition.from, transition.to)).collect()
}

pub(crate) fn phases(mind: &Mind) -> Vec<Phase> {
    mind.instances().map(|(_, instance)| instance.phase).collect()
}
