//! How does a message look to a program?
//!
//! Version 1 of our webhooks. Fields may be added to it; none is renamed, taken away or given another meaning.

use serde::Serialize;
use vigie_model::UtcMs;

use super::notice::{Intent, Line, Stamp};
use super::plain::{plain, subject};
use super::words::freshness;

#[derive(Serialize)]
struct Body<'a> {
    version: u8,
    /// The same at every attempt, and from relay and hub.
    key: String,
    kind: &'static str,
    /// The same for all messages of one trouble.
    thread: String,
    route: &'a str,
    severity: &'static str,
    client: Option<&'a str>,
    site: Option<&'a str>,
    made_at: String,
    repeated: bool,
    subject: String,
    text: String,
    wrong: Vec<Alert<'a>>,
    more_wrong: u32,
    over: Vec<Alert<'a>>,
    more_over: u32,
}

#[derive(Serialize)]
struct Alert<'a> {
    id: String,
    rule: &'a str,
    title: &'a str,
    severity: &'static str,
    client: &'a str,
    site: Option<&'a str>,
    machine: Option<&'a str>,
    since: String,
    until: Option<String>,
    value: Option<&'a str>,
    reachability: super::alert::Reach,
    heard_at: Option<String>,
    via: Option<&'a str>,
    freshness: String,
    link: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    exposed: Vec<&'a str>,
}

/// The body of a webhook.
pub fn json(intent: &Intent) -> Vec<u8> {
    let notice = &intent.notice;
    let body = Body {
        version: 1,
        key: intent.key.to_string(),
        kind: notice.kind.word(),
        thread: intent.thread.to_string(),
        route: &intent.route,
        severity: notice.severity.as_str(),
        client: notice.client.as_ref().map(|client| client.as_str()),
        site: notice.site.as_ref().map(|site| site.as_str()),
        made_at: rfc3339(notice.made),
        repeated: notice.again,
        subject: subject(notice),
        text: plain(notice),
        wrong: all(&notice.wrong, intent),
        more_wrong: notice.more_wrong,
        over: all(&notice.over, intent),
        more_over: notice.more_over,
    };
    // Texts and numbers: writing them to memory does not fail.
    serde_json::to_vec(&body).unwrap_or_default()
}

fn all<'a>(lines: &'a [Line], intent: &Intent) -> Vec<Alert<'a>> {
    lines.iter().map(|line| alert(line, intent)).collect()
}

fn alert<'a>(line: &'a Line, intent: &Intent) -> Alert<'a> {
    Alert {
        id: line.alert.to_string(),
        rule: line.rule.as_str(),
        title: line.title.as_str(),
        severity: line.severity.as_str(),
        client: line.client.as_str(),
        site: line.site.as_ref().map(|site| site.as_str()),
        machine: line.machine.as_ref().map(|machine| machine.as_str()),
        since: rfc3339(line.since),
        until: line.until.map(rfc3339),
        value: line.value.as_ref().map(|value| value.as_str()),
        reachability: line.reach,
        heard_at: line.heard.map(rfc3339),
        via: line.via.as_ref().map(|via| via.as_str()),
        freshness: freshness(line, intent.notice.language),
        link: line.link.as_ref().map(|link| link.as_str()),
        exposed: line.exposed.iter().map(|one| one.as_str()).collect(),
    }
}

/// RFC 3339 in UTC, to the millisecond.
fn rfc3339(stamp: Stamp) -> String {
    let UtcMs(ms) = stamp.at;
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    format!("{at:.3}")
}
