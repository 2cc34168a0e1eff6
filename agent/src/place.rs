//! Is this the folder that this agent lived in before, or is it a copy of it?
//!
//! A folder that lies elsewhere than it did was moved, brought back from a backup, or copied; from here alone nobody can
//! tell which. So the agent begins a new life at once, whose numbers nobody else gives, and leaves the lives it found
//! alone: the machine it was copied from may be going on with them, and what two sign for one life contradicts itself. Only
//! when nobody else has come with this identity for long enough are they its own again.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde::{Deserialize, Serialize};
use tracing::{info, warn};
use vigie_model::{Incarnation, UtcMs};
use vigie_node::Failed;
use vigie_store::State;

use crate::inventory;

/// Somebody whose folder was copied comes back within a day, or is as good as gone.
const ALONE_MS: i64 = 86_400_000;

const TABLE: &str = "node";

/// Where a folder lies. What can not be told is missing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Mark {
    /// The machine's number.
    hardware: Option<String>,
    /// The folder's number on its file system: a copy has another, whatever its name is. Not the number of the file system,
    /// which may be another after each boot.
    folder: Option<u64>,
}

impl Mark {
    fn of(data: &Path) -> Self {
        let folder = std::fs::metadata(data).ok().map(|folder| folder.ino());
        Self { hardware: inventory::hardware_id(), folder }
    }

    fn is_elsewhere(&self, before: &Self) -> bool {
        // One kind of number for the machine is not compared with another: which one may be read depends on rights.
        let kind = |id: &Option<String>| id.as_deref().and_then(|id| id.split(':').next()).map(str::to_owned);
        let other_machine = kind(&self.hardware) == kind(&before.hardware) && self.hardware != before.hardware;
        let other_folder = self.folder.zip(before.folder).is_some_and(|(now, before)| now != before);
        other_machine || other_folder
    }
}

/// Since when this folder lies elsewhere, and the lives that were found in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Moved {
    at_ms: i64,
    lives: Vec<u64>,
}

/// What is known of this agent's folder.
#[derive(Debug)]
pub(crate) struct Place {
    moved: Option<Moved>,
}

impl Place {
    /// Looks where the folder lies, and remembers it. `lives` are those in its log.
    ///
    /// # Errors
    /// When the small state can not be read or written.
    pub(crate) fn look(state: &State, data: &Path, lives: &[Incarnation], now: UtcMs) -> Result<Self, Failed> {
        Self::of(Mark::of(data), state, lives, now)
    }

    fn of(mark: Mark, state: &State, lives: &[Incarnation], now: UtcMs) -> Result<Self, Failed> {
        let before: Option<Mark> = read(state, b"mark")?;
        let mut moved: Option<Moved> = read(state, b"moved")?;
        if before.as_ref().is_some_and(|before| mark.is_elsewhere(before)) {
            warn!(
                "this folder lies elsewhere than it did: it was moved, brought back, or copied; a new life begins, and \
                the earlier ones are left alone for a day"
            );
            moved = Some(Moved { at_ms: now.0, lives: lives.iter().map(|life| life.0).collect() });
            write(state, b"moved", &moved)?;
        }
        // After the note: a power cut between both finds it moved again, and nothing worse.
        if before.as_ref() != Some(&mark) {
            write(state, b"mark", &mark)?;
        }
        Ok(Self { moved })
    }

    /// Whether this folder is, as far as can be told from here, the copy of another.
    pub(crate) fn is_elsewhere(&self) -> bool {
        self.moved.is_some()
    }

    /// Whether a life is left alone, because whoever this folder was copied from may be going on with it.
    pub(crate) fn leaves_alone(&self, life: Incarnation) -> bool {
        self.moved.as_ref().is_some_and(|moved| moved.lives.contains(&life.0))
    }

    /// Somebody else came with this identity: a day of being alone begins again.
    pub(crate) fn is_not_alone(&mut self, state: &State, now: UtcMs) {
        if let Some(moved) = &mut self.moved {
            moved.at_ms = now.0;
            drop(write(state, b"moved", &self.moved));
        }
    }

    /// Nobody else has come with this identity for so long that the lives that were found are this agent's own: which ones.
    pub(crate) fn settles(&mut self, state: &State, now: UtcMs) -> Vec<Incarnation> {
        let Some(moved) = self.moved.take_if(|moved| now.0.saturating_sub(moved.at_ms) >= ALONE_MS) else {
            return Vec::new();
        };
        if let Err(error) = state.remove(TABLE, b"moved") {
            warn!(%error, "that this agent is alone could not be noted; tried again at the next start");
        }
        info!("nobody else came with this identity for a day: the lives that were found here go on being its own");
        moved.lives.into_iter().map(Incarnation).collect()
    }
}

fn read<T: serde::de::DeserializeOwned>(state: &State, key: &[u8]) -> Result<Option<T>, Failed> {
    Ok(state.get(TABLE, key)?.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn write<T: Serialize>(state: &State, key: &[u8], value: &T) -> Result<(), Failed> {
    Ok(state.put(TABLE, key, &serde_json::to_vec(value)?)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(hardware: &str, folder: u64) -> Mark {
        Mark { hardware: Some(hardware.to_owned()), folder: Some(folder) }
    }

    fn state() -> (tempfile::TempDir, State) {
        let dir = tempfile::tempdir().expect("a folder");
        let (state, _) = State::open(dir.path()).expect("a state");
        (dir, state)
    }

    fn at(state: &State, mark: Mark, ms: i64) -> Place {
        Place::of(mark, state, &[Incarnation(7)], UtcMs(ms)).expect("the state works")
    }

    #[test]
    fn a_folder_that_stayed_is_no_copy_and_one_that_lies_elsewhere_is_until_it_was_alone_for_a_day() {
        let (_dir, state) = state();
        for _ in 0..2 {
            assert!(!at(&state, mark("dmi:1", 10), 0).is_elsewhere());
        }
        let copied = at(&state, mark("dmi:1", 11), 1_000);
        assert!(copied.is_elsewhere() && copied.leaves_alone(Incarnation(7)) && !copied.leaves_alone(Incarnation(8)));
        let mut later = at(&state, mark("dmi:1", 11), 2_000);
        assert!(later.is_elsewhere(), "a restart changes nothing");
        later.is_not_alone(&state, UtcMs(5_000));
        assert_eq!(later.settles(&state, UtcMs(4_999 + ALONE_MS)), []);
        assert_eq!(later.settles(&state, UtcMs(5_000 + ALONE_MS)), [Incarnation(7)]);
        assert!(!at(&state, mark("dmi:1", 11), 0).is_elsewhere() && !later.is_elsewhere());
    }

    #[test]
    fn another_machine_is_another_place_and_other_rights_on_the_same_are_not() {
        let (_dir, state) = state();
        at(&state, mark("dmi:1", 10), 0);
        assert!(!at(&state, mark("os:9", 10), 0).is_elsewhere(), "the board's number can no longer be read");
        assert!(at(&state, mark("os:8", 10), 0).is_elsewhere());
    }

    #[test]
    fn a_real_folder_that_is_renamed_stays_and_its_copy_does_not() {
        let dir = tempfile::tempdir().expect("a folder");
        let (first, second) = (dir.path().join("a"), dir.path().join("b"));
        std::fs::create_dir(&first).expect("a folder");
        let mark = Mark::of(&first);
        std::fs::rename(&first, &second).expect("it is renamed");
        assert!(!Mark::of(&second).is_elsewhere(&mark));
        std::fs::create_dir(&first).expect("a folder");
        assert!(Mark::of(&first).is_elsewhere(&mark));
    }
}
