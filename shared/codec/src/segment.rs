//! A block that its agent signed: what is stored at agent, relay and hub, and what anyone can check.

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use serde::{Deserialize, Serialize};
use vigie_model::{NodeId, Seq, StreamId, Tick, UtcMs};

use crate::block::{self, TickError};
use crate::schema::SchemaHash;

/// Bytes of a block from which an agent seals. Just under a power of two with room for the header, because redb keeps
/// values in pages of powers of two.
pub const TARGET_BODY_BYTES: usize = 16_000;

/// Bytes of a segment's body that are accepted at all. One tick of [`block::MAX_SERIES`] exact values is 600 kB; what an
/// agent of Vigie seals stays under a tenth of this.
pub const MAX_BODY_BYTES: usize = 200 * 1024;

/// What is signed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Whose.
    pub stream: StreamId,
    /// First tick.
    pub first: Seq,
    /// Last tick, included; all between are there.
    pub last: Seq,
    /// Samples in all ticks.
    pub samples: u64,
    /// Which boot of the machine; a segment never spans two.
    pub boot_no: u32,
    /// The earliest wall-clock time in it.
    pub utc_min: UtcMs,
    /// The latest wall-clock time in it.
    pub utc_max: UtcMs,
    /// Definitions that its ticks may use.
    pub schema_len: u32,
    /// Those definitions.
    pub schema: SchemaHash,
    /// The header the agent sealed before this one; zeros for the first. A fork of this chain is a cloned machine.
    pub before: HeaderHash,
    /// BLAKE3 of the body.
    pub content: [u8; 32],
}

/// The hash of a [`Header`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct HeaderHash(pub [u8; 32]);

impl HeaderHash {
    /// Before the first segment of a stream.
    pub const NONE: Self = Self([0; 32]);
}

impl Header {
    /// How many ticks.
    pub fn ticks(&self) -> u64 {
        self.last.0.saturating_sub(self.first.0).saturating_add(1)
    }

    /// The hash that is signed and chained.
    pub fn hash(&self) -> HeaderHash {
        let mut hasher = blake3::Hasher::new_derive_key("vigie segment v1");
        // Writing to memory does not fail; a header that could not be written would have a signature nobody accepts.
        hasher.update(&postcard::to_stdvec(self).unwrap_or_default());
        HeaderHash(*hasher.finalize().as_bytes())
    }
}

/// A header and its agent's signature: a segment without its body, for whoever has the ticks already.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seal {
    /// What is signed.
    pub header: Header,
    #[serde(with = "signature_bytes")]
    signature: [u8; 64],
}

/// A block and its seal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Segment {
    /// What is signed, and the signature.
    pub seal: Seal,
    /// The block.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

/// Ticks that can not be sealed together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// No ticks.
    #[error("a segment has at least one tick")]
    Empty,
    /// Numbers that do not follow one another, more than [`block::MAX_TICKS`], or two boots.
    #[error("the ticks of a segment follow one another within one boot and are at most {max}", max = block::MAX_TICKS)]
    NotARun,
}

/// A segment that is not what its agent signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ForgedError {
    /// The key is not this agent's.
    #[error("the key is not that of the agent the segment names")]
    WrongKey,
    /// The signature is not over this header.
    #[error("the signature is not over this header")]
    WrongSignature,
    /// The body is not what the header names.
    #[error("the body is not what the header names")]
    WrongBody,
    /// The header contradicts itself.
    #[error("the header contradicts itself")]
    NoSuchHeader,
}

/// Seals ticks that follow one another.
///
/// # Errors
/// When they are no run; nothing was signed.
pub fn seal(
    stream: StreamId,
    ticks: &[Tick],
    schema: (u32, SchemaHash),
    before: HeaderHash,
    key: &SigningKey,
) -> Result<Segment, SealError> {
    let (Some(first), Some(last)) = (ticks.first(), ticks.last()) else { return Err(SealError::Empty) };
    let follows = |pair: &[Tick]| pair[0].seq.next() == pair[1].seq && pair[0].at.boot.no == pair[1].at.boot.no;
    if ticks.len() > block::MAX_TICKS as usize || !ticks.windows(2).all(follows) {
        return Err(SealError::NotARun);
    }
    let body = block::encode(ticks);
    let times = || ticks.iter().map(|tick| tick.at.utc);
    let header = Header {
        stream,
        first: first.seq,
        last: last.seq,
        samples: ticks.iter().map(|tick| tick.samples.len() as u64).sum(),
        boot_no: first.at.boot.no,
        utc_min: times().min().unwrap_or(first.at.utc),
        utc_max: times().max().unwrap_or(first.at.utc),
        schema_len: schema.0,
        schema: schema.1,
        before,
        content: *blake3::hash(&body).as_bytes(),
    };
    let signature = key.sign(&header.hash().0).to_bytes();
    Ok(Segment { seal: Seal { header, signature }, body })
}

