//! Version 1 of every frame. Frozen: add types or write a `v2`, never edit a field here.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use vigie_merge::RangeSet;
use vigie_model::{ClockSource, NodeId, Role, Seq, SeriesDef, StreamId, UtcMs};

use super::WireError;
use crate::receipt::Receipt;
use crate::segment::{Seal, Segment, bytes};
use crate::statement::SignedStatement;

/// Streams in one [`Frame::Announce`], acknowledgements in one [`Frame::Acks`]: at a hundred bytes each they stay well
/// below the largest frame, and more go in the next one.
pub const MAX_STREAMS_PER_FRAME: usize = 1_024;

/// Definitions in one [`Frame::Schema`].
pub const MAX_DEFS_PER_FRAME: usize = 256;

/// Bytes of a name or a reason from a peer.
pub const MAX_TEXT_BYTES: usize = 256;

/// Bytes of a certificate request, an answer to it, or a list of revocations.
pub const MAX_OPAQUE_BYTES: usize = 128 * 1024;

/// Bits of [`Hello::features`].
pub mod feature {
    /// The sender knows [`RollupSheet`](super::RollupSheet), [`RolledUp`](super::RolledUp) and
    /// [`RawWanted`](super::RawWanted).
    pub const ROLLUPS: u64 = 1;

    /// The sender has rows and knows the frames of [`rows`](super::super::rows).
    pub const ROWS: u64 = 2;
}

/// The first thing each side says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The newest minor version of the protocol the sender speaks; the lower of both is spoken.
    pub minor: u16,
    /// Bits for what is optional.
    pub features: u64,
    /// What the sender is, as its certificate must also say.
    pub role: Role,
    /// The life of the sender's store: another number means that what it said it had may be gone.
    pub store_epoch: u64,
    /// The sender's clock.
    pub clock: Clock,
    /// What the sender can not take now.
    pub paused: Paused,
    /// The sender's host name, for people.
    pub name: String,
    /// The sender's version of Vigie, for people.
    pub software: String,
}

/// A clock as a node tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What it says.
    pub utc: UtcMs,
    /// How far it may be off.
    pub error_ms: u32,
    /// How the node knows.
    pub source: ClockSource,
}

/// What a node can not take because its disk is nearly full.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Paused {
    /// No live ticks.
    pub live: bool,
    /// No backlog.
    pub bulk: bool,
}

/// A stream the sender carries, and the short number it has on this connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announced {
    /// Its number on this connection, given by the sender, dense from 0.
    pub ix: u32,
    /// The stream.
    pub stream: StreamId,
    /// The agent's public key, which proves the agent's id and its signatures.
    pub key: [u8; 32],
    /// The machine's host name, for people.
    pub name: String,
    /// How much was collected, as far as the sender knows.
    pub tally: Tally,
}

/// How much a stream's agent has collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Tally {
    /// The highest number given to a tick.
    pub ticks: u64,
    /// Samples in all ticks.
    pub samples: u64,
}

/// What the receiver has of an announced stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// The sender's number of the stream.
    pub ix: u32,
    /// Ticks and gaps that are durable here: all of them in [`Frame::Have`], the new ones in [`Frame::Acks`].
    pub have: RangeSet,
    /// Those of them that carry their agent's signature.
    pub sealed: RangeSet,
    /// Definitions that are durable here.
    pub schema_len: u32,
}

/// A run of loose ticks.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LooseTicks {
    /// Whose.
    pub stream: StreamId,
    /// First number.
    pub first: Seq,
    /// How many.
    pub count: u32,
    /// The block.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

/// A tick as it was measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveTick {
    /// The sender's number of the stream.
    pub ix: u32,
    /// The tick's number.
    pub seq: Seq,
    /// The tick, coded against those before it on this lane.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

/// New definitions of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SchemaPart {
    /// Whose.
    pub stream: StreamId,
    /// The place of the first.
    pub from: u32,
    /// The definitions.
    pub defs: Vec<SeriesDef>,
}

/// Why a receiver will not keep something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum RefusedWhy {
    /// The signature or the content is not the agent's: the sender's copy is damaged or forged.
    Forged,
    /// The sender may not speak for this agent.
    NotYours,
    /// The agent has more of something than it may.
    Quota,
    /// A seal came for ticks that are not all here: the segment must come whole.
    Missing,
}

/// Something that will not be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Whose.
    pub stream: StreamId,
    /// First number.
    pub first: Seq,
    /// Last number.
    pub last: Seq,
    /// Why.
    pub why: RefusedWhy,
}

/// Bytes of one [`RollupSheet`]: some series and the heads that all of them share.
pub const MAX_SHEET_BYTES: usize = 128 * 1024;

/// Part of what the ticks of one stream in one hour came down to, as the sender folded them. The sheets of a piece follow
/// one another on their lane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RollupSheet {
    /// Whose.
    pub stream: StreamId,
    /// How often the sender has taken pieces of this stream apart: a piece of a larger number stands in the place of those
    /// of a smaller one with which it has ticks in common.
    pub edition: u64,
    /// More sheets of this piece follow.
    pub more: bool,
    /// The sheet, as `vigie-rollup` writes it.
    #[serde(with = "bytes")]
    pub sheet: Vec<u8>,
}

