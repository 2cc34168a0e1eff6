//! What does a row of an alert say by itself, for whoever writes down who did what?

use vigie_merge::Row;
use vigie_model::UtcMs;

use crate::about::About;
use crate::row::{Part, read};
use crate::said::Said;

/// What was decided, as one row says it; `None` was taken back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Word {
    /// A note, a name, a reason or a comment.
    Text(Option<String>),
    /// A moment.
    Until(Option<UtcMs>),
}

/// What a value in the row of a decision or a comment says; nothing for other rows, and for what a later version wrote.
pub fn word(part: Part, value: &[u8]) -> Option<Said<Word>> {
    fn turned<T>(said: Said<T>, turn: impl FnOnce(T) -> Word) -> Said<Word> {
        Said { happened: said.happened, by: said.by, at: said.at, what: turn(said.what) }
    }
    match part {
        Part::Acknowledged | Part::Assigned | Part::Closed => read(value).map(|said| turned(said, Word::Text)),
        Part::Snoozed => read(value).map(|said| turned(said, Word::Until)),
        Part::Comment(_) => read(value).map(|said| turned(said, |text| Word::Text(Some(text)))),
        Part::Raises | Part::About | Part::Past => None,
    }
}

/// What an alert is about, as its row says it.
pub fn about(row: &Row) -> Option<About> {
    let Row::Last(last) = row else { return None };
    read(last.value()?)
}
