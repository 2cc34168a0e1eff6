//! Who is there? Feeds what was heard to the vigil, and says what follows as series that rules can ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use vigie_fleet::{Answers, Sighted, Spoken};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_query::LabelSet;
use vigie_serve::USUAL_ABSENCE_MS;
use vigie_watch::presence::{Beat, Cause, Fact, Post, Reach, Timing, Vigil};

use crate::beside::Beside;
use crate::relays::Relays;
use crate::seeing::Stated;
use crate::sight::At;

/// What is heard so soon after a goodbye was on its way when it was said.
const ECHO_MS: i64 = 5_000;

/// Who is there, as this node knows.
#[derive(Debug)]
pub(crate) struct Presence {
    pub(crate) vigil: Vigil,
    pub(crate) post: Post,
    pub(crate) nodes: BTreeMap<NodeId, Tracked>,
    /// Those of the nodes that are relays, by their places.
    relays: Relays,
    /// Relays that were ever heard, also before this program began.
    heard_relays: BTreeSet<NodeId>,
    /// Those that were heard for the first time since this was last taken.
    new_relays: Vec<NodeId>,
    /// When it was last looked, by the clock that only goes forward.
    looked_at_ms: i64,
    /// What other relays of this site say.
    pub(crate) beside: Beside,
    /// What was last said while somebody was heard.
    pub(crate) said: Stated,
}

#[derive(Debug)]
pub(crate) struct Tracked {
    pub(crate) id: Arc<str>,
    pub(crate) sighted: Sighted,
    pub(crate) labels: Arc<LabelSet>,
    /// When it was last heard, for people.
    heard: Option<UtcMs>,
    /// By either way: what was last said of it, so that what is said anew is known by that, and not by a time that a
    /// clock which was set may have given before.
    own: Option<UtcMs>,
    brought: Option<UtcMs>,
    goodbye: Option<UtcMs>,
    /// When it said goodbye, by the clock that only goes forward.
    left_ms: Option<i64>,
    /// What its relay said of it the last time.
    word: Option<Spoken>,
}

/// What is known of a machine, for whoever tells of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) reach: Reach,
    pub(crate) heard_at: Option<UtcMs>,
    pub(crate) via: Option<String>,
}

impl Presence {
    pub(crate) fn new(post: Post, heard_relays: BTreeSet<NodeId>, now: At) -> Self {
        let vigil = Vigil::new(post, Timing::default(), now.boot_ms);
        Self {
            vigil,
            post,
            nodes: BTreeMap::new(),
            relays: Relays::default(),
            heard_relays,
            new_relays: Vec::new(),
            looked_at_ms: now.boot_ms,
            beside: Beside::default(),
            said: Vec::new(),
        }
    }

    /// Takes in who was heard since the last time, and judges again.
    pub(crate) fn look(&mut self, sighted: Vec<Sighted>, now: At) {
        let here: BTreeSet<NodeId> = sighted.iter().map(|one| one.node).collect();
        let gone: Vec<NodeId> = self.nodes.keys().filter(|node| !here.contains(*node)).copied().collect();
        gone.into_iter().for_each(|node| self.retire(node, now));
        sighted.into_iter().for_each(|one| self.take(one, now));
        self.looked_at_ms = now.boot_ms;
        for (machine, is_there) in self.heard_elsewhere() {
            self.vigil.learn(Fact::Elsewhere { machine, is_there }, now.boot_ms);
        }
        for change in self.vigil.look(now.boot_ms) {
            tracing::info!(of = ?change.of, from = ?change.from, to = ?change.to, "what is known of it has changed");
        }
    }

    fn retire(&mut self, node: NodeId, now: At) {
        let Some(tracked) = self.nodes.remove(&node) else { return };
        self.relays.take(&tracked.sighted);
        let fact = if tracked.sighted.role == Role::Relay { Fact::RetiredRelay } else { Fact::Retired };
        self.vigil.learn(fact(tracked.id), now.boot_ms);
    }

