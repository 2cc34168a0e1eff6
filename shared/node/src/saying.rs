//! How does a command speak to the person who ran it, who may have stopped listening?
//!
//! Whoever reads the first lines of an answer and goes has what they wanted: the command ends then, without a word, as programs
//! do that a closed pipe ends. A daemon says nothing here: it writes to its log.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write, stderr, stdout};

/// The exit code of a command whose reader has gone: what shells say of a program that a closed pipe ended.
pub const READER_GONE: u8 = 141;

/// Writes a line of an answer, as `println!` does, to a reader who may have gone: see [`say_line`].
#[macro_export]
macro_rules! say {
    ($($said:tt)*) => { $crate::say_line(::core::format_args!($($said)*)) };
}

/// Writes a line of what is no answer, as `eprintln!` does, to a reader who may have gone: see [`remark_line`].
#[macro_export]
macro_rules! remark {
    ($($said:tt)*) => { $crate::remark_line(::core::format_args!($($said)*)) };
}

/// Writes a line of an answer to stdout. Where nobody reads it, or it can not be written, the program ends: see [`unwritten`].
pub fn say_line(line: Arguments<'_>) {
    let mut out = stdout().lock();
    if let Err(error) = writeln!(out, "{line}").and_then(|()| out.flush()) {
        drop(out);
        unwritten(&error);
    }
}

/// Writes a line to stderr. That nobody reads it changes nothing.
pub fn remark_line(line: Arguments<'_>) {
    remark_text(format_args!("{line}\n"));
}

/// Writes a part of a line to stderr. That nobody reads it changes nothing.
pub fn remark_text(text: Arguments<'_>) {
    let mut out = stderr().lock();
    // Nobody is left to tell.
    drop(out.write_fmt(text).and_then(|()| out.flush()));
}

/// Ends the program whose answer can not be written: without a word where its reader has gone, else with why, as a full disk.
pub fn unwritten(error: &std::io::Error) -> ! {
    let gone = error.kind() == ErrorKind::BrokenPipe;
    if !gone {
        remark_line(format_args!("error: the answer could not be written, and is not whole: {error}"));
    }
    std::process::exit(if gone { i32::from(READER_GONE) } else { 1 })
}
