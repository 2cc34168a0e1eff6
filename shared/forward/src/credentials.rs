//! Who are we to a receiver? Nothing of it is ever shown.

use std::fmt;
use std::path::PathBuf;

use hyper::header::HeaderValue;

/// Credentials stand in files: a configuration is shown to more people than a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Credentials {
    /// None are asked for.
    None,
    /// A bearer token (RFC 6750).
    Bearer(PathBuf),
    /// User and password (RFC 7617).
    Basic(String, PathBuf),
}

/// What is said to a receiver, and never to anybody else.
#[derive(Clone, Default)]
pub(crate) struct Said {
    header: Option<HeaderValue>,
    /// As it stands in the file, to be struck out of whatever a receiver says.
    secret: String,
}

impl Credentials {
    /// Reads what is to be said. It is read again after each failure, so that a token may be replaced.
    pub(crate) fn read(&self) -> Result<Said, String> {
        let (path, user) = match self {
            Self::None => return Ok(Said::default()),
            Self::Bearer(path) => (path, None),
            Self::Basic(user, path) => (path, Some(user)),
        };
        let text =
            std::fs::read_to_string(path).map_err(|error| format!("{} can not be read: {error}", path.display()))?;
        let secret = text.trim().to_owned();
        if secret.is_empty() {
            return Err(format!("{} is empty", path.display()));
        }
        let said = match user {
            None => format!("Bearer {secret}"),
            Some(user) => {
                let pair = format!("{user}:{secret}");
                format!("Basic {}", data_encoding::BASE64.encode(pair.as_bytes()))
            }
        };
        let mut header =
            HeaderValue::try_from(said).map_err(|_| format!("{} holds what no header can say", path.display()))?;
        header.set_sensitive(true);
        Ok(Said { header: Some(header), secret })
    }
}

impl Said {
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.header.clone()
    }

    /// A receiver's text without our secret in it: some repeat what they were told.
    pub(crate) fn strike(&self, text: &str) -> String {
        if self.secret.is_empty() { text.to_owned() } else { text.replace(&self.secret, "…") }
    }
}

impl fmt::Debug for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Said(…)")
    }
}
