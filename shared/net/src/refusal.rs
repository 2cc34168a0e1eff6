//! Why did a conversation not begin, or why did it end, in words that a person understands?
//!
//! Translates QUIC and TLS codes both ways. What the far end says is cut short and stripped before anybody sees it.

use std::fmt;
use std::net::SocketAddr;

use quinn::{ConnectError, ConnectionError, VarInt};

/// Why a certificate was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Its time is over.
    #[error("expired")]
    Expired,
    /// The node is on the list of revocations.
    #[error("revoked")]
    Revoked,
    /// Nobody we trust signed it: it is self-signed, or of another deployment.
    #[error("not issued by this deployment's authority")]
    UnknownAuthority,
    /// It is good, and its node has no business here.
    #[error("{0}")]
    Unfit(String),
    /// There was none.
    #[error("none was shown")]
    NoCertificate,
    /// It is damaged, or its signature is wrong.
    #[error("damaged ({0})")]
    Damaged(String),
}

/// Why a connection was closed on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseCode {
    /// Nothing more to say; also a node that shuts down.
    Done,
    /// A newer connection of the same node took its place.
    Replaced,
    /// The other side broke the rules of the wire.
    Misbehaved,
    /// The dialler showed no certificate.
    NoCertificate,
    /// The node lost its rights while it was connected.
    Revoked,
    /// There is no room for another connection.
    Busy,
    /// The session above ended it, for the reason in the text.
    Session,
    /// A code that this version does not know.
    Other(u32),
}

impl CloseCode {
    pub(crate) fn to_wire(self) -> VarInt {
        VarInt::from_u32(match self {
            Self::Done => 0,
            Self::Replaced => 1,
            Self::Misbehaved => 2,
            Self::NoCertificate => 3,
            Self::Revoked => 4,
            Self::Busy => 5,
            Self::Session => 6,
            Self::Other(code) => code,
        })
    }

    fn from_wire(code: VarInt) -> Self {
        match code.into_inner() {
            0 => Self::Done,
            1 => Self::Replaced,
            2 => Self::Misbehaved,
            3 => Self::NoCertificate,
            4 => Self::Revoked,
            5 => Self::Busy,
            6 => Self::Session,
            other => Self::Other(u32::try_from(other).unwrap_or(u32::MAX)),
        }
    }
}

/// Why a connection is over.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Closed {
    /// The other side refused our certificate.
    #[error("the other side refused our certificate: {0}")]
    Refused(Refusal),
    /// We refused theirs.
    #[error("we refused the certificate of the other side: {0}")]
    RefusedByUs(Refusal),
    /// The other side closed it on purpose.
    #[error("the other side closed the connection: {text}")]
    ByPeer {
        /// The kind of reason.
        code: CloseCode,
        /// What it said; shortened and stripped.
        text: String,
    },
    /// This side closed it on purpose.
    #[error("closed here: {text}")]
    Here {
        /// The kind of reason.
        code: CloseCode,
        /// The reason.
        text: String,
    },
    /// The other side has no room for us now.
    #[error("the other side refuses new connections for now")]
    Busy,
    /// Nothing was heard for the idle timeout.
    #[error("nothing was heard from the other side for too long")]
    Silent,
    /// The other side speaks no protocol of ours.
    #[error("the other side does not speak this version of Vigie's protocol")]
    OtherProtocol,
    /// It lost all memory of the connection: it restarted.
    #[error("the other side restarted")]
    Restarted,
    /// Anything else that transport may say.
    #[error("the connection broke: {0}")]
    Broken(String),
}

impl From<ConnectionError> for Closed {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::TransportError(e) => from_code(u64::from(e.code), &e.reason, Self::RefusedByUs),
            ConnectionError::ConnectionClosed(close) => {
                from_code(u64::from(close.error_code), &plain(&close.reason), Self::Refused)
            }
            ConnectionError::ApplicationClosed(close) => match CloseCode::from_wire(close.error_code) {
                CloseCode::NoCertificate => Self::Refused(Refusal::NoCertificate),
                CloseCode::Revoked => Self::Refused(Refusal::Revoked),
                CloseCode::Busy => Self::Busy,
                code => Self::ByPeer { code, text: plain(&close.reason) },
            },
            ConnectionError::Reset => Self::Restarted,
            ConnectionError::TimedOut => Self::Silent,
            ConnectionError::LocallyClosed => Self::Here { code: CloseCode::Done, text: "no longer needed".to_owned() },
            ConnectionError::VersionMismatch => Self::OtherProtocol,
            ConnectionError::CidsExhausted => Self::Broken("no connection ids are left".to_owned()),
        }
    }
}

/// QUIC's own code for a server that wants no new connection.
const CONNECTION_REFUSED: u64 = 2;
/// Where TLS alerts begin among QUIC's codes (RFC 9001, 4.8).
const CRYPTO: u64 = 0x100;

