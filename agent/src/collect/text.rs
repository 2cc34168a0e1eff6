//! How are the kernel's texts read without allocating?
//!
//! A file of procfs stays open and is read again from its start, into a buffer all collectors share. Parsers see only
//! whole lines: a number cut in half is a wrong number, so an unfinished last line does not exist for them.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use super::CollectError;

/// A kernel text above this is not read further: 4,000 disks or network interfaces fit, and a tick stays small.
const MAX_TEXT_BYTES: usize = 512 * 1024;

/// Room for the usual text; grows when a machine has more to say.
const FIRST_BYTES: usize = 8 * 1024;

/// One file of procfs or sysfs, opened once.
#[derive(Debug)]
pub(super) struct TextFile {
    path: PathBuf,
    file: Option<File>,
}

impl TextFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, file: None }
    }

    /// The whole text, read afresh into `scratch`.
    pub(super) fn read<'s>(&mut self, scratch: &'s mut Vec<u8>) -> Result<&'s [u8], CollectError> {
        let file = self.open()?;
        match read_whole(file, scratch) {
            Ok(Some(len)) if scratch[..len].ends_with(b"\n") => Ok(&scratch[..len]),
            Ok(Some(_)) => Err(CollectError::Cut { path: self.path.clone() }),
            Ok(None) => Err(CollectError::TooLong { path: self.path.clone(), limit: MAX_TEXT_BYTES }),
            Err(source) => {
                // Opened again next time: a file can outlive what it spoke of (a namespace, a device).
                self.file = None;
                Err(failed(&self.path, source))
            }
        }
    }

    /// The error of a text that was read and made no sense.
    pub(super) fn strange(&self) -> CollectError {
        CollectError::Strange { path: self.path.clone() }
    }

    fn open(&mut self) -> Result<&File, CollectError> {
        let file = match self.file.take() {
            Some(open) => open,
            None => File::open(&self.path).map_err(|source| failed(&self.path, source))?,
        };
        Ok(self.file.insert(file))
    }
}

/// Bytes read into the buffer, or `None` when there is more than a text should have.
fn read_whole(file: &File, scratch: &mut Vec<u8>) -> io::Result<Option<usize>> {
    let mut len = 0;
    loop {
        if len == scratch.len() {
            if len >= MAX_TEXT_BYTES {
                return Ok(None);
            }
            scratch.resize((len * 2).max(FIRST_BYTES), 0);
        }
        match file.read_at(&mut scratch[len..], len as u64) {
            Ok(0) => return Ok(Some(len)),
            Ok(more) => len += more,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

fn failed(path: &std::path::Path, source: io::Error) -> CollectError {
    let path = path.to_owned();
    match source.kind() {
        // A kernel without pressure figures has the files and says "not supported" when they are read.
        io::ErrorKind::NotFound | io::ErrorKind::Unsupported => CollectError::Absent { path },
        _ => CollectError::Read { path, source },
    }
}

/// The whole lines of a text, without their line ends.
pub(super) fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = text.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end);
    text[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}

/// The words of a line.
pub(super) fn words(line: &[u8]) -> impl Iterator<Item = &[u8]> {
    line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// A decimal number without sign, or nothing: no word that only begins with digits, none above 64 bits.
pub(super) fn number(word: &[u8]) -> Option<u64> {
    if word.is_empty() {
        return None;
    }
    word.iter().try_fold(0u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

/// A decimal number that may have a fraction.
pub(super) fn decimal(word: &[u8]) -> Option<f64> {
    std::str::from_utf8(word).ok()?.parse().ok().filter(|value: &f64| value.is_finite())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_is_read_afresh_each_time_through_one_open_handle() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("text");
        std::fs::write(&path, "first\n").expect("a write");
        let (mut file, mut scratch) = (TextFile::new(path.clone()), Vec::new());
        assert_eq!(file.read(&mut scratch).expect("readable"), b"first\n");
        std::fs::write(&path, "2nd\n").expect("a write");
        assert_eq!(file.read(&mut scratch).expect("readable"), b"2nd\n");
    }

    #[test]
    fn a_text_longer_than_the_buffer_is_read_whole() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("text");
        let long = "0123456\n".repeat(5_000);
        std::fs::write(&path, &long).expect("a write");
        assert_eq!(TextFile::new(path).read(&mut Vec::new()).expect("readable"), long.as_bytes());
    }

    #[test]
    fn a_missing_file_is_absent_and_a_cut_one_is_an_error() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("text");
        let mut file = TextFile::new(path.clone());
        assert!(matches!(file.read(&mut Vec::new()), Err(CollectError::Absent { .. })));
        std::fs::write(&path, "cpu 12").expect("a write");
        assert!(matches!(file.read(&mut Vec::new()), Err(CollectError::Cut { .. })));
    }

    #[test]
    fn an_unfinished_line_does_not_exist() {
        assert_eq!(lines(b"a\n\nb\nc").collect::<Vec<_>>(), [b"a", b"b"]);
        assert_eq!(lines(b"abc").count(), 0);
        assert_eq!(lines(b"").count(), 0);
    }

    #[test]
    fn only_whole_numbers_are_numbers() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for word in [&b"18446744073709551616"[..], b"", b"-1", b"12kB", b"0x1"] {
            assert_eq!(number(word), None);
        }
        assert_eq!(decimal(b"0.72"), Some(0.72));
        assert_eq!(decimal(b"nan"), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_reader_panic(text: Vec<u8>) {
            for line in lines(&text) {
                for word in words(line) {
                    let read = (number(word), decimal(word));
                    prop_assert!(read.0.is_none() || word.iter().all(u8::is_ascii_digit));
                }
            }
        }
    }
}