    fn take(&mut self, sighted: Sighted, now: At) {
        if sighted.role == Role::Relay && self.post == Post::Relay {
            return;
        }
        let is_new = self.nodes.get(&sighted.node).is_none_or(|known| {
            (known.sighted.role, &known.sighted.client, &known.sighted.site, &known.sighted.name)
                != (sighted.role, &sighted.client, &sighted.site, &sighted.name)
        });
        if is_new {
            self.meet(&sighted, now);
        }
        let looked_at_ms = self.looked_at_ms;
        let Some(tracked) = self.nodes.get_mut(&sighted.node) else { return };
        let goodbye = sighted.goodbye_at.filter(|at| tracked.goodbye != Some(*at));
        // It happened since the last look, wherever the clock was set meanwhile.
        let happened_ms = |at: UtcMs| {
            let ago_ms = now.utc.0.saturating_sub(at.0).clamp(0, now.boot_ms.saturating_sub(looked_at_ms).max(0));
            now.boot_ms.saturating_sub(ago_ms)
        };
        match (goodbye, sighted.goodbye_at) {
            (Some(at), _) => tracked.left_ms = Some(happened_ms(at)),
            (None, None) => tracked.left_ms = None,
            (None, Some(_)) => {}
        }
        let is_echo = |ms: i64| tracked.left_ms.is_some_and(|left| ms <= left.saturating_add(ECHO_MS));
        let news = |at: Option<UtcMs>, known: Option<UtcMs>| {
            let at = at.filter(|at| known != Some(*at))?;
            Some((happened_ms(at), at)).filter(|(ms, _)| !is_echo(*ms))
        };
        let own = news(sighted.heard_at, tracked.own);
        let brought = news(sighted.brought.map(|(_, at)| at), tracked.brought);
        let heard = own.max(brought);
        // Of the two ways the one it was last heard by.
        let by = sighted.brought.filter(|_| brought > own && !sighted.is_connected).map(|(by, _)| by);
        tracked.heard = heard.map(|(_, at)| at).or(tracked.heard);
        tracked.own = sighted.heard_at.or(tracked.own);
        tracked.brought = sighted.brought.map(|(_, at)| at).or(tracked.brought);
        tracked.goodbye = sighted.goodbye_at;
        let known_word = std::mem::replace(&mut tracked.word, sighted.word);
        tracked.sighted = sighted;
        let (id, one) = (tracked.id.clone(), tracked.sighted.clone());
        if let Some(beat_ms) = one.beat_ms {
            self.vigil.learn(Fact::Beats { of: id.clone(), every_ms: beat_ms.into() }, now.boot_ms);
        }
        if let Some((heard_ms, _)) = heard {
            self.hear(&id, &one, heard_ms, by, now);
        }
        if goodbye.is_some() {
            let fact = match one.role {
                Role::Relay => Fact::RelayGoodbye { relay: id.clone(), back_in_ms: USUAL_ABSENCE_MS },
                Role::Agent | Role::Hub => Fact::Goodbye { machine: id.clone(), back_in_ms: USUAL_ABSENCE_MS },
            };
            self.vigil.learn(fact, now.boot_ms);
        }
        if let Some(word) = one.word.filter(|word| one.role == Role::Agent && known_word != Some(*word)) {
            self.vouched(&id, word, now);
        }
    }

