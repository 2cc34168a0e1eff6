//! Keeps what was answered to writes that bear a name of their own, for a day.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;
use vigie_model::UtcMs;
use vigie_node::NodeClock;
use vigie_serve::{NotRemembered, Repeats};
use vigie_store::{ReadError, State};

/// A row: until when, in ms since 1970, and what was answered.
pub(crate) const TABLE: &str = "http.answered";

/// Answers kept at once: a day of one write in two seconds. Each is some hundred bytes, and one program that makes a key for
/// nothing must not fill the state.
const MOST: usize = 50_000;

/// How often those go whose day is over.
const TEND_EVERY: Duration = Duration::from_secs(600);

/// What was answered, in the hub's state.
#[derive(Debug)]
pub(crate) struct Answered {
    state: Arc<State>,
    clock: NodeClock,
    until: Mutex<HashMap<[u8; 32], i64>>,
}

impl Answered {
    pub(crate) fn open(state: Arc<State>, clock: NodeClock) -> Result<Self, ReadError> {
        let rows = state.scan(TABLE, b"")?;
        let known = rows.iter().filter_map(|(key, row)| Some((key.as_slice().try_into().ok()?, split(row)?.0)));
        let until = Mutex::new(known.collect());
        Ok(Self { state, clock, until })
    }

    /// Lets go what is over, for as long as the program runs.
    pub(crate) async fn tend(self: Arc<Self>) {
        let mut every = tokio::time::interval(TEND_EVERY);
        loop {
            every.tick().await;
            let answered = self.clone();
            let tidied = tokio::task::spawn_blocking(move || answered.tidy());
            if let Ok(Err(error)) = tidied.await {
                warn!(%error, "old answers to writes could not be let go; it is tried again");
            }
        }
    }

    fn tidy(&self) -> Result<(), NotRemembered> {
        let now_ms = self.clock.now().utc.0;
        let over: BTreeSet<[u8; 32]> =
            self.known().iter().filter(|(_, until_ms)| **until_ms <= now_ms).map(|(key, _)| *key).collect();
        if over.is_empty() {
            return Ok(());
        }
        let gone = self.state.transact(|tx| over.iter().try_for_each(|key| tx.remove(TABLE, key).map(drop)));
        gone.map_err(|error| NotRemembered(error.to_string()))?;
        self.known().retain(|key, _| !over.contains(key));
        Ok(())
    }

    fn known(&self) -> MutexGuard<'_, HashMap<[u8; 32], i64>> {
        self.until.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Repeats for Answered {
    fn recall(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>, NotRemembered> {
        let row = self.state.get(TABLE, key).map_err(|error| NotRemembered(error.to_string()))?;
        let now_ms = self.clock.now().utc.0;
        let kept = row.as_deref().and_then(split).filter(|(until_ms, _)| *until_ms > now_ms);
        Ok(kept.map(|(_, what)| what.to_vec()))
    }

    fn keep(&self, key: &[u8; 32], what: &[u8], until: UtcMs) -> Result<(), NotRemembered> {
        {
            let known = self.known();
            if known.len() >= MOST && !known.contains_key(key) {
                return Err(NotRemembered(format!("{MOST} writes of the last day are kept already")));
            }
        }
        let row = [until.0.to_be_bytes().as_slice(), what].concat();
        self.state.put(TABLE, key, &row).map_err(|error| NotRemembered(error.to_string()))?;
        self.known().insert(*key, until.0);
        Ok(())
    }

    fn forget(&self, key: &[u8; 32]) -> Result<(), NotRemembered> {
        self.state.remove(TABLE, key).map_err(|error| NotRemembered(error.to_string()))?;
        self.known().remove(key);
        Ok(())
    }
}

fn split(row: &[u8]) -> Option<(i64, &[u8])> {
    let (until, what) = row.split_first_chunk()?;
    Some((i64::from_be_bytes(*until), what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_kept_through_a_restart_and_goes_when_its_day_is_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let open = || {
            let (state, _) = State::open(folder.path()).expect("a state");
            Answered::open(Arc::new(state), NodeClock::new()).expect("answers")
        };
        let (old, new, gone) = ([1; 32], [2; 32], [3; 32]);
        {
            let answered = open();
            let now_ms = answered.clock.now().utc.0;
            answered.keep(&old, b"old", UtcMs(now_ms - 1)).expect("kept");
            answered.keep(&new, b"new", UtcMs(now_ms + 3_600_000)).expect("kept");
            answered.keep(&gone, b"gone", UtcMs(now_ms + 3_600_000)).expect("kept");
            answered.forget(&gone).expect("forgotten");
        }
        let answered = open();
        assert_eq!(answered.recall(&new).expect("read").as_deref(), Some(&b"new"[..]));
        assert_eq!((answered.recall(&old).expect("read"), answered.recall(&gone).expect("read")), (None, None));
        answered.tidy().expect("tidied");
        assert_eq!(answered.state.scan(TABLE, b"").expect("rows").len(), 1);
        assert_eq!(answered.known().len(), 1);
    }
}
