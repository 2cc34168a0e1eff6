//! How does a message look in a mail program?
//!
//! Nothing is fetched, nothing runs: no images, no scripts, no sheets from elsewhere. Colours are of the reader's scheme,
//! light or dark, and never the only sign.

use vigie_model::Severity;

use super::notice::{Language, Notice};
use super::words::{Part, compose};

/// The body of the mail's HTML part.
pub fn html(notice: &Notice) -> String {
    let composed = compose(notice);
    let language = match notice.language {
        Language::English => "en",
        Language::French => "fr",
    };
    let subject = escape(&composed.subject);
    let mut page = format!(
        "<!doctype html><html lang=\"{language}\"><head><meta charset=\"utf-8\">\
         <meta name=\"color-scheme\" content=\"light dark\"><title>{subject}</title></head>\
         <body style=\"font:15px/1.45 system-ui,sans-serif;max-width:40em;margin:1em auto;padding:0 1em\">\
         <h1 style=\"font-size:1.15em\">{subject}</h1>"
    );
    for line in &composed.lead {
        page.push_str(&format!("<p>{}</p>", escape(line)));
    }
    for one in &composed.parts {
        page.push_str(&part(one));
    }
    for line in &composed.foot {
        page.push_str(&format!("<p style=\"font-size:.85em;opacity:.75\">{}</p>", escape(line)));
    }
    page.push_str("</body></html>\n");
    page
}

fn part(part: &Part) -> String {
    // Readable on white and on black.
    let edge = match (part.over, part.severity) {
        (true, _) => "#2e9e5b",
        (false, Severity::Critical) => "#d64545",
        (false, Severity::Warning) => "#d08a1d",
        (false, Severity::Info) => "#3b82c4",
    };
    let lines: Vec<String> = part.lines.iter().map(|line| escape(line)).collect();
    let link = part.link.as_ref().map(|link| escape(link));
    let link = link.map(|link| format!("<br><a href=\"{link}\">{link}</a>")).unwrap_or_default();
    format!(
        "<div style=\"border-left:4px solid {edge};padding:.2em 0 .2em .8em;margin:1em 0\"><strong>{}</strong><br>{}{link}</div>",
        escape(&part.head),
        lines.join("<br>")
    )
}

/// Text as text, between tags and within quotes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            c => safe.push(c),
        }
    }
    safe
}
