//! What two nodes say of rows, version 1. Frozen: add types or write a `v2`, never edit a field here.
//!
//! On the lanes of alerts and of state. Each side asks the other for what changed since a place in the other's sequence of
//! changes, one question for each urgency, which stays open until there is something to say.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

use super::WireError;
use super::v1::{envelope, read, write};
use crate::segment::bytes;

/// Rows in one frame: at 30 bytes each they are few kilobytes, at the largest size the budget ends the frame before.
pub const MAX_ENTRIES: usize = 512;

/// Bytes of rows in one frame, unless a single group needs more: about a second of a line of 512 kbit/s, so that an alert
/// never waits longer behind it in a queue that knows no lanes.
pub const BATCH_BYTES: usize = 64 * 1024;

/// Ranges of keys in one question: what 16 times 16 parts make.
pub const MAX_SPANS: usize = 256;

/// Keys in one [`RowFrame::Want`], and in one list of refused rows.
pub const MAX_KEYS: usize = 512;

/// Bytes of a key, as rows have them.
const MAX_KEY_BYTES: usize = vigie_merge::MAX_KEY_BYTES;

/// The urgency of rows, as a number: alerts and decisions 0, state 1.
pub type Urgency = u8;

/// A place in somebody's sequences of changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The life of that node's rows.
    pub epoch: u64,
    /// Which start of its program told the last of them.
    pub start: u64,
    /// The last change that is durable here, for each urgency.
    pub seqs: [u64; 2],
}

/// First on the lane of alerts, from both sides, before anything is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowHello {
    /// The life of the sender's rows: another one means that places in its sequence mean nothing any more.
    pub epoch: u64,
    /// This start of its program.
    pub start: u64,
    /// The last change in its sequence.
    pub last: u64,
    /// What the sender ever saw of the receiver: more than the receiver knows of itself means that its store was restored.
    pub seen_of_you: Option<Seen>,
    /// What it ever saw of the hub, if it is not the hub: who has not seen what was forgotten must begin again.
    pub seen_of_hub: Option<Seen>,
    /// It has no rows yet.
    pub empty: bool,
    /// It does not know any more up to where it has the receiver's changes.
    pub unsure: bool,
    /// It lost its store and takes what only it may write back from those who have it.
    pub recovering: bool,
}

/// What changed after a place in the receiver's sequence?
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RowAsk {
    /// Which of the two sequences.
    pub urgency: Urgency,
    /// The life of the receiver's rows that is meant.
    pub epoch: u64,
    /// Up to here all is durable at the sender.
    pub since: u64,
}

/// What one entry says of its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Said {
    /// The whole row, encoded.
    Row(#[serde(with = "bytes")] Vec<u8>),
    /// Everybody has the deletion: it may be forgotten where it is still this one.
    Forget {
        /// The fingerprint of the row that is forgotten.
        #[serde(with = "wide")]
        was: u128,
        /// The place in the hub's sequence that all had passed.
        passed: u64,
    },
}

/// One row on its way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its key.
    pub key: Vec<u8>,
    /// What is said of it.
    pub said: Said,
    /// It does not belong to the transaction of the entry before it.
    pub begins: bool,
}

/// Keys stand in order of change; neighbours often begin alike.
#[derive(Serialize, Deserialize)]
struct Packed {
    begins: bool,
    key: Ending,
    said: Said,
}

/// Changes, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowGive {
    /// Of which sequence.
    pub urgency: Urgency,
    /// The life of the sender's rows.
    pub epoch: u64,
    /// After this place.
    pub since: u64,
    /// Up to this place nothing was left out.
    pub upto: u64,
    /// There is more at once.
    pub more: bool,
    /// The rows.
    pub entries: Vec<Entry>,
}

/// What is known of all keys in a range: how many, and the sum of their fingerprints.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Sum {
    /// How many.
    pub count: u64,
    /// The sum of their fingerprints, modulo 2^128.
    #[serde(with = "wide")]
    pub sum: u128,
}

/// A range of keys and the sender's sum of it. The first begins before all keys; each begins where the one before it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// Where it begins, included.
    pub from: Vec<u8>,
    /// Where it ends, excluded; empty for the end of all keys.
    pub to: Vec<u8>,
    /// What the sender has in it.
    pub sum: Sum,
}

/// Spans mostly follow one another, and their keys begin alike.
#[derive(Serialize, Deserialize)]
struct PackedSpan {
    from: Ending,
    to: Ending,
    sum: Sum,
}

/// A key after another: how many bytes are the same, and what follows.
#[derive(Serialize, Deserialize)]
struct Ending {
    shared: u8,
    #[serde(with = "bytes")]
    rest: Vec<u8>,
}

/// The answer to one [`Span`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Spanned {
    /// The same here.
    Same,
    /// Something else: the sums of its parts.
    Parts(#[serde(with = "spans")] Vec<Span>),
    /// Something else, and little: each key and its fingerprint.
    Listed(Vec<Item>),
}

