//! What a node's loop and its keeper's thread do, one event at a time.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_codec::wire::{Clock, MAX_DEFS_PER_FRAME, Paused};
use vigie_model::{Anchor, Boot, ClockSource, Incarnation, Role, Seq, StreamId, UtcMs};
use vigie_store::{CommitError, Log, OpenReport, Pressure, ToFold};
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::{Answer, Ask, CloseWhy, Event as Told, Input, Lane, LinkProfile, Me, Output, PeerIs, Replica};
use vigie_sync::{SessionId, Token, Way};

use crate::agent::{AgentLife, MAX_HELD, earlier_lives, series_def};
use crate::node::{Keeper, Kept, Life, MAX_GROUP, Part};
use crate::plan::{HUB, NodeIx};
use crate::world::{Event, World};
use vigie_sync::lives::Lives;
use vigie_sync::noted::{Found, Noted, judge};

/// How often room is made, as in the programs.
const TIDY_EVERY_MS: u64 = 60_000;

/// How often paths are measured while anything passes, as in the loop.
const PATH_EVERY_MS: u64 = 100;

/// Timeouts in a row after which the next was due at once: a loop that turns this often does nothing else.
const MAX_SPINS: u32 = 200;

/// Times neighbours are laid out by series before other things have their turn.
const LAID_OUT_AT_ONCE: usize = 4;

const CENTURY_MS: i64 = 100 * 365 * 24 * 3_600_000;

impl World {
    // ---- birth and death

    /// A program starts on what its disk holds.
    pub(crate) fn start(&mut self, node: NodeIx) {
        if self.nodes[node].life.is_some() || self.nodes[node].full_until.is_some_and(|until| until > self.now) {
            return;
        }
        let options = self.nodes[node].options(node, self.plan.quick_repair);
        let disk = self.nodes[node].disk.clone();
        let (log, report) = match Log::open_on(disk, options) {
            Ok(opened) => opened,
            Err(error) => {
                // The service manager tries again.
                self.trace(|| format!("{node} could not open its store: {error}"));
                let at = self.now + 5_000;
                return self.at(at, Event::Start { node });
            }
        };
        self.trace(|| format!("{node} starts: {report:?}"));
        self.nodes[node].generation += 1;
        self.tally.starts += 1;
        if report.damaged {
            self.tally.stores_rebuilt += 1;
        }
        self.check_opened(node, &log, &report);
        let epoch = log.epoch();
        let here = &self.nodes[node];
        let hub_key = self.nodes[HUB].key.verifying_key();
        let me = Me {
            node: here.id,
            role: here.plan.role,
            name: here.plan.name.clone(),
            software: "bottle".to_owned(),
            store_epoch: log.epoch(),
            hub_key,
            receipt_key: (here.plan.role == Role::Hub).then(|| here.key.clone()),
        };
        let facts: Vec<_> = log.streams().iter().map(|(id, facts)| (*id, Arc::new(facts.clone()))).collect();
        let agent = here.is_agent().then(|| self.begin_agent(node, &log, &report));
        let now = self.now;
        self.nodes[node].life = Some(Life {
            born: now,
            replica: Replica::new(me),
            log,
            keeper: Keeper::default(),
            sessions: BTreeMap::new(),
            of_node: BTreeMap::new(),
            next_session: 1,
            wake_at: None,
            spins: 0,
            path_due: now,
            dial_at: None,
            agent,
            epoch,
        });
        for (stream, facts) in facts {
            self.tell(node, Input::Facts(stream, facts));
        }
        if node == HUB {
            let enrolled: Vec<_> = self.nodes.iter().map(|node| (node.id, node.client.clone())).collect();
            for (id, client) in enrolled {
                self.tell(node, Input::Enrolled { node: id, client });
            }
        }
        let generation = self.nodes[node].generation;
        let after = self.chance.below(TIDY_EVERY_MS);
        self.at(now + after, Event::Tidy { node, generation });
        self.live_as_agent(node);
        let pause = self.chance.below(800);
        self.dial_after(node, pause);
    }