fn from_code(code: u64, reason: &str, refused: impl Fn(Refusal) -> Closed) -> Closed {
    let reason = said(reason);
    match code {
        CONNECTION_REFUSED => Closed::Busy,
        // no_application_protocol
        code if code == CRYPTO + 120 => Closed::OtherProtocol,
        code if code == CRYPTO + 44 => refused(Refusal::Revoked),
        code if code == CRYPTO + 45 => refused(Refusal::Expired),
        code if code == CRYPTO + 48 => refused(Refusal::UnknownAuthority),
        code if code == CRYPTO + 116 => refused(Refusal::NoCertificate),
        // certificate_unknown and access_denied carry our own verdicts, unsupported_certificate is a wrong usage.
        code if code == CRYPTO + 46 || code == CRYPTO + 49 => refused(Refusal::Unfit(reason)),
        code if code == CRYPTO + 43 => refused(Refusal::Unfit(format!("wrong role: {reason}"))),
        code if code == CRYPTO + 42 || code == CRYPTO + 51 => refused(Refusal::Damaged(reason)),
        other => Closed::Broken(if reason.is_empty() { format!("code {other:#x}") } else { reason }),
    }
}

/// A verdict of ours on its way through rustls, which prints foreign errors by their `Debug` form only.
pub(crate) struct Verdict(pub(crate) String);

const VERDICT_BEGINS: &str = "invalid peer certificate: Other(OtherError(";
const VERDICT_ENDS: &str = "))";

/// The verdict in what rustls made of it.
fn said(reason: &str) -> String {
    let inner = reason.strip_prefix(VERDICT_BEGINS).and_then(|rest| rest.strip_suffix(VERDICT_ENDS));
    inner.or_else(|| reason.strip_prefix("invalid peer certificate: ")).unwrap_or(reason).to_owned()
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Verdict {}

/// What the far end said, fit for a log: short, and without anything that moves a cursor.
pub(crate) fn plain(bytes: &[u8]) -> String {
    const MOST: usize = 300;
    String::from_utf8_lossy(bytes).chars().filter(|c| !c.is_control() && !is_bidi(*c)).take(MOST).collect()
}

/// Marks that reorder text on screen, with which one line could pretend to be another.
fn is_bidi(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// An attempt to reach another node that failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DialError {
    /// The name has no address now.
    #[error("could not find the address of {target}: {why}")]
    Resolve {
        /// What was to be resolved.
        target: String,
        /// What the resolver said.
        why: String,
    },
    /// This machine has no way to that address.
    #[error("could not dial {address}: {why}")]
    NoRoute {
        /// The address.
        address: SocketAddr,
        /// What the system said.
        why: String,
    },
    /// Nobody answered in time.
    #[error("{address} did not answer in time")]
    NoAnswer {
        /// The address.
        address: SocketAddr,
    },
    /// Somebody answered, and it ended before it began.
    #[error("{address}: {closed}")]
    Closed {
        /// The address.
        address: SocketAddr,
        /// Why.
        closed: Closed,
    },
    /// Our own certificate or key can not be used.
    #[error("our own certificate can not be used: {0}")]
    Ourselves(String),
}

impl DialError {
    /// Whether the two sides met and one refused the other: trying again soon will not help.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Closed { closed, .. } => {
                matches!(closed, Closed::Refused(_) | Closed::RefusedByUs(_) | Closed::OtherProtocol)
            }
            Self::Ourselves(_) => true,
            Self::Resolve { .. } | Self::NoRoute { .. } | Self::NoAnswer { .. } => false,
        }
    }

    pub(crate) fn connect(address: SocketAddr, error: &ConnectError) -> Self {
        Self::NoRoute { address, why: error.to_string() }
    }

    pub(crate) fn closed(address: SocketAddr, error: ConnectionError) -> Self {
        match error {
            ConnectionError::TimedOut => Self::NoAnswer { address },
            other => Self::Closed { address, closed: other.into() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_after_the_wire() {
        for code in [0, 1, 2, 3, 4, 5, 6, 7, 99] {
            let code = CloseCode::from_wire(VarInt::from_u32(code));
            assert_eq!(CloseCode::from_wire(code.to_wire()), code);
        }
    }

    #[test]
    fn what_the_far_end_says_can_not_move_the_cursor() {
        assert_eq!(plain("a\u{1b}[2J\nb\u{202e}c".as_bytes()), "a[2Jbc");
        assert_eq!(plain(&[b'x'; 9_999]).len(), 300);
    }

    #[test]
    fn a_verdict_is_read_out_of_what_rustls_makes_of_it() {
        let verdict = rustls::OtherError(std::sync::Arc::new(Verdict("wrong role: (a)".to_owned())));
        let error = rustls::Error::InvalidCertificate(rustls::CertificateError::Other(verdict));
        assert_eq!(said(&error.to_string()), "wrong role: (a)");
    }
}
