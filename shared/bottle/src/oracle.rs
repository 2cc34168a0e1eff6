//! What must be true, after every step where that is cheap, and at the end.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;

use vigie_codec::statement::{SignedStatement, Statement};
use vigie_codec::wire::{Frame, Held, Refused, RefusedWhy};
use vigie_merge::RangeSet;
use vigie_model::{GapReason, Role, Seq, SeriesIx, StreamId, Tick, UtcMs};
use vigie_rollup::{Fold, Shape, Window};
use vigie_store::{Log, OpenReport};
use vigie_sync::keep::{Outcome, Record, StreamFacts};
use vigie_sync::{CloseWhy, Lane, Ledger, LinkProfile, SessionId};

use crate::body::is_accusation;
use crate::plan::{HUB, Kind, NodeIx};
use crate::world::World;

/// The largest frame, as `vigie-net` has it.
const MAX_FRAME_BYTES: usize = 256 * 1024;

/// A record may be larger than the room in the window when nothing else is on the way: one segment, its seal, its frame.
const ONE_RECORD_BYTES: u64 = 24 * 1024;

/// Folds at the end of a run after which it is believed to go in circles.
const MANY_FOLDS: usize = 2_000;

/// What is remembered of a run to judge it by.
#[derive(Debug)]
pub(crate) struct Oracle {
    /// Every number that was given, and to what.
    given: BTreeMap<StreamId, BTreeMap<u64, (u64, Arc<Tick>)>>,
    /// Whose stream it is.
    of: BTreeMap<StreamId, NodeIx>,
    /// Numbers that were durable on their agent.
    durable: BTreeMap<StreamId, RangeSet>,
    /// What each node's store held when it was last looked at.
    shadows: Vec<BTreeMap<StreamId, Shadow>>,
    /// What each node told a peer that it keeps.
    told: Vec<BTreeMap<StreamId, RangeSet>>,
    /// What the hub has signed for.
    signed: BTreeMap<StreamId, RangeSet>,
    /// Newest number that the hub has seen or kept.
    newest: BTreeMap<StreamId, u64>,
    excuses: Vec<Excuses>,
    watches: BTreeMap<(NodeIx, SessionId), Watch>,
    /// From when on what is measured must be seen soon.
    pub(crate) fresh_from: Option<u64>,
    pub(crate) last_frame_at: u64,
    pub(crate) quiet_frames: u64,
}

#[derive(Debug, Default)]
struct Shadow {
    have: RangeSet,
    present: RangeSet,
}

/// What went wrong on a node's disk, and so what it may say.
#[derive(Debug, Default, Clone, Copy)]
struct Excuses {
    flipped: bool,
    lost: bool,
    evicted: bool,
}

/// What is watched of one side of a session.
#[derive(Debug, Default)]
struct Watch {
    ceiling: u64,
    backlog_sent: u64,
    backlog_received: u64,
    /// The peer's numbers.
    numbers: BTreeMap<u32, StreamId>,
}

impl Oracle {
    pub(crate) fn new(nodes: usize) -> Self {
        Self {
            given: BTreeMap::new(),
            of: BTreeMap::new(),
            durable: BTreeMap::new(),
            shadows: (0..nodes).map(|_| BTreeMap::new()).collect(),
            told: vec![BTreeMap::new(); nodes],
            signed: BTreeMap::new(),
            newest: BTreeMap::new(),
            excuses: vec![Excuses::default(); nodes],
            watches: BTreeMap::new(),
            fresh_from: None,
            last_frame_at: 0,
            quiet_frames: 0,
        }
    }
}

impl World {
    // ---- what the world says happened

    pub(crate) fn flipped(&mut self, node: NodeIx) {
        self.oracle.excuses[node].flipped = true;
    }

    pub(crate) fn evicted(&mut self, node: NodeIx) {
        self.oracle.excuses[node].evicted = true;
    }

    pub(crate) fn store_lost(&mut self, node: NodeIx) {
        self.oracle.excuses[node].lost = true;
        if node == HUB {
            self.oracle.signed.clear();
        }
        self.oracle.shadows[node].clear();
        self.oracle.told[node].clear();
    }

    /// A store was mended: what it had may be gone.
    pub(crate) fn mended(&mut self, node: NodeIx) {
        if !self.oracle.excuses[node].flipped {
            self.broken(format!("the store of {node} needed mending although no bit was flipped"));
        }
        self.oracle.shadows[node].clear();
        self.oracle.told[node].clear();
    }

