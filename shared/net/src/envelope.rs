//! What is in these bytes, and which version of it? Type, version and length before every message of this crate.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Messages above this are refused before anything is allocated for them.
///
/// The largest is a list of revocations; an enrolment is under 4 KiB even with every address it may carry.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// Type (2 bytes), version (1), length (4), all big endian.
pub(crate) const HEADER_BYTES: usize = 7;

/// Which message, in which version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    pub(crate) number: u16,
    pub(crate) version: u8,
}

/// A message in its envelope.
pub(crate) fn seal<T: Serialize>(kind: Kind, message: &T) -> Result<Vec<u8>, EnvelopeError> {
    let mut bytes = vec![0; HEADER_BYTES];
    bytes[..2].copy_from_slice(&kind.number.to_be_bytes());
    bytes[2] = kind.version;
    let mut bytes = postcard::to_extend(message, bytes).map_err(|_| EnvelopeError::Unwritable)?;
    let length = bytes.len() - HEADER_BYTES;
    if length > MAX_MESSAGE_BYTES {
        return Err(EnvelopeError::TooLarge { bytes: length });
    }
    bytes[3..HEADER_BYTES].copy_from_slice(&u32::try_from(length).unwrap_or(u32::MAX).to_be_bytes());
    Ok(bytes)
}

/// Kind and body length that a header announces.
pub(crate) fn header(header: [u8; HEADER_BYTES]) -> Result<(Kind, usize), EnvelopeError> {
    let [a, b, version, rest @ ..] = header;
    let length = u32::from_be_bytes(rest) as usize;
    if length > MAX_MESSAGE_BYTES {
        return Err(EnvelopeError::TooLarge { bytes: length });
    }
    Ok((Kind { number: u16::from_be_bytes([a, b]), version }, length))
}

/// The message in a whole envelope, which must be of this kind, with nothing after it.
pub(crate) fn open<T: DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T, EnvelopeError> {
    let (found, body) = split(bytes)?;
    if found != kind {
        return Err(EnvelopeError::OtherKind { number: found.number, version: found.version });
    }
    let (message, rest) = postcard::take_from_bytes(body).map_err(|_| EnvelopeError::Damaged)?;
    if rest.is_empty() { Ok(message) } else { Err(EnvelopeError::Damaged) }
}

/// Kind and body of a whole envelope.
pub(crate) fn split(bytes: &[u8]) -> Result<(Kind, &[u8]), EnvelopeError> {
    let (head, body) = bytes.split_first_chunk::<HEADER_BYTES>().ok_or(EnvelopeError::Damaged)?;
    let (kind, length) = header(*head)?;
    if length == body.len() { Ok((kind, body)) } else { Err(EnvelopeError::Damaged) }
}

/// A message that could not be written or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// Longer than any message may be.
    #[error("a message of {bytes} bytes, the most is {MAX_MESSAGE_BYTES}")]
    TooLarge {
        /// How long it is, or claims to be.
        bytes: usize,
    },
    /// Another type or version than was expected.
    #[error("a message of type {number} version {version}, which is not expected here or not known to this program")]
    OtherKind {
        /// Its type.
        number: u16,
        /// Its version.
        version: u8,
    },
    /// The bytes do not make sense.
    #[error("a damaged message")]
    Damaged,
    /// Could not be written.
    #[error("a message that can not be written")]
    Unwritable,
}
