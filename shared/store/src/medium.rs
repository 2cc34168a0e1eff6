//! Where do a store's bytes live?
//!
//! A folder in production, memory in tests and in the simulator.

use std::fmt::Debug;
use std::io;
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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
    /// The machine stopped while it was open.
    Unclean,
    /// The process died while it was open or being opened.
    Died(Deaths),
}

impl LastTime {
    pub(crate) fn deaths(self) -> Deaths {
        if let Self::Died(deaths) = self { deaths } else { Deaths::default() }
    }
}

/// How often a process died of what may be a store's fault, since the machine started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Deaths {
    /// While opening it, in a row.
    pub opening: u32,
    /// While it was open, since it was last looked at as a whole.
    pub open: u32,
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

    /// Notes that the store is open, and how often a process died while it was: once more, if this one does.
    fn note_open(&mut self, _deaths: u32) {}

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

/// redb takes a backend by type; a medium gives one by box. Once it is cut off it refuses whatever is asked of it.
#[derive(Debug)]
pub(crate) struct Boxed {
    bytes: Box<dyn StorageBackend>,
    is_cut: Arc<AtomicBool>,
}

impl Boxed {
    pub(crate) fn new(bytes: Box<dyn StorageBackend>) -> Self {
        Self { bytes, is_cut: Arc::default() }
    }

    /// What cuts it off.
    pub(crate) fn cut(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.is_cut)
    }

    fn bytes(&self) -> io::Result<&dyn StorageBackend> {
        if self.is_cut.load(Ordering::Relaxed) { Err(io::Error::other("given up")) } else { Ok(self.bytes.as_ref()) }
    }
}

impl StorageBackend for Boxed {
    fn len(&self) -> io::Result<u64> {
        self.bytes()?.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.bytes()?.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.bytes()?.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.bytes()?.sync_data()
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.bytes()?.write(offset, data)
    }

    fn close(&self) -> io::Result<()> {
        self.bytes.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.bytes.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.bytes.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.bytes.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.bytes.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.bytes.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.bytes.query_lock_range(start, end)
    }
}
