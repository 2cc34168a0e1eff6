//! What of a job may nobody read but who carries it out?

use std::fmt;

use serde::{Deserialize, Serialize};

/// What was sealed by whoever asked for a job, as text: it is kept with the job, and is in no view of it.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sealed(String);

impl Sealed {
    /// Of what is sealed already.
    pub fn new(closed: String) -> Self {
        Self(closed)
    }

    /// As it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sealed")
    }
}
