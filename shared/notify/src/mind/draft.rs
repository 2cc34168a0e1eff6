//! How does what is told become a message for each receiver?

use std::cmp::Reverse;
use std::collections::BTreeMap;

use vigie_model::{Severity, Slug, UtcMs};

use super::alert::{Change, Facts, Instance};
use super::clocks::Clocks;
use super::group::Member;
use super::key::{Digest16, hash, key, mark};
use super::notice::{Intent, Kind, Line, MAX_NAMED, Notice};
use super::route::{Route, Rules};

/// How long a message is worth sending.
const EXPIRES_MS: i64 = 24 * 3_600_000;

/// A digest is read on the day after as well.
pub(crate) const DIGEST_EXPIRES_MS: i64 = 72 * 3_600_000;

pub(crate) fn thread(route: &str, first: Option<Instance>) -> Digest16 {
    let of = |first| mark(route, first, Change::Began);
    first.map_or(Digest16([0; 16]), of)
}

/// The worst first, then the oldest.
pub(crate) fn lines(route: &Route, which: &[Instance], members: &BTreeMap<Instance, Member>) -> Vec<Line> {
    let mut all: Vec<(&Instance, &Member)> = which.iter().filter_map(|one| members.get_key_value(one)).collect();
    all.sort_by_key(|(instance, member)| (Reverse(member.facts.severity), instance.began));
    all.into_iter().map(|(instance, member)| line(route, *instance, &member.facts, member.ended)).collect()
}

fn line(route: &Route, instance: Instance, facts: &Facts, ended: Option<UtcMs>) -> Line {
    Line {
        alert: instance.alert,
        severity: facts.severity,
        rule: facts.rule.clone(),
        title: facts.title.clone(),
        site: facts.site.clone(),
        machine: facts.machine.clone(),
        since: route.stamp(instance.began),
        until: ended.map(|ended| route.stamp(ended)),
        value: facts.value.clone(),
        reach: facts.freshness.reach,
        heard: facts.freshness.heard.map(|heard| route.stamp(heard)),
        via: facts.freshness.via.clone(),
        link: facts.link.clone(),
        client: facts.client.clone(),
        exposed: facts.exposed.clone(),
    }
}

pub(crate) fn notice(
    route: &Route,
    kind: Kind,
    mut wrong: Vec<Line>,
    mut over: Vec<Line>,
    round: u64,
    now: Clocks,
) -> Notice {
    let all = || wrong.iter().chain(&over);
    let same = |of: &dyn Fn(&Line) -> Option<Slug>| {
        let first = all().next().and_then(of)?;
        all().all(|line| of(line).as_ref() == Some(&first)).then_some(first)
    };
    let (client, site) = (same(&|line| Some(line.client.clone())), same(&|line| line.site.clone()));
    let severity = all().map(|line| line.severity).max().unwrap_or(Severity::Info);
    let more = |list: &mut Vec<Line>| {
        let more = list.len().saturating_sub(MAX_NAMED);
        list.truncate(MAX_NAMED);
        u32::try_from(more).unwrap_or(u32::MAX)
    };
    let (more_wrong, more_over) = (more(&mut wrong), more(&mut over));
    Notice {
        kind,
        language: route.language,
        client,
        site,
        severity,
        made: route.stamp(now.wall),
        wrong,
        more_wrong,
        over,
        more_over,
        again: round > 0,
    }
}

/// One intent for each receiver: a wrong address stops nobody else's message.
pub(crate) fn address(
    route: &Route,
    rules: &Rules,
    notice: &Notice,
    thread: Digest16,
    tells: &[(Instance, Change)],
    round: u64,
    now: Clocks,
) -> Vec<Intent> {
    let all: Vec<Ways<'_>> =
        route.channels.iter().filter_map(|channel| Some((channel, rules.receivers.get(channel)?.clone()))).collect();
    to_ways(route, rules, all, notice, thread, tells, round, now)
}

/// A channel, and to whom by it.
type Ways<'a> = (&'a String, Vec<String>);

