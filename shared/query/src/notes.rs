//! What is strange about a question that has an answer all the same?

use std::collections::BTreeSet;

/// Remarks of one kind that an answer carries; of the others it says how many, as Prometheus does.
const MAX_NOTED: usize = 10;

/// Remarks on a question, in Prometheus' words. Prometheus 2.42 made none, so its dialect has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Notes {
    warnings: BTreeSet<String>,
    infos: BTreeSet<String>,
}

impl Notes {
    /// What is probably a mistake, for Prometheus' `warnings`.
    pub fn warnings(&self) -> Vec<String> {
        shown(&self.warnings, "warning")
    }

    /// What may be a mistake, for Prometheus' `infos`.
    pub fn infos(&self) -> Vec<String> {
        shown(&self.infos, "info")
    }

    /// What is no mistake of the question's, and no word of Prometheus' either.
    pub(crate) fn remark(&mut self, text: String) {
        note(&mut self.warnings, text);
    }

    pub(crate) fn warn(&mut self, text: String) {
        note(&mut self.warnings, format!("PromQL warning: {text}"));
    }

    pub(crate) fn inform(&mut self, text: String) {
        note(&mut self.infos, format!("PromQL info: {text}"));
    }
}

/// Names of series may be many: what will not be shown is counted up to a number that says "many" as well.
fn note(notes: &mut BTreeSet<String>, text: String) {
    if notes.len() < 100 * MAX_NOTED {
        notes.insert(text);
    }
}

fn shown(notes: &BTreeSet<String>, kind: &str) -> Vec<String> {
    let mut shown: Vec<_> = notes.iter().take(MAX_NOTED).cloned().collect();
    let rest = notes.len().saturating_sub(MAX_NOTED);
    if rest > 0 {
        shown.push(format!("{rest} more {kind} annotations omitted"));
    }
    shown
}
