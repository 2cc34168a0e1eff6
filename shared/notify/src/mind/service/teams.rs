//! Microsoft Teams: an adaptive card, to a workflow's webhook.
//!
//! What machines said stands in text runs, where Teams reads no Markdown and no dates; mentions would need entities, of which
//! there are none.

use serde_json::{Value, json};
use vigie_model::Severity;

use super::super::alert::AlertId;
use super::super::chat::code_of;
use super::super::letter::Outcome;
use super::super::notice::{Kind, Notice};
use super::super::words::{Part, compose, how_to_answer, left_out, open};
use super::fit::{chars, cut};
use super::verdict::{Reply, usual};

/// What Teams takes is 28 KB, with what it adds to it.
const MAX_BYTES: usize = 24_000;

pub(super) fn body(notice: &Notice, answers: bool) -> Value {
    let mut composed = compose(notice);
    let asks = composed.parts.iter().any(|part| part.asks.is_some()) || notice.kind == Kind::Cut;
    if answers && asks {
        composed.foot.push(how_to_answer(notice.language).to_owned());
    }
    // The cut of a site has no part of its own.
    if let Some(line) = notice.wrong.first().filter(|_| answers && notice.kind == Kind::Cut) {
        composed.lead.push(code(line.alert));
    }
    let mut items = vec![text(&composed.subject, "default", true)];
    items.extend(composed.lead.iter().map(|line| text(line, "default", false)));
    let foot = text(&cut(&composed.foot.join("\n"), 4_000, chars), "default", false);
    // The envelope around the items takes some 300 bytes.
    let mut bytes = 300 + foot.to_string().len() + items.iter().map(|item| item.to_string().len()).sum::<usize>();
    let mut shown = 0;
    for part in &composed.parts {
        let item = container(part, open(notice.language), answers);
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

fn container(part: &Part, open: &str, answers: bool) -> Value {
    let colour = match (part.over, part.severity) {
        (true, _) => "good",
        (false, Severity::Critical) => "attention",
        (false, Severity::Warning) => "warning",
        (false, Severity::Info) => "accent",
    };
    let mut items = vec![text(&part.head, colour, true)];
    items.extend(part.lines.iter().map(|line| text(line, "default", false)));
    items.extend(part.asks.filter(|_| answers).map(|alert| text(&code(alert), "default", true)));
    if let Some(link) = &part.link {
        items.push(
            json!({ "type": "ActionSet", "actions": [{ "type": "Action.OpenUrl", "title": open, "url": link }] }),
        );
    }
    json!({ "type": "Container", "separator": true, "items": items })
}

/// How whoever writes calls it; the word is the same in both languages.
fn code(alert: AlertId) -> String {
    format!("Code {}", code_of(alert))
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
