//! What is remembered of a subscription while the program runs, and what does an answer change of it?

use vigie_model::{Now, UtcMs};

use super::rows::{Fate, Tried};
use super::{DeadEvent, Delivery, Hook, HookEvent, HookStanding, Round};
use crate::mind::{Outcome, Pauses};

/// An event that found nobody for so long is given up: three days, as what waits at agents.
const LONGEST_MS: i64 = 72 * 3_600_000;

#[derive(Debug)]
pub(super) struct Held {
    pub(super) hook: Hook,
    pub(super) waiting: u64,
    dead: u64,
    pub(super) under_way: bool,
    not_before_ms: u64,
    /// By the clock of this life: when it was last told something.
    pub(super) told_at: u64,
    failures: u32,
    failing: Option<String>,
    failing_since: Option<UtcMs>,
    /// When what waits for the longest was seen, as far as that is known.
    oldest: Option<UtcMs>,
}

impl Held {
    pub(super) fn new(hook: Hook) -> Self {
        Self {
            hook,
            waiting: 0,
            dead: 0,
            under_way: false,
            not_before_ms: 0,
            told_at: 0,
            failures: 0,
            failing: None,
            failing_since: None,
            oldest: None,
        }
    }

    /// As its rows left it: who took nothing before the start is known to have taken nothing since then.
    pub(super) fn found(hook: Hook, (waiting, dead): (u64, u64), first: Option<(u64, HookEvent, Tried)>) -> Self {
        let held = Self { waiting, dead, ..Self::new(hook) };
        match first {
            Some((_, event, tried)) => Self {
                failures: tried.tries,
                failing: tried.why,
                failing_since: tried.since_ms.map(UtcMs),
                oldest: Some(UtcMs(event.at_ms)),
                ..held
            },
            None => held,
        }
    }

    pub(super) fn is_ready(&self, now: Now) -> bool {
        self.waiting > 0 && !self.under_way && self.not_before_ms <= now.mono_ms
    }

    pub(super) fn is_failing(&self) -> bool {
        self.failures > 0
    }

    /// In how many ms it may be told again.
    pub(super) fn rests_ms(&self, now: Now) -> u64 {
        self.not_before_ms.saturating_sub(now.mono_ms)
    }

    pub(super) fn rest_until(&mut self, mono_ms: u64) {
        self.not_before_ms = self.not_before_ms.max(mono_ms);
    }

    /// So many wait now; the first of those that came was seen then.
    pub(super) fn comes(&mut self, waiting: u64, seen_ms: Option<i64>) {
        // Of a queue that was emptied nothing older is left.
        if self.waiting == 0 || waiting <= self.waiting {
            self.oldest = seen_ms.map(UtcMs);
        }
        self.waiting = waiting;
    }

    /// So many wait no more; so many dead are kept, where another came to them.
    pub(super) fn went(&mut self, less: u64, dead: Option<u64>) {
        self.waiting = self.waiting.saturating_sub(less);
        self.dead = dead.unwrap_or(self.dead);
        if less > 0 {
            // The next one is known when it is looked for.
            self.oldest = None;
        }
    }

    /// So many of the dead wait again, and at once.
    pub(super) fn revived(&mut self, count: u64, seen_ms: Option<i64>) {
        (self.waiting, self.dead) = (self.waiting + count, self.dead.saturating_sub(count));
        self.not_before_ms = 0;
        self.oldest = self.oldest.into_iter().chain(seen_ms.map(UtcMs)).min();
    }

    /// What was found to be sent is under way; nothing where nothing waits.
    pub(super) fn begin(&mut self, found: Vec<(u64, HookEvent, Tried)>, now: Now) -> Option<Round> {
        let Some((_, first, _)) = found.first() else {
            self.waiting = 0;
            return None;
        };
        self.oldest = Some(UtcMs(first.at_ms));
        (self.under_way, self.told_at) = (true, now.mono_ms);
        let hook = &self.hook;
        let delivery = |(seq, event, tried): (u64, HookEvent, Tried)| Delivery {
            hook: hook.clone(),
            seq,
            event,
            tries: tried.tries,
        };
        Some(Round(found.into_iter().map(delivery).collect()))
    }

    /// What an answer means for its event, and for those behind it.
    pub(super) fn hears(&mut self, delivery: &Delivery, outcome: &Outcome, now: Now, chance: u8) -> Fate {
        let is_old = now.utc.0.saturating_sub(delivery.event.at_ms) > LONGEST_MS;
        let dead = |why: String| {
            let (seq, event, tries) = (delivery.seq, delivery.event.clone(), delivery.tries.saturating_add(1));
            Fate::Dead(DeadEvent { seq, event, tries, at_ms: now.utc.0, why })
        };
        match outcome {
            Outcome::Taken(_) => {
                self.answers();
                Fate::Taken
            }
            Outcome::Later { why, after_ms, .. } => {
                self.failures = self.failures.saturating_add(1);
                self.failing = Some(why.as_str().to_owned());
                let since = *self.failing_since.get_or_insert(now.utc);
                if is_old {
                    return dead(format!("not taken for three days; at last: {why}"));
                }
                let pause = Pauses::after(self.failures, *after_ms, chance);
                self.not_before_ms = now.mono_ms.saturating_add(pause.max(0).cast_unsigned());
                let tries = delivery.tries.saturating_add(1);
                Fate::Waits(Tried { tries, since_ms: Some(since.0), why: self.failing.clone() })
            }
            Outcome::Never(why) => {
                // It was the event that was refused; somebody is there.
                self.answers();
                dead(if is_old { format!("not taken for three days; at last: {why}") } else { why.to_string() })
            }
        }
    }

    pub(super) fn standing(&self, now: Now) -> HookStanding {
        let waits = self.waiting > 0;
        let rests = waits && !self.under_way && self.is_failing();
        HookStanding {
            hook: self.hook.clone(),
            waiting: self.waiting,
            dead: self.dead,
            failing: self.failing.clone(),
            failing_since_ms: self.failing_since.map(|since| since.0),
            again_in_ms: rests.then(|| self.rests_ms(now)),
            oldest_ms: self.oldest.filter(|_| waits).map(|oldest| oldest.0),
            failures: self.failures,
        }
    }

    fn answers(&mut self) {
        (self.failures, self.failing, self.failing_since, self.not_before_ms) = (0, None, None, 0);
    }
}
