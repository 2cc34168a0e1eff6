//! What was heard, and who is to be told of it?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vigie_model::Slug;

use super::alert::{Instance, Transition};
use super::clocks::{Clocks, Steady};
use super::group::{Group, Head, Member};
use super::key::{Digest16, Mark};
use super::mute::Mute;
use super::notice::Intent;
use super::remembered::Remembered;
use super::route::Rules;
use super::rows::{Rows, Table};

mod climbing;
mod hearing;
mod looking;
mod of_alert;
mod restored;

pub(crate) use of_alert::told_in;
pub use of_alert::{RouteStanding, Standing, Times};
pub use restored::Restored;

/// Instances that are followed, over all routes: ten for each of 2,000 machines.
const MAX_MEMBERS: usize = 20_000;

/// By how much the wall clock must have been set for all to be looked at again: what is slewed is less in a minute.
const SET_MS: i64 = 1_000;

/// Something that the mind is told.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Something happened to an alert or a site.
    Transition(Box<Transition>),
    /// At a relay: the hub was heard just now.
    Hub,
    /// At a relay: the hub has it, durably, that this instance began.
    HubKnows(Instance),
    /// The other side has told this.
    ToldElsewhere(Mark),
    /// All silences and maintenance there are. Not written down: say it again after a start.
    Mutes(Vec<Mute>),
}

/// Something that was not taken in. Nothing changed; it may be told again later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HearError {
    /// More is wrong than is followed. What is followed already is not affected.
    #[error("{MAX_MEMBERS} alerts are followed already; this one is told to nobody until some of them are over")]
    Full,
}

/// Decides who is told what, and when.
#[derive(Debug)]
pub struct Mind {
    rules: Rules,
    groups: BTreeMap<Digest16, Group>,
    /// In which groups an instance is; each of another route.
    places: BTreeMap<Instance, BTreeSet<Digest16>>,
    members: usize,
    sites: BTreeMap<(Slug, Slug), SiteLine>,
    /// What the other side told.
    elsewhere: Remembered,
    /// How far groups have climbed their ladders.
    climbs: BTreeMap<Digest16, climbing::Climb>,
    /// Threads of ladders that nobody climbs any more, since this was last taken.
    stopped: Vec<Digest16>,
    /// What is over and done with, so that whoever tells it again changes nothing.
    done: Remembered,
    mutes: Vec<Mute>,
    hub_heard: Steady,
    /// By how much the wall clock was ahead when all was looked at by it.
    ahead_ms: i64,
    rows: Rows,
}

/// What the hub knows of a site's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct SiteLine {
    cut: bool,
    /// When that became so.
    since: Steady,
}

impl Mind {
    /// A mind that follows nothing yet. A relay that begins gives the hub the hand-over time to be heard.
    pub fn new(rules: Rules, now: Clocks) -> Self {
        Self {
            rules,
            groups: BTreeMap::new(),
            places: BTreeMap::new(),
            members: 0,
            sites: BTreeMap::new(),
            elsewhere: Remembered::default(),
            done: Remembered::default(),
            climbs: BTreeMap::new(),
            stopped: Vec::new(),
            mutes: Vec::new(),
            hub_heard: now.steady,
            ahead_ms: now.ahead_ms(),
            rows: Rows::default(),
        }
    }

    /// Takes in what happened. The same again changes nothing.
    ///
    /// # Errors
    /// When there is no room for one more alert.
    pub fn hear(&mut self, heard: Heard, now: Clocks) -> Result<(), HearError> {
        self.notice_the_wall(now);
        match heard {
            Heard::Transition(transition) => return self.hear_transition(*transition, now),
            Heard::Hub => self.hub_heard = self.hub_heard.max(now.steady),
            Heard::HubKnows(instance) => self.leave_to_others(instance, now, |_, _| true),
            Heard::ToldElsewhere(mark) => self.hear_mark(mark, now),
            Heard::Mutes(mutes) => {
                self.mutes = mutes;
                self.look_at_all(now);
            }
        }
        Ok(())
    }

