//! Does nobody on a relay's network answer?
//!
//! When all fall silent at once they have one cause: a switch, the power, or the relay's own network. The relay can not
//! tell which, and accuses nobody: one thing is said of the site, and its machines are as they were last known.

use super::facts::Post;
use super::reach::Reach;
use super::vigil::{Machine, Vigil};

/// What a relay hears of its network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hears {
    /// At least one of those that were there; or they are too few for one cause to show.
    Somebody,
    /// Nobody for a while, and not long enough to say so of each.
    NobodyYet,
    /// Nobody.
    Nobody,
}

impl Vigil {
    /// What this node hears of the machines that were there when anybody last was.
    pub(super) fn hears(&self, now_ms: i64) -> Hears {
        if !self.network_works {
            return Hears::Nobody;
        }
        let there: Vec<&Machine> = self.machines.values().filter(|machine| self.was_there(machine, now_ms)).collect();
        if self.post == Post::Hub || there.len() < 2 {
            return Hears::Somebody;
        }
        let mut patience_ms: Vec<i64> = there.iter().map(|machine| self.patience_ms(machine)).collect();
        patience_ms.sort_unstable();
        // Two that are soon sure to be silent are enough: who is seldom heard is not waited for.
        let (shortest_ms, enough_ms) = (patience_ms[0], patience_ms[1]);
        let heard_ms = there.iter().filter_map(|machine| machine.heard_ms).max();
        let quiet_ms =
            now_ms.saturating_sub(heard_ms.map_or(self.listening_since_ms, |ms| ms.max(self.listening_since_ms)));
        // Of two who beat, one is heard within half the time after which either is silent.
        if quiet_ms < shortest_ms / 2 {
            Hears::Somebody
        } else if quiet_ms < enough_ms {
            Hears::NobodyYet
        } else {
            Hears::Nobody
        }
    }

    /// Whether a machine counts: it was there, and has not said that it would be away.
    fn was_there(&self, machine: &Machine, now_ms: i64) -> bool {
        let is_known = machine.heard_ms.is_some() || machine.is_remembered;
        let is_away = machine.away_until_ms.is_some_and(|until| now_ms < until);
        is_known && !is_away && !machine.is_elsewhere && machine.judged != Some(Reach::Silent)
    }

    /// Who hears somebody again has not yet heard the others: their silence counts anew.
    pub(super) fn notice_voices(&mut self, hears: Hears, now_ms: i64) {
        match hears {
            Hears::Nobody => self.was_deaf = true,
            Hears::Somebody if std::mem::take(&mut self.was_deaf) => self.listening_since_ms = now_ms,
            Hears::Somebody | Hears::NobodyYet => {}
        }
    }
}
