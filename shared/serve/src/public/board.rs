//! How is what has a public name, as far as it is known?
//!
//! A pure fold of machines, planned work and days. Machines go in; what comes out knows public names alone.

use std::collections::HashSet;

use vigie_model::{NodeId, Slug, UtcMs};

use super::history::History;
use crate::{
    Machine, Mute, MuteKind, Notice, NoticeState, Reachability, Shown, Stamp, StatusDays, StatusMembers, StatusPage,
    status,
};

/// Planned work that is told.
const MOST_WORK: usize = 6;

/// Notices that are over are told for so long.
const TOLD_MS: i64 = 14 * crate::DAY_MS;

/// Notices that are told.
const MOST_NOTICES: usize = 12;

/// What anybody may see.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Board {
    pub(crate) slug: Slug,
    pub(crate) title: String,
    pub(crate) at: UtcMs,
    pub(crate) all: State,
    pub(crate) components: Vec<Component>,
    /// Whether days are told.
    pub(crate) history: bool,
    pub(crate) work: Vec<Work>,
    /// What is not over, the latest first; then what is.
    pub(crate) notices: Vec<Notice>,
}

/// Something with a public name.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Component {
    pub(crate) name: String,
    pub(crate) state: State,
    /// Since when it is switched off, not verified, or out of order.
    pub(crate) since: Option<Stamp>,
    pub(crate) history: Option<History>,
}

/// How something is. In the order of what is told first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    /// All of it is heard, judged and well.
    Operational,
    /// Not there, as announced.
    Maintenance,
    /// Some of it is shut down, as it said itself; nobody planned work on it.
    SwitchedOff,
    /// Of some of it nobody knows.
    NotVerified,
    /// Something is wrong with it.
    Disturbed,
    /// None of it answers.
    Down,
}

impl State {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Operational => "operational",
            Self::Maintenance => "maintenance",
            Self::SwitchedOff => "switched_off",
            Self::NotVerified => "not_verified",
            Self::Disturbed => "disturbed",
            Self::Down => "down",
        }
    }
}

/// Work that was announced.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Work {
    pub(crate) from: Stamp,
    pub(crate) to: Stamp,
    /// Of which components; never why, which is the house's own word.
    pub(crate) components: Vec<String>,
}

/// For so long after it began a hub takes nobody's silence for its own proof: agents and relays call again within a minute.
const SETTLE_MS: u64 = 90_000;

/// What a board is made of.
pub(crate) struct Known<'a> {
    pub(crate) page: &'a StatusPage,
    /// Machines, judged; those of others are passed over.
    pub(crate) machines: &'a [Machine],
    pub(crate) mutes: &'a [Mute],
    pub(crate) days: &'a StatusDays,
    pub(crate) now: UtcMs,
    /// For how long this hub runs: what it could not hear before that is not known.
    pub(crate) runs_ms: u64,
}

/// How one machine counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Counts {
    Well,
    Wrong,
    Silent(Option<Stamp>),
    Away(Option<Stamp>),
    Unsure(Option<Stamp>),
}