    /// Somebody new, or known by another name or place.
    fn meet(&mut self, sighted: &Sighted, now: At) {
        let id: Arc<str> = sighted.node.to_string().into();
        let site: Arc<str> = format!("{}/{}", sighted.client, sighted.site).into();
        let brought = sighted.brought.map(|(_, at)| at);
        let left_ms = |at: UtcMs| now.boot_ms.saturating_sub(now.utc.0.saturating_sub(at.0).max(0));
        let word = self.nodes.get(&sighted.node).and_then(|known| known.word);
        let before = match self.nodes.get(&sighted.node) {
            Some(known) => (known.heard, known.own, known.brought, known.goodbye, known.left_ms),
            // What was heard by an earlier life of this program is no news, unless they are connected now.
            None if sighted.is_connected => (None, None, None, None, None),
            None => {
                let last = sighted.heard_at.max(brought);
                (last, sighted.heard_at, brought, sighted.goodbye_at, sighted.goodbye_at.map(left_ms))
            }
        };
        let (heard, own, brought, goodbye, left_ms) = before;
        let labels = LabelSet::new([
            ("client", sighted.client.as_str()),
            ("site", sighted.site.as_str()),
            ("machine", sighted.name.as_str()),
            ("machine_id", &id),
        ]);
        let mut learn = |fact| self.vigil.learn(fact, now.boot_ms);
        if sighted.role == Role::Relay {
            learn(Fact::Relay { relay: id.clone(), site });
            if self.heard_relays.contains(&sighted.node) {
                learn(Fact::RememberedRelay(id.clone()));
            }
        } else {
            learn(Fact::Enrolled { machine: id.clone(), site });
            if sighted.sampled_at.is_some() {
                learn(Fact::Remembered(id.clone()));
            }
        }
        let tracked = Tracked {
            id,
            sighted: sighted.clone(),
            labels: Arc::new(labels),
            heard,
            own,
            brought,
            goodbye,
            left_ms,
            word,
        };
        if let Some(before) = self.nodes.insert(sighted.node, tracked) {
            self.relays.take(&before.sighted);
        }
        self.relays.put(sighted);
    }

    fn hear(&mut self, id: &Arc<str>, one: &Sighted, heard_ms: i64, by: Option<NodeId>, now: At) {
        if one.role == Role::Relay {
            if self.heard_relays.insert(one.node) {
                self.new_relays.push(one.node);
            }
            return self.vigil.learn(Fact::HeardRelay(id.clone()), heard_ms);
        }
        let sample_age_ms = one.sampled_at.map_or(i64::MAX, |sampled| now.utc.0.saturating_sub(sampled.0));
        let by = by.and_then(|relay| Some(self.nodes.get(&relay)?.id.clone()));
        self.vigil.learn(Fact::Heard(Beat { machine: id.clone(), by, sample_age_ms }), heard_ms);
    }

    /// A relay of its site says whether a machine answers it.
    fn vouched(&mut self, machine: &Arc<str>, word: Spoken, now: At) {
        let Some(relay) = self.nodes.get(&word.relay).map(|relay| relay.id.clone()) else { return };
        let since_ms = now.utc.0.saturating_sub(word.since.0).max(0);
        let fact = match word.answers {
            // What it said of itself is believed for as long as where it was said.
            Answers::Away if since_ms < USUAL_ABSENCE_MS => {
                Fact::Goodbye { machine: machine.clone(), back_in_ms: USUAL_ABSENCE_MS - since_ms }
            }
            Answers::Away | Answers::No => Fact::Vouched { relay, machine: machine.clone(), answers: false },
            Answers::Yes => Fact::Vouched { relay, machine: machine.clone(), answers: true },
        };
        self.vigil.learn(fact, now.boot_ms);
    }

