//! What does the agent cost its machine?

use rustix::param::page_size;
use rustix::time::{ClockId, clock_gettime};
use vigie_model::Resolution;

use super::text::{TextFile, lines, number, words};
use super::{BYTES, CollectError, Collector, Machine, Reading, Round, Slot, Tier};

/// What the rest of the agent says of itself. What it does not say is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OwnFigures {
    /// Bytes sent since the agent started, all links together.
    pub sent_bytes: Option<u64>,
    /// Bytes received since the agent started, all links together.
    pub received_bytes: Option<u64>,
    /// Bytes the store takes on disk.
    pub store_bytes: Option<u64>,
    /// Bytes the store may take on disk.
    pub store_limit_bytes: Option<u64>,
    /// Ticks that nobody has acknowledged yet.
    pub waiting_ticks: Option<u64>,
    /// In how many seconds the agent's certificate ends.
    pub certificate_seconds: Option<u64>,
    /// What other programs said, if any may.
    pub foreign: Option<ForeignFigures>,
}

/// A certificate lasts for months: in whole hours its time travels for nothing.
const HOURS: Resolution = Resolution::Step { step: 3_600, exponent: 0 };

/// Why something that others said was not taken: the values of the label `reason`.
pub const FOREIGN_REASONS: [&str; 6] = ["series_cap", "left_out", "unreadable", "duplicate", "untimely", "busy"];

/// What other programs said about themselves; totals since the agent started, but for the series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ForeignFigures {
    /// Series known.
    pub series: u64,
    /// Samples taken.
    pub samples: u64,
    /// Scrapes that failed, and sockets that could not be had.
    pub failures: u64,
    /// What was not taken, by [`FOREIGN_REASONS`].
    pub refused: [u64; FOREIGN_REASONS.len()],
}

/// Reads the agent's own cost: cheap figures in every round, the shared-fair memory in medium ones.
#[derive(Debug)]
pub(super) struct Own {
    statm: TextFile,
    smaps: TextFile,
    page_bytes: u64,
    slots: Option<Slots>,
    foreign: Option<ForeignSlots>,
}

impl Own {
    pub(super) fn new(machine: &Machine) -> Self {
        Self {
            statm: TextFile::new(machine.proc("self/statm")),
            smaps: TextFile::new(machine.proc("self/smaps_rollup")),
            page_bytes: page_size() as u64,
            slots: None,
            foreign: None,
        }
    }
}

