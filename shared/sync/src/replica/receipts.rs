//! When does the hub sign for a stream, and who hears it?
//!
//! Below the hub, its words are checked, passed on and remembered. Knows nothing of what is deleted on such a word.

use vigie_codec::receipt::Receipt;
use vigie_codec::wire::Frame;
use vigie_merge::RangeSet;
use vigie_model::{Now, StreamId};

use super::Replica;
use crate::Lane;
use crate::keep::StreamFacts;
use crate::talk::SessionId;

/// The hub signs for a stream at most this often: each signature lets the nodes below delete, and none waits for it.
const RECEIPT_EVERY_MS: u64 = 1_000;

/// Receipts signed in one breath: a few milliseconds, in which no tick is taken in.
const SIGNED_AT_ONCE: usize = 64;

impl Replica {
    /// A stream is signed for anew, as soon as it may be (hub only).
    pub(super) fn receipt_is_due(&mut self, stream: StreamId) {
        if self.me.receipt_key.is_some() {
            let at_ms = self.receipts.get(&stream).map_or(0, |(at, _)| at + RECEIPT_EVERY_MS);
            self.receipts_due.insert((at_ms, stream));
        }
    }

    /// Signs for what has become verified, and tells whoever carries the stream.
    pub(super) fn sign_receipts(&mut self, now: Now) {
        let Some(key) = self.me.receipt_key.clone() else { return };
        for _ in 0..SIGNED_AT_ONCE {
            let Some((_, stream)) = self.receipts_due.first().copied().filter(|(at_ms, _)| *at_ms <= now.mono_ms)
            else {
                return;
            };
            self.receipts_due.pop_first();
            let Some(facts) = self.streams.get(&stream) else { continue };
            if self.receipts.get(&stream).is_some_and(|(_, last)| last.held == facts.sealed) {
                continue;
            }
            let epoch = self.me.store_epoch;
            let receipt = Receipt::new(stream, facts.sealed.clone(), facts.schema_len, epoch, now.utc, &key);
            self.pass_receipt(&receipt);
            self.receipts.insert(stream, (now.mono_ms, receipt));
        }
    }

    pub(super) fn pass_receipt(&mut self, receipt: &Receipt) {
        let frame = Frame::Receipt(receipt.clone());
        self.sessions.carriers(receipt.stream).into_iter().for_each(|id| self.say(id, Lane::Control, &frame));
    }

    /// Whoever announces the stream before this word is durable here must hear it too: it may be the last one.
    pub(super) fn remember(&mut self, receipt: &Receipt, now: Now) {
        let age = |one: &Receipt| (one.hub_epoch, one.at);
        if self.receipts.get(&receipt.stream).is_none_or(|(_, last)| age(last) <= age(receipt)) {
            self.receipts.insert(receipt.stream, (now.mono_ms, receipt.clone()));
        }
    }

    /// The newest word of the hub, for a peer that has just announced a stream.
    pub(super) fn tell_receipt(&mut self, id: SessionId, stream: StreamId) {
        let last = self.receipts.get(&stream).map(|(_, receipt)| receipt.clone());
        if last.is_none() && self.streams.get(&stream).is_some_and(|facts| !facts.sealed.is_empty()) {
            self.receipt_is_due(stream);
        }
        let receipt = last.or_else(|| self.streams.get(&stream)?.receipt.clone());
        if let Some(receipt) = receipt {
            self.say(id, Lane::Control, &Frame::Receipt(receipt));
        }
    }
}

/// What of a stream nobody below the hub needs to keep: what the hub has signed for.
pub fn receipted(facts: &StreamFacts) -> RangeSet {
    facts.receipt.as_ref().map_or_else(RangeSet::new, |receipt| receipt.held.clone())
}
