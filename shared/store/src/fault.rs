//! A disk in memory that fails as disks do: it is cut from power, it is full, it forgets, it flips bits.
//!
//! For tests and for the simulator, which run the real store on it. Everything follows from a seed.

use std::io;
use std::sync::{Arc, Mutex, MutexGuard};

use redb::StorageBackend;

use crate::medium::{Deaths, LastTime, Medium, Space};

/// What a disk writes whole or not at all.
pub const SECTOR_BYTES: usize = 512;

/// What a file system gives out.
const BLOCK_BYTES: u64 = 4096;

/// A disk with one file, or rather with one file in use and one being made. Clones are the same disk.
#[derive(Debug, Clone, Default)]
pub struct FaultDisk(Arc<Mutex<Disk>>);

#[derive(Debug, Default)]
struct Disk {
    file: File,
    fresh: Option<File>,
    aside: u32,
    faults: Faults,
    /// Writes, length changes and syncs so far.
    operations: u64,
    dead: bool,
    ballast_blocks: u64,
    capacity_blocks: Option<u64>,
    last_time: Option<LastTime>,
    /// Of the process that has it open, so far.
    deaths: u32,
    /// Written beside the file and renamed into place: the old one or the new one, never a part.
    witness: Option<Vec<u8>>,
}

#[derive(Debug, Default, Clone)]
struct File {
    /// What a power cut leaves.
    durable: Vec<u8>,
    /// What reads see.
    live: Vec<u8>,
    /// What happened since the last sync.
    pending: Vec<Change>,
    /// Blocks given out.
    blocks: Vec<bool>,
}

#[derive(Debug, Clone)]
enum Change {
    Write(usize, Vec<u8>),
    Length(usize),
}

/// What goes wrong, by the number of the operation it happens at.
#[derive(Debug, Default, Clone, Copy)]
pub struct Faults {
    /// Power fails at this operation: it may be half done, and all after it fail.
    pub cut_at: Option<u64>,
    /// The disk is full from this operation on: nothing grows.
    pub full_from: Option<u64>,
    /// This sync fails, once.
    pub refuse_sync_at: Option<u64>,
}

impl FaultDisk {
    /// An empty disk without faults.
    pub fn new() -> Self {
        Self::default()
    }

    /// A disk that holds this file.
    pub fn from_image(image: Vec<u8>) -> Self {
        let disk = Self::new();
        disk.disk().file = File::of(image);
        disk
    }

    /// Only so many bytes can be stored.
    #[must_use]
    pub fn with_capacity(self, bytes: u64) -> Self {
        self.disk().capacity_blocks = Some(bytes / BLOCK_BYTES);
        self
    }

    /// Changes how much can be stored.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.disk().capacity_blocks = bytes.map(|bytes| bytes / BLOCK_BYTES);
    }

    /// Changes what goes wrong from now on.
    pub fn set_faults(&self, faults: Faults) {
        self.disk().faults = faults;
    }

    /// Writes, length changes and syncs so far.
    pub fn operations(&self) -> u64 {
        self.disk().operations
    }

    /// What is given out: files grow ahead of what is written to them, and only what was written takes room.
    pub fn used_bytes(&self) -> u64 {
        self.disk().used_blocks() * BLOCK_BYTES
    }

    /// The file as reads see it now.
    pub fn image(&self) -> Vec<u8> {
        self.disk().file.live.clone()
    }

    /// The disk after a power cut now: each sector written since the last sync is there or not, whatever the order.
    ///
    /// Whoever has the old disk open goes on writing to nowhere.
    #[must_use]
    pub fn power_cut(&self, seed: u64) -> Self {
        let mut old = self.disk();
        let image = old.file.after_power_cut(&mut Chance(seed));
        old.dead = true;
        let after = Self::from_image(image);
        {
            let mut disk = after.disk();
            disk.capacity_blocks = old.capacity_blocks;
            disk.witness.clone_from(&old.witness);
            disk.last_time = Some(LastTime::Unclean);
        }
        after
    }

    /// The disk after the process was killed now: what it wrote is there, synced or not.
    ///
    /// Whoever has the old disk open goes on writing to nowhere.
    #[must_use]
    pub fn killed(&self) -> Self {
        let mut old = self.disk();
        old.dead = true;
        let after = Self::new();
        {
            let mut disk = after.disk();
            disk.file = old.file.clone();
            disk.capacity_blocks = old.capacity_blocks;
            disk.witness.clone_from(&old.witness);
            disk.last_time = Some(LastTime::Died(Deaths { opening: 0, open: old.deaths + 1 }));
        }
        after
    }

    /// A copy of what is on the disk now, whole, as a backup of a store at rest takes it.
    #[must_use]
    pub fn copied(&self) -> Self {
        let disk = self.disk();
        let copy = Self::from_image(disk.file.live.clone());
        copy.disk().witness.clone_from(&disk.witness);
        copy.disk().capacity_blocks = disk.capacity_blocks;
        copy
    }

    /// What stands beside the file is what stands beside that of another disk.
    pub fn take_witness_of(&self, other: &Self) {
        let witness = other.disk().witness.clone();
        self.disk().witness = witness;
    }

    /// Turns one bit over, on the disk itself.
    pub fn flip_bit(&self, bit: u64) {
        let mut disk = self.disk();
        let (at, mask) = ((bit / 8) as usize, 1 << (bit % 8));
        let file = &mut disk.file;
        [&mut file.live, &mut file.durable]
            .into_iter()
            .filter_map(|bytes| bytes.get_mut(at))
            .for_each(|byte| *byte ^= mask);
    }

    /// The file as a backend for redb.
    pub fn backend(&self) -> FaultBackend {
        FaultBackend { disk: self.clone(), which: Which::File }
    }

    /// Damaged files that were set aside.
    pub fn set_aside_count(&self) -> u32 {
        self.disk().aside
    }

    fn disk(&self) -> MutexGuard<'_, Disk> {
        // A test that panics while it holds the disk has failed anyway.
        self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

