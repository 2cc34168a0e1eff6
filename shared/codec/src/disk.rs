//! The envelope of every record on disk.
//!
//! `kind, version, body, checksum`. redb does not check what it reads back: a flipped bit is served as it stands. The
//! checksum covers the key too, so that a record in the wrong place is as wrong as a record with a wrong bit.

/// Bytes of the checksum: the first eight of BLAKE3. Against chance, not against an enemy with the disk in hand; segments
/// and statements carry signatures for that.
const CHECKSUM_BYTES: usize = 8;

/// What a record holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Kind {
    /// A loose [`Tick`](vigie_model::Tick).
    Tick = 1,
    /// A [`Segment`](crate::segment::Segment).
    Segment = 2,
    /// A [`SignedStatement`](crate::statement::SignedStatement).
    Statement = 3,
    /// A [`SeriesDef`](vigie_model::SeriesDef).
    Series = 4,
    /// What a node knows of a stream.
    Stream = 5,
    /// Anything small and single.
    Note = 6,
    /// Ticks laid out by series: a [`Head`](crate::columns::Head) or a leaf.
    Columns = 7,
    /// What minutes and hours of series come down to.
    Rollup = 8,
}

/// A record that can not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DamagedError {
    /// Shorter than an envelope, or its checksum is wrong.
    #[error("the record fails its checksum")]
    Checksum,
    /// Of another kind.
    #[error("the record is of another kind")]
    Kind,
    /// Written by a later version of Vigie.
    #[error("the record has version {0}, which this program does not know")]
    Version(u8),
    /// The checksum is right and the body is still nothing we know.
    #[error("the record has the right checksum and an unknown shape")]
    Shape,
}

/// Wraps a body for the place `key`.
pub fn wrap(kind: Kind, version: u8, key: &[u8], body: &[u8]) -> Vec<u8> {
    let mut record = Vec::with_capacity(body.len() + 2 + CHECKSUM_BYTES);
    record.extend([kind as u8, version]);
    record.extend(body);
    record.extend(checksum(key, &record));
    record
}

/// The version and body of the record found at `key`.
///
/// # Errors
/// When the record is damaged or of another kind.
pub fn unwrap<'a>(kind: Kind, key: &[u8], record: &'a [u8]) -> Result<(u8, &'a [u8]), DamagedError> {
    let at = record.len().checked_sub(CHECKSUM_BYTES).filter(|at| *at >= 2).ok_or(DamagedError::Checksum)?;
    let (inner, sum) = record.split_at(at);
    if checksum(key, inner) != sum {
        return Err(DamagedError::Checksum);
    }
    if inner[0] != kind as u8 {
        return Err(DamagedError::Kind);
    }
    Ok((inner[1], &inner[2..]))
}

/// Wraps a value in the one shape of version 1.
pub fn write<T: serde::Serialize>(kind: Kind, key: &[u8], value: &T) -> Vec<u8> {
    // Writing to memory does not fail; an empty body would be refused as damaged when read.
    wrap(kind, 1, key, &postcard::to_stdvec(value).unwrap_or_default())
}

/// Reads a value that [`write()`] wrote.
///
/// # Errors
/// When the record is damaged, of another kind or of a later version.
pub fn read<T: serde::de::DeserializeOwned>(kind: Kind, key: &[u8], record: &[u8]) -> Result<T, DamagedError> {
    match unwrap(kind, key, record)? {
        (1, body) => postcard::from_bytes(body).map_err(|_| DamagedError::Shape),
        (later, _) => Err(DamagedError::Version(later)),
    }
}

fn checksum(key: &[u8], inner: &[u8]) -> [u8; CHECKSUM_BYTES] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(inner);
    let mut sum = [0; CHECKSUM_BYTES];
    hasher.finalize_xof().fill(&mut sum);
    sum
}
