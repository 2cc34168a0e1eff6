//! How does a person at the machine speak with the node that runs there?
//!
//! A socket in the node's data folder, reachable only for who may read that folder: one line of JSON each way, and
//! between them, where it is asked for, a file in pieces. What can be said there is the role's business.

mod long;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tracing::warn;

pub use self::long::{Giving, Long, Taking, fetch, hand_in};
use crate::Failed;

/// The longest line that is read: commands are short.
const MAX_LINE_BYTES: u64 = 64 * 1024;

/// A command at the terminal waits this long for the node.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a node answers to a request.
pub trait Answering: Send + Sync + 'static {
    /// The answer, or what went wrong in words for a person, with the code that the command then ends with.
    fn answer(&self, request: Value) -> impl Future<Output = Result<Value, Failed>> + Send;

    /// What goes on for long, and gives or takes a file; none for what one line answers.
    fn long(&self, request: &Value) -> Option<Long> {
        let _one_line_answers = request;
        None
    }
}

/// Where the socket of a data folder is.
pub fn path(data: &Path) -> PathBuf {
    data.join("node.sock")
}

/// Opens the socket and answers until the program ends.
///
/// # Errors
/// When the socket can not be made; a left-over of a process that died is replaced.
pub fn open(data: &Path, role: Arc<impl Answering>) -> Result<(), Failed> {
    let path = path(data);
    // The store's lock says that no other process serves this folder.
    drop(std::fs::remove_file(&path));
    let listener = tokio::net::UnixListener::bind(&path)
        .map_err(|error| Failed::new(1, format!("the socket {} can not be made: {error}", path.display())))?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let role = role.clone();
            tokio::spawn(async move {
                if let Err(error) = serve(stream, &*role).await {
                    warn!(%error, "a request at the local socket broke off");
                }
            });
        }
    });
    Ok(())
}

async fn serve(mut stream: tokio::net::UnixStream, role: &impl Answering) -> std::io::Result<()> {
    let (read, mut write) = stream.split();
    let mut line = String::new();
    tokio::io::BufReader::new(read.take(MAX_LINE_BYTES)).read_line(&mut line).await?;
    let answer = match serde_json::from_str(&line) {
        Ok(request) => match role.long(&request) {
            Some(long) => return long.serve(stream).await,
            None => role.answer(request).await,
        },
        Err(error) => Err(Failed::new(2, format!("not a request: {error}"))),
    };
    write.write_all(line_of(answer).as_bytes()).await?;
    write.shutdown().await
}

fn line_of(answer: Result<Value, Failed>) -> String {
    let said = match answer {
        Ok(value) => serde_json::json!({ "ok": value }),
        Err(failed) => serde_json::json!({ "error": failed.text, "code": failed.code }),
    };
    format!("{said}\n")
}

/// Asks the node that runs in a data folder. `None` when none runs there.
///
/// # Errors
/// When the node refuses, or does not answer in time.
pub fn ask(data: &Path, request: &Value) -> Result<Option<Value>, Failed> {
    let Ok(mut stream) = UnixStream::connect(path(data)) else { return Ok(None) };
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(format!("{request}\n").as_bytes())?;
    read_answer(&mut BufReader::new(stream)).map(Some)
}

fn read_answer(from: &mut impl BufRead) -> Result<Value, Failed> {
    let mut line = String::new();
    from.read_line(&mut line)
        .map_err(|error| Failed::new(1, format!("the node runs but does not answer ({error}); look at its log")))?;
    let mut answer: Value = serde_json::from_str(&line)
        .map_err(|_| Failed::new(1, "the node ended while it was asked; nothing was changed"))?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => {
            let code = answer["code"].as_u64().and_then(|code| u8::try_from(code).ok()).unwrap_or(1);
            Err(Failed::new(code, error.to_owned()))
        }
        None => Ok(answer["ok"].take()),
    }
}

/// Asks the node that must be running.
///
/// # Errors
/// As [`ask`], and when none runs: exit code 6, because then nothing is known.
pub fn ask_running(data: &Path, request: &Value, program: &str) -> Result<Value, Failed> {
    ask(data, request)?.ok_or_else(|| not_running(data, program))
}

fn not_running(data: &Path, program: &str) -> Failed {
    let text =
        format!("{program} is not running with the data folder {}; start it with: {program} run", data.display());
    Failed::new(6, text)
}
