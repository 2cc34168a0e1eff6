//! How does an agent measure, and keep what it measured?

use std::sync::Arc;

use vigie_model::Incarnation;
use vigie_sync::Input;
use vigie_sync::keep::Outcome;

use crate::agent::{MAX_HELD, series_def};
use crate::plan::NodeIx;
use crate::world::{Event, World};

impl World {
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

    pub(super) fn committed(&mut self, node: NodeIx, result: Result<Vec<Outcome>, String>) {
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

    pub(super) fn own_up(&mut self, node: NodeIx) {
        let time = (self.now, self.nodes[node].wall(self.now));
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let Some(agent) = life.agent.as_mut() else { return };
        let streams: Vec<_> = life.log.streams().keys().map(|stream| (*stream, life.log.unbacked(*stream))).collect();
        let lens = life.log.streams().iter().map(|(stream, facts)| (*stream, facts.schema_len));
        if lens.map(|(stream, len)| agent.lives.defined(stream, len)).fold(false, |any, one| any | one) {
            agent.commit_at.get_or_insert(time.0);
        }
        let said = |(stream, nowhere): (_, _)| agent.lives.nowhere(stream, &nowhere, time.0, time.1);
        if streams.into_iter().map(said).fold(false, |any, one| any | one) {
            agent.commit_at.get_or_insert(time.0);
            self.evicted(node);
            self.set_commit(node);
        }
    }
}
