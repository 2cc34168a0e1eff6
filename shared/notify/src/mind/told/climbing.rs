//! Whom is a group told to next, while nobody says that they know?
//!
//! A group climbs its route's ladder from the notice on that told of it. Who acknowledges all of it, or its end, stops that;
//! what is snoozed or muted waits, and goes on with what was left. Where a step is due is written down with the letters that
//! it sends, so that no restart tells it twice or leaves it out. The side that told of a thing climbs, and the other does not.

use serde::{Deserialize, Serialize};

use super::super::alert::{Change, Instance};
use super::super::clocks::{Clocks, Steady};
use super::super::draft::{address, lines, notice, thread, to_people};
use super::super::group::{Around, Member};
use super::super::key::Digest16;
use super::super::ladder::{Climbing, Step};
use super::super::notice::{Intent, Kind};
use super::super::route::{Admission, Route};
use super::super::rows::Table;
use super::Mind;

/// How far a group has climbed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Climb {
    /// Steps that are done, over all rounds.
    done: u32,
    /// When the next is due; once all are done, when the last was.
    due: Steady,
    /// What is left of the wait, while everything in the group is quiet.
    left_ms: Option<i64>,
}

impl Climb {
    /// As it may be after a restart: no wait is longer than the longest that can be said.
    pub(super) fn resumed(mut self, now: Clocks) -> Self {
        if self.due > now.steady.after(super::super::ladder::LONGEST_WAIT_MS) {
            self.due = now.steady;
        }
        self
    }
}

impl Mind {
    /// What the group's ladder wants told now. Says when to look again by the group itself.
    pub(super) fn climb(&mut self, id: Digest16, now: Clocks, around: &[(Instance, Around)]) -> Vec<Intent> {
        let before = self.climbs.get(&id).cloned();
        let (after, intents) = self.step(id, now, around, before.clone());
        if after != before {
            match &after {
                Some(climb) => self.rows.put(Table::Climb, &id.0, climb),
                None => self.leave_ladder(id),
            }
        }
        if let Some(climb) = after {
            self.climbs.insert(id, climb);
        }
        intents
    }

    /// Nobody climbs it any more, and what waits of it need not be sent.
    pub(super) fn leave_ladder(&mut self, id: Digest16) {
        if self.climbs.remove(&id).is_some() {
            self.rows.remove(Table::Climb, &id.0);
            self.stopped.extend(self.groups.get(&id).and_then(|group| group.head.thread));
        }
    }

    fn step(
        &mut self,
        id: Digest16,
        now: Clocks,
        around: &[(Instance, Around)],
        climb: Option<Climb>,
    ) -> (Option<Climb>, Vec<Intent>) {
        let Some(group) = self.groups.get(&id) else { return (None, Vec::new()) };
        let Some(route) = self.rules.route(&group.head.route) else { return (None, Vec::new()) };
        let waiting: Vec<(Instance, Member)> = group
            .members
            .iter()
            .filter(|(_, member)| is_open(member))
            .map(|(of, member)| (*of, member.clone()))
            .collect();
        if waiting.is_empty() || route.ladder.steps.is_empty() {
            return (None, Vec::new());
        }
        let total = route.ladder.total();
        let first = || Climb { done: 0, due: now.steady.after(route.ladder.wait_ms(0)), left_ms: None };
        let mut climb = climb.unwrap_or_else(first);
        if climb.done >= total {
            // Whoever was told of all that was wrong then has not heard of what came since.
            if waiting.iter().all(|(_, member)| member.heard <= climb.due) {
                return (Some(climb), Vec::new());
            }
            climb = first();
        }
        let quiet = |instance: &Instance| {
            around.iter().find(|(of, _)| of == instance).is_none_or(|(_, one)| one.muted || one.behind_a_cut)
        };
        let awake: Vec<Instance> = waiting.iter().map(|(of, _)| *of).filter(|of| !quiet(of)).collect();
        if awake.is_empty() {
            climb.left_ms.get_or_insert(climb.due.since(now.steady).max(0));
            let turns = around.iter().filter_map(|(_, one)| one.turns).min();
            self.look_again(id, turns);
            return (Some(climb), Vec::new());
        }
        if let Some(left) = climb.left_ms.take() {
            climb.due = now.steady.after(left);
        }
        if let Some(opens) = held_until(route, &waiting, &awake, now).filter(|_| climb.due <= now.steady) {
            self.look_again(id, Some(opens));
            return (Some(climb), Vec::new());
        }
        let mut intents = Vec::new();
        while climb.done < total && climb.due <= now.steady {
            let told = self.tell_step(id, climb.done, &awake, now);
            climb.done += 1;
            let route = self.groups.get(&id).and_then(|group| self.rules.route(&group.head.route));
            let wait_ms = route.map_or(0, |route| route.ladder.wait_ms(climb.done));
            // A step that reaches nobody is passed over at once; the last step's time is kept.
            if climb.done < total && !told.is_empty() {
                climb.due = now.steady.after(wait_ms);
            } else if climb.done >= total {
                climb.due = now.steady;
            }
            intents.extend(told);
        }
        if climb.done < total {
            self.look_again(id, Some(climb.due));
        }
        (Some(climb), intents)
    }

