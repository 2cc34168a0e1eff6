//! What does one row hold, and how do two copies of it become one?
//!
//! Each type is one small CRDT of its own; none is ever nested in another, shipped as an operation or as a part: the whole
//! row travels. The registers and sets are those of the `crdts` crate; its `Map` is not used, for its merges were found
//! neither associative nor idempotent. Values are bytes: what they mean, and in which version, is known above.

mod admit;
mod dots;
mod grow;
mod kept;
mod last;
mod length;
mod many;
mod members;
mod ranges;

pub use admit::AdmitError;
pub use dots::{Context, StaleError};
pub use grow::Grow;
pub use kept::Kept;
pub use last::{Last, Value};
pub use length::CausalLength;
pub use many::Many;
pub use members::Members;
pub use ranges::Ranges;

use crate::hlc::Marker;
use crate::written::{Garbled, Reader, put_number};

/// What a row may hold. Beyond it a row is refused: it is small by design, or it is an attack.
pub mod limit {
    /// Bytes of one value: with its key, marker and checksum it fits one page of the store.
    pub const VALUE_BYTES: usize = 3_500;

    /// Bytes of one member of a set.
    pub const MEMBER_BYTES: usize = 256;

    /// Values that stand beside one another because their writers did not know of each other: more than eight is not a
    /// conflict a person can resolve.
    pub const SIBLINGS: usize = 8;

    /// Members of one set; what is larger is a row for each element.
    pub const MEMBERS: usize = 64;

    /// Actors in one clock: every relay of a large client and all their lives for years.
    pub const ACTORS: usize = 1_024;

    /// Writes of one actor to one row are below this: an actor at the end of the counter could not write any more.
    pub const COUNTER: u64 = 1 << 48;

    /// Ranges in one row: some tens of kilobytes.
    pub const RANGES: usize = 4_096;

    /// Copies of a row that this program can not read and so can not merge.
    pub const COPIES: usize = 8;

    /// Bytes of one encoded row: a quarter of the largest frame.
    pub const ROW_BYTES: usize = 64 * 1024;
}

/// Version of every type's encoding.
const VERSION: u8 = 1;

/// Types of rows, by the number that stands in their encoding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RowType {
    /// [`Last`].
    Last = 1,
    /// [`Many`].
    Many = 2,
    /// [`Members`].
    Members = 3,
    /// [`Grow`].
    Grow = 4,
    /// [`CausalLength`].
    Length = 5,
    /// [`Ranges`].
    Ranges = 6,
}

impl RowType {
    const ALL: [Self; 6] = [Self::Last, Self::Many, Self::Members, Self::Grow, Self::Length, Self::Ranges];

    /// Whether writes are told apart by counters of their actors, so that a key may never be used again.
    pub fn has_dots(self) -> bool {
        matches!(self, Self::Many | Self::Members)
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// The last write wins.
    Last(Last),
    /// Writes that did not know of one another stand side by side.
    Many(Many),
    /// A small set; what was added without the remover's knowledge stays.
    Members(Members),
    /// A small set that only grows.
    Grow(Grow),
    /// There or not there, as often as wanted.
    Length(CausalLength),
    /// Numbers.
    Ranges(Ranges),
    /// Copies of which this program can not read all: kept beside one another, and passed on.
    Kept(Kept),
}

/// What became of a row when another copy was merged into it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Merged {
    /// Nothing new.
    Same,
    /// It is now what the other copy was: who sent that one has nothing to learn from here.
    BecameTheirs,
    /// It is more than either: who sent the other copy lacks something.
    Mixed,
}

/// Two rows of one key are of different types. Neither is changed; a program is wrong, or hostile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a row of type {theirs:?} came for one of type {ours:?}")]
pub struct OtherTypeError {
    /// Of the row that is here.
    pub ours: RowType,
    /// Of the row that came.
    pub theirs: RowType,
}

impl Row {
    /// Merges another copy into this one.
    ///
    /// # Errors
    /// When they are of different types; nothing was changed.
    pub fn merge(&mut self, other: Self) -> Result<Merged, OtherTypeError> {
        let (ours, theirs) = (self.encode(), other.encode());
        self.join(other)?;
        let joined = self.encode();
        Ok(match (joined == ours, joined == theirs) {
            (true, _) => Merged::Same,
            (false, true) => Merged::BecameTheirs,
            (false, false) => Merged::Mixed,
        })
    }

