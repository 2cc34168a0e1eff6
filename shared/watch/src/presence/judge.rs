//! What follows from what was heard?

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::{Beat, Fact, Post, Timing};

/// How a machine is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reach {
    /// It is heard, and what it measures comes at once.
    Live,
    /// The way works, and what it measures is older.
    Late,
    /// Somebody beside it says that it does not answer.
    Silent,
    /// What is behind a cut is not known.
    Cut,
    /// It said that it would be away.
    Asleep,
    /// It is enrolled and was never heard.
    Unseen,
}

/// Why a site is cut off, as far as anybody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    /// Its machines are heard by another way: the relay is off.
    RelayOff,
    /// The relay ran all the while: the line was cut.
    LineCut,
    /// Nobody is heard any more, or this node's own network does not work: this node is deaf.
    Deaf,
    /// The relay or its line; nobody can tell which yet.
    RelayOrLine,
}

/// Who is meant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A machine.
    Machine(Arc<str>),
    /// A site.
    Site(Arc<str>),
}

/// A change of what is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Of whom.
    pub of: Subject,
    /// What was known; nothing for who is new.
    pub from: Option<Reach>,
    /// What is known.
    pub to: Reach,
    /// When, on the clock of this node.
    pub at_ms: i64,
}

/// What a person is told: one thing for one cause, however many machines are behind it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Incident {
    /// This node hears nobody: its own network is at fault, and not all the others.
    Deaf {
        /// Sites that are not heard.
        sites: usize,
        /// Machines of which nothing is known.
        machines: usize,
    },
    /// A site is cut off.
    SiteCut {
        /// Which.
        site: Arc<str>,
        /// Why, as far as known.
        cause: Cause,
        /// Machines behind it.
        machines: usize,
        /// When it was last heard, on the clock of this node.
        last_heard_ms: i64,
    },
    /// A machine does not answer.
    MachineSilent {
        /// Which.
        machine: Arc<str>,
        /// When it was last heard, on the clock of this node; never, if it was not.
        last_heard_ms: Option<i64>,
    },
}

/// The watch over who is there.
#[derive(Debug)]
pub struct Vigil {
    pub(super) post: Post,
    timing: Timing,
    pub(super) machines: BTreeMap<Arc<str>, Machine>,
    relays: BTreeMap<Arc<str>, Relay>,
    pub(super) sites: BTreeMap<Arc<str>, Reach>,
    listening_since_ms: i64,
    looked_at_ms: i64,
    network_works: bool,
}

#[derive(Debug)]
pub(super) struct Machine {
    pub(super) site: Arc<str>,
    pub(super) heard_ms: Option<i64>,
    /// Heard in an earlier life of this node.
    is_remembered: bool,
    /// Heard not through a relay.
    heard_apart_ms: Option<i64>,
    is_direct: bool,
    silent_after_ms: i64,
    sample_age_ms: i64,
    not_answering: Option<Arc<str>>,
    away_until_ms: Option<i64>,
    pub(super) judged: Option<Reach>,
}