impl Disk {
    fn file(&mut self, which: Which) -> &mut File {
        match which {
            Which::File => &mut self.file,
            Which::Fresh => self.fresh.get_or_insert_with(File::default),
        }
    }

    /// Counts an operation. `Ok(true)`: power fails during it.
    fn begin(&mut self) -> io::Result<bool> {
        if self.dead {
            return Err(io::Error::other("no power"));
        }
        let at = self.operations;
        self.operations += 1;
        if self.faults.cut_at == Some(at) {
            self.dead = true;
            return Ok(true);
        }
        Ok(false)
    }

    /// Whether the blocks under these bytes are, or can be, given out.
    fn claim(&mut self, which: Which, from: usize, to: usize) -> bool {
        let used = self.used_blocks();
        let full = self.faults.full_from.is_some_and(|from| self.operations > from);
        let capacity = if full { Some(0) } else { self.capacity_blocks };
        let file = self.file(which);
        let blocks = from / BLOCK_BYTES as usize..to.div_ceil(BLOCK_BYTES as usize);
        let wanted = blocks.clone().filter(|block| !file.blocks.get(*block).copied().unwrap_or(false)).count() as u64;
        if wanted > 0 && capacity.is_some_and(|capacity| used + wanted > capacity) {
            return false;
        }
        if file.blocks.len() < blocks.end {
            file.blocks.resize(blocks.end, false);
        }
        file.blocks[blocks].fill(true);
        true
    }

    fn used_blocks(&self) -> u64 {
        let count = |file: &File| file.blocks.iter().filter(|given| **given).count() as u64;
        count(&self.file) + self.fresh.as_ref().map_or(0, count) + self.ballast_blocks
    }
}

impl File {
    fn of(image: Vec<u8>) -> Self {
        let blocks = vec![true; image.len().div_ceil(BLOCK_BYTES as usize)];
        Self { durable: image.clone(), live: image, pending: Vec::new(), blocks }
    }

    fn write(&mut self, offset: usize, bytes: &[u8]) {
        put(&mut self.live, offset, bytes);
        self.pending.push(Change::Write(offset, bytes.to_vec()));
    }

    fn set_len(&mut self, len: usize) {
        self.live.resize(len, 0);
        self.blocks.truncate(len.div_ceil(BLOCK_BYTES as usize));
        self.pending.push(Change::Length(len));
    }

    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Write(offset, bytes) => put(&mut self.durable, offset, &bytes),
                Change::Length(len) => self.durable.resize(len, 0),
            }
        }
    }

    fn after_power_cut(&self, chance: &mut Chance) -> Vec<u8> {
        let mut image = self.durable.clone();
        // Some cuts find everything written and some nothing; most find a part.
        let eighths = chance.next() % 9;
        for change in &self.pending {
            match change {
                Change::Write(offset, bytes) => {
                    for (sector, at) in bytes.chunks(SECTOR_BYTES).zip((*offset..).step_by(SECTOR_BYTES)) {
                        if chance.next() % 8 < eighths {
                            put(&mut image, at, sector);
                        }
                    }
                }
                // A journalling file system keeps lengths in order with its own journal, and may be behind.
                Change::Length(len) if chance.next() % 8 < eighths => image.resize((*len).max(1), 0),
                Change::Length(_) => {}
            }
        }
        image
    }
}

fn put(bytes: &mut Vec<u8>, offset: usize, piece: &[u8]) {
    if bytes.len() < offset + piece.len() {
        bytes.resize(offset + piece.len(), 0);
    }
    bytes[offset..offset + piece.len()].copy_from_slice(piece);
}

