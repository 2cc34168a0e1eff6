//! Which rules are due, what did they find, and which rows say so?

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use vigie_alerts::{Part, Thing};
use vigie_fleet::Answers;
use vigie_merge::{Key, Scope, Ulid};
use vigie_model::{NodeId, Role, Slug, UtcMs};
use vigie_store::{ReadError, State};
use vigie_watch::{Evaluation, Failure, Instance, Mind, Settings};

use crate::overlay::Judges;
use crate::remembered::Remembered;
use crate::rulebook::Rulebook;
use crate::seats::origin;
use crate::sight::At;
use crate::steady::Steady;
use crate::verdict::is_judged_here;
use crate::watchman::{Found, Watching, Watchman, lock};
use crate::written::Written;

/// How long after it began to judge a place a judge believes that what it does not find wrong there is well: as long as the
/// watch itself waits for machines to be heard, and some more.
pub(crate) const SURE_AFTER_MS: i64 = 120_000;

/// Alerts of which it is asked at once whether the hub has them: some milliseconds of reading, after each sign of the hub.
const ASKED_AT_ONCE: usize = 256;

/// How often the folder of rules is looked at.
const RULES_EVERY_MS: i64 = 10_000;

/// What only whoever judges touches.
pub(crate) struct Judging {
    pub(crate) mind: Mind,
    pub(crate) settings: Settings,
    pub(crate) rulebook: Arc<Rulebook>,
    rules_at_ms: i64,
    remembered: Remembered,
    pub(crate) written: Written,
    pub(crate) judges: Judges,
    began_ms: i64,
    /// Since when each place is judged here, at a hub.
    pub(crate) judged_since_ms: BTreeMap<(Slug, Slug), i64>,
    /// When each rule of a group was last worked out.
    worked_out_ms: BTreeMap<(String, String), i64>,
    /// What was said of each machine: whether it answers, and since when.
    pub(crate) vouched: BTreeMap<NodeId, (Answers, UtcMs)>,
    unwritten: bool,
    /// When rules were last worked out.
    evaluated: Option<UtcMs>,
    /// What no row can be written of: each is written by itself, so that it keeps nothing else from being written.
    pub(crate) refused: BTreeSet<Thing>,
    /// Alerts that the hub is known to have, each with when it began.
    with_hub: BTreeMap<Ulid, UtcMs>,
    pub(crate) steady: Steady,
    /// Rules that could not be worked out when they were last due, and why.
    failures: BTreeMap<String, String>,
}

impl Judging {
    /// The rules of this node, with what they had found before it stopped.
    pub(crate) fn begin(
        watching: &Watching,
        mut rulebook: Rulebook,
        role: Role,
        state: &State,
        now: At,
    ) -> Result<Self, ReadError> {
        let settings = Settings { external_url: watching.url.clone().unwrap_or_default(), ..Settings::default() };
        let mut mind = rulebook.mind(&settings, role);
        rulebook.faults.iter().for_each(|fault| tracing::error!(%fault, "rules are left out"));
        let (remembered, saved) = Remembered::load(state)?;
        // What belongs to a rule that is no more is ended as its rows are looked at.
        drop(mind.restore(saved, now.utc.0));
        Ok(Self {
            mind,
            settings,
            rulebook: Arc::new(rulebook),
            rules_at_ms: now.boot_ms,
            remembered,
            written: Written::default(),
            judges: if role == Role::Hub { Judges::Places(BTreeSet::new()) } else { Judges::AllBut(BTreeSet::new()) },
            began_ms: now.boot_ms,
            judged_since_ms: BTreeMap::new(),
            worked_out_ms: BTreeMap::new(),
            vouched: BTreeMap::new(),
            unwritten: false,
            evaluated: None,
            refused: BTreeSet::new(),
            with_hub: BTreeMap::new(),
            steady: Steady::default(),
            failures: BTreeMap::new(),
        })
    }
}

