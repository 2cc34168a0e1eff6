//! How does a command fail in the words of whoever ran it?

use std::os::unix::process::CommandExt;

use crate::NodeHandle;

/// What failed, why, what was not changed, what to do; and the exit code.
#[derive(Debug)]
pub struct Failed {
    /// For the person at the terminal.
    pub text: String,
    /// 1 failed, 2 wrong usage, 4 not enrolled or not allowed, 5 not found, 6 nothing is known.
    pub code: u8,
}

impl Failed {
    /// A failure with a code of its own.
    pub fn new(code: u8, text: impl Into<String>) -> Self {
        Self { text: text.into(), code }
    }
}

/// What to do when the node's loop has ended by itself. After the store was begun anew under the running program, all that
/// the program remembers of it is wrong, so the program begins anew as well, in the same process: this then returns only
/// if it can not.
pub fn loop_ended(handle: &NodeHandle) -> Failed {
    if !handle.view().new_store {
        return Failed::new(1, "the node's loop has ended; see the log above");
    }
    again("the store was mended and the program must begin again")
}

/// Begins this program again in the same process; returns only if it can not, with why it had to as the failure.
pub fn again(why: &str) -> Failed {
    // The link names this program even if its file was replaced meanwhile.
    let mut again = std::process::Command::new("/proc/self/exe");
    let name = std::env::args_os().next().unwrap_or_default();
    let error = again.arg0(name).args(std::env::args_os().skip(1)).exec();
    Failed::new(1, format!("{why}, but can not: {error}; start it again"))
}

impl<E: std::error::Error> From<E> for Failed {
    fn from(error: E) -> Self {
        let mut text = error.to_string();
        let mut source = error.source();
        while let Some(deeper) = source {
            let said = deeper.to_string();
            if !text.contains(&said) {
                text = format!("{text}: {said}");
            }
            source = deeper.source();
        }
        Self::new(1, text)
    }
}

/// Ends a program: says what failed, and gives the exit code.
pub fn end(done: Result<std::process::ExitCode, Failed>) -> std::process::ExitCode {
    match done {
        Ok(code) => code,
        Err(failed) => {
            crate::remark!("error: {}", failed.text);
            std::process::ExitCode::from(failed.code)
        }
    }
}
