//! A small set that only grows.

use std::collections::BTreeSet;

use crdts::{CvRDT, GSet};

use super::last::within;
use super::limit;
use crate::written::{Garbled, Reader, put_bytes, put_number};

/// A set that only grows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grow(GSet<Vec<u8>>);

impl Grow {
    /// A set nobody has added to.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is in it, in order.
    pub fn members(&self) -> BTreeSet<Vec<u8>> {
        self.0.read()
    }

    /// Adds a member; says whether it is new.
    pub fn add(&mut self, member: Vec<u8>) -> bool {
        let new = !self.0.contains(&member);
        self.0.insert(member);
        new
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let members = self.members();
        put_number(out, members.len() as u64);
        members.iter().for_each(|member| put_bytes(out, member));
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Garbled> {
        let mut members = BTreeSet::new();
        for _ in 0..reader.count(limit::MEMBERS)? {
            let member = within(reader.bytes()?, limit::MEMBER_BYTES)?;
            if members.last().is_some_and(|last| *last >= member) {
                return Err(Garbled);
            }
            members.insert(member);
        }
        let mut set = GSet::new();
        members.into_iter().for_each(|member| set.insert(member));
        Ok(Self(set))
    }
}
