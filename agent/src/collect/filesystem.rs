//! How full are the filesystems, in bytes and in inodes?
//!
//! The kernel is asked on a thread of its own, local and remote ones on different threads: a dead file server must not
//! hide that the machine's own disk is full.

use std::collections::HashMap;

use rustix::fs::{StatVfs, statvfs};
use vigie_model::Resolution;

use super::helper::Helper;
use super::mount::{Mount, Mounted, Reach, watched};
use super::text::TextFile;
use super::{BYTES, CollectError, Collector, Machine, Reading, Round, Slot, Tier};

/// Filesystems watched at once. A host with more mounts bind mounts by the thousand, and each costs nine series.
const MAX_FILESYSTEMS: usize = 64;

/// Asks the filesystems of one reach in medium rounds.
#[derive(Debug)]
pub(super) struct Filesystems {
    reach: Reach,
    mounts: TextFile,
    helper: Helper<Vec<Mounted>, Vec<(Mount, Option<Space>)>>,
    slots: HashMap<Mount, Slots>,
}

impl Filesystems {
    pub(super) fn new(machine: &Machine, reach: Reach) -> Self {
        let name = match reach {
            Reach::Local => "vigie-fs",
            Reach::Remote => "vigie-fs-remote",
        };
        Self {
            reach,
            mounts: TextFile::new(machine.proc("self/mountinfo")),
            helper: Helper::new(name, || ask_all),
            slots: HashMap::new(),
        }
    }
}

impl Collector for Filesystems {
    fn name(&self) -> &'static str {
        match self.reach {
            Reach::Local => "filesystem",
            Reach::Remote => "filesystem.remote",
        }
    }

    fn tier(&self) -> Tier {
        Tier::Medium
    }

    fn collect(
        &mut self,
        round: &Round<'_>,
        scratch: &mut Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<(), CollectError> {
        let mut mounts = watched(self.mounts.read(scratch)?, self.reach);
        mounts.truncate(MAX_FILESYSTEMS);
        if mounts.is_empty() {
            return Err(CollectError::NothingHere);
        }
        self.helper.ask(mounts)?;
        for (mount, space) in self.helper.answer(round.deadline)? {
            let Some(space) = space else {
                // It went away between the list and the question, or this user may not ask.
                reading.strange(1);
                continue;
            };
            let slots = self.slots.entry(mount).or_insert_with_key(|mount| Slots::declare(mount, reading));
            slots.record(&space, round.due.contains(Tier::Slow), reading);
        }
        Ok(())
    }
}

fn ask_all(mounts: Vec<Mounted>) -> Vec<(Mount, Option<Space>)> {
    let ask = |Mounted { mount, read_only }: Mounted| {
        let space = statvfs(&*mount.at).ok().map(|answer| Space::of(&answer, read_only));
        (mount, space)
    };
    mounts.into_iter().map(ask).collect()
}

/// How full a filesystem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Space {
    bytes: u64,
    /// What a program may still write.
    free: u64,
    /// What only root may still write.
    reserved: u64,
    inodes: u64,
    free_inodes: u64,
    read_only: bool,
}

impl Space {
    fn of(answer: &StatVfs, read_only: bool) -> Self {
        let bytes = |blocks: u64| blocks.saturating_mul(answer.f_frsize);
        Self {
            bytes: bytes(answer.f_blocks),
            free: bytes(answer.f_bavail),
            reserved: bytes(answer.f_bfree.saturating_sub(answer.f_bavail)),
            inodes: answer.f_files,
            free_inodes: answer.f_ffree,
            read_only,
        }
    }

    fn used(&self) -> u64 {
        self.bytes.saturating_sub(self.free).saturating_sub(self.reserved)
    }

    /// The share of what programs may use that is used, as `df` counts it: 1 when nobody but root can write any more.
    fn utilization(&self) -> Option<f64> {
        let usable = self.used().saturating_add(self.free);
        (usable > 0).then(|| self.used() as f64 / usable as f64)
    }

