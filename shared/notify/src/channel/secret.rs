//! What must never be shown?

use std::fmt;
use std::path::Path;

/// The longest secret file: keys and passwords are short.
const MAX_SECRET_BYTES: u64 = 4_096;

/// The shortest part of an address that is taken for a secret: hosts and versions that are as long are struck too, which
/// harms nobody.
const SECRET_PART: usize = 8;

/// A secret as it stands in its file. It shows itself to nobody who does not ask by name.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret(String);

impl Secret {
    /// Reads it anew, so that it may be replaced at any time.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let wrong = |why: &dyn fmt::Display| format!("{} can not be read: {why}", path.display());
        let size = std::fs::metadata(path).map_err(|error| wrong(&error))?.len();
        if size > MAX_SECRET_BYTES {
            return Err(wrong(&"it is too long for a secret"));
        }
        let text = std::fs::read_to_string(path).map_err(|error| wrong(&error.kind()))?;
        let secret = text.trim();
        if secret.is_empty() { Err(format!("{} is empty", path.display())) } else { Ok(Self(secret.to_owned())) }
    }

    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }

    /// What somebody said, without the secret in it: some repeat what they were told.
    pub(crate) fn strike(&self, said: &str) -> String {
        said.replace(&self.0, "…")
    }
}

impl Secret {
    /// As [`Secret::strike`], and where the secret is an address, without the parts of it that open what it leads to.
    pub(crate) fn strike_all(&self, said: &str) -> String {
        let parts = self.0.split(['/', '?', '&', '=']).filter(|part| part.len() >= SECRET_PART);
        let is_address = self.0.contains("://");
        parts.filter(|_| is_address).fold(self.strike(said), |said, part| said.replace(part, "…"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_read_shown_to_nobody_and_struck_from_answers() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        std::fs::write(&path, " hunter2\n").expect("written");
        let secret = Secret::read(&path).expect("it is there");
        assert_eq!(secret.reveal(), "hunter2");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.strike("bad password hunter2!"), "bad password …!");
    }

    #[test]
    fn a_file_that_holds_no_secret_is_refused_by_its_name() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("secret");
        assert!(Secret::read(&path).expect_err("it is not there").contains("secret"));
        std::fs::write(&path, "\n").expect("written");
        assert!(Secret::read(&path).expect_err("it is empty").contains("empty"));
        std::fs::write(&path, "x".repeat(5_000)).expect("written");
        assert!(Secret::read(&path).expect_err("it is long").contains("too long"));
    }
}
