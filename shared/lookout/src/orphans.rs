//! Which open alerts are over, though nobody who judges them saw them end?

use std::collections::HashSet;

use vigie_alerts::{Heard as Judged, Thing};
use vigie_merge::Scope;
use vigie_model::{NodeId, Role, Slug};
use vigie_query::LabelSet;
use vigie_watch::PRESENCE_LABEL;
use vigie_watch::presence::Reach;

use crate::judging::Judging;
use crate::presence::Presence;
use crate::seats::is_set_apart;
use crate::sight::At;
use crate::verdict::ended_alert;
use crate::watchman::{Watchman, lock};

impl Watchman {
    /// Open alerts that this node judges and does not find: their rule is gone, or it was found to be well while this
    /// node could not write so, or another judged them before.
    pub(crate) fn orphans(&self, judging: &Judging, found: &HashSet<Thing>, now: At) -> Vec<Judged> {
        let register = lock(&self.register);
        let presence = lock(&self.presence);
        let is_deaf = presence.is_deaf(now);
        let open = register.book.alerts().filter(|alert| alert.is_open());
        let orphans = open.filter_map(|alert| {
            let about = alert.about.as_ref()?;
            let labels = LabelSet::new(about.labels.iter().map(|(n, v)| (n.as_str(), v.as_str())));
            if found.contains(&about.thing) || !self.is_mine(judging, &alert.place.scope, &labels) {
                return None;
            }
            // A rule that only another judge has is not gone because it is not here.
            let is_unruled =
                !judging.rulebook.has_alert(&about.rule) && !self.is_judge_there(&presence, about.judge.node);
            let (is_there, hears) = match about.labels.get("machine_id") {
                Some(id) => {
                    (presence.is_enrolled(id), presence.known(id).is_some_and(|known| known.reach == Reach::Live))
                }
                None => (true, true),
            };
            let is_sure = !is_deaf && hears && judging.is_sure(&about.rule, &alert.place.scope);
            // What another relay of the site judged it ends itself, unless the machine is heard here now.
            let is_beside = about.judge.node != self.node && presence.is_beside(about.judge.node);
            let may = !is_beside || hears && about.labels.contains_key("machine_id");
            let is_over = may && (is_unruled || !is_there || is_sure);
            is_over.then(|| ended_alert(alert.place.scope.clone(), about, now.utc))
        });
        orphans.collect()
    }

    /// Whether another node that judged something here may do so again.
    fn is_judge_there(&self, presence: &Presence, judge: NodeId) -> bool {
        judge != self.node && (presence.is_relay(judge) || presence.is_beside(judge))
    }

    /// Whether an alert of this scope is this node's to end. A relay has its client's alerts and everybody's too, and the
    /// hub those of each site: whose an alert is, its key says, and labels may not.
    fn is_mine(&self, judging: &Judging, scope: &Scope, labels: &LabelSet) -> bool {
        let is_home = |(client, site): &(Slug, Slug)| *scope == Scope::Site(client.clone(), site.clone());
        if is_set_apart(labels) {
            return self.role == Role::Hub;
        }
        match (self.role, labels.get(PRESENCE_LABEL), scope) {
            // The cut of a site is the hub's to see.
            (Role::Hub, "site", _) => true,
            (_, "site", _) => false,
            (Role::Hub, _, Scope::Site(client, site)) => judging.judges.includes_place(client.as_str(), site.as_str()),
            (Role::Hub, _, Scope::Client(_) | Scope::Deployment) => true,
            (Role::Relay | Role::Agent, ..) => {
                self.home.as_ref().is_some_and(is_home) && judging.judges.includes(labels)
            }
        }
    }
}
