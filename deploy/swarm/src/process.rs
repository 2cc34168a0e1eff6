//! What does a process cost, seen from outside?

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// Memory of a process, in MB.
#[derive(Debug, Clone, Copy, Default)]
pub struct MemoryMb {
    /// Pages in memory, shared ones by their share.
    pub pss: f64,
    /// Pages in memory.
    pub rss: f64,
    /// The most there ever were.
    pub peak_rss: f64,
}

/// Time on processors, of all threads that live or ever lived, in seconds.
pub fn cpu_seconds(pid: u32) -> f64 {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    clock_ticks(&text) / rustix::param::clock_ticks_per_second() as f64
}

/// `utime` and `stime`, the 14th and 15th of all fields; see proc_pid_stat(5).
fn clock_ticks(stat: &str) -> f64 {
    // The name, the second field, may hold spaces and brackets; nothing after it does.
    let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
    after_name.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum()
}

/// What it has in memory.
pub fn memory_mb(pid: u32) -> MemoryMb {
    let read = |file: &str| std::fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
    let (rollup, status) = (read("smaps_rollup"), read("status"));
    MemoryMb { pss: line_mb(&rollup, "Pss:"), rss: line_mb(&status, "VmRSS:"), peak_rss: line_mb(&status, "VmHWM:") }
}

fn line_mb(text: &str, key: &str) -> f64 {
    let line = text.lines().find_map(|line| line.strip_prefix(key)).unwrap_or_default();
    line.split_whitespace().next().and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(0.0) / 1_024.0
}

/// What a folder takes on the disk, in bytes.
pub fn folder_bytes(folder: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(folder) else { return 0 };
    let of_entry = |entry: std::fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
        Ok(meta) => meta.blocks() * 512,
        Err(_) => 0,
    };
    entries.flatten().map(of_entry).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_pages_and_a_missing_one_has_none() {
        let own = memory_mb(std::process::id());
        assert!(own.pss > 0.1 && own.rss >= own.pss && own.peak_rss >= own.rss, "{own:?}");
        assert!(memory_mb(u32::MAX).rss == 0.0 && cpu_seconds(u32::MAX) == 0.0);
    }

    #[test]
    fn time_on_processors_is_read_whatever_the_program_is_called() {
        let stat = "7 (a (strange) name) S 1 7 7 0 -1 4194560 900 0 0 0 1234 66 5 6 20 0 9 0 77 0 0";
        assert_eq!((clock_ticks(stat), clock_ticks("")), (1300.0, 0.0));
    }
}
