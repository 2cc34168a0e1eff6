//! What a mind wishes to be kept, what became of it, and what is known of a stream.
//!
//! The store carries these wishes out; the mind never learns how.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vigie_codec::receipt::Receipt;
use vigie_codec::schema::SchemaHash;
use vigie_codec::segment::{HeaderHash, Seal, Segment};
use vigie_codec::statement::SignedStatement;
use vigie_codec::wire::Tally;
use vigie_merge::RangeSet;
use vigie_model::{Anchor, Gap, NodeId, Seq, SeriesDef, StreamId, Tick, UtcMs};

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
        /// What of it carries its agent's signature there.
        sealed: RangeSet,
    },
    /// How much its agent has collected; the larger of both stays.
    Tally {
        /// Which stream.
        stream: StreamId,
        /// How much.
        tally: Tally,
    },
    /// The next hop began a new store: it keeps nothing of what it said it kept.
    CustodyLost {
        /// Which stream.
        stream: StreamId,
    },
    /// What ticks came down to in one hour, as a relay folded them (hub only). It stays as long as nobody brings a piece
    /// with more of the same ticks, and they are not folded here.
    Rollup(Rollup),
    /// The next hop keeps these ticks as hours, of this edition.
    RolledTold {
        /// Which stream.
        stream: StreamId,
        /// Of our pieces.
        edition: u64,
        /// The ticks.
        ticks: RangeSet,
    },
    /// The next hop has these ticks in hours, whoever folded them.
    RolledThere {
        /// Which stream.
        stream: StreamId,
        /// All it has; otherwise what it has beside what it had.
        whole: bool,
        /// The ticks.
        ticks: RangeSet,
    },
    /// A relay has let go of these ticks, and its hours stand in their place (hub only).
    Thinned {
        /// Which stream.
        stream: StreamId,
        /// The ticks; it does not take back what it said before.
        ticks: RangeSet,
    },
    /// Somebody asks the hub for these ticks as they were measured, in place of what was asked for before.
    Wanted {
        /// Which stream.
        stream: StreamId,
        /// The ticks.
        ticks: RangeSet,
    },
    /// Numbers up to here may be given to ticks before the next commit (agent only).
    Reserve {
        /// Which stream.
        stream: StreamId,
        /// The last number that may be given.
        until: Seq,
    },
}

impl Write {
    /// The stream it is about.
    pub fn stream(&self) -> StreamId {
        match self {
            Self::Stream { stream, .. }
            | Self::Ticks { stream, .. }
            | Self::Schema { stream, .. }
            | Self::Custody { stream, .. }
            | Self::CustodyLost { stream }
            | Self::Tally { stream, .. }
            | Self::RolledTold { stream, .. }
            | Self::RolledThere { stream, .. }
            | Self::Thinned { stream, .. }
            | Self::Wanted { stream, .. }
            | Self::Reserve { stream, .. } => *stream,
            Self::Rollup(rollup) => rollup.stream,
            Self::Segment(segment) => segment.header().stream,
            Self::Seal(seal) => seal.header.stream,
            Self::Statement(signed) => signed.stream,
            Self::Receipt(receipt) => receipt.stream,
        }
    }
}

/// What the ticks of one stream in one hour came down to, as a relay folded them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollup {
    /// Whose.
    pub stream: StreamId,
    /// Who folded them, and vouches for it.
    pub maker: NodeId,
    /// The life of the maker's store.
    pub life: u64,
    /// See [`RolledTicks::edition`].
    pub edition: u64,
    /// The sheets of the hour, as `vigie-rollup` writes them.
    pub sheets: Vec<Vec<u8>>,
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
    /// The stream has more holes, gaps or boots than a stream may have (see [`limit`]); nothing changed.
    TooMuch(StreamId),
    /// These ticks are in hours here, and are durable as such.
    Rolled {
        /// Which stream.
        stream: StreamId,
        /// Of whose pieces of this edition they were.
        edition: u64,
        /// The ticks.
        ticks: RangeSet,
    },
    /// A piece whose ticks are in other hours by somebody else's word, or that came late, or one too many; nothing changed.
    NotRolled(StreamId),
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
    /// The segment does not follow on the one beside it, though their numbers do: its agent's key has signed two
    /// histories. A machine was restored from an older copy, or there are two of it.
    pub forked: bool,
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
    /// Those on which the agent has said its last word: in a segment, or under a gap.
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
    /// What of it is signed for there: without its signature a tick can never be verified, so the other ticks may not be
    /// deleted here on the next hop's word.
    pub custody_sealed: RangeSet,
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
    /// The last tick of the newest segment.
    pub head_at: Seq,
    /// The last number that may have been given (agent only; see [`Write::Reserve`]).
    pub reserved: Seq,
    /// Ticks whose records proved damaged. When they come again they are kept, and their samples are not counted twice.
    pub owed: RangeSet,
    /// What the hub had signed for at some moments since the floor, oldest first.
    pub receipts: Vec<PastReceipt>,
    /// What the hub signed for longer ago than the floor: may be forgotten at any time.
    pub settled: RangeSet,
    /// What of it is in minutes and hours.
    pub rolled: RolledTicks,
    /// What its records take.
    pub bytes: Bytes,
}