impl Seal {
    /// Checks that the agent with this key signed this header.
    ///
    /// # Errors
    /// When it did not, or the header contradicts itself.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), ForgedError> {
        let header = &self.header;
        if NodeId::of_key(key.as_bytes()) != header.stream.agent {
            return Err(ForgedError::WrongKey);
        }
        let sane = header.first >= Seq::FIRST
            && header.last >= header.first
            // The number after it must exist.
            && header.last.0 < u64::MAX
            && header.ticks() <= u64::from(block::MAX_TICKS)
            && header.utc_min <= header.utc_max;
        if !sane {
            return Err(ForgedError::NoSuchHeader);
        }
        let signature = Signature::from_bytes(&self.signature);
        key.verify_strict(&header.hash().0, &signature).map_err(|_| ForgedError::WrongSignature)
    }

    /// Joins the seal with ticks that came one by one, if they are what was sealed.
    ///
    /// # Errors
    /// When the ticks are not those that were signed.
    pub fn over(self, ticks: &[Tick]) -> Result<Segment, ForgedError> {
        let body = block::encode(ticks);
        let segment = Segment { seal: self, body };
        segment.verify_body().map(|()| segment)
    }
}

impl Segment {
    /// What is signed.
    pub fn header(&self) -> &Header {
        &self.seal.header
    }

    /// Checks signature and body.
    ///
    /// # Errors
    /// When either is not what the agent signed.
    pub fn verify(&self, key: &VerifyingKey) -> Result<(), ForgedError> {
        self.seal.verify(key)?;
        self.verify_body()
    }

    /// Checks the body alone.
    ///
    /// # Errors
    /// When it is not what the header names.
    pub fn verify_body(&self) -> Result<(), ForgedError> {
        let same = *blake3::hash(&self.body).as_bytes() == self.header().content;
        if same { Ok(()) } else { Err(ForgedError::WrongBody) }
    }

    /// Hands each tick to `each`.
    ///
    /// # Errors
    /// When the body is no block: never after [`Segment::verify`], unless the agent signed nonsense.
    pub fn each_tick(&self, each: impl FnMut(Tick)) -> Result<(), TickError> {
        let header = self.header();
        let count = u32::try_from(header.ticks()).map_err(|_| TickError::TooManySamples)?;
        block::decode_each(&self.body, header.first, count, each)
    }

    /// All ticks.
    ///
    /// # Errors
    /// As [`Segment::each_tick`].
    pub fn ticks(&self) -> Result<Vec<Tick>, TickError> {
        let mut ticks = Vec::new();
        self.each_tick(|tick| ticks.push(tick))?;
        Ok(ticks)
    }
}

/// 64 bytes without a length before them.
pub(crate) mod signature_bytes {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8; 64], serializer: S) -> Result<S::Ok, S::Error> {
        let (a, b) = bytes.split_at(32);
        (<[u8; 32]>::try_from(a).unwrap_or([0; 32]), <[u8; 32]>::try_from(b).unwrap_or([0; 32])).serialize(serializer)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<[u8; 64], D::Error> {
        let (a, b) = <([u8; 32], [u8; 32])>::deserialize(deserializer)?;
        let mut bytes = [0; 64];
        bytes[..32].copy_from_slice(&a);
        bytes[32..].copy_from_slice(&b);
        Ok(bytes)
    }
}

/// Bytes as bytes: serde would write them one by one. For `#[serde(with = "…")]`.
pub mod bytes {
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    /// Writes them.
    ///
    /// # Errors
    /// When the serializer has one.
    pub fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(bytes)
    }

    /// Reads them.
    ///
    /// # Errors
    /// When there are none.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("bytes")
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Self::Value, E> {
                Ok(bytes.to_vec())
            }

            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Self::Value, E> {
                Ok(bytes)
            }
        }
        deserializer.deserialize_byte_buf(Bytes)
    }
}
