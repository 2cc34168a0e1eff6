//! What does a frame from a peer mean, and may that peer say it?
//!
//! Greetings and answers are dealt with here; what a peer brings goes on to `brought`.

use vigie_codec::wire::rows::KINDS;
use vigie_codec::wire::{Frame, Hello, Link, feature};
use vigie_merge::RangeSet;
use vigie_model::{Now, Role, StreamId};

use super::Replica;
use crate::Lane;
use crate::keep::Write;
use crate::outbound::PeerKeeps;
use crate::talk::{CloseWhy, Errand, Event, SessionId, Way};

/// No link is slower: who is not heard for three of these is gone.
const SLOWEST_MS: u32 = 600_000;

impl Replica {
    pub(super) fn frame(&mut self, id: SessionId, lane: Lane, bytes: &[u8], now: Now) {
        let Some(session) = self.sessions.touch(id).filter(|session| !session.closing) else { return };
        let frame = match Frame::decode(bytes) {
            Ok(frame) => frame,
            Err(error) => return self.close(id, CloseWhy::Protocol(error.to_string())),
        };
        if session.greeted.is_none() && lane == Lane::Control && !matches!(frame, Frame::Hello(_)) {
            return self.close(id, CloseWhy::Protocol("the first word on the control lane is hello".to_owned()));
        }
        if let Err(why) = self.understand(id, lane, frame, bytes, now) {
            self.close(id, why);
        }
    }

    fn understand(&mut self, id: SessionId, lane: Lane, frame: Frame, bytes: &[u8], now: Now) -> Result<(), CloseWhy> {
        match frame {
            Frame::Hello(hello) => self.greeted(id, hello)?,
            Frame::ClockAsk(token) => self.say(id, Lane::Control, &Frame::ClockTell(token, self.own_clock(now))),
            Frame::ClockTell(token, clock) => {
                let round_trip_ms = now.mono_ms.saturating_sub(token);
                self.event(Event::Clock { session: id, clock, round_trip_ms });
            }
            Frame::Link(link) => self.link_told(id, link),
            Frame::Goodbye(reason) => self.event(Event::Goodbye(id, reason)),
            Frame::CertAsk(body) => self.event(Event::Errand(id, Errand::CertAsk(body))),
            Frame::CertTell(body) => self.event(Event::Errand(id, Errand::CertTell(body))),
            Frame::Revoked(body) => self.event(Event::Errand(id, Errand::Revoked(body))),
            Frame::Unknown(kind) if KINDS.contains(&kind) && matches!(lane, Lane::Alerts | Lane::State) => {
                self.row_frame(id, bytes, now)?;
            }
            Frame::Unknown(_) => {}
            Frame::Have(_)
            | Frame::Acks(_)
            | Frame::Receipt(_)
            | Frame::Received { .. }
            | Frame::Refused(_)
            | Frame::RolledUp(_)
            | Frame::RawWanted(_)
            | Frame::Paused(_) => self.answered(id, frame, now)?,
            Frame::Announce(_)
            | Frame::LiveStream(_)
            | Frame::Live(_)
            | Frame::Ticks(_)
            | Frame::Segment(_)
            | Frame::Seal(_)
            | Frame::Statement(_)
            | Frame::Schema(_)
            | Frame::Rollup(_)
            | Frame::Thinned(_)
            | Frame::Tally(..) => {
                self.brought(id, lane, frame, bytes.len() as u64, now)?;
            }
        }
        Ok(())
    }

    fn greeted(&mut self, id: SessionId, hello: Hello) -> Result<(), CloseWhy> {
        let Some(session) = self.sessions.touch(id) else { return Ok(()) };
        if session.greeted.is_some() {
            return Err(CloseWhy::Protocol("hello is said once".to_owned()));
        }
        if hello.role != session.peer.role {
            return Err(CloseWhy::WrongRole { said: hello.role, is: session.peer.role });
        }
        let knows_rollups = hello.features & feature::ROLLUPS != 0;
        if let Some(outbound) = &mut session.outbound {
            outbound.peer_paused = hello.paused;
            outbound.peer_rolls = hello.role == Role::Hub && knows_rollups;
        }
        if let Some(inbound) = &mut session.inbound {
            inbound.rolls = self.me.role == Role::Hub && hello.role == Role::Relay && knows_rollups;
        }
        session.greeted = Some(hello.clone());
        // Whoever dialled has begun.
        if hello.features & feature::ROWS != 0 && session.peer.way == Way::Down {
            self.begin_rows(id);
        }
        self.event(Event::Greeted(id, hello));
        Ok(())
    }

    /// The side that dialled knows what the link costs: what it wants slower is slower here too.
    fn link_told(&mut self, id: SessionId, link: Link) {
        if let Some(inbound) = self.inbound(id) {
            inbound.gather_acks(u64::from(link.gather_acks_ms.min(SLOWEST_MS)));
            self.event(Event::Beats { session: id, every_ms: link.beat_ms.min(SLOWEST_MS) });
        }
    }

    /// Words of a peer that takes what we offer.
    fn answered(&mut self, id: SessionId, frame: Frame, now: Now) -> Result<(), CloseWhy> {
        let Some(outbound) = self.outbound(id) else {
            return Err(CloseWhy::Protocol("an answer from a peer that was offered nothing".to_owned()));
        };
        let mut writes = Vec::new();
        match frame {
            Frame::Have(list) => {
                let kept = list.into_iter().filter_map(|held| outbound.peer_has(held));
                // In place of what it said before: it may have lost its disk.
                let said = |kept: PeerKeeps| [Write::CustodyLost { stream: kept.stream }, kept.custody()];
                writes.extend(kept.flat_map(said));
            }
            Frame::Acks(list) => {
                let kept = list.iter().filter_map(|held| outbound.peer_kept(held));
                writes.extend(kept.map(PeerKeeps::custody));
            }
            Frame::RolledUp(list) => return self.peer_rolled(id, list),
            Frame::RawWanted(list) => {
                let wishes: Vec<_> = list.into_iter().filter_map(|said| outbound.peer_wants(said)).collect();
                let is_news = |(stream, ticks): &(StreamId, RangeSet)| {
                    self.streams.get(stream).is_some_and(|facts| facts.rolled.wanted != *ticks)
                };
                let news = wishes.into_iter().filter(is_news);
                writes.extend(news.map(|(stream, ticks)| Write::Wanted { stream, ticks }));
            }
            Frame::Received { live, bulk } => outbound.peer_received(live, bulk, now.mono_ms),
            Frame::Refused(refused) => {
                outbound.peer_refused(&refused);
                self.event(Event::Refused(id, refused));
            }
            Frame::Paused(paused) => {
                outbound.peer_paused = paused;
                self.event(Event::Paused(id, paused));
            }
            Frame::Receipt(receipt) => {
                if receipt.verify(&self.me.hub_key).is_err() {
                    return Err(CloseWhy::Protocol("a receipt that the hub did not sign".to_owned()));
                }
                self.pass_receipt(&receipt);
                self.remember(&receipt, now);
                writes.push(Write::Receipt(receipt));
            }
            _ => {}
        }
        if !writes.is_empty() {
            self.keep_words(id, writes);
        }
        Ok(())
    }
}
