//! A file that takes no room for pages' empty ends.
//!
//! redb keeps a record that is larger than a page in a power of two of pages, and what it does not fill is zeros: half of
//! the file at worst. Zeros that were never written take no room where the file system knows holes, and read back as zeros.

use std::fs::File;
use std::io;
use std::ops::Bound;
use std::sync::atomic::{AtomicBool, Ordering};

use redb::backends::FileBackend;
use redb::{BackendError, StorageBackend};
use rustix::fs::{FallocateFlags, fallocate};
use rustix::io::Errno;

/// What file systems give and take back as a whole.
const BLOCK_BYTES: usize = 4096;

/// A file whose zeros are holes.
#[derive(Debug)]
pub(crate) struct Sparse {
    inner: FileBackend,
    /// The same file: holes are made beside redb's own backend.
    file: File,
    /// The file system has refused a hole: it is not asked again.
    refused: AtomicBool,
}

impl Sparse {
    pub(crate) fn new(file: File) -> io::Result<Self> {
        let inner = FileBackend::new(file.try_clone()?).map_err(io::Error::other)?;
        Ok(Self { inner, file, refused: AtomicBool::new(false) })
    }

    /// Makes a hole where zeros should be; says whether there is one now.
    fn hole(&self, offset: u64, bytes: usize) -> io::Result<bool> {
        if self.refused.load(Ordering::Relaxed) {
            return Ok(false);
        }
        let flags = FallocateFlags::PUNCH_HOLE | FallocateFlags::KEEP_SIZE;
        loop {
            match fallocate(&self.file, flags, offset, bytes as u64) {
                Ok(()) => return Ok(true),
                Err(Errno::INTR) => {}
                Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL | Errno::PERM) => {
                    self.refused.store(true, Ordering::Relaxed);
                    return Ok(false);
                }
                Err(other) => return Err(other.into()),
            }
        }
    }
}

/// How much of a page is worth writing: all but the whole blocks of zeros at its end.
fn filled(page: &[u8]) -> usize {
    let used = page.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    used.next_multiple_of(BLOCK_BYTES).min(page.len())
}

impl StorageBackend for Sparse {
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let filled = if data.len() > BLOCK_BYTES { filled(data) } else { data.len() };
        let (data, empty) = data.split_at(filled);
        if !data.is_empty() {
            self.inner.write(offset, data)?;
        }
        let at = offset + filled as u64;
        if !empty.is_empty() && !self.hole(at, empty.len())? {
            self.inner.write(at, empty)?;
        }
        Ok(())
    }

    fn len(&self) -> io::Result<u64> {
        self.inner.len()
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.inner.read(offset, out)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.inner.sync_data()
    }

    fn close(&self) -> io::Result<()> {
        self.inner.close()
    }

    fn try_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_range(start, end)
    }

    fn try_lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.try_lock_shared_range(start, end)
    }

    fn lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_range(start, end)
    }

    fn lock_shared_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.lock_shared_range(start, end)
    }

    fn unlock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<(), BackendError> {
        self.inner.unlock_range(start, end)
    }

    fn query_lock_range(&self, start: Bound<u64>, end: Bound<u64>) -> Result<bool, BackendError> {
        self.inner.query_lock_range(start, end)
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::MetadataExt;

    use super::*;

    const PAGE: usize = 16 * BLOCK_BYTES;

    #[test]
    fn the_empty_end_of_a_page_takes_no_room_and_reads_as_zeros() {
        let file = tempfile::tempfile().expect("a file");
        let seen = file.try_clone().expect("the same file");
        let sparse = Sparse::new(file).expect("a backend");
        sparse.set_len(2 * PAGE as u64).expect("room");
        let mut page = vec![7; PAGE];
        sparse.write(0, &page).expect("room");
        let full = seen.metadata().expect("it is there").blocks();
        page[BLOCK_BYTES + 1..].fill(0);
        sparse.write(0, &page).expect("room");
        let mut back = vec![1; PAGE];
        sparse.read(0, &mut back).expect("it is there");
        assert_eq!(back, page);
        assert_eq!(sparse.len().expect("it is there"), 2 * PAGE as u64);
        let spared = (full - seen.metadata().expect("it is there").blocks()) * 512;
        let refused = sparse.refused.load(Ordering::Relaxed);
        assert!(refused || spared == (PAGE - 2 * BLOCK_BYTES) as u64, "{spared} bytes were given back");
    }

    #[test]
    fn only_whole_blocks_at_the_end_are_left_out() {
        let mut page = vec![0; PAGE];
        assert_eq!(filled(&page), 0);
        page[0] = 1;
        assert_eq!(filled(&page), BLOCK_BYTES);
        page[BLOCK_BYTES - 1] = 1;
        assert_eq!(filled(&page), BLOCK_BYTES);
        page[BLOCK_BYTES] = 1;
        assert_eq!(filled(&page), 2 * BLOCK_BYTES);
        page[PAGE - 1] = 1;
        assert_eq!(filled(&page), PAGE);
    }
}
