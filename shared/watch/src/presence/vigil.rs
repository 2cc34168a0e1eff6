//! What was heard, from whom, and when?
//!
//! Keeps what was learnt; what follows from it is judged beside (`judge.rs`).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::{Beat, Fact, Post, Timing};
use super::reach::Reach;

/// The watch over who is there.
#[derive(Debug)]
pub struct Vigil {
    pub(super) post: Post,
    pub(super) timing: Timing,
    pub(super) machines: BTreeMap<Arc<str>, Machine>,
    pub(super) relays: BTreeMap<Arc<str>, Relay>,
    pub(super) sites: BTreeMap<Arc<str>, Reach>,
    pub(super) listening_since_ms: i64,
    pub(super) looked_at_ms: i64,
    pub(super) network_works: bool,
    /// At a relay: nobody of its network was heard when it last looked.
    pub(super) was_deaf: bool,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) site: Arc<str>,
    pub(super) heard_ms: Option<i64>,
    /// Heard in an earlier life of this node.
    pub(super) is_remembered: bool,
    /// Heard not through a relay.
    pub(super) heard_apart_ms: Option<i64>,
    pub(super) is_direct: bool,
    /// Another relay of its site heard it later.
    pub(super) is_elsewhere: bool,
    pub(super) silent_after_ms: i64,
    pub(super) sample_age_ms: i64,
    pub(super) not_answering: Option<Arc<str>>,
    pub(super) away_until_ms: Option<i64>,
    pub(super) judged: Option<Reach>,
}

#[derive(Debug)]
pub(super) struct Relay {
    pub(super) site: Arc<str>,
    pub(super) heard_ms: Option<i64>,
    /// Heard in an earlier life of this node.
    pub(super) is_remembered: bool,
    pub(super) away_until_ms: Option<i64>,
    pub(super) silent_after_ms: i64,
}

impl Vigil {
    /// A watch that begins to listen now.
    pub fn new(post: Post, timing: Timing, now_ms: i64) -> Self {
        Self {
            post,
            timing,
            machines: BTreeMap::new(),
            relays: BTreeMap::new(),
            sites: BTreeMap::new(),
            listening_since_ms: now_ms,
            looked_at_ms: now_ms,
            network_works: true,
            was_deaf: false,
        }
    }

    /// Takes note of a fact. What follows from it is told by [`Vigil::look`].
    pub fn learn(&mut self, fact: Fact, now_ms: i64) {
        self.notice_own_absence(now_ms);
        match fact {
            Fact::Enrolled { machine, site } => {
                let known = self.machines.entry(machine).or_insert_with(|| Machine::new(site.clone(), &self.timing));
                known.site = site;
            }
            Fact::Remembered(machine) => {
                self.machines.get_mut(&machine).into_iter().for_each(|machine| machine.is_remembered = true);
            }
            Fact::RememberedRelay(relay) => {
                self.relays.get_mut(&relay).into_iter().for_each(|relay| relay.is_remembered = true);
            }
            Fact::Retired(machine) => drop(self.machines.remove(&machine)),
            Fact::RetiredRelay(relay) => drop(self.relays.remove(&relay)),
            Fact::Relay { relay, site } => {
                self.relays.entry(relay).or_insert_with(|| Relay::new(site.clone(), &self.timing)).site = site.clone();
            }
            Fact::Beats { of, every_ms } => {
                let after_ms = self.timing.silent_after_ms(every_ms);
                self.machines.get_mut(&of).into_iter().for_each(|machine| machine.silent_after_ms = after_ms);
                self.relays.get_mut(&of).into_iter().for_each(|relay| relay.silent_after_ms = after_ms);
            }
            Fact::Heard(beat) => self.hear(&beat, now_ms),
            Fact::HeardRelay(relay) => self.hear_relay(&relay, now_ms),
            Fact::Elsewhere { machine, is_there } => {
                self.machines.get_mut(&machine).into_iter().for_each(|machine| machine.is_elsewhere = is_there);
            }
            Fact::Vouched { relay, machine, answers } => {
                if let Some(machine) = self.machines.get_mut(&machine) {
                    // It is a later word than a goodbye that was passed on.
                    (machine.not_answering, machine.away_until_ms) = ((!answers).then_some(relay), None);
                }
            }
            Fact::Goodbye { machine, back_in_ms } => {
                let until_ms = now_ms.saturating_add(back_in_ms).saturating_add(self.timing.return_grace_ms);
                self.machines.get_mut(&machine).into_iter().for_each(|one| one.away_until_ms = Some(until_ms));
            }
            Fact::RelayGoodbye { relay, back_in_ms } => {
                let until_ms = now_ms.saturating_add(back_in_ms);
                self.relays.get_mut(&relay).into_iter().for_each(|one| one.away_until_ms = Some(until_ms));
            }
            Fact::OwnNetwork(works) => {
                if works && !self.network_works {
                    self.listening_since_ms = now_ms;
                }
                self.network_works = works;
            }
        }
    }

