//! How many threads want a core, how many are there, and how long has the machine been up?

use vigie_model::Resolution;

use super::text::{TextFile, decimal, lines, number, words};
use super::{CollectError, Collector, Machine, Reading, Round, Slot, Tier};

/// Reads `/proc/loadavg` in every round and `/proc/uptime` in medium ones.
#[derive(Debug)]
pub(super) struct Load {
    loadavg: TextFile,
    uptime: TextFile,
    slots: Option<Slots>,
}

impl Load {
    pub(super) fn new(machine: &Machine) -> Self {
        Self {
            loadavg: TextFile::new(machine.proc("loadavg")),
            uptime: TextFile::new(machine.proc("uptime")),
            slots: None,
        }
    }
}

impl Collector for Load {
    fn name(&self) -> &'static str {
        "load"
    }

    fn collect(
        &mut self,
        round: &Round<'_>,
        scratch: &mut Vec<u8>,
        reading: &mut Reading<'_>,
    ) -> Result<(), CollectError> {
        let slots = *self.slots.get_or_insert_with(|| Slots::declare(reading));
        let load = parse_loadavg(self.loadavg.read(scratch)?).ok_or_else(|| self.loadavg.strange())?;
        for (slot, value) in slots.load.into_iter().zip(load.averages) {
            reading.record(slot, value);
        }
        reading.record_told(slots.threads, load.threads);
        if round.due.contains(Tier::Medium) {
            let uptime = parse_uptime(self.uptime.read(scratch)?).ok_or_else(|| self.uptime.strange())?;
            reading.record(slots.uptime, uptime);
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct LoadAverage {
    averages: [f64; 3],
    threads: Option<u64>,
}

/// `0.17 0.47 0.24 1/82 6248`: averages over 1, 5 and 15 minutes, runnable and all threads, the newest process.
fn parse_loadavg(text: &[u8]) -> Option<LoadAverage> {
    let mut words = words(lines(text).next()?);
    let mut average = || words.next().and_then(decimal).filter(|load| *load >= 0.0);
    let averages = [average()?, average()?, average()?];
    let threads = words.next().and_then(|word| word.split(|byte| *byte == b'/').nth(1)).and_then(number);
    Some(LoadAverage { averages, threads })
}

/// `757.11 1253.26`: seconds since boot, seconds all cores were idle.
fn parse_uptime(text: &[u8]) -> Option<f64> {
    words(lines(text).next()?).next().and_then(decimal).filter(|seconds| *seconds >= 0.0)
}

#[derive(Debug, Clone, Copy)]
struct Slots {
    load: [Slot; 3],
    threads: Slot,
    uptime: Slot,
}

impl Slots {
    fn declare(reading: &mut Reading<'_>) -> Self {
        let mut load = |name: &str| reading.gauge(name, &[], "{thread}", Resolution::HUNDREDTH);
        Self {
            load: [
                load("system.cpu.load_average.1m"),
                load("system.cpu.load_average.5m"),
                load("system.cpu.load_average.15m"),
            ],
            threads: reading.gauge("system.linux.thread.count", &[], "{thread}", Resolution::ONE),
            uptime: reading.gauge("system.uptime", &[], "s", Resolution::ONE),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_load_line_tells_three_averages_and_the_threads() {
        let load = parse_loadavg(b"0.17 0.47 12.24 1/82 6248\n");
        assert_eq!(load, Some(LoadAverage { averages: [0.17, 0.47, 12.24], threads: Some(82) }));
    }

    #[test]
    fn a_load_line_of_linux_2_0_tells_only_the_averages() {
        let load = parse_loadavg(b"0.00 0.01 0.05\n");
        assert_eq!(load, Some(LoadAverage { averages: [0.0, 0.01, 0.05], threads: None }));
    }

    #[test]
    fn a_strange_load_line_tells_nothing() {
        for text in [&b""[..], b"\n", b"0.1 0.2\n", b"0.1 0.2 -3 1/2 3\n", b"0.1 nan 0.2 1/2 3\n", b"0.1 0.2 0.3 1/2"] {
            assert_eq!(parse_loadavg(text), None);
        }
    }

    #[test]
    fn uptime_is_the_first_word() {
        assert_eq!(parse_uptime(b"757.11 1253.26\n"), Some(757.11));
        assert_eq!(parse_uptime(b"-4 1\n"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>) {
            let _ = (parse_loadavg(&text), parse_uptime(&text));
        }
    }
}
