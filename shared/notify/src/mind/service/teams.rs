//! Microsoft Teams: an adaptive card, to a workflow's webhook.
//!
//! What machines said stands in text runs, where Teams reads no Markdown and no dates; mentions would need entities, of which
//! there are none.

use serde_json::{Value, json};
use vigie_model::Severity;

use super::super::letter::Outcome;
use super::super::notice::Notice;
use super::super::words::{Part, compose, left_out, open};
use super::fit::{chars, cut};
use super::verdict::{Reply, usual};

/// What Teams takes is 28 KB, with what it adds to it.
const MAX_BYTES: usize = 24_000;

pub(super) fn body(notice: &Notice) -> Value {
    let composed = compose(notice);
    let mut items = vec![text(&composed.subject, "default", true)];
    items.extend(composed.lead.iter().map(|line| text(line, "default", false)));
    let foot = text(&cut(&composed.foot.join("\n"), 4_000, chars), "default", false);
    // The envelope around the items takes some 300 bytes.
    let mut bytes = 300 + foot.to_string().len() + items.iter().map(|item| item.to_string().len()).sum::<usize>();
    let mut shown = 0;
    for part in &composed.parts {
        let item = container(part, open(notice.language));
        bytes += item.to_string().len() + 1;
        if bytes > MAX_BYTES {
            break;
        }
        items.push(item);
        shown += 1;
    }
    if shown < composed.parts.len() {
        items.push(text(&left_out(composed.parts.len() - shown, notice.language), "default", true));
    }
    items.push(foot);
    json!({ "type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": null,
        "content": {
            "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
            "type": "AdaptiveCard",
            "version": "1.4",
            "fallbackText": cut(&composed.subject, 200, chars),
            "msteams": { "width": "Full" },
            "body": items,
        },
    }] })
}

fn container(part: &Part, open: &str) -> Value {
    let colour = match (part.over, part.severity) {
        (true, _) => "good",
        (false, Severity::Critical) => "attention",
        (false, Severity::Warning) => "warning",
        (false, Severity::Info) => "accent",
    };
    let mut items = vec![text(&part.head, colour, true)];
    items.extend(part.lines.iter().map(|line| text(line, "default", false)));
    let mut container = json!({ "type": "Container", "separator": true, "items": items });
    if let Some(link) = &part.link {
        container["selectAction"] = json!({ "type": "Action.OpenUrl", "title": open, "url": link });
    }
    container
}

fn text(text: &str, colour: &str, bold: bool) -> Value {
    let weight = if bold { "bolder" } else { "default" };
    json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": text, "color": colour, "weight": weight }] })
}

/// A workflow that is switched off or deleted is mended by somebody. Older connectors say that they were too busy with 200.
pub(super) fn verdict(reply: &Reply<'_>) -> Outcome {
    match reply.status {
        200..=299 if reply.said.contains("HTTP error 429") => reply.later(),
        400 if reply.said.contains("WorkflowTriggerIsNotEnabled") => reply.later(),
        410 => reply.later(),
        _ => usual(reply),
    }
}
