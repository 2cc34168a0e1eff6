//! What does the judge of a rule write when what it judges begins, changes or ends?

use std::collections::BTreeMap;

use vigie_merge::{KeyError, Scope, Ulid};
use vigie_model::{Doubt, Severity, UtcMs};

use crate::about::{About, Judge, Thing};
use crate::alert::Alert;
use crate::book::Book;
use crate::edit::{Change, Edit};
use crate::past;
use crate::row::{Part, Place, write};
use crate::said::Said;

/// What goes wrong again within this time is the same alert, counted once more: ten minutes.
pub const FLAP_MS: i64 = 600_000;

/// How long a person's word that it is over holds against a rule that says it is not: an hour. Then it is raised again.
pub const QUIET_MS: i64 = 3_600_000;

/// How the thing stands by its rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is so.
    Wrong,
    /// It is not so.
    Right,
}

/// What a rule's evaluation says of one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// Whose it is.
    pub scope: Scope,
    /// Which thing.
    pub thing: Thing,
    /// The rule's name.
    pub rule: String,
    /// How bad it is.
    pub severity: Severity,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// Texts for people.
    pub annotations: BTreeMap<String, String>,
    /// The value.
    pub value: f64,
    /// Why it can not be said whether it is still so.
    pub doubt: Option<Doubt>,
    /// How it stands.
    pub verdict: Verdict,
    /// When that was judged.
    pub at: UtcMs,
}

impl Book {
    /// What a judge writes of a thing; nothing where nothing changed. It may be asked at every evaluation, and after a
    /// restart: what is written already is not written again. `chance` names the alert if it is a new one.
    ///
    /// # Errors
    /// When the scope's names are too long for a key.
    pub fn judged(&self, heard: &Heard, judge: &Judge, chance: [u8; 10]) -> Result<Vec<Edit>, KeyError> {
        let known = self.of_thing(&heard.scope, heard.thing);
        match (heard.verdict, known) {
            (Verdict::Right, Some(alert)) if alert.is_open() => ended(alert, heard),
            (Verdict::Right, Some(alert)) => note_the_end(alert, heard),
            (Verdict::Right, None) => Ok(Vec::new()),
            (Verdict::Wrong, Some(alert)) if alert.is_open() => goes_on(alert, heard, judge),
            (Verdict::Wrong, Some(alert)) if stays_quiet(alert, heard.at) => Ok(Vec::new()),
            (Verdict::Wrong, Some(alert)) if is_the_same_again(alert, heard.at) => again(alert, heard, judge),
            (Verdict::Wrong, _) => begins(heard, judge, chance),
        }
    }
}

fn begins(heard: &Heard, judge: &Judge, chance: [u8; 10]) -> Result<Vec<Edit>, KeyError> {
    let place = Place { scope: heard.scope.clone(), id: Ulid::new(heard.at, chance) };
    let about = about(heard, judge, heard.at, 1);
    Ok(vec![told(&place, &about)?, raised(&place, &about)?])
}

fn again(alert: &Alert, heard: &Heard, judge: &Judge) -> Result<Vec<Edit>, KeyError> {
    let before = alert.about.as_ref();
    let began = before.map_or(heard.at, |about| about.began);
    let about = about(heard, judge, began, before.map_or(1, |about| about.times.saturating_add(1)));
    let past = past::and_the_last(alert);
    let mut edits = vec![told(&alert.place, &about)?, raised(&alert.place, &about)?];
    if past != alert.past {
        edits.push(Edit { key: alert.place.key(Part::Past)?, change: Change::Write(Some(write(&past))) });
    }
    if alert.closings().next().is_some() {
        edits.push(reopened(alert, heard, judge)?);
    }
    Ok(edits)
}

/// That somebody closed it was known and is over: what is left of it would look like a contradiction.
fn reopened(alert: &Alert, heard: &Heard, judge: &Judge) -> Result<Edit, KeyError> {
    let said = Said::new(None::<String>, &heard.rule, &judge.name, heard.at);
    let change = Change::Decide(Some(write(&said)), alert.closed.seen.clone());
    Ok(Edit { key: alert.place.key(Part::Closed)?, change })
}

/// Still so: told anew only if what people are told has changed, not with each new value.
fn goes_on(alert: &Alert, heard: &Heard, judge: &Judge) -> Result<Vec<Edit>, KeyError> {
    // Somebody erased it who did not know that it is so again.
    let Some(before) = &alert.about else {
        return Ok(vec![told(&alert.place, &about(heard, judge, heard.at, 1))?]);
    };
    let now = About {
        since: before.since,
        changed: before.changed,
        value: before.value,
        ..about(heard, judge, before.began, before.times)
    };
    let same_texts = now.annotations.keys().eq(before.annotations.keys());
    let same = now.severity == before.severity && now.doubt == before.doubt && now.ended == before.ended && same_texts;
    // The texts hold the value, which changes all the time: they are kept as they were when it began.
    if same { Ok(Vec::new()) } else { Ok(vec![told(&alert.place, &now)?]) }
}

fn ended(alert: &Alert, heard: &Heard) -> Result<Vec<Edit>, KeyError> {
    let seen = alert.raises.iter().map(|(raise, context)| (raise.clone(), context.clone())).collect();
    let mut edits = note_the_end(alert, heard)?;
    edits.push(Edit { key: alert.place.key(Part::Raises)?, change: Change::Settle(seen) });
    Ok(edits)
}

fn note_the_end(alert: &Alert, heard: &Heard) -> Result<Vec<Edit>, KeyError> {
    match &alert.about {
        Some(about) if about.ended.is_none() => {
            let about = About { ended: Some(heard.at), changed: heard.at, doubt: None, ..about.clone() };
            Ok(vec![told(&alert.place, &about)?])
        }
        _ => Ok(Vec::new()),
    }
}

/// Closed by a person, and the rule has not seen it end since: their word holds for a while.
fn stays_quiet(alert: &Alert, at: UtcMs) -> bool {
    let still_going = alert.about.as_ref().is_some_and(|about| about.ended.is_none());
    let closed = alert.closings().map(|(said, _)| said.happened).max();
    still_going && closed.is_some_and(|closed| at.0.saturating_sub(closed.0) < QUIET_MS)
}

fn is_the_same_again(alert: &Alert, at: UtcMs) -> bool {
    let Some(about) = &alert.about else { return false };
    match about.ended {
        Some(ended) => at.0.saturating_sub(ended.0) < FLAP_MS,
        // Closed by a person, long ago, and it never ended.
        None => true,
    }
}

fn about(heard: &Heard, judge: &Judge, began: UtcMs, times: u32) -> About {
    About {
        thing: heard.thing,
        rule: heard.rule.clone(),
        severity: heard.severity,
        labels: heard.labels.clone(),
        annotations: heard.annotations.clone(),
        judge: judge.clone(),
        began,
        since: heard.at,
        changed: heard.at,
        ended: None,
        times,
        value: heard.value,
        doubt: heard.doubt,
    }
    .within_limits()
}

fn told(place: &Place, about: &About) -> Result<Edit, KeyError> {
    Ok(Edit { key: place.key(Part::About)?, change: Change::Write(Some(write(about))) })
}

/// A raise is named by its judge and its moment: the same one is never two.
fn raised(place: &Place, about: &About) -> Result<Edit, KeyError> {
    let raise = format!("{}@{}", about.judge.node, about.changed.0).into_bytes();
    Ok(Edit { key: place.key(Part::Raises)?, change: Change::Raise(raise) })
}