    fn begin_agent(&mut self, node: NodeIx, log: &Log, report: &OpenReport) -> AgentLife {
        let now = self.nodes[node].wall(self.now);
        let fresh = Incarnation(self.chance.any());
        let here = &self.nodes[node];
        let (id, name, key) = (here.id, here.plan.name.clone(), here.key.clone());
        let stream = |life| StreamId { agent: id, incarnation: life };
        let verdict = judge(&here.notes, log.epoch(), |life| match log.streams().contains_key(&stream(life)) {
            false => Found::Unknown,
            true if report.rebuilt.contains(&stream(life)) => Found::Rebuilt,
            true => Found::Whole,
        });
        let identity = (id, name, key.clone());
        let mut lives = Lives::resume(identity, earlier_lives(log), verdict.present, fresh, self.plan.seal_after, now);
        for Noted { life, upto, .. } in verdict.lost {
            lives.store_lost(stream(life), key.verifying_key().to_bytes(), upto, now);
        }
        self.note_unnoted(node, log);
        AgentLife::new(lives)
    }

    /// A life may have become durable in the moment before the program died, and so not have been noted.
    fn note_unnoted(&mut self, node: NodeIx, log: &Log) {
        let here = &mut self.nodes[node];
        for (stream, facts) in log.streams() {
            let upto = Seq(facts.have.last().unwrap_or(0).max(facts.reserved.0));
            if here.notes.iter().all(|note| note.life != stream.incarnation) {
                here.notes.push(Noted { life: stream.incarnation, upto, log_epoch: log.epoch() });
            }
        }
    }

    /// What an agent does first.
    fn live_as_agent(&mut self, node: NodeIx) {
        let (now, interval) = (self.now, self.plan.interval_ms);
        let series = self.nodes[node].series;
        let generation = self.nodes[node].generation;
        let resting = self.resting;
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let Some(agent) = life.agent.as_mut() else { return };
        agent.measuring = !resting;
        agent.closing = resting;
        if agent.lives.defs().is_empty() {
            agent.lives.define((0..series).map(series_def).collect());
        }
        let (stream, facts) = agent.lives.introduction();
        let note = agent.note(true);
        let begin = (!life.log.streams().contains_key(&stream)).then(|| Input::Facts(stream, Arc::new(facts)));
        self.nodes[node].note(note);
        if let Some(begin) = begin {
            self.tell(node, begin);
        }
        self.begin_commit(node);
        let wait = self.chance.between(1, interval);
        self.at(now + wait, Event::Measure { node, generation });
    }

    /// A program is gone, without a word.
    pub(crate) fn die(&mut self, node: NodeIx) {
        if self.nodes[node].life.is_none() {
            return;
        }
        self.trace(|| format!("{node} is gone"));
        self.nodes[node].generation += 1;
        self.drop_sides(node);
        // Its store closes with it, on a disk that no longer listens.
        self.nodes[node].life = None;
        self.forget_told(node);
    }

    /// A program ends in order: the rest is sealed and kept, the numbers given back, goodbye said.
    pub(crate) fn stop(&mut self, node: NodeIx) {
        if self.nodes[node].life.is_none() {
            return;
        }
        self.trace(|| format!("{node} stops"));
        if let Some(agent) = self.agent(node) {
            agent.closing = true;
            agent.measuring = false;
        }
        self.begin_commit(node);
        self.keep_due(node, None);
        self.hear_kept(node);
        let noted = self.agent(node).map(|agent| {
            let upto = Seq(agent.lives.next_seq().0 - 1);
            (agent.lives.stream().incarnation, upto)
        });
        self.nodes[node].note(noted);
        self.tell(node, Input::Leave("stopped".to_owned()));
        self.keep_due(node, None);
        if let Some(life) = self.nodes[node].life.as_mut() {
            life.log.close();
        }
        self.die(node);
    }

    pub(crate) fn agent(&mut self, node: NodeIx) -> Option<&mut AgentLife> {
        self.nodes[node].life.as_mut()?.agent.as_mut()
    }

