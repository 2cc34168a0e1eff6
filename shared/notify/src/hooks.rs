//! Webhooks that are told of every event: who subscribed, what waits for whom, and what was given up.
//!
//! Each subscription has a queue of its own, in the node's state: an event stands there, with a number that is never given
//! again, before anybody says that it was taken; it goes away when the receiver has said that it took it. So a receiver that
//! drops doubles by `webhook-id` has each once, wherever the sender is killed. Different receivers are told side by side, so that
//! a slow one holds up nobody else; to one of them events go one after the other, in rounds of which it is written down in one step what
//! became of them. One that is refused for what it is goes to the dead, one that finds nobody waits with all behind it. A queue that
//! is full is emptied, and says so by a `reset`: whoever gets one loads the lists anew.

mod held;
mod post;
mod rows;
mod sender;
mod shape;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

use tokio::sync::Notify;
use vigie_model::Now;
use vigie_store::{CommitError, ReadError, State};

use held::Held;
pub use post::{HookPost, KeyOf};
use rows::Fate;
pub use rows::{HOOK_TABLES, hook_of_client, is_hook_of_client};
pub use sender::HookSender;
use shape::reset;
pub use shape::{DeadEvent, Delivery, Gone, Hook, HookError, HookEvent, HookStanding, RESET, Round};

/// Events that wait for one receiver: a bad day of a large fleet, some 5 MB. Beyond it the receiver has to load anew.
pub const MOST_WAITING: u64 = 10_000;

/// Given-up events that are kept of one subscription.
pub const MOST_DEAD: usize = 1_000;

/// Subscriptions: each is asked about each event.
pub const MOST_HOOKS: usize = 500;

/// Receivers that are told at once: each is a connection, and half of a second of them answers many events.
pub const HOOKS_AT_ONCE: usize = 64;

/// Of these, receivers that took nothing the last time, who may keep a connection for as long as anybody listens to them.
const FAILING_AT_ONCE: usize = 32;

/// Events of one round: after a kill as many may come twice, under the same names.
const MOST_OF_A_ROUND: usize = 64;

/// What can not be read now is looked at again after this.
const UNREAD_MS: u64 = 5_000;