/// A key and the fingerprint of its row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// The key.
    #[serde(with = "bytes")]
    pub key: Vec<u8>,
    /// The fingerprint; half of it, for one pair is compared and not a sum.
    pub print: u64,
}

/// Why a row was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum RowRefusal {
    /// Not of a place the sender may speak for.
    NotYours,
    /// Only the hub may write it.
    HubOnly,
    /// No row, or one beyond its limits.
    Garbled,
    /// An actor that is not enrolled.
    UnknownActor,
    /// Of another type than the row that is here, or than its kind has.
    OtherType,
    /// Merged with the row that is here it would be beyond its limits: somebody must decide between its values first.
    TooMuch,
    /// A new row beyond what a machine or a site may have; those that are there still change.
    TooMany,
}

/// Everything two nodes can say of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RowFrame {
    /// First from both sides.
    Hello(RowHello),
    /// A question that stays open.
    Ask(RowAsk),
    /// Its answer.
    Give(RowGive),
    /// Is this what you have? The number comes back.
    Compare(u32, Vec<Span>),
    /// An answer for each span, and the last change that the sums include.
    Compared(u32, u64, Vec<Spanned>),
    /// Send me these rows. The number comes back.
    Want(u32, Vec<Vec<u8>>),
    /// These rows, outside of any sequence.
    Rows(u32, Vec<Entry>),
    /// All was compared, and what the receiver lacked was sent before this, up to this place in the sender's sequence.
    Done(u32, u64),
    /// How many rows were not taken, and some of them.
    Refused(u32, Vec<(Vec<u8>, RowRefusal)>),
    /// What was forgotten everywhere may still be at the receiver: it begins again.
    BeginAgain,
    /// A type this program does not know: to be passed over.
    Unknown(u16),
}

/// The numbers of these frames begin here, apart from those of all other lanes.
const FIRST: u16 = 64;

/// The numbers that are set apart for these frames, those of later versions included.
pub const KINDS: RangeInclusive<u16> = FIRST..=127;

impl RowFrame {
    /// The bytes to send.
    pub fn encode(&self) -> Vec<u8> {
        match self {
            Self::Hello(body) => write(FIRST, body),
            Self::Ask(body) => write(FIRST + 1, body),
            Self::Give(body) => {
                let RowGive { urgency, epoch, since, upto, more, entries } = body;
                // `upto` is never before `since`; a difference is small.
                write(FIRST + 2, &(urgency, epoch, since, upto.wrapping_sub(*since), more, packed(entries)))
            }
            Self::Compare(run, asked) => write(FIRST + 3, &(run, spans::packed(asked))),
            Self::Compared(run, seq, answers) => write(FIRST + 4, &(run, seq, answers)),
            Self::Want(run, keys) => write(FIRST + 5, &(run, keys)),
            Self::Rows(run, entries) => write(FIRST + 6, &(run, packed(entries))),
            Self::Refused(count, some) => write(FIRST + 7, &(count, some)),
            Self::BeginAgain => write(FIRST + 8, &()),
            Self::Done(run, last) => write(FIRST + 9, &(run, last)),
            Self::Unknown(kind) => write(*kind, &()),
        }
    }

    /// The frame in these bytes.
    ///
    /// # Errors
    /// When it can not be read; nothing larger than a small multiple of the bytes themselves was allocated.
    pub fn decode(frame: &[u8]) -> Result<Self, WireError> {
        let (kind, version, body) = envelope(frame)?;
        let wrong = WireError::Shape { kind };
        let frame = match kind.wrapping_sub(FIRST) {
            0 => Self::Hello(read(kind, version, body)?),
            1 => Self::Ask(read(kind, version, body)?),
            2 => {
                let (urgency, epoch, since, ahead, more, packed): (_, _, u64, u64, _, Vec<Packed>) =
                    read(kind, version, body)?;
                let upto = since.checked_add(ahead).ok_or(wrong)?;
                let entries = unpacked(packed, kind)?;
                Self::Give(RowGive { urgency, epoch, since, upto, more, entries })
            }
            3 => {
                let (run, packed): (u32, Vec<PackedSpan>) = read(kind, version, body)?;
                Self::Compare(run, spans::unpacked(packed).ok_or(wrong)?)
            }
            4 => read(kind, version, body).map(|(run, seq, answers)| Self::Compared(run, seq, answers))?,
            5 => read(kind, version, body).map(|(run, keys)| Self::Want(run, keys))?,
            6 => {
                let (run, packed): (u32, Vec<Packed>) = read(kind, version, body)?;
                Self::Rows(run, unpacked(packed, kind)?)
            }
            7 => read(kind, version, body).map(|(count, some)| Self::Refused(count, some))?,
            8 => read(kind, version, body).map(|()| Self::BeginAgain)?,
            9 => read(kind, version, body).map(|(run, last)| Self::Done(run, last))?,
            _ => Self::Unknown(kind),
        };
        if frame.is_within_limits() { Ok(frame) } else { Err(WireError::TooMany { kind }) }
    }