    pub(crate) fn damaged(&mut self, node: NodeIx, stream: StreamId, lost: &RangeSet) {
        self.tally.damages += 1;
        if !self.oracle.excuses[node].flipped {
            self.broken(format!("{node} lost {lost:?} of {stream:?} although no bit was flipped"));
        }
        for kept in [self.oracle.told[node].get_mut(&stream)].into_iter().flatten() {
            *kept = kept.without(lost);
        }
    }

    pub(crate) fn forget_told(&mut self, node: NodeIx) {
        self.oracle.watches.retain(|(of, _), _| *of != node);
    }

    pub(crate) fn begin_watching(&mut self, node: NodeIx, session: SessionId, profile: &LinkProfile) {
        let watch = Watch { ceiling: u64::from(profile.bulk_ceiling_bytes), ..Watch::default() };
        self.oracle.watches.insert((node, session), watch);
    }

    pub(crate) fn end_watching(&mut self, node: NodeIx, session: SessionId) {
        self.oracle.watches.remove(&(node, session));
    }

    /// A number was given to a tick. None is given twice.
    pub(crate) fn given(&mut self, node: NodeIx, stream: StreamId, tick: &Arc<Tick>) {
        let now = self.now;
        self.tally.ticks += 1;
        self.oracle.of.insert(stream, node);
        let given = self.oracle.given.entry(stream).or_default();
        if given.insert(tick.seq.0, (now, tick.clone())).is_some() {
            self.broken(format!("{stream:?} gave the number {} twice", tick.seq));
        }
        self.check_fresh(stream);
    }

    pub(crate) fn seen_at_hub(&mut self, stream: StreamId, seq: Seq) {
        let newest = self.oracle.newest.entry(stream).or_default();
        *newest = (*newest).max(seq.0);
    }

    // ---- at every step

