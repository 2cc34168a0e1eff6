//! Programs whose wall clock is wrong, by libfaketime (Debian's package `faketime`).

use std::path::{Path, PathBuf};

use crate::program::Program;

/// A wall clock that is off by so much, which can be changed while a program runs.
#[derive(Debug)]
pub struct WrongClock {
    library: PathBuf,
    said: PathBuf,
}

impl WrongClock {
    /// A clock that is right at first. `None`, said aloud, where libfaketime is not installed.
    pub fn new(said: &Path) -> Option<Self> {
        let folders = ["/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib", "/usr/lib64"];
        let library = folders.iter().map(|folder| Path::new(folder).join("faketime/libfaketime.so.1"));
        let Some(library) = library.into_iter().find(|path| path.is_file()) else {
            println!("not tried: libfaketime is not here (package faketime)");
            return None;
        };
        let clock = Self { library, said: said.to_owned() };
        clock.is_off_by("+0s");
        Some(clock)
    }

    /// From now on it is off by this: `+3h`, `-5d`, `+10y`.
    pub fn is_off_by(&self, offset: &str) {
        std::fs::write(&self.said, offset).expect("the offset can be written");
    }

    /// The program sees this clock from its next start on. Its timers go on as ever.
    pub fn give(&self, program: &mut Program) {
        program.say_env("LD_PRELOAD", &self.library.to_string_lossy());
        program.say_env("FAKETIME_TIMESTAMP_FILE", &self.said.to_string_lossy());
        program.say_env("FAKETIME_NO_CACHE", "1");
        program.say_env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    }
}