    // ---- the mind

    pub(crate) fn tell(&mut self, node: NodeIx, input: Input) {
        let time = self.nodes[node].time(self.now);
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        life.replica.handle(input, time);
        self.carry_out(node);
    }

    fn carry_out(&mut self, node: NodeIx) {
        while let Some(output) = self.nodes[node].life.as_mut().and_then(|life| life.replica.poll_output()) {
            match output {
                Output::Send { session, lane, frame } => {
                    self.check_sent(node, session, lane, &frame);
                    self.send(node, session, lane, frame);
                }
                Output::Close { session, why } => {
                    self.trace(|| format!("{node} closes session {}: {why}", session.0));
                    self.check_close(node, &why);
                    self.close_for(node, session, &why);
                }
                Output::Apply { token, writes, urgent } => self.apply(node, Some(token), writes, urgent),
                Output::Ask { session, stream, ask } => {
                    let generation = self.nodes[node].generation;
                    let wait = self.chance.below(4);
                    self.at(self.now + wait, Event::Ask { node, generation, session, stream, ask });
                }
                Output::Event(event) => self.happened(node, event),
            }
        }
        self.set_alarm(node);
    }

    fn set_alarm(&mut self, node: NodeIx) {
        let now = self.now;
        let generation = self.nodes[node].generation;
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let Some(due) = life.replica.poll_timeout() else { return };
        let at = (life.born + due).max(now);
        if life.wake_at.is_none_or(|wake| at < wake) {
            life.wake_at = Some(at);
            self.at(at, Event::Wake { node, generation });
        }
    }

    pub(crate) fn wake(&mut self, node: NodeIx, generation: u64) {
        let now = self.now;
        if self.nodes[node].generation != generation {
            return;
        }
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        if life.wake_at != Some(now) {
            return;
        }
        life.wake_at = None;
        self.tell(node, Input::Timeout);
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        life.spins = if life.wake_at == Some(now) { life.spins + 1 } else { 0 };
        if life.spins > MAX_SPINS {
            self.broken(format!("node {node} wakes again and again at the same moment: its loop never rests"));
        }
    }

    fn happened(&mut self, node: NodeIx, event: Told) {
        match event {
            Told::Clock { clock, round_trip_ms, .. } => self.clock_told(node, clock, round_trip_ms),
            Told::Seen { stream, tick, .. } => {
                if node == HUB {
                    self.seen_at_hub(stream, tick.seq);
                }
            }
            Told::Forked(stream) => {
                self.broken(format!("{node} saw two histories of {stream:?}, whose agent is honest"))
            }
            Told::Refused(session, refused) => {
                self.trace(|| format!("{node} was refused on {}: {refused:?}", session.0));
                self.check_refused(node, &refused);
            }
            Told::Greeted(..) | Told::Announced { .. } | Told::Errand(..) | Told::Paused(..) | Told::Goodbye(..) => {}
        }
    }

    fn clock_told(&mut self, node: NodeIx, clock: Clock, round_trip_ms: u64) {
        let now = self.now;
        let boot = self.boot(node);
        let Some(agent) = self.agent(node) else { return };
        let half = round_trip_ms / 2;
        let anchor = Anchor {
            boot,
            utc: UtcMs(clock.utc.0.saturating_add(half.cast_signed())),
            error_ms: u32::try_from(half).unwrap_or(u32::MAX).saturating_add(clock.error_ms),
            source: ClockSource::Hub,
        };
        if agent.anchor.is_none_or(|old| anchor.is_better_than(&old)) {
            agent.anchor = Some(anchor);
            agent.lives.anchored(anchor);
            agent.commit_at.get_or_insert(now);
            self.set_commit(node);
        }
    }

    fn boot(&self, node: NodeIx) -> Boot {
        let here = &self.nodes[node];
        Boot { no: here.boot_no, ms: self.now.saturating_sub(here.booted_at) }
    }

    // ---- connections

