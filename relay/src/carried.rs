//! `vigie-relay carry-out`: what waits for the hub, in a file.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use serde_json::{Value, json};
use vigie_node::hatch::{self, Long};
use vigie_node::{CarryOut, Failed};
use vigie_serve::CarriesOut;

use crate::cli::Place;

/// What the running relay is asked.
const ASK: &str = "carry-out";

/// Which file.
#[derive(Debug, Args)]
pub(crate) struct CarryOutArgs {
    /// The file to write; it must not be there yet. It is not encrypted: keep it as you keep the relay.
    file: PathBuf,
    #[command(flatten)]
    place: Place,
    /// Answer in JSON.
    #[arg(long)]
    json: bool,
}

/// As the page hands it out.
pub(crate) struct WrittenDown(pub(crate) CarryOut);

impl CarriesOut for WrittenDown {
    fn write(&self, out: &mut dyn Write) -> Result<(), String> {
        self.0.write(out).map(drop).map_err(|error| error.to_string())
    }
}

/// What the command line fetches.
pub(crate) fn long(request: &Value, carry: &CarryOut) -> Option<Long> {
    let carry = carry.clone();
    let give = move |out: &mut dyn Write| match carry.write(out) {
        Ok(written) => Ok(json!(written)),
        Err(error) => Err(Failed::new(1, format!("{error}; nothing was changed at this relay"))),
    };
    (request["ask"] == ASK).then(|| Long::Gives(Box::new(give)))
}

/// Has the relay that runs write the file.
pub(crate) fn command(args: &CarryOutArgs) -> Result<ExitCode, Failed> {
    if args.file.exists() {
        let text = format!("there is a file {} already; name another; nothing was written", args.file.display());
        return Err(Failed::new(2, text));
    }
    let part = part_of(&args.file);
    let written = fetch(args, &part).inspect_err(|_| {
        // Of a file that is not whole nothing is kept, if it was begun at all.
        drop(std::fs::remove_file(&part));
    })?;
    show(args, &written);
    Ok(ExitCode::SUCCESS)
}

/// Under another name until it is whole: nobody carries a part.
fn part_of(file: &Path) -> PathBuf {
    let mut name = file.file_name().unwrap_or_default().to_owned();
    name.push(".part");
    file.with_file_name(name)
}

fn fetch(args: &CarryOutArgs, part: &Path) -> Result<Value, Failed> {
    let not_written = |error: std::io::Error| {
        let next = "make room there, or name another; nothing was changed at this relay";
        Failed::new(1, format!("the file {} can not be written: {error}; {next}", args.file.display()))
    };
    let mut out: File = OpenOptions::new().write(true).create(true).truncate(true).open(part).map_err(not_written)?;
    let written = hatch::fetch(&args.place.data, &json!({ "ask": ASK }), &mut out, "vigie-relay")?;
    // Whoever pulls the stick right after the answer has all of it.
    out.sync_all().map_err(not_written)?;
    std::fs::rename(part, &args.file).map_err(not_written)?;
    Ok(written)
}

fn show(args: &CarryOutArgs, written: &Value) {
    if args.json {
        vigie_node::say!("{written}");
        return;
    }
    vigie_node::say!(
        "{}: {} ticks of {} streams and {} rows that the hub has not said to have, {} bytes",
        args.file.display(),
        written["ticks"],
        written["streams"],
        written["rows"],
        written["bytes"]
    );
    vigie_node::say!(
        "at the hub: vigie-cloud carry-in FILE, or its page of this site; what waits here stays until the hub is heard"
    );
}
