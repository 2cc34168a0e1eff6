//! Is what nodes say to each other true, within bounds, and in time?

use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::{Frame, Held, Refused, RefusedWhy};
use vigie_model::StreamId;
use vigie_sync::{CloseWhy, Lane, SessionId};

use crate::body::is_accusation;
use crate::plan::{HUB, NodeIx};
use crate::world::World;

/// The largest frame, as `vigie-net` has it.
const MAX_FRAME_BYTES: usize = 256 * 1024;

/// A record may be larger than the room in the window when nothing else is on the way: one segment, its seal, its frame.
const ONE_RECORD_BYTES: u64 = 24 * 1024;

impl World {
    /// When all is well, what is measured is at the hub soon, whatever else waits.
    pub(super) fn check_fresh(&mut self, stream: StreamId) {
        let Some(from) = self.oracle.fresh_from else { return };
        let bound_ms = self.fresh_within_ms();
        let Some(due) = self.now.checked_sub(bound_ms) else { return };
        let Some(given) = self.oracle.given.get(&stream) else { return };
        let expected = given.iter().rev().find(|(_, (at, _))| *at <= due && *at >= from).map(|(seq, _)| *seq);
        let newest = self.oracle.newest.get(&stream).copied().unwrap_or(0);
        if let Some(expected) = expected.filter(|expected| newest < *expected) {
            self.broken(format!(
                "{stream:?} of node {}: number {expected} is older than {bound_ms} ms and the hub has seen only {newest}",
                self.oracle.of[&stream]
            ));
        }
    }

    fn fresh_within_ms(&self) -> u64 {
        let slowest = self.links.iter().filter_map(|link| link.plan.rate).min();
        // A full piece of backlog may be on the line before the tick, at each hop.
        20_000 + slowest.map_or(0, |rate| 40_000_000 / rate)
    }

    pub(crate) fn check_sent(&mut self, node: NodeIx, session: SessionId, lane: Lane, frame: &[u8]) {
        self.tally.frames += 1;
        let kind = frame.first().copied().unwrap_or(0);
        self.mix(frame.len() as u64 ^ (u64::from(kind) << 32) ^ ((node as u64) << 48));
        frame.chunks(64).for_each(|chunk| {
            let mut some = [0; 8];
            some[..chunk.len().min(8)].copy_from_slice(&chunk[..chunk.len().min(8)]);
            self.mix(u64::from_le_bytes(some));
        });
        // Clocks are asked each hour, and may be found better known; all else says that something is going on.
        let anchor = kind == 13 && matches!(Frame::decode(frame), Ok(Frame::Statement(said)) if is_anchor(&said));
        // Rows are compared once a day, whatever happened.
        let compares = matches!(kind, 67 | 68 | 73);
        // Where hours go in place of ticks, how much was collected is told each quarter of an hour: longer than all else waits.
        let counts = kind == 18 && self.plan.keeps_ticks_back();
        if !matches!(kind, 16 | 17) && !anchor && !compares && !counts {
            self.oracle.last_frame_at = self.now;
            self.oracle.quiet_frames += 1;
        }
        self.trace(|| format!("{node} sends on {} ({lane}): {}", session.0, shown(frame)));
        if frame.is_empty() || frame.len() > MAX_FRAME_BYTES {
            self.broken(format!("{node} sends a frame of {} bytes", frame.len()));
        }
        if matches!(lane, Lane::Backlog | Lane::Rollups) {
            self.check_window(node, session, frame.len() as u64);
        }
        match kind {
            3 | 4 => self.check_custody(node, session, frame),
            5 => self.check_receipt(node, frame),
            23 => self.tally.hours += 1,
            24 => self.check_rolled(node, session, frame),
            _ => {}
        }
    }

    /// Bulk on the way stays below its ceiling.
    fn check_window(&mut self, node: NodeIx, session: SessionId, bytes: u64) {
        let Some(watch) = self.oracle.watches.get_mut(&(node, session)) else { return };
        watch.backlog_sent += bytes;
        let under_way = watch.backlog_sent - watch.backlog_received;
        let most = watch.ceiling + ONE_RECORD_BYTES;
        if under_way > most {
            self.broken(format!("{node} has {under_way} bytes of backlog under way, of {most}"));
        }
    }

    /// Nothing is acknowledged that is not durable.
    fn check_custody(&mut self, node: NodeIx, session: SessionId, frame: &[u8]) {
        let list = match Frame::decode(frame) {
            Ok(Frame::Have(list) | Frame::Acks(list)) => list,
            other => return self.broken(format!("{node} sends an acknowledgement that reads as {other:?}")),
        };
        for held in list {
            self.check_held(node, session, held);
        }
    }

    fn check_held(&mut self, node: NodeIx, session: SessionId, held: Held) {
        let stream = self.oracle.watches.get(&(node, session)).and_then(|watch| watch.numbers.get(&held.ix)).copied();
        let Some(stream) = stream else {
            return self.broken(format!("{node} acknowledges number {} that nobody introduced", held.ix));
        };
        let Some(life) = self.nodes[node].life.as_ref() else { return };
        let facts = life.log.streams().get(&stream);
        let lacking = facts.map_or_else(|| held.have.clone(), |facts| held.have.without(&facts.have));
        let unsealed = facts.map_or_else(|| held.sealed.clone(), |facts| held.sealed.without(&facts.sealed));
        let short = held.schema_len > facts.map_or(0, |facts| facts.schema_len);
        // What a flipped bit took may have been told a moment ago.
        if !self.oracle.excuses[node].flipped && (!lacking.is_empty() || !unsealed.is_empty() || short) {
            return self.broken(format!(
                "{node} acknowledges {stream:?}: {lacking:?} are not durable, {unsealed:?} not sealed, definitions short: {short}"
            ));
        }
        self.oracle.told[node].entry(stream).or_default().union_with(&held.have);
    }

