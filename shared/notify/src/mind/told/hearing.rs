//! What becomes of something that was heard?

use std::collections::BTreeSet;

use vigie_model::UtcMs;

use super::super::alert::{About, Change, Instance, Judge, Transition};
use super::super::clocks::{Clocks, Steady};
use super::super::fence::{HAND_OVER_MS, Seat, WORD_WITHIN_MS, is_fresh, relay_speaks_at};
use super::super::group::{Head, Member};
use super::super::key::{Digest16, Mark, mark};
use super::super::route::Route;
use super::super::rows::Table;
use super::{HearError, MAX_MEMBERS, Mind, SiteLine};

impl Mind {
    pub(super) fn hear_transition(&mut self, mut transition: Transition, now: Clocks) -> Result<(), HearError> {
        transition.facts = transition.facts.bounded();
        if transition.facts.about == About::Cut {
            self.hear_line(&transition, now);
        }
        match transition.change {
            Change::Began => self.began(&transition, now),
            Change::Ended => {
                self.ended(&transition, now);
                Ok(())
            }
            Change::Acknowledged => {
                self.each_place(transition.instance, now, |member| member.acknowledged = true);
                Ok(())
            }
        }
    }

    /// A site is cut off or back: what the hub judged behind it is worth as much as the line.
    fn hear_line(&mut self, transition: &Transition, now: Clocks) {
        let Some(place) = transition.facts.place() else { return };
        let line = SiteLine { cut: transition.change == Change::Began, since: now.steady };
        let same = self.sites.get(&place).is_some_and(|known| known.cut == line.cut);
        if transition.change == Change::Acknowledged || same {
            return;
        }
        self.rows.put(Table::Site, format!("{}/{}", place.0, place.1).as_bytes(), &(&place, line));
        self.sites.insert(place, line);
        self.look_at_all(now);
    }

    fn began(&mut self, transition: &Transition, now: Clocks) -> Result<(), HearError> {
        let instance = transition.instance;
        let wanted: Vec<(Digest16, Head, Member)> = self
            .rules
            .routes
            .iter()
            .filter_map(|route| {
                let known = self.places.get(&instance).is_some_and(|places| self.is_in(places, &route.name));
                let done = self.done.has(mark(&route.name, instance, Change::Ended));
                (!known && !done && route.wants(&transition.facts)).then(|| self.admit(route, transition, now))
            })
            .collect();
        if self.members + wanted.len() > MAX_MEMBERS {
            return Err(HearError::Full);
        }
        for (id, head, member) in wanted {
            self.insert(id, head, instance, member, now);
        }
        Ok(())
    }

    fn is_in(&self, places: &BTreeSet<Digest16>, route: &str) -> bool {
        places.iter().filter_map(|id| self.groups.get(id)).any(|group| group.head.route == route)
    }

    /// The instance as a route's group takes it in.
    fn admit(&self, route: &Route, transition: &Transition, now: Clocks) -> (Digest16, Head, Member) {
        let facts = &transition.facts;
        let late = self.is_late(transition, now);
        let not_before = match self.rules.seat {
            Seat::Relay if !route.always => {
                relay_speaks_at(now.happened(transition.at, HAND_OVER_MS), Some(self.hub_heard))
            }
            Seat::Hub if self.may_be_told_already(transition, now) => now.steady.after(WORD_WITHIN_MS),
            Seat::Relay | Seat::Hub => Steady(i64::MIN),
        };
        let told = mark(&route.name, transition.instance, Change::Began);
        let member = Member {
            facts: facts.clone(),
            judge: transition.judge,
            ended: None,
            heard: now.steady,
            told: false,
            acknowledged: false,
            elsewhere: !route.always && self.elsewhere.has(told),
            late,
            held: false,
            not_before,
        };
        let place = late.then(|| (facts.client.clone(), facts.site.clone()));
        let id = if late { route.late_group(&facts.client, facts.site.as_ref()) } else { route.group(facts) };
        (id, Head { route: route.name.clone(), late: place, told_at: None, thread: None }, member)
    }

