//! Lines: sessions, frames under way, and the bodies at both ends.

use std::collections::VecDeque;

use vigie_codec::wire::rows::RowFrame;
use vigie_store::rows::RowsError;
use vigie_sync::Lane;
use vigie_sync::rows::{RowInput, RowTalk, RowWish};

use super::World;
use crate::chance::Chance;

/// A line between two nodes.
pub(super) struct Line {
    ends: [usize; 2],
    up: bool,
    metered: bool,
    session: Option<Session>,
    retry_ms: u64,
}

/// Frames under way, and when each arrives.
type Way = VecDeque<(u64, Vec<u8>)>;

/// A session: a mind at each end, and what is under way to each.
struct Session {
    talks: [RowTalk; 2],
    /// By lane: each delivers in order, and none waits for another.
    ways: [[Way; 2]; 2],
}

impl Line {
    pub(super) fn new(one: usize, other: usize, chance: &mut Chance) -> Self {
        let (up, metered) = (!chance.one_in(3), chance.one_in(3));
        Self { ends: [one, other], up, metered, session: None, retry_ms: 0 }
    }
}

impl World {
    pub(super) fn cut_or_mend_a_line(&mut self) {
        let line = self.chance.below(self.lines.len() as u64) as usize;
        if self.lines[line].up {
            self.lines[line].up = false;
            self.say(|| format!("line {line} is cut"));
            self.end(line);
        } else {
            self.mend(line);
        }
    }

    pub(super) fn mend(&mut self, line: usize) {
        self.lines[line].up = true;
        self.lines[line].retry_ms = self.now;
        self.say(|| format!("line {line} is up"));
    }

    pub(super) fn end_a_session(&mut self) {
        let line = self.chance.below(self.lines.len() as u64) as usize;
        self.end(line);
    }

    /// Ends a session; what is under way is lost.
    pub(super) fn end(&mut self, line: usize) {
        self.lines[line].session = None;
        self.lines[line].retry_ms = self.now + self.chance.between(1, 3_000);
    }

    pub(super) fn end_all(&mut self, node: usize) {
        for line in 0..self.lines.len() {
            if self.lines[line].ends.contains(&node) {
                self.end(line);
            }
        }
    }

    pub(super) fn is_quiet(&self) -> bool {
        self.unquiet().is_empty()
    }

    pub(super) fn unquiet(&self) -> Vec<usize> {
        let quiet = |line: &Line| {
            line.session.as_ref().is_some_and(|session| {
                let empty = session.ways.iter().flatten().all(VecDeque::is_empty);
                let soon =
                    session.talks.iter().any(|talk| talk.next_timeout_ms().is_some_and(|at| at < self.now + 11_000));
                empty && !soon && session.talks.iter().all(RowTalk::is_quiet)
            })
        };
        (0..self.lines.len()).filter(|line| !quiet(&self.lines[*line])).collect()
    }

    pub(super) fn run_until(&mut self, until: u64) {
        while self.broken.is_none() {
            if self.wishes > super::MOST_WISHES {
                return self.broken("a conversation that never ends".to_owned());
            }
            let Some((at, line)) = self.next_event().filter(|(at, _)| *at <= until) else { break };
            self.now = self.now.max(at);
            self.happen(line);
            if self.now >= self.next_forget_ms {
                self.forget();
            }
        }
        self.now = self.now.max(until);
        if self.now >= self.next_forget_ms && self.broken.is_none() {
            self.forget();
        }
    }

    fn next_event(&self) -> Option<(u64, usize)> {
        let of_line = |(at, line): (usize, &Line)| {
            let when = match &line.session {
                None => line.up.then_some(line.retry_ms),
                Some(session) => {
                    let frames = session.ways.iter().flatten().filter_map(|way| way.front().map(|(at, _)| *at));
                    frames.chain(session.talks.iter().filter_map(RowTalk::next_timeout_ms)).min()
                }
            };
            when.map(|when| (when.max(self.now), at))
        };
        self.lines.iter().enumerate().filter_map(of_line).min()
    }

    fn happen(&mut self, line: usize) {
        let now = self.now;
        self.wishes += 1;
        let Some(session) = &mut self.lines[line].session else { return self.connect(line) };
        for end in 0..2 {
            for way in 0..2 {
                if session.ways[end][way].front().is_some_and(|(at, _)| *at <= now) {
                    let Some((_, frame)) = session.ways[end][way].pop_front() else { continue };
                    return self.tell(line, end, RowInput::Frame(frame));
                }
            }
        }
        for end in 0..2 {
            let due = session.talks[end].next_timeout_ms().is_some_and(|at| at <= now);
            if due {
                return self.tell(line, end, RowInput::Timeout);
            }
        }
    }

