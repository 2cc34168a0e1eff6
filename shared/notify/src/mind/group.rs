//! What stands in one notice together, and when is it told?

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vigie_model::{Slug, UtcMs};

use super::alert::{About, Change, Facts, Instance, Judge};
use super::clocks::{Clocks, Steady};
use super::fence::HAND_OVER_MS;
use super::key::Digest16;
use super::notice::Kind;
use super::route::{Admission, Route};

/// What lasted no longer than this and was over before anybody could be told is told to nobody.
pub const BRIEF_MS: i64 = 5 * 60_000;

/// How long after the last late news of a site they are told: the urgent lanes are empty by then.
pub const SETTLE_MS: i64 = 60_000;

/// How long they are gathered at most.
const LONGEST_SETTLE_MS: i64 = 5 * 60_000;

/// An instance that a route is told of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Member {
    pub(crate) facts: Facts,
    pub(crate) judge: Judge,
    pub(crate) ended: Option<UtcMs>,
    /// When its last change was heard.
    pub(crate) heard: Steady,
    /// Its beginning was given to the outbox.
    pub(crate) told: bool,
    pub(crate) acknowledged: bool,
    /// The other side tells of it, from its beginning to its end.
    pub(crate) elsewhere: bool,
    /// Its last change was learnt after a cut.
    pub(crate) late: bool,
    /// Held back in quiet hours: if it is over before they are, it stands in a digest.
    pub(crate) held: bool,
    /// Not before the hub had time to say that it knows.
    pub(crate) not_before: Steady,
}

/// What of a group is known beside its members.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    pub(crate) route: String,
    /// Whose late news it gathers, if it does.
    pub(crate) late: Option<(Slug, Option<Slug>)>,
    pub(crate) told_at: Option<Steady>,
    /// What all its notices share, from the first to the one that says that all is over.
    pub(crate) thread: Option<Digest16>,
}

#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) head: Head,
    pub(crate) members: BTreeMap<Instance, Member>,
    /// When it is to be looked at next; not at all until something is heard if there is none.
    pub(crate) check_at: Option<Steady>,
}

/// What a group has to tell now.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    pub(crate) notices: Vec<Telling>,
    pub(crate) gone: Vec<Instance>,
    pub(crate) changed: Vec<Instance>,
}

/// One notice of a group.
#[derive(Debug)]
pub(crate) struct Telling {
    pub(crate) kind: Kind,
    pub(crate) wrong: Vec<Instance>,
    pub(crate) over: Vec<Instance>,
    /// Which repetition it is; zero is the first time.
    pub(crate) round: u64,
}

/// What others decided about a member.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Around {
    /// A silence or a maintenance keeps it from being told.
    pub(crate) muted: bool,
    /// When that ends or begins by itself, if it does.
    pub(crate) turns: Option<Steady>,
    /// The hub judged what it could not see: its site is cut off.
    pub(crate) behind_a_cut: bool,
}

/// What is to be done about a member.
enum Step {
    Wait(Option<Steady>),
    Hold(Option<Steady>),
    Forget,
    Wrong,
    Over,
    Digest,
    Again(u64),
}

impl Group {
    /// Looks at all members, says what is told now, and when to look again.
    pub(crate) fn look(&mut self, route: &Route, now: Clocks, around: impl Fn(&Member) -> Around) -> Ready {
        let mut ready = Ready::default();
        let mut next = Next(None);
        let (mut wrong, mut over, mut digest, mut again) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (instance, member) in &mut self.members {
            match member.step(*instance, route, &self.head, now, around(member)) {
                Step::Wait(until) => next.at(until),
                Step::Hold(until) => {
                    if !member.held {
                        member.held = true;
                        ready.changed.push(*instance);
                    }
                    next.at(until);
                }
                Step::Forget => ready.gone.push(*instance),
                Step::Wrong => wrong.push(*instance),
                Step::Over => over.push(*instance),
                Step::Digest => digest.push(*instance),
                Step::Again(round) => again.push((*instance, round)),
            }
        }
        let told_at = self.head.told_at;
        let all = wrong.iter().chain(&over).chain(&digest);
        let may_tell = self.may_tell(route, all, !wrong.is_empty());
        match may_tell {
            Some(at) if at > now.steady => next.at(Some(at)),
            Some(_) => {
                self.tell(&mut ready, wrong, over, digest);
                self.head.told_at = Some(now.steady);
                // What follows is looked at when the next notice may go.
                next.at(Some(now.steady.after(route.interval_ms.max(1))));
            }
            None => {}
        }
        if let Some(round) = again.iter().map(|(_, round)| *round).max() {
            let wrong = again.into_iter().map(|(instance, _)| instance).collect();
            ready.notices.push(Telling { kind: self.kind(), wrong, over: Vec::new(), round });
            self.head.told_at = Some(now.steady);
        }
        if self.head.told_at != told_at && route.repeat_ms > 0 {
            next.at(Some(now.steady.after(route.repeat_ms)));
        }
        self.check_at = next.0;
        ready
    }

    fn tell(&mut self, ready: &mut Ready, wrong: Vec<Instance>, over: Vec<Instance>, digest: Vec<Instance>) {
        for instance in &wrong {
            if let Some(member) = self.members.get_mut(instance) {
                member.told = true;
                ready.changed.push(*instance);
            }
        }
        ready.gone.extend(over.iter().chain(&digest));
        let kind = match (self.kind(), wrong.is_empty()) {
            (Kind::Cut, true) => Kind::Back,
            (Kind::Firing, true) => Kind::Resolved,
            (kind, _) => kind,
        };
        if !wrong.is_empty() || !over.is_empty() {
            ready.notices.push(Telling { kind, wrong, over, round: 0 });
        }
        if !digest.is_empty() {
            ready.notices.push(Telling { kind: Kind::Digest, wrong: Vec::new(), over: digest, round: 0 });
        }
    }

