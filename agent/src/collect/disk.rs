//! How much do the disks work, and how long does each operation take?

use std::path::PathBuf;

use vigie_model::Resolution;

use super::roster::Roster;
use super::text::{TextFile, lines, number, words};
use super::{BYTES, CollectError, Collector, Machine, Reading, Round, Slot, Tier};

/// `/proc/diskstats` counts sectors of 512 bytes, whatever the disk's own are.
const SECTOR_BYTES: u64 = 512;

/// Reads `/proc/diskstats` in every round; sizes from sysfs in slow ones.
#[derive(Debug)]
pub(super) struct Disks {
    file: TextFile,
    block: PathBuf,
    disks: Roster<Option<Disk>>,
}

impl Disks {
    pub(super) fn new(machine: &Machine) -> Self {
        Self { file: TextFile::new(machine.proc("diskstats")), block: machine.sys("block"), disks: Roster::new() }
    }
}

impl Collector for Disks {
    fn name(&self) -> &'static str {
        "disk"
    }

    fn collect(
        &mut self,
        round: &Round<'_>,
        scratch: &mut Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<(), CollectError> {
        let Self { file, block, disks } = self;
        let (mut found, mut nonsense) = (false, false);
        for line in lines(file.read(scratch)?) {
            let Some(stats) = DiskStats::parse(line) else {
                // Linux 2.6 tells four figures of a partition: not strange, only not a disk.
                let strange = words(line).count() != 7;
                reading.strange(u64::from(strange));
                nonsense |= strange;
                continue;
            };
            if !is_watched(stats.name) {
                continue;
            }
            let known =
                disks.entry(stats.name, |name| is_whole(block, name).then(|| Disk::declare(block, name, reading)));
            if let Some(Some(disk)) = known {
                found = true;
                disk.record(&stats, round.due, reading);
            }
        }
        match (found, nonsense) {
            (true, _) => Ok(()),
            (false, true) => Err(file.strange()),
            (false, false) => Err(CollectError::NothingHere),
        }
    }
}

/// Loops and RAM disks are other disks or memory under another name; floppy and CD drives are mostly empty.
fn is_watched(name: &[u8]) -> bool {
    let kind = name.iter().position(u8::is_ascii_digit).map_or(name, |digit| &name[..digit]);
    !matches!(kind, b"loop" | b"ram" | b"zram" | b"fd" | b"sr" | b"scd")
}

/// Whether sysfs lists it among the disks: partitions stand below their disk. Asked once per name.
fn is_whole(block: &std::path::Path, name: &str) -> bool {
    // A slash in a device name (cciss/c0d0) is an exclamation mark in sysfs.
    block.join(name.replace('/', "!")).exists()
}

/// What `/proc/diskstats` tells of one disk since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct DiskStats<'a> {
    name: &'a [u8],
    read: Work,
    written: Work,
    busy_ms: u64,
}

/// Operations in one direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Work {
    operations: u64,
    merged: u64,
    sectors: u64,
    ms: u64,
}

impl<'a> DiskStats<'a> {
    /// `254 0 vda 8642 3701 2594674 18083 1589 20587 1128280 4819 0 11040 23191 …`
    fn parse(line: &'a [u8]) -> Option<Self> {
        let mut words = words(line);
        let (_major, _minor) = (number(words.next()?)?, number(words.next()?)?);
        let name = words.next()?;
        let mut figure = || words.next().and_then(number);
        let read = Work { operations: figure()?, merged: figure()?, sectors: figure()?, ms: figure()? };
        let written = Work { operations: figure()?, merged: figure()?, sectors: figure()?, ms: figure()? };
        let _in_flight = figure()?;
        Some(Self { name, read, written, busy_ms: figure()? })
    }
}

/// The series of one disk.
#[derive(Debug)]
struct Disk {
    read: Direction,
    written: Direction,
    busy: Slot,
    limit: Slot,
    size: TextFile,
}

