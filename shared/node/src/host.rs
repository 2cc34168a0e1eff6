//! What is this machine called, and how are chance and logging begun?

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use tokio::signal::unix::{Signal, SignalKind, signal};
use vigie_model::Incarnation;
use vigie_store::State;

use crate::Failed;

/// The machine's own name, without its domain.
pub fn host_name() -> String {
    let name = rustix::system::uname();
    let name = name.nodename().to_string_lossy();
    let short = name.split('.').next().unwrap_or_default();
    if short.is_empty() { "unnamed".to_owned() } else { short.to_owned() }
}

/// A number that no store had before.
///
/// # Errors
/// When the system gives no random bytes.
pub fn random_incarnation() -> Result<Incarnation, Failed> {
    let mut bytes = [0; 8];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failed::new(1, format!("the system gives no random bytes: {error}")))?;
    Ok(Incarnation(u64::from_be_bytes(bytes)))
}

/// Starts logging to standard error, one line an event, without colour: it is read by journals more than by people. As
/// JSON for programs that collect: `timestamp`, `level`, `target`, `message`, and what else the event says by name.
pub fn start_logging(level: tracing::Level, as_json: bool) {
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
    // A second call would be refused, and there is none in a program.
    drop(if as_json {
        tracing::subscriber::set_global_default(subscriber.json().flatten_event(true).finish())
    } else {
        tracing::subscriber::set_global_default(subscriber.finish())
    });
}

/// The small state of a node, in its data folder; a folder that is made here is for its owner alone, because the log
/// that will lie in it holds every client's samples.
///
/// # Errors
/// When another process has it, or the disk refuses.
pub fn open_state(data: &Path) -> Result<State, Failed> {
    Ok(open_state_told(data)?.0)
}

/// As [`open_state`], and whether some of it may be lost.
///
/// # Errors
/// As [`open_state`].
pub fn open_state_told(data: &Path) -> Result<(State, bool), Failed> {
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(data)
        .map_err(|error| Failed::new(1, format!("the folder {} can not be made: {error}", data.display())))?;
    let (state, report) = State::open(data)?;
    if report.damaged {
        tracing::warn!(?report, "the small state was damaged; what could be read was saved");
    }
    Ok((state, report.damaged))
}

/// How often this machine has booted while a node ran on it: counted by the kernel's boot id.
///
/// # Errors
/// When the state can not be read or written.
pub fn boot_no(state: &State) -> Result<u32, Failed> {
    let id = std::fs::read("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    let last = state.get("node", b"boot")?.unwrap_or_default();
    let (no, known) = match last.split_first_chunk::<4>() {
        Some((no, known)) => (u32::from_be_bytes(*no), known == id),
        None => (0, false),
    };
    if known {
        return Ok(no);
    }
    let no = no.saturating_add(1);
    state.put("node", b"boot", &[no.to_be_bytes().as_slice(), &id].concat())?;
    Ok(no)
}

/// The signals that end a program in order. From when it is made, none of them kills the program: that is before a door opens
/// by which anybody could see that it runs, and after what may take minutes and can be broken off at any moment.
#[derive(Debug)]
pub struct StopSignal(Option<(Signal, Signal)>);

impl StopSignal {
    /// Listens from now on, within a runtime.
    #[must_use]
    pub fn listen() -> Self {
        let heard = signal(SignalKind::terminate()).and_then(|one| Ok((one, signal(SignalKind::interrupt())?)));
        if let Err(error) = &heard {
            tracing::error!(%error, "no signals can be heard; the program can only be killed");
        }
        Self(heard.ok())
    }

    /// Waits for one. Nothing is lost where the wait is given up.
    pub async fn heard(&mut self) {
        let Some((terminate, interrupt)) = &mut self.0 else { return std::future::pending().await };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

/// Random text that nobody guesses: 32 bytes as hexadecimal digits.
///
/// # Errors
/// When the system gives no random bytes.
pub fn random_text() -> Result<String, Failed> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failed::new(1, format!("the system gives no random bytes: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The token in a file, made if it is not there; only its owner may read the file.
///
/// # Errors
/// When the file can not be read or made, or holds nothing.
pub fn http_token(file: &Path) -> Result<String, Failed> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let failed =
        |error: std::io::Error| Failed::new(1, format!("the token file {} can not be used: {error}", file.display()));
    match std::fs::read_to_string(file) {
        Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
        Ok(_) => Err(Failed::new(1, format!("the token file {} is empty; remove it to have one made", file.display()))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let token = random_text()?;
            let mut made =
                std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(failed)?;
            writeln!(made, "{token}").map_err(failed)?;
            Ok(token)
        }
        Err(error) => Err(failed(error)),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_data_folder_that_is_made_is_for_its_owner_alone() {
        let parent = tempfile::tempdir().expect("a folder");
        let data = parent.path().join("hub");
        let _state = open_state(&data).expect("it opens");
        let mode = std::fs::metadata(&data).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