    /// Nothing where inodes are made as needed (btrfs, vfat).
    fn used_inodes(&self) -> Option<u64> {
        (self.inodes > 0).then(|| self.inodes.saturating_sub(self.free_inodes))
    }

    fn inode_utilization(&self) -> Option<f64> {
        self.used_inodes().map(|used| used as f64 / self.inodes as f64)
    }
}

/// The series of one filesystem.
#[derive(Debug, Clone, Copy)]
struct Slots {
    used: Slot,
    free: Slot,
    reserved: Slot,
    utilization: Slot,
    limit: Slot,
    used_inodes: Slot,
    free_inodes: Slot,
    inode_utilization: Slot,
    read_only: Slot,
}

impl Slots {
    fn declare(mount: &Mount, reading: &mut Reading<'_>) -> Self {
        let labels = [
            ("system.device", mount.device.as_str()),
            ("system.filesystem.mountpoint", &mount.at),
            ("system.filesystem.type", &mount.kind),
        ];
        let mut gauge = |name: &str, state: Option<&str>, unit: &str, resolution: Resolution| {
            let state = state.map(|state| ("system.filesystem.state", state));
            let labels: Vec<_> = labels.into_iter().chain(state).collect();
            reading.gauge(name, &labels, unit, resolution)
        };
        let usage = "system.filesystem.usage";
        let inodes = "system.filesystem.inodes.usage";
        let thousandth = Resolution::THOUSANDTH;
        Self {
            used: gauge(usage, Some("used"), "By", BYTES),
            free: gauge(usage, Some("free"), "By", BYTES),
            reserved: gauge(usage, Some("reserved"), "By", BYTES),
            utilization: gauge("system.filesystem.utilization", None, "1", thousandth),
            limit: gauge("system.filesystem.limit", None, "By", BYTES),
            used_inodes: gauge(inodes, Some("used"), "{inode}", Resolution::ONE),
            free_inodes: gauge(inodes, Some("free"), "{inode}", Resolution::ONE),
            inode_utilization: gauge("system.filesystem.inodes.utilization", None, "1", thousandth),
            read_only: gauge("system.linux.filesystem.read_only", None, "", Resolution::ONE),
        }
    }

    fn record(&self, space: &Space, with_limit: bool, reading: &mut Reading<'_>) {
        reading.record(self.used, space.used() as f64);
        reading.record(self.free, space.free as f64);
        reading.record(self.reserved, space.reserved as f64);
        reading.record(self.read_only, f64::from(u8::from(space.read_only)));
        reading.record_told(self.used_inodes, space.used_inodes());
        reading.record_told(self.free_inodes, space.used_inodes().map(|_| space.free_inodes));
        for (slot, share) in
            [(self.utilization, space.utilization()), (self.inode_utilization, space.inode_utilization())]
        {
            if let Some(share) = share {
                reading.record(slot, share);
            }
        }
        if with_limit {
            reading.record(self.limit, space.bytes as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: Space = Space { bytes: 1000, free: 150, reserved: 50, inodes: 200, free_inodes: 20, read_only: false };

    #[test]
    fn used_free_and_reserved_make_the_whole() {
        assert_eq!(ROOT.used() + ROOT.free + ROOT.reserved, ROOT.bytes);
    }

    #[test]
    fn a_filesystem_is_full_when_programs_can_not_write_any_more() {
        assert_eq!(Space { free: 0, reserved: 50, ..ROOT }.utilization(), Some(1.0));
        assert_eq!(ROOT.utilization(), Some(800.0 / 950.0));
        assert_eq!(Space { bytes: 0, free: 0, reserved: 0, ..ROOT }.utilization(), None);
    }

    #[test]
    fn a_filesystem_without_inodes_tells_none() {
        let btrfs = Space { inodes: 0, free_inodes: 0, ..ROOT };
        assert_eq!((btrfs.used_inodes(), btrfs.inode_utilization()), (None, None));
        assert_eq!(ROOT.inode_utilization(), Some(0.9));
    }
}