    pub(crate) fn begin_session(&mut self, node: NodeIx, peer: NodeIx, conn: usize, _side: usize) -> SessionId {
        let peer = self.nodes[peer].id;
        let (mut session, mut older) = (SessionId(0), None);
        if let Some(life) = self.nodes[node].life.as_mut() {
            session = SessionId(life.next_session);
            life.next_session += 1;
            // The newest connection of a node is the one it uses: the older is what the link left behind.
            older = life.of_node.insert(peer, session).and_then(|older| life.sessions.get(&older)).copied();
            life.sessions.insert(session, conn);
        }
        if let Some(older) = older
            && let Some(at) = self.conns.get(&older)
        {
            let side = usize::from(at.ends[0].node != node);
            self.close(older, side);
        }
        self.tally.sessions += 1;
        session
    }

    pub(crate) fn told_connected(
        &mut self,
        node: NodeIx,
        peer: NodeIx,
        session: SessionId,
        up: bool,
        profile: LinkProfile,
    ) {
        let other = &self.nodes[peer];
        let way = if up { Way::Up } else { Way::Down };
        let is = PeerIs { node: other.id, role: other.plan.role, client: other.client.clone(), way };
        self.trace(|| format!("{node} is connected with {peer} ({way:?}) as {}", session.0));
        self.begin_watching(node, session, &profile);
        self.tell(node, Input::Connected { session, peer: is, profile });
    }

    pub(crate) fn session_over(&mut self, node: NodeIx, session: SessionId) {
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        life.sessions.remove(&session);
        life.of_node.retain(|_, of| *of != session);
        self.trace(|| format!("{node}: session {} is over", session.0));
        self.end_watching(node, session);
        self.tell(node, Input::Gone(session));
    }

    pub(crate) fn came(&mut self, node: NodeIx, session: SessionId, lane: Lane, bytes: Vec<u8>) {
        let now = self.now;
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        if now >= life.path_due {
            life.path_due = now + PATH_EVERY_MS;
            self.measure_path(node, session);
        }
        self.check_came(node, session, lane, &bytes);
        self.tell(node, Input::Frame { session, lane, bytes });
    }

    fn measure_path(&mut self, node: NodeIx, session: SessionId) {
        let Some(conn) = self.nodes[node].life.as_ref().and_then(|life| life.sessions.get(&session)).copied() else {
            return;
        };
        let (rtt_ms, live_queued_bytes, spent_bytes) = self.path(conn, node);
        self.tell(node, Input::Path { session, rtt_ms, live_queued_bytes, spent_bytes });
    }

    // ---- the keeper

    fn apply(&mut self, node: NodeIx, token: Option<Token>, writes: Vec<Write>, urgent: bool) {
        let now = self.now;
        let (group, generation) = (self.nodes[node].plan.group_ms, self.nodes[node].generation);
        let disk_ms = self.nodes[node].chance.between(1, 12);
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let keeper = &mut life.keeper;
        let full = keeper.writes.len() + writes.len() >= MAX_GROUP;
        let due = now + if urgent || full { disk_ms } else { group.max(disk_ms) };
        keeper.parts.push(Part { token, writes: writes.len() });
        keeper.writes.extend(writes);
        if keeper.due.is_none_or(|at| due < at) {
            keeper.due = Some(due);
            self.at(due, Event::Keep { node, generation });
        }
    }

    /// The group commit is due. `generation` when it comes from the clock.
    pub(crate) fn keep_due(&mut self, node: NodeIx, generation: Option<u64>) {
        let now = self.now;
        if generation.is_some_and(|generation| self.nodes[node].generation != generation) {
            return;
        }
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        if generation.is_some() && life.keeper.due != Some(now) {
            return;
        }
        life.keeper.due = None;
        let (parts, writes) = (std::mem::take(&mut life.keeper.parts), std::mem::take(&mut life.keeper.writes));
        self.commit(node, parts, writes);
        self.tidy(node, false);
    }

    fn commit(&mut self, node: NodeIx, parts: Vec<Part>, writes: Vec<Write>) {
        if parts.is_empty() {
            return;
        }
        self.commit_now(node, parts, writes);
        self.check_life_of_store(node);
    }

