//! What does `/proc/stat` say? CPU time by mode, and what the kernel counted since it booted.

use super::text::{lines, number, words};

/// The modes of CPU time, in the order of the file. Time given to guests stands in `user` and `nice` already.
///
/// The names are the semantic conventions'; they have none for softirq.
pub(super) const MODES: [&str; 8] = ["user", "nice", "system", "idle", "iowait", "interrupt", "softirq", "steal"];

const IDLE: usize = 3;
const IOWAIT: usize = 4;

/// One thing `/proc/stat` tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StatLine {
    /// Time of all cores together.
    Total(CpuTimes),
    /// Time of one core.
    Core(u32, CpuTimes),
    /// Interrupts served.
    Interrupts(u64),
    /// Context switches.
    Switches(u64),
    /// Processes and threads made.
    Created(u64),
    /// Threads that run or could run now.
    Running(u64),
    /// Threads that wait for a disk now.
    Blocked(u64),
}

/// CPU time by mode since boot, in clock ticks. Old kernels and some containers tell fewer modes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CpuTimes {
    ticks: [u64; MODES.len()],
    told: usize,
}

impl CpuTimes {
    /// Ticks per mode, in the order of [`MODES`]; only those the kernel told.
    pub(super) fn told(&self) -> &[u64] {
        &self.ticks[..self.told]
    }

    /// The share of time since `before` that was neither idle nor waiting for IO, from 0 to 1.
    ///
    /// `None` when no time went by, or when it went backwards: a core that was off begins again at zero. Idle and iowait
    /// are known to step back a little on their own; that counts as no idle time.
    pub(super) fn busy_since(&self, before: &Self) -> Option<f64> {
        let total = self.total().checked_sub(before.total()).filter(|total| *total > 0)?;
        let idle = self.idle().saturating_sub(before.idle()).min(total);
        Some((total - idle) as f64 / total as f64)
    }

    fn total(&self) -> u64 {
        self.ticks.iter().fold(0, |sum, ticks| sum.saturating_add(*ticks))
    }

    fn idle(&self) -> u64 {
        self.ticks[IDLE].saturating_add(self.ticks[IOWAIT])
    }
}

/// What a text of `/proc/stat` tells, line by line; `None` stands for a line that should tell something and does not.
pub(super) fn parse(text: &[u8]) -> impl Iterator<Item = Option<StatLine>> {
    lines(text).filter_map(|line| {
        let mut rest = words(line);
        let key = rest.next()?;
        let mut first = || rest.next().and_then(number);
        match key {
            b"cpu" => Some(times(rest).map(StatLine::Total)),
            b"intr" => Some(first().map(StatLine::Interrupts)),
            b"ctxt" => Some(first().map(StatLine::Switches)),
            b"processes" => Some(first().map(StatLine::Created)),
            b"procs_running" => Some(first().map(StatLine::Running)),
            b"procs_blocked" => Some(first().map(StatLine::Blocked)),
            core if core.starts_with(b"cpu") => Some(core_line(&core[3..], rest)),
            _ => None,
        }
    })
}

fn core_line<'a>(no: &[u8], rest: impl Iterator<Item = &'a [u8]>) -> Option<StatLine> {
    let no = u32::try_from(number(no)?).ok()?;
    Some(StatLine::Core(no, times(rest)?))
}

/// At least the four modes every kernel has; an unreadable word spoils the line.
fn times<'a>(words: impl Iterator<Item = &'a [u8]>) -> Option<CpuTimes> {
    let mut times = CpuTimes { ticks: [0; MODES.len()], told: 0 };
    for (ticks, word) in times.ticks.iter_mut().zip(words) {
        *ticks = number(word)?;
        times.told += 1;
    }
    (times.told > IDLE).then_some(times)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Linux 6.18, two cores; the interrupt line is much longer in truth.
    const NEW: &[u8] = b"cpu  22328 0 2681 125326 643 0 22 49 0 0\n\
        cpu0 11144 0 1112 63181 81 0 4 19 0 0\n\
        cpu1 11183 0 1568 62144 561 0 18 29 0 0\n\
        intr 156945 0 0 0 0 0 0 1 1 14\n\
        ctxt 223180\nbtime 1795221416\nprocesses 6249\nprocs_running 1\nprocs_blocked 0\n\
        softirq 84565 0 16328 4 3323 8679 0 224 23397 0 32610\n";

    /// Linux 2.4: four modes, and disk lines nobody needs.
    const OLD: &[u8] = b"cpu  1132 34 1441 11311718\ncpu0 1132 34 1441 11311718\npage 5741 1808\nswap 1 0\n\
        intr 1462898 1462898\ndisk_io: (2,0):(31,30,5764,1,2)\nctxt 115315\nbtime 769041601\nprocesses 86031\n";

    #[test]
    fn a_new_kernel_tells_every_mode_of_every_core() {
        let told: Vec<_> = parse(NEW).map(|line| line.expect("a sound line")).collect();
        assert_eq!(told.len(), 8);
        let StatLine::Total(total) = told[0] else { panic!("{told:?}") };
        assert_eq!(total.told(), [22328, 0, 2681, 125_326, 643, 0, 22, 49]);
        assert!(matches!(told[2], StatLine::Core(1, _)));
        assert_eq!(told[3], StatLine::Interrupts(156_945));
        assert_eq!(told[5], StatLine::Created(6249));
    }

    #[test]
    fn an_old_kernel_tells_four_modes() {
        let told: Vec<_> = parse(OLD).map(|line| line.expect("a sound line")).collect();
        assert!(matches!(told[0], StatLine::Total(times) if times.told() == [1132, 34, 1441, 11_311_718]));
        assert_eq!(told.len(), 5);
    }

    #[test]
    fn a_strange_line_tells_nothing_and_spoils_no_other() {
        let text = b"cpu  1 2 3\ncpu0 1 2 x 4\ncpu99999999999 1 2 3 4\nctxt\ncpu1 1 2 3 4\n";
        let told: Vec<_> = parse(text).collect();
        assert_eq!(told[..4], [None, None, None, None]);
        assert!(matches!(told[4], Some(StatLine::Core(1, _))));
    }

    #[test]
    fn busy_is_what_is_neither_idle_nor_waiting_for_io() {
        let before = of(&[100, 0, 50, 800, 50, 0, 0, 0]);
        assert_eq!(of(&[120, 0, 60, 860, 60, 0, 0, 0]).busy_since(&before), Some(0.3));
        assert_eq!(before.busy_since(&before), None);
        assert_eq!(of(&[1, 0, 0, 8, 0, 0, 0, 0]).busy_since(&before), None);
        // Iowait stepped back while user went on.
        assert_eq!(of(&[200, 0, 50, 800, 10, 0, 0, 0]).busy_since(&before), Some(1.0));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(text: Vec<u8>, end in 0..NEW.len()) {
            parse(&text).for_each(drop);
            parse(&NEW[..end]).for_each(drop);
        }

        #[test]
        fn a_busy_share_is_a_share(before: [u64; 8], after: [u64; 8]) {
            if let Some(share) = of(&after).busy_since(&of(&before)) {
                prop_assert!((0.0..=1.0).contains(&share));
            }
        }
    }

    fn of(ticks: &[u64; 8]) -> CpuTimes {
        CpuTimes { ticks: *ticks, told: 8 }
    }
}
