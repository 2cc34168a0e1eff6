//! What was measured becomes durable; what was deleted and lost elsewhere becomes a gap.

use std::sync::Arc;
use std::time::Duration;

use tracing::{debug, error, warn};
use vigie_model::{Seq, SeriesDef, StreamId};
use vigie_node::{Command, Failed, loop_ended, random_incarnation};
use vigie_sync::keep::{Outcome, StreamFacts};

use super::{Agent, Commit, LOOK_FOR_LOST_EVERY};

impl Agent {
    pub(super) fn define(&mut self, new_defs: Vec<SeriesDef>) {
        if !new_defs.is_empty() {
            self.lives.define(new_defs);
            self.commit_within(Duration::ZERO);
        }
    }

    pub(super) fn commit_within(&mut self, delay: Duration) {
        let at = tokio::time::Instant::now() + delay;
        self.commit_at = Some(self.commit_at.map_or(at, |due| due.min(at)));
    }

    /// At ten seconds each tick has its own commit; faster ticks share one.
    pub(super) fn commit_delay(&self) -> Duration {
        let fast = self.config.intervals.of(crate::collect::Tier::Fast);
        if fast >= self.config.commit_every { Duration::ZERO } else { self.config.commit_every - fast / 2 }
    }

    pub(super) fn begin_in_memory(&mut self) {
        match random_incarnation() {
            Ok(incarnation) => {
                warn!(%incarnation, "the store can not reserve numbers; measuring goes on in memory under a new incarnation");
                let (stream, facts) = self.lives.begin_in_memory(incarnation);
                self.handle.command(Command::Begin(stream, Arc::new(facts)));
            }
            Err(failed) => error!(error = %failed.text, "the system gives no random numbers; a round is lost"),
        }
    }

    pub(super) fn begin_commit(&mut self, closing: bool) {
        if self.commit.is_some() {
            // What is new goes into the next one.
            return;
        }
        self.commit_at = None;
        let (writes, settling) = self.lives.writes(self.clock.mono_ms(), self.clock.now().utc, closing);
        if writes.is_empty() {
            return;
        }
        let handle = self.handle.clone();
        let answer = Box::pin(async move { all_kept(handle.keep(writes).await) });
        self.commit = Some(Commit { settling, answer });
    }

    pub(super) fn committed(&mut self, kept: bool) {
        let Some(commit) = self.commit.take() else { return };
        if kept {
            self.lives.settled(&commit.settling);
            self.notes.settle(&self.state);
            self.note_life();
            for tick in std::mem::take(&mut self.held) {
                self.handle.command(Command::Measured(self.lives.stream(), tick));
            }
            self.number_foreign();
        } else {
            // Measuring goes on; the next commit carries what this one did not.
            self.commit_at = Some(tokio::time::Instant::now() + self.config.commit_every);
        }
    }

    /// The loop has ended by itself: the store was begun anew. The present life may just have become durable in it.
    pub(super) fn begin_again(mut self) -> Failed {
        let present = self.lives.stream();
        if self.handle.log().read().is_ok_and(|log| log.streams().contains_key(&present)) {
            self.notes.note(&self.state, present.incarnation, Seq(self.lives.next_seq().0 - 1));
        }
        loop_ended(&self.handle)
    }

    /// Notes beside the log how far the present life has come, once something of it is durable.
    pub(super) fn note_life(&mut self) {
        if self.lives.is_on_disk() {
            self.notes.note(&self.state, self.lives.stream().incarnation, Seq(self.lives.next_seq().0 - 1));
        }
    }

    /// What was deleted because others had it, and they lost it, becomes a gap in the end.
    pub(super) fn own_up(&mut self) {
        if self.looked_for_lost.elapsed() < LOOK_FOR_LOST_EVERY {
            return;
        }
        self.looked_for_lost = tokio::time::Instant::now();
        let nowhere: Vec<_> = match self.handle.log().read() {
            Ok(log) => {
                let looked =
                    |(stream, facts): (&StreamId, &StreamFacts)| (*stream, log.unbacked(*stream), facts.schema_len);
                log.streams().iter().map(looked).collect()
            }
            Err(_) => return,
        };
        let (now_ms, now) = (self.clock.mono_ms(), self.clock.now().utc);
        for (stream, nowhere, schema_len) in nowhere {
            if !self.speaks_for(stream) {
                continue;
            }
            if self.lives.defined(stream, schema_len) {
                warn!(%stream, "damage took definitions of series; they are written again");
                self.commit_at.get_or_insert_with(tokio::time::Instant::now);
            }
            if self.lives.nowhere(stream, &nowhere, now_ms, now) {
                warn!(%stream, ticks = nowhere.count(), "deleted for lack of room, and lost by who had them: given up");
                self.commit_at.get_or_insert_with(tokio::time::Instant::now);
            }
        }
    }
}

fn all_kept(result: Result<Vec<Outcome>, vigie_node::KeptBack>) -> bool {
    match result {
        Ok(outcomes) => {
            for outcome in outcomes.iter().filter(|outcome| !matches!(outcome, Outcome::Kept(_))) {
                error!(?outcome, "the store would not keep what this agent itself made");
            }
            true
        }
        Err(why) => {
            // The store's thread has told it aloud.
            debug!(error = %why, "not kept; trying again");
            false
        }
    }
}