    fn is_within_limits(&self) -> bool {
        let is_key = |key: &[u8]| key.len() <= MAX_KEY_BYTES;
        match self {
            Self::Ask(ask) => ask.urgency < 2,
            Self::Give(give) => give.urgency < 2,
            Self::Compared(_, _, answers) => {
                let answer = |one: &Spanned| match one {
                    Spanned::Same | Spanned::Parts(_) => true,
                    Spanned::Listed(items) => items.len() <= MAX_KEYS && items.iter().all(|item| is_key(&item.key)),
                };
                answers.len() <= MAX_SPANS && answers.iter().all(answer)
            }
            Self::Want(_, keys) => keys.len() <= MAX_KEYS && keys.iter().all(|key| is_key(key)),
            Self::Refused(_, some) => some.len() <= MAX_KEYS && some.iter().all(|(key, _)| is_key(key)),
            // Of one size, or checked where it is unpacked.
            Self::Hello(_)
            | Self::Compare(..)
            | Self::Rows(..)
            | Self::Done(..)
            | Self::BeginAgain
            | Self::Unknown(_) => true,
        }
    }
}

fn packed(entries: &[Entry]) -> Vec<Packed> {
    let mut before: &[u8] = &[];
    let pack = |entry| {
        let Entry { key, said, begins }: &Entry = entry;
        let ending = Ending::after(before, key);
        before = key;
        Packed { begins: *begins, key: ending, said: said.clone() }
    };
    entries.iter().map(pack).collect()
}

fn unpacked(packed: Vec<Packed>, kind: u16) -> Result<Vec<Entry>, WireError> {
    if packed.len() > MAX_ENTRIES {
        return Err(WireError::TooMany { kind });
    }
    let mut before: Vec<u8> = Vec::new();
    let unpack = |Packed { begins, key, said }: Packed| {
        let key = key.whole(&before).ok_or(WireError::Shape { kind })?;
        before.clone_from(&key);
        Ok(Entry { key, said, begins })
    };
    packed.into_iter().map(unpack).collect()
}

impl Ending {
    fn after(before: &[u8], key: &[u8]) -> Self {
        let shared = key.iter().zip(before).take_while(|(one, other)| one == other).count().min(usize::from(u8::MAX));
        Self { shared: shared as u8, rest: key[shared..].to_vec() }
    }

    fn whole(self, before: &[u8]) -> Option<Vec<u8>> {
        let begin = before.get(..usize::from(self.shared))?;
        (begin.len() + self.rest.len() <= MAX_KEY_BYTES).then(|| [begin, self.rest.as_slice()].concat())
    }
}

mod spans {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::{Ending, MAX_SPANS, PackedSpan, Span};

    pub(super) fn packed(spans: &[Span]) -> Vec<PackedSpan> {
        let mut before: &[u8] = &[];
        let pack = |span| {
            let Span { from, to, sum }: &Span = span;
            let (begin, end) = (Ending::after(before, from), Ending::after(from, to));
            before = to;
            PackedSpan { from: begin, to: end, sum: *sum }
        };
        spans.iter().map(pack).collect()
    }

    pub(super) fn unpacked(packed: Vec<PackedSpan>) -> Option<Vec<Span>> {
        if packed.len() > MAX_SPANS {
            return None;
        }
        let mut before: Vec<u8> = Vec::new();
        let unpack = |PackedSpan { from, to, sum }: PackedSpan| {
            let from = from.whole(&before)?;
            let to = to.whole(&from)?;
            before.clone_from(&to);
            Some(Span { from, to, sum })
        };
        packed.into_iter().map(unpack).collect()
    }

    pub(super) fn serialize<S: Serializer>(spans: &[Span], to: S) -> Result<S::Ok, S::Error> {
        packed(spans).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Span>, D::Error> {
        unpacked(Vec::<PackedSpan>::deserialize(from)?).ok_or_else(|| D::Error::custom("spans that do not follow"))
    }
}

/// Sixteen bytes as they are: a varint of a sum takes nineteen.
mod wide {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(number: &u128, to: S) -> Result<S::Ok, S::Error> {
        number.to_le_bytes().serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<u128, D::Error> {
        <[u8; 16]>::deserialize(from).map(u128::from_le_bytes)
    }
}

/// The fingerprint of a row: what two nodes compare instead of it. Sums of them are sums of independent hashes.
pub fn fingerprint(key: &[u8], row: &[u8]) -> u128 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(key.len() as u64).to_le_bytes());
    hasher.update(key);
    hasher.update(row);
    let mut print = [0; 16];
    hasher.finalize_xof().fill(&mut print);
    u128::from_le_bytes(print)
}
