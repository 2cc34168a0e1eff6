//! What those on the other end say: the time, certificates, errands.

use tracing::warn;
use vigie_codec::wire::Clock;
use vigie_model::{Anchor, Boot};
use vigie_node::{Command, Happening, boot_moment, trust};
use vigie_sync::Errand;

use super::Agent;
use super::opening::chance;

impl Agent {
    pub(super) fn happened(&mut self, happening: Happening) {
        match happening {
            Happening::Damaged(stream, lost) if self.speaks_for(stream) => {
                self.lives.damaged(stream, &lost, self.clock.now().utc);
                self.commit_at.get_or_insert_with(tokio::time::Instant::now);
            }
            Happening::Clock(_, clock, round_trip_ms) => self.clock_told(clock, round_trip_ms),
            Happening::Errand(_, errand) => self.errand(errand),
            Happening::Up { session, .. } => self.renewing.connected(session),
            Happening::Down(session, ..) => self.renewing.disconnected(session),
            Happening::Displaced(_) => self.parting.displaced(self.clock.mono_ms()),
            Happening::Damaged(..)
            | Happening::Seen(..)
            | Happening::Facts(..)
            | Happening::Greeted(..)
            | Happening::Announced(..)
            | Happening::Goodbye(..)
            | Happening::Beats(..)
            | Happening::Enrolment(_) => {}
        }
    }

    /// The peer's time pairs with this machine's boot clock; samples of this boot can be put right by it, before and after.
    pub(super) fn clock_told(&mut self, clock: Clock, round_trip_ms: u64) {
        let half = round_trip_ms / 2;
        let (_, boot_ms) = boot_moment();
        let anchor = Anchor {
            boot: Boot { no: self.boot_no, ms: boot_ms },
            utc: vigie_model::UtcMs(clock.utc.0.saturating_add(half.cast_signed())),
            error_ms: u32::try_from(half).unwrap_or(u32::MAX).saturating_add(clock.error_ms),
            source: clock.source,
        };
        trust::raise(&self.state, self.endpoint.time(), clock);
        if self.anchor.is_none_or(|old| anchor.is_better_than(&old)) {
            self.anchor = Some(anchor);
            self.lives.anchored(anchor);
            self.commit_at.get_or_insert_with(tokio::time::Instant::now);
        }
    }

    pub(super) fn renew(&mut self) {
        if let Some((session, errand)) = self.renewing.due(self.endpoint.time().wall(), &self.identity) {
            self.handle.command(Command::Pass(session, errand));
        }
        match self.renewing.come_back(&self.status.uplink(), &self.identity, &self.endpoint) {
            Ok(Some(renewed)) => {
                self.status.renewed(renewed.clone());
                self.identity = renewed;
            }
            Ok(None) => {}
            Err(failed) => warn!(error = %failed.text, "the next certificate could not be taken into use"),
        }
    }

    pub(super) fn errand(&mut self, errand: Errand) {
        let done = match errand {
            Errand::CertTell(answer) => {
                let chance = chance(&self.identity);
                self.renewing.answered(&answer, &self.identity, &self.endpoint, chance).map(|renewed| {
                    self.status.renewed(renewed.clone());
                    self.identity = renewed;
                })
            }
            Errand::Revoked(list) => trust::revoked(&list, &self.identity, &self.endpoint, &self.state),
            Errand::CertAsk(_) => Ok(()),
        };
        if let Err(failed) = done {
            warn!(error = %failed.text, "an errand could not be done");
        }
    }
}
