//! By what series is it asked who is there?

use std::sync::Arc;

use super::common::Hears;
use super::facts::Post;
use super::reach::{Reach, Subject};
use super::vigil::Vigil;

/// Whether a machine answers: 1 or 0. Missing where nobody can say.
pub const MACHINE_UP: &str = "vigie_machine_up";

/// Whether a site is heard: 1 or 0. Missing while it is away as it announced.
pub const SITE_UP: &str = "vigie_site_up";

/// Seconds since a machine was last heard.
pub const MACHINE_SILENT_SECONDS: &str = "vigie_machine_silent_seconds";

/// Whether a relay hears anybody of its network: 1 or 0. Missing where fewer than two machines are there to tell.
pub const NETWORK_UP: &str = "vigie_network_up";

/// By how many seconds a machine's clock is ahead of the true time, as its relay or hub told that; below 0 it is behind.
/// Missing until it was told.
pub const MACHINE_CLOCK_AHEAD_SECONDS: &str = "vigie_machine_clock_ahead_seconds";

/// In how many seconds the certificate of this node ends, by which others know it.
pub const CERTIFICATE_SECONDS: &str = "vigie_certificate_remaining_seconds";

/// What share of a quota a client uses: 1 is all of it.
pub const QUOTA_USED_RATIO: &str = "vigie_quota_used_ratio";

/// How many tries of a hub's upkeep failed in a row; 0 once one succeeded. Which upkeep stands in `upkeep`.
pub const UPKEEP_FAILURES: &str = "vigie_upkeep_failures";

/// For how many seconds a hub's upkeep should have ended; 0 while there is time. Which upkeep stands in `upkeep`.
pub const UPKEEP_LATE_SECONDS: &str = "vigie_upkeep_late_seconds";

/// Whether this name is one of a series that only the node which judges knows.
pub fn is_series(name: &str) -> bool {
    let own = [MACHINE_UP, SITE_UP, MACHINE_SILENT_SECONDS, NETWORK_UP, MACHINE_CLOCK_AHEAD_SECONDS];
    let of_itself = [CERTIFICATE_SECONDS, QUOTA_USED_RATIO, UPKEEP_FAILURES, UPKEEP_LATE_SECONDS];
    own.contains(&name) || of_itself.contains(&name)
}

/// A value of such a series. Whoever stores it adds the labels of the machine or site.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The name of the series.
    pub name: &'static str,
    /// Of whom.
    pub of: Subject,
    /// The value.
    pub value: f64,
}

impl Vigil {
    /// What is said of everybody now, from what was last judged. Of whom nothing is known nothing is said.
    pub fn statements(&self, now_ms: i64) -> Vec<Statement> {
        let mut statements: Vec<Statement> = self.of_network(now_ms).into_iter().collect();
        for (site, reach) in &self.sites {
            let value = match reach {
                Reach::Live | Reach::Late => Some(1.0),
                Reach::Cut | Reach::Silent => Some(0.0),
                Reach::Asleep | Reach::Unseen => None,
            };
            let of = || Subject::Site(site.clone());
            statements.extend(value.map(|value| Statement { name: SITE_UP, of: of(), value }));
        }
        for (id, machine) in &self.machines {
            let of = || Subject::Machine(Arc::clone(id));
            let value = match machine.judged {
                Some(Reach::Live | Reach::Late) => Some(1.0),
                Some(Reach::Silent) => Some(0.0),
                Some(Reach::Cut | Reach::Asleep | Reach::Unseen) | None => None,
            };
            statements.extend(value.map(|value| Statement { name: MACHINE_UP, of: of(), value }));
            let since = machine.heard_ms.filter(|_| value.is_some());
            statements.extend(since.map(|heard| {
                let value = now_ms.saturating_sub(heard) as f64 / 1000.0;
                Statement { name: MACHINE_SILENT_SECONDS, of: of(), value }
            }));
        }
        statements
    }

    /// What a relay says of the network that it stands in.
    fn of_network(&self, now_ms: i64) -> Option<Statement> {
        let site = self.machines.values().next().filter(|_| self.post == Post::Relay)?.site.clone();
        let of = Subject::Site(site);
        match self.hears(now_ms) {
            Hears::Nobody => Some(Statement { name: NETWORK_UP, of, value: 0.0 }),
            Hears::NobodyYet => None,
            Hears::Somebody => {
                let is_heard = self.machines.values().any(|machine| self.is_heard(machine, now_ms));
                is_heard.then_some(Statement { name: NETWORK_UP, of, value: 1.0 })
            }
        }
    }
}
