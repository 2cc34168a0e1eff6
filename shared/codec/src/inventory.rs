//! How do the facts of a machine stand in its rows? Version 1; a new shape gets the next number and stands beside it.
//!
//! One row for each [`Word`](vigie_model::inventory::Word), under `client/site/fact/{machine}/{word}`.

use serde::Serialize;
use serde::de::DeserializeOwned;
use vigie_model::UtcMs;
use vigie_model::inventory::Observed;

/// Bytes of one value: what a row holds, less what stands around it.
pub const MAX_BYTES: usize = 3_400;

/// Bytes of one text; longer ones are cut.
pub const MAX_TEXT_BYTES: usize = 96;

const VERSION: u8 = 1;

/// The bytes of a value.
pub fn write<T: Serialize>(fact: &Observed<T>) -> Vec<u8> {
    // Writing texts and numbers to memory does not fail; an empty value reads as none.
    postcard::to_stdvec(&(VERSION, fact)).unwrap_or_default()
}

/// As [`write()`], leaving out the last ones of a list that would not fit in a row.
pub fn write_list<T: Serialize>(at: UtcMs, mut what: Vec<T>) -> (Observed<Vec<T>>, Vec<u8>) {
    loop {
        let fact = Observed { at, what };
        let bytes = write(&fact);
        if bytes.len() <= MAX_BYTES || fact.what.is_empty() {
            return (fact, bytes);
        }
        what = fact.what;
        what.pop();
    }
}

/// The value in these bytes; none when it is of a version that this program does not know, or is no such value.
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Option<Observed<T>> {
    let (version, body) = bytes.split_first()?;
    let (fact, rest) = postcard::take_from_bytes(body).ok()?;
    (*version == VERSION && rest.is_empty()).then_some(fact)
}

/// A text of a machine, cut to what a row holds; none when it is empty.
pub fn text(said: &str) -> Option<String> {
    let said: String = said.trim().chars().filter(|letter| !letter.is_control()).collect();
    let cut = (0..=MAX_TEXT_BYTES.min(said.len())).rev().find(|at| said.is_char_boundary(*at)).unwrap_or(0);
    let said = said[..cut].trim_end();
    (!said.is_empty()).then(|| said.to_owned())
}

#[cfg(test)]
mod tests {
    use vigie_model::inventory::{Disk, Form, System};

    use super::*;

    #[test]
    fn the_bytes_of_version_1_stay_as_they_are() {
        let system = System {
            host: Some("till-3".to_owned()),
            arch: "x86_64".to_owned(),
            cpus: Some(4),
            memory_bytes: Some(1 << 32),
            form: Form::Virtual(Some("kvm".to_owned())),
            ..System::default()
        };
        let fact = Observed { at: UtcMs(1_790_000_000_000), what: system };
        let bytes = write(&fact);
        let known = "0180b083c59868010674696c6c2d33000000067838365f36340001040180808080100201036b766d0000";
        assert_eq!(bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), known);
        assert_eq!(read(&bytes), Some(fact));
    }

    #[test]
    fn a_list_that_does_not_fit_loses_its_last_ones() {
        let disk = |number: u32| Disk {
            name: format!("disk-{number}"),
            model: Some("m".repeat(MAX_TEXT_BYTES)),
            size_bytes: 1,
            rotational: None,
        };
        let (fact, bytes) = write_list(UtcMs(0), (0..200).map(disk).collect());
        assert!(bytes.len() <= MAX_BYTES && fact.what.len() > 20, "{} of {}", fact.what.len(), bytes.len());
        assert_eq!(read(&bytes), Some(fact));
    }

    #[test]
    fn nothing_that_is_no_value_is_read_as_one() {
        assert_eq!(read::<System>(&[]), None);
        assert_eq!(read::<System>(&[2, 0, 0]), None);
        assert_eq!(text("  \u{1b}[31m "), Some("[31m".to_owned()));
        assert_eq!(text(" \n"), None);
    }
}
