//! What does Teams say when somebody mentions our outgoing webhook, and what is it answered?
//!
//! A card whose texts are runs, in which Teams reads no Markdown. A card of such an answer may hold links and no other action.

use data_encoding::BASE64;
use serde_json::{Value, json};
use vigie_model::UtcMs;

use super::super::notice::Language;
use super::super::text::Text;
use super::FRESH_MS;
use super::key::ChatKey;

/// The longest line that is looked at: more than Teams takes.
const MAX_SAID_BYTES: usize = 64 * 1024;

/// Whether a request is Teams': `HMAC` and the base64 of the HMAC of the body.
pub fn teams_signed(key: &ChatKey, authorization: &str, body: &[u8]) -> bool {
    let said = authorization.strip_prefix("HMAC ").and_then(|said| BASE64.decode(said.trim().as_bytes()).ok());
    said.is_some_and(|said| key.has_signed(&[body], &said))
}

/// Somebody wrote to us in a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Who, as the organisation knows them for good.
    pub user: String,
    /// Who, as Teams calls them.
    pub name: Text,
    /// What, without the mention.
    pub said: String,
    /// What tells this line from every other.
    pub once: String,
    /// When Teams sent it.
    pub at: Option<UtcMs>,
    /// The language of whoever wrote, where Teams says it.
    pub language: Option<Language>,
}

impl Written {
    /// Reads what Teams sends; nothing where nobody wrote anything.
    pub fn read(body: &[u8]) -> Option<Self> {
        let said: Value = serde_json::from_slice(body).ok()?;
        let text = |value: &Value| value.as_str().filter(|text| !text.is_empty()).map(str::to_owned);
        let from = &said["from"];
        let line = said["text"].as_str().filter(|line| said["type"] == "message" && line.len() <= MAX_SAID_BYTES)?;
        let user = text(&from["aadObjectId"]).or(text(&from["id"]))?;
        let name = from["name"].as_str().unwrap_or(&user);
        let at: Option<jiff::Timestamp> = said["timestamp"].as_str().and_then(|at| at.parse().ok());
        Some(Self {
            name: Text::new(name),
            said: plain(line),
            once: format!("{user} {} {} {}", said["id"], said["timestamp"], said["conversation"]["id"]),
            user,
            at: at.map(|at| UtcMs(at.as_millisecond())),
            language: text(&said["locale"])
                .map(|locale| if locale.starts_with("fr") { Language::French } else { Language::English }),
        })
    }

    /// Whether it was sent a moment ago.
    pub fn is_fresh(&self, now: UtcMs) -> bool {
        self.at.is_some_and(|at| now.0.saturating_sub(at.0).abs() <= FRESH_MS)
    }
}

/// What is answered: lines of text, and where more is to be seen.
pub fn card(lines: &[String], open: Option<(&str, &str)>) -> Value {
    let run = |line: &String| json!({ "type": "RichTextBlock", "inlines": [{ "type": "TextRun", "text": line }] });
    let mut content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": lines.iter().map(run).collect::<Vec<_>>(),
    });
    if let Some((title, url)) = open {
        content["actions"] = json!([{ "type": "Action.OpenUrl", "title": title, "url": url }]);
    }
    json!({ "type": "message", "attachments": [{
        "contentType": "application/vnd.microsoft.card.adaptive", "content": content }] })
}

/// A line without the mention and without markup: Teams sends what was typed as HTML.
fn plain(line: &str) -> String {
    let mut said = String::new();
    let mut rest = line;
    while let Some((before, tag)) = rest.split_once('<') {
        said.push_str(before);
        let Some((name, after)) = tag.split_once('>') else {
            rest = tag;
            continue;
        };
        said.push(' ');
        let is_mention = name == "at" || name.starts_with("at ");
        rest = if is_mention { after.split_once("</at>").map_or(after, |(_, after)| after) } else { after };
    }
    said.push_str(rest);
    let said = said.replace("&nbsp;", " ").replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    said.replace("&#39;", "'").replace("&amp;", "&").replace('\u{a0}', " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_what_was_typed_after_the_mention() {
        for (line, said) in [
            ("<at>Vigie</at> ack 3F2K", "ack 3F2K"),
            ("<p><at id=\"0\">Vigie</at>&nbsp;ack&nbsp;3F2K j&#39;y vais &amp; vite</p>\n", "ack 3F2K j'y vais & vite"),
            ("ack 3F2K", "ack 3F2K"),
            ("<at>Vigie", "Vigie"),
            ("a < b", "a  b"),
            ("&lt;b&gt;", "<b>"),
            ("&amp;lt;", "&lt;"),
            ("", ""),
        ] {
            assert_eq!(plain(line), said, "{line}");
        }
    }

    #[test]
    fn what_nobody_wrote_is_none_and_breaks_nothing() {
        for body in ["", "{}", "[]", "null", r#"{"type":"message"}"#, r#"{"type":"message","text":"x"}"#] {
            assert_eq!(Written::read(body.as_bytes()), None, "{body}");
        }
    }
}
