//! Which definitions go to the peer, and when?
//!
//! They share the bulk window, so that what is urgent never waits behind those of a thousand new series. Within it they go
//! before backlog, which nobody can read without them. Live ticks do not wait: whoever takes them keeps them all the same.

use vigie_codec::wire::{Frame, SchemaPart};
use vigie_model::SeriesDef;

use super::{Outbound, Streams, Wish};
use crate::Lane;
use crate::talk::Ask;

/// About what fits into one packet.
const PIECE_BYTES: usize = 1_100;

/// Kind, resolution and the lengths of the texts of one definition.
const AROUND_TEXT_BYTES: usize = 6;

impl Outbound {
    /// Asks for the next definitions that the peer lacks, machine by machine in turn; says whether it lacks any.
    pub(super) fn ask_definitions(&mut self, streams: &Streams) -> bool {
        if self.loading_definitions.is_some() {
            return true;
        }
        while let Some(at) = self.undefined.range(self.turn_definitions..).next().or_else(|| self.undefined.first()) {
            let at = *at;
            if !self.lacks_definitions(at, streams) {
                self.undefined.remove(&at);
                continue;
            }
            if self.window_is_open() && self.store_rests_until_ms.is_none() {
                self.turn_definitions = at + 1;
                let offered = &self.streams[at];
                self.loading_definitions = Some(offered.stream);
                self.wishes.push_back(Wish::Ask(offered.stream, Ask::Schema { from: offered.schema_sent }));
            }
            return true;
        }
        false
    }

    fn lacks_definitions(&self, at: usize, streams: &Streams) -> bool {
        let offered = &self.streams[at];
        let here = streams.get(&offered.stream).map_or(0, |facts| facts.schema_len);
        // Of a stream that is not ours to bring nothing is taken.
        offered.peer.is_some() && !offered.blocked.contains(u64::MAX) && here > offered.schema_sent
    }

    /// The store's answer. What does not fit into the window now is asked for again.
    pub(super) fn send_definitions(&mut self, at: usize, from: u32, defs: Vec<SeriesDef>, now_ms: u64) {
        let stream = self.streams[at].stream;
        self.loading_definitions.take_if(|of| *of == stream);
        if defs.is_empty() {
            // They are damaged. Once that is settled, facts say so.
            self.undefined.remove(&at);
        }
        let mut rest = defs.as_slice();
        let mut from = from;
        while !rest.is_empty() && self.streams[at].schema_sent == from && self.window_is_open() {
            let (piece, after) = rest.split_at(as_many_as_fit(rest));
            let frame = Frame::Schema(SchemaPart { stream, from, defs: piece.to_vec() });
            (rest, from) = (after, from + piece.len() as u32);
            self.streams[at].schema_sent = from;
            self.bulk.sent(frame.encode().len() as u64, now_ms);
            // A line too narrow for its live ticks must not starve what makes them readable: they go before.
            self.wishes.push_back(Wish::Send(Lane::Rollups, Box::new(frame)));
        }
    }
}

/// How many of these, which are some, make about one packet; at least one.
fn as_many_as_fit(defs: &[SeriesDef]) -> usize {
    let text = |def: &SeriesDef| {
        let labels = def.labels().iter().map(|(key, value)| key.len() + value.len() + 2).sum::<usize>();
        def.name().len() + def.unit().len() + labels + AROUND_TEXT_BYTES
    };
    let sizes = defs.iter().scan(0, |bytes, def| {
        *bytes += text(def);
        Some(*bytes)
    });
    sizes.take_while(|bytes| *bytes <= PIECE_BYTES).count().max(1)
}
