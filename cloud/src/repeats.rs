//! Keeps what was answered to writes that bear a name of their own, for a day.

mod room;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::warn;
use vigie_model::UtcMs;
use vigie_node::NodeClock;
use vigie_serve::{NotRemembered, Repeats};
use vigie_store::{ReadError, State};

use self::room::{Held, Key, Room, Sharer};

/// A row: until when, in ms since 1970, and what was answered. Its key begins with whose it is, but for those of before.
pub(crate) const TABLE: &str = "http.answered";

/// Answers kept at once, half of which one client may have: a day of one write in two seconds. Each is some hundred bytes, and
/// one program that makes a key for nothing must not fill the state.
const MOST: usize = 100_000;

/// How often those go whose day is over.
const TEND_EVERY: Duration = Duration::from_secs(600);

/// What was answered, in the hub's state.
#[derive(Debug)]
pub(crate) struct Answered {
    state: Arc<State>,
    clock: NodeClock,
    room: Mutex<Room>,
}

impl Answered {
    pub(crate) fn open(state: Arc<State>, clock: NodeClock) -> Result<Self, ReadError> {
        Self::with_room(state, clock, MOST)
    }

    /// The same with room for so many.
    pub(crate) fn with_room(state: Arc<State>, clock: NodeClock, most: usize) -> Result<Self, ReadError> {
        let mut room = Room::new(most);
        for (key, row) in state.scan(TABLE, b"")? {
            if let (Some((whose, key)), Some((until_ms, _))) = (read_key(&key), split(&row)) {
                room.hold(key, Held { whose, until_ms });
            }
        }
        Ok(Self { state, clock, room: Mutex::new(room) })
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
        let over = self.room().over(self.clock.now().utc.0);
        if over.is_empty() {
            return Ok(());
        }
        let rows = || over.iter().map(|(key, held)| row_key(held.whose, key));
        let gone = self.state.transact(|tx| rows().try_for_each(|key| tx.remove(TABLE, &key).map(drop)));
        gone.map_err(|error| NotRemembered(error.to_string()))?;
        let mut room = self.room();
        over.iter().for_each(|(key, _)| room.let_go(key));
        Ok(())
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Holds the place of an answer, and says what stood there before.
    fn hold(&self, key: &Key, whose: &str, until_ms: i64) -> Result<(Held, Option<Held>), NotRemembered> {
        let (mut room, whose) = (self.room(), sharer(whose));
        let before = room.get(key);
        if before.is_none() && !room.is_free_for(&whose) {
            let many = room.of(&whose);
            return Err(NotRemembered(format!(
                "{many} writes of the last day are kept for those who sent this one, which is their share; each goes after its day"
            )));
        }
        let held = Held { whose: before.map_or(Some(whose), |before| before.whose), until_ms };
        room.hold(*key, held);
        Ok((held, before))
    }
}

impl Repeats for Answered {
    fn recall(&self, key: &[u8; 32]) -> Result<Option<Vec<u8>>, NotRemembered> {
        let Some(held) = self.room().get(key) else { return Ok(None) };
        let row = self.state.get(TABLE, &row_key(held.whose, key)).map_err(|error| NotRemembered(error.to_string()))?;
        let now_ms = self.clock.now().utc.0;
        let kept = row.as_deref().and_then(split).filter(|(until_ms, _)| *until_ms > now_ms);
        Ok(kept.map(|(_, what)| what.to_vec()))
    }

    fn keep(&self, key: &[u8; 32], whose: &str, what: &[u8], until: UtcMs) -> Result<(), NotRemembered> {
        let (held, before) = self.hold(key, whose, until.0)?;
        let row = [until.0.to_be_bytes().as_slice(), what].concat();
        self.state.put(TABLE, &row_key(held.whose, key), &row).map_err(|error| {
            let mut room = self.room();
            room.let_go(key);
            before.into_iter().for_each(|before| room.hold(*key, before));
            NotRemembered(error.to_string())
        })
    }

