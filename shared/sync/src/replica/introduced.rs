//! Which streams may a peer speak for, and what is known of one as soon as it is introduced?

use std::collections::btree_map::Entry;
use std::sync::Arc;

use vigie_codec::wire::{Announced, Held, RefusedWhy, Tally};
use vigie_model::{Role, Seq, Slug, StreamId};

use super::Replica;
use super::stored::Asked;
use crate::keep::{StreamFacts, Write};
use crate::talk::{CloseWhy, Event, PeerIs, SessionId};

impl Replica {
    pub(super) fn introduce(&mut self, id: SessionId, said: Announced) -> Result<(), CloseWhy> {
        let allowed = self.may_speak(id, said.stream);
        let Some(inbound) = self.inbound(id) else { return Ok(()) };
        if !inbound.introduce(&said, allowed)? {
            return Ok(());
        }
        if !allowed {
            self.refuse(id, said.stream, (Seq::FIRST, Seq(u64::MAX)), RefusedWhy::NotYours);
            return Ok(());
        }
        self.sessions.carries(id, said.stream);
        let Announced { stream, key, name, tally, .. } = said;
        let mut writes = Vec::new();
        let known = self.streams.get(&stream).is_some_and(|facts| facts.name == name);
        // A first introduction may have failed to become durable.
        if !known || self.fresh.contains(&stream) {
            writes.push(Write::Stream { stream, key, name: name.clone() });
        }
        let told = self.streams.get(&stream).map_or_else(Tally::default, |facts| facts.collected());
        if told.ticks < tally.ticks || told.samples < tally.samples {
            writes.push(Write::Tally { stream, tally });
        }
        // Known at once, so that its live ticks can be passed on; durable when the store says so.
        if let Entry::Vacant(place) = self.streams.entry(stream) {
            place.insert(Arc::new(StreamFacts::new(key, name)));
            self.fresh.insert(stream);
        }
        self.event(Event::Announced { session: id, stream, tally });
        let pieces = writes.iter().map(|_| None).collect();
        if !writes.is_empty() {
            self.apply(Asked { session: id, bulk_bytes: 0, pieces, words: Vec::new() }, writes, false);
        }
        self.tell_receipt(id, stream);
        Ok(())
    }

    /// An agent speaks for itself, and brings what it measured while it had another's key as its copy; a relay speaks at the hub for itself and for what is enrolled at its own site.
    fn may_speak(&self, id: SessionId, stream: StreamId) -> bool {
        let Some(PeerIs { node, role, client, site, formerly, .. }) =
            self.sessions.get(id).map(|session| &session.peer)
        else {
            return false;
        };
        match role {
            Role::Agent => *node == stream.agent || *formerly == Some(stream.agent),
            Role::Relay => {
                let is_of_site = |home: &(Slug, Slug)| (&home.0, &home.1) == (client, site);
                self.me.role == Role::Hub
                    && (*node == stream.agent || self.homes.get(&stream.agent).is_some_and(is_of_site))
            }
            Role::Hub => false,
        }
    }

    pub(super) fn held(&mut self, id: SessionId, ix: u32) -> Option<Held> {
        let stream = self.inbound(id)?.stream_at(ix)?;
        let facts = self.streams.get(&stream).cloned();
        self.inbound(id)?.full(ix, facts.as_deref())
    }
}
