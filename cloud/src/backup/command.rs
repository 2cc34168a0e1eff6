//! `vigie-cloud backup`, `verify` and `restore`.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use clap::Args;
use serde_json::{Value, json};
use vigie_backup::Passphrase;
use vigie_node::{Failed, NodeClock, hatch};

use super::check::{self, Checked};
use super::keep::take_at_rest;
use super::plan::read_passphrase;
use super::restore::restore;
use super::take::{Progress, Taken};
use crate::cli::{Place, stamp, tell};

/// How often a person is told how far it is.
const TELL_EVERY: Duration = Duration::from_millis(500);

/// What to back up, and where to.
#[derive(Debug, Args)]
pub(crate) struct BackupArgs {
    /// The file to write; it must not be there yet, nor in the data folder.
    to: PathBuf,
    #[command(flatten)]
    words: Words,
    #[command(flatten)]
    place: Place,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What to look at.
#[derive(Debug, Args)]
pub(crate) struct VerifyArgs {
    /// The backup.
    from: PathBuf,
    #[command(flatten)]
    words: Words,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// What to make a hub of, and where.
#[derive(Debug, Args)]
pub(crate) struct RestoreArgs {
    /// The backup.
    from: PathBuf,
    #[command(flatten)]
    words: Words,
    /// The folder to make; it must be empty, or not there.
    #[arg(long, env = "VIGIE_DATA", default_value = "/var/lib/vigie-cloud")]
    data: PathBuf,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
struct Words {
    /// File with the words that seal the backup. Without it, whoever reads the backup has the hub's keys.
    #[arg(long, env = "VIGIE_BACKUP_PASSPHRASE_FILE", value_name = "FILE")]
    passphrase_file: Option<PathBuf>,
}

impl Words {
    fn read(&self) -> Result<Option<Passphrase>, Failed> {
        self.passphrase_file.as_deref().map(read_passphrase).transpose()
    }

