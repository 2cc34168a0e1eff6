//! How does a program start on what its disk holds, and how does it end?

use std::collections::BTreeMap;
use std::sync::Arc;

use vigie_model::{Incarnation, Role, Seq, StreamId};
use vigie_store::{Log, OpenReport};
use vigie_sync::lives::Lives;
use vigie_sync::noted::{Found, Noted, judge};
use vigie_sync::{Input, Me, Replica};

use super::tidy::TIDY_EVERY_MS;
use crate::agent::{AgentLife, earlier_lives, series_def};
use crate::node::{Keeper, Life};
use crate::plan::{HUB, NodeIx};
use crate::world::{Event, World};

impl World {
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
        let facts = log.all_facts();
        let agent = here.is_agent().then(|| self.begin_agent(node, &log, &report));
        let now = self.now;
        let (state, who) = self.open_rows(node).unzip();
        let replica = Replica::new(me);
        self.nodes[node].life = Some(Life {
            born: now,
            replica: match who {
                Some(who) => replica.with_rows(who),
                None => replica,
            },
            state,
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
                self.tell(node, Input::Enrolled { node: id, site: client.clone(), client });
            }
        }
        let generation = self.nodes[node].generation;
        let after = self.chance.below(TIDY_EVERY_MS);
        self.at(now + after, Event::Tidy { node, generation });
        self.live_as_agent(node);
        self.live_with_rows(node);
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
}