impl Judging {
    /// Notes which rules were worked out, and which could not be: those stay known until they are.
    fn note_outcome(&mut self, evaluation: &mut Evaluation, now: At) {
        for rule in evaluation.worked_out.drain(..) {
            self.failures.remove(&rule.to_string());
            self.worked_out_ms.insert((origin(&rule.group).to_owned(), rule.rule.to_string()), now.boot_ms);
        }
        for Failure { rule, why } in evaluation.failures.drain(..) {
            let is_known = self.failures.get(&rule.to_string()) == Some(&why);
            if !is_known {
                tracing::warn!(%rule, %why, "a rule could not be worked out; its alerts stay as they were");
            }
            self.failures.insert(rule.to_string(), why);
        }
    }

    /// Whether all rules that there are could be read and were worked out when they were last due, and what they found is
    /// written.
    pub(crate) fn is_sound(&self) -> bool {
        let all_were = || self.rulebook.alerts.iter().all(|rule| self.worked_out_ms.contains_key(rule));
        self.failures.is_empty() && self.rulebook.faults.is_empty() && !self.unwritten && all_were()
    }

    /// Whether what a rule does not find at a place is well: it was worked out, without a fault, when that place had been
    /// judged here for a while.
    pub(crate) fn is_sure(&self, rule: &str, scope: &Scope) -> bool {
        let since_ms = match scope {
            Scope::Site(client, site) => self.judged_since_ms.get(&(client.clone(), site.clone())),
            Scope::Client(_) | Scope::Deployment => None,
        };
        let sure_ms = since_ms.unwrap_or(&self.began_ms).saturating_add(SURE_AFTER_MS);
        let mut groups = self.rulebook.groups_with_alert(rule).peekable();
        let at = |group: &str| self.worked_out_ms.get(&(group.to_owned(), rule.to_owned()));
        groups.peek().is_some() && groups.all(|group| at(group).is_some_and(|at| *at >= sure_ms))
    }
}

impl Watchman {
    /// Works out the rules that are due, and writes what follows. Call it every second from a thread that may block.
    pub fn judge(&self) {
        let now = (self.clock)();
        self.read_what_is_unread();
        let mut judging = lock(&self.judging);
        self.read_rules_again(&mut judging, now);
        self.hand_over(&mut judging, now);
        self.vouch(&mut judging, now);
        let due = judging.mind.next_due_ms().is_none_or(|due| due <= now.utc.0);
        // Rules are due by UTC: when the clock was set back, what was due by the clock before it would wait as long again.
        let was_set_back = judging.evaluated.is_none_or(|last| now.utc < last);
        if due || was_set_back || judging.unwritten {
            self.evaluate(&mut judging, now);
        }
        self.ask_whether_the_hub_knows(&mut judging);
    }

    /// Takes what was just said of rules into use, without waiting until they are judged.
    pub(crate) fn take_new_rules(&self) {
        let now = (self.clock)();
        self.read_rules_again(&mut lock(&self.judging), now);
    }

    fn read_rules_again(&self, judging: &mut Judging, now: At) {
        let is_new = self.rules_are_new.swap(false, Ordering::Relaxed);
        if !is_new && now.boot_ms.saturating_sub(judging.rules_at_ms) < RULES_EVERY_MS {
            return;
        }
        judging.rules_at_ms = now.boot_ms;
        // Who comes or goes may be meant by a rule that is for some machines.
        let met = judging.rulebook.machines != self.machines_meant();
        if is_new || met || judging.rulebook.is_outdated(&self.watching.rules) {
            self.take_rules(judging, now);
        }
    }

    /// Takes the rules of the folder into use; alerts of rules that are still there go on.
    pub(crate) fn take_rules(&self, judging: &mut Judging, now: At) {
        let mut rulebook = self.read_rulebook();
        let new = rulebook.mind(&judging.settings, self.role);
        rulebook.faults.iter().for_each(|fault| tracing::error!(%fault, "rules are left out"));
        let none = Mind::new(&[], judging.settings.clone()).expect("no rules can be worked out");
        let old = std::mem::replace(&mut judging.mind, none);
        // What ended with its rule is found by its rows.
        (judging.mind, _) = old.replaced_by(new, now.utc.0);
        tracing::info!(groups = rulebook.groups.len(), "rules were taken into use");
        judging.rulebook = Arc::new(rulebook);
        lock(&self.found).rulebook = judging.rulebook.clone();
        judging.worked_out_ms.clear();
        judging.failures.clear();
        judging.unwritten = true;
    }

