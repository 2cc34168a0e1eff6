//! Does a program that dies of a damaged file go on, or die of it for ever?
//!
//! A program of its own: it begins processes, and one that is just beginning holds for a moment what the program has open, so
//! that others' folders would seem to be in use.

#[path = "../store/common/mod.rs"]
mod common;

use std::path::Path;

use common::*;
use vigie_store::{Log, Options, Write};

/// The folder of the log that a process of its own opens and writes to.
const FOLDER: &str = "VIGIE_TEST_FOLDER";

/// As the agent does, which ends by any panic: nobody heals what it met then, and the file is not closed. Of some damage redb
/// panics twice, which ends any program.
#[test]
#[ignore = "is run by the next test, as a process of its own"]
fn writes_or_dies() {
    let folder = std::env::var(FOLDER).expect("a folder");
    std::panic::set_hook(Box::new(|_| std::process::abort()));
    // Too large to be looked at as a whole whenever a process died.
    let large = Options { check_up_to_bytes: 0, ..options() };
    let mut log = Log::open(Path::new(&folder), large).expect("it always opens").0;
    let machine = Machine::new(1);
    for mut work in [Vec::new(), segments(&machine).into_iter().map(Write::Segment).collect()] {
        work.push(machine.hello());
        if log.commit(work.clone()).is_err() {
            log.heal().expect("it is mended");
            log.commit(work).expect("and goes on");
        }
    }
}

#[test]
fn a_program_that_dies_of_a_damaged_page_does_not_die_of_it_for_ever() {
    let (machine, mut chance) = (Machine::new(1), Chance(13));
    let (mut died, mut most) = (0, 0);
    for laid_out in [false, true] {
        let image = written(&machine, laid_out);
        for flip in 0..300 {
            let bit = chance.below(image.len() as u64 * 8);
            let mut flipped = image.clone();
            flipped[(bit / 8) as usize] ^= 1 << (bit % 8);
            let folder = tempfile::tempdir().expect("a folder");
            std::fs::write(folder.path().join("log.redb"), flipped).expect("room");
            let deaths = (0..).take_while(|_| !writes(folder.path())).take(9).count();
            assert!(deaths <= 6, "flip {flip} of bit {bit}: it dies each time");
            (died, most) = (died + usize::from(deaths > 0), most.max(deaths));
        }
    }
    assert!(died > 0, "some damage is met by a writer first");
    println!("{died} of 600 flips ended the program, {most} times at most");
}

/// Whether a process of its own could.
fn writes(folder: &Path) -> bool {
    let mut process = std::process::Command::new(std::env::current_exe().expect("this program"));
    process.args(["writes_or_dies", "--exact", "--ignored"]).env(FOLDER, folder);
    process.output().expect("it runs").status.success()
}