    fn join(&mut self, other: Self) -> Result<(), OtherTypeError> {
        match (&mut *self, other) {
            (Self::Last(ours), Self::Last(theirs)) => ours.join(theirs),
            (Self::Many(ours), Self::Many(theirs)) => ours.join(theirs),
            (Self::Members(ours), Self::Members(theirs)) => ours.join(theirs),
            (Self::Grow(ours), Self::Grow(theirs)) => ours.join(theirs),
            (Self::Length(ours), Self::Length(theirs)) => ours.join(theirs),
            (Self::Ranges(ours), Self::Ranges(theirs)) => ours.join(theirs),
            (Self::Kept(ours), theirs) => ours.join(theirs)?,
            (ours, Self::Kept(theirs)) => {
                let mut kept = Kept::of_row(ours.clone());
                kept.join(Self::Kept(theirs))?;
                *self = Self::Kept(kept);
            }
            (ours, theirs) => {
                let types = ours.row_type().zip(theirs.row_type());
                if let Some((ours, theirs)) = types {
                    return Err(OtherTypeError { ours, theirs });
                }
            }
        }
        Ok(())
    }

    /// Whether both claim one write and say different things of it: an actor lives twice, or lies. They merge all the
    /// same, everywhere alike.
    pub fn contradicts(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Last(ours), Self::Last(theirs)) => ours.marker() == theirs.marker() && ours != theirs,
            (Self::Many(ours), Self::Many(theirs)) => ours.contradicts(theirs),
            _ => false,
        }
    }

    /// The type, unless it holds what can not be read.
    pub fn row_type(&self) -> Option<RowType> {
        match self {
            Self::Last(_) => Some(RowType::Last),
            Self::Many(_) => Some(RowType::Many),
            Self::Members(_) => Some(RowType::Members),
            Self::Grow(_) => Some(RowType::Grow),
            Self::Length(_) => Some(RowType::Length),
            Self::Ranges(_) => Some(RowType::Ranges),
            Self::Kept(kept) => kept.known().and_then(Self::row_type),
        }
    }

    /// The latest marker in it, where its type has markers.
    pub fn marker(&self) -> Option<Marker> {
        match self {
            Self::Last(last) => Some(last.marker()),
            Self::Many(many) => many.marker(),
            Self::Kept(kept) => kept.known().and_then(Self::marker),
            Self::Members(_) | Self::Grow(_) | Self::Length(_) | Self::Ranges(_) => None,
        }
    }

    /// Whether nothing but the memory of something is left, which may be forgotten once everybody has it. Lengths are kept
    /// for ever: one that began again would be taken for an earlier one.
    pub fn is_tombstone(&self) -> bool {
        match self {
            Self::Last(last) => last.value().is_none(),
            Self::Many(many) => many.is_empty(),
            Self::Members(members) => members.is_empty(),
            Self::Grow(_) | Self::Length(_) | Self::Ranges(_) | Self::Kept(_) => false,
        }
    }

    /// Its bytes: `type varint, version u8, body`. Equal rows have equal bytes, always.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let row_type = match self {
            Self::Kept(kept) => {
                kept.encode(&mut out);
                return out;
            }
            Self::Last(_) => RowType::Last,
            Self::Many(_) => RowType::Many,
            Self::Members(_) => RowType::Members,
            Self::Grow(_) => RowType::Grow,
            Self::Length(_) => RowType::Length,
            Self::Ranges(_) => RowType::Ranges,
        };
        envelope(&mut out, row_type as u64);
        match self {
            Self::Last(last) => last.encode(&mut out),
            Self::Many(many) => many.encode(&mut out),
            Self::Members(members) => members.encode(&mut out),
            Self::Grow(grow) => grow.encode(&mut out),
            Self::Length(length) => length.encode(&mut out),
            Self::Ranges(ranges) => ranges.encode(&mut out),
            Self::Kept(_) => {}
        }
        out
    }
}

fn envelope(out: &mut Vec<u8>, row_type: u64) {
    put_number(out, row_type);
    out.push(VERSION);
}

/// What stands in front of a body: the type if it and its version are known.
fn read_envelope(reader: &mut Reader<'_>) -> Result<Front, Garbled> {
    let (number, version) = (u16::try_from(reader.number()?).map_err(|_| Garbled)?, reader.byte()?);
    if version == VERSION && number == kept::BUNDLE as u16 {
        return Ok(Front::Bundle);
    }
    let known = RowType::ALL.into_iter().find(|one| *one as u16 == number && version == VERSION);
    Ok(known.map_or(Front::Unknown, Front::Row))
}

enum Front {
    Row(RowType),
    Bundle,
    Unknown,
}