/// As [`address`], to people: each by channels that are here, to a number or an address; to all of a channel's receivers
/// where none is said.
#[expect(clippy::too_many_arguments, reason = "all of a message")]
pub(crate) fn to_people(
    route: &Route,
    rules: &Rules,
    people: &[(String, String)],
    notice: &Notice,
    thread: Digest16,
    tells: &[(Instance, Change)],
    round: u64,
    now: Clocks,
) -> Vec<Intent> {
    let ways = people.iter().filter_map(|(channel, to)| {
        let usual = rules.receivers.get(channel)?;
        Some((channel, if to.is_empty() { usual.clone() } else { vec![to.clone()] }))
    });
    to_ways(route, rules, ways.collect(), notice, thread, tells, round, now)
}

#[expect(clippy::too_many_arguments, reason = "all of a message")]
fn to_ways(
    route: &Route,
    rules: &Rules,
    ways: Vec<Ways<'_>>,
    notice: &Notice,
    thread: Digest16,
    tells: &[(Instance, Change)],
    round: u64,
    now: Clocks,
) -> Vec<Intent> {
    let (each, all): (Vec<Ways<'_>>, Vec<Ways<'_>>) =
        ways.into_iter().partition(|(channel, _)| rules.pagers.contains(*channel));
    let mut intents = to_channels(route, &all, notice, thread, tells, round, now);
    if !each.is_empty() {
        for (notice, thread, tells) in one_by_one(notice, tells) {
            intents.extend(to_channels(route, &each, &notice, thread, &tells, round, now));
        }
    }
    intents
}

/// A message of one alert: what it says, what its messages share, and what it tells.
type Single = (Notice, Digest16, Vec<(Instance, Change)>);

/// A message for each alert of one, for who follows each from its beginning to its end. What nobody was told of and is over
/// is none.
fn one_by_one(notice: &Notice, tells: &[(Instance, Change)]) -> Vec<Single> {
    let (wrong, over) = match notice.kind {
        Kind::Cut | Kind::Back => (Kind::Cut, Kind::Back),
        Kind::Acknowledged | Kind::Escalated => (notice.kind, Kind::Resolved),
        _ => (Kind::Firing, Kind::Resolved),
    };
    if notice.kind == Kind::Digest {
        return Vec::new();
    }
    let lines = notice.wrong.iter().map(|line| (wrong, line)).chain(notice.over.iter().map(|line| (over, line)));
    let one = |(kind, line): (Kind, &Line)| {
        let instance = Instance { alert: line.alert, began: line.since.at };
        let of: Vec<(Instance, Change)> = tells.iter().filter(|(of, _)| *of == instance).copied().collect();
        let mut one = Notice {
            kind,
            severity: line.severity,
            client: Some(line.client.clone()),
            site: line.site.clone(),
            wrong: Vec::new(),
            over: Vec::new(),
            ..notice.clone()
        };
        if line.until.is_some() {
            one.over.push(line.clone())
        } else {
            one.wrong.push(line.clone())
        }
        (one, incident(instance), of)
    };
    lines.map(one).collect()
}

/// What all messages of one alert share, whoever tells it on whatever route.
pub(crate) fn incident(instance: Instance) -> Digest16 {
    hash("incident", &[&instance.alert.0.0, &instance.began.0.to_be_bytes()])
}

fn to_channels(
    route: &Route,
    ways: &[Ways<'_>],
    notice: &Notice,
    thread: Digest16,
    tells: &[(Instance, Change)],
    round: u64,
    now: Clocks,
) -> Vec<Intent> {
    let lasts = if notice.kind == Kind::Digest { DIGEST_EXPIRES_MS } else { EXPIRES_MS };
    let of = |channel: &String, to: &String| Intent {
        key: key(&route.name, to, notice.kind.word(), tells, round),
        thread,
        route: route.name.clone(),
        channel: channel.clone(),
        to: to.clone(),
        notice: notice.clone(),
        tells: tells.to_vec(),
        not_before: now.steady,
        expires: now.steady.after(lasts),
    };
    ways.iter().flat_map(|(channel, to)| to.iter().map(move |to| of(channel, to))).collect()
}
