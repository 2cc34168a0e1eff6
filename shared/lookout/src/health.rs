//! Who is well?
//!
//! That nothing is open makes nobody well: only a judge who works out all rules, and has for a while, says by that that what
//! it does not find is not so. A relay vouches for its judging in a row, as it does for who answers; while it is not heard,
//! nobody knows.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use vigie_alerts::Alert;
use vigie_fleet::Answers;
use vigie_merge::Scope;
use vigie_model::{NodeId, Role, Severity, Slug};
use vigie_serve::Health;

use crate::judging::{Judging, SURE_AFTER_MS};
use crate::overlay::Judges;
use crate::presence::Presence;
use crate::sight::At;
use crate::vouching::{self, Saying};
use crate::watchman::{Watchman, lock};

/// After so long without an evaluation what was found is old.
const OLD_AFTER_MS: i64 = 30_000;

/// What this node judges, and since when it does so without fault.
#[derive(Debug, Clone, Default)]
pub(crate) struct Judged {
    /// Since when each evaluation worked out all rules; nothing while one of them can not be.
    sound_since_ms: Option<i64>,
    evaluated_ms: i64,
    /// At a hub: the places that it judges, each since when.
    places: Arc<BTreeMap<(Slug, Slug), i64>>,
    /// At a relay: the machines that another relay of its site judges.
    beside: Arc<BTreeSet<String>>,
}

impl Judged {
    /// After an evaluation.
    pub(crate) fn after(&self, judging: &Judging, now: At) -> Self {
        let sound_since_ms = if judging.is_sound() { self.sound_since_ms.or(Some(now.boot_ms)) } else { None };
        let (places, beside) = match &judging.judges {
            Judges::Places(_) if *self.places == judging.judged_since_ms => (self.places.clone(), Arc::default()),
            Judges::Places(_) => (Arc::new(judging.judged_since_ms.clone()), Arc::default()),
            Judges::AllBut(beside) if *self.beside == *beside => (Arc::default(), self.beside.clone()),
            Judges::AllBut(beside) => (Arc::default(), Arc::new(beside.clone())),
        };
        Self { sound_since_ms, evaluated_ms: now.boot_ms, places, beside }
    }

    /// Whether what this node does not find is not so.
    pub(crate) fn is_sound(&self, now: At) -> bool {
        let is_long_ago = |since_ms: i64| now.boot_ms.saturating_sub(since_ms) >= SURE_AFTER_MS;
        now.boot_ms.saturating_sub(self.evaluated_ms) < OLD_AFTER_MS && self.sound_since_ms.is_some_and(is_long_ago)
    }

    /// Whether a relay vouches for a machine of its site.
    fn vouches_beside(&self, machine: NodeId, now: At) -> bool {
        self.is_sound(now) && !self.beside.contains(&machine.to_string())
    }

    /// Whether somebody vouches at a hub for the machines of a place: the hub or their relays.
    fn vouches_at(&self, (client, site): (&Slug, &Slug), presence: &Presence, now: At) -> bool {
        match self.places.get(&(client.clone(), site.clone())) {
            Some(since_ms) => self.is_sound(now) && now.boot_ms.saturating_sub(*since_ms) >= SURE_AFTER_MS,
            None => presence.relays_vouch(client, site),
        }
    }
}

impl Presence {
    /// Whether the relays of a place that are connected say of themselves that they work out all rules.
    fn relays_vouch(&self, client: &Slug, site: &Slug) -> bool {
        let relays = self.sighted_relays(client, site).filter(|one| one.is_connected);
        let mut words = relays.map(|one| one.word.is_some_and(|word| word.answers == Answers::Yes)).peekable();
        words.peek().is_some() && words.all(|vouches| vouches)
    }
}

impl Watchman {
    /// A relay says of its machines whether they answer: the hub can not know.
    pub(crate) fn vouch(&self, judging: &mut Judging, now: At) {
        let Some((client, site)) = self.home.as_ref().filter(|_| self.role == Role::Relay) else { return };
        let presence = lock(&self.presence);
        let mut said = presence.sayings(now.utc);
        drop(presence);
        said.push(self.own_saying(now));
        let is_said =
            |one: &Saying| judging.vouched.get(&one.machine).is_some_and(|(a, since)| one.is_said_by(*a, *since));
        let news: Vec<Saying> = said.into_iter().filter(|one| !is_said(one)).collect();
        let scope = Scope::Site(client.clone(), site.clone());
        let edits = news.iter().filter_map(|one| vouching::write(&scope, self.node, *one).ok()).collect();
        if news.is_empty() {
            return;
        }
        match self.rows.change(edits) {
            Ok(_) => judging.vouched.extend(news.iter().map(|one| (one.machine, (one.answers, one.since)))),
            Err(error) => tracing::warn!(%error, "the hub is not told who answers here; it is tried again"),
        }
    }

    /// What a relay says of itself: whether it judges.
    pub(crate) fn own_saying(&self, now: At) -> Saying {
        let is_sound = lock(&self.found).judged.is_sound(now);
        let answers = if is_sound { Answers::Yes } else { Answers::No };
        Saying { machine: self.node, answers, since: now.utc, beside: None }
    }

    /// Of these machines in their order; nothing is known of one that is not enrolled here.
    pub(crate) fn healths_of(&self, machines: &[NodeId]) -> Vec<Health> {
        let now = (self.clock)();
        let judged = lock(&self.found).judged.clone();
        let mut open: HashMap<NodeId, (Option<Severity>, bool)> = HashMap::new();
        let register = lock(&self.register);
        for about in
            register.book.alerts().filter(|alert| alert.is_open()).filter_map(|alert: &Alert| alert.about.as_ref())
        {
            let Some(id) = about.labels.get("machine_id").and_then(|id| id.parse().ok()) else { continue };
            let (worst, is_doubtful) = open.entry(id).or_default();
            match about.doubt {
                None => *worst = (*worst).max(Some(about.severity)),
                Some(_) => *is_doubtful = true,
            }
        }
        drop(register);
        let presence = lock(&self.presence);
        // Ten thousand machines are of some hundred places.
        let mut vouched_at: HashMap<(&Slug, &Slug), bool> = HashMap::new();
        let mut health = |machine: NodeId| {
            let Some(machine) = presence.machine(machine) else { return Health::Unknown };
            let place = (&machine.client, &machine.site);
            let mut is_vouched = || match self.role {
                Role::Hub => *vouched_at.entry(place).or_insert_with(|| judged.vouches_at(place, &presence, now)),
                Role::Relay | Role::Agent => judged.vouches_beside(machine.node, now),
            };
            match open.get(&machine.node) {
                Some((Some(Severity::Critical), _)) => Health::Critical,
                Some((Some(Severity::Warning), _)) => Health::Warning,
                Some((_, true)) => Health::Unknown,
                Some((Some(Severity::Info) | None, false)) | None if is_vouched() => Health::Ok,
                Some((Some(Severity::Info) | None, false)) | None => Health::Unknown,
            }
        };
        // Looked up in the order of ids, ten thousand are found beside one another; as they are asked for, each somewhere else.
        let mut order: Vec<usize> = (0..machines.len()).collect();
        order.sort_unstable_by_key(|at| machines[*at]);
        let mut healths = vec![Health::Unknown; machines.len()];
        order.into_iter().for_each(|at| healths[at] = health(machines[at]));
        healths
    }
}
