//! Which alerts are over for so long that they go, and what deletes their rows?
//!
//! Deleting is a write like any other: it travels, it wins over what was there, and the store forgets it once everybody has
//! it. So an alert that was erased never comes back, whoever still had it.

use vigie_merge::KeyError;
use vigie_model::UtcMs;

use crate::alert::{Alert, Decided};
use crate::book::Book;
use crate::edit::{Change, Edit};
use crate::row::Part;

impl Alert {
    /// When anything last happened to it, as far as its rows say; when it was learnt, if that is all that is known.
    pub fn last_change(&self) -> UtcMs {
        let about = self.about.as_ref().map(|about| about.ended.unwrap_or(about.changed).max(about.changed));
        let decided = [
            latest(&self.acknowledged),
            latest(&self.assigned),
            self.snoozed.versions.iter().map(|said| said.happened).max(),
            latest(&self.closed),
        ];
        let comments = self.comments.values().map(|one| one.said.happened);
        about.into_iter().chain(decided.into_iter().flatten()).chain(comments).max().unwrap_or(self.learnt)
    }

    /// Whether nothing is left of it but the memory that it was there.
    pub(crate) fn is_nothing(&self) -> bool {
        let is_undecided = |decided: &Decided<String>| decided.versions.is_empty();
        self.about.is_none()
            && self.past.is_empty()
            && self.raises.is_empty()
            && self.comments.is_empty()
            && self.snoozed.versions.is_empty()
            && [&self.acknowledged, &self.assigned, &self.closed].into_iter().all(is_undecided)
    }
}

impl Book {
    /// Alerts of which something is to be deleted: over, and nothing happened to them since then; and what is left of one
    /// that somebody erased, who did not know of all of it.
    pub fn bygone(&self, before: UtcMs) -> impl Iterator<Item = &Alert> {
        self.alerts().filter(move |alert| alert.is_erased || (!alert.is_open() && alert.last_change() < before))
    }
}

/// What deletes all of an alert that is known here.
///
/// # Errors
/// When the scope's names are too long for a key.
pub fn erased(alert: &Alert) -> Result<Vec<Edit>, KeyError> {
    let edit = |part: Part, change: Change| Ok(Edit { key: alert.place.key(part)?, change });
    let mut edits = Vec::new();
    if alert.about.is_some() {
        edits.push(edit(Part::About, Change::Write(None))?);
    }
    if !alert.past.is_empty() {
        edits.push(edit(Part::Past, Change::Write(None))?);
    }
    if alert.is_open() {
        let seen = alert.raises.iter().map(|(raise, context)| (raise.clone(), context.clone())).collect();
        edits.push(edit(Part::Raises, Change::Settle(seen))?);
    }
    for comment in alert.comments.keys() {
        edits.push(edit(Part::Comment(*comment), Change::Write(None))?);
    }
    let texts =
        [(Part::Acknowledged, &alert.acknowledged), (Part::Assigned, &alert.assigned), (Part::Closed, &alert.closed)];
    let texts = texts.into_iter().filter(|(_, decided)| !decided.versions.is_empty());
    let mut decisions: Vec<_> = texts.map(|(part, decided)| (part, decided.seen.clone())).collect();
    if !alert.snoozed.versions.is_empty() {
        decisions.push((Part::Snoozed, alert.snoozed.seen.clone()));
    }
    for (part, seen) in decisions {
        edits.push(edit(part, Change::Decide(None, seen))?);
    }
    Ok(edits)
}

fn latest(decided: &Decided<String>) -> Option<UtcMs> {
    decided.versions.iter().map(|said| said.happened).max()
}