    fn text(&self) -> Result<Option<String>, Failed> {
        self.read()?;
        Ok(self.passphrase_file.as_ref().map(std::fs::read_to_string).transpose()?)
    }
}

/// Takes a backup: of the hub that runs, by itself; of one that does not, by this program.
pub(crate) fn backup_command(args: &BackupArgs) -> Result<ExitCode, Failed> {
    let data = &args.place.data;
    let to = std::path::absolute(&args.to)?;
    let ask = json!({ "ask": "backup-take", "to": to, "passphrase": args.words.text()? });
    let taken = match hatch::ask(data, &ask)? {
        Some(_) => wait(data, &to)?,
        None => json!(at_rest(data, &to, args.words.read()?.as_ref())?),
    };
    Ok(tell(&taken, args.json, said_of_taken))
}

fn at_rest(data: &Path, to: &Path, words: Option<&Passphrase>) -> Result<Taken, Failed> {
    let progress = Progress::default();
    std::thread::scope(|scope| {
        let taking = scope.spawn(|| take_at_rest(data, to, words, &progress));
        let mut line = Line::default();
        while !taking.is_finished() {
            std::thread::sleep(Duration::from_millis(20));
            line.of_rows(progress.rows.load(Ordering::Relaxed), progress.of_rows.load(Ordering::Relaxed));
        }
        line.end();
        taking.join().unwrap_or_else(|_| Err(Failed::new(1, "no backup was taken; the store can not be read")))
    })
}

/// Asks how far it is until it has ended.
fn wait(data: &Path, to: &Path) -> Result<Value, Failed> {
    let mut line = Line::default();
    let shown = to.display().to_string();
    loop {
        std::thread::sleep(Duration::from_millis(100));
        let mut state = hatch::ask_running(data, &json!({ "ask": "backup-state" }), "vigie-cloud")?;
        let running = &state["running"];
        if running["to"] == shown.as_str() {
            line.of_rows(running["rows"].as_u64().unwrap_or(0), running["of_rows"].as_u64().unwrap_or(0));
            continue;
        }
        line.end();
        if let Some(why) = state["failed"]["why"].as_str() {
            return Err(Failed::new(1, why.to_owned()));
        }
        if state["last"]["path"] != shown.as_str() {
            return Err(Failed::new(
                1,
                "the hub was asked for another backup meanwhile; see: vigie-cloud status --json",
            ));
        }
        return Ok(state["last"].take());
    }
}

fn said_of_taken(taken: &Value) -> String {
    let mut said = format!(
        "{}: {} rows and {} files of {}, {} bytes, in {} ms",
        taken["path"].as_str().unwrap_or_default(),
        taken["rows"],
        taken["files"],
        stamp(&taken["made_at_ms"]),
        taken["bytes"],
        taken["took_ms"],
    );
    if taken["sealed"] != true {
        said.push_str("\nnot sealed: whoever can read it has the hub's keys; keep it as you keep the hub, or use --passphrase-file");
    }
    if taken["damaged_rows"] != 0 {
        said.push_str(&format!(
            "\n{} rows are damaged, and went as they stand; see: vigie-cloud doctor",
            taken["damaged_rows"]
        ));
    }
    for path in taken["left_out"].as_array().into_iter().flatten() {
        said.push_str(&format!("\nleft out, too large to be the hub's: {path}"));
    }
    said
}

/// Reads a backup to its end.
pub(crate) fn verify_command(args: &VerifyArgs) -> Result<ExitCode, Failed> {
    let mut line = Line::default();
    let words = args.words.read()?;
    let checked = check::read(&args.from, words.as_ref(), |bytes| line.bytes(bytes), |_, _, _| Ok(()));
    line.end();
    let checked = checked?;
    let told = tell(&json!(checked), args.json, |_| said_of_checked("whole", &checked));
    Ok(if checked.damaged_rows == 0 { told } else { ExitCode::FAILURE })
}

/// Makes a data folder of a backup.
pub(crate) fn restore_command(args: &RestoreArgs) -> Result<ExitCode, Failed> {
    let mut line = Line::default();
    let now = NodeClock::new().now().utc;
    let words = args.words.read()?;
    let made = restore(&args.from, &args.data, words.as_ref(), now, |bytes| line.bytes(bytes));
    line.end();
    let checked = made?;
    let what = format!("{} is made", args.data.display());
    let next = "start it with: vigie-cloud run; nodes bring again what came since, as far as they keep it. \
        Nobody is signed in. What was revoked since the backup is to be revoked again";
    Ok(tell(&json!(checked), args.json, |_| format!("{}\n{next}", said_of_checked(&what, &checked))))
}

fn said_of_checked(what: &str, checked: &Checked) -> String {
    let mut said = format!(
        "{what}: the hub {} as of {}, written by version {}, {}; {} rows and {} files",
        checked.name,
        stamp(&json!(checked.made_at_ms)),
        checked.software,
        if checked.sealed { "sealed" } else { "not sealed" },
        checked.rows,
        checked.files,
    );
    if checked.damaged_rows != 0 {
        said.push_str(&format!("; {} rows were damaged before it was taken", checked.damaged_rows));
    }
    said
}

/// One line at a terminal that says how far it is; nothing elsewhere.
#[derive(Default)]
struct Line {
    told: Option<Instant>,
}

impl Line {
    fn of_rows(&mut self, rows: u64, of_rows: u64) {
        if of_rows > 0 {
            self.say(|| format!("{rows} of {of_rows} rows, {} %", rows.saturating_mul(100) / of_rows));
        }
    }

    fn bytes(&mut self, bytes: u64) {
        self.say(|| format!("{} MB", bytes / 1_000_000));
    }

    fn say(&mut self, text: impl FnOnce() -> String) {
        if self.told.is_some_and(|told| told.elapsed() < TELL_EVERY) || !std::io::stderr().is_terminal() {
            return;
        }
        self.told = Some(Instant::now());
        vigie_node::remark_text(format_args!("\r{}\x1b[K", text()));
    }

    fn end(&mut self) {
        if self.told.take().is_some() {
            vigie_node::remark_text(format_args!("\r\x1b[K"));
        }
    }
}