impl Collector for Own {
    fn name(&self) -> &'static str {
        "own"
    }

    fn collect(
        &mut self,
        round: &Round<'_>,
        scratch: &mut Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<(), CollectError> {
        let slots = *self.slots.get_or_insert_with(|| Slots::declare(reading));
        reading.record(slots.cpu, cpu_seconds());
        slots.record_said(round.own, round.due.contains(Tier::Medium), reading);
        if let Some(figures) = &round.own.foreign {
            self.foreign.get_or_insert_with(|| ForeignSlots::declare(reading)).record(figures, reading);
        }
        let resident = resident_pages(self.statm.read(scratch)?).ok_or_else(|| self.statm.strange())?;
        reading.record(slots.resident, resident.saturating_mul(self.page_bytes) as f64);
        if round.due.contains(Tier::Medium) {
            // The kernel walks every mapping for this, which is why it is not asked each time.
            match self.smaps.read(scratch) {
                Ok(text) => reading.record_told(slots.proportional, proportional_bytes(text)),
                Err(CollectError::Absent { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

fn cpu_seconds() -> f64 {
    let spent = clock_gettime(ClockId::ProcessCPUTime);
    spent.tv_sec as f64 + spent.tv_nsec as f64 / 1e9
}

/// `765 446 418 5 0 123 0`: the second number is what is in memory.
fn resident_pages(text: &[u8]) -> Option<u64> {
    words(lines(text).next()?).nth(1).and_then(number)
}

/// `Pss:                 532 kB`: pages shared with others count by their share.
fn proportional_bytes(text: &[u8]) -> Option<u64> {
    let line = lines(text).find(|line| line.starts_with(b"Pss:"))?;
    words(line).nth(1).and_then(number)?.checked_mul(1024)
}

#[derive(Debug, Clone, Copy)]
struct Slots {
    cpu: Slot,
    resident: Slot,
    proportional: Slot,
    sent: Slot,
    received: Slot,
    store: Slot,
    store_limit: Slot,
    waiting: Slot,
    certificate: Slot,
}

impl Slots {
    fn declare(reading: &mut Reading<'_>) -> Self {
        let one = Resolution::ONE;
        let mut memory =
            |kind: &str| reading.gauge("vigie.agent.memory.usage", &[("vigie.memory.kind", kind)], "By", BYTES);
        let (resident, proportional) = (memory("rss"), memory("pss"));
        let mut io = |way: &str| reading.counter("vigie.agent.network.io", &[("network.io.direction", way)], "By", one);
        let (sent, received) = (io("transmit"), io("receive"));
        Self {
            cpu: reading.counter("vigie.agent.cpu.time", &[], "s", Resolution::THOUSANDTH),
            resident,
            proportional,
            sent,
            received,
            store: reading.gauge("vigie.agent.store.usage", &[], "By", BYTES),
            store_limit: reading.gauge("vigie.agent.store.limit", &[], "By", BYTES),
            waiting: reading.gauge("vigie.agent.ticks.waiting", &[], "{tick}", one),
            certificate: reading.gauge("vigie.agent.certificate.remaining", &[], "s", HOURS),
        }
    }

    fn record_said(&self, own: &OwnFigures, medium: bool, reading: &mut Reading<'_>) {
        reading.record_told(self.sent, own.sent_bytes);
        reading.record_told(self.received, own.received_bytes);
        reading.record_told(self.waiting, own.waiting_ticks);
        if medium {
            reading.record_told(self.store, own.store_bytes);
            reading.record_told(self.store_limit, own.store_limit_bytes);
            reading.record_told(self.certificate, own.certificate_seconds);
        }
    }
}

/// Declared when somebody may say something: most agents never have these.
#[derive(Debug, Clone, Copy)]
struct ForeignSlots {
    series: Slot,
    samples: Slot,
    failures: Slot,
    refused: [Slot; FOREIGN_REASONS.len()],
}

impl ForeignSlots {
    fn declare(reading: &mut Reading<'_>) -> Self {
        let one = Resolution::ONE;
        Self {
            series: reading.gauge("vigie.agent.foreign.series", &[], "{series}", one),
            samples: reading.counter("vigie.agent.foreign.samples", &[], "{sample}", one),
            failures: reading.counter("vigie.agent.foreign.failures", &[], "{failure}", one),
            refused: FOREIGN_REASONS
                .map(|reason| reading.counter("vigie.agent.foreign.refused", &[("reason", reason)], "{sample}", one)),
        }
    }

    fn record(&self, figures: &ForeignFigures, reading: &mut Reading<'_>) {
        reading.record(self.series, figures.series as f64);
        reading.record(self.samples, figures.samples as f64);
        reading.record(self.failures, figures.failures as f64);
        for (slot, count) in self.refused.iter().zip(figures.refused) {
            reading.record(*slot, count as f64);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn resident_memory_is_the_second_number() {
        assert_eq!(resident_pages(b"765 446 418 5 0 123 0\n"), Some(446));
        assert_eq!(resident_pages(b"765\n"), None);
    }

    #[test]
    fn the_fair_share_of_memory_is_read_from_the_rollup() {
        let text = b"56314c1c8000-7ffcdc5a1000 ---p 00000000 00:00 0 [rollup]\nRss: 1784 kB\nPss:       532 kB\nPss_Dirty: 1 kB\n";
        assert_eq!(proportional_bytes(text), Some(532 * 1024));
        assert_eq!(proportional_bytes(b"Pss_Dirty: 1 kB\n"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>) {
            let _ = (resident_pages(&text), proportional_bytes(&text));
        }
    }
}
