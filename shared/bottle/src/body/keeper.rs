//! What does the store's thread do, and what does the loop hear of it?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_codec::wire::Paused;
use vigie_model::StreamId;
use vigie_store::{CommitError, Pressure};
use vigie_sync::keep::{Outcome, StreamFacts, Write};
use vigie_sync::{Answer, Ask, Input, SessionId, Token};

use crate::node::{Kept, MAX_GROUP, Part};
use crate::plan::NodeIx;
use crate::world::{Event, World};

impl World {
    pub(crate) fn apply(&mut self, node: NodeIx, token: Option<Token>, writes: Vec<Write>, urgent: bool) {
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
        let touched: BTreeSet<_> = writes.iter().map(Write::stream).collect();
        self.tally.commits += 1;
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        match life.log.commit(writes) {
            Ok(outcomes) => {
                let facts = life.log.facts_of(touched);
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

    pub(super) fn say_facts(&mut self, node: NodeIx, facts: BTreeMap<StreamId, Arc<StreamFacts>>) {
        facts.into_iter().for_each(|(stream, facts)| self.say(node, Kept::Facts(stream, facts)));
    }

    pub(super) fn say(&mut self, node: NodeIx, kept: Kept) {
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

    pub(super) fn hear_kept(&mut self, node: NodeIx) {
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
        let answer = match life.log.look_up(stream, ask) {
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
        let facts = life.log.facts_of(damage.iter().map(|(stream, _)| *stream));
        for (stream, lost) in damage {
            self.damaged(node, stream, &lost);
            self.say(node, Kept::Damaged(stream, lost));
        }
        self.check_facts(node, &facts);
        self.say_facts(node, facts);
    }

    pub(super) fn tell_pressure(&mut self, node: NodeIx) {
        let Some(life) = self.nodes[node].life.as_mut() else { return };
        let pressure = life.log.pressure();
        let paused = Paused { live: pressure == Pressure::Hard, bulk: pressure != Pressure::None };
        if paused != life.keeper.paused {
            life.keeper.paused = paused;
            self.trace(|| format!("{node} is under pressure: {pressure:?}"));
            self.say(node, Kept::Pause(paused));
        }
    }
}

fn answer(part: &Part, result: Result<Vec<Outcome>, String>) -> Kept {
    match (part.token, result) {
        (None, result) => Kept::Done(result),
        (Some(token), Ok(outcomes)) => Kept::Applied(token, outcomes),
        (Some(token), Err(_)) => Kept::NotApplied(token),
    }
}
