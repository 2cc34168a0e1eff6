//! How is a node itself, for who stands before it?

use crate::Stamp;

/// What a relay says of itself on its own page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Own {
    /// When its program began.
    pub began: Stamp,
    /// Memory that the program holds, in bytes; nothing where the system does not say.
    pub memory_bytes: Option<u64>,
    /// Until when the certificate is valid by which others know it.
    pub certificate_until: Stamp,
    /// True time less this machine's clock, in ms, as the hub last told it; nothing where the hub has not since the program
    /// began.
    pub clock_off_ms: Option<i64>,
}
