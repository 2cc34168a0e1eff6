//! One program: started, killed, started again, its log kept.

use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// A program and how it was started.
#[derive(Debug)]
pub struct Program {
    name: String,
    args: Vec<String>,
    env: Vec<(String, String)>,
    log: PathBuf,
    child: Option<Child>,
}

/// Where the programs under trial are: beside this test's own target folder, or where `VIGIE_AGENT` and its like say.
fn binary(name: &str) -> PathBuf {
    if let Some(said) = std::env::var_os(name.to_uppercase().replace('-', "_")) {
        return PathBuf::from(said);
    }
    if name != "vigie" && !name.starts_with("vigie-") {
        return PathBuf::from(name); // somebody else's, found as the system finds programs
    }
    let own = std::env::current_exe().expect("a test knows where it is");
    let found = own.ancestors().map(|folder| folder.join(name)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{name} is not built; run: cargo build --workspace --bins"))
}

/// Runs a program to its end.
pub fn run_once(name: &str, args: &[&str]) -> Output {
    Command::new(binary(name)).args(args).stdin(Stdio::null()).output().expect("the program can be started")
}

/// Runs a program to its end, with somebody else's ends for what it says; without an account of whoever runs the trial.
pub fn run_into(name: &str, args: &[&str], stdout: Stdio, stderr: Stdio) -> Output {
    let mut command = Command::new(binary(name));
    command.args(args).env_remove("VIGIE_URL").env_remove("VIGIE_TOKEN").env("XDG_CONFIG_HOME", "/nowhere");
    let child = command.stdin(Stdio::null()).stdout(stdout).stderr(stderr).spawn().expect("the program can be started");
    // The command holds the ends that it was given: while it does no reader sees the end of what is said.
    drop(command);
    child.wait_with_output().expect("it ends")
}

impl Program {
    /// Starts it.
    pub fn start(name: &str, args: Vec<String>, log: &Path) -> Self {
        Self::start_in(name, args, Vec::new(), log)
    }

    /// Starts it with some environment.
    pub fn start_in(name: &str, args: Vec<String>, env: Vec<(String, String)>, log: &Path) -> Self {
        let mut program = Self { name: name.to_owned(), args, env, log: log.to_owned(), child: None };
        program.again();
        program
    }

    /// Starts it again after it has ended.
    pub fn again(&mut self) {
        assert!(self.child.is_none(), "{} runs already", self.name);
        let log = OpenOptions::new().create(true).append(true).open(&self.log).expect("a log can be written");
        let both: File = log.try_clone().expect("a handle can be copied");
        let child = Command::new(binary(&self.name))
            .args(&self.args)
            .env_remove("VIGIE_LINK") // said for vigie-link's sake, and a relay reads its kind of line there
            .envs(self.env.iter().cloned())
            .stdin(Stdio::null())
            .stdout(both)
            .stderr(log)
            .spawn()
            .expect("the program can be started");
        self.child = Some(child);
    }

    /// Starts the same program with other values of these options.
    pub fn beside(&self, options: &[(&str, &str)], log: &Path) -> Self {
        let mut program = Self {
            name: self.name.clone(),
            args: self.args.clone(),
            env: self.env.clone(),
            log: log.to_owned(),
            child: None,
        };
        options.iter().for_each(|(option, value)| program.say(option, value));
        program.again();
        program
    }

    /// Starts it again, this once with a further argument.
    pub fn once_with(&mut self, argument: &str) {
        self.args.push(argument.to_owned());
        self.again();
        self.args.pop();
    }

    /// Says an option differently from the next start on.
    pub fn say(&mut self, option: &str, value: &str) {
        let at = self.args.iter().position(|arg| arg == option).expect("the option was said before");
        value.clone_into(&mut self.args[at + 1]);
    }

    /// Says a variable of its environment differently from the next start on.
    pub fn say_env(&mut self, name: &str, value: &str) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.to_owned(), value.to_owned()));
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("it can be killed");
            child.wait().expect("it ends");
        }
    }

    /// Ends it in order, and says whether it did so by itself.
    pub fn stop(&mut self) -> bool {
        let Some(mut child) = self.child.take() else { return true };
        let pid = Pid::from_raw(child.id().cast_signed()).expect("a process has an id");
        kill_process(pid, Signal::TERM).expect("it can be told to end");
        let deadline = Instant::now() + Duration::from_secs(20);
        while Instant::now() < deadline {
            if let Some(status) = child.try_wait().expect("it can be waited for") {
                return status.success();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        false
    }

    /// Its process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// Whether it runs.
    pub fn is_running(&mut self) -> bool {
        self.child.as_mut().is_some_and(|child| child.try_wait().is_ok_and(|ended| ended.is_none()))
    }

    /// What it logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Nothing to be done about a process that is gone already.
            drop(child.kill());
            drop(child.wait());
        }
        if std::thread::panicking() {
            let log = self.log();
            let tail: Vec<&str> = log.lines().rev().take(25).collect();
            println!("---- {} {:?}", self.name, self.log);
            tail.iter().rev().for_each(|line| println!("{line}"));
        }
    }
}