impl Disk {
    fn declare(block: &std::path::Path, name: &str, reading: &mut Reading<'_>) -> Self {
        let device = [("system.device", name)];
        Self {
            read: Direction::declare(name, "read", reading),
            written: Direction::declare(name, "write", reading),
            busy: reading.counter("system.disk.io_time", &device, "s", Resolution::THOUSANDTH),
            limit: reading.gauge("system.disk.limit", &device, "By", BYTES),
            size: TextFile::new(block.join(name.replace('/', "!")).join("size")),
        }
    }

    fn record(&mut self, stats: &DiskStats<'_>, due: super::Tiers, reading: &mut Reading<'_>) {
        self.read.record(&stats.read, reading);
        self.written.record(&stats.written, reading);
        reading.record(self.busy, seconds(stats.busy_ms));
        if due.contains(Tier::Slow) {
            // A buffer of its own: the shared one still holds the other disks.
            let text = self.size.read(&mut Vec::new()).ok().and_then(|text| number(lines(text).next()?));
            reading.record_told(self.limit, text.map(|sectors| sectors.saturating_mul(SECTOR_BYTES)));
        }
    }
}

#[derive(Debug)]
struct Direction {
    bytes: Slot,
    operations: Slot,
    merged: Slot,
    time: Slot,
}

impl Direction {
    fn declare(name: &str, direction: &str, reading: &mut Reading<'_>) -> Self {
        let labels = [("system.device", name), ("disk.io.direction", direction)];
        let sector = Resolution::Step { step: 512, exponent: 0 };
        Self {
            bytes: reading.counter("system.disk.io", &labels, "By", sector),
            operations: reading.counter("system.disk.operations", &labels, "{operation}", Resolution::ONE),
            merged: reading.counter("system.disk.merged", &labels, "{operation}", Resolution::ONE),
            time: reading.counter("system.disk.operation_time", &labels, "s", Resolution::THOUSANDTH),
        }
    }

    fn record(&self, work: &Work, reading: &mut Reading<'_>) {
        reading.record(self.bytes, work.sectors.saturating_mul(SECTOR_BYTES) as f64);
        reading.record(self.operations, work.operations as f64);
        reading.record(self.merged, work.merged as f64);
        reading.record(self.time, seconds(work.ms));
    }
}

fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const VDA: &[u8] =
        b" 254       0 vda 8642 3701 2594674 18083 1589 20587 1128280 4819 0 11040 23191 3603 18 64616 287 22 1";
    const OLD: &[u8] = b"   3    0 hda 446216 784926 9550688 4382310 424847 312726 5922052 19310380 0 3376340 23705160";
    const OLD_PARTITION: &[u8] = b"   3    1 hda1 35486 38030 38030 38030";

    #[test]
    fn a_disk_line_tells_work_in_both_directions() {
        let stats = DiskStats::parse(VDA).expect("a sound line");
        assert_eq!(stats.name, b"vda");
        assert_eq!(stats.read, Work { operations: 8642, merged: 3701, sectors: 2_594_674, ms: 18_083 });
        assert_eq!(stats.written, Work { operations: 1589, merged: 20_587, sectors: 1_128_280, ms: 4819 });
        assert_eq!(stats.busy_ms, 11_040);
    }

    #[test]
    fn an_old_disk_is_a_disk_and_an_old_partition_is_none() {
        assert_eq!(DiskStats::parse(OLD).map(|stats| stats.busy_ms), Some(3_376_340));
        assert_eq!(DiskStats::parse(OLD_PARTITION), None);
    }

    #[test]
    fn loops_and_memory_are_not_watched() {
        for name in ["loop0", "ram15", "zram0", "sr0", "fd0"] {
            assert!(!is_watched(name.as_bytes()), "{name}");
        }
        for name in ["sda", "nvme0n1", "mmcblk0", "vda", "dm-3", "md127", "xvda", "cciss/c0d0"] {
            assert!(is_watched(name.as_bytes()), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(line: Vec<u8>, end in 0..VDA.len()) {
            let _ = (DiskStats::parse(&line), DiskStats::parse(&VDA[..end]));
        }
    }
}