    /// A store that was begun anew under a running program ends the program: the mind begins again from what is left.
    fn check_life_of_store(&mut self, node: NodeIx) {
        let Some(life) = self.nodes[node].life.as_ref() else { return };
        if life.log.epoch() != life.epoch {
            self.trace(|| format!("{node} has a new store under it, and begins again"));
            self.mended(node);
            self.tally.stores_rebuilt += 1;
            // It may just have become durable in the new one.
            let note = self.agent(node).and_then(|agent| agent.note(true));
            self.nodes[node].note(note);
            if let Some(life) = self.nodes[node].life.as_mut() {
                life.log.close();
            }
            self.die(node);
            self.at(self.now + 1_000, Event::Start { node });
        }
    }

    fn commit_now(&mut self, node: NodeIx, parts: Vec<Part>, writes: Vec<Write>) {
        let touched: BTreeSet<_> = writes.iter().map(stream_of).collect();
        self.tally.commits += 1;
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        match life.log.commit(writes) {
            Ok(outcomes) => {
                let facts = current(&life.log, touched);
                self.check_facts(node, &facts);
                self.say_facts(node, facts);
                let mut outcomes = outcomes.into_iter();
                for part in parts {
                    let own: Vec<_> = outcomes.by_ref().take(part.writes).collect();
                    self.say(node, answer(&part, Ok(own)));
                }
            }
            Err(failed) => {
                self.trace(|| format!("{node} could not commit: {failed}"));
                self.tally.failed_commits += 1;
                if self.lost_power(node) {
                    return;
                }
                self.mend(node, &failed);
                for part in parts {
                    self.say(node, answer(&part, Err(failed.to_string())));
                }
            }
        }
        self.tell_damage(node);
        self.tell_pressure(node);
    }

    /// As the keeper's `heal`.
    fn mend(&mut self, node: NodeIx, failed: &CommitError) {
        if !matches!(failed, CommitError::Damaged(_)) {
            return;
        }
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let healed = life.log.heal();
        self.trace(|| format!("{node} mended its store: {healed:?}"));
    }

    fn say_facts(&mut self, node: NodeIx, facts: BTreeMap<StreamId, Arc<StreamFacts>>) {
        facts.into_iter().for_each(|(stream, facts)| self.say(node, Kept::Facts(stream, facts)));
    }

    fn say(&mut self, node: NodeIx, kept: Kept) {
        let (now, generation) = (self.now, self.nodes[node].generation);
        let wait = self.nodes[node].chance.below(3);
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        life.keeper.answers.push_back(kept);
        life.keeper.told_at = life.keeper.told_at.max(now + wait);
        let at = life.keeper.told_at;
        self.at(at, Event::Kept { node, generation });
    }

    /// The loop hears one answer of the keeper.
    pub(crate) fn hear_one(&mut self, node: NodeIx, generation: u64) {
        if self.nodes[node].generation != generation {
            return;
        }
        let Some(kept) = self.nodes[node].life.as_mut().and_then(|life| life.keeper.answers.pop_front()) else {
            return;
        };
        self.hear(node, kept);
    }

    fn hear_kept(&mut self, node: NodeIx) {
        while let Some(kept) = self.nodes[node].life.as_mut().and_then(|life| life.keeper.answers.pop_front()) {
            self.hear(node, kept);
        }
    }

    fn hear(&mut self, node: NodeIx, kept: Kept) {
        match kept {
            Kept::Facts(stream, facts) => self.tell(node, Input::Facts(stream, facts)),
            Kept::Applied(token, outcomes) => self.tell(node, Input::Applied { token, outcomes }),
            Kept::NotApplied(token) => self.tell(node, Input::NotApplied(token)),
            Kept::Answer(session, stream, answer) => {
                self.measure_path(node, session);
                self.tell(node, Input::Answer { session, stream, answer });
            }
            Kept::Damaged(stream, lost) => {
                self.trace(|| format!("{node} lost {lost:?} of {stream:?}"));
                let time = (self.now, self.nodes[node].wall(self.now));
                if let Some(agent) = self.agent(node) {
                    agent.damaged(stream, &lost, time);
                    self.set_commit(node);
                }
            }
            Kept::Pause(paused) => self.tell(node, Input::Pause(paused)),
            Kept::Done(result) => self.committed(node, result),
        }
    }

