//! PagerDuty, Events version 2: each alert is an incident of its own, triggered, acknowledged and resolved under one key.
//!
//! The mind gives this channel one message for each alert. The key is the same from relay and hub, and at each attempt.

use serde_json::{Value, json};
use vigie_model::{Severity, UtcMs};

use super::super::notice::{Intent, Kind};
use super::super::plain::plain;
use super::super::words::{compose, freshness};
use super::fit::{chars, cut};

/// Characters of a summary.
const SUMMARY_CHARS: usize = 1_024;

/// Characters of the whole text: an event has at most 512 KB, and its page shows less.
const TEXT_CHARS: usize = 20_000;

pub(super) fn body(intent: &Intent, key: &str) -> Value {
    let notice = &intent.notice;
    let action = match notice.kind {
        Kind::Firing | Kind::Escalated | Kind::Cut | Kind::Test => "trigger",
        Kind::Acknowledged => "acknowledge",
        Kind::Resolved | Kind::Back | Kind::Digest => "resolve",
    };
    let mut body =
        json!({ "routing_key": key, "event_action": action, "dedup_key": format!("vigie-{}", intent.thread) });
    if action != "trigger" {
        return body;
    }
    let line = notice.wrong.first();
    let source = line.and_then(|line| line.machine.as_ref()).map(|machine| machine.as_str().to_owned());
    let place = [&notice.client, &notice.site].into_iter().flatten().map(|slug| slug.as_str()).collect::<Vec<_>>();
    let place = place.join("/");
    let source = source.or_else(|| (!place.is_empty()).then(|| place.clone())).unwrap_or_else(|| "vigie".to_owned());
    let severity = match notice.severity {
        Severity::Critical => "critical",
        Severity::Warning => "warning",
        Severity::Info => "info",
    };
    let UtcMs(ms) = line.map_or(notice.made.at, |line| line.since.at);
    let at = jiff::Timestamp::from_millisecond(ms).unwrap_or_default();
    body["payload"] = json!({
        "summary": cut(&compose(notice).subject, SUMMARY_CHARS, chars),
        "source": source,
        "severity": severity,
        "timestamp": format!("{at:.3}"),
        "group": place,
        "class": line.map(|line| line.rule.as_str()),
        "custom_details": {
            "text": cut(&plain(notice), TEXT_CHARS, chars),
            "value": line.and_then(|line| line.value.as_ref()).map(|value| value.as_str()),
            "freshness": line.map(|line| freshness(line, notice.language)),
            "repeated": notice.again,
            "more_wrong": notice.more_wrong,
            "route": intent.route,
        },
    });
    body["client"] = json!("Vigie");
    if let Some(link) = line.and_then(|line| line.link.as_ref()) {
        body["client_url"] = json!(link.as_str());
        body["links"] = json!([{ "href": link.as_str(), "text": "Vigie" }]);
    }
    body
}
