//! What is measured, here and by other programs of the machine, gets its number and leaves.

use std::sync::Arc;
use std::time::Duration;

use vigie_model::Tick;
use vigie_node::Command;

use super::{Agent, LEFT_FOR_ROUNDS, MAX_HELD};
use crate::collect::{Due, OwnFigures};
use crate::foreign::Reading;
use crate::measure::{Measured, Order, Told};

impl Agent {
    pub(super) fn next_due(&self) -> Due {
        self.schedule.next(self.clock.now().utc, self.last_due)
    }

    /// Never further than a fast interval: the wall clock may be set meanwhile.
    pub(super) fn wake_at(&self, due: Due) -> tokio::time::Instant {
        let wait_ms = due.at.0.saturating_sub(self.clock.now().utc.0).clamp(0, 10_000).cast_unsigned();
        tokio::time::Instant::now() + Duration::from_millis(wait_ms)
    }

    pub(super) fn order(&mut self, due: Due) {
        self.last_due = Some(due);
        let own = self.own_figures();
        self.rounds_under_way += 1;
        self.meter.order(Order { tiers: due.tiers, due: due.at, seq: self.lives.next_seq(), own });
    }

    pub(super) fn own_figures(&self) -> OwnFigures {
        let mut own = OwnFigures { foreign: self.board.figures(), ..OwnFigures::default() };
        if let Some((_, session)) = self.handle.view().up() {
            let path = session.link.path();
            own.sent_bytes = Some(path.udp_tx_bytes);
            own.received_bytes = Some(path.udp_rx_bytes);
            own.waiting_ticks = Some(session.backlog_ticks);
        }
        // While a commit is under way it is not waited for: the next round says it.
        if let Ok(log) = self.handle.log().try_read() {
            own.store_bytes = Some(log.used_bytes());
            own.store_limit_bytes = Some(log.cap_bytes());
        }
        let left_ms = self.identity.validity().not_after.0.saturating_sub(self.clock.now().utc.0);
        own.certificate_seconds = Some(u64::try_from(left_ms / 1_000).unwrap_or(0));
        own
    }

    pub(super) fn told(&mut self, told: Told) {
        match told {
            Told::Round(measured) => {
                self.rounds_under_way = self.rounds_under_way.saturating_sub(1);
                self.measured(measured);
            }
            Told::Foreign(readings, new_defs) => {
                self.define(new_defs);
                readings.into_iter().for_each(|reading| self.queue.push(reading));
            }
        }
        self.number_foreign();
    }

    pub(super) fn measured(&mut self, measured: Measured) {
        self.status.collectors_down(measured.down);
        // Whatever becomes of the round: places were given, and later ticks use them.
        self.define(measured.new_defs);
        if measured.seq != self.lives.next_seq() {
            // A new life began while this round was measured; its figures were made for another number.
            return;
        }
        if !self.lives.can_number() {
            self.begin_in_memory();
            if self.config.choice.is_made_up() {
                // Its figures are a function of a number that is not theirs any more; a machine's are not.
                return;
            }
        }
        let Some(tick) = self.lives.measured(measured.at, measured.samples, self.clock.mono_ms()) else { return };
        self.pass(tick);
        self.commit_within(self.commit_delay());
    }

    /// Numbers what others said. A round's number is promised to it from its order on, so they wait meanwhile.
    pub(super) fn number_foreign(&mut self) {
        while self.rounds_under_way == 0 && self.lives.numbers_left() > LEFT_FOR_ROUNDS {
            let Some(Reading { at, samples }) = self.queue.pop() else { return };
            if let Some(tick) = self.lives.measured(at, samples, self.clock.mono_ms()) {
                self.pass(tick);
                // Ticks of several sources within some seconds share a commit.
                self.commit_within(self.config.commit_every / 2);
            }
        }
        if self.rounds_under_way == 0 && !self.queue.is_empty() {
            // A commit reserves more numbers; while one is under way, its end looks here again.
            self.commit_within(Duration::ZERO);
        }
    }

    pub(super) fn pass(&mut self, tick: Arc<Tick>) {
        if self.lives.must_wait() && self.held.len() < MAX_HELD {
            self.held.push(tick);
        } else {
            self.handle.command(Command::Measured(self.lives.stream(), tick));
        }
        self.note_life();
    }
}