    pub(crate) fn look_up(&mut self, node: NodeIx, session: SessionId, stream: StreamId, ask: Ask) {
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let log = &life.log;
        let answer = match ask {
            Ask::Records { wanted, budget_bytes } => {
                log.load(stream, &wanted, budget_bytes as usize, true).map(Answer::Records)
            }
            Ask::Schema { from } => {
                log.schema(stream, from, MAX_DEFS_PER_FRAME).map(|defs| Answer::Schema { from, defs })
            }
            Ask::Seals { within } => log.seals(stream, &within).map(Answer::Seals),
            Ask::Anchors => log.statements(stream).map(Answer::Anchors),
        };
        let answer = match answer {
            Ok(answer) => answer,
            Err(failed) => {
                self.trace(|| format!("{node} could not look up {stream:?}: {failed}"));
                Answer::Failed
            }
        };
        self.say(node, Kept::Answer(session, stream, answer));
        self.tell_damage(node);
    }

    fn tell_damage(&mut self, node: NodeIx) {
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let damage = life.log.take_damage();
        if damage.is_empty() {
            return;
        }
        let facts = current(&life.log, damage.iter().map(|(stream, _)| *stream).collect());
        for (stream, lost) in damage {
            self.damaged(node, stream, &lost);
            self.say(node, Kept::Damaged(stream, lost));
        }
        self.check_facts(node, &facts);
        self.say_facts(node, facts);
    }

    fn tell_pressure(&mut self, node: NodeIx) {
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let pressure = life.log.pressure();
        let paused = Paused { live: pressure == Pressure::Hard, bulk: pressure != Pressure::None };
        if paused != life.keeper.paused {
            life.keeper.paused = paused;
            self.trace(|| format!("{node} is under pressure: {pressure:?}"));
            self.say(node, Kept::Pause(paused));
        }
    }

    /// Makes room now and then, and at once when it is scarce.
    pub(crate) fn tidy(&mut self, node: NodeIx, due: bool) {
        let now = self.nodes[node].wall(self.now);
        let key = self.nodes[node].is_agent().then(|| self.nodes[node].key.clone());
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        if !due && !life.keeper.paused.bulk {
            return;
        }
        let done = life.log.make_room(now, key.as_ref());
        let facts = current(&life.log, life.log.streams().keys().copied().collect());
        match done {
            Ok(evicted) => {
                if !evicted.given_up.is_empty() {
                    self.tally.evicted += evicted.given_up.len() as u64;
                    self.evicted(node);
                    self.trace(|| format!("{node} gave up {:?}", evicted.given_up));
                }
                self.tally.forgotten += evicted.settled + evicted.receipted;
                let changed = evicted.bytes > 0;
                self.check_facts(node, &facts);
                if changed {
                    self.say_facts(node, facts);
                }
            }
            Err(failed) => {
                self.trace(|| format!("{node} could not make room: {failed}"));
                if self.lost_power(node) {
                    return;
                }
                self.check_facts(node, &facts);
            }
        }
        self.tell_pressure(node);
    }

    pub(crate) fn tidy_due(&mut self, node: NodeIx, generation: u64) {
        if self.nodes[node].generation != generation || self.nodes[node].life.is_none() {
            return;
        }
        self.tidy(node, true);
        self.lay_out(node);
        self.fold(node);
        self.own_up(node);
        self.at(self.now + TIDY_EVERY_MS, Event::Tidy { node, generation });
    }

