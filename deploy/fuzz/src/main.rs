//! Knocks at every door with seeded changes of good bytes, and says at which bytes one broke.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::Parser;
use vigie_fuzz::{DOORS, Door, door, knock};

/// Hands changed and invented bytes to every reader of Vigie.
#[derive(Debug, Parser)]
#[command(name = "vigie-fuzz", version)]
struct Args {
    /// Only these doors; all if left out.
    doors: Vec<String>,
    /// How often at each.
    #[arg(long, default_value_t = 100_000)]
    times: u64,
    /// The same seed knocks the same.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Hands over what is in this file, once, instead.
    #[arg(long, value_name = "FILE")]
    bytes: Option<PathBuf>,
    /// Writes the good bytes of each door into a folder of its name below this one, and knocks at none.
    #[arg(long, value_name = "FOLDER")]
    write_good: Option<PathBuf>,
    /// Names the doors.
    #[arg(long)]
    list: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.list {
        DOORS.iter().for_each(|door| println!("{}", door.name));
        return ExitCode::SUCCESS;
    }
    let mut chosen: Vec<&Door> = Vec::new();
    for name in &args.doors {
        let Some(door) = door(name) else {
            eprintln!("vigie-fuzz: there is no door {name}; --list names them. Nothing was tried.");
            return ExitCode::from(2);
        };
        chosen.push(door);
    }
    if chosen.is_empty() {
        chosen.extend(DOORS);
    }
    let done = match (&args.bytes, &args.write_good) {
        (Some(file), _) => std::fs::read(file).map(|bytes| chosen.iter().for_each(|door| (door.knock)(&bytes))),
        (None, Some(folder)) => write_good(&chosen, folder),
        (None, None) => return all(&chosen, &args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("vigie-fuzz: {error}");
            ExitCode::from(2)
        }
    }
}

fn all(doors: &[&Door], args: &Args) -> ExitCode {
    let mut broken = false;
    for door in doors {
        let began = Instant::now();
        match knock(door, args.seed, args.times) {
            Ok(()) => println!("{:24} held {} times in {:.1} s", door.name, args.times, began.elapsed().as_secs_f64()),
            Err(at) => {
                broken = true;
                let file = format!("broken-{}", at.door);
                let written = std::fs::write(&file, &at.bytes).map_or_else(|error| error.to_string(), |()| file);
                println!("{:24} BROKE at {} bytes: {written}", door.name, at.bytes.len());
            }
        }
    }
    if broken { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn write_good(doors: &[&Door], folder: &std::path::Path) -> std::io::Result<()> {
    for door in doors {
        let folder = folder.join(door.name);
        std::fs::create_dir_all(&folder)?;
        for (at, bytes) in (door.good)().iter().enumerate() {
            std::fs::write(folder.join(format!("good-{at}")), bytes)?;
        }
    }
    Ok(())
}
