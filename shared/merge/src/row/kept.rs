//! Copies that this program can not read.

use std::collections::BTreeSet;

use super::{OtherTypeError, Row, envelope, limit};
use crate::written::{Garbled, Reader, put_bytes, put_number};

/// The number of the type that holds several copies.
pub(super) const BUNDLE: u8 = 0;

/// Copies of a row of which some have a type or a version that a later program knows. They can not be merged, so each is
/// kept as it came until this program is renewed; one alone is passed on as it is, several as a bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// What can be read, merged.
    known: Option<Box<Row>>,
    /// What can not.
    copies: BTreeSet<Vec<u8>>,
}

impl Kept {
    pub(super) fn of_row(row: Row) -> Self {
        Self { known: Some(Box::new(row)), copies: BTreeSet::new() }
    }

    pub(super) fn of_copy(copy: &[u8]) -> Self {
        Self { known: None, copies: [copy.to_vec()].into() }
    }

    /// The part that this program can read, if there is one. It may be older than the rest.
    pub fn known(&self) -> Option<&Row> {
        self.known.as_deref()
    }

    /// How many copies there are that it can not.
    pub fn copies(&self) -> usize {
        self.copies.len()
    }

    pub(super) fn join(&mut self, other: Row) -> Result<(), OtherTypeError> {
        let (known, copies) = match other {
            Row::Kept(other) => (other.known, other.copies),
            known => (Some(Box::new(known)), BTreeSet::new()),
        };
        match (&mut self.known, known) {
            (Some(ours), Some(theirs)) => ours.join(*theirs)?,
            (ours @ None, theirs) => *ours = theirs,
            (Some(_), None) => {}
        }
        self.copies.extend(copies);
        Ok(())
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut copies = self.copies.clone();
        copies.extend(self.known.as_ref().map(|row| row.encode()));
        if copies.len() == 1 {
            copies.into_iter().for_each(|copy| out.extend(copy));
            return;
        }
        envelope(out, u64::from(BUNDLE));
        put_number(out, copies.len() as u64);
        copies.iter().for_each(|copy| put_bytes(out, copy));
    }

    /// A bundle's copies: those that are known by now are merged.
    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Row, Garbled> {
        let (mut bundle, mut last): (Option<Row>, Option<&[u8]>) = (None, None);
        let count = reader.count(limit::COPIES + 1)?;
        if count < 2 {
            return Err(Garbled);
        }
        for _ in 0..count {
            let copy = reader.bytes()?;
            if last.is_some_and(|last| last >= copy) {
                return Err(Garbled);
            }
            last = Some(copy);
            let row = Row::read_one(copy)?;
            match &mut bundle {
                Some(bundle) => bundle.join(row).map_err(|_| Garbled)?,
                None => bundle = Some(row),
            }
        }
        bundle.ok_or(Garbled)
    }
}