    fn tell_step(&self, id: Digest16, done: u32, awake: &[Instance], now: Clocks) -> Vec<Intent> {
        let Some(group) = self.groups.get(&id) else { return Vec::new() };
        let Some(route) = self.rules.route(&group.head.route) else { return Vec::new() };
        let Some(step) = route.ladder.step(done) else { return Vec::new() };
        let shared = group.head.thread.unwrap_or_else(|| thread(&route.name, awake.first().copied()));
        let notice = notice(route, Kind::Escalated, lines(route, awake, &group.members), Vec::new(), 0, now);
        let tells: Vec<(Instance, Change)> = awake.iter().map(|of| (*of, Change::Began)).collect();
        let round = u64::from(done) + 1;
        let by_channels = Route { channels: step.channels.clone(), ..route.clone() };
        let mut intents = address(&by_channels, &self.rules, &notice, shared, &tells, round, now);
        let people: Vec<(String, String)> =
            self.on_call(step, now).into_iter().flat_map(|person| person.tell).collect();
        intents.extend(to_people(route, &self.rules, &people, &notice, shared, &tells, round, now));
        // Nobody is told of a beginning by this: the other side was shown it when it was told first.
        intents.iter_mut().for_each(|intent| intent.tells.clear());
        intents
    }

    fn on_call(&self, step: &Step, now: Clocks) -> Vec<super::super::oncall::Person> {
        let schedules = step.on_call.iter().filter_map(|name| self.rules.schedules.get(name));
        schedules.filter_map(|schedule| schedule.at(now.wall)).map(|on_call| on_call.person).collect()
    }

    fn look_again(&mut self, id: Digest16, at: Option<Steady>) {
        if let (Some(group), Some(at)) = (self.groups.get_mut(&id), at) {
            group.check_at = Some(group.check_at.map_or(at, |known| known.min(at)));
        }
    }

    /// Every ladder that is climbed: of what, whom it tells next, and when.
    pub fn climbing(&self, now: Clocks) -> Vec<Climbing> {
        let each = self.climbs.iter().filter_map(|(id, climb)| {
            let group = self.groups.get(id)?;
            let route = self.rules.route(&group.head.route)?;
            let step = route.ladder.step(climb.done).filter(|_| climb.done < route.ladder.total());
            let due = now.wall_of(climb.due.max(now.steady));
            let then = Clocks { wall: due, ..now };
            let people = step.map(|step| self.on_call(step, then)).unwrap_or_default();
            let channels = step.map(|step| step.channels.clone()).unwrap_or_default();
            Some(Climbing {
                route: route.name.clone(),
                alerts: group.members.iter().filter(|(_, member)| is_open(member)).map(|(of, _)| *of).collect(),
                done: climb.done,
                total: route.ladder.total(),
                due: step.filter(|_| climb.left_ms.is_none()).map(|_| due),
                left_ms: climb.left_ms,
                whom: people.into_iter().map(|person| person.name).chain(channels).collect(),
            })
        });
        each.collect()
    }
}

/// Told here, and nobody has said that they know.
fn is_open(member: &Member) -> bool {
    member.told && member.ended.is_none() && !member.acknowledged && !member.elsewhere
}

/// Until when the route's hours hold all of it back, if they do.
fn held_until(route: &Route, waiting: &[(Instance, Member)], awake: &[Instance], now: Clocks) -> Option<Steady> {
    let mut opens: Option<Steady> = None;
    for (_, member) in waiting.iter().filter(|(of, _)| awake.contains(of)) {
        match route.admits(&member.facts, now.wall) {
            Admission::Open => return None,
            Admission::Held { until, .. } => {
                let until = until.map_or(now.steady.after(60_000), |until| now.steady_of(until));
                opens = Some(opens.map_or(until, |known| known.min(until)));
            }
        }
    }
    opens
}
