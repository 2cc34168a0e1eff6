//! What must a node know so that people can see what is wrong, and decide?

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use utoipa::ToSchema;
use vigie_model::{NodeId, Severity, Slug};

use crate::{
    Availability, AvailabilityWish, Cut, Decision, Dispatch, Health, Incident, IncidentState, LabelSet, Mark, Marks,
    Mute, MutePreview, MuteWish, Place, PlacesPage, PlacesTold, RuleGroup, RuleLevels, RuleWish, Sketch, Stamp,
};

/// What hub and relay implement so that people and programs can see what is wrong and decide of it.
///
/// Asked from blocking threads, as a [`Lookout`](crate::Lookout) is. Lists are whole, or hold what is wanted: what the asker
/// may see is chosen by the router, which also knows who may decide. Whoever decides is told when it is durable here, not
/// before.
pub trait Incidents: Send + Sync + 'static {
    /// The place whose people decide here: a relay's own site. A hub has none, and is told of the place.
    fn home(&self) -> Option<Place>;

    /// Everything that is open, and what ended within the time that is kept; newest first.
    fn incidents(&self) -> Vec<Incident> {
        self.incidents_where(&mut |_| true)
    }

    /// Of that what is wanted: each is asked of by its sketch, once and newest first, and only of those that are wanted more
    /// is worked out.
    fn incidents_where(&self, wanted: &mut dyn FnMut(&Sketch<'_>) -> bool) -> Vec<Incident>;

    /// As [`Incidents::incidents_where`], of the places that are wanted, each asked of by its client and site as far as it has
    /// them: of what is of another not even a sketch is made.
    fn incidents_at(
        &self,
        there: &dyn Fn(Option<&Slug>, Option<&Slug>) -> bool,
        wanted: &mut dyn FnMut(&Sketch<'_>) -> bool,
    ) -> Vec<Incident> {
        self.incidents_where(&mut |one| there(one.client, one.site) && wanted(one))
    }

    /// One of them.
    fn incident(&self, id: &str) -> Option<Incident>;

    /// A number that is another one whenever the list changed: for whoever waits.
    fn changes(&self) -> u64;

    /// Decides, durably, in a person's name.
    ///
    /// # Errors
    /// When it can not be decided so; nothing was changed then.
    fn decide(&self, id: &str, decision: Decision, by: &str) -> Result<Incident, Undecided> {
        self.decide_then(id, decision, by, None)
    }

    /// As [`Incidents::decide`], of what somebody did before: what they decide with waited for a line.
    ///
    /// # Errors
    /// When it can not be decided so; nothing was changed then.
    fn decide_then(
        &self,
        id: &str,
        decision: Decision,
        by: &str,
        happened: Option<Stamp>,
    ) -> Result<Incident, Undecided>;

    /// The rules that are evaluated here, and what they found.
    fn rules(&self) -> Vec<RuleGroup> {
        self.rules_where(&|_| true)
    }

    /// As [`Incidents::rules`], with those alerts alone whose labels are wanted.
    fn rules_where(&self, wanted: &dyn Fn(&LabelSet) -> bool) -> Vec<RuleGroup>;

    /// What is said of a rule, and what holds for a machine of these, by its name or id; nothing where nobody says anything
    /// of such a rule, or there is no such machine.
    fn levels(&self, rule: &str, machine: Option<&str>) -> Option<RuleLevels>;

    /// Says of a rule what it changes at a place, durably, in a person's name.
    ///
    /// # Errors
    /// When it makes no rule or can not be kept; nothing was changed then.
    fn tune(&self, wish: &RuleWish, by: &str) -> Result<RuleLevels, Undecided>;

    /// Takes back what is said of a rule at a place: what wider places say holds there again.
    ///
    /// # Errors
    /// When nothing is said there, or it can not be kept; nothing was changed then.
    fn untune(&self, wish: &RuleWish, by: &str) -> Result<RuleLevels, Undecided>;

    /// What is known of the health of each of these machines by the rules: by its open alerts, and well only where somebody
    /// vouches for looking: one for each, in their order.
    fn healths(&self, machines: &[NodeId]) -> Vec<Health> {
        let known = by_alerts(&self.incidents());
        machines.iter().map(|machine| known.get(machine).copied().unwrap_or(Health::Unknown)).collect()
    }

    /// What people call each machine, as it is now. Asked with nearly each request: it costs no more than a lock.
    fn marks(&self) -> Arc<Marks> {
        Arc::default()
    }

    /// Says what machines are called, all of it in one step, durably: each of these machines with what it is called from now
    /// on.
    ///
    /// # Errors
    /// When it makes no sense or can not be kept; nothing was changed then.
    fn mark(&self, machines: &[(Place, NodeId, Mark)]) -> Result<(), Undecided>;

    /// Maintenance and silences: what mutes or will, and what ended within the last days.
    fn mutes(&self) -> Vec<Mute>;

    /// What a wish would mute.
    ///
    /// # Errors
    /// When it makes no sense.
    fn preview(&self, wish: &MuteWish) -> Result<MutePreview, Undecided>;

    /// Mutes, durably, in a person's name.
    ///
    /// # Errors
    /// When it makes no sense or can not be kept; nothing was changed then.
    fn mute(&self, wish: &MuteWish, by: &str) -> Result<Mute, Undecided>;

    /// Ends a mute before its time.
    ///
    /// # Errors
    /// When there is none, or it can not be kept; nothing was changed then.
    fn end_mute(&self, id: &str, by: &str) -> Result<Mute, Undecided>;

    /// How telling people goes.
    fn telling(&self) -> Telling;

    /// Who is told, and whether that works; nothing on a node that tells nobody.
    fn dispatch(&self) -> Option<&dyn Dispatch> {
        None
    }

    /// What happened at sites while they were cut off: of each cut of the last days that is over, of one incident the
    /// latest eight; newest first.
    fn cuts(&self) -> Vec<Cut>;

    /// For how long machines were there, as it is known now.
    ///
    /// # Errors
    /// When the time makes no sense, or its samples can not be read.
    fn availability(&self, wish: &AvailabilityWish) -> Result<Availability, Undecided>;

    /// As [`Incidents::availability`], of some of the places, in the order of clients and sites.
    ///
    /// # Errors
    /// As there.
    fn availability_of(&self, wish: &AvailabilityWish, page: &PlacesPage) -> Result<PlacesTold, Undecided> {
        let mut minutes = self.availability(wish)?;
        let all = minutes.sites.iter().map(|site| ((&site.client, &site.site), site.machines.len()));
        let (Range { start, end }, total) = (page.of(all.clone()), all.map(|(_, machines)| machines).sum());
        let more = end < minutes.sites.len();
        minutes.sites.truncate(end);
        minutes.sites.drain(..start);
        Ok(PlacesTold { minutes, total, more })
    }
}

/// What open alerts say of machines. That nothing is open makes nobody well.
fn by_alerts(incidents: &[Incident]) -> HashMap<NodeId, Health> {
    let mut healths = HashMap::new();
    for one in incidents.iter().filter(|one| one.standing != IncidentState::Resolved && one.doubt.is_none()) {
        let health = match one.severity {
            Severity::Critical => Health::Critical,
            Severity::Warning => Health::Warning,
            Severity::Info => continue,
        };
        if let Some(id) = one.machine_id.as_deref().and_then(|id| id.parse().ok()) {
            let known = healths.entry(id).or_insert(health);
            *known = health.max(*known);
        }
    }
    healths
}

/// How telling people goes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, ToSchema)]
pub struct Telling {
    /// Routes that are configured.
    pub routes: usize,
    /// Those of them that speak whether or not the other side does.
    pub always: Vec<String>,
    /// When the others speak, in one sentence: hub and relay do so by turns.
    pub speaks: String,
    /// Messages that wait or are under way.
    pub waiting: Vec<Message>,
    /// Messages that were sent, the latest hundred, oldest first.
    pub sent: Vec<Message>,
    /// Messages that were given up, oldest first.
    pub dead: Vec<Message>,
    /// What happened at sites while they were cut off, newest first.
    pub cuts: Vec<Cut>,
}

/// One message.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Message {
    /// Which: what a receiver drops doubles by is the same at each of its channels.
    pub id: String,
    /// What a receiver drops doubles by.
    pub key: String,
    /// By which route.
    pub route: String,
    /// By which channel.
    pub channel: String,
    /// To whom; empty for a webhook.
    pub to: String,
    /// What it says, in one line.
    pub subject: String,
    /// When it is tried next, was sent, or was given up.
    pub at: Stamp,
    /// How often it was tried.
    pub tries: u32,
    /// What was said the last time.
    pub said: String,
    /// When a device of theirs said that it has shown it; nothing where that is not known.
    pub displayed_at: Option<Stamp>,
}

/// Why nothing was decided. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// There is no such incident or mute here.
    #[error("there is no {0} here; nothing was changed")]
    NotHere(&'static str),
    /// It makes no sense.
    #[error("{0}; nothing was changed")]
    Senseless(String),
    /// Somebody changed it meanwhile.
    #[error("somebody changed it meanwhile; look at it again; nothing was changed")]
    Changed,
    /// It can not be kept now; asking again may help.
    #[error("it can not be kept now: {0}; nothing was changed")]
    NotKept(String),
}
