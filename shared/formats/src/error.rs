//! Why was nothing of a batch kept?

use std::fmt;

/// A batch that was refused whole: nothing of it was kept, and the sender must not send the same bytes again.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The body, packed or unpacked, is larger than [`crate::Limits::body_bytes`].
    #[error("the body is {found} bytes unpacked and at most {cap} are taken; nothing of it was kept")]
    BodyTooLarge {
        /// Bytes it says it has unpacked.
        found: u64,
        /// Bytes that are taken.
        cap: usize,
    },
    /// The body is not Snappy's block format.
    #[error("the body can not be unpacked as a snappy block ({why}); nothing of it was kept")]
    Snappy {
        /// What the unpacker found.
        why: String,
    },
    /// More of something than a cap of the whole batch allows.
    #[error("the batch has more than {cap} {what} ({at}); nothing of it was kept")]
    TooMany {
        /// What there is too much of.
        what: Counted,
        /// How many are taken.
        cap: usize,
        /// Where the first too many stands.
        at: Place,
    },
    /// The bytes are not the format they should be.
    #[error("{what} at {at}; nothing of the batch was kept")]
    Malformed {
        /// What is wrong there.
        what: &'static str,
        /// Where.
        at: Place,
    },
    /// The body is not JSON of the right shape.
    #[error("not a JSON metrics request ({why}); nothing of it was kept")]
    Json {
        /// What the reader said, with its line and column.
        why: String,
    },
}

impl DecodeError {
    /// The HTTP status that tells the sender: 413 for too much, 400 for bytes that can not be read.
    ///
    /// Both end the sender's tries; a batch that should be tried again is the business of whoever stores it.
    pub fn status(&self) -> u16 {
        match self {
            Self::BodyTooLarge { .. } | Self::TooMany { .. } => 413,
            Self::Snappy { .. } | Self::Malformed { .. } | Self::Json { .. } => 400,
        }
    }
}

/// What a cap of the whole batch counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Counted {
    /// Series.
    Series,
    /// Families of metadata.
    Families,
    /// Samples.
    Samples,
    /// Bytes of label text.
    TextBytes,
    /// Symbols of a remote write 2.0 table.
    Symbols,
    /// Parts of an OpenTelemetry request: resources, scopes, metrics, attributes, points, buckets.
    Parts,
}

impl fmt::Display for Counted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Series => "series",
            Self::Families => "families of metadata",
            Self::Samples => "samples",
            Self::TextBytes => "bytes of label text",
            Self::Symbols => "symbols",
            Self::Parts => "resources, metrics, attributes, points and buckets",
        })
    }
}

/// Where in a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A byte of the unpacked body, from 0.
    Byte(usize),
    /// A line of a text, from 1.
    Line(usize),
    /// A series of the batch, from 0.
    Series(usize),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Byte(at) => write!(f, "byte {at}"),
            Self::Line(at) => write!(f, "line {at}"),
            Self::Series(at) => write!(f, "series {at}"),
        }
    }
}
