//! What follows from what was heard?

use std::collections::BTreeSet;
use std::sync::Arc;

use super::common::Hears;
use super::facts::Post;
use super::reach::{Cause, Change, Incident, Reach, Subject};
use super::vigil::{Machine, Relay, Vigil, is_fresh};

impl Vigil {
    /// Judges again, and tells what changed.
    pub fn look(&mut self, now_ms: i64) -> Vec<Change> {
        self.notice_own_absence(now_ms);
        let mut changes = Vec::new();
        if self.post == Post::Hub {
            self.look_at_sites(now_ms, &mut changes);
        }
        let hears = self.hears(now_ms);
        self.notice_voices(hears, now_ms);
        let is_deaf = self.post == Post::Hub && self.is_deaf(now_ms);
        let ids: Vec<Arc<str>> = self.machines.keys().cloned().collect();
        for id in ids {
            let to = self.judge(&self.machines[&id], hears, is_deaf, now_ms);
            let Some(machine) = self.machines.get_mut(&id) else { continue };
            let from = machine.judged.replace(to);
            if from != Some(to) {
                changes.push(Change { of: Subject::Machine(id), from, to, at_ms: now_ms });
            }
        }
        changes
    }

    fn look_at_sites(&mut self, now_ms: i64, changes: &mut Vec<Change>) {
        let sites: BTreeSet<Arc<str>> = self.relays.values().map(|relay| relay.site.clone()).collect();
        self.sites.retain(|site, _| sites.contains(site));
        for site in sites {
            let to = self.judge_site(&site, now_ms);
            let from = self.sites.insert(site.clone(), to);
            if from != Some(to) {
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

    fn judge(&self, machine: &Machine, hears: Hears, is_deaf: bool, now_ms: i64) -> Reach {
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
            // It was silent before anything else was.
            Post::Relay if as_before == Reach::Silent && hears != Hears::Somebody => Reach::Silent,
            // Deaf, it can vouch for nobody.
            Post::Relay if hears == Hears::Nobody => Reach::Cut,
            Post::Relay if hears == Hears::NobodyYet => as_before,
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

    /// Whether nobody at all is heard who was heard before, of at least two: then the fault is here, or of the network that
    /// a relay stands in.
    pub fn is_deaf(&self, now_ms: i64) -> bool {
        if self.post == Post::Relay {
            return self.hears(now_ms) == Hears::Nobody;
        }
        let relays = self.relays.values().map(|relay| (relay.heard_ms, relay.is_heard(now_ms)));
        let direct = self.machines.values().filter(|machine| machine.is_direct && machine.away_until_ms.is_none());
        let direct = direct.map(|machine| (machine.heard_ms, self.is_heard(machine, now_ms)));
        let known: Vec<bool> = relays.chain(direct).filter(|(heard, _)| heard.is_some()).map(|(_, is)| is).collect();
        !self.network_works || (known.len() > 1 && !known.contains(&true))
    }

    /// Why a site is cut off.
    pub fn cause(&self, site: &str, now_ms: i64) -> Cause {
        let of_site = self.machines.values().filter(|machine| *machine.site == *site);
        let is_heard = |machine: &Machine| is_fresh(machine.heard_apart_ms, machine.silent_after_ms, now_ms);
        if of_site.into_iter().any(is_heard) {
            Cause::RelayOff
        } else if self.is_deaf(now_ms) {
            Cause::Deaf
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