#[derive(Debug)]
struct Relay {
    site: Arc<str>,
    heard_ms: Option<i64>,
    /// Heard in an earlier life of this node.
    is_remembered: bool,
    away_until_ms: Option<i64>,
    silent_after_ms: i64,
    ran_all_the_while: bool,
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
                if let Some(machine) = self.machines.get_mut(&machine) {
                    machine.is_remembered = true;
                }
            }
            Fact::RememberedRelay(relay) => {
                if let Some(relay) = self.relays.get_mut(&relay) {
                    relay.is_remembered = true;
                }
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
            Fact::Vouched { relay, machine, answers } => {
                if let Some(machine) = self.machines.get_mut(&machine) {
                    machine.not_answering = (!answers).then_some(relay);
                }
            }
            Fact::Goodbye { machine, back_in_ms, reason: _ } => {
                let away_ms = back_in_ms.map_or(self.timing.longest_sleep_ms, |ms| ms + self.timing.return_grace_ms);
                if let Some(machine) = self.machines.get_mut(&machine) {
                    machine.away_until_ms = Some(now_ms.saturating_add(away_ms));
                }
            }
            Fact::RelayGoodbye { relay, back_in_ms } => {
                if let Some(relay) = self.relays.get_mut(&relay) {
                    relay.away_until_ms = Some(now_ms.saturating_add(back_in_ms));
                }
            }
            Fact::Returned { relay, running_ms } => {
                if let Some(relay) = self.relays.get_mut(&relay) {
                    let silence_ms = relay.heard_ms.map_or(i64::MAX, |heard| now_ms.saturating_sub(heard));
                    relay.ran_all_the_while = running_ms >= silence_ms;
                }
                self.hear_relay(&relay, now_ms);
            }
            Fact::OwnNetwork(works) => {
                if works && !self.network_works {
                    self.listening_since_ms = now_ms;
                }
                self.network_works = works;
            }
            Fact::Woke => self.listening_since_ms = now_ms,
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
        (machine.sample_age_ms, machine.not_answering, machine.away_until_ms) = (beat.sample_age_ms, None, None);
    }

    fn hear_relay(&mut self, relay: &Arc<str>, now_ms: i64) {
        if let Some(relay) = self.relays.get_mut(relay) {
            (relay.heard_ms, relay.away_until_ms) = (Some(now_ms), None);
        }
    }

    /// Silence counts from when this node began to listen: after it was stopped or slept, that is now.
    fn notice_own_absence(&mut self, now_ms: i64) {
        if now_ms.saturating_sub(self.looked_at_ms) > 3 * self.timing.look_every_ms {
            self.listening_since_ms = now_ms;
        }
        self.looked_at_ms = self.looked_at_ms.max(now_ms);
    }

    /// Judges again, and tells what changed.
    pub fn look(&mut self, now_ms: i64) -> Vec<Change> {
        self.notice_own_absence(now_ms);
        let mut changes = Vec::new();
        if self.post == Post::Hub {
            self.look_at_sites(now_ms, &mut changes);
        }
        let is_deaf = self.post == Post::Hub && self.is_deaf(now_ms);
        let ids: Vec<Arc<str>> = self.machines.keys().cloned().collect();
        for id in ids {
            let to = self.judge(&self.machines[&id], is_deaf, now_ms);
            let Some(machine) = self.machines.get_mut(&id) else { continue };
            let from = machine.judged.replace(to);
            if from != Some(to) {
                changes.push(Change { of: Subject::Machine(id), from, to, at_ms: now_ms });
            }
        }
        changes
    }

    fn look_at_sites(&mut self, now_ms: i64, changes: &mut Vec<Change>) {
        let sites: std::collections::BTreeSet<Arc<str>> =
            self.relays.values().map(|relay| relay.site.clone()).collect();
        self.sites.retain(|site, _| sites.contains(site));
        for site in sites {
            let to = self.judge_site(&site, now_ms);
            let from = self.sites.insert(site.clone(), to);
            if from != Some(to) {
                if to == Reach::Cut {
                    // What is told on return is of this silence.
                    let relays = self.relays.values_mut().filter(|relay| relay.site == site);
                    relays.for_each(|relay| relay.ran_all_the_while = false);
                }
                changes.push(Change { of: Subject::Site(site), from, to, at_ms: now_ms });
            }
        }
    }

    /// When to look at the latest, on the same clock.
    pub fn look_by_ms(&self) -> i64 {
        let after = |heard: Option<i64>, after_ms: i64| Some(heard?.max(self.listening_since_ms) + after_ms);
        let machines = self.machines.values();
        let machines = machines.flat_map(|one| [after(one.heard_ms, self.patience_ms(one)), one.away_until_ms]);
        let relays = self.relays.values();
        let relays = relays.flat_map(|one| [after(one.heard_ms, one.silent_after_ms), one.away_until_ms]);
        let regular = self.looked_at_ms + self.timing.look_every_ms;
        machines.chain(relays).flatten().filter(|at| *at > self.looked_at_ms).fold(regular, i64::min)
    }

    fn is_heard(&self, machine: &Machine, now_ms: i64) -> bool {
        // Most are fresh by their own line, and no relay need be looked for.
        is_fresh(machine.heard_ms, machine.silent_after_ms, now_ms)
            || is_fresh(machine.heard_ms, self.patience_ms(machine), now_ms)
    }

    /// How long a machine's silence is waited for: what comes by way of a relay comes no sooner than the relay is heard.
    fn patience_ms(&self, machine: &Machine) -> i64 {
        let relays = self.relays.values().filter(|relay| !machine.is_direct && relay.site == machine.site);
        relays.map(|relay| relay.silent_after_ms).fold(machine.silent_after_ms, i64::max)
    }

    /// Whether this node has listened for long enough that not hearing somebody for so long means something.
    fn has_listened(&self, after_ms: i64, now_ms: i64) -> bool {
        self.network_works && now_ms.saturating_sub(self.listening_since_ms) >= after_ms
    }

    fn judge(&self, machine: &Machine, is_deaf: bool, now_ms: i64) -> Reach {
        if self.is_heard(machine, now_ms) && machine.not_answering.is_none() && machine.away_until_ms.is_none() {
            let is_late = machine.sample_age_ms > self.timing.late_after_ms;
            return if is_late { Reach::Late } else { Reach::Live };
        }
        if machine.away_until_ms.is_some_and(|until| now_ms < until) {
            return Reach::Asleep;
        }
        if machine.heard_ms.is_none()
            && !machine.is_remembered
            && machine.not_answering.is_none()
            && machine.judged.is_none_or(|was| was == Reach::Unseen)
        {
            return Reach::Unseen;
        }
        let as_before = machine.judged.unwrap_or(Reach::Unseen);
        match self.post {
            // Deaf, it can vouch for nobody.
            Post::Relay if !self.network_works => Reach::Cut,
            Post::Relay if self.has_listened(self.patience_ms(machine), now_ms) => Reach::Silent,
            Post::Relay => as_before,
            Post::Hub => self.judge_from_afar(machine, as_before, is_deaf, now_ms),
        }
    }

    /// What the hub knows of a machine that it does not hear.
    fn judge_from_afar(&self, machine: &Machine, as_before: Reach, is_deaf: bool, now_ms: i64) -> Reach {
        let relays: Vec<&Relay> = self.relays.values().filter(|relay| relay.site == machine.site).collect();
        if relays.is_empty() || (machine.is_direct && machine.not_answering.is_none()) {
            // Nobody stands beside it: its silence is all there is.
            return match (self.has_listened(self.patience_ms(machine), now_ms), is_deaf) {
                _ if !self.network_works => Reach::Cut,
                (false, _) => as_before,
                (true, true) => Reach::Cut,
                (true, false) => Reach::Silent,
            };
        }
        if relays.iter().any(|relay| relay.is_heard(now_ms)) {
            let vouching = machine.not_answering.as_ref().and_then(|relay| self.relays.get(relay));
            let is_vouched = vouching.is_some_and(|relay| relay.is_heard(now_ms));
            // The way works: only who stands beside it can say that it does not answer.
            return if is_vouched { Reach::Silent } else { Reach::Late };
        }
        if self.sites.get(&machine.site) == Some(&Reach::Cut) { Reach::Cut } else { as_before }
    }

    fn judge_site(&self, site: &Arc<str>, now_ms: i64) -> Reach {
        let relays: Vec<&Relay> = self.relays.values().filter(|relay| relay.site == *site).collect();
        if relays.iter().any(|relay| relay.is_heard(now_ms)) {
            return Reach::Live;
        }
        if relays.iter().any(|relay| relay.away_until_ms.is_some_and(|until| now_ms < until)) {
            return Reach::Asleep;
        }
        let never_heard = relays.iter().all(|relay| relay.heard_ms.is_none() && !relay.is_remembered);
        let after_ms = relays.iter().map(|relay| relay.silent_after_ms).fold(self.timing.silent_after_ms, i64::max);
        let is_unsure = !self.has_listened(after_ms, now_ms) && self.network_works;
        match self.sites.get(site) {
            None | Some(Reach::Unseen) if never_heard => Reach::Unseen,
            None if is_unsure => Reach::Unseen,
            Some(was) if is_unsure => *was,
            _ => Reach::Cut,
        }
    }

    /// Whether nobody at all is heard who was heard before, of at least two: then the fault is here.
    fn is_deaf(&self, now_ms: i64) -> bool {
        let relays = self.relays.values().map(|relay| (relay.heard_ms, relay.is_heard(now_ms)));
        let direct = self.machines.values().filter(|machine| machine.is_direct && machine.away_until_ms.is_none());
        let direct = direct.map(|machine| (machine.heard_ms, self.is_heard(machine, now_ms)));
        let known: Vec<bool> = relays.chain(direct).filter(|(heard, _)| heard.is_some()).map(|(_, is)| is).collect();
        !self.network_works || (known.len() > 1 && !known.contains(&true))
    }

    /// Why a site is cut off.
    pub fn cause(&self, site: &str, now_ms: i64) -> Cause {
        let relays: Vec<&Relay> = self.relays.values().filter(|relay| *relay.site == *site).collect();
        let of_site = self.machines.values().filter(|machine| *machine.site == *site);
        let is_heard = |machine: &Machine| is_fresh(machine.heard_apart_ms, machine.silent_after_ms, now_ms);
        let is_heard_apart = of_site.into_iter().any(is_heard);
        if is_heard_apart {
            Cause::RelayOff
        } else if self.is_deaf(now_ms) {
            Cause::Deaf
        } else if relays.iter().any(|relay| relay.ran_all_the_while) {
            Cause::LineCut
        } else {
            Cause::RelayOrLine
        }
    }

    /// What a person is told now, from what was last judged.
    pub fn incidents(&self, now_ms: i64) -> Vec<Incident> {
        let cut: Vec<&Arc<str>> =
            self.sites.iter().filter(|(_, reach)| **reach == Reach::Cut).map(|(site, _)| site).collect();
        let unknown = || self.machines.values().filter(|machine| machine.judged == Some(Reach::Cut));
        if unknown().count() + cut.len() > 0 && self.is_deaf(now_ms) {
            return vec![Incident::Deaf { sites: cut.len(), machines: unknown().count() }];
        }
        let site_cut = |site: &Arc<str>| {
            let heard = self.relays.values().filter(|relay| relay.site == *site).filter_map(|relay| relay.heard_ms);
            Incident::SiteCut {
                site: site.clone(),
                cause: self.cause(site, now_ms),
                machines: unknown().filter(|machine| machine.site == *site).count(),
                last_heard_ms: heard.max().unwrap_or(self.listening_since_ms),
            }
        };
        let silent = self.machines.iter().filter(|(_, machine)| machine.judged == Some(Reach::Silent));
        let machine_silent = |(id, machine): (&Arc<str>, &Machine)| Incident::MachineSilent {
            machine: id.clone(),
            last_heard_ms: machine.heard_ms,
        };
        cut.into_iter().map(site_cut).chain(silent.map(machine_silent)).collect()
    }

    /// What is known of a machine, as last judged; nothing of one that is not enrolled.
    pub fn reach(&self, machine: &str) -> Option<Reach> {
        self.machines.get(machine)?.judged
    }

    /// What is known of a site, as last judged.
    pub fn site_reach(&self, site: &str) -> Option<Reach> {
        self.sites.get(site).copied()
    }
}

fn is_fresh(heard_ms: Option<i64>, after_ms: i64, now_ms: i64) -> bool {
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
            silent_after_ms: timing.silent_after_ms,
            sample_age_ms: 0,
            not_answering: None,
            away_until_ms: None,
            judged: None,
        }
    }
}

impl Relay {
    fn is_heard(&self, now_ms: i64) -> bool {
        is_fresh(self.heard_ms, self.silent_after_ms, now_ms)
    }

    fn new(site: Arc<str>, timing: &Timing) -> Self {
        Self {
            site,
            heard_ms: None,
            is_remembered: false,
            away_until_ms: None,
            silent_after_ms: timing.silent_after_ms,
            ran_all_the_while: false,
        }
    }
}
