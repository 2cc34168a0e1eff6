//! How many processes are there?
//!
//! Counts the numbers in `/proc` and opens none of them: their states would cost a file each.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::path::PathBuf;

use rustix::fs::{RawDir, SeekFrom, seek};
use vigie_model::Resolution;

use super::{CollectError, Collector, Machine, Reading, Round, Slot, Tier};

/// Room for about 300 entries at a time.
const LISTING_BYTES: usize = 8 * 1024;

/// Lists `/proc` in medium rounds.
#[derive(Debug)]
pub(super) struct Processes {
    path: PathBuf,
    dir: Option<File>,
    count: Option<Slot>,
}

impl Processes {
    pub(super) fn new(machine: &Machine) -> Self {
        Self { path: machine.proc(""), dir: None, count: None }
    }

    fn count(&mut self) -> io::Result<u64> {
        let dir = match self.dir.take() {
            Some(dir) => dir,
            None => File::open(&self.path)?,
        };
        seek(&dir, SeekFrom::Start(0))?;
        let mut listing = [MaybeUninit::uninit(); LISTING_BYTES];
        let mut entries = RawDir::new(&dir, &mut listing);
        let mut count = 0;
        while let Some(entry) = entries.next() {
            count += u64::from(entry?.file_name().to_bytes().iter().all(u8::is_ascii_digit));
        }
        self.dir = Some(dir);
        Ok(count)
    }
}

impl Collector for Processes {
    fn name(&self) -> &'static str {
        "process"
    }

    fn tier(&self) -> Tier {
        Tier::Medium
    }

    fn collect(&mut self, _: &Round<'_>, _: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        let count = self.count().map_err(|source| CollectError::Read { path: self.path.clone(), source })?;
        let declare = || reading.gauge("system.process.count", &[], "{process}", Resolution::ONE);
        let slot = *self.count.get_or_insert_with(declare);
        reading.record(slot, count as f64);
        Ok(())
    }
}
