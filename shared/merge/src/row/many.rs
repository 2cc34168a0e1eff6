//! Writes that did not know of one another stand side by side.

use crdts::mvreg::Op;
use crdts::{CmRDT, CvRDT, MVReg, VClock};

use super::dots::{Context, StaleError, put_clock, read_clock};
use super::last::{Value, put_marker, put_value, read_marker, read_value};
use super::limit;
use crate::hlc::{Actor, Marker};
use crate::written::{Garbled, Reader, put_number};

/// Values, each with what its writer had seen. One, unless relays wrote at once; whoever writes next, having seen them,
/// leaves one.
#[derive(Debug, Clone, Default)]
pub struct Many(MVReg<Sibling, Actor>);

/// One value. The register does not show its clocks, so each value bears its own beside it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Sibling {
    marker: Marker,
    value: Value,
    clock: Dots,
}

/// A clock in an order, so that the same siblings always stand in the same one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Dots(Vec<(Actor, u64)>);

impl Many {
    /// A row nobody has written to.
    pub fn new() -> Self {
        Self::default()
    }

    /// What a writer must have seen: all that is here.
    pub fn context(&self) -> Context {
        Context(self.0.read_ctx().add_clock)
    }

    /// The values and their markers, latest first. Deletions are among them, as `None`.
    pub fn values(&self) -> Vec<(Marker, Value)> {
        let mut siblings = self.siblings();
        siblings.sort_by_key(|sibling| std::cmp::Reverse(sibling.marker));
        siblings.into_iter().map(|sibling| (sibling.marker, sibling.value)).collect()
    }

    /// The value that counts while there are several: the latest.
    pub fn effective(&self) -> Value {
        self.values().into_iter().next().and_then(|(_, value)| value)
    }

    /// The latest marker.
    pub fn marker(&self) -> Option<Marker> {
        self.siblings().into_iter().map(|sibling| sibling.marker).max()
    }

    /// Whether every value is a deletion, or there is none.
    pub fn is_empty(&self) -> bool {
        self.siblings().iter().all(|sibling| sibling.value.is_none())
    }

    /// Writes in place of all that the writer has seen, which must be all that is here: two writers through one relay would
    /// otherwise bear one clock and differ for ever.
    ///
    /// # Errors
    /// When it has changed since; nothing was written.
    pub fn write(&mut self, value: Value, marker: Marker, seen: &Context) -> Result<(), StaleError> {
        if *seen != self.context() {
            return Err(StaleError);
        }
        let clock = self.0.read_ctx().derive_add_ctx(marker.actor).clock;
        self.put(Sibling { marker, value, clock: Dots::of(&clock) });
        Ok(())
    }

    fn put(&mut self, sibling: Sibling) {
        self.0.apply(Op::Put { clock: sibling.clock.clock(), val: sibling });
    }

    fn siblings(&self) -> Vec<Sibling> {
        self.0.read().val
    }

    pub(super) fn contradicts(&self, other: &Self) -> bool {
        let theirs = other.siblings();
        self.siblings().iter().any(|ours| theirs.iter().any(|theirs| ours.clock == theirs.clock && ours != theirs))
    }

    pub(super) fn join(&mut self, other: Self) {
        if self.contradicts(&other) {
            // The register keeps its own of two values with one clock, which would differ for ever: the larger one stays.
            let theirs = other.siblings();
            for sibling in self.siblings() {
                if let Some(larger) = theirs.iter().find(|one| one.clock == sibling.clock && **one > sibling) {
                    self.put(larger.clone());
                }
            }
        }
        self.0.merge(other.0);
    }

    pub(super) fn clocks(&self) -> impl Iterator<Item = (Actor, u64)> {
        self.siblings().into_iter().flat_map(|sibling| sibling.clock.0)
    }

    pub(super) fn len(&self) -> usize {
        self.siblings().len()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        let mut siblings = self.siblings();
        siblings.sort_by(|one, other| one.clock.cmp(&other.clock));
        put_number(out, siblings.len() as u64);
        for Sibling { marker, value, clock } in siblings {
            put_clock(out, &clock.clock());
            put_marker(out, marker);
            put_value(out, &value);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Garbled> {
        let mut read: Vec<Sibling> = Vec::new();
        for _ in 0..reader.count(limit::SIBLINGS)? {
            let clock = read_clock(reader)?;
            let beside = |one: &Sibling| one.clock.clock().partial_cmp(&clock).is_none();
            let in_order = read.last().is_none_or(|last| last.clock < Dots::of(&clock));
            // One that is seen by another was overwritten by it, and is not here any more.
            if clock.is_empty() || !in_order || !read.iter().all(beside) {
                return Err(Garbled);
            }
            read.push(Sibling { clock: Dots::of(&clock), marker: read_marker(reader)?, value: read_value(reader)? });
        }
        let mut many = Self::new();
        read.into_iter().for_each(|sibling| many.put(sibling));
        Ok(many)
    }
}

/// The register's own equality refuses duplicates with a panic; these are compared as what they are written.
impl PartialEq for Many {
    fn eq(&self, other: &Self) -> bool {
        let sorted = |many: &Self| {
            let mut siblings = many.siblings();
            siblings.sort();
            siblings
        };
        sorted(self) == sorted(other)
    }
}

impl Eq for Many {}

impl Dots {
    fn of(clock: &VClock<Actor>) -> Self {
        Self(clock.dots.iter().map(|(actor, counter)| (*actor, *counter)).collect())
    }

    fn clock(&self) -> VClock<Actor> {
        VClock { dots: self.0.iter().copied().collect() }
    }
}
