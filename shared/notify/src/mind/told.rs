//! What was heard, and who is to be told of it?

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use vigie_model::{Slug, UtcMs};

use super::alert::{About, Change, Instance, Judge, Transition};
use super::draft::{address, lines, notice, thread};
use super::fence::{Seat, is_fresh, relay_speaks_at};
use super::group::{Around, Group, Head, Member, SETTLE_MS, changes};
use super::key::{Digest16, Mark, mark};
use super::mute::Mute;
use super::notice::Intent;
use super::remembered::Remembered;
use super::route::{Route, Rules};
use super::rows::{Rows, Table, read};

/// Instances that are followed, over all routes: ten for each of 2,000 machines.
const MAX_MEMBERS: usize = 20_000;

/// Something that the mind is told.
#[derive(Debug, Clone)]
pub enum Heard {
    /// Something happened to an alert or a site.
    Transition(Box<Transition>),
    /// At a relay: the hub was heard, at that time.
    Hub(UtcMs),
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

/// What a mind is made of again after a restart.
#[derive(Debug, Default)]
pub struct Restored {
    /// Rows by table and key.
    pub rows: Vec<(Table, Vec<u8>, Vec<u8>)>,
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
    /// What is over and done with, so that whoever tells it again changes nothing.
    done: Remembered,
    mutes: Vec<Mute>,
    hub_heard: UtcMs,
    rows: Rows,
}

/// What the hub knows of a site's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct SiteLine {
    cut: bool,
    /// When that became so.
    since: UtcMs,
}

impl Mind {
    /// A mind that follows nothing yet. A relay that begins gives the hub the hand-over time to be heard.
    pub fn new(rules: Rules, now: UtcMs) -> Self {
        Self {
            rules,
            groups: BTreeMap::new(),
            places: BTreeMap::new(),
            members: 0,
            sites: BTreeMap::new(),
            elsewhere: Remembered::default(),
            done: Remembered::default(),
            mutes: Vec::new(),
            hub_heard: now,
            rows: Rows::default(),
        }
    }

    /// The mind as its rows left it. What belongs to a route that is no longer there is forgotten.
    pub fn restore(rules: Rules, restored: &Restored, now: UtcMs) -> Self {
        let mut mind = Self::new(rules, now);
        let of = |table: Table| restored.rows.iter().filter(move |(of, _, _)| *of == table);
        for (_, key, row) in of(Table::Group) {
            let head: Option<Head> = read(row);
            match (head.filter(|head| mind.rules.route(&head.route).is_some()), digest(key)) {
                (Some(head), Some(id)) => {
                    drop(mind.groups.insert(id, Group { head, members: BTreeMap::new(), check_at: Some(now) }));
                }
                _ => mind.rows.remove(Table::Group, key),
            }
        }
        for (_, key, row) in of(Table::Member) {
            let place = key.get(..16).and_then(digest).and_then(|id| mind.groups.get_mut(&id).map(|group| (id, group)));
            match (place, read::<(Instance, Member)>(row)) {
                (Some((id, group)), Some((instance, member))) => {
                    group.members.insert(instance, member);
                    mind.places.entry(instance).or_default().insert(id);
                    mind.members += 1;
                }
                _ => mind.rows.remove(Table::Member, key),
            }
        }
        for (_, _, row) in of(Table::Site) {
            if let Some((place, line)) = read(row) {
                mind.sites.insert(place, line);
            }
        }
        for (table, key, row) in of(Table::Mark).chain(of(Table::Done)) {
            let kept = if *table == Table::Mark { &mut mind.elsewhere } else { &mut mind.done };
            if let (Some(mark), Some(at)) = (digest(key), read(row)) {
                kept.restore(mark, at);
            }
        }
        mind
    }