    fn forget(&self, key: &[u8; 32]) -> Result<(), NotRemembered> {
        let Some(held) = self.room().get(key) else { return Ok(()) };
        let gone = self.state.remove(TABLE, &row_key(held.whose, key));
        gone.map_err(|error| NotRemembered(error.to_string()))?;
        self.room().let_go(key);
        Ok(())
    }
}

/// Those who share a part of the room.
fn sharer(whose: &str) -> Sharer {
    let mut sharer = Sharer::default();
    let hash = blake3::derive_key("vigie 2026-11 whose kept answers", whose.as_bytes());
    sharer.copy_from_slice(&hash[..8]);
    sharer
}

fn row_key(whose: Option<Sharer>, key: &Key) -> Vec<u8> {
    whose.into_iter().flatten().chain(*key).collect()
}

fn read_key(row: &[u8]) -> Option<(Option<Sharer>, Key)> {
    match row.len() {
        32 => Some((None, row.try_into().ok()?)),
        _ => row.split_first_chunk().and_then(|(whose, key)| Some((Some(*whose), key.try_into().ok()?))),
    }
}

fn split(row: &[u8]) -> Option<(i64, &[u8])> {
    let (until, what) = row.split_first_chunk()?;
    Some((i64::from_be_bytes(*until), what))
}

#[cfg(test)]
mod tests {
    use vigie_store::fault::FaultDisk;

    use super::*;

    const FAR: UtcMs = UtcMs(i64::MAX);

    fn on(disk: &FaultDisk, most: usize) -> Answered {
        let state = Arc::new(State::open_on(disk.clone()).expect("a state").0);
        Answered::with_room(state, NodeClock::new(), most).expect("answers")
    }

    fn key(number: usize) -> [u8; 32] {
        let mut key = [0; 32];
        key[24..].copy_from_slice(&number.to_be_bytes());
        key
    }

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
            answered.keep(&old, "client acme", b"old", UtcMs(now_ms - 1)).expect("kept");
            answered.keep(&new, "client acme", b"new", UtcMs(now_ms + 3_600_000)).expect("kept");
            answered.keep(&gone, "client acme", b"gone", UtcMs(now_ms + 3_600_000)).expect("kept");
            answered.forget(&gone).expect("forgotten");
        }
        let answered = open();
        assert_eq!(answered.recall(&new).expect("read").as_deref(), Some(&b"new"[..]));
        assert_eq!((answered.recall(&old).expect("read"), answered.recall(&gone).expect("read")), (None, None));
        answered.tidy().expect("tidied");
        assert_eq!(answered.state.scan(TABLE, b"").expect("rows").len(), 1);
        assert_eq!(answered.room().len(), 1);
    }

    #[test]
    fn a_client_that_sends_much_fills_its_own_share_through_a_kill_too_and_keeps_nobody_from_theirs() {
        let disk = FaultDisk::new();
        let answered = on(&disk, 40);
        let kept = (0..100).take_while(|at| answered.keep(&key(*at), "client loud", b"done", FAR).is_ok()).count();
        assert_eq!(kept, 20);
        let refused = answered.keep(&key(20), "client loud", b"done", FAR).expect_err("its share is full");
        assert!(refused.to_string().contains("20 writes of the last day"), "{refused}");
        drop(answered);
        let answered = on(&disk.power_cut(3), 40);
        assert!(answered.keep(&key(20), "client loud", b"done", FAR).is_err(), "whose they are is remembered");
        assert_eq!(answered.recall(&key(0)).expect("read").as_deref(), Some(&b"done"[..]), "nothing was pushed out");
        answered.keep(&key(0), "client loud", b"its answer", FAR).expect("one that is there already");
        for other in 0..5 {
            answered.keep(&key(500 + other), &format!("client quiet-{other}"), b"done", FAR).expect("room");
        }
        answered.forget(&key(1)).expect("forgotten");
        answered.forget(&key(2)).expect("forgotten");
        answered.forget(&key(3)).expect("forgotten");
        answered.forget(&key(4)).expect("forgotten");
        answered.keep(&key(20), "client loud", b"done", FAR).expect("it has room again");
    }

    #[test]
    fn what_was_kept_before_shares_were_is_answered_still() {
        let disk = FaultDisk::new();
        let answered = on(&disk, 40);
        let row = [FAR.0.to_be_bytes().as_slice(), b"done"].concat();
        answered.state.put(TABLE, &key(7), &row).expect("kept");
        drop(answered);
        let answered = on(&disk.killed(), 40);
        assert_eq!(answered.recall(&key(7)).expect("read").as_deref(), Some(&b"done"[..]));
        answered.keep(&key(7), "client acme", b"more", FAR).expect("kept");
        assert_eq!(answered.recall(&key(7)).expect("read").as_deref(), Some(&b"more"[..]));
        assert_eq!(answered.state.scan(TABLE, b"").expect("rows").len(), 1, "it stays where it was");
        answered.forget(&key(7)).expect("forgotten");
        assert_eq!(answered.state.scan(TABLE, b"").expect("rows").len(), 0);
    }
}
