//! Slack: blocks of plain text, to an incoming webhook.
//!
//! All that machines said stands in `plain_text`, where nothing is markup; the fallback line and links are escaped as Slack
//! says (`&`, `<`, `>`), so that nobody is mentioned by a host name.

use serde_json::{Value, json};

use super::super::alert::AlertId;
use super::super::chat::{ACKNOWLEDGE, Button, ChatKey, OPEN, SNOOZE};
use super::super::letter::Outcome;
use super::super::notice::{Intent, Kind};
use super::super::words::{buttons, compose, left_out, open};
use super::fit::{chars, cut};
use super::verdict::{Reply, usual};

/// Blocks of one message.
const MAX_BLOCKS: usize = 50;

/// Characters of a header.
const HEADER_CHARS: usize = 150;

/// Characters of a section.
const SECTION_CHARS: usize = 3_000;

pub(super) fn body(intent: &Intent, answers: Option<&ChatKey>) -> Value {
    let notice = &intent.notice;
    let composed = compose(notice);
    let asking = |alert: AlertId, link: Option<&str>| answers.map(|key| asking(intent, alert, link, key));
    let plain =
        |text: &str, most: usize| json!({ "type": "plain_text", "text": cut(text, most, chars), "emoji": false });
    let section = |text: &str| json!({ "type": "section", "text": plain(text, SECTION_CHARS) });
    let mut blocks = vec![json!({ "type": "header", "text": plain(&composed.subject, HEADER_CHARS) })];
    if !composed.lead.is_empty() {
        blocks.push(section(&composed.lead.join("\n")));
    }
    // The cut of a site has no part of its own.
    let cut = notice.wrong.first().filter(|_| notice.kind == Kind::Cut);
    blocks.extend(cut.and_then(|line| asking(line.alert, line.link.as_ref().map(|link| link.as_str()))));
    // A part takes two blocks, and the last two say what is left out and who says all this.
    let room = (MAX_BLOCKS - blocks.len() - 2) / 2;
    for part in composed.parts.iter().take(room) {
        blocks.push(section(&format!("{}\n{}", part.head, part.lines.join("\n"))));
        if let Some(asked) = part.asks.and_then(|alert| asking(alert, part.link.as_deref())) {
            blocks.push(asked);
        } else if let Some(link) = &part.link {
            let link = format!("<{}|{}>", escape(link).replace('|', "%7C"), open(notice.language));
            blocks
                .push(json!({ "type": "context", "elements": [{ "type": "mrkdwn", "text": link, "verbatim": true }] }));
        }
    }
    let left = composed.parts.len().saturating_sub(room);
    if left > 0 {
        blocks.push(section(&left_out(left, notice.language)));
    }
    blocks.push(json!({ "type": "context", "elements": [plain(&composed.foot.join("\n"), SECTION_CHARS)] }));
    // Shown in lists and read aloud; the blocks say all.
    json!({ "text": escape(&composed.subject), "blocks": blocks, "unfurl_links": false, "unfurl_media": false })
}

/// The buttons of an alert.
fn asking(intent: &Intent, alert: AlertId, link: Option<&str>, key: &ChatKey) -> Value {
    let language = intent.notice.language;
    let about = Button { alert, language, channel: intent.channel.clone(), route: intent.route.clone() };
    let value = about.sealed(key);
    let button = |id: &str, title: &str| {
        let title = json!({ "type": "plain_text", "text": title, "emoji": false });
        json!({ "type": "button", "action_id": id, "text": title, "value": value })
    };
    let (acknowledge, snooze) = buttons(language);
    let mut elements = vec![button(ACKNOWLEDGE, acknowledge), button(SNOOZE, snooze)];
    elements[0]["style"] = json!("primary");
    if let Some(link) = link {
        elements.push(button(OPEN, open(language)));
        elements[2]["url"] = json!(link);
    }
    json!({ "type": "actions", "block_id": format!("vigie.{alert}"), "elements": elements })
}

/// 403, 404 and 410 are about the channel (archived, gone, forbidden): somebody mends that, and what waits is sent then.
pub(super) fn verdict(reply: &Reply<'_>) -> Outcome {
    match reply.status {
        410 => reply.later(),
        _ => usual(reply),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
