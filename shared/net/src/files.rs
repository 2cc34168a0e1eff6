//! How is a small file kept so that a power cut leaves the old one or the new one, never half of each?

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::Path;

/// Files of an identity above this are not read.
///
/// A key, a certificate or a list of addresses is a few hundred bytes; anything larger is not ours.
const MAX_FILE_BYTES: u64 = 64 * 1024;

/// The bytes of a small file.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>, FileError> {
    let failed = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => FileError::Missing { path: path.display().to_string() },
        _ => FileError::Read { path: path.display().to_string(), source },
    };
    let mut bytes = Vec::new();
    File::open(path).map_err(failed)?.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(FileError::TooLarge { path: path.display().to_string() });
    }
    Ok(bytes)
}

/// Replaces a file that anyone may read.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes, 0o644)
}

/// Replaces a file that only its owner may read.
pub(crate) fn write_secret(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace(path, bytes, 0o600)
}

/// Makes a folder that only its owner may enter, unless it is there.
pub(crate) fn make_private_folder(path: &Path) -> Result<(), FileError> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path).map_err(|source| FileError::Write { path: path.display().to_string(), source })
}

fn replace(path: &Path, bytes: &[u8], mode: u32) -> Result<(), FileError> {
    let write = || {
        let fresh = path.with_extension("new");
        // A leftover of a crash may have other rights; `mode` below counts only for a file that is made.
        match fs::remove_file(&fresh) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
        #[cfg(not(unix))]
        let _ = mode;
        let mut file = options.open(&fresh)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&fresh, path)?;
        // The rename itself must survive the power cut too.
        #[cfg(unix)]
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            File::open(folder)?.sync_all()?;
        }
        Ok(())
    };
    write().map_err(|source| FileError::Write { path: path.display().to_string(), source })
}

/// A small file that could not be read or kept.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is not there.
    #[error("{path} is missing")]
    Missing {
        /// The file.
        path: String,
    },
    /// It is there and can not be read.
    #[error("could not read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// It is far larger than such a file can be.
    #[error("{path} is too large to be what it should be")]
    TooLarge {
        /// The file.
        path: String,
    },
    /// It could not be written; the old one, if any, is untouched.
    #[error("could not write {path}: {source}")]
    Write {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
}
