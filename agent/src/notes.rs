//! Which lives of the store were begun, and how far may each have come? Noted beside the log, so that a log that is lost as
//! a whole can still be owned up to.
//!
//! A life is noted once something of it is durable: before that it owes nothing to anybody.

use tracing::warn;
use vigie_model::{Incarnation, NodeId, Seq};
use vigie_node::Failed;
use vigie_store::{CommitError, State};
use vigie_sync::noted::{Found, Noted, Verdict, judge};

/// Numbers noted ahead, so that a note is not written for each tick. After the loss of a whole log the gap says at most so
/// many too much.
const AHEAD: u64 = 512;

const TABLE: &str = "life";

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
        let mut ordered: Vec<(u64, Noted)> = rows.iter().filter_map(|(key, value)| parse(key, value)).collect();
        ordered.sort_by_key(|(order, _)| *order);
        Self { noted: ordered.into_iter().map(|(_, noted)| noted).collect(), log_epoch }
    }

    /// Forgets what another node noted here, whose copy this was: its lives are its own.
    pub(crate) fn of_node(state: &State, node: NodeId) -> Result<(), Failed> {
        let of = state.get("node", b"life.of")?;
        if of.as_ref().is_some_and(|of| of == node.as_bytes()) {
            return Ok(());
        }
        if of.is_some() {
            for (key, _) in state.scan(TABLE, b"")? {
                state.remove(TABLE, &key)?;
            }
            state.remove("node", b"moved")?;
        }
        // Last: cut off before, it is done again.
        Ok(state.put("node", b"life.of", node.as_bytes())?)
    }

    /// What becomes of the lives noted, by what the log holds of each.
    pub(crate) fn judge(&self, found: impl Fn(Incarnation) -> Found) -> Verdict {
        judge(&self.noted, self.log_epoch, found)
    }

    /// What was owed for lives of another log is written down in this one: they are owned up to once.
    pub(crate) fn settle(&mut self, state: &State) {
        let stale: Vec<_> = self.noted.iter().filter(|one| one.log_epoch != self.log_epoch).copied().collect();
        stale.into_iter().for_each(|one| self.write(state, one.life, one.upto));
    }

    /// Notes that a life has given this number, when the note it has does not cover it.
    pub(crate) fn note(&mut self, state: &State, life: Incarnation, last: Seq) {
        let known = self.noted.iter().find(|one| one.life == life);
        if known.is_some_and(|one| one.upto >= last && one.log_epoch == self.log_epoch) {
            return;
        }
        self.write(state, life, Seq(last.0.saturating_add(AHEAD)));
    }

    /// Notes a life that the log knows and the notes do not.
    pub(crate) fn note_unknown(&mut self, state: &State, life: Incarnation, last: Seq) {
        if self.noted.iter().all(|one| one.life != life) {
            self.write(state, life, last);
        }
    }

    /// Notes the very last number of a life that ends in order.
    pub(crate) fn close(&mut self, state: &State, life: Incarnation, last: Seq) {
        self.write(state, life, last);
    }

    fn write(&mut self, state: &State, life: Incarnation, upto: Seq) {
        let noted = Noted { life, upto, log_epoch: self.log_epoch };
        let known = self.noted.iter().position(|one| one.life == life);
        match put(state, known.unwrap_or(self.noted.len()) as u64, noted) {
            Ok(()) => match known {
                Some(at) => self.noted[at] = noted,
                None => self.noted.push(noted),
            },
            Err(error) => warn!(%error, "a life could not be noted beside the log"),
        }
    }
}

fn put(state: &State, order: u64, noted: Noted) -> Result<(), CommitError> {
    let value = [order, noted.upto.0, noted.log_epoch].map(u64::to_be_bytes).concat();
    state.put(TABLE, &noted.life.0.to_be_bytes(), &value)
}

fn parse(key: &[u8], value: &[u8]) -> Option<(u64, Noted)> {
    let number = |bytes: &[u8], at: usize| Some(u64::from_be_bytes(bytes.get(at..at + 8)?.try_into().ok()?));
    let (upto, log_epoch) = (Seq(number(value, 8)?), number(value, 16)?);
    Some((number(value, 0)?, Noted { life: Incarnation(number(key, 0)?), upto, log_epoch }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().expect("a folder");
        let (state, _) = State::open(dir.path()).expect("a state");
        (dir, state)
    }

    fn lost(notes: &Notes) -> Vec<(Incarnation, Seq)> {
        notes.judge(|_| Found::Whole).lost.iter().map(|one| (one.life, one.upto)).collect()
    }

    #[test]
    fn lives_of_a_log_that_is_gone_are_owned_up_to_once() {
        let (_dir, state) = state();
        let mut notes = Notes::read(&state, 1);
        notes.note(&state, Incarnation(9), Seq(3));
        notes.note(&state, Incarnation(8), Seq(1));
        assert_eq!(Notes::read(&state, 1).judge(|_| Found::Whole).present, Some(Incarnation(8)));
        let mut again = Notes::read(&state, 2);
        assert_eq!(lost(&again), [(Incarnation(9), Seq(3 + AHEAD)), (Incarnation(8), Seq(1 + AHEAD))]);
        again.settle(&state);
        assert!(lost(&again).is_empty() && lost(&Notes::read(&state, 2)).is_empty());
        assert_eq!(Notes::read(&state, 2).judge(|_| Found::Whole).present, Some(Incarnation(8)), "in their order");
    }

    #[test]
    fn a_machine_that_parted_from_its_twin_owes_nothing_for_the_others_lives() {
        let (_dir, state) = state();
        let (shared, own) = (NodeId::from_bytes([1; 16]), NodeId::from_bytes([2; 16]));
        Notes::of_node(&state, shared).expect("the state works");
        Notes::read(&state, 1).note(&state, Incarnation(9), Seq(3));
        Notes::of_node(&state, shared).expect("the state works");
        assert_eq!(Notes::read(&state, 1).judge(|_| Found::Whole).present, Some(Incarnation(9)));
        Notes::of_node(&state, own).expect("the state works");
        assert!(lost(&Notes::read(&state, 2)).is_empty());
    }

    #[test]
    fn a_life_that_ended_in_order_is_noted_to_the_number() {
        let (_dir, state) = state();
        let mut notes = Notes::read(&state, 1);
        notes.note(&state, Incarnation(7), Seq(3));
        notes.close(&state, Incarnation(7), Seq(9));
        assert_eq!(lost(&Notes::read(&state, 2)), [(Incarnation(7), Seq(9))]);
    }
}
