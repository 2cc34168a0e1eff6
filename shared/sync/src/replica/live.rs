//! How does a tick go on to whoever wants it, before it is durable here?

use std::sync::Arc;

use vigie_model::{Now, Seq, StreamId, Tick};

use super::Replica;
use crate::keep::Write;
use crate::talk::{CloseWhy, Event, SessionId};

impl Replica {
    pub(super) fn live_tick(&mut self, id: SessionId, stream: StreamId, tick: Tick, now: Now) -> Result<(), CloseWhy> {
        if !tick.is_well_formed() || tick.seq < Seq::FIRST {
            return Err(CloseWhy::Protocol("a tick that is none".to_owned()));
        }
        let tick = Arc::new(tick);
        self.event(Event::Seen { stream, tick: tick.clone(), from: id });
        self.pass_live(stream, &tick, Some(id), now);
        let piece = (tick.seq, tick.seq);
        self.keep(id, stream, piece, Write::Ticks { stream, ticks: vec![tick] }, 0);
        Ok(())
    }

    /// Hands a tick on before it is durable here: whoever brought it still has it.
    pub(super) fn pass_live(&mut self, stream: StreamId, tick: &Arc<Tick>, from: Option<SessionId>, now: Now) {
        for id in self.sessions.offering().into_iter().filter(|id| Some(*id) != from) {
            if let Some(outbound) = self.outbound(id) {
                outbound.live(stream, tick.clone(), now.mono_ms);
            }
        }
    }
}