    fn hear(&mut self, beat: &Beat, now_ms: i64) {
        if let Some(relay) = &beat.by {
            self.hear_relay(relay, now_ms);
        }
        let Some(machine) = self.machines.get_mut(&beat.machine) else { return };
        machine.heard_ms = Some(now_ms);
        machine.is_direct = beat.by.is_none();
        if machine.is_direct {
            machine.heard_apart_ms = Some(now_ms);
        }
        machine.is_elsewhere = false;
        (machine.sample_age_ms, machine.not_answering, machine.away_until_ms) = (beat.sample_age_ms, None, None);
    }

    fn hear_relay(&mut self, relay: &Arc<str>, now_ms: i64) {
        if let Some(relay) = self.relays.get_mut(relay) {
            (relay.heard_ms, relay.away_until_ms) = (Some(now_ms), None);
        }
    }

    /// Silence counts from when this node began to listen: after it was stopped or slept, that is now.
    pub(super) fn notice_own_absence(&mut self, now_ms: i64) {
        if now_ms.saturating_sub(self.looked_at_ms) > 3 * self.timing.look_every_ms {
            self.listening_since_ms = now_ms;
        }
        self.looked_at_ms = self.looked_at_ms.max(now_ms);
    }

    pub(super) fn is_heard(&self, machine: &Machine, now_ms: i64) -> bool {
        // Most are fresh by their own line, and no relay need be looked for.
        is_fresh(machine.heard_ms, machine.silent_after_ms, now_ms)
            || is_fresh(machine.heard_ms, self.patience_ms(machine), now_ms)
    }

    /// How long a machine's silence is waited for: what comes by way of a relay comes no sooner than the relay is heard.
    pub(super) fn patience_ms(&self, machine: &Machine) -> i64 {
        let relays = self.relays.values().filter(|relay| !machine.is_direct && relay.site == machine.site);
        relays.map(|relay| relay.silent_after_ms).fold(machine.silent_after_ms, i64::max)
    }

    /// Whether this node has listened for long enough that not hearing somebody for so long means something.
    pub(super) fn has_listened(&self, after_ms: i64, now_ms: i64) -> bool {
        self.network_works && now_ms.saturating_sub(self.listening_since_ms) >= after_ms
    }
}

pub(super) fn is_fresh(heard_ms: Option<i64>, after_ms: i64, now_ms: i64) -> bool {
    heard_ms.is_some_and(|heard| now_ms.saturating_sub(heard) < after_ms)
}

impl Machine {
    fn new(site: Arc<str>, timing: &Timing) -> Self {
        Self {
            site,
            heard_ms: None,
            is_remembered: false,
            heard_apart_ms: None,
            is_direct: false,
            is_elsewhere: false,
            silent_after_ms: timing.silent_after_ms,
            sample_age_ms: 0,
            not_answering: None,
            away_until_ms: None,
            judged: None,
        }
    }
}

impl Relay {
    pub(super) fn is_heard(&self, now_ms: i64) -> bool {
        is_fresh(self.heard_ms, self.silent_after_ms, now_ms)
    }

    fn new(site: Arc<str>, timing: &Timing) -> Self {
        Self {
            site,
            heard_ms: None,
            is_remembered: false,
            away_until_ms: None,
            silent_after_ms: timing.silent_after_ms,
        }
    }
}