    /// What is to be told by now.
    pub fn due(&mut self, now: Clocks) -> Vec<Intent> {
        self.notice_the_wall(now);
        let is_due = |group: &Group| group.check_at.is_some_and(|at| at <= now.steady);
        let due: Vec<Digest16> = self.groups.iter().filter(|(_, group)| is_due(group)).map(|(id, _)| *id).collect();
        due.into_iter().flat_map(|id| self.look(id, now)).collect()
    }

    /// When something may be due next.
    pub fn next_at(&self) -> Option<Steady> {
        self.groups.values().filter_map(|group| group.check_at).min()
    }

    /// What changed since this was last taken, to be written down before what is due is sent.
    pub fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
    }

    /// Threads of ladders that were left since this was last taken: what waits of them need not be sent.
    pub fn take_stopped(&mut self) -> Vec<Digest16> {
        std::mem::take(&mut self.stopped)
    }

    /// Other rules from now on: those of a configuration that was edited. What follows no route any more is forgotten.
    pub fn set_rules(&mut self, rules: Rules, now: Clocks) {
        self.rules = rules;
        let gone = |group: &Group| self.rules.route(&group.head.route).is_none();
        let gone: Vec<Digest16> = self.groups.iter().filter(|(_, group)| gone(group)).map(|(id, _)| *id).collect();
        for id in gone {
            let members = self.groups.get(&id).map(|group| group.members.keys().copied().collect::<Vec<_>>());
            members.into_iter().flatten().for_each(|instance| self.forget(id, instance));
            self.leave_ladder(id);
            self.groups.remove(&id);
            self.rows.remove(Table::Group, &id.0);
        }
        self.look_at_all(now);
    }

    /// By which rules it decides.
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// How many instances are followed, each counted for each route.
    pub fn followed(&self) -> usize {
        self.members
    }

    /// Whether one more alert would be followed, on each route.
    pub fn has_room(&self) -> bool {
        self.members + self.rules.routes.len() <= MAX_MEMBERS
    }

    fn look_at_all(&mut self, now: Clocks) {
        self.groups.values_mut().for_each(|group| group.check_at = Some(now.steady));
    }

    /// What was said by the wall clock is looked at anew when somebody set it: quiet hours, maintenance.
    fn notice_the_wall(&mut self, now: Clocks) {
        if now.ahead_ms().abs_diff(self.ahead_ms) >= SET_MS.unsigned_abs() {
            self.ahead_ms = now.ahead_ms();
            self.look_at_all(now);
        }
    }

    fn insert(&mut self, id: Digest16, head: Head, instance: Instance, member: Member, now: Clocks) {
        let rows = &mut self.rows;
        let group = self.groups.entry(id).or_insert_with(|| {
            rows.put(Table::Group, &id.0, &head);
            Group { head, members: BTreeMap::new(), check_at: None }
        });
        group.check_at = Some(now.steady);
        if group.members.insert(instance, member).is_none() {
            self.members += 1;
        }
        self.places.entry(instance).or_default().insert(id);
        self.write(id, instance);
    }

    fn write(&mut self, id: Digest16, instance: Instance) {
        let member = self.groups.get(&id).and_then(|group| group.members.get(&instance));
        if let Some(member) = member {
            self.rows.put(Table::Member, &member_key(id, instance), &(instance, member));
        }
    }

    fn forget(&mut self, id: Digest16, instance: Instance) {
        let gone = self.groups.get_mut(&id).and_then(|group| group.members.remove(&instance));
        if gone.is_some() {
            self.members -= 1;
        }
        if let Some(places) = self.places.get_mut(&instance) {
            places.remove(&id);
            if places.is_empty() {
                self.places.remove(&instance);
            }
        }
        self.rows.remove(Table::Member, &member_key(id, instance));
    }
}

fn member_key(id: Digest16, instance: Instance) -> Vec<u8> {
    [id.0.as_slice(), &instance.alert.0.0, &instance.began.0.to_be_bytes()].concat()
}

pub(super) fn digest(key: &[u8]) -> Option<Digest16> {
    key.try_into().ok().map(Digest16)
}
