//! Webhooks that are told of every event: who subscribed, what waits for whom, and what was given up.
//!
//! Each subscription has a queue of its own, in the node's state: an event stands there, with a number that is never given
//! again, before anybody says that it was taken; it goes away when the receiver has said that it took it. So a receiver that
//! drops doubles by `webhook-id` has each once, wherever the sender is killed. Events go one after the other; one that is
//! refused for what it is goes to the dead, one that finds nobody waits with all behind it. A queue that is full is
//! emptied, and says so by a `reset`: whoever gets one loads the lists anew.

mod post;
mod rows;
mod sender;
mod shape;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use vigie_model::Now;
use vigie_store::{CommitError, ReadError, State};

use crate::mind::{Outcome, Pauses};

pub use post::{HookPost, KeyOf};
pub use rows::{HOOK_TABLES, hook_of_client, is_hook_of_client};
pub use sender::HookSender;
use shape::reset;
pub use shape::{DeadEvent, Delivery, Hook, HookError, HookEvent, HookStanding, RESET};

/// Events that wait for one receiver: a bad day of a large fleet, some 5 MB. Beyond it the receiver has to load anew.
pub const MOST_WAITING: u64 = 10_000;

/// Given-up events that are kept of one subscription.
pub const MOST_DEAD: usize = 1_000;

/// Subscriptions: each is asked about each event.
pub const MOST_HOOKS: usize = 500;

/// An event that found nobody for so long is given up: three days, as what waits at agents.
const LONGEST_MS: i64 = 72 * 3_600_000;

/// All subscriptions of a node, and what waits for them.
#[derive(Debug)]
pub struct Hooks {
    state: Arc<State>,
    held: Mutex<BTreeMap<String, Held>>,
    news: Notify,
}

/// What is remembered of a subscription while the program runs.
#[derive(Debug)]
struct Held {
    hook: Hook,
    waiting: u64,
    dead: u64,
    under_way: bool,
    failures: u32,
    failing: Option<String>,
    not_before_ms: u64,
}

impl Hooks {
    /// Reads who subscribed, and what waits.
    ///
    /// # Errors
    /// When it can not be read now.
    pub fn open(state: Arc<State>) -> Result<Self, ReadError> {
        let mut held = BTreeMap::new();
        for hook in rows::hooks(&state)? {
            let (waiting, dead) = (rows::waiting(&state, &hook.id)?, rows::dead(&state, &hook.id)?.len() as u64);
            held.insert(hook.id.clone(), Held { waiting, dead, ..Held::new(hook) });
        }
        Ok(Self { state, held: Mutex::new(held), news: Notify::new() })
    }

    /// Whether anybody subscribed.
    pub fn any(&self) -> bool {
        !self.held().is_empty()
    }

    /// How all of them are doing.
    pub fn standing(&self) -> Vec<HookStanding> {
        self.held().values().map(Held::standing).collect()
    }

    /// Somebody subscribes.
    ///
    /// # Errors
    /// When there are too many, or it can not be kept.
    pub fn subscribe(&self, hook: Hook) -> Result<(), HookError> {
        let mut held = self.held();
        if held.len() >= MOST_HOOKS {
            return Err(HookError::TooMany);
        }
        rows::put_hook(&self.state, &hook)?;
        held.insert(hook.id.clone(), Held::new(hook));
        Ok(())
    }

    /// A subscription ends, and what waits for it goes.
    ///
    /// # Errors
    /// When there is none, or it can not be kept.
    pub fn unsubscribe(&self, id: &str) -> Result<(), HookError> {
        let mut held = self.held();
        if !held.contains_key(id) {
            return Err(HookError::NotThere);
        }
        rows::remove_hook(&self.state, id)?;
        held.remove(id);
        Ok(())
    }

    /// Events that come: durable for whom they concern before this returns.
    ///
    /// # Errors
    /// When they are not durable for certain; nobody is told of them then.
    pub fn take(&self, events: &[HookEvent]) -> Result<(), CommitError> {
        self.take_from(events, 0)
    }

    /// As [`Hooks::take`], with numbers from this one on, or from where they are.
    fn take_from(&self, events: &[HookEvent], floor: u64) -> Result<(), CommitError> {
        let mut held = self.held();
        let mut for_each: Vec<(String, u64, Vec<&HookEvent>)> = Vec::new();
        for (id, one) in held.iter() {
            let wanted: Vec<&HookEvent> = events.iter().filter(|event| one.hook.wants(event)).collect();
            if !wanted.is_empty() {
                for_each.push((id.clone(), one.waiting, wanted));
            }
        }
        if for_each.is_empty() {
            return Ok(());
        }
        let waiting = rows::add(&self.state, &for_each, floor)?;
        for ((id, ..), waiting) in for_each.iter().zip(waiting) {
            held.entry(id.clone()).and_modify(|one| one.waiting = waiting);
        }
        drop(held);
        self.news.notify_one();
        Ok(())
    }

    /// Tells everybody that what happened until now was not followed: the node did not run. Numbers go on from the moment: a
    /// state that was brought back from a backup gives none again that was given since.
    ///
    /// # Errors
    /// When it is not durable for certain.
    pub fn begun(&self, now_ms: i64) -> Result<(), CommitError> {
        let reset = reset("this node was not running; what happened meanwhile was not followed", now_ms);
        self.take_from(&[reset], now_ms.max(0).cast_unsigned())
    }