/// Which ticks are in minutes and hours, and who folded them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RolledTicks {
    /// Folded here, from ticks that bear their agent's signature.
    pub own: RangeSet,
    /// Folded by others, who vouch for it.
    pub foreign: RangeSet,
    /// Those others.
    pub makers: Vec<NodeId>,
    /// How often pieces were taken apart here because a clock was put right: what was folded since is of another edition.
    pub edition: u64,
    /// Ticks that were folded anew since the next hop may have got them.
    pub retold: RangeSet,
    /// Ticks that somebody asks for as they were measured.
    pub wanted: RangeSet,
    /// Ticks that the next hop has in hours (relay only).
    pub there: RangeSet,
    /// Ticks that were let go of where hours stand in their place: here (relay), or at a relay that says so (hub).
    pub thinned: RangeSet,
}

impl RolledTicks {
    /// What is known here by the hours of others, or was until those went for their age: of what is not here, nobody waits
    /// for it.
    pub fn told(&self) -> RangeSet {
        let mut told = self.foreign.clone();
        told.union_with(&self.thinned);
        told
    }

    /// All that are in minutes or hours here.
    pub fn all(&self) -> RangeSet {
        let mut all = self.own.clone();
        all.union_with(&self.foreign);
        all
    }
}

/// What the hub had signed for at some moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PastReceipt {
    /// When it was signed.
    pub at: UtcMs,
    /// What it named.
    pub held: RangeSet,
}

/// Bytes of records, keys included, without what redb adds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bytes {
    /// Of loose ticks.
    pub loose: u64,
    /// Of segments.
    pub sealed: u64,
    /// Of statements, definitions, and what minutes and hours come down to.
    pub other: u64,
}

impl Bytes {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.loose + self.sealed + self.other
    }
}

impl StreamFacts {
    /// A stream of which nothing is known yet.
    pub fn new(key: [u8; 32], name: String) -> Self {
        Self {
            key,
            name,
            have: RangeSet::new(),
            sealed: RangeSet::new(),
            present: RangeSet::new(),
            gaps: RangeSet::new(),
            gap_list: Vec::new(),
            receipt: None,
            custody: RangeSet::new(),
            custody_sealed: RangeSet::new(),
            anchors: BTreeMap::new(),
            schema_len: 0,
            schema_hash: SchemaHash::EMPTY,
            tally: Tally::default(),
            samples: 0,
            duplicates: 0,
            head: HeaderHash::NONE,
            head_at: Seq(0),
            reserved: Seq(0),
            owed: RangeSet::new(),
            receipts: Vec::new(),
            settled: RangeSet::new(),
            rolled: RolledTicks::default(),
            bytes: Bytes::default(),
        }
    }

    /// What the hub has signed for, as far as is known here.
    pub fn held(&self) -> &RangeSet {
        const NOTHING: &RangeSet = &RangeSet::new();
        self.receipt.as_ref().map_or(NOTHING, |receipt| &receipt.held)
    }

    /// What the agent has collected, as far as anything here shows: what it was last heard to say, or what has come since.
    pub fn collected(&self) -> Tally {
        let lasts = [self.have.last(), self.held().last(), self.custody.last(), self.rolled.foreign.last()];
        let ticks = lasts.into_iter().flatten().fold(self.tally.ticks, u64::max);
        Tally { ticks, samples: self.tally.samples.max(self.samples) }
    }

    /// Ticks that were kept here, and not only stated as gaps.
    pub fn ticks(&self) -> RangeSet {
        self.have.without(&self.gaps)
    }
}

/// How much one stream may have of what is small alone. An honest stream never comes near.
pub mod limit {
    /// Ranges in any of a stream's sets: written with each commit, so their cost is paid often.
    pub const RANGES: usize = 16_384;

    /// Gaps: one for each sudden stop of the agent. Neighbours given up for lack of room are joined.
    pub const GAPS: usize = 8_192;

    /// Boots with an anchor; above it the oldest boot's is dropped.
    pub const BOOTS: usize = 1_024;
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

/// Hours on their way to whoever takes rollups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HoursFound {
    /// See [`RolledTicks::edition`].
    pub edition: u64,
    /// Newest first.
    pub hours: Vec<RolledHour>,
    /// There may be more before this hour, counted from 1970; nothing when all were looked at.
    pub before: Option<i64>,
}

/// What the ticks of one hour came down to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolledHour {
    /// The ticks.
    pub ticks: RangeSet,
    /// The sheets of the hour, as `vigie-rollup` writes them.
    pub sheets: Vec<Vec<u8>>,
}
