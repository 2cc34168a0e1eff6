//! Where a node of the simulation keeps its rows.

use std::io;
use std::sync::Arc;

use vigie_store::fault::{FaultDisk, Faults};
use vigie_store::rows::{Change, Look, MemoryShelf, Shelf};
use vigie_store::{CommitError, ReadError, State, TxError};

/// A shelf in memory, or the real store on a disk in memory.
#[derive(Debug, Clone)]
pub(super) enum Disk {
    Memory(MemoryShelf),
    Real(FaultDisk, Option<Arc<State>>),
}

impl Disk {
    pub(super) fn new(real: bool) -> Self {
        if real { Self::Real(FaultDisk::new(), None) } else { Self::Memory(MemoryShelf::new()) }
    }

    /// Opens it; says whether something was lost.
    pub(super) fn open(&mut self) -> bool {
        match self {
            Self::Memory(_) => false,
            Self::Real(disk, state) => {
                let opened = State::open_on(disk.clone());
                // A disk in memory without faults opens.
                let Ok((opened, report)) = opened else { return true };
                *state = Some(Arc::new(opened));
                report.damaged
            }
        }
    }

    /// Power will fail soon.
    pub(super) fn fail_soon(&self, commits: u64, chance: u64) {
        match self {
            Self::Memory(shelf) => shelf.fail_in(commits, chance.is_multiple_of(2)),
            Self::Real(disk, _) => {
                let cut_at = Some(disk.operations() + commits * 8 + chance % 8);
                disk.set_faults(Faults { cut_at, ..Faults::default() });
            }
        }
    }

    /// Power fails no more.
    pub(super) fn fail_never(&self) {
        match self {
            Self::Memory(shelf) => shelf.fail_never(),
            Self::Real(disk, _) => disk.set_faults(Faults::default()),
        }
    }

    /// What is there after a power cut now.
    pub(super) fn after_power_cut(&mut self, chance: u64) -> Self {
        match self {
            Self::Memory(shelf) => Self::Memory(shelf.restarted()),
            Self::Real(disk, state) => {
                let after = disk.power_cut(chance);
                *state = None;
                Self::Real(after, None)
            }
        }
    }

    /// A copy, as a backup takes it.
    pub(super) fn copy(&self) -> Self {
        match self {
            Self::Memory(shelf) => Self::Memory(shelf.restarted()),
            Self::Real(disk, _) => Self::Real(disk.copied(), None),
        }
    }

    /// The copy brought back: the file alone, or the folder with what stands beside it.
    pub(super) fn restored(&mut self, copy: &Self, whole: bool) -> Self {
        match (&mut *self, copy) {
            (Self::Memory(shelf), Self::Memory(copy)) => Self::Memory(shelf.replaced_by(copy, whole)),
            (Self::Real(disk, state), Self::Real(copy, _)) => {
                *state = None;
                let restored = copy.copied();
                if !whole {
                    restored.take_witness_of(disk);
                }
                Self::Real(restored, None)
            }
            (_, other) => other.copy(),
        }
    }

    fn state(&self) -> Option<&Arc<State>> {
        match self {
            Self::Memory(_) => None,
            Self::Real(_, state) => state.as_ref(),
        }
    }
}

fn closed() -> io::Error {
    io::Error::other("closed")
}

impl Shelf for Disk {
    fn look(&self, work: &mut dyn FnMut(&mut dyn Look) -> Result<(), TxError>) -> Result<(), ReadError> {
        match (self, self.state()) {
            (Self::Memory(shelf), _) => shelf.look(work),
            (_, Some(state)) => Shelf::look(state, work),
            (_, None) => Err(ReadError::Io(closed())),
        }
    }

    fn change(&self, work: &mut dyn FnMut(&mut dyn Change) -> Result<bool, TxError>) -> Result<(), CommitError> {
        match (self, self.state()) {
            (Self::Memory(shelf), _) => shelf.change(work),
            (_, Some(state)) => Shelf::change(state, work),
            (_, None) => Err(CommitError::Io(closed())),
        }
    }

    fn witness(&self) -> Option<Vec<u8>> {
        match (self, self.state()) {
            (Self::Memory(shelf), _) => shelf.witness(),
            (_, state) => state.and_then(|state| State::witness(state)),
        }
    }

    fn set_witness(&self, bytes: &[u8]) -> io::Result<()> {
        match (self, self.state()) {
            (Self::Memory(shelf), _) => shelf.set_witness(bytes),
            (_, Some(state)) => State::set_witness(state, bytes),
            (_, None) => Err(closed()),
        }
    }
}
