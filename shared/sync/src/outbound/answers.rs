//! What is sent of what the store answers?

use std::collections::BTreeMap;

use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::Frame;
use vigie_merge::RangeSet;
use vigie_model::StreamId;

use super::offered::Piece;
use super::{Outbound, Wish};
use crate::Lane;
use crate::keep::Record;
use crate::talk::Answer;

/// How long a store that could not be read is left alone.
const STORE_RESTS_MS: u64 = 5_000;

impl Outbound {
    /// The store's answer to an [`Ask`] of this half.
    pub(crate) fn answer(&mut self, stream: StreamId, answer: Answer, now_ms: u64) {
        let Some(at) = self.by_id.get(&stream).map(|ix| *ix as usize) else { return };
        if !matches!(answer, Answer::Schema { .. }) {
            self.look_at(at);
        }
        match answer {
            Answer::Records(records) => self.send_records(at, records, now_ms),
            Answer::Schema { from, defs } => self.send_definitions(at, from, defs, now_ms),
            Answer::Seals(seals) => {
                for seal in seals {
                    let (first, last) = (seal.header.first.0, seal.header.last.0);
                    if self.streams[at].peer.as_ref().is_some_and(|peer| peer.sealed.contains_range(first, last)) {
                        continue;
                    }
                    self.streams[at].seals_sent.insert(seal.header.first.0, seal.header.last.0);
                    self.send_live(Frame::Seal(seal));
                }
            }
            Answer::Anchors(statements) => {
                self.streams[at].asking_anchors = false;
                // Gaps go with the records, where they are counted as sent, but for those over ticks that the peer has.
                let said = &self.streams[at].gaps_said;
                let due = |one: &SignedStatement| match one.statement {
                    Statement::Anchor(_) => true,
                    Statement::Gap(gap) => said.touches(gap.first.0, gap.last.0),
                };
                let frames = statements.into_iter().filter(due).map(Frame::Statement);
                self.wishes.extend(frames.map(|frame| Wish::Send(Lane::State, Box::new(frame))));
            }
            Answer::Hours(found) => self.send_hours(at, found, now_ms),
            Answer::Failed => self.ask_again_later(at, now_ms),
        }
    }

    /// What was asked of a stream is asked again when the store has rested.
    fn ask_again_later(&mut self, at: usize, now_ms: u64) {
        let offered = &mut self.streams[at];
        offered.asking_anchors = false;
        offered.anchors_told = BTreeMap::new();
        (offered.seals_asked, offered.gaps_said) = (RangeSet::new(), RangeSet::new());
        self.loading.take_if(|(stream, _)| *stream == offered.stream);
        self.loading_hours.take_if(|(stream, _)| *stream == offered.stream);
        self.loading_definitions.take_if(|stream| *stream == offered.stream);
        self.store_rests_until_ms = Some(now_ms + STORE_RESTS_MS);
    }

    fn send_records(&mut self, at: usize, records: Vec<Record>, now_ms: u64) {
        let asked = self.loading.take_if(|(stream, _)| *stream == self.streams[at].stream);
        if let (Some((_, wanted)), true) = (asked, records.is_empty()) {
            // What was wanted went away meanwhile.
            self.streams[at].absent.union_with(&wanted);
        }
        for record in records {
            for piece in self.streams[at].pieces(record) {
                self.send_piece(at, piece, now_ms);
            }
        }
    }

    fn send_piece(&mut self, at: usize, (first, last, lane, frame): Piece, now_ms: u64) {
        self.streams[at].sent.insert(first, last);
        if lane == Lane::Backlog {
            self.bulk.sent(frame.encode().len() as u64, now_ms);
        }
        self.wishes.push_back(Wish::Send(lane, Box::new(frame)));
    }
}
