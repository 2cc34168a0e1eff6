//! What goes in and what comes out.

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_codec::receipt::Receipt;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, Seal, Segment};
use vigie_codec::statement::SignedStatement;
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Anchor, Gap, GapReason, Seq, SeriesDef, StreamId, Tick};

/// One thing to keep. Everything in one commit becomes durable together or not at all.
#[derive(Debug, Clone)]
pub enum Write {
    /// A stream this node has not met, or its new name. First for each stream; the other writes need it.
    Stream {
        /// The stream.
        stream: StreamId,
        /// The agent's public key.
        key: [u8; 32],
        /// The machine's host name.
        name: String,
    },
    /// Loose ticks, in any order. Those already here, loose or sealed, are counted and dropped.
    Ticks {
        /// Whose.
        stream: StreamId,
        /// The ticks.
        ticks: Vec<Arc<Tick>>,
    },
    /// A segment whose signature the caller has checked. Loose ticks it covers are replaced by it.
    Segment(Segment),
    /// A signature over ticks that are here loose: they become a segment, if they are exactly those.
    Seal(Seal),
    /// A gap or an anchor whose signature the caller has checked.
    Statement(SignedStatement),
    /// Definitions from a place on. Those already here must be the same.
    Schema {
        /// Whose.
        stream: StreamId,
        /// Place of the first.
        from: u32,
        /// The definitions.
        defs: Vec<SeriesDef>,
    },
    /// The hub's word, whose signature the caller has checked.
    Receipt(Receipt),
    /// What the next hop says it keeps, in place of what it said before: a relay may lose its disk.
    Custody {
        /// Which stream.
        stream: StreamId,
        /// What it keeps, all of it.
        have: RangeSet,
    },
    /// How much its agent has collected; the larger of both stays.
    Tally {
        /// Which stream.
        stream: StreamId,
        /// How much.
        tally: Tally,
    },
    /// Numbers up to here may be given to ticks before the next commit (agent only).
    Reserve {
        /// Which stream.
        stream: StreamId,
        /// The last number that may be given.
        until: Seq,
    },
}

/// What became of one [`Write`], in the order they were given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// Kept, and what of it was new.
    Kept(Kept),
    /// A seal over ticks that are not all here; nothing changed. The segment must come whole.
    TicksMissing,
    /// A seal, or a segment, whose content is not what was signed: loose ticks in its range were taken out of `have` and
    /// must come again.
    Forged(StreamId, RangeSet),
    /// A definition differs from the one already here, or leaves a hole, or there are more than a stream may have;
    /// nothing changed.
    WrongSchema(StreamId),
    /// A write for a stream that no [`Write::Stream`] introduced; nothing changed.
    UnknownStream(StreamId),
}

/// What was new in a write.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Which stream.
    pub stream: StreamId,
    /// Ticks and gaps that are durable now and were not before.
    pub have: RangeSet,
    /// Those that are sealed now (or are gaps) and were not before.
    pub sealed: RangeSet,
    /// Definitions durable now, all of them.
    pub schema_len: u32,
    /// Ticks that were here already.
    pub duplicates: u64,
}

/// All that is known of a stream, held in memory too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamFacts {
    /// The agent's public key.
    pub key: [u8; 32],
    /// The machine's host name.
    pub name: String,
    /// Ticks and gaps that are durable here, including those since forgotten on the hub's word: it only grows, except
    /// when a record proved damaged.
    pub have: RangeSet,
    /// Those that are sealed or are gaps.
    pub sealed: RangeSet,
    /// Ticks and gaps whose records are still here and can be sent or queried.
    pub present: RangeSet,
    /// What will not come, by number; ticks here win over gaps, so this holds only numbers nobody brought.
    pub gaps: RangeSet,
    /// The gaps themselves.
    pub gap_list: Vec<Gap>,
    /// What the hub has signed for.
    pub receipt: Option<Receipt>,
    /// What the next hop keeps.
    pub custody: RangeSet,
    /// The best anchor of each boot.
    pub anchors: BTreeMap<u32, Anchor>,
    /// Definitions here.
    pub schema_len: u32,
    /// Their fingerprint.
    pub schema_hash: SchemaHash,
    /// What the agent has collected, as far as is known here.
    pub tally: Tally,
    /// Samples in all ticks that were ever kept here, each once.
    pub samples: u64,
    /// Ticks that came again and were dropped.
    pub duplicates: u64,
    /// The hash of the newest segment's header (agent: the next segment's `before`).
    pub head: HeaderHash,
    /// The last number that may have been given (agent only; see [`Write::Reserve`]).
    pub reserved: Seq,
}

/// A record on its way to the next hop.
#[derive(Debug, Clone)]
pub enum Record {
    /// A sealed block.
    Segment(Segment),
    /// Loose ticks that follow one another.
    Ticks(Vec<Arc<Tick>>),
    /// A gap or an anchor.
    Statement(SignedStatement),
}

/// Ticks given up by reason, for the ledger: `(ticks, samples if all were counted)`.
pub type GivenUp = BTreeMap<GapReason, (u64, Option<u64>)>;