/// splitmix64: Steele, Lea and Flood, OOPSLA 2014.
#[derive(Debug)]
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

/// One file of a [`FaultDisk`].
#[derive(Debug, Clone)]
pub struct FaultBackend {
    disk: FaultDisk,
    which: Which,
}

#[derive(Debug, Clone, Copy)]
enum Which {
    File,
    Fresh,
}

fn no_room() -> io::Error {
    io::ErrorKind::StorageFull.into()
}

fn place(offset: u64) -> io::Result<usize> {
    usize::try_from(offset).map_err(io::Error::other)
}

impl StorageBackend for FaultBackend {
    fn len(&self) -> io::Result<u64> {
        Ok(self.disk.disk().file(self.which).live.len() as u64)
    }

    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let from = place(offset)?;
        let live = &disk.file(self.which).live;
        let bytes = from.checked_add(out.len()).and_then(|to| live.get(from..to));
        out.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let cut = disk.begin()?;
        let len = place(len)?;
        disk.file(self.which).set_len(len);
        if cut { Err(io::Error::other("power cut")) } else { Ok(()) }
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let at = disk.operations;
        if disk.begin()? {
            return Err(io::Error::other("power cut"));
        }
        if disk.faults.refuse_sync_at == Some(at) {
            return Err(io::Error::other("the sync failed"));
        }
        disk.file(self.which).sync();
        Ok(())
    }

    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut disk = self.disk.disk();
        let cut = disk.begin()?;
        let offset = place(offset)?;
        if !disk.claim(self.which, offset, offset + data.len()) {
            return Err(no_room());
        }
        disk.file(self.which).write(offset, data);
        if cut { Err(io::Error::other("power cut")) } else { Ok(()) }
    }
}

/// The ballast of a disk in memory; as large as [`Folder`](crate::Folder)'s.
const BALLAST_BYTES: u64 = 1 << 20;

impl Medium for FaultDisk {
    fn backend(&mut self) -> io::Result<Box<dyn StorageBackend>> {
        Ok(Box::new(FaultDisk::backend(self)))
    }

    fn fresh(&mut self) -> io::Result<Box<dyn StorageBackend>> {
        self.disk().fresh = Some(File::default());
        Ok(Box::new(FaultBackend { disk: self.clone(), which: Which::Fresh }))
    }

    fn drop_fresh(&mut self) -> io::Result<()> {
        self.disk().fresh = None;
        Ok(())
    }

    fn set_aside(&mut self) -> io::Result<Option<String>> {
        let mut disk = self.disk();
        disk.aside += 1;
        disk.file = disk.fresh.take().unwrap_or_default();
        Ok(None)
    }

    fn replace(&mut self) -> io::Result<()> {
        let mut disk = self.disk();
        if disk.begin()? {
            return Err(io::Error::other("power cut"));
        }
        let fresh = disk.fresh.take().ok_or(io::ErrorKind::NotFound)?;
        disk.file = fresh;
        Ok(())
    }

    fn last_time(&self) -> LastTime {
        self.disk().last_time.unwrap_or(LastTime::Clean)
    }

    fn note_open(&mut self, deaths: u32) {
        let mut disk = self.disk();
        (disk.last_time, disk.deaths) = (Some(LastTime::Unclean), deaths);
    }

    fn note_closed(&mut self) {
        self.disk().last_time = Some(LastTime::Clean);
    }

    fn ballast(&mut self, hold: bool) -> io::Result<()> {
        let mut disk = self.disk();
        let blocks = if hold { BALLAST_BYTES / BLOCK_BYTES } else { 0 };
        let others = disk.used_blocks() - disk.ballast_blocks;
        let full = disk.faults.full_from.is_some_and(|from| disk.operations > from);
        if hold && (full || disk.capacity_blocks.is_some_and(|capacity| others + 2 * blocks > capacity)) {
            return Err(no_room());
        }
        disk.ballast_blocks = blocks;
        Ok(())
    }

    fn taken_bytes(&self) -> Option<u64> {
        Some(self.disk().file.live.len() as u64)
    }

    fn witness(&self) -> Option<Vec<u8>> {
        self.disk().witness.clone()
    }

    fn set_witness(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut disk = self.disk();
        if disk.begin()? {
            return Err(io::Error::other("power cut"));
        }
        disk.witness = Some(bytes.to_vec());
        Ok(())
    }

    fn space(&self) -> Option<Space> {
        let disk = self.disk();
        let total = disk.capacity_blocks?;
        let free = total.saturating_sub(disk.used_blocks());
        Some(Space { total_bytes: total * BLOCK_BYTES, free_bytes: free * BLOCK_BYTES })
    }
}
