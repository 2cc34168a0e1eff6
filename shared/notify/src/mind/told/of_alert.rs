//! How does telling of one alert stand, on each route?

use vigie_model::UtcMs;

use super::super::alert::{AlertId, Facts, Instance};
use super::super::clocks::Clocks;
use super::super::group::{Group, Member};
use super::super::notice::Notice;
use super::super::route::{Admission, Route};
use super::Mind;
use super::looking::around;

/// The times of an alert that are asked for: those that began between two moments, both of them included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times {
    /// Which alert.
    pub alert: AlertId,
    /// The first beginning.
    pub from: UtcMs,
    /// The last beginning.
    pub to: UtcMs,
}

/// How telling stands on one route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RouteStanding {
    /// Which.
    pub route: String,
    /// How.
    pub standing: Standing,
    /// Until when, where that is known.
    pub until: Option<UtcMs>,
}

/// Why somebody was told, or was not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It was given to the channels.
    Told,
    /// The other side tells of it.
    Elsewhere,
    /// Somebody said that they know before anybody was told.
    Known,
    /// Maintenance or a silence keeps it from being told.
    Muted,
    /// It was judged of what can not be seen: the site is cut off.
    BehindCut,
    /// The route is closed at this hour, or has its quiet hours.
    Held,
    /// It gathers what belongs to it, or gives the other side time.
    Waits,
    /// There is nothing to tell: it was over before anybody could be told, or it was told of before this was followed.
    Nothing,
}

impl Times {
    pub(crate) fn has(&self, instance: Instance) -> bool {
        instance.alert == self.alert && (self.from..=self.to).contains(&instance.began)
    }

    /// Whether a notice speaks of one of them.
    pub(crate) fn are_in(&self, notice: &Notice) -> bool {
        told_in(notice).any(|instance| self.has(instance))
    }
}

/// Of what a notice speaks, as far as it names it.
pub(crate) fn told_in(notice: &Notice) -> impl Iterator<Item = Instance> {
    let lines = notice.wrong.iter().chain(&notice.over);
    lines.map(|line| Instance { alert: line.alert, began: line.since.at })
}

impl Mind {
    /// How telling stands of the last of these times, on each route that is for such an alert.
    pub fn standings(&self, times: &Times, facts: &Facts, now: Clocks) -> Vec<RouteStanding> {
        let of = |began: UtcMs| Instance { alert: times.alert, began };
        let followed = |route: &Route| -> Option<(&Group, &Member)> {
            self.places.range(of(times.from)..=of(times.to)).rev().find_map(|(instance, groups)| {
                let groups = groups.iter().filter_map(|id| self.groups.get(id));
                let mut its = groups.filter(|group| group.head.route == route.name);
                its.find_map(|group| Some((group, group.members.get(instance)?)))
            })
        };
        let standing = |route: &Route| {
            let (standing, until) = match followed(route) {
                Some((group, member)) => self.standing(route, group, member, now),
                None if route.wants(facts) => (Standing::Nothing, None),
                None => return None,
            };
            Some(RouteStanding { route: route.name.clone(), standing, until })
        };
        self.rules.routes.iter().filter_map(standing).collect()
    }

    fn standing(&self, route: &Route, group: &Group, member: &Member, now: Clocks) -> (Standing, Option<UtcMs>) {
        let around = around(&self.mutes, &self.sites, member, now);
        let waits = |until| (Standing::Waits, until);
        match route.admits(&member.facts, now.wall) {
            _ if member.elsewhere => (Standing::Elsewhere, None),
            _ if member.told => (Standing::Told, None),
            _ if member.acknowledged => (Standing::Known, None),
            _ if around.muted => (Standing::Muted, around.turns.map(|at| now.wall_of(at))),
            _ if around.behind_a_cut => (Standing::BehindCut, None),
            _ if member.not_before > now.steady => waits(Some(now.wall_of(member.not_before))),
            Admission::Held { until, .. } => (Standing::Held, until),
            Admission::Open => waits(group.check_at.map(|at| now.wall_of(at.max(now.steady)))),
        }
    }
}
