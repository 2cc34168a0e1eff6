//! What does a rule say of an alert in the reader's own language, and what to do about it?
//!
//! A rule's annotations are its words: `summary`, and `runbook`, with `_fr` behind the name for the French of it; `runbook_url`
//! leads elsewhere. They are the same at the hub and on a site that is cut off.

use std::borrow::Cow;

use super::html::Html;
use super::site_words::Words;
use super::voice::{Lang, Voice};
use crate::{Incident, french_numbers};

/// The sentence of an alert.
pub(crate) fn summary<'a>(voice: &Voice, it: &'a Incident) -> Cow<'a, str> {
    let french = it.annotations.get("summary_fr").filter(|text| voice.lang == Lang::French && !text.trim().is_empty());
    french.map_or(Cow::Borrowed(&it.summary), |text| Cow::Owned(french_numbers(text)))
}

/// Whether its rule says what to do.
pub(crate) fn is_there(voice: &Voice, it: &Incident) -> bool {
    text(voice, it).is_some() || link(it).is_some()
}

/// Annotations that stand on a page in a place of their own.
pub(crate) fn is_told_elsewhere(name: &str, text: &str) -> bool {
    matches!(name, "summary" | "summary_fr" | "runbook" | "runbook_fr") || (name == "runbook_url" && leads(text.trim()))
}

/// What to do, as far as its rule says.
pub(crate) fn draw(out: &mut Html, voice: &Voice, it: &Incident, is_cut: bool) {
    if !is_there(voice, it) {
        return;
    }
    let w = Words::of(voice.lang);
    out.html("<section id=\"todo\" class=\"todo\" aria-labelledby=\"todo-title\">\n<h2 id=\"todo-title\">")
        .text(w.todo);
    out.html("</h2>\n");
    if let Some(text) = text(voice, it) {
        out.html("<blockquote>").text(text).html("</blockquote>\n");
    }
    if let Some(url) = link(it) {
        out.html("<p><a rel=\"noreferrer\" href=\"").text(url).html("\">");
        out.fill(w.todo_link, |out, _| out.name(house(url))).html("</a>");
        if is_cut {
            out.text(" ").text(w.todo_cut);
        }
        out.html("</p>\n");
    }
    out.html("</section>\n");
}

fn annotation<'a>(voice: &Voice, it: &'a Incident, name: &str) -> Option<&'a str> {
    let said = |name: &str| it.annotations.get(name).map(String::as_str).filter(|text| !text.trim().is_empty());
    let own = match voice.lang {
        Lang::French => said(&format!("{name}_fr")),
        Lang::English => None,
    };
    own.or_else(|| said(name))
}

/// What is said in words; an address alone is a link.
fn text<'a>(voice: &Voice, it: &'a Incident) -> Option<&'a str> {
    annotation(voice, it, "runbook").filter(|text| !leads(text.trim()))
}

fn link(it: &Incident) -> Option<&str> {
    let named = ["runbook_url", "runbook", "runbook_fr"].into_iter().filter_map(|name| it.annotations.get(name));
    named.map(|url| url.trim()).find(|url| leads(url))
}

/// A rule's author may write anything: nothing but an address of the web becomes a link.
fn leads(url: &str) -> bool {
    // A browser takes a backslash for a slash: the house that is named here would be another.
    let plain = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    plain && ["https://", "http://"].iter().any(|scheme| url.len() > scheme.len() && url.starts_with(scheme))
}

/// Where an address leads: who presses it knows beforehand.
fn house(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    rest.rsplit('@').next().unwrap_or(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_an_address_of_the_web_is_a_link() {
        for (url, is) in [
            ("https://wiki.example/disk", true),
            ("http://192.168.1.3/disk", true),
            ("javascript:alert(1)", false),
            ("data:text/html,x", false),
            ("https://", false),
            ("https://a b", false),
            ("https://evil.example\\@bank.example/", false),
            ("Empty C:\\Temp", false),
        ] {
            assert_eq!(leads(url), is, "{url}");
        }
    }

    #[test]
    fn a_link_says_which_house_it_leads_to() {
        assert_eq!(house("https://wiki.example:8443/disk?x#y"), "wiki.example:8443");
        assert_eq!(house("https://bank.example@evil.example/"), "evil.example", "not what stands before the house");
    }
}
