//! What stands in the file that brings a relay's samples and rows to the hub by hand?
//!
//! A head that says whose it is, then parts, then an end. A part holds frames, as two nodes say them; it bears its length,
//! its digest and its relay's signature over its place, so that it is told which part is torn or changed, and each part
//! can be believed before the next one is read. Knows nothing of what frames mean, and keeps one part in memory.

mod error;
mod read;
mod write;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use vigie_model::{NodeId, Slug, UtcMs};

pub use error::{CarriedError, NotWritten};
pub use read::Reader;
pub use write::Writer;

/// The first bytes of each.
const MAGIC: &[u8; 10] = b"VIGIECARRY";

/// The shape of what follows; never edited, only followed by another.
const FORMAT: u8 = 1;

/// A head is some names and keys.
const MAX_HEAD_BYTES: usize = 4 * 1024;

/// A name is cut there: it is for people.
const MAX_NAME_BYTES: usize = 256;

/// Frames are gathered until a part is this large: a signature then costs nothing beside it, and what a flipped bit takes
/// with it is a second of a slow line.
const PART_BYTES: usize = 256 * 1024;

/// What a part may have at most: it is full before a frame of the largest size comes, and one of those fits beside.
const MAX_PART_BYTES: usize = 1024 * 1024;

/// Kind, length, digest, signature.
const PART_HEAD_BYTES: usize = 1 + 4 + 32 + 64;

/// Whose file it is, and of when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// The relay that wrote it.
    pub relay: NodeId,
    /// Its public key, of which its id is the hash.
    pub key: [u8; 32],
    /// Whose relay it is.
    pub client: Slug,
    /// Where it stands.
    pub site: Slug,
    /// Its host name, for people.
    pub name: String,
    /// Its version of Vigie, for people.
    pub software: String,
    /// The key of the hub that it is for.
    pub hub_key: [u8; 32],
    /// The life of the relay's store.
    pub store_epoch: u64,
    /// When it was begun, by the relay's clock.
    pub made_at: UtcMs,
}

/// The last part: that nothing is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct End {
    /// Parts before this one.
    pub parts: u64,
    /// Ticks in all of them.
    pub ticks: u64,
    /// Rows in all of them.
    pub rows: u64,
}

/// One part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// Frames about streams and their ticks.
    Samples(Vec<Vec<u8>>),
    /// Frames about rows.
    Rows(Vec<Vec<u8>>),
    /// Nothing follows.
    End(End),
}

/// What a part holds, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Samples = 1,
    Rows = 2,
    End = 3,
}

impl Kind {
    fn of(number: u8) -> Option<Self> {
        [Self::Samples, Self::Rows, Self::End].into_iter().find(|kind| *kind as u8 == number)
    }
}

fn sign_head(key: &SigningKey, bytes: &[u8]) -> [u8; 64] {
    key.sign(&head_hash(bytes)).to_bytes()
}

fn head_hash(bytes: &[u8]) -> [u8; 32] {
    blake3::derive_key("vigie carried head v1", bytes)
}

/// What is signed of a part: nobody can put it at another place, or into another file.
fn part_hash(head: &[u8; 32], place: u64, kind: u8, len: u32, digest: &[u8; 32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key("vigie carried part v1");
    hasher.update(head).update(&place.to_be_bytes()).update(&[kind]).update(&len.to_be_bytes()).update(digest);
    *hasher.finalize().as_bytes()
}

fn is_signed(key: &VerifyingKey, hash: &[u8; 32], signature: &[u8; 64]) -> bool {
    key.verify_strict(hash, &Signature::from_bytes(signature)).is_ok()
}

#[cfg(test)]
mod tests;
