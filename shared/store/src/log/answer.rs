//! What does the store say to what the mind looks up?

use vigie_codec::wire::MAX_DEFS_PER_FRAME;
use vigie_model::StreamId;
use vigie_sync::{Answer, Ask};

use super::Log;
use crate::errors::ReadError;

impl Log {
    /// Looks up what a session needs of a stream.
    ///
    /// # Errors
    /// When nothing can be read at all: the session is told [`Answer::Failed`] and asks again.
    pub fn look_up(&self, stream: StreamId, ask: Ask) -> Result<Answer, ReadError> {
        match ask {
            Ask::Records { wanted, budget_bytes } => {
                let budget = usize::try_from(budget_bytes).unwrap_or(usize::MAX);
                self.load(stream, &wanted, budget, true).map(Answer::Records)
            }
            Ask::Schema { from } => {
                self.schema(stream, from, MAX_DEFS_PER_FRAME).map(|defs| Answer::Schema { from, defs })
            }
            Ask::Seals { within } => self.seals(stream, &within).map(Answer::Seals),
            Ask::Anchors => self.statements(stream).map(Answer::Anchors),
            Ask::Hours { wanted, before, budget_bytes } => {
                self.hours_of(stream, &wanted, before, budget_bytes).map(Answer::Hours)
            }
        }
    }
}