    /// Lays out by series what is worth it, some at a time.
    fn lay_out(&mut self, node: NodeIx) {
        for _ in 0..LAID_OUT_AT_ONCE {
            let Some(life) = self.nodes[node].life.as_mut() else { return };
            let gathered = life.log.gather(2).unwrap_or_default();
            if gathered.is_empty() {
                return;
            }
            let leave = |unfit| {
                life.log.leave(unfit);
                None
            };
            let laid: Vec<_> = gathered.into_iter().filter_map(|one| one.lay_out().map_or_else(leave, Some)).collect();
            match life.log.put_in_place(&laid) {
                Ok(in_place) => self.tally.laid_out += in_place as u64,
                Err(failed) => {
                    self.trace(|| format!("{node} could not lay out: {failed}"));
                    self.lost_power(node);
                    return;
                }
            }
        }
    }

    /// Folds what is sealed into minutes and hours, some at a time.
    fn fold(&mut self, node: NodeIx) {
        for _ in 0..LAID_OUT_AT_ONCE {
            if self.fold_some(node) == 0 {
                return;
            }
        }
    }

    /// Folds some; says of how many streams.
    pub(crate) fn fold_some(&mut self, node: NodeIx) -> usize {
        // A run lasts minutes: every hour counts as long over, and all but the first fold of it is of what came late.
        let now = UtcMs(self.nodes[node].wall(self.now).0.saturating_add(CENTURY_MS));
        let Some(life) = self.nodes[node].life.as_mut() else { return 0 };
        let gathered = life.log.gather_folds(now, 2).unwrap_or_default();
        let folded: Vec<_> = gathered.into_iter().map(ToFold::fold).collect();
        if folded.is_empty() {
            return 0;
        }
        match life.log.put_folded(&folded) {
            Ok(in_place) => self.tally.folded += in_place as u64,
            Err(failed) => {
                self.trace(|| format!("{node} could not fold: {failed}"));
                self.lost_power(node);
                return 0;
            }
        }
        folded.len()
    }

    // ---- the agent

    fn own_up(&mut self, node: NodeIx) {
        let time = (self.now, self.nodes[node].wall(self.now));
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let Some(agent) = life.agent.as_mut() else { return };
        let streams: Vec<_> = life.log.streams().keys().map(|stream| (*stream, life.log.unbacked(*stream))).collect();
        let said = |(stream, nowhere): (_, _)| agent.lives.nowhere(stream, &nowhere, time.0, time.1);
        if streams.into_iter().map(said).fold(false, |any, one| any | one) {
            agent.commit_at.get_or_insert(time.0);
            self.evicted(node);
            self.set_commit(node);
        }
    }

    pub(crate) fn measure(&mut self, node: NodeIx, generation: u64) {
        if self.nodes[node].generation != generation || self.nodes[node].life.is_none() {
            return;
        }
        self.at(self.now + self.plan.interval_ms, Event::Measure { node, generation });
        let boot = self.boot(node);
        let time = self.nodes[node].time(self.now);
        let fresh = Incarnation(self.nodes[node].chance.any());
        let series = self.nodes[node].series;
        let Some(agent) = self.agent(node) else { return };
        if !agent.measuring {
            return;
        }
        let known = agent.lives.defs().len() as u32;
        let new_defs = known < series;
        if new_defs {
            agent.lives.define((known..series).map(series_def).collect());
        }
        if !agent.lives.can_number() {
            let (stream, facts) = agent.lives.begin_in_memory(fresh);
            self.tally.lives_in_memory += 1;
            self.trace(|| format!("{node} begins {stream:?} in memory"));
            self.tell(node, Input::Facts(stream, Arc::new(facts)));
        }
        let Some(agent) = self.agent(node) else { return };
        let Some(tick) = agent.measure(boot, time.utc, series, time.mono_ms) else { return };
        let stream = agent.lives.stream();
        let wait = agent.lives.must_wait() && agent.held.len() < MAX_HELD;
        let note = agent.note(false);
        self.nodes[node].note(note);
        self.given(node, stream, &tick);
        if wait {
            if let Some(agent) = self.agent(node) {
                agent.held.push((stream, tick));
            }
        } else {
            self.tell(node, Input::Measured(stream, tick));
        }
        let soon = if new_defs { 0 } else { self.commit_delay() };
        let at = self.now + soon;
        let Some(agent) = self.agent(node) else { return };
        agent.commit_at = Some(agent.commit_at.map_or(at, |due| due.min(at)));
        self.set_commit(node);
    }