/// Which ticks of an announced stream the receiver has as minutes or hours, its own or those of others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RolledUp {
    /// The sender's number of the stream.
    pub ix: u32,
    /// All there is; otherwise what became durable since.
    pub whole: bool,
    /// Of which edition of the sender's pieces, where it is an acknowledgement.
    pub edition: u64,
    /// The ticks.
    pub ticks: RangeSet,
}

/// Ticks of an announced stream that somebody has asked the receiver for, who lacks them: all that are wanted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawWanted {
    /// The sender's number of the stream.
    pub ix: u32,
    /// The ticks.
    pub ticks: RangeSet,
}

/// Ticks of an announced stream that the sender has let go of: the hours that it sent tell of them, and nobody will bring
/// the ticks themselves any more. All that there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Thinned {
    /// The sender's number of the stream.
    pub ix: u32,
    /// The ticks.
    pub ticks: RangeSet,
}

/// How the side that dialled treats the link: the other side takes the slower of this and its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    /// How often, in ms, the sender is sure to be heard while the link works.
    pub beat_ms: u32,
    /// How long, in ms, acknowledgements may wait for company.
    pub gather_acks_ms: u32,
}

/// Bytes that one room hands to another through the session, which does not look inside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opaque {
    /// Whom it concerns.
    pub node: NodeId,
    /// What is said.
    #[serde(with = "bytes")]
    pub body: Vec<u8>,
}

/// Everything two nodes can say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// First on every connection, from both sides.
    Hello(Hello),
    /// The sender carries these streams.
    Announce(Vec<Announced>),
    /// The receiver's answer: all it has of them.
    Have(Vec<Held>),
    /// What became durable since.
    Acks(Vec<Held>),
    /// The hub's signed word.
    Receipt(Receipt),
    /// Bytes taken from the live and the bulk lanes so far: flow control, not custody.
    Received {
        /// Of the live lane.
        live: u64,
        /// Of the backlog lane.
        bulk: u64,
    },
    /// Definitions.
    Schema(SchemaPart),
    /// The live lane is about to carry this stream.
    LiveStream(Announced),
    /// A tick as it was measured.
    Live(LiveTick),
    /// Ticks that were not yet sealed.
    Ticks(LooseTicks),
    /// A sealed block.
    Segment(Segment),
    /// The signature over ticks the receiver has.
    Seal(Seal),
    /// A gap or an anchor.
    Statement(SignedStatement),
    /// The receiver will not keep something.
    Refused(Refused),
    /// What the sender of this frame can not take from now on.
    Paused(Paused),
    /// What is your clock? The number comes back.
    ClockAsk(u64),
    /// This is my clock.
    ClockTell(u64, Clock),
    /// How much was collected, when no tick said so.
    Tally(u32, Tally),
    /// A request for a certificate, towards the hub.
    CertAsk(Opaque),
    /// The answer, towards the node that asked.
    CertTell(Opaque),
    /// The hub's signed list of revoked nodes.
    Revoked(Opaque),
    /// The sender is about to leave, for this reason.
    Goodbye(String),
    /// What ticks came down to.
    Rollup(RollupSheet),
    /// Which ticks the receiver has as minutes or hours.
    RolledUp(Vec<RolledUp>),
    /// Which ticks somebody has asked for.
    RawWanted(Vec<RawWanted>),
    /// Which ticks the sender has let go of.
    Thinned(Vec<Thinned>),
    /// How the sender, who dialled, treats the link.
    Link(Link),
    /// A type this program does not know: to be passed over.
    Unknown(u16),
}

