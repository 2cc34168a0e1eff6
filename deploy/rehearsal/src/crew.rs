//! The programs of the demo: started, watched, started again, ended.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::process::{Child, Command};

use crate::cli::Failed;

/// A program that died is started again after this long: enough to see that it is gone.
const AGAIN_AFTER: Duration = Duration::from_secs(3);

/// Programs get this long to end in order.
const PATIENCE: Duration = Duration::from_secs(5);

/// One program and how to start it.
#[derive(Debug)]
struct Member {
    program: PathBuf,
    args: Vec<String>,
    child: Child,
}

/// All programs of the demo, by the names people give them: `hub`, `relay:lyon`, `agent:till-03`, `line:lyon`.
#[derive(Debug)]
pub(crate) struct Crew {
    programs: PathBuf,
    logs: PathBuf,
    members: BTreeMap<String, Member>,
}

impl Crew {
    pub(crate) fn new(logs: PathBuf) -> Result<Self, Failed> {
        let own = std::env::current_exe()?;
        let programs = own.parent().unwrap_or(Path::new(".")).to_owned();
        for program in ["vigie-cloud", "vigie-relay", "vigie-agent", "vigie-link"] {
            if !programs.join(program).exists() {
                let text = format!(
                    "{program} is not beside this program; run ./deploy/demo, which builds it. Nothing was started."
                );
                return Err(Failed::new(1, text));
            }
        }
        std::fs::create_dir_all(&logs)?;
        Ok(Self { programs, logs, members: BTreeMap::new() })
    }

    /// Runs a program to its end and gives what it said.
    pub(crate) async fn run(&self, program: &str, args: &[String]) -> Result<String, Failed> {
        let ended = Command::new(self.programs.join(program)).args(args).stdin(Stdio::null()).output().await?;
        if ended.status.success() {
            return Ok(String::from_utf8_lossy(&ended.stdout).trim().to_owned());
        }
        let said = String::from_utf8_lossy(&ended.stderr).trim().to_owned();
        Err(Failed::new(1, format!("{program} {}: {said}", args.first().map_or("", String::as_str))))
    }

    /// Starts a program that goes on.
    pub(crate) fn start(&mut self, name: &str, program: &str, args: Vec<String>) -> Result<(), Failed> {
        let program = self.programs.join(program);
        let child = self.spawn(name, &program, &args)?;
        self.members.insert(name.to_owned(), Member { program, args, child });
        Ok(())
    }

    fn spawn(&self, name: &str, program: &Path, args: &[String]) -> Result<Child, Failed> {
        let file = self.logs.join(format!("{}.log", name.replace(':', "-")));
        let log = std::fs::OpenOptions::new().create(true).append(true).open(file)?;
        let child = Command::new(program)
            .args(args)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            // Ctrl-C at the terminal reaches the demo alone, which ends the others in order.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok(child)
    }

    /// The process of a program.
    pub(crate) fn pids(&self) -> BTreeMap<String, u32> {
        self.members.iter().filter_map(|(name, member)| Some((name.clone(), member.child.id()?))).collect()
    }

    /// Starts again what has died, once; says what it was.
    pub(crate) async fn tend(&mut self) -> Result<Vec<String>, Failed> {
        let mut died = Vec::new();
        for (name, member) in &mut self.members {
            if member.child.try_wait()?.is_some() {
                died.push(name.clone());
            }
        }
        if died.is_empty() {
            return Ok(died);
        }
        tokio::time::sleep(AGAIN_AFTER).await;
        for name in &died {
            let (program, args) = (self.members[name].program.clone(), self.members[name].args.clone());
            let child = self.spawn(name, &program, &args)?;
            self.members.insert(name.clone(), Member { program, args, child });
        }
        Ok(died)
    }

    /// Ends every program: asks, waits, then insists.
    pub(crate) async fn end(&mut self) {
        for member in self.members.values() {
            if let Some(pid) = member.child.id().and_then(|pid| rustix::process::Pid::from_raw(pid.cast_signed())) {
                // It may have ended by itself meanwhile.
                let _ended = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
            }
        }
        let deadline = tokio::time::Instant::now() + PATIENCE;
        for member in self.members.values_mut() {
            if tokio::time::timeout_at(deadline, member.child.wait()).await.is_err() {
                drop(member.child.kill().await);
            }
        }
        self.members.clear();
    }
}
