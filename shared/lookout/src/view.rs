//! What people and programs see, and what they decide.

use std::sync::Arc;

use vigie_alerts::{Alert, DecideError, Decision as Decided, Said, Standing};
use vigie_merge::Ulid;
use vigie_model::{NodeId, Slug, UtcMs};
use vigie_serve::{
    Availability, AvailabilityWish, Cut, Decision, Dispatch, Escalation, Health, Incident, IncidentState, Incidents,
    JudgedBy, LabelSet, Mark, Marks, Mute, MutePreview, MuteWish, Place, PlacesPage, PlacesTold, Reached, RuleGroup,
    RuleLevels, RuleWish, Sketch, Spell, Stamp, Telling, Undecided, Word,
};

use crate::away::is_cut;
use crate::facts::label;
use crate::mutes::{self, Active, Mutes, place_of};
use crate::rows::{RowEdit, RowTrouble};
use crate::ruling::{Alerts, shown_group};
use crate::watchman::{SHOWN_MS, Watchman, chance, lock};

/// Machines that a preview names.
const NAMED: usize = 100;

impl Incidents for Watchman {
    fn dispatch(&self) -> Option<&dyn Dispatch> {
        Some(self)
    }

    fn home(&self) -> Option<Place> {
        self.home.clone().map(|(client, site)| Place { client, site })
    }