    /// Takes in what happened. The same again changes nothing.
    ///
    /// # Errors
    /// When there is no room for one more alert.
    pub fn hear(&mut self, heard: Heard, now: UtcMs) -> Result<(), HearError> {
        match heard {
            Heard::Transition(transition) => return self.hear_transition(*transition, now),
            Heard::Hub(at) => self.hub_heard = self.hub_heard.max(at),
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
    pub fn due(&mut self, now: UtcMs) -> Vec<Intent> {
        let is_due = |group: &Group| group.check_at.is_some_and(|at| at <= now);
        let due: Vec<Digest16> = self.groups.iter().filter(|(_, group)| is_due(group)).map(|(id, _)| *id).collect();
        due.into_iter().flat_map(|id| self.look(id, now)).collect()
    }

    /// When something may be due next.
    pub fn next_at(&self) -> Option<UtcMs> {
        self.groups.values().filter_map(|group| group.check_at).min()
    }

    /// What changed since this was last taken, to be written down before what is due is sent.
    pub fn take_rows(&mut self) -> Rows {
        std::mem::take(&mut self.rows)
    }

    /// Other rules from now on: those of a configuration that was edited. What follows no route any more is forgotten.
    pub fn set_rules(&mut self, rules: Rules, now: UtcMs) {
        self.rules = rules;
        let gone = |group: &Group| self.rules.route(&group.head.route).is_none();
        let gone: Vec<Digest16> = self.groups.iter().filter(|(_, group)| gone(group)).map(|(id, _)| *id).collect();
        for id in gone {
            let members = self.groups.get(&id).map(|group| group.members.keys().copied().collect::<Vec<_>>());
            members.into_iter().flatten().for_each(|instance| self.forget(id, instance));
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

    fn hear_transition(&mut self, mut transition: Transition, now: UtcMs) -> Result<(), HearError> {
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
    fn hear_line(&mut self, transition: &Transition, now: UtcMs) {
        let Some(place) = transition.facts.place() else { return };
        let line = SiteLine { cut: transition.change == Change::Began, since: now };
        let same = self.sites.get(&place).is_some_and(|known| known.cut == line.cut);
        if transition.change == Change::Acknowledged || same {
            return;
        }
        self.rows.put(Table::Site, format!("{}/{}", place.0, place.1).as_bytes(), &(&place, line));
        self.sites.insert(place, line);
        self.look_at_all(now);
    }

    fn began(&mut self, transition: &Transition, now: UtcMs) -> Result<(), HearError> {
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
    fn admit(&self, route: &Route, transition: &Transition, now: UtcMs) -> (Digest16, Head, Member) {
        let facts = &transition.facts;
        let late = self.is_late(transition, now);
        let not_before = match self.rules.seat {
            Seat::Relay if !route.always => relay_speaks_at(transition.at, Some(self.hub_heard)),
            Seat::Relay | Seat::Hub => UtcMs(i64::MIN),
        };
        let told = mark(&route.name, transition.instance, Change::Began);
        let member = Member {
            facts: facts.clone(),
            judge: transition.judge,
            ended: None,
            heard: now,
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

    /// Learnt so long after it happened that the relay has spoken, if it could.
    fn is_late(&self, transition: &Transition, now: UtcMs) -> bool {
        self.rules.seat == Seat::Hub && transition.judge == Judge::Relay && !is_fresh(transition.at, now)
    }

    fn ended(&mut self, transition: &Transition, now: UtcMs) {
        let late = self.is_late(transition, now);
        for id in self.places.get(&transition.instance).cloned().unwrap_or_default() {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            let Some(member) = group.members.get_mut(&transition.instance) else { continue };
            if member.ended.is_some() {
                continue;
            }
            member.ended = Some(transition.at.max(transition.instance.began));
            member.heard = now;
            member.late |= late;
            member.facts = transition.facts.clone();
            let moves = late && group.head.late.is_none();
            group.check_at = Some(now);
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

    fn hear_mark(&mut self, mark: Mark, now: UtcMs) {
        if !self.elsewhere.add(mark, now, Table::Mark, &mut self.rows) {
            return;
        }
        let instances: Vec<Instance> = self.places.keys().copied().collect();
        for instance in instances {
            self.leave_to_others(instance, now, |route, instance| {
                super::key::mark(route, instance, Change::Began) == mark
            });
        }
    }

    /// The other side tells of it, unless it was told here already.
    fn leave_to_others(&mut self, instance: Instance, now: UtcMs, is_meant: impl Fn(&str, Instance) -> bool) {
        for id in self.places.get(&instance).cloned().unwrap_or_default() {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            let always = self.rules.route(&group.head.route).is_none_or(|route| route.always);
            if always || !is_meant(&group.head.route, instance) {
                continue;
            }
            let Some(member) = group.members.get_mut(&instance) else { continue };
            if !member.told && !member.elsewhere {
                member.elsewhere = true;
                group.check_at = Some(now);
                self.write(id, instance);
            }
        }
    }

    fn each_place(&mut self, instance: Instance, now: UtcMs, change: impl Fn(&mut Member)) {
        for id in self.places.get(&instance).cloned().unwrap_or_default() {
            let Some(group) = self.groups.get_mut(&id) else { continue };
            if let Some(member) = group.members.get_mut(&instance) {
                change(member);
                group.check_at = Some(now);
                self.write(id, instance);
            }
        }
    }

    fn look_at_all(&mut self, now: UtcMs) {
        self.groups.values_mut().for_each(|group| group.check_at = Some(now));
    }

    fn look(&mut self, id: Digest16, now: UtcMs) -> Vec<Intent> {
        let Some(group) = self.groups.get_mut(&id) else { return Vec::new() };
        let Some(route) = self.rules.routes.iter().find(|route| route.name == group.head.route) else {
            return Vec::new();
        };
        let (mutes, sites) = (&self.mutes, &self.sites);
        let before = group.head.clone();
        let ready = group.look(route, now, |member| around(mutes, sites, member, now));
        let mut intents = Vec::new();
        for telling in &ready.notices {
            let tells = changes(telling, &group.members);
            let first =
                tells.iter().map(|(instance, _)| *instance).min_by_key(|instance| (instance.began, instance.alert));
            let thread = *group.head.thread.get_or_insert_with(|| thread(&route.name, first));
            let lines = |which: &[Instance]| lines(route, which, &group.members);
            let notice = notice(route, telling.kind, lines(&telling.wrong), lines(&telling.over), telling.round, now);
            intents.extend(address(route, &self.rules.receivers, &notice, thread, &tells, telling.round, now));
        }
        ready.changed.iter().for_each(|instance| self.write(id, *instance));
        for instance in &ready.gone {
            self.done.add(mark(&before.route, *instance, Change::Ended), now, Table::Done, &mut self.rows);
            self.forget(id, *instance);
        }
        self.tidy(id, &before, now);
        intents
    }

    /// Forgets a group that has nothing left to say and whose interval is over.
    fn tidy(&mut self, id: Digest16, before: &Head, now: UtcMs) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        if group.members.is_empty() {
            group.head.thread = None;
            let interval = self.rules.route(&group.head.route).map_or(0, |route| route.interval_ms);
            let over = group.head.told_at.map(|told| UtcMs(told.0.saturating_add(interval)));
            match over.filter(|over| *over > now) {
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

    fn insert(&mut self, id: Digest16, head: Head, instance: Instance, member: Member, now: UtcMs) {
        let rows = &mut self.rows;
        let group = self.groups.entry(id).or_insert_with(|| {
            rows.put(Table::Group, &id.0, &head);
            Group { head, members: BTreeMap::new(), check_at: None }
        });
        group.check_at = Some(now);
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

fn around(mutes: &[Mute], sites: &BTreeMap<(Slug, Slug), SiteLine>, member: &Member, now: UtcMs) -> Around {
    let of_hub = member.judge == Judge::Hub && member.facts.about == About::Alert;
    let line = member.facts.place().filter(|_| of_hub).and_then(|place| sites.get(&place));
    // After a cut the hub needs a moment to see that what it missed is well.
    let seen_from = line.filter(|line| !line.cut).map(|line| UtcMs(line.since.0.saturating_add(SETTLE_MS)));
    let seen_from = seen_from.filter(|seen_from| *seen_from > now);
    Around {
        muted: mutes.iter().any(|mute| mute.covers(&member.facts, now)),
        turns: mutes.iter().filter_map(|mute| mute.turns(now)).chain(seen_from).min(),
        behind_a_cut: line.is_some_and(|line| line.cut) || seen_from.is_some(),
    }
}

fn member_key(id: Digest16, instance: Instance) -> Vec<u8> {
    [id.0.as_slice(), &instance.alert.0.0, &instance.began.0.to_be_bytes()].concat()
}

pub(super) fn digest(key: &[u8]) -> Option<Digest16> {
    key.try_into().ok().map(Digest16)
}
