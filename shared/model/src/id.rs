//! Who is speaking, and which of their ticks is meant?

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Bytes of a node's id.
const BYTES: usize = 16;

/// What they are written with.
const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A node: an agent, a relay or a hub.
///
/// It is the first half of the BLAKE3 hash of the node's Ed25519 public key, so an id proves itself: whoever holds a
/// signed segment and the key can check whose it is without asking anybody. The price is that a new key is a new node.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NodeId([u8; BYTES]);

impl NodeId {
    /// The node that owns this Ed25519 public key.
    pub fn of_key(public_key: &[u8; 32]) -> Self {
        let hash = blake3::hash(public_key);
        let mut id = [0; 16];
        id.copy_from_slice(&hash.as_bytes()[..16]);
        Self(id)
    }

    /// A node id as it was stored or sent.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes that are stored and sent.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Eight hex digits, for logs and narrow columns. Not unique by promise.
    pub fn short(&self) -> String {
        self.to_string()[..8].to_owned()
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Ten thousand stand in one list: they are written at once and not byte by byte.
        let mut text = [0; 2 * BYTES];
        for (digits, byte) in text.chunks_exact_mut(2).zip(self.0) {
            digits.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NodeId({self})")
    }
}

impl FromStr for NodeId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || IdError::NotANode(text.chars().take(40).collect());
        if text.len() != 2 * BYTES {
            return Err(bad());
        }
        // Below 16.
        let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
        let mut id = [0; BYTES];
        for (byte, digits) in id.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let (high, low) = digit(digits[0]).zip(digit(digits[1])).ok_or_else(bad)?;
            *byte = high << 4 | low;
        }
        Ok(Self(id))
    }
}

/// An id that could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// Not the 32 hex digits of a node id.
    #[error("{0:?} is not a node id: it has 32 hexadecimal digits")]
    NotANode(String),
    /// Not one of agent, relay, hub.
    #[error("{0:?} is not a role: it is one of agent, relay, hub")]
    NotARole(String),
    /// Not a stream: a node id, a dash and 16 hex digits.
    #[error("{0:?} is not a stream id: it is a node id, a dash and 16 hexadecimal digits")]
    NotAStream(String),
}

/// What a node may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(utoipa::ToSchema), schema(as = NodeRole))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Measures one machine.
    Agent,
    /// Serves one site.
    Relay,
    /// Serves everyone.
    Hub,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Agent => "agent",
            Self::Relay => "relay",
            Self::Hub => "hub",
        })
    }
}

impl FromStr for Role {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "agent" => Ok(Self::Agent),
            "relay" => Ok(Self::Relay),
            "hub" => Ok(Self::Hub),
            other => Err(IdError::NotARole(other.chars().take(40).collect())),
        }
    }
}

/// One life of an agent's store.
///
/// Random at birth and never reused, so that a store that was lost, restored or cloned can not give a number twice.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Incarnation(pub u64);

impl fmt::Display for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for Incarnation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incarnation({self})")
    }
}

/// What numbers are counted in: one agent, in one life of its store.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct StreamId {
    /// The machine.
    pub agent: NodeId,
    /// The life of its store.
    pub incarnation: Incarnation,
}

impl StreamId {
    /// The 24 bytes that sort by agent, then by incarnation.
    pub fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        bytes[..16].copy_from_slice(self.agent.as_bytes());
        bytes[16..].copy_from_slice(&self.incarnation.0.to_be_bytes());
        bytes
    }

    /// The inverse of [`StreamId::to_bytes`].
    pub fn from_bytes(bytes: [u8; 24]) -> Self {
        let (mut agent, mut incarnation) = ([0; 16], [0; 8]);
        agent.copy_from_slice(&bytes[..16]);
        incarnation.copy_from_slice(&bytes[16..]);
        Self { agent: NodeId(agent), incarnation: Incarnation(u64::from_be_bytes(incarnation)) }
    }
}

impl fmt::Display for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.agent, self.incarnation)
    }
}

impl fmt::Debug for StreamId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.agent.short(), self.incarnation)
    }
}

impl FromStr for StreamId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || IdError::NotAStream(text.chars().take(60).collect());
        let (agent, incarnation) = text.split_once('-').ok_or_else(bad)?;
        if incarnation.len() != 16 {
            return Err(bad());
        }
        let incarnation = u64::from_str_radix(incarnation, 16).map_err(|_| bad())?;
        Ok(Self { agent: agent.parse()?, incarnation: Incarnation(incarnation) })
    }
}

/// The number of a tick in its stream: from 1, by one, never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Seq(pub u64);

impl Seq {
    /// The first number of every stream.
    pub const FIRST: Self = Self(1);

    /// The number after this one.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

impl fmt::Display for Seq {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_back_from_what_it_prints() {
        let node = NodeId::of_key(&[7; 32]);
        assert_eq!(node.to_string().parse(), Ok(node));
        let bytes: [u8; 16] = std::array::from_fn(|n| n as u8 * 17);
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(NodeId::from_bytes(bytes).to_string(), text);
        assert_eq!(text.to_uppercase().parse(), Ok(NodeId::from_bytes(bytes)));
        let stream = StreamId { agent: node, incarnation: Incarnation(0xfeed) };
        assert_eq!(stream.to_string().parse(), Ok(stream));
        assert_eq!(StreamId::from_bytes(stream.to_bytes()), stream);
    }

    #[test]
    fn nonsense_is_no_id() {
        let signed = "+f+f+f+f+f+f+f+f+f+f+f+f+f+f+f+f";
        for text in ["", "xyz", "00", "0000000000000000000000000000000g", "é000000000000000000000000000000", signed] {
            assert!(text.parse::<NodeId>().is_err(), "{text}");
            assert!(text.parse::<StreamId>().is_err(), "{text}");
        }
    }
}