    /// Relays heard for the first time ever, since this was last asked.
    pub(crate) fn take_new_relays(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.new_relays)
    }

    /// Places whose relay judges them: it was heard once, and is not off while its machines are heard by another way.
    pub(crate) fn judged_elsewhere(&self, now: At) -> BTreeSet<(Slug, Slug)> {
        let relays = self.nodes.values().filter(|known| known.sighted.role == Role::Relay);
        let heard = relays.filter(|known| self.heard_relays.contains(&known.sighted.node));
        let places: BTreeSet<(Slug, Slug)> =
            heard.map(|known| (known.sighted.client.clone(), known.sighted.site.clone())).collect();
        let is_off = |(client, site): &(Slug, Slug)| {
            let name = format!("{client}/{site}");
            self.vigil.site_reach(&name) == Some(Reach::Cut) && self.vigil.cause(&name, now.boot_ms) == Cause::RelayOff
        };
        places.into_iter().filter(|place| !is_off(place)).collect()
    }

    /// Places that this node judges itself, of all that have machines.
    pub(crate) fn places(&self) -> BTreeSet<(Slug, Slug)> {
        let agents = self.nodes.values().filter(|known| known.sighted.role == Role::Agent);
        agents.map(|known| (known.sighted.client.clone(), known.sighted.site.clone())).collect()
    }

    /// Whether this node hears nobody: then it says nothing of anybody.
    pub(crate) fn is_deaf(&self, now: At) -> bool {
        self.vigil.is_deaf(now.boot_ms)
    }

    /// Whether this node's own network works, as far as it can tell.
    pub(crate) fn own_network(&mut self, works: bool, now: At) {
        self.vigil.learn(Fact::OwnNetwork(works), now.boot_ms);
    }

    /// What is known of a machine.
    pub(crate) fn known(&self, machine_id: &str) -> Option<Known> {
        let tracked = self.nodes.get(&machine_id.parse().ok()?)?;
        let via = tracked.sighted.brought.and_then(|(by, _)| Some(self.nodes.get(&by)?.sighted.name.clone()));
        let reach = self.vigil.reach(&tracked.id)?;
        Some(Known { reach, heard_at: tracked.heard, via })
    }

    /// How a machine is known and when anything of it was last heard; nothing of one that is not enrolled here.
    pub(crate) fn last_heard(&self, machine: NodeId) -> Option<(Option<Reach>, Option<UtcMs>)> {
        let tracked = self.nodes.get(&machine)?;
        Some((self.vigil.reach(&tracked.id), tracked.heard.max(tracked.sighted.sampled_at)))
    }

    /// Whether this is a machine that is enrolled here.
    pub(crate) fn is_enrolled(&self, machine_id: &str) -> bool {
        machine_id.parse().is_ok_and(|node: NodeId| self.nodes.contains_key(&node))
    }

    /// Whether this is a relay that is enrolled.
    pub(crate) fn is_relay(&self, node: NodeId) -> bool {
        self.nodes.get(&node).is_some_and(|known| known.sighted.role == Role::Relay)
    }

    /// When a site was last heard, as far as this node knows, and by which relay.
    pub(crate) fn site(&self, client: &str, site: &str) -> Option<Known> {
        let relays = self.relays.at(&client.parse().ok()?, &site.parse().ok()?);
        let relay = relays.filter_map(|relay| self.nodes.get(&relay)).max_by_key(|known| known.heard)?;
        let reach = self.vigil.site_reach(&format!("{client}/{site}"))?;
        Some(Known { reach, heard_at: relay.heard, via: Some(relay.sighted.name.clone()) })
    }

    /// The relays of a place, as they were last sighted.
    pub(crate) fn sighted_relays(&self, client: &Slug, site: &Slug) -> impl Iterator<Item = &Sighted> {
        self.relays.at(client, site).filter_map(|relay| Some(&self.nodes.get(&relay)?.sighted))
    }

    /// A machine that is enrolled here.
    pub(crate) fn machine(&self, machine: NodeId) -> Option<&Sighted> {
        let found = &self.nodes.get(&machine)?.sighted;
        (found.role == Role::Agent).then_some(found)
    }

    /// The relays of a place.
    pub(crate) fn relays_of(&self, client: &Slug, site: &Slug) -> Vec<NodeId> {
        self.relays.at(client, site).collect()
    }

    /// The names of all machines of a place, or of all places.
    pub(crate) fn machines(&self) -> impl Iterator<Item = &Sighted> {
        self.nodes.values().map(|known| &known.sighted).filter(|known| known.role == Role::Agent)
    }

    /// Each machine and whether it answers, where that can be said: what a relay vouches for.
    pub(crate) fn answers(&self) -> impl Iterator<Item = (&Sighted, Answers)> {
        let agents = self.nodes.values().filter(|known| known.sighted.role == Role::Agent);
        agents.filter_map(|known| match self.vigil.reach(&known.id)? {
            Reach::Live | Reach::Late => Some((&known.sighted, Answers::Yes)),
            Reach::Asleep => Some((&known.sighted, Answers::Away)),
            Reach::Silent => Some((&known.sighted, Answers::No)),
            Reach::Cut | Reach::Unseen => None,
        })
    }
}