    /// Learnt over a line that was cut until now: the site's own routes spoke, and their word of it is on its way.
    fn may_be_told_already(&self, transition: &Transition, now: Clocks) -> bool {
        let line = transition.facts.place().and_then(|place| self.sites.get(&place));
        let was_cut = line.is_some_and(|line| line.cut || line.since.after(WORD_WITHIN_MS) > now.steady);
        transition.judge == Judge::Relay && was_cut
    }

    /// Learnt so long after it happened that the relay has spoken, if it could.
    fn is_late(&self, transition: &Transition, now: Clocks) -> bool {
        self.rules.seat == Seat::Hub && transition.judge == Judge::Relay && !is_fresh(transition.at, now.wall)
    }

    fn ended(&mut self, transition: &Transition, now: Clocks) {
        let late = self.is_late(transition, now);
        for id in self.places.get(&transition.instance).cloned().unwrap_or_default() {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            let Some(member) = group.members.get_mut(&transition.instance) else { continue };
            if member.ended.is_some() {
                continue;
            }
            member.ended = Some(ended_at(transition, now.steady.since(member.heard)));
            member.heard = now.steady;
            member.late |= late;
            member.facts = transition.facts.clone();
            let moves = late && group.head.late.is_none();
            group.check_at = Some(now.steady);
            let (member, route) = (member.clone(), group.head.route.clone());
            if !moves {
                self.write(id, transition.instance);
                continue;
            }
            // What was told before a cut and ended meanwhile belongs to the news of that cut.
            self.forget(id, transition.instance);
            let Some(route) = self.rules.route(&route) else { continue };
            let (client, site) = (member.facts.client.clone(), member.facts.site.clone());
            let to = route.late_group(&client, site.as_ref());
            let head = Head { route: route.name.clone(), late: Some((client, site)), told_at: None, thread: None };
            self.insert(to, head, transition.instance, member, now);
        }
    }

    pub(super) fn hear_mark(&mut self, mark: Mark, now: Clocks) {
        if !self.elsewhere.add(mark, now.steady, Table::Mark, &mut self.rows) {
            return;
        }
        let instances: Vec<Instance> = self.places.keys().copied().collect();
        for instance in instances {
            self.leave_to_others(instance, now, |route, instance| {
                super::super::key::mark(route, instance, Change::Began) == mark
            });
        }
    }

    /// The other side tells of it, unless it was told here already.
    pub(super) fn leave_to_others(
        &mut self,
        instance: Instance,
        now: Clocks,
        is_meant: impl Fn(&str, Instance) -> bool,
    ) {
        for id in self.places.get(&instance).cloned().unwrap_or_default() {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            let always = self.rules.route(&group.head.route).is_none_or(|route| route.always);
            if always || !is_meant(&group.head.route, instance) {
                continue;
            }
            let Some(member) = group.members.get_mut(&instance) else { continue };
            if !member.told && !member.elsewhere {
                member.elsewhere = true;
                group.check_at = Some(now.steady);
                self.write(id, instance);
            }
        }
    }

    fn each_place(&mut self, instance: Instance, now: Clocks, change: impl Fn(&mut Member)) {
        for id in self.places.get(&instance).cloned().unwrap_or_default() {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            if let Some(member) = group.members.get_mut(&instance) {
                change(member);
                group.check_at = Some(now.steady);
                self.write(id, instance);
            }
        }
    }
}

/// When it was over. A judge whose clock was set back meanwhile gives a time before the beginning: then it lasted for as
/// long as it was followed here.
fn ended_at(transition: &Transition, followed_ms: i64) -> UtcMs {
    let began = transition.instance.began;
    if transition.at >= began { transition.at } else { UtcMs(began.0.saturating_add(followed_ms.max(0))) }
}