impl Frame {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello(body) => write(1, body),
            Self::Announce(body) => write(2, body),
            Self::Have(body) => write(3, body),
            Self::Acks(body) => write(4, body),
            Self::Receipt(body) => write(5, body),
            Self::Received { live, bulk } => write(6, &(live, bulk)),
            Self::Schema(body) => write(7, body),
            Self::LiveStream(body) => write(8, body),
            Self::Live(body) => write(9, body),
            Self::Ticks(body) => write(10, body),
            Self::Segment(body) => write(11, body),
            Self::Seal(body) => write(12, body),
            Self::Statement(body) => write(13, body),
            Self::Refused(body) => write(14, body),
            Self::Paused(body) => write(15, body),
            Self::ClockAsk(token) => write(16, token),
            Self::ClockTell(token, clock) => write(17, &(token, clock)),
            Self::Tally(ix, tally) => write(18, &(ix, tally)),
            Self::CertAsk(body) => write(19, body),
            Self::CertTell(body) => write(20, body),
            Self::Revoked(body) => write(21, body),
            Self::Goodbye(reason) => write(22, reason),
            Self::Rollup(body) => write(23, body),
            Self::RolledUp(body) => write(24, body),
            Self::RawWanted(body) => write(25, body),
            Self::Thinned(body) => write(26, body),
            Self::Link(body) => write(27, body),
            Self::Unknown(kind) => write(*kind, &()),
        }
    }

    /// The frame in these bytes.
    ///
    /// # Errors
    /// When it can not be read; nothing larger than the bytes themselves was allocated.
    pub fn decode(bytes: &[u8]) -> Result<Self, WireError> {
        let (kind, version, body) = envelope(bytes)?;
        let frame = match kind {
            1 => Self::Hello(read(kind, version, body)?),
            2 => Self::Announce(read(kind, version, body)?),
            3 => Self::Have(read(kind, version, body)?),
            4 => Self::Acks(read(kind, version, body)?),
            5 => Self::Receipt(read(kind, version, body)?),
            6 => read(kind, version, body).map(|(live, bulk)| Self::Received { live, bulk })?,
            7 => Self::Schema(read(kind, version, body)?),
            8 => Self::LiveStream(read(kind, version, body)?),
            9 => Self::Live(read(kind, version, body)?),
            10 => Self::Ticks(read(kind, version, body)?),
            11 => Self::Segment(read(kind, version, body)?),
            12 => Self::Seal(read(kind, version, body)?),
            13 => Self::Statement(read(kind, version, body)?),
            14 => Self::Refused(read(kind, version, body)?),
            15 => Self::Paused(read(kind, version, body)?),
            16 => Self::ClockAsk(read(kind, version, body)?),
            17 => read(kind, version, body).map(|(token, clock)| Self::ClockTell(token, clock))?,
            18 => read(kind, version, body).map(|(ix, tally)| Self::Tally(ix, tally))?,
            19 => Self::CertAsk(read(kind, version, body)?),
            20 => Self::CertTell(read(kind, version, body)?),
            21 => Self::Revoked(read(kind, version, body)?),
            22 => Self::Goodbye(read(kind, version, body)?),
            23 => Self::Rollup(read(kind, version, body)?),
            24 => Self::RolledUp(read(kind, version, body)?),
            25 => Self::RawWanted(read(kind, version, body)?),
            26 => Self::Thinned(read(kind, version, body)?),
            27 => Self::Link(read(kind, version, body)?),
            // 28 was once said of machines that do not answer; now rows say so. The number is not given again.
            unknown => Self::Unknown(unknown),
        };
        if frame.is_within_limits() { Ok(frame) } else { Err(WireError::TooMany { kind }) }
    }

    fn is_within_limits(&self) -> bool {
        match self {
            Self::Hello(hello) => hello.name.len() <= MAX_TEXT_BYTES && hello.software.len() <= MAX_TEXT_BYTES,
            Self::Announce(streams) => {
                streams.len() <= MAX_STREAMS_PER_FRAME && streams.iter().all(|one| one.name.len() <= MAX_TEXT_BYTES)
            }
            Self::LiveStream(one) => one.name.len() <= MAX_TEXT_BYTES,
            Self::Have(held) | Self::Acks(held) => held.len() <= MAX_STREAMS_PER_FRAME,
            Self::Schema(part) => part.defs.len() <= MAX_DEFS_PER_FRAME,
            Self::CertAsk(opaque) | Self::CertTell(opaque) | Self::Revoked(opaque) => {
                opaque.body.len() <= MAX_OPAQUE_BYTES
            }
            Self::Goodbye(reason) => reason.len() <= MAX_TEXT_BYTES,
            Self::Rollup(part) => part.sheet.len() <= MAX_SHEET_BYTES,
            Self::RolledUp(list) => list.len() <= MAX_STREAMS_PER_FRAME,
            Self::RawWanted(list) => list.len() <= MAX_STREAMS_PER_FRAME,
            Self::Thinned(list) => list.len() <= MAX_STREAMS_PER_FRAME,
            // Bounded by the frame, or of one size.
            Self::Receipt(_)
            | Self::Received { .. }
            | Self::Live(_)
            | Self::Ticks(_)
            | Self::Segment(_)
            | Self::Seal(_)
            | Self::Statement(_)
            | Self::Refused(_)
            | Self::Paused(_)
            | Self::ClockAsk(_)
            | Self::ClockTell(..)
            | Self::Tally(..)
            | Self::Link(_)
            | Self::Unknown(_) => true,
        }
    }
}

const VERSION: u8 = 1;

pub(super) fn write<T: Serialize>(kind: u16, body: &T) -> Vec<u8> {
    // Writing to memory does not fail; an empty frame would be refused by the peer as too short.
    postcard::to_stdvec(&(kind, VERSION, body)).unwrap_or_default()
}

pub(super) fn envelope(bytes: &[u8]) -> Result<(u16, u8, &[u8]), WireError> {
    let (kind, rest) = postcard::take_from_bytes::<u16>(bytes).map_err(|_| WireError::Short)?;
    let (version, body) = rest.split_first().ok_or(WireError::Short)?;
    Ok((kind, *version, body))
}

/// Bytes after the body are refused: in version 1 there are none, and what is not read can not be checked.
pub(super) fn read<T: DeserializeOwned>(kind: u16, version: u8, body: &[u8]) -> Result<T, WireError> {
    if version != VERSION {
        return Err(WireError::Version { kind, version });
    }
    match postcard::take_from_bytes(body) {
        Ok((value, [])) => Ok(value),
        _ => Err(WireError::Shape { kind }),
    }
}