    fn connect(&mut self, line: usize) {
        let ends = self.lines[line].ends;
        let mut talks = Vec::new();
        for (end, node) in ends.into_iter().enumerate() {
            let peer = self.nodes[ends[1 - end]].who.clone();
            let Some(rows) = &mut self.nodes[node].rows else { return };
            let said = rows.hub().and_then(|hub| rows.hello(&peer, hub));
            match said {
                Ok(hello) => {
                    let (me, facts) = (rows.owner().who.clone(), rows.facts());
                    talks.push(RowTalk::new(me, facts, peer, self.lines[line].metered, hello, self.now));
                }
                Err(error) => {
                    self.lines[line].retry_ms = self.now + 1_000;
                    return self.failed(node, &error);
                }
            }
        }
        let Ok(talks) = <[RowTalk; 2]>::try_from(talks) else { return };
        self.say(|| format!("line {line}: session of {ends:?}"));
        self.tally.sessions += 1;
        self.lines[line].session = Some(Session { talks, ways: Default::default() });
        (0..2).for_each(|end| self.pump(line, end));
    }

    fn tell(&mut self, line: usize, end: usize, input: RowInput) {
        let now = self.now;
        if let Some(session) = &mut self.lines[line].session {
            session.talks[end].handle(input, now);
            self.pump(line, end);
        }
    }

    /// A node's rows changed: all its minds are told.
    pub(super) fn changed(&mut self, node: usize) {
        let Some(facts) = self.nodes[node].rows.as_ref().map(vigie_store::rows::Rows::facts) else { return };
        for line in 0..self.lines.len() {
            if let Some(end) = self.lines[line].ends.iter().position(|end| *end == node) {
                self.tell(line, end, RowInput::Changed(facts));
            }
        }
    }

    /// Carries out what a mind wishes.
    fn pump(&mut self, line: usize, end: usize) {
        let node = self.lines[line].ends[end];
        let peer = self.nodes[self.lines[line].ends[1 - end]].who.clone();
        loop {
            let Some(wish) = self.lines[line].session.as_mut().and_then(|session| session.talks[end].poll()) else {
                return;
            };
            self.wishes += 1;
            if self.wishes > super::MOST_WISHES {
                return self.broken("a conversation that never ends".to_owned());
            }
            match &wish {
                RowWish::Send(lane, frame) => self.send(line, end, *lane, frame),
                RowWish::Close(why) => {
                    self.say(|| format!("node {node} closes: {why}"));
                    return self.end(line);
                }
                RowWish::Reborn | RowWish::BeginAgain => return self.begin_anew(node, &peer, &wish),
                _ => {}
            }
            let stamp = self.stamp(node);
            let Some(rows) = &mut self.nodes[node].rows else { return };
            let before = rows.facts().last;
            match rows.carry_out(&peer, &wish, stamp) {
                Ok(Some(answer)) => {
                    let changed = rows.facts().last != before;
                    if let RowInput::Applied(applied) = &answer {
                        self.tally.same += applied.same;
                        self.tally.future += applied.future.len() as u64;
                        if let Some(refused) = applied.refused.first() {
                            return self.broken(format!("node {node} refused {refused:?}"));
                        }
                    }
                    let now = self.now;
                    if let Some(session) = &mut self.lines[line].session {
                        session.talks[end].handle(answer, now);
                    }
                    if changed {
                        self.changed(node);
                    }
                }
                Ok(None) => {}
                Err(error) => return self.failed(node, &error),
            }
        }
    }

    fn begin_anew(&mut self, node: usize, peer: &vigie_sync::rows::RowPeer, wish: &RowWish) {
        let stamp = self.stamp(node);
        self.say(|| format!("node {node}: {wish:?}"));
        let Some(rows) = &mut self.nodes[node].rows else { return };
        let done: Result<_, RowsError> = rows.carry_out(peer, wish, stamp);
        match done {
            Ok(_) => {
                self.tally.lives += u64::from(*wish == RowWish::Reborn);
                self.nodes[node].suspect = false;
                if *wish == RowWish::BeginAgain {
                    self.tally.begun_again += 1;
                    self.forgive();
                }
                self.end_all(node);
            }
            Err(error) => self.failed(node, &error),
        }
    }

    fn send(&mut self, line: usize, end: usize, lane: Lane, frame: &[u8]) {
        let entries = match RowFrame::decode(frame) {
            Ok(RowFrame::Give(give)) => give.entries.len(),
            Ok(RowFrame::Rows(_, entries)) => entries.len(),
            Ok(_) => 0,
            Err(error) => return self.broken(format!("a frame that can not be read: {error}")),
        };
        if self.telling {
            let shown = format!("line {line} {} -> {lane}: {:?}", self.lines[line].ends[end], RowFrame::decode(frame));
            self.say(|| shown);
        }
        self.tally.entries += entries as u64;
        self.tally.frames += 1;
        self.tally.bytes += frame.len() as u64;
        let twice = !self.calm && self.chance.one_in(40);
        let delay = self.chance.between(20, 900);
        let now = self.now;
        if let Some(session) = &mut self.lines[line].session {
            let way = &mut session.ways[1 - end][usize::from(lane == Lane::State)];
            let at = way.back().map_or(0, |(at, _)| *at).max(now + delay);
            way.push_back((at, frame.to_vec()));
            if twice {
                way.push_back((at, frame.to_vec()));
            }
        }
    }
}
