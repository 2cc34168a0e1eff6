//! What is to be told by now?

use std::collections::BTreeMap;

use vigie_model::Slug;

use super::super::alert::{About, Change, Instance, Judge};
use super::super::clocks::Clocks;
use super::super::draft::{address, lines, notice, thread};
use super::super::group::{Around, Head, Member, SETTLE_MS, changes};
use super::super::key::{Digest16, mark};
use super::super::mute::Mute;
use super::super::notice::{Intent, Kind};
use super::super::rows::Table;
use super::{Mind, SiteLine};

impl Mind {
    pub(super) fn look(&mut self, id: Digest16, now: Clocks) -> Vec<Intent> {
        let Some(group) = self.groups.get_mut(&id) else { return Vec::new() };
        let Some(route) = self.rules.routes.iter().find(|route| route.name == group.head.route) else {
            return Vec::new();
        };
        let (mutes, sites) = (&self.mutes, &self.sites);
        let before = group.head.clone();
        let quiet: Vec<(Instance, Around)> = if route.ladder.steps.is_empty() {
            Vec::new()
        } else {
            group.members.iter().map(|(of, member)| (*of, around(mutes, sites, member, now))).collect()
        };
        let ready = group.look(route, now, |member| around(mutes, sites, member, now));
        let mut intents = Vec::new();
        for telling in &ready.notices {
            let tells = changes(telling, &group.members);
            let first =
                tells.iter().map(|(instance, _)| *instance).min_by_key(|instance| (instance.began, instance.alert));
            let thread = *group.head.thread.get_or_insert_with(|| thread(&route.name, first));
            let lines = |which: &[Instance]| lines(route, which, &group.members);
            let notice = notice(route, telling.kind, lines(&telling.wrong), lines(&telling.over), telling.round, now);
            intents.extend(address(route, &self.rules, &notice, thread, &tells, telling.round, now));
        }
        intents.extend(self.acknowledged(id, now));
        ready.changed.iter().for_each(|instance| self.write(id, *instance));
        for instance in &ready.gone {
            self.done.add(mark(&before.route, *instance, Change::Ended), now.steady, Table::Done, &mut self.rows);
            self.forget(id, *instance);
        }
        intents.extend(self.climb(id, now, &quiet));
        self.tidy(id, &before, now);
        intents
    }

    /// Who follows each alert by itself is told that somebody knows, once.
    fn acknowledged(&mut self, id: Digest16, now: Clocks) -> Vec<Intent> {
        let Some(group) = self.groups.get(&id) else { return Vec::new() };
        let Some(route) = self.rules.route(&group.head.route) else { return Vec::new() };
        if !route.channels.iter().any(|channel| self.rules.pagers.contains(channel)) {
            return Vec::new();
        }
        let said = |instance: &Instance| mark(&route.name, *instance, Change::Acknowledged);
        let known = |(instance, member): &(&Instance, &Member)| {
            member.told && member.acknowledged && member.ended.is_none() && !self.done.has(said(instance))
        };
        let new: Vec<Instance> = group.members.iter().filter(known).map(|(instance, _)| *instance).collect();
        let Some(first) = new.first() else { return Vec::new() };
        let tells: Vec<_> = new.iter().map(|instance| (*instance, Change::Acknowledged)).collect();
        let thread = thread(&route.name, Some(*first));
        let lines = lines(route, &new, &group.members);
        let notice = notice(route, Kind::Acknowledged, lines, Vec::new(), 0, now);
        let mut intents = address(route, &self.rules, &notice, thread, &tells, 0, now);
        intents.retain(|intent| self.rules.pagers.contains(&intent.channel));
        // The other side learns of it from the row that says so.
        intents.iter_mut().for_each(|intent| intent.tells.clear());
        for mark in new.iter().map(said).collect::<Vec<_>>() {
            self.done.add(mark, now.steady, Table::Done, &mut self.rows);
        }
        intents
    }

    /// Forgets a group that has nothing left to say and whose interval is over.
    fn tidy(&mut self, id: Digest16, before: &Head, now: Clocks) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        if group.members.is_empty() {
            group.head.thread = None;
            let interval = self.rules.route(&group.head.route).map_or(0, |route| route.interval_ms);
            let over = group.head.told_at.map(|told| told.after(interval));
            match over.filter(|over| *over > now.steady) {
                Some(over) => group.check_at = Some(over),
                None => {
                    self.groups.remove(&id);
                    return self.rows.remove(Table::Group, &id.0);
                }
            }
        }
        if let Some(group) = self.groups.get(&id).filter(|group| group.head != *before) {
            self.rows.put(Table::Group, &id.0, &group.head);
        }
    }
}

pub(super) fn around(mutes: &[Mute], sites: &BTreeMap<(Slug, Slug), SiteLine>, member: &Member, now: Clocks) -> Around {
    let of_hub = member.judge == Judge::Hub && member.facts.about == About::Alert;
    let line = member.facts.place().filter(|_| of_hub).and_then(|place| sites.get(&place));
    // After a cut the hub needs a moment to see that what it missed is well.
    let seen_from = line.filter(|line| !line.cut).map(|line| line.since.after(SETTLE_MS));
    let seen_from = seen_from.filter(|seen_from| *seen_from > now.steady);
    let turns = mutes.iter().filter_map(|mute| mute.turns(now.wall)).map(|at| now.steady_of(at));
    Around {
        muted: mutes.iter().any(|mute| mute.covers(&member.facts, now.wall)),
        turns: turns.chain(seen_from).min(),
        behind_a_cut: line.is_some_and(|line| line.cut) || seen_from.is_some(),
    }
}
