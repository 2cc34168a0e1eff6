//! Which lives of the store were begun, and how far may each have come? Noted beside the log, so that a log that is lost as
//! a whole can still be owned up to.
//!
//! A life is noted once something of it is durable: before that it owes nothing to anybody.

use tracing::warn;
use vigie_model::{Incarnation, Seq};
use vigie_store::{CommitError, State};

/// Numbers noted ahead, so that a note is not written for each tick. After the loss of a whole log the gap says at most so
/// many too much.
const AHEAD: u64 = 512;

const TABLE: &str = "life";

/// One noted life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Noted {
    pub(crate) life: Incarnation,
    /// The last number it may have given.
    pub(crate) upto: Seq,
    /// In which life of the log it was.
    pub(crate) log_epoch: u64,
    order: u64,
}

/// The notes, oldest life first.
#[derive(Debug)]
pub(crate) struct Notes {
    noted: Vec<Noted>,
    log_epoch: u64,
}

impl Notes {
    /// What was noted by earlier runs. Notes that can not be read are as good as none: the lives they name then have no
    /// gap if their log is lost too.
    pub(crate) fn read(state: &State, log_epoch: u64) -> Self {
        let rows = state.scan(TABLE, b"").unwrap_or_default();
        let mut noted: Vec<Noted> = rows.iter().filter_map(|(key, value)| parse(key, value)).collect();
        noted.sort_by_key(|one| one.order);
        Self { noted, log_epoch }
    }

    /// The life that went on last.
    pub(crate) fn present(&self) -> Option<Incarnation> {
        self.noted.last().map(|one| one.life)
    }

    /// Lives that were durable in a log that is gone: all but those that the present log knows.
    pub(crate) fn lost(&self, known: impl Fn(Incarnation) -> bool) -> Vec<Noted> {
        // A life of this very log that the log does not know was never durable in it.
        let gone = |one: &&Noted| one.log_epoch != self.log_epoch && !known(one.life);
        self.noted.iter().filter(gone).copied().collect()
    }

    /// Notes that a life has given this number, when the note it has does not cover it.
    pub(crate) fn note(&mut self, state: &State, life: Incarnation, last: Seq) {
        let known = self.noted.iter().find(|one| one.life == life);
        if known.is_some_and(|one| one.upto >= last && one.log_epoch == self.log_epoch) {
            return;
        }
        self.write(state, life, Seq(last.0.saturating_add(AHEAD)));
    }

    /// Notes the very last number of a life that ends in order.
    pub(crate) fn close(&mut self, state: &State, life: Incarnation, last: Seq) {
        self.write(state, life, last);
    }

    fn write(&mut self, state: &State, life: Incarnation, upto: Seq) {
        let newest = self.noted.iter().map(|one| one.order).max().unwrap_or(0);
        let order = self.noted.iter().find(|one| one.life == life).map_or(newest + 1, |one| one.order);
        let noted = Noted { life, upto, log_epoch: self.log_epoch, order };
        match put(state, noted) {
            Ok(()) => {
                self.noted.retain(|one| one.life != life);
                self.noted.push(noted);
                self.noted.sort_by_key(|one| one.order);
            }
            Err(error) => warn!(%error, "the present life could not be noted beside the log"),
        }
    }
}

fn put(state: &State, noted: Noted) -> Result<(), CommitError> {
    let value = [noted.order, noted.upto.0, noted.log_epoch].map(u64::to_be_bytes).concat();
    state.put(TABLE, &noted.life.0.to_be_bytes(), &value)
}

fn parse(key: &[u8], value: &[u8]) -> Option<Noted> {
    let number = |bytes: &[u8], at: usize| Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    Some(Noted {
        life: Incarnation(number(key, 0)?),
        order: number(value, 0)?,
        upto: Seq(number(value, 8)?),
        log_epoch: number(value, 16)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().expect("a folder");
        let (state, _) = State::open(dir.path()).expect("a state");
        (dir, state)
    }

    #[test]
    fn a_life_whose_log_is_gone_is_owned_up_to_and_one_that_was_never_durable_is_not() {
        let (_dir, state) = state();
        let mut notes = Notes::read(&state, 1);
        notes.note(&state, Incarnation(7), Seq(3));
        notes.note(&state, Incarnation(8), Seq(1));
        let again = Notes::read(&state, 2);
        assert_eq!(again.present(), Some(Incarnation(8)));
        let lost: Vec<_> = again.lost(|life| life == Incarnation(8)).iter().map(|one| (one.life, one.upto)).collect();
        assert_eq!(lost, [(Incarnation(7), Seq(3 + AHEAD))]);
        assert!(Notes::read(&state, 1).lost(|_| false).is_empty());
    }

    #[test]
    fn a_life_that_ended_in_order_is_noted_to_the_number() {
        let (_dir, state) = state();
        let mut notes = Notes::read(&state, 1);
        notes.note(&state, Incarnation(7), Seq(3));
        notes.close(&state, Incarnation(7), Seq(9));
        assert_eq!(Notes::read(&state, 2).lost(|_| false).first().map(|one| one.upto), Some(Seq(9)));
    }
}
