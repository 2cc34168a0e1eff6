//! Which rules follow from what people say, for the machines that there are?

use std::sync::atomic::Ordering;

use vigie_fleet::Sighted;
use vigie_model::Role;
use vigie_watch::Machine;

use super::compose::compose;
use crate::register::{News, Register};
use crate::rulebook::{DEFAULTS, Rulebook};
use crate::watchman::{Watching, Watchman, lock};

/// The machines that rules may mean: none where nobody said anything of a rule, so that who comes and goes changes nothing.
pub(crate) fn meant<'m>(register: &Register, seen: impl Iterator<Item = &'m Sighted>) -> Vec<Machine> {
    if register.rulings.in_force().next().is_none() {
        return Vec::new();
    }
    seen.filter(|one| one.role == Role::Agent).map(|machine| register.tags.machine(machine)).collect()
}

/// The rules for these machines.
pub(crate) fn rulebook(register: &Register, watching: &Watching, machines: Vec<Machine>) -> Rulebook {
    let composed = compose(&register.rulings, &machines, &watching.off, DEFAULTS);
    Rulebook::read(&watching.rules, composed, machines)
}

impl Watchman {
    /// Rules that changed are taken into use the next time that they are judged: within a second.
    pub(crate) fn note_rules(&self, news: &News) {
        if news.rules {
            self.rules_are_new.store(true, Ordering::Relaxed);
        }
    }

    /// The rules as they now are, for the machines that there now are.
    pub(crate) fn read_rulebook(&self) -> Rulebook {
        let machines = self.machines_meant();
        rulebook(&lock(&self.register), &self.watching, machines)
    }

    /// The machines that rules may mean.
    pub(crate) fn machines_meant(&self) -> Vec<Machine> {
        let register = lock(&self.register);
        let presence = lock(&self.presence);
        meant(&register, presence.machines())
    }
}
