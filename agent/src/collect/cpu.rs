//! How busy are the cores? CPU time and share, in total and per core, and the threads that want them.

use rustix::param::clock_ticks_per_second;
use vigie_model::Resolution;

use super::stat::{CpuTimes, MODES, StatLine, parse};
use super::text::TextFile;
use super::{CollectError, Collector, Machine, Reading, Round, Slot};

/// Cores told apart. Above, only the total is kept: nine series per core would crowd out everything else.
const MAX_CORES: usize = 256;

/// Reads `/proc/stat` in every round.
#[derive(Debug)]
pub(super) struct Cpu {
    file: TextFile,
    ticks_per_second: f64,
    slots: Option<Slots>,
    total: Option<Meter>,
    cores: Vec<(u32, Meter)>,
}

impl Cpu {
    pub(super) fn new(machine: &Machine) -> Self {
        let ticks_per_second = clock_ticks_per_second() as f64;
        Self {
            file: TextFile::new(machine.proc("stat")),
            ticks_per_second,
            slots: None,
            total: None,
            cores: Vec::new(),
        }
    }
}

impl Collector for Cpu {
    fn name(&self) -> &'static str {
        "cpu"
    }

    fn collect(&mut self, _: &Round<'_>, scratch: &mut Vec<u8>, reading: &mut Reading<'_>) -> Result<(), CollectError> {
        let text = self.file.read(scratch)?;
        let slots = *self.slots.get_or_insert_with(|| Slots::declare(reading));
        let mut place = 0;
        let mut told = false;
        for line in parse(text) {
            told |= line.is_some();
            match line {
                Some(StatLine::Total(times)) => {
                    let meter = self.total.get_or_insert_with(|| Meter::declare(None, &times, reading));
                    meter.record(times, self.ticks_per_second, reading);
                }
                Some(StatLine::Core(no, times)) => {
                    if let Some(meter) = core(&mut self.cores, place, no, &times, reading) {
                        meter.record(times, self.ticks_per_second, reading);
                    }
                    place += 1;
                }
                Some(StatLine::Interrupts(count)) => reading.record(slots.interrupts, count as f64),
                Some(StatLine::Switches(count)) => reading.record(slots.switches, count as f64),
                Some(StatLine::Created(count)) => reading.record(slots.created, count as f64),
                Some(StatLine::Running(count)) => reading.record(slots.running, count as f64),
                Some(StatLine::Blocked(count)) => reading.record(slots.blocked, count as f64),
                None => reading.strange(1),
            }
        }
        if told { Ok(()) } else { Err(self.file.strange()) }
    }
}

/// The meter of a core: usually where it stood in the last round, elsewhere when a core went off or came.
fn core<'m>(
    cores: &'m mut Vec<(u32, Meter)>,
    place: usize,
    no: u32,
    times: &CpuTimes,
    reading: &mut Reading<'_>,
) -> Option<&'m mut Meter> {
    let expected = cores.get(place).is_some_and(|(known, _)| *known == no).then_some(place);
    let at = match expected.or_else(|| cores.iter().position(|(known, _)| *known == no)) {
        Some(at) => at,
        None if cores.len() >= MAX_CORES => return None,
        None => {
            cores.push((no, Meter::declare(Some(no), times, reading)));
            cores.len() - 1
        }
    };
    cores.get_mut(at).map(|(_, meter)| meter)
}

/// The series of one core, or of all together, and what they read last.
#[derive(Debug)]
struct Meter {
    time: Vec<Slot>,
    utilization: Slot,
    before: Option<CpuTimes>,
}

impl Meter {
    fn declare(no: Option<u32>, times: &CpuTimes, reading: &mut Reading<'_>) -> Self {
        let no = no.map(|no| no.to_string());
        let core = no.as_deref().map(|no| ("cpu.logical_number", no));
        let labels: Vec<_> = core.into_iter().collect();
        let utilization = reading.gauge("system.cpu.utilization", &labels, "1", Resolution::THOUSANDTH);
        let time = MODES[..times.told().len()].iter().map(|mode| {
            let labels: Vec<_> = core.into_iter().chain([("cpu.mode", *mode)]).collect();
            reading.counter("system.cpu.time", &labels, "s", Resolution::HUNDREDTH)
        });
        Self { time: time.collect(), utilization, before: None }
    }

    fn record(&mut self, times: CpuTimes, ticks_per_second: f64, reading: &mut Reading<'_>) {
        for (slot, ticks) in self.time.iter().zip(times.told()) {
            reading.record(*slot, *ticks as f64 / ticks_per_second);
        }
        if let Some(share) = self.before.and_then(|before| times.busy_since(&before)) {
            reading.record(self.utilization, share);
        }
        self.before = Some(times);
    }
}

#[derive(Debug, Clone, Copy)]
struct Slots {
    interrupts: Slot,
    switches: Slot,
    created: Slot,
    running: Slot,
    blocked: Slot,
}

impl Slots {
    fn declare(reading: &mut Reading<'_>) -> Self {
        let one = Resolution::ONE;
        Self {
            interrupts: reading.counter("system.linux.cpu.interrupts", &[], "{interrupt}", one),
            switches: reading.counter("system.linux.cpu.context_switches", &[], "{switch}", one),
            created: reading.counter("system.process.created", &[], "{process}", one),
            // The kernel counts threads here, so these are no states of system.process.count.
            running: reading.gauge("system.linux.thread.running", &[], "{thread}", one),
            blocked: reading.gauge("system.linux.thread.blocked", &[], "{thread}", one),
        }
    }
}
