//! A gateway that sends short messages or calls telephones, in whatever words it wants: a request with places to be filled.
//!
//! `{to}`, `{text}`, `{subject}`, `{key}` and `{secret}` are filled, each escaped for where it stands: percent-encoded in an
//! address and in a form, as the inside of a string in JSON, as text within XML, without line ends elsewhere.

use super::super::letter::{Outcome, Whose};
use super::super::notice::Intent;
use super::super::plain::subject;
use super::super::text::Text;
use super::Post;
use super::fit::{one_line, spoken};
use super::verdict::{Reply, usual};

/// What a place in a template stands for.
const PLACES: [&str; 5] = ["to", "text", "subject", "key", "secret"];

/// How what fills a body is escaped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fill {
    /// `application/json`.
    Json,
    /// `application/x-www-form-urlencoded`.
    Form,
    /// `application/xml` or `text/xml`.
    Xml,
    /// `text/plain`.
    Plain,
}

/// A request with places to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    method: &'static str,
    url: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
    content_type: String,
    fill: Fill,
    /// What a good answer has in it, if that must be looked at.
    expect: Option<String>,
    max_chars: usize,
    /// Whether somebody hears it, and does not read it.
    is_spoken: bool,
}

/// A template that makes no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// Something else than GET or POST.
    #[error("method is \"POST\" or \"GET\", not {0:?}")]
    Method(String),
    /// A place that nothing fills.
    #[error(
        "{{{0}}} is filled by nothing: there are {{to}}, {{text}}, {{subject}}, {{key}} and {{secret}}; in headers {{key}} and {{secret}} alone"
    )]
    Place(String),
    /// Nobody would know what is told.
    #[error("{{text}} or {{subject}} stands nowhere in it, so nobody would be told anything")]
    NoText,
    /// A body of a type that is not filled.
    #[error(
        "content_type is application/json, application/x-www-form-urlencoded, application/xml, text/xml or text/plain, not {0:?}"
    )]
    Type(String),
    /// Too little to say anything, or too much for a telephone.
    #[error("max_chars is 70 to 5000, not {0}")]
    Chars(usize),
}

impl Template {
    /// A template that makes sense.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn new(
        (method, url): (&str, &str),
        headers: Vec<(String, String)>,
        (content_type, body): (&str, Option<&str>),
        expect: Option<&str>,
        (max_chars, is_spoken): (usize, bool),
    ) -> Result<Self, TemplateError> {
        let method = match method {
            "POST" => "POST",
            "GET" => "GET",
            other => return Err(TemplateError::Method(other.chars().take(20).collect())),
        };
        let bare = content_type.split(';').next().unwrap_or_default().trim();
        let fill = match bare {
            "application/json" => Fill::Json,
            "application/x-www-form-urlencoded" => Fill::Form,
            "application/xml" | "text/xml" => Fill::Xml,
            "text/plain" => Fill::Plain,
            other => return Err(TemplateError::Type(other.chars().take(60).collect())),
        };
        if !(70..=5_000).contains(&max_chars) {
            return Err(TemplateError::Chars(max_chars));
        }
        let texts: Vec<&str> = [Some(url), body].into_iter().flatten().collect();
        for place in texts.iter().flat_map(|text| places(text)) {
            if !PLACES.contains(&place.as_str()) {
                return Err(TemplateError::Place(place));
            }
        }
        for place in headers.iter().flat_map(|(_, value)| places(value)) {
            if !["key", "secret"].contains(&place.as_str()) {
                return Err(TemplateError::Place(place));
            }
        }
        let says = |text: &&str| text.contains("{text}") || text.contains("{subject}");
        if !texts.iter().any(says) {
            return Err(TemplateError::NoText);
        }
        Ok(Self {
            method,
            url: url.to_owned(),
            headers,
            body: body.map(str::to_owned),
            content_type: content_type.to_owned(),
            fill,
            expect: expect.map(str::to_owned),
            max_chars,
            is_spoken,
        })
    }

    pub(super) fn word(&self) -> &'static str {
        if self.is_spoken { "call" } else { "sms" }
    }

    pub(super) fn post(&self, intent: &Intent, secret: &str) -> Result<Post, String> {
        let notice = &intent.notice;
        let text = if self.is_spoken { spoken(notice, self.max_chars) } else { one_line(notice, self.max_chars) };
        let value = |place: &str| match place {
            "to" => intent.to.clone(),
            "text" => text.clone(),
            "subject" => subject(notice),
            "key" => intent.key.to_string(),
            _ => secret.to_owned(),
        };
        let url = filled(&self.url, |place| percent(&value(place)));
        let mut headers: Vec<(String, String)> =
            self.headers.iter().map(|(name, said)| (name.clone(), filled(said, |place| line(&value(place))))).collect();
        let body = self.body.as_ref().map(|body| filled(body, |place| self.fill.escape(&value(place))));
        if body.is_some() {
            headers.push(("content-type".to_owned(), self.content_type.clone()));
        }
        Ok(Post { method: self.method, url, headers, body: body.unwrap_or_default().into_bytes() })
    }

    /// Some gateways say with 200 that they did not send.
    pub(super) fn verdict(&self, reply: &Reply<'_>) -> Outcome {
        match &self.expect {
            Some(expected) if (200..=299).contains(&reply.status) && !reply.said.contains(expected) => {
                let why = format!("{}; it has no {expected:?}, so it was not taken", reply.words());
                Outcome::Later { why: Text::new(&why), after_ms: reply.after_ms, whose: Whose::Letter }
            }
            _ => usual(reply),
        }
    }
}

impl Fill {
    fn escape(self, text: &str) -> String {
        match self {
            Self::Json => {
                let quoted = serde_json::Value::from(text).to_string();
                quoted[1..quoted.len() - 1].to_owned()
            }
            Self::Form => percent(text),
            Self::Xml => {
                let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
                text.replace('"', "&quot;").replace('\'', "&apos;")
            }
            Self::Plain => line(text),
        }
    }
}

/// The words between braces that could be places: letters and nothing else. JSON has braces of its own.
fn places(text: &str) -> Vec<String> {
    let open = text.split('{').skip(1).filter_map(|rest| rest.split_once('}')).map(|(word, _)| word);
    open.filter(|word| !word.is_empty() && word.bytes().all(|b| b.is_ascii_lowercase())).map(str::to_owned).collect()
}

/// Fills each place once: what fills one is not looked at for others.
fn filled(text: &str, value: impl Fn(&str) -> String) -> String {
    let (mut out, mut rest) = (String::new(), text);
    while let Some(at) = rest.find('{') {
        let found =
            PLACES.iter().find(|place| rest[at + 1..].strip_prefix(**place).is_some_and(|rest| rest.starts_with('}')));
        out.push_str(&rest[..at]);
        match found {
            Some(place) => {
                out.push_str(&value(place));
                rest = &rest[at + place.len() + 2..];
            }
            None => {
                out.push('{');
                rest = &rest[at + 1..];
            }
        }
    }
    out.push_str(rest);
    out
}

/// RFC 3986: all but what is never special.
fn percent(text: &str) -> String {
    let mut safe = String::new();
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => safe.push(byte.into()),
            byte => safe.push_str(&format!("%{byte:02X}")),
        }
    }
    safe
}

fn line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}
