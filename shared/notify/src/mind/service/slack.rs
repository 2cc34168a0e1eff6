//! Slack: blocks of plain text, to an incoming webhook.
//!
//! All that machines said stands in `plain_text`, where nothing is markup; the fallback line and links are escaped as Slack
//! says (`&`, `<`, `>`), so that nobody is mentioned by a host name.

use serde_json::{Value, json};

use super::super::letter::Outcome;
use super::super::notice::Notice;
use super::super::words::{compose, left_out, open};
use super::fit::{chars, cut};
use super::verdict::{Reply, usual};

/// Blocks of one message.
const MAX_BLOCKS: usize = 50;

/// Characters of a header.
const HEADER_CHARS: usize = 150;

/// Characters of a section.
const SECTION_CHARS: usize = 3_000;

pub(super) fn body(notice: &Notice) -> Value {
    let composed = compose(notice);
    let plain =
        |text: &str, most: usize| json!({ "type": "plain_text", "text": cut(text, most, chars), "emoji": false });
    let section = |text: &str| json!({ "type": "section", "text": plain(text, SECTION_CHARS) });
    let mut blocks = vec![json!({ "type": "header", "text": plain(&composed.subject, HEADER_CHARS) })];
    if !composed.lead.is_empty() {
        blocks.push(section(&composed.lead.join("\n")));
    }
    // A part takes two blocks, and the last two say what is left out and who says all this.
    let room = (MAX_BLOCKS - blocks.len() - 2) / 2;
    for part in composed.parts.iter().take(room) {
        blocks.push(section(&format!("{}\n{}", part.head, part.lines.join("\n"))));
        if let Some(link) = &part.link {
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
