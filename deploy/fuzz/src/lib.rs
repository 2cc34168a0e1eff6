//! Does any door break when nonsense knocks?
//!
//! A [`Door`] is one place where bytes of others come in: frames, records, blocks, bodies, texts. Whatever the bytes are,
//! it answers or refuses: it never panics, never allocates more than its caps, and what it took it can write and read
//! again. [`knock`] tries seeded changes of good bytes on each, so that every test run tries the same; the program
//! `vigie-fuzz-guided` lets libFuzzer look for bytes that reach further.
#![forbid(unsafe_code)]

mod change;
mod doors;
mod good;

use std::panic::{AssertUnwindSafe, catch_unwind};

pub use doors::DOORS;

/// Bytes that a door is knocked at with, at most: a frame holds 256 KiB, but what breaks a reader fits in less.
pub const MAX_BYTES: usize = 16 * 1024;

/// Where bytes of others come in.
#[derive(Debug, Clone, Copy)]
pub struct Door {
    /// Its name, as `codec.frame`.
    pub name: &'static str,
    /// Bytes that it takes, to change.
    pub good: fn() -> Vec<Vec<u8>>,
    /// Hands it bytes. Panics when a promise is broken.
    pub knock: fn(&[u8]),
}

/// Bytes at which a door broke.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Broken {
    /// The door's name.
    pub door: &'static str,
    /// What it was handed.
    pub bytes: Vec<u8>,
}

/// The door of a name.
pub fn door(name: &str) -> Option<&'static Door> {
    DOORS.iter().find(|door| door.name == name)
}

/// Knocks so often, with good bytes first and then with changed ones; the same seed knocks the same.
///
/// # Errors
/// With the first bytes at which the door broke.
pub fn knock(door: &Door, seed: u64, times: u64) -> Result<(), Broken> {
    let good = (door.good)();
    let mut changer = change::Changer::new(seed, door.name);
    let changed = std::iter::repeat_with(|| changer.change(&good));
    for bytes in good.iter().cloned().chain(changed).take(usize::try_from(times).unwrap_or(usize::MAX)) {
        if catch_unwind(AssertUnwindSafe(|| (door.knock)(&bytes))).is_err() {
            return Err(Broken { door: door.name, bytes });
        }
    }
    Ok(())
}