    fn commit_delay(&self) -> u64 {
        let fast = self.plan.interval_ms;
        if fast >= self.plan.commit_every_ms { 0 } else { self.plan.commit_every_ms - fast / 2 }
    }

    /// Makes sure that a commit which is due is begun.
    pub(crate) fn set_commit(&mut self, node: NodeIx) {
        let (now, generation) = (self.now, self.nodes[node].generation);
        let Some(agent) = self.agent(node) else { return };
        if let Some(at) = agent.commit_at.filter(|_| agent.commit.is_none()) {
            self.at(at.max(now), Event::AgentCommit { node, generation });
        }
    }

    pub(crate) fn agent_commit(&mut self, node: NodeIx, generation: u64) {
        let now = self.now;
        if self.nodes[node].generation != generation {
            return;
        }
        let due = self.agent(node).is_some_and(|agent| agent.commit_at.is_some_and(|at| at <= now));
        if due {
            self.begin_commit(node);
        }
    }

    pub(crate) fn begin_commit(&mut self, node: NodeIx) {
        let time = self.nodes[node].time(self.now);
        let Some(agent) = self.agent(node) else { return };
        if agent.commit.is_some() {
            // What is new goes into the next one.
            return;
        }
        agent.commit_at = None;
        let closing = agent.closing;
        let (writes, settling) = agent.lives.writes(time.mono_ms, time.utc, closing);
        if writes.is_empty() {
            return;
        }
        agent.commit = Some(settling);
        self.apply(node, None, writes, true);
    }

    fn committed(&mut self, node: NodeIx, result: Result<Vec<Outcome>, String>) {
        let again = self.now + self.plan.commit_every_ms;
        let Some(agent) = self.agent(node) else { return };
        let Some(settling) = agent.commit.take() else { return };
        match result {
            Ok(outcomes) => {
                agent.lives.settled(&settling);
                let held = std::mem::take(&mut agent.held);
                let note = agent.note(true);
                self.nodes[node].note(note);
                self.nodes[node].settle_notes();
                self.check_own(node, &outcomes);
                for (stream, tick) in held {
                    self.tell(node, Input::Measured(stream, tick));
                }
            }
            // Measuring goes on; the next commit carries what this one did not.
            Err(_) => agent.commit_at = Some(again),
        }
        self.set_commit(node);
    }
}

fn answer(part: &Part, result: Result<Vec<Outcome>, String>) -> Kept {
    match (part.token, result) {
        (None, result) => Kept::Done(result),
        (Some(token), Ok(outcomes)) => Kept::Applied(token, outcomes),
        (Some(token), Err(_)) => Kept::NotApplied(token),
    }
}

fn current(log: &Log, streams: BTreeSet<StreamId>) -> BTreeMap<StreamId, Arc<StreamFacts>> {
    let facts = |stream| Some((stream, Arc::new(log.streams().get(&stream)?.clone())));
    streams.into_iter().filter_map(facts).collect()
}

fn stream_of(write: &Write) -> StreamId {
    match write {
        Write::Stream { stream, .. }
        | Write::Ticks { stream, .. }
        | Write::Schema { stream, .. }
        | Write::Custody { stream, .. }
        | Write::CustodyLost { stream }
        | Write::Tally { stream, .. }
        | Write::Reserve { stream, .. } => *stream,
        Write::Segment(segment) => segment.header().stream,
        Write::Seal(seal) => seal.header.stream,
        Write::Statement(signed) => signed.stream,
        Write::Receipt(receipt) => receipt.stream,
    }
}

/// Whether a close says that somebody broke the protocol; between honest nodes nobody does.
pub(crate) fn is_accusation(why: &CloseWhy) -> bool {
    matches!(why, CloseWhy::Protocol(_) | CloseWhy::WrongRole { .. })
}
