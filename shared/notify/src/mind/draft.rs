//! How does what is told become a message for each receiver?

use std::cmp::Reverse;
use std::collections::BTreeMap;

use vigie_model::{Severity, Slug, UtcMs};

use super::alert::{Change, Facts, Instance};
use super::clocks::Clocks;
use super::group::Member;
use super::key::{Digest16, key, mark};
use super::notice::{Intent, Kind, Line, MAX_NAMED, Notice};
use super::route::Route;

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
    receivers: &BTreeMap<String, Vec<String>>,
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
    let channels = route.channels.iter().filter_map(|channel| Some((channel, receivers.get(channel)?)));
    channels.flat_map(|(channel, to)| to.iter().map(move |to| of(channel, to))).collect()
}