    /// The rules of the folder, at once.
    pub(crate) fn reload(&self) {
        let mut judging = lock(&self.judging);
        let now = (self.clock)();
        self.take_rules(&mut judging, now);
    }

    /// A hub judges the places whose relay does not, and a relay the machines that no other relay heard later. What is
    /// judged here no longer is neither begun nor ended here.
    fn hand_over(&self, judging: &mut Judging, now: At) {
        let presence = lock(&self.presence);
        let judges = if self.role == Role::Hub {
            let elsewhere = presence.judged_elsewhere(now);
            Judges::Places(presence.places().difference(&elsewhere).cloned().collect())
        } else {
            Judges::AllBut(presence.judged_beside())
        };
        drop(presence);
        if judges == judging.judges {
            return;
        }
        if let Judges::Places(places) = &judges {
            judging.judged_since_ms.retain(|place, _| places.contains(place));
            for place in places {
                judging.judged_since_ms.entry(place.clone()).or_insert(now.boot_ms);
            }
        }
        judging.judges = judges;
        let judges = &judging.judges;
        let gone = |instance: &Instance| !is_judged_here(judges, &instance.labels);
        drop(judging.mind.forget(now.utc.0, gone));
        judging.steady.forget(|labels| !is_judged_here(judges, labels));
    }

    fn evaluate(&self, judging: &mut Judging, now: At) {
        let began = Instant::now();
        let mut evaluation = self.work_out(judging, now);
        judging.evaluated = Some(now.utc);
        judging.note_outcome(&mut evaluation, now);
        judging.written.take(evaluation.outputs, now.utc.0);
        let retired = self.of_retired(&mut judging.mind, now);
        let changed = !(evaluation.transitions.is_empty() && retired.is_empty());
        // Rows first: what is not written as found is found again.
        let mut ended = judging.steady.ended(evaluation.transitions, now.boot_ms);
        ended.extend(retired);
        let withheld = judging.steady.withheld(&judging.mind, &judging.worked_out_ms, now.boot_ms);
        let verdicts = self.verdicts(judging, &ended, &withheld, now);
        judging.unwritten = !self.write(&mut judging.refused, verdicts);
        if let Err(error) = judging.remembered.save(&self.state, &judging.mind, changed, now.utc.0) {
            tracing::warn!(%error, "what is pending is not written down: after a crash it begins anew");
        }
        let instances = judging.mind.instances().map(|(rule, instance)| (rule.clone(), instance.clone())).collect();
        let mut found = lock(&self.found);
        let judged = found.judged.after(judging, now);
        *found = Found {
            rulebook: judging.rulebook.clone(),
            instances: Arc::new(instances),
            failures: judging.failures.clone(),
            evaluated: Some(now.utc),
            took: began.elapsed(),
            judged,
        };
    }

    /// A relay leaves to the hub what the hub has, durably, as it is here.
    fn ask_whether_the_hub_knows(&self, judging: &mut Judging) {
        if self.role != Role::Relay || !self.hub_was_heard.swap(false, Ordering::Relaxed) {
            return;
        }
        let register = lock(&self.register);
        let open: BTreeMap<Ulid, UtcMs> = register
            .book
            .alerts()
            .filter(|alert| alert.is_open())
            .filter_map(|alert| Some((alert.place.id, alert.about.as_ref()?.since)))
            .collect();
        judging.with_hub.retain(|id, since| open.get(id) == Some(since));
        let unsure = open.into_iter().filter(|(id, since)| judging.with_hub.get(id) != Some(since));
        let asked: Vec<(Ulid, UtcMs, Vec<Key>)> = unsure
            .take(ASKED_AT_ONCE)
            .filter_map(|(id, since)| {
                let place = &register.book.alert(id)?.place;
                let keys = [Part::About, Part::Raises].into_iter().filter_map(|part| place.key(part).ok());
                Some((id, since, keys.collect()))
            })
            .collect();
        drop(register);
        // Nobody who looks at alerts waits while rows are read.
        let known = asked.into_iter().filter(|(_, _, keys)| self.rows.have(&[], keys));
        let known: Vec<(Ulid, UtcMs)> = known.map(|(id, since, _)| (id, since)).collect();
        judging.with_hub.extend(known.iter().copied());
        self.hub_has(&known);
    }
}
