//! Discord: one embed, to a channel's webhook. Nobody is mentioned: the message allows none, and `@` and Markdown are escaped.

use serde_json::{Value, json};
use vigie_model::Severity;

use super::super::letter::Outcome;
use super::super::notice::{Kind, Notice};
use super::super::words::compose;
use super::fit::{chars, cut, fitting};
use super::verdict::{Reply, retry_after_ms, usual};

/// Characters of an embed's title.
const TITLE_CHARS: usize = 256;

/// Characters of its text.
const TEXT_CHARS: usize = 4_096;

/// Characters of its foot: 6,000 is the most of all together.
const FOOT_CHARS: usize = 1_400;

/// Discord says whether the message is there only to who waits for it.
pub(super) fn address(url: &str) -> String {
    format!("{url}{}wait=true", if url.contains('?') { '&' } else { '?' })
}

pub(super) fn body(notice: &Notice) -> Value {
    let composed = compose(notice);
    let head: String = composed.lead.iter().map(|line| format!("{}\n", escape(line))).collect();
    let parts = composed.parts.iter().map(|part| {
        let lines: Vec<String> = part.lines.iter().map(|line| escape(line)).collect();
        // In angle brackets an address has no picture.
        let link = part.link.as_ref().map(|link| format!("\n<{link}>")).unwrap_or_default();
        format!("**{}**\n{}{link}\n\n", escape(&part.head), lines.join("\n"))
    });
    let parts: Vec<String> = parts.collect();
    let head = cut(&head, TEXT_CHARS / 2, chars);
    let (shown, gone) = fitting(&parts, TEXT_CHARS - chars(&head), chars, notice.language);
    let colour = match (notice.kind, notice.severity) {
        (Kind::Resolved | Kind::Back | Kind::Digest, _) => 0x2e_9e_5b,
        (_, Severity::Critical) => 0xd6_45_45,
        (_, Severity::Warning) => 0xd0_8a_1d,
        (_, Severity::Info) => 0x3b_82_c4,
    };
    json!({
        "allowed_mentions": { "parse": [] },
        "embeds": [{
            "title": cut(&escape(&composed.subject), TITLE_CHARS, chars),
            "description": format!("{head}{}{gone}", shown.concat()),
            "color": colour,
            "footer": { "text": cut(&composed.foot.join("\n"), FOOT_CHARS, chars) },
        }],
    })
}

/// It says in its body how long to wait; an unknown webhook is mended by somebody.
pub(super) fn verdict(reply: &Reply<'_>) -> Outcome {
    if reply.status != 429 {
        return usual(reply);
    }
    let said: Option<Value> = serde_json::from_str(reply.said).ok();
    let asked = said.and_then(|said| said["retry_after"].as_f64()).map(|seconds| seconds.to_string());
    // A number of seconds: no clock is looked at.
    let asked = asked.and_then(|seconds| retry_after_ms(&seconds, vigie_model::UtcMs(0)));
    Reply { after_ms: asked.max(reply.after_ms), ..*reply }.later()
}

fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            // A mention is none with something between its sign and its name.
            '@' => safe.push_str("@\u{200b}"),
            '\\' | '*' | '_' | '~' | '`' | '|' | '>' | '<' | '#' | '-' | '[' | ']' | '(' | ')' => {
                safe.push('\\');
                safe.push(c);
            }
            c => safe.push(c),
        }
    }
    safe
}
