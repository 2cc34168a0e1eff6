//! What is the mind told, and what is done of what it wishes?

use vigie_codec::wire::Clock;
use vigie_model::{Anchor, Boot, ClockSource, UtcMs};
use vigie_sync::{CloseWhy, Event as Told, Input, Output};

use crate::plan::{HUB, NodeIx};
use crate::world::{Event, World};

/// Timeouts in a row after which the next was due at once: a loop that turns this often does nothing else.
const MAX_SPINS: u32 = 200;

impl World {
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
                Output::Rows { session, peer, wish } => self.wish_rows(node, session, peer, wish),
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
            Told::Greeted(..)
            | Told::Announced { .. }
            | Told::Errand(..)
            | Told::Paused(..)
            | Told::Goodbye(..)
            | Told::Beats { .. } => {}
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

    pub(super) fn boot(&self, node: NodeIx) -> Boot {
        let here = &self.nodes[node];
        Boot { no: here.boot_no, ms: self.now.saturating_sub(here.booted_at) }
    }
}

/// Whether a close says that somebody broke the protocol; between honest nodes nobody does.
pub(crate) fn is_accusation(why: &CloseWhy) -> bool {
    matches!(why, CloseWhy::Protocol(_) | CloseWhy::WrongRole { .. })
}
