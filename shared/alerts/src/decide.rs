//! What do people decide of an alert?

use vigie_merge::{KeyError, Ulid};
use vigie_model::UtcMs;

use crate::alert::{Alert, Decided};
use crate::book::Book;
use crate::edit::{Change, Edit};
use crate::row::{Part, write};
use crate::said::{Said, cut_to};

/// Bytes of what one person writes at once: it fits in one row with who and where.
const TEXT_BYTES: usize = 2_000;

/// What a person decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// I know; with a note, or an empty one.
    Acknowledge(String),
    /// I do not know after all.
    Unacknowledge,
    /// This person takes care of it; nobody if empty.
    Assign(String),
    /// Be quiet until then.
    Snooze(UtcMs),
    /// Speak again.
    Wake,
    /// It is over; with a reason, or an empty one.
    Close(String),
    /// Something to know. The id is chance and the moment.
    Comment(Ulid, String),
}

/// Why nothing was decided. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecideError {
    /// It is not here.
    #[error("there is no such alert here")]
    NoSuchAlert,
    /// It is over already.
    #[error("it is over; only comments can be added")]
    Over,
    /// Nothing to say.
    #[error("an empty comment says nothing")]
    Empty,
    /// A moment that has passed.
    #[error("that moment has passed")]
    Past,
    /// Its key can not be written.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Book {
    /// What a person's decision writes, having seen the alert as it stands here.
    ///
    /// # Errors
    /// When it can not be decided so.
    pub fn decided(&self, id: Ulid, decision: &Said<Decision>) -> Result<Vec<Edit>, DecideError> {
        let alert = self.alert(id).ok_or(DecideError::NoSuchAlert)?;
        let by = Said::new((), &decision.by, &decision.at, decision.happened);
        if !alert.is_open() && !matches!(decision.what, Decision::Comment(..)) {
            return Err(DecideError::Over);
        }
        let edit = match &decision.what {
            Decision::Acknowledge(note) => text(alert, Part::Acknowledged, &alert.acknowledged, by, Some(note))?,
            Decision::Unacknowledge => text(alert, Part::Acknowledged, &alert.acknowledged, by, None)?,
            Decision::Assign(who) if who.is_empty() => text(alert, Part::Assigned, &alert.assigned, by, None)?,
            Decision::Assign(who) => text(alert, Part::Assigned, &alert.assigned, by, Some(who))?,
            Decision::Snooze(until) if *until <= decision.happened => return Err(DecideError::Past),
            Decision::Snooze(until) => decide(alert, Part::Snoozed, &alert.snoozed, &says(by, Some(*until)))?,
            Decision::Wake => decide(alert, Part::Snoozed, &alert.snoozed, &says(by, None::<UtcMs>))?,
            Decision::Close(why) => return close(alert, by, why),
            Decision::Comment(_, words) if words.trim().is_empty() => return Err(DecideError::Empty),
            Decision::Comment(which, words) => {
                let said = write(&says(by, cut_to(words, TEXT_BYTES)));
                Edit { key: alert.place.key(Part::Comment(*which))?, change: Change::Write(Some(said)) }
            }
        };
        Ok(vec![edit])
    }
}

/// Takes away the raises that were seen; one that was not keeps it open.
fn close(alert: &Alert, by: Said<()>, why: &str) -> Result<Vec<Edit>, DecideError> {
    let seen = alert.raises.iter().map(|(raise, context)| (raise.clone(), context.clone())).collect();
    Ok(vec![
        text(alert, Part::Closed, &alert.closed, by, Some(why))?,
        Edit { key: alert.place.key(Part::Raises)?, change: Change::Settle(seen) },
    ])
}

fn text(
    alert: &Alert,
    part: Part,
    before: &Decided<String>,
    by: Said<()>,
    words: Option<&str>,
) -> Result<Edit, DecideError> {
    decide(alert, part, before, &says(by, words.map(|words| cut_to(words, TEXT_BYTES))))
}

fn decide<T: serde::Serialize>(
    alert: &Alert,
    part: Part,
    before: &Decided<T>,
    said: &Said<Option<T>>,
) -> Result<Edit, DecideError> {
    Ok(Edit { key: alert.place.key(part)?, change: Change::Decide(Some(write(said)), before.seen.clone()) })
}

fn says<T>(by: Said<()>, what: T) -> Said<T> {
    Said { happened: by.happened, by: by.by, at: by.at, what }
}