/// All subscriptions of a node, and what waits for them.
#[derive(Debug)]
pub struct Hooks {
    state: Arc<State>,
    held: Mutex<BTreeMap<String, Held>>,
    /// Who is among them, for tasks that must not wait for a disk: `held` is kept through commits, and this never.
    there: RwLock<BTreeSet<String>>,
    news: Notify,
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
            let first = rows::firsts(&state, &hook.id, 1)?.into_iter().next();
            held.insert(hook.id.clone(), Held::found(hook, (waiting, dead), first));
        }
        let there = RwLock::new(held.keys().cloned().collect());
        Ok(Self { state, held: Mutex::new(held), there, news: Notify::new() })
    }

    /// Whether anybody subscribed.
    pub fn any(&self) -> bool {
        !self.held().is_empty()
    }

    /// How all of them are doing.
    pub fn standing(&self, now: Now) -> Vec<HookStanding> {
        self.held().values().map(|one| one.standing(now)).collect()
    }

    /// Whether a subscription is there. Waits for no disk.
    pub fn has(&self, id: &str) -> bool {
        self.there.read().unwrap_or_else(PoisonError::into_inner).contains(id)
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
        self.there.write().unwrap_or_else(PoisonError::into_inner).insert(hook.id.clone());
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
        self.there.write().unwrap_or_else(PoisonError::into_inner).remove(id);
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
        for ((id, _, events), waiting) in for_each.iter().zip(waiting) {
            let seen_ms = events.first().map(|event| event.at_ms);
            held.entry(id.clone()).and_modify(|one| one.comes(waiting, seen_ms));
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

    /// What is to be sent now, each round side by side with the others, whoever was told longest ago first. It is under way until it is
    /// settled.
    ///
    /// # Errors
    /// When nothing of what waits can be read now.
    pub fn due(&self, now: Now) -> Result<Vec<Round>, ReadError> {
        let mut held = self.held();
        let (mut room, mut failing_room) = room(&held);
        let mut ready: Vec<(u64, String)> = Vec::new();
        ready.extend(held.iter().filter(|(_, one)| one.is_ready(now)).map(|(id, one)| (one.told_at, id.clone())));
        ready.sort_unstable();
        let (mut due, mut unread) = (Vec::new(), None);
        for (_, id) in ready {
            let Some(one) = held.get_mut(&id).filter(|one| room > 0 && (failing_room > 0 || !one.is_failing())) else {
                continue;
            };
            // Whoever took nothing is tried by one event.
            let most = if one.is_failing() { 1 } else { MOST_OF_A_ROUND };
            match rows::firsts(&self.state, &id, most) {
                Ok(found) => {
                    let Some(round) = one.begin(found, now) else { continue };
                    room -= 1;
                    failing_room -= usize::from(one.is_failing());
                    due.push(round);
                }
                Err(error) => {
                    one.rest_until(now.mono_ms.saturating_add(UNREAD_MS));
                    unread = Some(error);
                }
            }
        }
        match unread {
            Some(error) if due.is_empty() => Err(error),
            _ => Ok(due),
        }
    }

    /// In how many milliseconds something may be due; nothing while nobody waits, or before something under way is settled.
    pub fn wait_ms(&self, now: Now) -> Option<u64> {
        let held = self.held();
        let (room, failing_room) = room(&held);
        let may = |one: &&Held| room > 0 && (failing_room > 0 || !one.is_failing());
        let waits = held.values().filter(|one| one.waiting > 0 && !one.under_way).filter(may);
        waits.map(|one| one.rests_ms(now)).min()
    }

    /// Waits until there is something new.
    pub async fn woken(&self) {
        self.news.notified().await;
    }

    /// Says how sending went, of all that ended meanwhile in one step. `chance` spreads the attempts of many senders.
    ///
    /// # Errors
    /// When it is not durable for certain: it may be sent again, with the same keys.
    pub fn settle(&self, gone: &[Gone], now: Now, chance: u8) -> Result<(), HookError> {
        let mut held = self.held();
        let mut rounds: Vec<(&str, Vec<(&Delivery, Fate)>)> = Vec::with_capacity(gone.len());
        for one in gone {
            // It may have been ended meanwhile.
            let Some(hook) = one.round.hook() else { continue };
            let Some(own) = held.get_mut(&hook.id) else { continue };
            own.under_way = false;
            let mut fates = Vec::with_capacity(one.outcomes.len());
            for (delivery, outcome) in one.round.0.iter().zip(&one.outcomes) {
                fates.push((delivery, own.hears(delivery, outcome, now, chance)));
            }
            rounds.push((&hook.id, fates));
        }
        let told = rows::settle(&self.state, &rounds).inspect_err(|_| {
            for (id, _) in &rounds {
                held.entry((*id).to_owned()).and_modify(|own| own.rest_until(now.mono_ms.saturating_add(UNREAD_MS)));
            }
        })?;
        for ((id, _), (less, dead)) in rounds.iter().zip(told) {
            let Some(own) = held.get_mut(*id) else { continue };
            own.went(less, dead);
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
        one.revived(count, dead.iter().map(|one| one.event.at_ms).min());
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

/// Room for further receivers, and for such that took nothing the last time.
fn room(held: &BTreeMap<String, Held>) -> (usize, usize) {
    let under_way = held.values().filter(|one| one.under_way);
    let (all, failing) = (under_way.clone().count(), under_way.filter(|one| one.is_failing()).count());
    (HOOKS_AT_ONCE.saturating_sub(all), FAILING_AT_ONCE.saturating_sub(failing))
}
