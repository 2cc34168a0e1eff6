//! Where do a store's bytes live?
//!
//! A folder in production, memory in tests and in the simulator.

use std::fmt::Debug;
use std::io;
use std::ops::Bound;

use redb::{BackendError, StorageBackend};

/// Room on the disk under a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Space {
    /// All of the file system.
    pub total_bytes: u64,
    /// What this process may still use.
    pub free_bytes: u64,
}

/// How the last opening of a store ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LastTime {
    /// It was closed, or never opened.
    Clean,
    /// The process or the machine stopped while it was open.
    Unclean,
    /// The process died while opening it, this often since the machine started.
    DiedOpening(u32),
}

/// Where a store's bytes live, and what stands beside them.
pub trait Medium: Debug + Send + Sync {
    /// The bytes themselves. Called again after the last one was closed.
    ///
    /// # Errors
    /// When they can not be reached.
    fn backend(&mut self) -> io::Result<Box<dyn StorageBackend>>;

    /// Empty bytes beside them, into which a damaged store is saved.
    ///
    /// # Errors
    /// When there is no room for them.
    fn fresh(&mut self) -> io::Result<Box<dyn StorageBackend>>;

    /// Fresh bytes that nobody finished go, if there are any.
    ///
    /// # Errors
    /// When they can not be removed.
    fn drop_fresh(&mut self) -> io::Result<()>;

    /// Puts the damaged bytes aside and the fresh ones, if any, in their place; says where the damaged ones are now.
    ///
    /// # Errors
    /// When they can not be moved.
    fn set_aside(&mut self) -> io::Result<Option<String>>;

    /// Puts the fresh bytes in place of the old ones, which nobody has open and which go. A power cut leaves the old ones or the
    /// fresh ones.
    ///
    /// # Errors
    /// When they can not be moved; the old ones are there.
    fn replace(&mut self) -> io::Result<()>;

    /// How the last opening ended.
    fn last_time(&self) -> LastTime {
        LastTime::Clean
    }

    /// Notes that opening begins. A program that aborts on panic may die of what it reads, and must not do so for ever.
    ///
    /// # Errors
    /// When it can not be noted.
    fn note_opening(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Notes that the store is open.
    fn note_open(&mut self) {}

    /// Notes that the store was closed in order.
    fn note_closed(&mut self) {}

    /// Takes up (`true`) or gives back (`false`) bytes that are kept only so that a full disk has room for a deletion:
    /// redb writes a new page before it frees the old one.
    ///
    /// # Errors
    /// When there is no room.
    fn ballast(&mut self, _hold: bool) -> io::Result<()> {
        Ok(())
    }

    /// What the bytes take on the disk, if that is known: less than their length where it has holes.
    fn taken_bytes(&self) -> Option<u64> {
        None
    }

    /// What was put beside the store by [`Medium::set_witness`], if it can be read.
    fn witness(&self) -> Option<Vec<u8>> {
        None
    }

    /// Puts a few bytes beside the store: who copies the store's file alone, or brings back an older one, is found out.
    ///
    /// # Errors
    /// When they are not durable for certain; the old ones are there, or the new ones.
    fn set_witness(&mut self, _bytes: &[u8]) -> io::Result<()> {
        Ok(())
    }

    /// Room on the disk, if that is known.
    fn space(&self) -> Option<Space> {
        None
    }
}

/// redb takes a backend by type; a medium gives one by box.
#[derive(Debug)]
pub(crate) struct Boxed(pub(crate) Box<dyn StorageBackend>);

impl StorageBackend for Boxed {
    fn len(&self) -> io::Result<u64> {
        self.0.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.0.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.0.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.0.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.0.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.0.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.0.query_lock_range(start, end)
    }
}