    /// When all is well, what is measured is at the hub soon, whatever else waits.
    fn check_fresh(&mut self, stream: StreamId) {
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
        if !matches!(kind, 16 | 17) && !anchor {
            self.oracle.last_frame_at = self.now;
            self.oracle.quiet_frames += 1;
        }
        self.trace(|| format!("{node} sends on {} ({lane}): {}", session.0, shown(frame)));
        if frame.is_empty() || frame.len() > MAX_FRAME_BYTES {
            self.broken(format!("{node} sends a frame of {} bytes", frame.len()));
        }
        if lane == Lane::Backlog {
            self.check_window(node, session, frame.len() as u64);
        }
        match kind {
            3 | 4 => self.check_custody(node, session, frame),
            5 => self.check_receipt(node, frame),
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

    /// The store of an agent keeps all that the agent itself made.
    pub(crate) fn check_own(&mut self, node: NodeIx, outcomes: &[Outcome]) {
        let flipped = self.oracle.excuses[node].flipped;
        if let Some(outcome) = outcomes.iter().find(|outcome| !matches!(outcome, Outcome::Kept(_)))
            && !flipped
        {
            self.broken(format!("the store of {node} would not keep what the agent made: {outcome:?}"));
        }
    }

    /// What a store holds goes only on the hub's word, or with a gap in its place.
    pub(crate) fn check_facts(&mut self, node: NodeIx, facts: &BTreeMap<StreamId, Arc<StreamFacts>>) {
        for (stream, facts) in facts {
            self.check_one(node, *stream, facts);
        }
    }

    fn check_one(&mut self, node: NodeIx, stream: StreamId, facts: &StreamFacts) {
        let agent = self.nodes[node].is_agent();
        let excuses = self.oracle.excuses[node];
        let shadow = self.oracle.shadows[node].entry(stream).or_default();
        let unsaid = shadow.have.without(&facts.have);
        let mut gone = shadow.present.without(&facts.present).without(facts.held());
        if agent {
            // The next hop has it: the last thing that goes before something is given up.
            gone = gone.without(&facts.custody);
        }
        (shadow.have, shadow.present) = (facts.have.clone(), facts.present.clone());
        if !excuses.flipped && !unsaid.is_empty() {
            self.broken(format!("{node} no longer has {unsaid:?} of {stream:?}"));
        }
        if !excuses.flipped && !gone.is_empty() {
            self.broken(format!("{node} deleted {gone:?} of {stream:?} for which the hub has not signed"));
        }
        let bad = facts.sealed.without(&facts.have).count()
            + facts.present.without(&facts.have).count()
            + facts.gaps.without(&facts.have).count();
        if bad > 0 {
            self.broken(format!("{node} contradicts itself about {stream:?}: {facts:?}"));
        }
        if agent && self.nodes[node].id == stream.agent {
            self.oracle.durable.entry(stream).or_default().union_with(&facts.ticks());
        }
        if node == HUB {
            let newest = self.oracle.newest.entry(stream).or_default();
            *newest = (*newest).max(facts.ticks().last().unwrap_or(0));
        }
    }

    /// What was promised before a crash is there after it.
    pub(crate) fn check_opened(&mut self, node: NodeIx, log: &Log, report: &OpenReport) {
        let excuses = self.oracle.excuses[node];
        // A file whose very first write was refused holds nothing yet, and is begun again.
        let was_nothing = report.fresh && self.oracle.shadows[node].is_empty();
        if !excuses.flipped && !was_nothing && (report.damaged || !report.rebuilt.is_empty()) {
            return self.broken(format!("the store of {node} was damaged although no bit was flipped: {report:?}"));
        }
        if excuses.flipped {
            self.oracle.told[node].clear();
            self.oracle.shadows[node].clear();
        }
        let nothing = RangeSet::new();
        let have = |stream: &StreamId| log.streams().get(stream).map_or(&nothing, |facts| &facts.have);
        for (stream, told) in &self.oracle.told[node] {
            let lost = told.without(have(stream));
            if !lost.is_empty() {
                return self.broken(format!("{node} had acknowledged {lost:?} of {stream:?}, and lost it in a crash"));
            }
        }
        if self.nodes[node].is_agent() && !excuses.flipped && !excuses.lost {
            let own = self.oracle.durable.iter().filter(|(stream, _)| stream.agent == self.nodes[node].id);
            for (stream, durable) in own {
                let lost = durable.without(have(stream));
                if !lost.is_empty() {
                    return self.broken(format!("{node} had {lost:?} of {stream:?} durable, and lost it in a crash"));
                }
            }
        }
        if node == HUB {
            for (stream, signed) in &self.oracle.signed {
                let lost =
                    log.streams().get(stream).map_or_else(|| signed.clone(), |facts| signed.without(&facts.sealed));
                if !lost.is_empty() {
                    return self
                        .broken(format!("the hub had signed for {lost:?} of {stream:?}, and lost it in a crash"));
                }
            }
        }
        for (stream, facts) in log.streams() {
            self.check_one(node, *stream, facts);
        }
    }

    // ---- at the end

    /// Whether all that was durable on an agent is at the hub, and everyone below knows what the hub has.
    pub(crate) fn lacking(&self) -> Option<String> {
        let Some(hub) = self.nodes[HUB].life.as_ref() else { return Some("the hub is not running".to_owned()) };
        let nothing = RangeSet::new();
        for (stream, durable) in &self.oracle.durable {
            let facts = hub.log.streams().get(stream);
            let Some(last) = durable.last() else { continue };
            let missing = RangeSet::of(1, last).without(facts.map_or(&nothing, |facts| &facts.sealed));
            if !missing.is_empty() {
                let node = self.oracle.of.get(stream);
                return Some(format!("the hub lacks {missing:?} of {stream:?} of node {node:?}"));
            }
        }
        for (node, below) in self.nodes.iter().enumerate().skip(1) {
            let Some(life) = below.life.as_ref() else { return Some(format!("{node} is not running")) };
            for (stream, facts) in life.log.streams() {
                let at_hub = hub.log.streams().get(stream).map_or(&nothing, |facts| &facts.sealed);
                if facts.held() != at_hub {
                    let held = facts.held();
                    return Some(format!(
                        "{node} believes that the hub has {held:?} of {stream:?}, and it has {at_hub:?}"
                    ));
                }
            }
        }
        None
    }

    /// Everything, when all is quiet.
    pub(crate) fn check_end(&mut self) {
        if let Some(lacking) = self.lacking() {
            return self.broken(lacking);
        }
        for turn in 0.. {
            if self.fold_some(HUB) == 0 {
                break;
            }
            if turn > MANY_FOLDS {
                return self.broken("the hub folds without end".to_owned());
            }
        }
        let Some(hub) = self.nodes[HUB].life.as_ref() else { return };
        let mut faults = Vec::new();
        let mut tally = self.tally;
        for (stream, facts) in hub.log.streams() {
            tally.at_hub += facts.ticks().count();
            tally.gaps += facts.gaps.count();
            tally.duplicates += facts.duplicates;
            if let Err(fault) = self.check_stream(*stream, facts, &hub.log) {
                faults.push(format!("{stream:?} of node {:?}: {fault}", self.oracle.of.get(stream)));
            }
        }
        for (node, below) in self.nodes.iter().enumerate().skip(1).filter(|(_, node)| node.is_agent()) {
            let Some(life) = below.life.as_ref() else { continue };
            for (stream, facts) in life.log.streams() {
                if let Err(fault) = self.check_ledger(facts, hub.log.streams().get(stream)) {
                    faults.push(format!("the ledger of {stream:?} at {node}: {fault}"));
                }
            }
        }
        self.tally = tally;
        if let Some(fault) = faults.into_iter().next() {
            self.broken(fault);
        }
    }

    /// Each number once, as it was measured, or under a gap that says why.
    fn check_stream(&self, stream: StreamId, facts: &StreamFacts, log: &Log) -> Result<(), String> {
        let none = BTreeMap::new();
        let given = self.oracle.given.get(&stream).unwrap_or(&none);
        let ticks = all_ticks(log, stream, facts)?;
        for (seq, tick) in &ticks {
            let (_, as_given) = given.get(seq).ok_or_else(|| format!("the hub has {seq}, which was never given"))?;
            if **as_given != *tick {
                return Err(format!("{seq} was measured as {as_given:?} and is at the hub as {tick:?}"));
            }
        }
        rollups_agree(log, stream, facts, &ticks)?;
        let here: RangeSet = ticks.keys().map(|seq| (*seq, *seq)).collect();
        if here != facts.ticks() {
            return Err(format!("the hub says it has {:?} and has records of {here:?}", facts.ticks()));
        }
        let samples: u64 = ticks.values().map(|tick| tick.samples.len() as u64).sum();
        if facts.samples != samples {
            return Err(format!("the hub has counted {} samples and has {samples}", facts.samples));
        }
        let node = self.nodes.iter().position(|node| node.id == stream.agent);
        let excuses = node.map_or(Excuses::default(), |node| self.oracle.excuses[node]);
        let durable = self.oracle.durable.get(&stream).cloned().unwrap_or_default();
        for gap in &facts.gap_list {
            let under = facts.gaps.within(gap.first.0, gap.last.0);
            let excused = match gap.reason {
                GapReason::Interrupted => under.intersection(&durable).is_empty() || excuses.flipped,
                GapReason::Evicted => excuses.evicted || under.intersection(&durable).is_empty(),
                GapReason::Corrupt => excuses.flipped,
                GapReason::StoreLost => excuses.lost || excuses.flipped,
                GapReason::HubLost => false,
            };
            if !excused {
                return Err(format!("nothing that happened explains the gap {gap:?}"));
            }
        }
        Ok(())
    }

    /// What was collected is at the hub, waits, or was given up.
    fn check_ledger(&self, facts: &StreamFacts, at_hub: Option<&StreamFacts>) -> Result<(), String> {
        let ledger = Ledger::of(facts, Role::Agent);
        if !ledger.meets() || ledger.waiting + ledger.at_relay > 0 {
            return Err(format!("{ledger:?}"));
        }
        let Some(at_hub) = at_hub else { return Err("the hub does not know the stream".to_owned()) };
        let hub = Ledger::of(at_hub, Role::Hub);
        if !hub.meets() || hub.waiting > 0 || hub.collected != ledger.collected {
            return Err(format!("the agent: {ledger:?}, the hub: {hub:?}"));
        }
        if facts.schema_len > at_hub.schema_len {
            return Err(format!("{} definitions, and the hub has {}", facts.schema_len, at_hub.schema_len));
        }
        Ok(())
    }

    /// The kinds whose relays may be so full that live ticks must wait.
    pub(crate) fn must_be_fresh(&self) -> bool {
        self.plan.kind != Kind::Small
            && self.nodes.iter().all(|node| node.plan.role == Role::Hub || node.plan.cap_bytes > 1 << 20)
    }
}

/// Every tick that the hub has of a stream, each once.
fn all_ticks(log: &Log, stream: StreamId, facts: &StreamFacts) -> Result<BTreeMap<u64, Tick>, String> {
    let wanted = facts.ticks();
    let records = log.load(stream, &wanted, usize::MAX, false).map_err(|error| error.to_string())?;
    let mut ticks = BTreeMap::new();
    let mut keep = |tick: Tick| match ticks.insert(tick.seq.0, tick) {
        None => Ok(()),
        Some(tick) => Err(format!("{} is there twice", tick.seq)),
    };
    for record in records {
        match record {
            Record::Ticks(run) => run.iter().try_for_each(|tick| keep(Tick::clone(tick)))?,
            Record::Segment(segment) => {
                segment.ticks().map_err(|error| error.to_string())?.into_iter().try_for_each(&mut keep)?;
            }
            Record::Statement(_) => {}
        }
    }
    answers_agree(log, stream, &ticks)?;
    Ok(ticks)
}

/// A question about each series is answered with the values of its ticks, in their order.
fn answers_agree(log: &Log, stream: StreamId, ticks: &BTreeMap<u64, Tick>) -> Result<(), String> {
    let mut there: BTreeMap<SeriesIx, Vec<i64>> = BTreeMap::new();
    for sample in ticks.values().flat_map(|tick| &tick.samples) {
        there.entry(sample.series).or_default().push(sample.value);
    }
    let series: Vec<SeriesIx> = there.keys().copied().collect();
    let mut answered = vec![Vec::new(); series.len()];
    log.columns_between(stream, &series, UtcMs(i64::MIN), UtcMs(i64::MAX), |columns| {
        answered.iter_mut().zip(columns).for_each(|(all, column)| all.extend(&column.values));
        ControlFlow::Continue(())
    })
    .map_err(|error| error.to_string())?;
    let wrong = there.into_iter().zip(answered).find(|((_, there), answered)| there != answered);
    wrong.map_or(Ok(()), |((ix, there), answered)| {
        Err(format!("series {} of {stream:?}: {} values and {} answered", ix.0, there.len(), answered.len()))
    })
}

/// Every sealed tick is in one hour and one minute, and these are what their ticks come down to, where all of them are here.
fn rollups_agree(log: &Log, stream: StreamId, facts: &StreamFacts, ticks: &BTreeMap<u64, Tick>) -> Result<(), String> {
    let told = |error: vigie_store::ReadError| error.to_string();
    if let Some(from) = log.unfolded_from(stream).map_err(told)? {
        return Err(format!("ticks from {from:?} on are sealed and not folded"));
    }
    let defs = log.schema(stream, 0, usize::MAX).map_err(told)?;
    let shape = |ix: SeriesIx| defs.get(ix.0 as usize).map(Shape::of);
    let resolved = |tick: &Tick| {
        facts.anchors.get(&tick.at.boot.no).and_then(|anchor| anchor.resolve(tick.at)).unwrap_or(tick.at.utc)
    };
    let series: Vec<SeriesIx> = (0..defs.len() as u32).map(SeriesIx).collect();
    for window in [Window::Hour, Window::Minute] {
        let (mut counted, mut fault) = (RangeSet::new(), None);
        let (from, to) = (UtcMs(i64::MIN), UtcMs(i64::MAX));
        let asked = log.rollups_between(stream, &series, window, from, to, |rolled| {
            let mut fold = Fold::new(rolled.hour);
            let numbers = rolled.covered.ranges().flat_map(|(first, last)| first..=last);
            let own: Option<Vec<&Tick>> = numbers.map(|number| ticks.get(&number)).collect();
            let whole = own.is_some();
            let strange = own.into_iter().flatten().find(|tick| !fold.add(resolved(tick), tick, shape));
            let piece = fold.finish().filter(|_| whole && strange.is_none());
            let wrong = |(ix, cells): (&SeriesIx, &Vec<_>)| {
                piece.as_ref().is_some_and(|piece| piece.cells(*ix, window) != *cells)
            };
            if let Some(strange) = strange {
                fault = Some(format!("{} was folded into {:?}, which it is not of", strange.seq, rolled.hour));
            } else if !counted.intersection(&rolled.covered).is_empty() {
                fault = Some(format!("a tick of {:?} counts twice", rolled.hour));
            } else if let Some((ix, _)) = series.iter().zip(&rolled.cells).find(|one| wrong((one.0, one.1))) {
                fault = Some(format!("series {} of {:?} is not what its ticks come down to", ix.0, rolled.hour));
            }
            counted.union_with(&rolled.covered);
            if fault.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        asked.map_err(told)?;
        if let Some(fault) = fault {
            return Err(fault);
        }
    }
    Ok(())
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