    /// When what is ready may be told.
    fn may_tell<'a>(
        &self,
        route: &Route,
        ready: impl Iterator<Item = &'a Instance>,
        has_wrong: bool,
    ) -> Option<Steady> {
        let members: Vec<&Member> = ready.filter_map(|instance| self.members.get(instance)).collect();
        let first = members.iter().map(|member| member.heard).min()?;
        let last = members.iter().map(|member| member.heard).max()?;
        if members.iter().any(|member| member.late) {
            return Some(last.after(SETTLE_MS).min(first.after(LONGEST_SETTLE_MS)));
        }
        let after_last = self.head.told_at.map_or(Steady(i64::MIN), |told| told.after(route.interval_ms));
        match self.kind() {
            // That a site is back is told at once; that a site is cut again and again, not more often than other things.
            Kind::Cut if has_wrong => Some(first.max(after_last)),
            Kind::Cut => Some(first),
            _ => Some(first.after(route.wait_ms).max(after_last)),
        }
    }

    fn kind(&self) -> Kind {
        let is_cut = self.members.values().any(|member| member.facts.about == About::Cut);
        if is_cut { Kind::Cut } else { Kind::Firing }
    }
}

impl Member {
    /// As it may be after a restart: what was heard later than now, and what waits for longer than anybody would, is of
    /// another clock.
    pub(crate) fn resumed(mut self, now: Clocks) -> Self {
        self.heard = self.heard.min(now.steady);
        if self.not_before > now.steady.after(HAND_OVER_MS) {
            self.not_before = now.steady;
        }
        self
    }

    fn step(&self, instance: Instance, route: &Route, head: &Head, now: Clocks, around: Around) -> Step {
        let blocked = around.muted || around.behind_a_cut;
        let steady = |until: Option<UtcMs>| until.map(|until| now.steady_of(until));
        match (self.told, self.ended) {
            _ if self.elsewhere => self.ended.map_or(Step::Wait(None), |_| Step::Forget),
            (false, None) if self.acknowledged => Step::Wait(None),
            (false, None) if blocked => Step::Wait(around.turns),
            (false, None) if self.not_before > now.steady => Step::Wait(Some(self.not_before)),
            (false, None) => match route.admits(&self.facts, now.wall) {
                Admission::Open => Step::Wrong,
                Admission::Held { until, digest: true } => Step::Hold(steady(until)),
                Admission::Held { until, digest: false } => Step::Wait(steady(until)),
            },
            (false, Some(ended)) => self.untold_end(instance, ended, route, now, blocked),
            (true, None) => self.repeat(route, head, now, around),
            (true, Some(_)) if !route.tells_ended => Step::Forget,
            (true, Some(_)) => match route.admits(&self.facts, now.wall) {
                Admission::Open if self.late => Step::Digest,
                Admission::Open => Step::Over,
                Admission::Held { until, .. } => Step::Wait(steady(until)),
            },
        }
    }

    /// It was over before anybody was told.
    fn untold_end(&self, instance: Instance, ended: UtcMs, route: &Route, now: Clocks, blocked: bool) -> Step {
        let brief = ended.0.saturating_sub(instance.began.0) < BRIEF_MS;
        if blocked || self.acknowledged || (brief && !self.late && !self.held) {
            return Step::Forget;
        }
        if self.not_before > now.steady {
            return Step::Wait(Some(self.not_before));
        }
        match route.admits(&self.facts, now.wall) {
            Admission::Open => Step::Digest,
            Admission::Held { until, digest: true } => Step::Hold(until.map(|until| now.steady_of(until))),
            Admission::Held { .. } => Step::Forget,
        }
    }

    fn repeat(&self, route: &Route, head: &Head, now: Clocks, around: Around) -> Step {
        let Some(told_at) = head.told_at.filter(|_| route.repeat_ms > 0 && !self.acknowledged) else {
            return Step::Wait(None);
        };
        let at = told_at.after(route.repeat_ms);
        if around.muted || around.behind_a_cut || at > now.steady {
            return Step::Wait(Some(at.max(around.turns.unwrap_or(at))).filter(|at| *at > now.steady));
        }
        match route.admits(&self.facts, now.wall) {
            // By how long it is known, which both sides count alike, and which never comes to the same number twice.
            Admission::Open => Step::Again((now.steady.since(self.heard) / route.repeat_ms).max(1).cast_unsigned()),
            Admission::Held { until, .. } => Step::Wait(until.map(|until| now.steady_of(until))),
        }
    }
}

/// The changes that a notice tells.
pub(crate) fn changes(telling: &Telling, members: &BTreeMap<Instance, Member>) -> Vec<(Instance, Change)> {
    let began = telling.wrong.iter().map(|instance| (*instance, Change::Began));
    // What was never told begins and ends in the same notice.
    let untold = |instance: &&Instance| members.get(*instance).is_some_and(|member| !member.told);
    let both = telling.over.iter().filter(untold).map(|instance| (*instance, Change::Began));
    let ended = telling.over.iter().map(|instance| (*instance, Change::Ended));
    began.chain(both).chain(ended).collect()
}

struct Next(Option<Steady>);

impl Next {
    fn at(&mut self, at: Option<Steady>) {
        self.0 = match (self.0, at) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }
}
