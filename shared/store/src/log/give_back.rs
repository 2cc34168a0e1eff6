//! When does the file give back to the disk what is free in it?
//!
//! redb uses free pages before it lets the file grow, and keeps them until then. What is laid out by series leaves as much
//! behind as it takes, and a young log is laid out as a whole within a day: then half of its file is free. In an old one
//! only the newest day is, and tomorrow needs it again.

use super::{Log, Standing};
use crate::engine;
use crate::errors::CommitError;

/// Of more records than this nothing is given back: nobody can read or write while they are moved together. 109 ms were
/// measured for 70 MB in a file of 135 MB.
const UP_TO_BYTES: u64 = 256 << 20;

/// Less is not worth stopping for.
const WORTH_BYTES: u64 = 256 << 10;

impl Log {
    /// Whether so much is free in the file that it is worth [`Log::give_back`]: a sixteenth of what the records take, and
    /// as much again each time.
    pub fn has_to_give_back(&self) -> bool {
        let some = self.used_bytes() / 16;
        let kept = self.kept_free_bytes.unwrap_or(some);
        let worth = |free: u64| free > kept.saturating_add(some.max(WORTH_BYTES));
        matches!(self.state, Standing::Open(_))
            && self.used_bytes() <= UP_TO_BYTES
            && self.medium.taken_bytes().is_some_and(|taken| worth(self.free_bytes(taken)))
    }

    /// Gives what is free in the file back to the disk. Nobody can read or write meanwhile: to be called at rest, where
    /// [`Log::has_to_give_back`].
    ///
    /// # Errors
    /// As [`Log::commit`]; nothing is lost.
    pub fn give_back(&mut self) -> Result<(), CommitError> {
        self.shrink()?;
        // Its own commits leave out which pages are free: whoever opens the file after a power cut would have to read it.
        self.transact(|_| Ok(()))?;
        self.kept_free_bytes = self.medium.taken_bytes().map(|taken| self.free_bytes(taken));
        Ok(())
    }

    /// Writes all records into another file, which takes the place of this one: of what was deleted nothing stands in it. Says
    /// whether that was done: where there are more records than can be stopped for, or the disk has no room for both files, it is
    /// not.
    ///
    /// # Errors
    /// As [`Log::commit`]; nothing is lost.
    pub fn write_anew(&mut self) -> Result<bool, CommitError> {
        if self.used_bytes() > UP_TO_BYTES || !engine::has_room_for_another(self.medium.as_ref()) {
            return Ok(false);
        }
        self.transact(|_| Ok(()))?;
        let Standing::Open(old) = std::mem::replace(&mut self.state, Standing::Refused) else { return Ok(false) };
        let how = super::open::how(&self.options);
        match engine::write_anew(self.medium.as_mut(), old, how) {
            Ok(new) => self.state = Standing::Open(new),
            Err(trouble) => return Err(self.fall(trouble)),
        }
        self.kept_free_bytes = self.medium.taken_bytes().map(|taken| self.free_bytes(taken));
        Ok(true)
    }

    fn free_bytes(&self, taken: u64) -> u64 {
        taken.saturating_sub(self.used_bytes())
    }
}
