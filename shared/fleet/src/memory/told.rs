//! What came: ticks, facts and definitions, each taken in where it belongs.

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_model::{Anchor, Role, SeriesDef, StreamId, Tick, UtcMs};
use vigie_sync::Ledger as Account;
use vigie_sync::keep::StreamFacts;

use super::streams::Gist;
use super::{Memory, Stream, StreamIx, next_labels};
use crate::draining::Draining;
use crate::ledgers;
use crate::newest::{Newest, true_ms};
use crate::recent::Recent;

impl Memory {
    pub(crate) fn stream_mut(&mut self, id: StreamId) -> (StreamIx, &mut Stream) {
        if let Some(ix) = self.find_stream(id) {
            return (ix, &mut self.streams[ix.0 as usize]);
        }
        let (node, _) = self.node_mut(id.agent);
        let ix = StreamIx(self.streams.len() as u32);
        self.by_stream.insert(id, ix);
        self.streams.push(Stream {
            id,
            node,
            facts: None,
            account: Account::default(),
            recent: Recent::default(),
            gist: Gist::default(),
            newest: Newest::default(),
            schema: None,
            labels: next_labels(&mut self.next_labels),
            bringer: None,
            arrival: 0,
            draining: None,
        });
        let mut lives = std::mem::take(&mut self.nodes[node.0 as usize].streams);
        lives.push(ix);
        lives.sort_by_key(|life| self.stream(*life).id);
        self.nodes[node.0 as usize].streams = lives;
        (ix, &mut self.streams[ix.0 as usize])
    }

    /// A tick came.
    pub(crate) fn saw(&mut self, id: StreamId, tick: &Arc<Tick>, learnt_at: UtcMs) -> StreamIx {
        let (ix, _) = self.stream_mut(id);
        let defs = self.defs_of(ix);
        let stream = &mut self.streams[ix.0 as usize];
        let durable = stream.facts.as_ref().is_some_and(|facts| facts.have.contains(tick.seq.0));
        if stream.recent.saw(tick, learnt_at, durable) {
            let at = stream.true_ms(tick.at);
            stream.newest.take(tick, at, learnt_at, defs);
            if let Some(facts) = stream.facts.as_ref().filter(|_| durable) {
                stream.newest.settle(&facts.have, &facts.gaps);
            }
            stream.sum_up();
        }
        ix
    }

    /// A tick came now: what the log knew when this node began did not.
    pub(crate) fn arrived(&mut self, id: StreamId, tick: &Arc<Tick>, learnt_at: UtcMs) {
        self.arrivals += 1;
        let arrival = self.arrivals;
        let stream = self.saw(id, tick, learnt_at);
        self.streams[stream.0 as usize].arrival = arrival;
    }

    /// What is known of a stream has changed. Its definitions come first: see [`Memory::learn`].
    pub(crate) fn told(&mut self, id: StreamId, facts: &Arc<StreamFacts>, role: Role, now_ms: u64) {
        let (_, stream) = self.stream_mut(id);
        let same_times = stream.facts.as_ref().is_some_and(|old| old.anchors == facts.anchors);
        if !same_times {
            stream.newest.put_right(&facts.anchors);
        }
        stream.recent.settle(&facts.have);
        stream.newest.settle(&facts.have, &facts.gaps);
        stream.draining = Draining::next(stream.draining.take(), ledgers::waiting(facts), now_ms);
        stream.account = Account::of(facts, role);
        stream.facts = Some(facts.clone());
        stream.sum_up();
    }

    /// Whether all of this that a question may see is known here.
    pub(crate) fn was_told(&self, id: StreamId, facts: &StreamFacts) -> bool {
        let known = self.find_stream(id).and_then(|ix| self.stream(ix).facts.as_deref());
        known.is_some_and(|known| {
            known.schema_len == facts.schema_len
                && known.have == facts.have
                && known.gaps == facts.gaps
                && known.present == facts.present
                && known.anchors == facts.anchors
                && known.rolled == facts.rolled
        })
    }

    /// From which place on definitions of a stream are to be read, if any are.
    pub(crate) fn lacks_defs(&self, id: StreamId, facts: &StreamFacts) -> Option<u32> {
        let ix = self.find_stream(id);
        let schema = ix.and_then(|ix| self.stream(ix).schema);
        if facts.schema_len == 0 || self.catalogue.is(schema, facts.schema_hash) {
            return None;
        }
        if self.catalogue.with_hash(facts.schema_hash).is_some() {
            return None;
        }
        let here = ix.map_or(0, |ix| self.defs_of(ix) as u32);
        // Fewer than before: something was lost and came again, and is read as a whole.
        Some(if here <= facts.schema_len { here } else { 0 })
    }

    /// Definitions of a stream from a place on; none where [`Memory::lacks_defs`] said that none were needed.
    pub(crate) fn learn(&mut self, id: StreamId, facts: &StreamFacts, read: Option<(u32, Vec<SeriesDef>)>) {
        let (ix, stream) = self.stream_mut(id);
        let (before, whose) = (stream.schema, stream.node);
        if facts.schema_len == 0 || self.catalogue.is(before, facts.schema_hash) {
            return;
        }
        let after = match (self.catalogue.with_hash(facts.schema_hash), read) {
            (Some(same), _) => {
                self.catalogue.join((ix, whose), before, same);
                same
            }
            (None, Some((from, more))) => {
                let whole = from as usize + more.len() == facts.schema_len as usize;
                let hash = whole.then_some(facts.schema_hash);
                if from == 0 {
                    before.into_iter().for_each(|before| self.catalogue.leave(ix, before));
                }
                self.catalogue.grow((ix, whose), before.filter(|_| from > 0), &more, hash)
            }
            (None, None) => return,
        };
        self.streams[ix.0 as usize].schema = Some(after);
    }

    /// What was read of the newest ticks in the log takes its place in memory, and what is not durable is laid over it.
    pub(crate) fn filled(&mut self, ix: StreamIx, read: Newest, anchors_read: &BTreeMap<u32, Anchor>) {
        let defs = self.defs_of(ix);
        let stream = &mut self.streams[ix.0 as usize];
        stream.newest.replace(read);
        let none = BTreeMap::new();
        let facts = stream.facts.clone();
        let anchors = facts.as_ref().map_or(&none, |facts| &facts.anchors);
        if let Some(facts) = &facts {
            stream.newest.settle(&facts.have, &facts.gaps);
        }
        for (seen, tick) in stream.recent.pending() {
            stream.newest.take(tick, true_ms(anchors, seen.at), seen.learnt_at, defs);
        }
        if anchors != anchors_read {
            stream.newest.put_right(anchors);
        }
    }
}
