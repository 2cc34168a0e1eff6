//! How much memory is left, and is the machine paging?

use vigie_model::Resolution;

use super::text::{TextFile, lines, number, words};
use super::{BYTES, CollectError, Collector, Machine, Reading, Round, Slot, Tier};

/// Reads `/proc/meminfo` and `/proc/vmstat` in every round.
#[derive(Debug)]
pub(super) struct Memory {
    meminfo: TextFile,
    vmstat: TextFile,
    slots: Option<Slots>,
}

impl Memory {
    pub(super) fn new(machine: &Machine) -> Self {
        Self {
            meminfo: TextFile::new(machine.proc("meminfo")),
            vmstat: TextFile::new(machine.proc("vmstat")),
            slots: None,
        }
    }
}

impl Collector for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn collect(
        &mut self,
        round: &Round<'_>,
        scratch: &mut Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<(), CollectError> {
        let slots = *self.slots.get_or_insert_with(|| Slots::declare(reading));
        let info = MemInfo::parse(self.meminfo.read(scratch)?);
        if info == MemInfo::default() {
            return Err(self.meminfo.strange());
        }
        slots.record_info(&info, reading);
        if round.due.contains(Tier::Slow) {
            reading.record_told(slots.limit, info.total);
        }
        match self.vmstat.read(scratch) {
            Ok(text) => slots.record_paging(&Paging::parse(text), reading),
            // Kernels without event counters have no such file.
            Err(CollectError::Absent { .. }) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What `/proc/meminfo` tells, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct MemInfo {
    total: Option<u64>,
    free: Option<u64>,
    available: Option<u64>,
    buffers: Option<u64>,
    page_cache: Option<u64>,
    shared: Option<u64>,
    dirty: Option<u64>,
    committed: Option<u64>,
    slab_reclaimable: Option<u64>,
    slab_unreclaimable: Option<u64>,
    swap_total: Option<u64>,
    swap_free: Option<u64>,
}

impl MemInfo {
    fn parse(text: &[u8]) -> Self {
        let mut info = Self::default();
        for line in lines(text) {
            let mut words = words(line);
            let (Some(key), Some(value)) = (words.next(), words.next()) else { continue };
            let place = match key {
                b"MemTotal:" => &mut info.total,
                b"MemFree:" => &mut info.free,
                b"MemAvailable:" => &mut info.available,
                b"Buffers:" => &mut info.buffers,
                b"Cached:" => &mut info.page_cache,
                b"Shmem:" => &mut info.shared,
                b"Dirty:" => &mut info.dirty,
                b"Committed_AS:" => &mut info.committed,
                b"SReclaimable:" => &mut info.slab_reclaimable,
                b"SUnreclaim:" => &mut info.slab_unreclaimable,
                b"SwapTotal:" => &mut info.swap_total,
                b"SwapFree:" => &mut info.swap_free,
                _ => continue,
            };
            // "kB" in this file means 1024 bytes.
            *place = number(value).and_then(|kib| kib.checked_mul(1024));
        }
        info
    }

    /// Page cache and the slabs that would be given back: what `free` calls cache.
    fn cached(&self) -> Option<u64> {
        Some(self.page_cache?.saturating_add(self.slab_reclaimable.unwrap_or(0)))
    }

    /// Total less available; kernels before 3.14 do not know what is available, there it is total less free, buffers and
    /// cache.
    fn used(&self) -> Option<u64> {
        let left = match self.available {
            Some(available) => available,
            None => self.free?.saturating_add(self.buffers.unwrap_or(0)).saturating_add(self.cached()?),
        };
        Some(self.total?.saturating_sub(left))
    }

    fn utilization(&self) -> Option<f64> {
        share(self.used()?, self.total?)
    }

    fn swap_used(&self) -> Option<u64> {
        Some(self.swap_total?.saturating_sub(self.swap_free?))
    }

    /// Nothing on a machine without swap.
    fn swap_utilization(&self) -> Option<f64> {
        share(self.swap_used()?, self.swap_total?)
    }
}

/// What `/proc/vmstat` tells of paging since boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Paging {
    faults: Option<u64>,
    major_faults: Option<u64>,
    swapped_in: Option<u64>,
    swapped_out: Option<u64>,
    oom_kills: Option<u64>,
}

impl Paging {
    fn parse(text: &[u8]) -> Self {
        let mut paging = Self::default();
        for line in lines(text) {
            let place = match line.first() {
                // Most of two hundred lines are none of these: one look at the first letter is enough.
                Some(b'p' | b'o') => line.split(|byte| *byte == b' ').next().unwrap_or_default(),
                _ => continue,
            };
            let place = match place {
                b"pgfault" => &mut paging.faults,
                b"pgmajfault" => &mut paging.major_faults,
                b"pswpin" => &mut paging.swapped_in,
                b"pswpout" => &mut paging.swapped_out,
                b"oom_kill" => &mut paging.oom_kills,
                _ => continue,
            };
            *place = words(line).nth(1).and_then(number);
        }
        paging
    }

    fn minor_faults(&self) -> Option<u64> {
        Some(self.faults?.saturating_sub(self.major_faults?))
    }
}

#[derive(Debug, Clone, Copy)]
struct Slots {
    limit: Slot,
    used: Slot,
    free: Slot,
    cached: Slot,
    buffers: Slot,
    utilization: Slot,
    available: Slot,
    shared: Slot,
    dirty: Slot,
    committed: Slot,
    slab_reclaimable: Slot,
    slab_unreclaimable: Slot,
    swap_used: Slot,
    swap_free: Slot,
    swap_utilization: Slot,
    minor_faults: Slot,
    major_faults: Slot,
    swapped_in: Slot,
    swapped_out: Slot,
    oom_kills: Slot,
}

impl Slots {
    fn declare(reading: &mut Reading<'_>) -> Self {
        let one = Resolution::ONE;
        let mut bytes = |name: &str, labels: &[(&str, &str)]| reading.gauge(name, labels, "By", BYTES);
        let mut usage = |state: &str| bytes("system.memory.usage", &[("system.memory.state", state)]);
        let (used, free, cached, buffers) = (usage("used"), usage("free"), usage("cached"), usage("buffers"));
        let mut slab =
            |state: &str| bytes("system.memory.linux.slab.usage", &[("system.memory.linux.slab.state", state)]);
        let (slab_reclaimable, slab_unreclaimable) = (slab("reclaimable"), slab("unreclaimable"));
        let mut swap = |state: &str| bytes("system.paging.usage", &[("system.paging.state", state)]);
        let (swap_used, swap_free) = (swap("used"), swap("free"));
        let limit = bytes("system.memory.limit", &[]);
        let available = bytes("system.memory.linux.available", &[]);
        let shared = bytes("system.memory.shared", &[]);
        let dirty = bytes("system.memory.linux.dirty", &[]);
        let committed = bytes("system.memory.linux.committed", &[]);
        let utilization = reading.gauge("system.memory.utilization", &[], "1", Resolution::THOUSANDTH);
        let swap_utilization = reading.gauge("system.paging.utilization", &[], "1", Resolution::THOUSANDTH);
        let mut faults = |kind: &str| {
            let labels = [("system.paging.fault.type", kind)];
            reading.counter("system.paging.faults", &labels, "{fault}", one)
        };
        let (minor_faults, major_faults) = (faults("minor"), faults("major"));
        let mut swaps = |direction: &str| {
            let labels = [("system.paging.direction", direction)];
            reading.counter("system.paging.operations", &labels, "{operation}", one)
        };
        let (swapped_in, swapped_out) = (swaps("in"), swaps("out"));
        let oom_kills = reading.counter("system.linux.memory.oom_kills", &[], "{kill}", one);
        Self {
            limit,
            used,
            free,
            cached,
            buffers,
            utilization,
            available,
            shared,
            dirty,
            committed,
            slab_reclaimable,
            slab_unreclaimable,
            swap_used,
            swap_free,
            swap_utilization,
            minor_faults,
            major_faults,
            swapped_in,
            swapped_out,
            oom_kills,
        }
    }

    fn record_info(&self, info: &MemInfo, reading: &mut Reading<'_>) {
        let bytes = [
            (self.used, info.used()),
            (self.free, info.free),
            (self.cached, info.cached()),
            (self.buffers, info.buffers),
            (self.available, info.available),
            (self.shared, info.shared),
            (self.dirty, info.dirty),
            (self.committed, info.committed),
            (self.slab_reclaimable, info.slab_reclaimable),
            (self.slab_unreclaimable, info.slab_unreclaimable),
            (self.swap_used, info.swap_used()),
            (self.swap_free, info.swap_free),
        ];
        for (slot, value) in bytes {
            reading.record_told(slot, value);
        }
        for (slot, share) in [(self.utilization, info.utilization()), (self.swap_utilization, info.swap_utilization())]
        {
            if let Some(share) = share {
                reading.record(slot, share);
            }
        }
    }

    fn record_paging(&self, paging: &Paging, reading: &mut Reading<'_>) {
        reading.record_told(self.minor_faults, paging.minor_faults());
        reading.record_told(self.major_faults, paging.major_faults);
        reading.record_told(self.swapped_in, paging.swapped_in);
        reading.record_told(self.swapped_out, paging.swapped_out);
        reading.record_told(self.oom_kills, paging.oom_kills);
    }
}

fn share(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part.min(whole) as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEW: &[u8] = b"MemTotal:       24684084 kB\nMemFree:        24353160 kB\nMemAvailable:   24353828 kB\n\
        Buffers:             692 kB\nCached:           196864 kB\nSwapCached:            0 kB\nShmem:              8872 kB\n\
        SReclaimable:      40312 kB\nSwapTotal:             0 kB\nSwapFree:              0 kB\nHugePages_Total:       0\n";

    /// Linux 2.6.9: nobody knows what is available.
    const OLD: &[u8] = b"MemTotal:       515028 kB\nMemFree:         51740 kB\nBuffers:         60996 kB\n\
        Cached:         200556 kB\nSwapTotal:     1048568 kB\nSwapFree:      1000000 kB\n";

    #[test]
    fn used_is_what_is_not_available() {
        let info = MemInfo::parse(NEW);
        assert_eq!(info.used(), Some((24_684_084 - 24_353_828) * 1024));
        assert_eq!(info.cached(), Some((196_864 + 40_312) * 1024));
        assert_eq!(info.utilization(), Some(330_256.0 / 24_684_084.0));
    }

    #[test]
    fn an_old_kernel_has_used_what_is_neither_free_nor_cache() {
        let info = MemInfo::parse(OLD);
        assert_eq!(info.used(), Some((515_028 - 51_740 - 60_996 - 200_556) * 1024));
        assert_eq!(info.swap_used(), Some(48_568 * 1024));
    }

    #[test]
    fn a_machine_without_swap_has_no_swap_share() {
        let info = MemInfo::parse(NEW);
        assert_eq!((info.swap_used(), info.swap_utilization()), (Some(0), None));
    }

    #[test]
    fn what_is_not_told_is_missing_and_not_zero() {
        let info = MemInfo::parse(b"MemTotal: lots kB\nMemFree: 12 kB\nBuffers:\nCached: 99999999999999999999 kB\n");
        assert_eq!(info, MemInfo { free: Some(12 * 1024), ..MemInfo::default() });
        assert_eq!((info.used(), info.utilization()), (None, None));
    }

    #[test]
    fn minor_faults_are_those_that_needed_no_disk() {
        let paging =
            Paging::parse(b"nr_free_pages 6\npgpgin 1297337\npswpin 3\npswpout 4\npgfault 100\npgmajfault 7\n");
        assert_eq!((paging.minor_faults(), paging.major_faults), (Some(93), Some(7)));
        assert_eq!((paging.swapped_in, paging.swapped_out, paging.oom_kills), (Some(3), Some(4), None));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>, end in 0..NEW.len()) {
            for text in [&text[..], &NEW[..end]] {
                let info = MemInfo::parse(text);
                let _ = (info.used(), info.utilization(), info.swap_utilization(), Paging::parse(text).minor_faults());
            }
        }
    }
}
