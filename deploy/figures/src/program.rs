//! One program that keeps samples: started, asked whether it answers, watched from outside, started again.

use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use vigie_swarm::process::{self, folder_bytes};

use crate::http::Client;

/// How long a program may take to answer after its start, or to end. Prometheus reads its write-ahead log first.
const PATIENCE: Duration = Duration::from_secs(180);

/// A program that used less than this for so long, and whose folder changed by less than this part, has nothing left to do:
/// longer than the rhythm in which any of them looks for work of its own, and than one piece of such work waits for a busy
/// disk.
const QUIET_CPU_S: f64 = 1.5;
const QUIET_PART: u64 = 100;
const QUIET_FOR: Duration = Duration::from_secs(15);

/// How a program is started on a folder, to answer at an address.
pub(crate) type Arguments = fn(&Path, SocketAddr) -> Vec<String>;

/// A program that runs, or did.
#[derive(Debug)]
pub(crate) struct Program {
    binary: PathBuf,
    arguments: Vec<String>,
    log: PathBuf,
    pub(crate) address: SocketAddr,
    /// Answered with 200 once it may be asked.
    ready: &'static str,
    child: Option<Child>,
    /// What ended processes of it spent.
    spent_cpu_s: f64,
    peak_rss_mb: f64,
}

impl Program {
    /// Starts it and waits until it answers.
    pub(crate) fn start(binary: &Path, data: &Path, arguments: Arguments, ready: &'static str) -> Result<Self, String> {
        let address = free_address().map_err(|error| format!("there is no free port: {error}"))?;
        let mut program = Self {
            binary: binary.to_owned(),
            arguments: arguments(data, address),
            log: data.with_extension("program.log"),
            address,
            ready,
            child: None,
            spent_cpu_s: 0.0,
            peak_rss_mb: 0.0,
        };
        program.again()?;
        Ok(program)
    }

    /// Starts it again; says after how long it answered.
    pub(crate) fn again(&mut self) -> Result<Duration, String> {
        let began = Instant::now();
        let started = std::fs::File::create(&self.log).and_then(|log| {
            Command::new(&self.binary)
                .args(&self.arguments)
                .stdin(Stdio::null())
                .stdout(log.try_clone()?)
                .stderr(log)
                .spawn()
        });
        self.child = Some(started.map_err(|error| format!("{} can not be started: {error}", self.binary.display()))?);
        while began.elapsed() < PATIENCE {
            let answered =
                Client::connect(self.address, None).and_then(|mut client| Ok(client.get(self.ready)?.status));
            if answered.is_ok_and(|status| status == 200) {
                return Ok(began.elapsed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(5).collect();
        Err(format!("{} does not answer; it said last: {tail:?}", self.binary.display()))
    }

    /// Ends it in order.
    pub(crate) fn stop(&mut self) {
        self.spent_cpu_s = self.cpu_s();
        self.peak_rss_mb = self.peak_rss_mb();
        let Some(mut child) = self.child.take() else { return };
        if let Some(pid) = Pid::from_raw(child.id().cast_signed()) {
            // A process that has ended is what is wanted.
            kill_process(pid, Signal::TERM).ok();
        }
        let began = Instant::now();
        while began.elapsed() < PATIENCE {
            if !matches!(child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        drop(child.kill());
        drop(child.wait());
    }

    /// Its process, while it runs.
    pub(crate) fn pid(&self) -> u32 {
        self.child.as_ref().map_or(u32::MAX, Child::id)
    }

    /// Time on processors, in all its lives.
    pub(crate) fn cpu_s(&self) -> f64 {
        self.spent_cpu_s + self.child.as_ref().map_or(0.0, |child| process::cpu_seconds(child.id()))
    }

    /// The most memory it ever had.
    pub(crate) fn peak_rss_mb(&self) -> f64 {
        let now = self.child.as_ref().map_or(0.0, |child| process::memory_mb(child.id()).peak_rss);
        self.peak_rss_mb.max(now)
    }

    /// Waits until it has nothing left to do, at most for so long: the same for each of them. Says how long that took.
    pub(crate) fn rests(&self, data: &Path, within: Duration) -> Duration {
        let began = Instant::now();
        let (mut since, mut spent, mut bytes) = (began, self.cpu_s(), folder_bytes(data));
        while began.elapsed() < within && since.elapsed() < QUIET_FOR {
            std::thread::sleep(Duration::from_millis(500));
            let (cpu_s, taken) = (self.cpu_s(), folder_bytes(data));
            if cpu_s - spent > QUIET_CPU_S || taken.abs_diff(bytes) > bytes / QUIET_PART {
                (since, spent, bytes) = (Instant::now(), cpu_s, taken);
            }
        }
        since.duration_since(began)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A program of Debian's.
pub(crate) fn installed(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}

/// A program of our own: where its variable says, or beside this one.
pub(crate) fn own(name: &str) -> Result<PathBuf, String> {
    if let Some(said) = std::env::var_os(name.to_uppercase().replace('-', "_")) {
        return Ok(PathBuf::from(said));
    }
    let beside = std::env::current_exe().map_err(|error| error.to_string())?.with_file_name(name);
    if beside.is_file() { Ok(beside) } else { Err(format!("{name} is not built beside this program")) }
}

/// A hub whose nodes have gone: the port for them may be any.
pub(crate) fn hub_alone(data: &Path, address: SocketAddr) -> Vec<String> {
    let (data, http) = (data.to_string_lossy(), address.to_string());
    let said = ["run", "--data", &data, "--listen", "127.0.0.1:0", "--advertise", "127.0.0.1:7800", "--http", &http];
    said.into_iter().chain(["--log", "warn"]).map(str::to_owned).collect()
}

fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind("127.0.0.1:0")?.local_addr()
}
