//! A small set; what was added without the remover's knowledge stays.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use crdts::orswot::Op;
use crdts::{CmRDT, CvRDT, Dot, Orswot, VClock};

use super::dots::{Context, StaleError, put_clock, read_clock};
use super::last::within;
use super::limit;
use crate::hlc::Actor;
use crate::written::{Garbled, Reader, put_bytes, put_number};

/// A set from which a member is removed only as far as the remover had seen it added.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Members(Orswot<Vec<u8>, Actor>);

impl Members {
    /// A set nobody has added to.
    pub fn new() -> Self {
        Self::default()
    }

    /// What is in it, in order.
    pub fn members(&self) -> BTreeSet<Vec<u8>> {
        self.0.read().val.into_iter().collect()
    }

    /// Whether a member is in it.
    pub fn contains(&self, member: &[u8]) -> bool {
        self.0.contains(&member.to_vec()).val
    }

    /// Whether nothing is in it.
    pub fn is_empty(&self) -> bool {
        self.0.iter().next().is_none()
    }

    /// What a remover of this member must have seen.
    pub fn context(&self, member: &[u8]) -> Context {
        Context(self.0.contains(&member.to_vec()).rm_clock)
    }

    /// Adds a member, or adds it once more: who removes what it had seen leaves this.
    pub fn add(&mut self, member: Vec<u8>, actor: Actor) {
        let context = self.0.read_ctx().derive_add_ctx(actor);
        self.0.apply(self.0.add(member, context));
    }

    /// Removes a member as far as it was seen; says whether it is gone.
    ///
    /// # Errors
    /// When more was seen than is here yet; nothing was removed.
    pub fn remove(&mut self, member: &[u8], seen: &Context) -> Result<bool, StaleError> {
        // The set would remember it for later without bound.
        if !matches!(seen.0.partial_cmp(&self.0.clock()), Some(Ordering::Less | Ordering::Equal)) {
            return Err(StaleError);
        }
        self.0.apply(Op::Rm { clock: seen.0.clone(), members: vec![member.to_vec()] });
        Ok(!self.contains(member))
    }

    pub(super) fn join(&mut self, other: Self) {
        self.0.merge(other.0);
    }

    pub(super) fn clock(&self) -> VClock<Actor> {
        self.0.clock()
    }

    pub(super) fn encode(&self, out: &mut Vec<u8>) {
        put_clock(out, &self.0.clock());
        // The set's own order is a hash map's: different in each run.
        let sorted: BTreeMap<Vec<u8>, VClock<Actor>> =
            self.0.iter().map(|entry| (entry.val.clone(), entry.rm_clock)).collect();
        put_number(out, sorted.len() as u64);
        for (member, clock) in sorted {
            put_bytes(out, &member);
            put_clock(out, &clock);
        }
    }

    pub(super) fn read(reader: &mut Reader<'_>) -> Result<Self, Garbled> {
        let clock = read_clock(reader)?;
        let mut entries: BTreeMap<Vec<u8>, VClock<Actor>> = BTreeMap::new();
        for _ in 0..reader.count(limit::MEMBERS)? {
            let member = within(reader.bytes()?, limit::MEMBER_BYTES)?;
            let added = read_clock(reader)?;
            let in_order = entries.last_key_value().is_none_or(|(last, _)| *last < member);
            let seen = added.dots.iter().all(|(actor, counter)| clock.get(actor) >= *counter);
            if added.is_empty() || !in_order || !seen {
                return Err(Garbled);
            }
            entries.insert(member, added);
        }
        Ok(Self(rebuilt(&clock, &entries)))
    }
}

/// The set that was written: each actor's additions in their order, then what was added and is gone again.
fn rebuilt(clock: &VClock<Actor>, entries: &BTreeMap<Vec<u8>, VClock<Actor>>) -> Orswot<Vec<u8>, Actor> {
    let mut by_dot: BTreeMap<(Actor, u64), Vec<Vec<u8>>> = BTreeMap::new();
    for (member, added) in entries {
        added.dots.iter().for_each(|(actor, at)| by_dot.entry((*actor, *at)).or_default().push(member.clone()));
    }
    for (actor, at) in &clock.dots {
        by_dot.entry((*actor, *at)).or_default();
    }
    let mut set = Orswot::new();
    by_dot
        .into_iter()
        .for_each(|((actor, at), members)| set.apply(Op::Add { dot: Dot { actor, counter: at }, members }));
    set
}