    fn incidents_where(&self, wanted: &mut dyn FnMut(&Sketch<'_>) -> bool) -> Vec<Incident> {
        self.incidents_at(&|_, _| true, wanted)
    }

    fn incidents_at(
        &self,
        there: &dyn Fn(Option<&Slug>, Option<&Slug>) -> bool,
        wanted: &mut dyn FnMut(&Sketch<'_>) -> bool,
    ) -> Vec<Incident> {
        let now = self.utc();
        let register = lock(&self.register);
        let recent = |alert: &&Alert| alert.is_open() || now.0.saturating_sub(changed(alert).0) < SHOWN_MS;
        let is_wanted = |alert: &&Alert| {
            let (client, site) = place_of(&alert.place.scope);
            if !there(client, site) {
                return false;
            }
            let about = alert.about.as_ref();
            let id = alert.place.id.to_string();
            wanted(&Sketch {
                id: &id,
                client,
                site,
                about: about.and_then(|about| about.labels.get("machine_id")?.parse().ok()),
                standing: standing(alert, now),
                severity: about.map(|about| about.severity).unwrap_or_default(),
                changed: register.changed(alert.place.id),
            })
        };
        // Most of what is shown is worked out for it, and asks the store: what nobody wants is let go of before.
        let alerts: Vec<&Alert> = register.book.alerts().rev().filter(recent).filter(is_wanted).collect();
        let reached = self.reached(&alerts);
        let mutes = register.mutes.active(now);
        alerts.iter().zip(reached).map(|(alert, reached)| shown(alert, reached, &mutes, now, self.node)).collect()
    }

    fn incident(&self, id: &str) -> Option<Incident> {
        // Before the register is held: the desk may wait for a disk.
        let climbing = self.desk.climbing((self.clock)().now());
        let register = lock(&self.register);
        let alert = register.book.alert(Ulid::read(id)?)?;
        let reached = self.reached(&[alert]).pop()?;
        let now = self.utc();
        let mut shown = shown(alert, reached, &register.mutes.active(now), now, self.node);
        if let Some(instance) = self.with_teller(|teller| teller.instance(alert)) {
            let of = climbing.into_iter().filter(|one| one.alerts.contains(&instance));
            shown.escalations = of.map(escalation).collect();
        }
        shown.past = past(alert);
        Some(shown)
    }

    fn changes(&self) -> u64 {
        lock(&self.register).changes
    }

    fn decide_then(
        &self,
        id: &str,
        decision: Decision,
        by: &str,
        happened: Option<Stamp>,
    ) -> Result<Incident, Undecided> {
        let none = Undecided::NotHere("such incident");
        let (now, ulid) = (self.utc(), Ulid::read(id).ok_or(none.clone())?);
        let decided = match decision {
            Decision::Acknowledge(note) => Decided::Acknowledge(note),
            Decision::Unacknowledge => Decided::Unacknowledge,
            Decision::Assign(who) => Decided::Assign(who),
            Decision::Comment(text) => Decided::Comment(Ulid::new(now, chance()), text),
            Decision::Snooze(until) => Decided::Snooze(UtcMs(until.ms())),
            Decision::Wake => Decided::Wake,
            Decision::Resolve(why) => Decided::Close(why),
        };
        let said = Said::new(decided, by, &self.name, happened.map_or(now, |at| UtcMs(at.ms())));
        let edits = lock(&self.register).book.decided(ulid, &said).map_err(undecided)?;
        self.write_decision(edits.into_iter().map(RowEdit::from).collect())?;
        self.incident(id).ok_or(none)
    }

    fn rules_where(&self, wanted: &dyn Fn(&LabelSet) -> bool) -> Vec<RuleGroup> {
        let found = lock(&self.found).clone();
        let alerts = Alerts::of(&found, wanted);
        let groups = found.rulebook.groups.iter();
        groups.map(|(file, group, origin)| shown_group((file, group, origin), &found, &alerts)).collect()
    }

    fn levels(&self, rule: &str, machine: Option<&str>) -> Option<RuleLevels> {
        self.levels_of(rule, machine)
    }

    fn tune(&self, wish: &RuleWish, by: &str) -> Result<RuleLevels, Undecided> {
        self.set_rule(wish, by)?;
        self.levels_of(&wish.name, None).ok_or(Undecided::Changed)
    }

    fn untune(&self, wish: &RuleWish, by: &str) -> Result<RuleLevels, Undecided> {
        self.unset_rule(wish, by)?;
        let none = || RuleLevels { name: wish.name.clone(), ..RuleLevels::default() };
        Ok(self.levels_of(&wish.name, None).unwrap_or_else(none))
    }

    fn healths(&self, machines: &[NodeId]) -> Vec<Health> {
        self.healths_of(machines)
    }

    fn mutes(&self) -> Vec<Mute> {
        lock(&self.register).mutes.shown(self.utc())
    }

    fn preview(&self, wish: &MuteWish) -> Result<MutePreview, Undecided> {
        mutes::scope(wish)?;
        let now = self.utc();
        let (windows, labels) = mutes::preview(wish, now)?;
        let means = |machine: &vigie_fleet::Sighted| {
            let id = machine.node.to_string();
            labels.iter().all(|(name, value)| match name.as_str() {
                "client" => machine.client.as_str() == value,
                "site" => machine.site.as_str() == value,
                "machine" => machine.name == *value,
                "machine_id" => id == *value,
                // Which rule or series is meant says nothing of the machine.
                _ => true,
            })
        };
        let presence = lock(&self.presence);
        let mut machines: Vec<String> =
            presence.machines().filter(|one| means(one)).map(|one| one.name.clone()).collect();
        drop(presence);
        machines.sort_unstable();
        let machine_count = machines.len();
        machines.truncate(NAMED);
        let spares = wish.kind == vigie_serve::MuteKind::Maintenance;
        let is_awake = |alert: &Alert| spares && !label(alert, vigie_notify::AWAKE_LABEL).is_empty();
        let register = lock(&self.register);
        let open = register.book.alerts().filter(|alert| alert.is_open() && !is_awake(alert));
        let meant = open.filter(|alert| labels.iter().all(|(name, value)| label(alert, name) == *value));
        let incidents = meant.map(|alert| (alert.place.id.to_string(), summary(alert))).collect();
        drop(register);
        let awake = if spares { self.awake_rules() } else { Vec::new() };
        Ok(MutePreview { machines, machine_count, incidents, awake, windows })
    }

    fn mute(&self, wish: &MuteWish, by: &str) -> Result<Mute, Undecided> {
        let now = self.utc();
        let id = Ulid::new(now, chance());
        let edit = Mutes::written(wish, id, (by, &self.name), now)?;
        self.write_decision(vec![edit])?;
        lock(&self.register).mutes.one(&id.to_string(), now).ok_or(Undecided::Changed)
    }

    fn end_mute(&self, id: &str, by: &str) -> Result<Mute, Undecided> {
        let now = self.utc();
        let edit = lock(&self.register).mutes.ended(id, (by, &self.name), now)?;
        self.write_decision(vec![edit])?;
        lock(&self.register).mutes.one(id, now).ok_or(Undecided::NotHere("such maintenance"))
    }

    fn telling(&self) -> Telling {
        self.telling_shown()
    }

    fn marks(&self) -> Arc<Marks> {
        lock(&self.register).tags.marks().clone()
    }

    fn mark(&self, machines: &[(Place, NodeId, Mark)]) -> Result<(), Undecided> {
        self.call(machines)
    }

    fn cuts(&self) -> Vec<Cut> {
        self.cuts_shown()
    }

    fn availability(&self, wish: &AvailabilityWish) -> Result<Availability, Undecided> {
        self.minutes(wish)
    }

    fn availability_of(&self, wish: &AvailabilityWish, page: &PlacesPage) -> Result<PlacesTold, Undecided> {
        self.minutes_of(wish, Some(page))
    }
}

impl Watchman {
    pub(crate) fn write_decision(&self, edits: Vec<RowEdit>) -> Result<(), Undecided> {
        let changed = self.rows.change(edits).map_err(|trouble| match trouble {
            RowTrouble::Changed => Undecided::Changed,
            RowTrouble::Refused(why) => Undecided::Senseless(why),
            RowTrouble::Store(why) => Undecided::NotKept(why),
        })?;
        self.arrived(&changed);
        Ok(())
    }

    fn awake_rules(&self) -> Vec<String> {
        let found = lock(&self.found);
        let rules = found.rulebook.groups.iter().flat_map(|(_, group, _)| &group.rules);
        let awake = rules.filter(|rule| rule.labels.iter().any(|(name, _)| name == vigie_notify::AWAKE_LABEL));
        awake.map(|rule| rule.name.clone()).collect()
    }
}

/// What a node judges itself it knows when it begins; of what others judge it is written down.
fn learnt(alert: &Alert, own: NodeId) -> UtcMs {
    let judged = alert.about.as_ref().filter(|about| about.judge.node == own);
    judged.map_or(alert.learnt, |about| about.began.min(alert.learnt))
}

fn shown(alert: &Alert, reached: Reached, mutes: &Active<'_>, now: UtcMs, node: NodeId) -> Incident {
    let about = alert.about.as_ref();
    let (client, site) = place_of(&alert.place.scope);
    let labels = about.map(|about| about.labels.clone()).unwrap_or_default();
    let own = |name: &str| labels.get(name).filter(|value| !value.is_empty()).cloned();
    let [acknowledged, assigned, _, closed] = alert.learnt_decisions();
    Incident {
        id: alert.place.id.to_string(),
        standing: standing(alert, now),
        rule: about.map(|about| about.rule.clone()).unwrap_or_default(),
        severity: about.map(|about| about.severity).unwrap_or_default(),
        summary: summary(alert),
        client: client.cloned(),
        site: site.cloned(),
        machine: own("machine"),
        machine_id: own("machine_id"),
        annotations: about.map(|about| about.annotations.clone()).unwrap_or_default(),
        value: about.map(|about| about.value).filter(|value| value.is_finite()),
        doubt: about.and_then(|about| about.doubt),
        began: about.map(|about| Stamp(about.began)),
        since: about.map(|about| Stamp(about.since)),
        ended: about.and_then(|about| about.ended).map(Stamp),
        times: about.map_or(0, |about| about.times),
        // What flaps by the hundred is no matter of lists; when sites were cut off is.
        past: if is_cut(alert) { past(alert) } else { Vec::new() },
        learnt_at: Stamp(learnt(alert, node)),
        judge: about.map(|about| JudgedBy { node: about.judge.node, name: about.judge.name.clone() }),
        contradicted: alert.is_contradicted(),
        acknowledgements: words(alert.acknowledgements(), acknowledged),
        assignments: words(alert.assignments(), assigned),
        snoozed_until: alert.snoozed_until().filter(|until| *until > now).map(Stamp),
        closings: words(alert.closings(), closed),
        comments: alert.comments().map(|(id, said, learnt)| comment(id, said, learnt)).collect(),
        muted_by: mutes.covering(|name| label(alert, name)),
        reached,
        escalations: Vec::new(),
        labels,
    }
}

fn past(alert: &Alert) -> Vec<Spell> {
    alert.past().iter().map(|one| Spell { since: Stamp(one.since), ended: Stamp(one.ended) }).collect()
}

fn standing(alert: &Alert, now: UtcMs) -> IncidentState {
    match alert.standing(now) {
        Standing::Firing => IncidentState::Firing,
        Standing::Acknowledged => IncidentState::Acknowledged,
        Standing::Snoozed => IncidentState::Snoozed,
        Standing::Resolved => IncidentState::Resolved,
    }
}

fn escalation(climbing: vigie_notify::Climbing) -> Escalation {
    Escalation {
        route: climbing.route,
        step: climbing.done,
        of: climbing.total,
        whom: climbing.whom,
        at: climbing.due.map(Stamp),
        paused: climbing.left_ms.is_some(),
    }
}

fn words<'a>(said: impl Iterator<Item = (&'a Said<Option<String>>, &'a str)>, learnt: Option<UtcMs>) -> Vec<Word> {
    let word = |(said, text): (&Said<Option<String>>, &str)| Word {
        id: None,
        by: said.by.clone(),
        at: said.at.clone(),
        happened_at: Stamp(said.happened),
        learnt_at: learnt.map(Stamp),
        text: text.to_owned(),
    };
    said.map(word).collect()
}

fn comment(id: Ulid, said: &Said<String>, learnt: UtcMs) -> Word {
    Word {
        id: Some(id.to_string()),
        by: said.by.clone(),
        at: said.at.clone(),
        happened_at: Stamp(said.happened),
        learnt_at: Some(Stamp(learnt)),
        text: said.what.clone(),
    }
}

/// What it says, in one line; the rule's name where it says nothing.
fn summary(alert: &Alert) -> String {
    let Some(about) = &alert.about else { return "not known here yet".to_owned() };
    about.annotations.get("summary").filter(|text| !text.is_empty()).unwrap_or(&about.rule).clone()
}

fn changed(alert: &Alert) -> UtcMs {
    alert.about.as_ref().map_or(alert.learnt, |about| about.changed.max(alert.learnt))
}

fn undecided(error: DecideError) -> Undecided {
    match error {
        DecideError::NoSuchAlert => Undecided::NotHere("such incident"),
        DecideError::Over | DecideError::Empty | DecideError::Past | DecideError::Key(_) => {
            Undecided::Senseless(error.to_string())
        }
    }
}
