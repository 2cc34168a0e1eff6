//! Where in the sequence does a change stand?

use std::collections::BTreeMap;

use vigie_merge::{Hlc, HybridClock, Key, Scope};
use vigie_model::NodeId;
use vigie_sync::rows::Stamp;

use super::record::{self, Next, Record};
use super::shelf::{self, Change, tables};

/// What a change did.
pub(super) struct Done {
    pub(super) next: Next,
    pub(super) touched: [bool; 2],
    /// A row was put.
    pub(super) filled: bool,
    pub(super) keys: Vec<Key>,
    pub(super) clock: HybridClock,
    /// Rows that were not there before, by where they belong.
    pub(super) fresh: BTreeMap<Scope, u64>,
    /// How many rows a site was found to have before.
    pub(super) counted: Option<(Scope, u64)>,
}

/// Puts records, giving each its place. One for each transaction.
pub(super) struct Places {
    pub(super) next: Next,
    /// The first place of the group under way, for each urgency.
    pub(super) group: Option<u64>,
    pub(super) touched: [bool; 2],
    pub(super) filled: bool,
    pub(super) keys: Vec<Key>,
    pub(super) fresh: BTreeMap<Scope, u64>,
    pub(super) at_ms: u64,
}

impl Places {
    pub(super) fn begin(change: &mut dyn Change, stamp: Stamp, clock: &HybridClock) -> Result<Self, crate::TxError> {
        let at_ms = stamp.trusted.map_or(clock.last(), Hlc::of_utc).ms();
        Ok(Self {
            next: Next::read(change)?,
            group: None,
            touched: [false; 2],
            filled: false,
            keys: Vec::new(),
            fresh: BTreeMap::new(),
            at_ms,
        })
    }

    pub(super) fn new_group(&mut self) {
        self.group = None;
    }

    /// Puts a record in place of `old`, at the end of the sequence.
    pub(super) fn put(
        &mut self,
        change: &mut dyn Change,
        key: &Key,
        old: Option<&Record>,
        body: record::Body,
        from: Option<(NodeId, u64)>,
    ) -> Result<(), crate::TxError> {
        let urgency = key.kind().urgency();
        if let Some(old) = old {
            change.remove(tables::CHANGES, &shelf::place(urgency, key, old.seq))?;
        } else {
            *self.fresh.entry(key.scope()).or_default() += 1;
        }
        self.next.last += 1;
        let seq = self.next.last;
        let group = *self.group.get_or_insert(seq);
        let record = Record { seq, group, at_ms: self.at_ms, from, body };
        change.put(tables::ROWS, key.as_bytes(), &record.write())?;
        change.put(tables::CHANGES, &shelf::place(urgency, key, seq), key.as_bytes())?;
        self.touched[urgency as usize] = true;
        self.filled = true;
        self.keys.push(key.clone());
        Ok(())
    }

    /// Ends the transaction: the sequence, and what the clock must never give again.
    pub(super) fn end(mut self, change: &mut dyn Change, clock: HybridClock) -> Result<Done, crate::TxError> {
        let reserved = clock.reservation().filter(|until| *until > self.next.reserved);
        self.next.reserved = reserved.unwrap_or(self.next.reserved);
        if reserved.is_some() || self.touched != [false; 2] {
            self.next.write(change)?;
        }
        let Self { next, touched, filled, keys, fresh, .. } = self;
        Ok(Done { next, touched, filled, keys, clock, fresh, counted: None })
    }
}
