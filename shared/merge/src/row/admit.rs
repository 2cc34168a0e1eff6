//! What is let in?
//!
//! A row from a peer may be anything. Each limit has its reason where it is defined; what is let in is exactly what this
//! program would have written, so that equal rows are equal bytes everywhere.

use super::{CausalLength, Front, Grow, Kept, Last, Many, Members, Ranges, Row, RowType, limit, read_envelope};
use crate::hlc::Actor;
use crate::written::{Garbled, Reader};

/// Bytes that are not let in as a row. Nothing was changed; whoever sent them is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AdmitError {
    /// Longer than [`limit::ROW_BYTES`].
    #[error("a row has at most {most} bytes, this one has {0}", most = limit::ROW_BYTES)]
    TooLong(usize),
    /// Not a row, not written in the one way there is, or beyond a limit.
    #[error("these bytes are no row, or one beyond its limits")]
    Garbled,
    /// An actor that nobody enrolled.
    #[error("actor {0} is not enrolled here")]
    UnknownActor(Actor),
}

impl From<Garbled> for AdmitError {
    fn from(Garbled: Garbled) -> Self {
        Self::Garbled
    }
}

impl Row {
    /// The row in these bytes, if it is one that may be merged here. `knows` says which actors there are.
    ///
    /// What it lets in re-encodes to the same bytes, unless it is a bundle of copies that can be read by now.
    ///
    /// # Errors
    /// When it may not; nothing larger than the bytes themselves was allocated.
    pub fn admit(bytes: &[u8], knows: impl Fn(Actor) -> bool) -> Result<Self, AdmitError> {
        if bytes.len() > limit::ROW_BYTES {
            return Err(AdmitError::TooLong(bytes.len()));
        }
        let mut reader = Reader(bytes);
        let row = match read_envelope(&mut reader)? {
            Front::Bundle => {
                let row = Kept::read(&mut reader)?;
                reader.end()?;
                row
            }
            Front::Row(_) | Front::Unknown => Self::read_one(bytes)?,
        };
        match row.actors().into_iter().find(|actor| !knows(*actor)) {
            Some(unknown) => Err(AdmitError::UnknownActor(unknown)),
            None => Ok(row),
        }
    }

    /// Whether this row, which may be what two admissible ones became, would itself be let in.
    pub fn is_within_limits(&self) -> bool {
        let counts = match self {
            Self::Last(last) => last.value().is_none_or(|value| value.len() <= limit::VALUE_BYTES),
            Self::Many(many) => many.len() <= limit::SIBLINGS && many.context().0.dots.len() <= limit::ACTORS,
            Self::Members(members) => {
                members.members().len() <= limit::MEMBERS && members.clock().dots.len() <= limit::ACTORS
            }
            Self::Grow(grow) => grow.members().len() <= limit::MEMBERS,
            Self::Length(_) => true,
            Self::Ranges(ranges) => ranges.set().ranges().len() <= limit::RANGES,
            Self::Kept(kept) => kept.copies() <= limit::COPIES && kept.known().is_none_or(Self::is_within_limits),
        };
        counts && self.encode().len() <= limit::ROW_BYTES
    }

    /// A row that stands for itself, known or not.
    pub(super) fn read_one(bytes: &[u8]) -> Result<Self, Garbled> {
        let mut reader = Reader(bytes);
        let row = match read_envelope(&mut reader)? {
            Front::Unknown => return Ok(Self::Kept(Kept::of_copy(bytes))),
            // Bundles hold no bundles.
            Front::Bundle => return Err(Garbled),
            Front::Row(RowType::Last) => Self::Last(Last::read(&mut reader)?),
            Front::Row(RowType::Many) => Self::Many(Many::read(&mut reader)?),
            Front::Row(RowType::Members) => Self::Members(Members::read(&mut reader)?),
            Front::Row(RowType::Grow) => Self::Grow(Grow::read(&mut reader)?),
            Front::Row(RowType::Length) => Self::Length(CausalLength::read(&mut reader)?),
            Front::Row(RowType::Ranges) => Self::Ranges(Ranges::read(&mut reader)?),
        };
        reader.end()?;
        Ok(row)
    }

    /// Everybody who wrote in it.
    fn actors(&self) -> Vec<Actor> {
        match self {
            Self::Last(last) => vec![last.marker().actor],
            Self::Many(many) => {
                let markers = many.values().into_iter().map(|(marker, _)| marker.actor);
                many.clocks().map(|(actor, _)| actor).chain(markers).collect()
            }
            Self::Members(members) => members.clock().dots.into_keys().collect(),
            Self::Kept(kept) => kept.known().map(Self::actors).unwrap_or_default(),
            Self::Grow(_) | Self::Length(_) | Self::Ranges(_) => Vec::new(),
        }
    }
}