    /// What is to be sent now: of each receiver its first. It is under way until it is settled.
    ///
    /// # Errors
    /// When what waits can not be read now.
    pub fn due(&self, now: Now) -> Result<Vec<Delivery>, ReadError> {
        let mut held = self.held();
        let mut due = Vec::new();
        for one in held.values_mut() {
            if one.waiting == 0 || one.under_way || one.not_before_ms > now.mono_ms {
                continue;
            }
            match rows::first(&self.state, &one.hook.id)? {
                Some((seq, event, tries)) => {
                    one.under_way = true;
                    due.push(Delivery { hook: one.hook.clone(), seq, event, tries });
                }
                None => one.waiting = 0,
            }
        }
        Ok(due)
    }

    /// In how many milliseconds something may be due; nothing while nobody waits.
    pub fn wait_ms(&self, now: Now) -> Option<u64> {
        let held = self.held();
        let waits = held.values().filter(|one| one.waiting > 0 && !one.under_way);
        waits.map(|one| one.not_before_ms.saturating_sub(now.mono_ms)).min()
    }

    /// Waits until there is something new.
    pub async fn woken(&self) {
        self.news.notified().await;
    }

    /// Says how sending went. `chance` spreads the attempts of many senders.
    ///
    /// # Errors
    /// When it is not durable for certain: it may be sent again, with the same key.
    pub fn settle(&self, delivery: &Delivery, outcome: &Outcome, now: Now, chance: u8) -> Result<(), HookError> {
        let mut held = self.held();
        // It may have been ended meanwhile.
        let Some(one) = held.get_mut(&delivery.hook.id) else { return Ok(()) };
        one.under_way = false;
        let is_old = now.utc.0.saturating_sub(delivery.event.at_ms) > LONGEST_MS;
        match outcome {
            Outcome::Taken(_) => {
                (one.failures, one.failing, one.not_before_ms) = (0, None, 0);
                rows::remove(&self.state, &delivery.hook.id, delivery.seq)?;
                one.waiting = one.waiting.saturating_sub(1);
            }
            Outcome::Later { why, after_ms, .. } if !is_old => {
                one.failures = one.failures.saturating_add(1);
                one.failing = Some(why.as_str().to_owned());
                let pause = Pauses::after(one.failures, *after_ms, chance);
                one.not_before_ms = now.mono_ms.saturating_add(pause.max(0).cast_unsigned());
                rows::tried(&self.state, delivery)?;
            }
            Outcome::Later { why, .. } | Outcome::Never(why) => {
                let why = if is_old { format!("not taken for three days; at last: {why}") } else { why.to_string() };
                let (seq, event, tries) = (delivery.seq, delivery.event.clone(), delivery.tries + 1);
                let dead = DeadEvent { seq, event, tries, at_ms: now.utc.0, why };
                one.dead = rows::bury(&self.state, &delivery.hook.id, &dead)?;
                one.waiting = one.waiting.saturating_sub(1);
            }
        }
        drop(held);
        self.news.notify_one();
        Ok(())
    }

    /// What was given up of a subscription, oldest first.
    ///
    /// # Errors
    /// When there is none, or it can not be read now.
    pub fn dead(&self, id: &str) -> Result<Vec<DeadEvent>, HookError> {
        if !self.held().contains_key(id) {
            return Err(HookError::NotThere);
        }
        Ok(rows::dead(&self.state, id)?)
    }

    /// Sends again what was given up: one, or all. Says how many. They bear the numbers that they had.
    ///
    /// # Errors
    /// When there is none, or it can not be kept.
    pub fn redeliver(&self, id: &str, only: Option<u64>) -> Result<u64, HookError> {
        let mut held = self.held();
        let one = held.get_mut(id).ok_or(HookError::NotThere)?;
        let dead: Vec<DeadEvent> =
            rows::dead(&self.state, id)?.into_iter().filter(|dead| only.is_none_or(|only| dead.seq == only)).collect();
        if only.is_some() && dead.is_empty() {
            return Err(HookError::NotThere);
        }
        rows::revive(&self.state, id, &dead)?;
        let count = dead.len() as u64;
        (one.waiting, one.dead) = (one.waiting + count, one.dead.saturating_sub(count));
        (one.failures, one.not_before_ms) = (0, 0);
        drop(held);
        self.news.notify_one();
        Ok(count)
    }

    /// Nobody sends what was under way any more.
    pub fn release(&self) {
        self.held().values_mut().for_each(|one| one.under_way = false);
    }

    fn held(&self) -> MutexGuard<'_, BTreeMap<String, Held>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn new(hook: Hook) -> Self {
        Self { hook, waiting: 0, dead: 0, under_way: false, failures: 0, failing: None, not_before_ms: 0 }
    }

    fn standing(&self) -> HookStanding {
        HookStanding {
            hook: self.hook.clone(),
            waiting: self.waiting,
            dead: self.dead,
            failing: self.failing.clone(),
            failures: self.failures,
        }
    }
}
