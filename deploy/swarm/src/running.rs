//! A program of ours that runs for the trial: found, watched from outside, ended.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use vigie_node::Failed;

/// A program gets this long to answer after its start, and to end after it was told to.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// One that runs, and its data folder; ends when it is dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    data: PathBuf,
}

impl Running {
    /// Starts it on this folder; what it says goes into a file beside that.
    pub(crate) fn start(name: &str, args: &[&str], data: &Path) -> Result<Self, Failed> {
        let log = std::fs::File::create(data.with_extension("log"))?;
        let child = Command::new(program(name)?)
            .args(args)
            .arg("--data")
            .arg(data)
            .args(["--log", "warn"])
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        Ok(Self { child, data: data.to_owned() })
    }

    /// Waits until it answers.
    pub(crate) fn until(&mut self, mut answers: impl FnMut(&Path) -> bool) -> Result<(), Failed> {
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline && self.child.try_wait()?.is_none() {
            if answers(&self.data) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.data.with_extension("log")).unwrap_or_default();
        Err(Failed::new(1, format!("what was started did not begin to answer; it said:\n{log}")))
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    /// Ends it in order; says how long it took, or that it had to be killed.
    pub(crate) fn stop(&mut self) -> Option<Duration> {
        let began = Instant::now();
        let pid = Pid::from_raw(self.child.id().cast_signed())?;
        kill_process(pid, Signal::TERM).ok()?;
        while began.elapsed() < PATIENCE {
            if self.child.try_wait().ok()?.is_some() {
                return Some(began.elapsed());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing to be done about a process that has ended already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Runs a command of a program on this folder, and reads the JSON it answers with.
pub(crate) fn ask(name: &str, args: &[&str], data: &Path) -> Result<Value, Failed> {
    let done = Command::new(program(name)?).args(args).arg("--data").arg(data).stdin(Stdio::null()).output()?;
    if !done.status.success() {
        let said = String::from_utf8_lossy(&done.stderr).trim().to_owned();
        return Err(Failed::new(1, format!("{name} {}: {said}", args[0])));
    }
    Ok(serde_json::from_slice(&done.stdout)?)
}

/// The program that lies beside this one, or where a variable such as `VIGIE_CLOUD` says.
fn program(name: &str) -> Result<PathBuf, Failed> {
    let variable = name.replace('-', "_").to_uppercase();
    if let Some(said) = std::env::var_os(&variable) {
        return Ok(PathBuf::from(said));
    }
    let own = std::env::current_exe()?;
    let beside = own.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file());
    let text = || {
        format!(
            "{name} is not beside this program; build it too (cargo build --release -p {name}), or say where it is in \
             {variable}. Nothing was started."
        )
    };
    beside.ok_or_else(|| Failed::new(1, text()))
}
