//! What does somebody decide of a message themselves: that it is sent again, now, or not at all?

use super::super::clocks::Clocks;
use super::super::letter::{DeadLetter, Letter, LetterId};
use super::super::rows::Table;
use super::super::text::Text;
use super::Outbox;
use super::log::at_key;

/// Why nothing was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotMoved {
    /// No such message waits, or was given up.
    Unknown,
    /// It is under way: whether it arrives is known in a moment.
    UnderWay,
    /// Too many wait.
    NoRoom,
}

impl Outbox {
    /// Has a message that waits tried now; whatever its channel waits for is over, too.
    pub fn hasten(&mut self, id: LetterId, now: Clocks) -> Result<Letter, NotMoved> {
        let letter = self.letters.get_mut(&id).ok_or(NotMoved::Unknown)?;
        if self.under_way.contains(&id) {
            return Err(NotMoved::UnderWay);
        }
        letter.next_at = letter.next_at.min(now.steady);
        if let Some(channel) = self.channels.get_mut(&letter.intent.channel) {
            channel.not_before = None;
        }
        self.rows.put(Table::Letter, &id.0, letter);
        Ok(letter.clone())
    }

    /// Has a message sent that was given up: under the key that it had, as if it had never been tried. It says what was so then.
    pub fn revive(&mut self, dead: DeadLetter, now: Clocks) -> Result<Letter, NotMoved> {
        let id = dead.letter.id();
        let at = self.dead.iter().find(|(_, own)| *own == id).map(|(at, _)| *at).ok_or(NotMoved::Unknown)?;
        if self.letters.len() >= super::MAX_LETTERS {
            return Err(NotMoved::NoRoom);
        }
        let mut letter = Letter { next_at: now.steady, number: self.number, attempts: 0, why: None, ..dead.letter };
        let patience_ms = letter.intent.expires.since(letter.intent.not_before).max(0);
        letter.intent.not_before = now.steady;
        letter.intent.expires = now.steady.after(patience_ms);
        self.number += 1;
        self.rows.remove(Table::Dead, &at_key(at, id));
        self.dead.retain(|(_, own)| *own != id);
        self.known.remove(&id);
        self.rows.put(Table::Letter, &id.0, &letter);
        self.letters.insert(id, letter.clone());
        Ok(letter)
    }

    /// Has a message that waits not sent, nor the end of what it tells of. It stands in the log, so that it is not made anew when the
    /// same is heard again; who did it stands in the audit.
    pub fn call_off(&mut self, id: LetterId, now: Clocks) -> Result<Letter, NotMoved> {
        let letter = self.letters.get(&id).cloned().ok_or(NotMoved::Unknown)?;
        if self.under_way.contains(&id) {
            return Err(NotMoved::UnderWay);
        }
        self.log(id, Text::new("taken back: somebody called it off"), now);
        self.end_is_called_off(&letter.intent, now);
        Ok(letter)
    }
}