impl Known<'_> {
    /// What anybody may see of it.
    pub(crate) fn board(&self) -> Board {
        let said = &self.page.said;
        let parts: Vec<Vec<&Machine>> = said.components.iter().map(|one| self.members(&one.of)).collect();
        let work: Vec<&Mute> = self.mutes.iter().filter(|mute| self.is_work(mute)).collect();
        let component = |(one, members): (&crate::StatusComponent, &Vec<&Machine>)| {
            let (state, since) = self.state(members, &work);
            let ids: Vec<NodeId> = members.iter().map(|machine| machine.id).collect();
            let history = said.history.then(|| History::of(&ids, self.days, self.now));
            Component { name: one.name.clone(), state, since, history }
        };
        let components: Vec<Component> = said.components.iter().zip(&parts).map(component).collect();
        Board {
            slug: self.page.slug.clone(),
            title: said.title.clone(),
            at: self.now,
            // Of a page without components nothing is known.
            all: components.iter().map(|one| one.state).max().unwrap_or(State::NotVerified),
            components,
            history: said.history,
            work: if said.maintenance { self.told(&work, &parts) } else { Vec::new() },
            notices: self.notices(),
        }
    }

    fn members(&self, of: &StatusMembers) -> Vec<&Machine> {
        let own = self.machines.iter().filter(|machine| machine.client == self.page.said.client);
        let own = own.filter(|machine| machine.reachability.state != Reachability::Retired);
        match of {
            StatusMembers::Site(site) => own.filter(|machine| machine.site == *site).collect(),
            StatusMembers::Group(group) => own.filter(|machine| machine.mark.groups.contains(group)).collect(),
            StatusMembers::Machines(ids) => {
                let ids: HashSet<NodeId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
                own.filter(|machine| ids.contains(&machine.id)).collect()
            }
        }
    }

    fn state(&self, members: &[&Machine], work: &[&Mute]) -> (State, Option<Stamp>) {
        let under_way: Vec<&&Mute> = work.iter().filter(|mute| mute.active).collect();
        let is_planned = |machine: &Machine| under_way.iter().any(|mute| touches(mute, machine));
        let counted: Vec<(Counts, bool)> =
            members.iter().map(|machine| (self.counts(machine), is_planned(machine))).collect();
        let since = |of: fn(Counts, bool) -> Option<Option<Stamp>>| -> Vec<Option<Stamp>> {
            counted.iter().filter_map(|(one, planned)| of(*one, *planned)).collect()
        };
        let silent =
            since(|one, planned| if let Counts::Silent(since) = one { (!planned).then_some(since) } else { None });
        let away = since(|one, planned| if let Counts::Away(since) = one { (!planned).then_some(since) } else { None });
        // Planned or not: what nobody hears may be more than what was planned.
        let unsure = since(|one, _| if let Counts::Unsure(since) = one { Some(since) } else { None });
        let earliest = |all: &[Option<Stamp>]| all.iter().flatten().min().copied();
        if counted.is_empty() {
            (State::NotVerified, None)
        } else if silent.len() == counted.len() {
            // Out of order as a whole since the last of them fell silent.
            (State::Down, silent.iter().flatten().max().copied())
        } else if !silent.is_empty() || counted.contains(&(Counts::Wrong, false)) {
            (State::Disturbed, None)
        } else if !unsure.is_empty() {
            (State::NotVerified, earliest(&unsure))
        } else if !away.is_empty() {
            (State::SwitchedOff, earliest(&away))
        } else if counted.iter().any(|(one, _)| *one != Counts::Well) {
            (State::Maintenance, None)
        } else {
            (State::Operational, None)
        }
    }

    fn counts(&self, machine: &Machine) -> Counts {
        match counts(machine) {
            Counts::Silent(since) if self.runs_ms < SETTLE_MS => Counts::Unsure(since),
            counted => counted,
        }
    }

    /// Whether it was announced, may concern this page, and is not over.
    fn is_work(&self, mute: &Mute) -> bool {
        mute.wish.kind == MuteKind::Maintenance
            && mute.ended.is_none()
            && mute.wish.client.as_ref().is_none_or(|client| *client == self.page.said.client)
            && mute.wish.labels.keys().all(|label| label == "machine")
    }

    fn told(&self, work: &[&Mute], parts: &[Vec<&Machine>]) -> Vec<Work> {
        let named = |mute: &Mute| -> Vec<String> {
            let touched = self.page.said.components.iter().zip(parts);
            let touched = touched.filter(|(_, members)| members.iter().any(|machine| touches(mute, machine)));
            touched.map(|(one, _)| one.name.clone()).collect()
        };
        let mut told: Vec<Work> = Vec::new();
        for mute in work {
            let components = named(mute);
            if components.is_empty() {
                continue;
            }
            let windows = mute.windows.iter().filter(|(_, to)| to.ms() > self.now.0);
            told.extend(windows.map(|(from, to)| Work { from: *from, to: *to, components: components.clone() }));
        }
        told.sort_by_key(|work| (work.from, work.to));
        told.dedup();
        told.truncate(MOST_WORK);
        told
    }

    fn notices(&self) -> Vec<Notice> {
        let is_over = |notice: &Notice| notice.state() == NoticeState::Over;
        let recent = |notice: &&Notice| !is_over(notice) || self.now.0 - notice.told_at().ms() < TOLD_MS;
        let mut notices: Vec<Notice> = self.page.notices.iter().filter(recent).cloned().collect();
        notices.sort_by_key(|notice| (is_over(notice), std::cmp::Reverse(notice.told_at())));
        notices.truncate(MOST_NOTICES);
        notices
    }
}

/// Whether planned work is about a machine.
fn touches(mute: &Mute, machine: &Machine) -> bool {
    let wish = &mute.wish;
    wish.client.as_ref().is_none_or(|client| *client == machine.client)
        && wish.site.as_ref().is_none_or(|site| *site == machine.site)
        && wish.labels.get("machine").is_none_or(|name| *name == machine.name)
}

/// What is heard and judged counts as well, also with a warning: that is for those who look after it. Heard and judged by
/// nobody is not known.
fn counts(machine: &Machine) -> Counts {
    let (reach, since) = (machine.reachability.state, machine.reachability.since);
    match status(machine.health, reach).shown {
        Shown::Ok => Counts::Well,
        Shown::Warning if reach == Reachability::Live => Counts::Well,
        Shown::Critical => Counts::Wrong,
        Shown::Silent => Counts::Silent(since),
        Shown::Asleep => Counts::Away(since),
        Shown::Heard => Counts::Unsure(None),
        // What was critical when it was last heard is not known to be well again, nor to be wrong still.
        Shown::Warning | Shown::Late | Shown::Stale | Shown::Unknown | Shown::Retired => Counts::Unsure(since),
    }
}

#[cfg(test)]
mod tests;
