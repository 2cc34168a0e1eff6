//! libFuzzer at one door, named by `VIGIE_DOOR`; `./deploy/fuzz-guided` builds and runs it.
#![no_main]

use std::sync::OnceLock;

use vigie_fuzz::{Door, door};

static CHOSEN: OnceLock<&'static Door> = OnceLock::new();

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let chosen = CHOSEN.get_or_init(|| {
        let name = std::env::var("VIGIE_DOOR").unwrap_or_default();
        door(&name).unwrap_or_else(|| panic!("VIGIE_DOOR names no door: {name:?}; vigie-fuzz --list names them"))
    });
    (chosen.knock)(bytes);
});
