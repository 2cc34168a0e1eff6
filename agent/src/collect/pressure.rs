//! Is work held up for want of CPU, memory or IO? Pressure stall information, where the kernel has it.

use vigie_model::Resolution;

use super::text::{TextFile, decimal, lines, number, words};
use super::{CollectError, Collector, Machine, Reading, Round, Slot};

const RESOURCES: [&str; 3] = ["cpu", "memory", "io"];
const KINDS: [&str; 2] = ["some", "full"];

/// The kernel tells hundredths of a percent.
const SHARE: Resolution = Resolution::Step { step: 1, exponent: -4 };

/// Reads `/proc/pressure/*` in every round. Kernels before 4.20, or started with `psi=0`, have nothing to read.
#[derive(Debug)]
pub(super) struct Pressure {
    resources: Vec<Resource>,
}

#[derive(Debug)]
struct Resource {
    name: &'static str,
    file: TextFile,
    slots: [Option<Slots>; KINDS.len()],
}

#[derive(Debug, Clone, Copy)]
struct Slots {
    share: Slot,
    time: Slot,
}

impl Pressure {
    pub(super) fn new(machine: &Machine) -> Self {
        let resource = |name| Resource {
            name,
            file: TextFile::new(machine.proc("pressure").join(name)),
            slots: [None; KINDS.len()],
        };
        Self { resources: RESOURCES.into_iter().map(resource).collect() }
    }
}

impl Collector for Pressure {
    fn name(&self) -> &'static str {
        "pressure"
    }

    fn collect(&mut self, _: &Round<'_>, scratch: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        self.resources.iter_mut().try_for_each(|resource| resource.collect(scratch, reading))
    }
}

impl Resource {
    fn collect(&mut self, scratch: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        for line in lines(self.file.read(scratch)?) {
            let Some(stall) = Stall::parse(line) else {
                reading.strange(1);
                continue;
            };
            let name = self.name;
            let slots = self.slots[stall.kind].get_or_insert_with(|| Slots::declare(name, KINDS[stall.kind], reading));
            reading.record(slots.share, stall.percent_of_10_s / 100.0);
            reading.record(slots.time, stall.total_us as f64 / 1e6);
        }
        Ok(())
    }
}

/// How long tasks stalled: `some` of them, or `full`y all of them at once.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Stall {
    kind: usize,
    percent_of_10_s: f64,
    total_us: u64,
}

impl Stall {
    /// `some avg10=0.72 avg60=0.60 avg300=1.00 total=8008164`
    fn parse(line: &[u8]) -> Option<Self> {
        let mut words = words(line);
        let kind = words.next()?;
        let kind = KINDS.iter().position(|known| known.as_bytes() == kind)?;
        let (mut percent, mut total) = (None, None);
        for word in words {
            if let Some(value) = word.strip_prefix(b"avg10=") {
                percent = decimal(value);
            } else if let Some(value) = word.strip_prefix(b"total=") {
                total = number(value);
            }
        }
        let percent_of_10_s = percent.filter(|percent| (0.0..=100.0).contains(percent))?;
        Some(Self { kind, percent_of_10_s, total_us: total? })
    }
}

impl Slots {
    fn declare(resource: &str, kind: &str, reading: &mut Reading<'_>) -> Self {
        let labels = [("pressure.resource", resource), ("pressure.kind", kind)];
        Self {
            share: reading.gauge("system.linux.pressure.avg10", &labels, "1", SHARE),
            time: reading.counter("system.linux.pressure.time", &labels, "s", Resolution::THOUSANDTH),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_pressure_line_tells_a_share_and_a_total() {
        let stall = Stall::parse(b"full avg10=0.72 avg60=0.60 avg300=1.00 total=8008164");
        assert_eq!(stall, Some(Stall { kind: 1, percent_of_10_s: 0.72, total_us: 8_008_164 }));
    }

    #[test]
    fn a_strange_pressure_line_tells_nothing() {
        for line in [&b""[..], b"some", b"none avg10=1 total=2", b"some avg10=101.00 total=2", b"some avg10=1.00"] {
            assert_eq!(Stall::parse(line), None);
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(line: Vec<u8>) {
            let _ = Stall::parse(&line);
        }
    }
}
