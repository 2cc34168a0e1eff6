//! A small file system that can be filled.

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A mounted tmpfs, gone when dropped.
#[derive(Debug)]
pub struct SmallDisk {
    at: PathBuf,
}

impl SmallDisk {
    /// Mounts one of so many kibibytes. `None`, said aloud, where this may not be done: it needs root.
    pub fn mount(at: &Path, kib: u64) -> Option<Self> {
        std::fs::create_dir_all(at).expect("a folder");
        let options = format!("size={kib}k,mode=0700");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "vigie-trial"]).arg(at).output();
        if done.as_ref().is_ok_and(|done| done.status.success()) {
            return Some(Self { at: at.to_owned() });
        }
        println!("not tried: no file system could be mounted ({done:?}); it needs root");
        None
    }

    /// Takes all that is free on it, in addition to what it took before.
    pub fn fill(&self) {
        let filler = OpenOptions::new().create(true).append(true).open(self.at.join("filler"));
        let mut filler = filler.expect("a file");
        let piece = [7; 4_096];
        while std::io::Write::write_all(&mut filler, &piece).is_ok() {}
    }

    /// Gives it back.
    pub fn empty(&self) {
        std::fs::remove_file(self.at.join("filler")).expect("it was filled");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a program that failed may still hold a file.
        drop(Command::new("umount").arg("-l").arg(&self.at).output());
    }
}
