//! What does a node ask of its store, and what follows from what the store says?
//!
//! Knows no disk: a wish goes out with a [`Token`], and comes back kept or not kept. What became durable is told to whoever
//! brought it; what did not is refused, brought again, or kept for later.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_codec::receipt::Receipt;
use vigie_codec::wire::{Frame, Refused, RefusedWhy};
use vigie_model::{Now, Seq, StreamId};

use super::Replica;
use crate::Lane;
use crate::keep::{Outcome, StreamFacts, Write};
use crate::talk::{CloseWhy, Event, Output, SessionId, Token};

/// How long a store that could keep nothing is left alone, before the words of the hub are tried again.
const KEEP_AGAIN_MS: u64 = 5_000;

/// Why a wish to the store was made, to be answered when it is done.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) session: SessionId,
    pub(super) bulk_bytes: u64,
    /// What a refusal would have to name, for each write.
    pub(super) pieces: Vec<Option<(StreamId, Seq, Seq)>>,
    /// The words of a peer that takes: when they can not be kept now, they are kept later.
    pub(super) words: Vec<Write>,
}

/// Words of a peer that could not be kept: the newest of each stream, custody before receipt.
pub(super) type Words = BTreeMap<(StreamId, u8), (SessionId, Write)>;

impl Replica {
    pub(super) fn facts(&mut self, stream: StreamId, facts: Arc<StreamFacts>, now: Now) {
        for id in self.sessions.carriers(stream) {
            if let Some(inbound) = self.inbound(id)
                && let Err(why) = inbound.facts(stream, &facts, false, now.mono_ms)
            {
                self.close(id, why);
            }
        }
        for id in self.sessions.offering() {
            if let Some(outbound) = self.outbound(id) {
                outbound.offer(stream);
                outbound.changed(stream);
            }
        }
        let is_signed = |(_, last): &(u64, Receipt)| last.held == facts.sealed;
        if !facts.sealed.is_empty() && !self.receipts.get(&stream).is_some_and(is_signed) {
            self.receipt_is_due(stream);
        }
        self.streams.insert(stream, facts);
        self.fresh.remove(&stream);
    }

    pub(super) fn applied(&mut self, token: Token, outcomes: Vec<Outcome>, now: Now) {
        let Some(asked) = self.asked.remove(&token) else { return };
        for (outcome, piece) in outcomes.into_iter().zip(&asked.pieces) {
            if let (Outcome::UnknownStream(stream), Some(_)) = (&outcome, piece) {
                let stream = *stream;
                self.forgotten(asked.session, stream, now);
                continue;
            }
            let why = match outcome {
                Outcome::Kept(kept) => {
                    if kept.forked {
                        self.event(Event::Forked(kept.stream));
                    }
                    continue;
                }
                Outcome::Rolled { stream, edition, ticks } => {
                    let all = self.streams.get(&stream).map(|facts| facts.rolled.all()).unwrap_or_default();
                    if let (Some(inbound), Some(_)) = (self.inbound(asked.session), piece) {
                        inbound.rolled(stream, edition, &ticks, &all);
                    }
                    continue;
                }
                // It is not acknowledged, and not sent again on this connection.
                Outcome::NotRolled(_) => continue,
                Outcome::TicksMissing => RefusedWhy::Missing,
                Outcome::Forged(..) => RefusedWhy::Forged,
                Outcome::WrongSchema(_) | Outcome::TooMuch(_) => RefusedWhy::Quota,
                Outcome::UnknownStream(_) => continue,
            };
            if let Some((stream, first, last)) = *piece {
                let refused = Refused { stream, first, last, why };
                self.say(asked.session, Lane::Control, &Frame::Refused(refused));
            }
        }
        let streams: BTreeSet<_> = asked.pieces.iter().flatten().map(|piece| piece.0).collect();
        if asked.bulk_bytes == 0 {
            return;
        }
        let Some(inbound) = self.sessions.touch(asked.session).and_then(|session| session.inbound.as_mut()) else {
            return;
        };
        inbound.bulk_taken(asked.bulk_bytes);
        for stream in streams {
            if let Some(facts) = self.streams.get(&stream) {
                // What was lost would have been noticed when the facts came.
                let _known = inbound.facts(stream, facts, true, now.mono_ms);
            }
        }
    }

    /// The store has lost a stream that was introduced: whoever brings it must begin again.
    pub(super) fn forgotten(&mut self, session: SessionId, stream: StreamId, now: Now) {
        let Some(known) = self.streams.get(&stream) else { return };
        let nothing = Arc::new(StreamFacts::new(known.key, known.name.clone()));
        self.facts(stream, nothing, now);
        self.fresh.insert(stream);
        self.close(session, CloseWhy::Restate);
    }

    /// Whoever brought something must bring it again. The words of a peer that takes are tried again, and the session
    /// goes on: a node whose disk is full can still pass on what it measures.
    pub(super) fn not_applied(&mut self, asked: Asked, now: Now) {
        if asked.words.is_empty() {
            return self.close(asked.session, CloseWhy::StoreTrouble);
        }
        if self.sessions.get(asked.session).is_none()
            && !asked.words.iter().any(|word| matches!(word, Write::Receipt(_)))
        {
            return;
        }
        self.keep_again_ms = now.mono_ms + KEEP_AGAIN_MS;
        for word in asked.words {
            let place = match &word {
                Write::CustodyLost { stream } => (*stream, 0),
                Write::Custody { stream, .. } => (*stream, 1),
                Write::Receipt(receipt) => (receipt.stream, 2),
                _ => continue,
            };
            // Each says all there is to say, so the newest is enough.
            self.unkept.insert(place, (asked.session, word));
        }
    }

    /// Tries again to keep what the store would not take.
    pub(super) fn keep_again(&mut self, now: Now) {
        if self.unkept.is_empty() || now.mono_ms < self.keep_again_ms {
            return;
        }
        for (_, (session, word)) in std::mem::take(&mut self.unkept) {
            self.keep_words(session, vec![word]);
        }
    }

    pub(super) fn keep_words(&mut self, session: SessionId, words: Vec<Write>) {
        let pieces = words.iter().map(|_| None).collect();
        self.apply(Asked { session, bulk_bytes: 0, pieces, words: words.clone() }, words, false);
    }

    pub(super) fn keep(&mut self, id: SessionId, stream: StreamId, piece: (Seq, Seq), write: Write, bulk_bytes: u64) {
        let carried = self.inbound(id).is_some_and(|inbound| inbound.carries(stream));
        if !carried {
            self.bulk_done(id, bulk_bytes);
            return self.refuse(id, stream, piece, RefusedWhy::NotYours);
        }
        let pieces = vec![Some((stream, piece.0, piece.1))];
        self.apply(Asked { session: id, bulk_bytes, pieces, words: Vec::new() }, vec![write], bulk_bytes > 0);
    }

    pub(super) fn bulk_done(&mut self, id: SessionId, bytes: u64) {
        if let Some(inbound) = self.inbound(id) {
            inbound.bulk_taken(bytes);
        }
    }

    pub(super) fn refuse(&mut self, id: SessionId, stream: StreamId, (first, last): (Seq, Seq), why: RefusedWhy) {
        self.say(id, Lane::Control, &Frame::Refused(Refused { stream, first, last, why }));
    }

    pub(super) fn apply(&mut self, asked: Asked, writes: Vec<Write>, urgent: bool) {
        let token = Token(self.next_token);
        self.next_token += 1;
        self.asked.insert(token, asked);
        self.out.push_back(Output::Apply { token, writes, urgent });
    }
}