    /// No tick is said to be in an hour that is in none.
    fn check_rolled(&mut self, node: NodeIx, session: SessionId, frame: &[u8]) {
        let Ok(Frame::RolledUp(list)) = Frame::decode(frame) else {
            return self.broken(format!("{node} says what it has in hours, and it can not be read"));
        };
        for said in list.into_iter().filter(|said| said.whole) {
            let stream = self.oracle.watches.get(&(node, session)).and_then(|watch| watch.numbers.get(&said.ix));
            let (Some(stream), Some(life)) = (stream.copied(), self.nodes[node].life.as_ref()) else { continue };
            let all = life.log.streams().get(&stream).map(|facts| facts.rolled.all()).unwrap_or_default();
            let lacking = said.ticks.without(&all);
            if !self.oracle.excuses[node].flipped && !lacking.is_empty() {
                return self
                    .broken(format!("{node} says that {lacking:?} of {stream:?} are in hours, and they are not"));
            }
        }
    }

    /// A receipt names what the hub has, durably and verified.
    fn check_receipt(&mut self, node: NodeIx, frame: &[u8]) {
        let Ok(Frame::Receipt(receipt)) = Frame::decode(frame) else {
            return self.broken(format!("{node} sends a receipt that can not be read"));
        };
        if receipt.verify(&self.nodes[HUB].key.verifying_key()).is_err() {
            return self.broken(format!("{node} passes on a receipt that the hub did not sign"));
        }
        let stream = receipt.stream;
        if node == HUB {
            let Some(life) = self.nodes[HUB].life.as_ref() else { return };
            let lacking = life.log.streams().get(&stream).map(|facts| receipt.held.without(&facts.sealed));
            if lacking.is_none_or(|lacking| !lacking.is_empty()) {
                return self.broken(format!("the hub signs for {:?} of {stream:?}, which it lacks", receipt.held));
            }
            self.oracle.signed.entry(stream).or_default().union_with(&receipt.held);
        }
    }

    pub(crate) fn check_came(&mut self, node: NodeIx, session: SessionId, _lane: Lane, frame: &[u8]) {
        let kind = frame.first().copied().unwrap_or(0);
        if !matches!(kind, 2 | 6 | 8) {
            return;
        }
        let Some(watch) = self.oracle.watches.get_mut(&(node, session)) else { return };
        match Frame::decode(frame) {
            Ok(Frame::Announce(list)) => list.into_iter().for_each(|said| {
                watch.numbers.insert(said.ix, said.stream);
            }),
            Ok(Frame::LiveStream(said)) => {
                watch.numbers.insert(said.ix, said.stream);
            }
            Ok(Frame::Received { bulk, .. }) => watch.backlog_received = watch.backlog_received.max(bulk),
            _ => {}
        }
    }

    pub(crate) fn check_close(&mut self, node: NodeIx, why: &CloseWhy) {
        if is_accusation(why) {
            self.broken(format!("{node} accuses an honest peer: {why}"));
        }
    }

    pub(crate) fn check_refused(&mut self, node: NodeIx, refused: &Refused) {
        self.tally.refused += 1;
        match refused.why {
            RefusedWhy::Missing => {}
            RefusedWhy::Forged | RefusedWhy::NotYours | RefusedWhy::Quota => {
                self.broken(format!("{node} is honest and was refused: {refused:?}"));
            }
        }
    }
}

fn is_anchor(said: &SignedStatement) -> bool {
    matches!(said.statement, Statement::Anchor(_))
}

fn shown(bytes: &[u8]) -> String {
    match Frame::decode(bytes) {
        Ok(Frame::Live(live)) => format!("live {} of {}", live.seq, live.ix),
        Ok(Frame::Ticks(run)) => format!("ticks {}+{} of {:?}", run.first, run.count, run.stream),
        Ok(Frame::Segment(segment)) => {
            let header = segment.header();
            format!("segment {}..={} of {:?}", header.first, header.last, header.stream)
        }
        Ok(Frame::Seal(seal)) => {
            format!("seal {}..={} of {:?}", seal.header.first, seal.header.last, seal.header.stream)
        }
        Ok(Frame::Statement(said)) => format!("statement {:?} of {:?}", said.statement, said.stream),
        Ok(Frame::Receipt(receipt)) => format!("receipt {:?} of {:?}", receipt.held, receipt.stream),
        Ok(Frame::Hello(hello)) => format!("hello epoch {}", hello.store_epoch),
        Ok(Frame::Announce(list)) => {
            let all: Vec<_> = list.iter().map(|said| format!("{}={:?}", said.ix, said.stream)).collect();
            format!("announce {}", all.join(" "))
        }
        Ok(Frame::LiveStream(said)) => format!("live stream {}={:?}", said.ix, said.stream),
        Ok(Frame::Schema(part)) => format!("schema {}+{} of {:?}", part.from, part.defs.len(), part.stream),
        Ok(frame) => format!("{frame:?}"),
        Err(error) => format!("unreadable: {error}"),
    }
}
