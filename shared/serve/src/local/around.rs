//! Where does the way to the hub end: at the site's own gateway, at the line, or at the hub?

use std::time::Duration;

use super::doctor::{last_contact, round_trip};
use super::html::Html;
use super::site_words::Words;
use super::unreached;
use super::voice::Voice;
use crate::{Around, AroundAnswer, AroundWhat, Line, Upward};

/// While the hub is out of reach it is asked each half minute.
const RECENT_MS: u64 = 60_000;

/// The steps of the way, each with its time.
pub(crate) fn draw(out: &mut Html, voice: &Voice, up: &Upward, line: Option<&Line>, around: &[Around]) {
    if around.is_empty() {
        return;
    }
    let w = Words::of(voice.lang);
    out.html("<section aria-labelledby=\"around\">\n<h2 id=\"around\">").text(w.around);
    out.html("</h2>\n<table class=\"around\"><thead><tr>");
    for head in [w.around_what, w.around_how, w.around_asked, w.around_well] {
        out.html("<th scope=\"col\">").text(head).html("</th>");
    }
    out.html("</tr></thead>\n<tbody>\n");
    around.iter().for_each(|one| row(out, voice, one));
    hub(out, voice, up, line);
    out.html("</tbody></table>\n");
    out.html("<p><small>").text(w.around_when).html("</small></p>\n</section>\n");
}

/// Whom to call, as far as the answers are of now.
pub(super) fn whom_to_call(out: &mut Html, voice: &Voice, up: &Upward, line: Option<&Line>, around: &[Around]) {
    // What was asked long ago says nothing of now; what a reader asked for was asked after they came.
    let is_new = |one: &Around| voice.now.0.abs_diff(one.asked.ms()) < RECENT_MS;
    let says = where_it_ends(Words::of(voice.lang), up, line, around);
    if let Some(says) = says.filter(|_| around.iter().all(is_new)) {
        out.html("<p><b>").text(says).html("</b></p>\n");
    }
}

fn row(out: &mut Html, voice: &Voice, one: &Around) {
    let w = Words::of(voice.lang);
    let name = match one.what {
        AroundWhat::Gateway => w.around_gateway,
        AroundWhat::Behind => w.around_behind,
        AroundWhat::Names => w.around_names,
        AroundWhat::HubsMachine => w.around_machine,
    };
    let is_silent = one.answer != AroundAnswer::Nobody && !one.answer.is_there();
    // That there is none may be right, and something else the way; and some never answer.
    let is_there = match one.what {
        AroundWhat::Behind | AroundWhat::HubsMachine if is_silent => None,
        _ => (one.answer != AroundAnswer::Nobody).then(|| one.answer.is_there()),
    };
    begin(out, is_there, name, one.to.as_deref());
    match (&one.answer, one.what) {
        (AroundAnswer::After(took), _) => out.fill(w.around_in, |out, _| out.text(&ms(voice, *took))),
        (AroundAnswer::Refused(why), _) => out.fill(w.around_refused, |out, _| out.text(why)),
        (AroundAnswer::Silent(_), AroundWhat::Behind | AroundWhat::HubsMachine) => out.text(w.around_may_be_silent),
        (AroundAnswer::Silent(waited), _) => out.fill(w.around_silent, |out, _| out.text(&ms(voice, *waited))),
        (AroundAnswer::Unreachable(why), _) => out.fill(w.around_unreachable, |out, _| out.text(why)),
        (AroundAnswer::Nobody, AroundWhat::Gateway) => out.text(w.around_no_gateway),
        (AroundAnswer::Nobody, AroundWhat::Names) => out.text(w.around_no_names),
        (AroundAnswer::Nobody, AroundWhat::Behind | AroundWhat::HubsMachine) => out.text(w.around_no_address),
    };
    out.html("</td><td data-of=\"").text(w.around_asked).html("\">");
    voice.at_second(out, one.asked);
    out.html("</td><td data-of=\"").text(w.around_well).html("\">");
    match one.answered {
        Some(at) => voice.at_second(out, at),
        None => out.text(w.around_never),
    };
    out.html("</td></tr>\n");
}

/// The hub is not asked: something comes from it all the time, or nothing does.
fn hub(out: &mut Html, voice: &Voice, up: &Upward, line: Option<&Line>) {
    let w = Words::of(voice.lang);
    let suspect = line.is_some_and(|line| line.suspect);
    begin(out, Some(up.link.connected && !suspect), w.around_hub, Some(&up.to));
    match (up.link.connected, suspect) {
        (true, false) => out.fill(w.around_hub_heard, |out, _| round_trip(out, voice, up, line)),
        (true, true) => out.text(w.around_hub_suspect),
        (false, _) => out.text(w.around_hub_cut),
    };
    out.html("</td><td data-of=\"").text(w.around_asked).html("\">").text(w.around_hub_always);
    out.html("</td><td data-of=\"").text(w.around_well).html("\">");
    last_contact(out, voice, up);
    out.html("</td></tr>\n");
}

fn begin(out: &mut Html, is_there: Option<bool>, name: &'static str, to: Option<&str>) {
    let (class, glyph) = match is_there {
        Some(true) => ("fine", "●"),
        Some(false) => ("critical", "■"),
        None => ("unknown", "○"),
    };
    out.html("<tr class=\"").html(class).html("\"><th scope=\"row\"><span class=\"glyph\" aria-hidden=\"true\">");
    out.html(glyph).html("</span> ");
    out.text(name);
    if let Some(to) = to {
        out.html(" <small>").name(to).html("</small>");
    }
    out.html("</th><td>");
}

fn ms(voice: &Voice, span: Duration) -> String {
    format!("{}\u{a0}ms", voice.number(span.as_secs_f64() * 1_000.0))
}

/// Whether an answer says that the way goes on. Who serves names and says that it can not answer stands on this side of the
/// line: a router without one says just that.
fn says_so(one: &Around) -> bool {
    match one.what {
        AroundWhat::Gateway => one.answer.is_there(),
        _ => matches!(one.answer, AroundAnswer::After(_)),
    }
}

/// The first thing on the way that does not answer is where to begin. Nothing where the hub is heard.
fn where_it_ends(w: &'static Words, up: &Upward, line: Option<&Line>, around: &[Around]) -> Option<&'static str> {
    if up.link.connected && !line.is_some_and(|line| line.suspect) {
        return None;
    }
    // Whoever refuses somebody was reached: the way is whole.
    if line.and_then(|line| line.last_error.as_deref()).is_some_and(unreached::is_about_certificates) {
        return Some(w.around_says_refused);
    }
    let is_there = |what| {
        let mut those = around.iter().filter(|one| one.what == what && one.answer != AroundAnswer::Nobody).peekable();
        those.peek().is_some().then(|| those.any(says_so))
    };
    // Of these two silence says nothing.
    if is_there(AroundWhat::HubsMachine) == Some(true) {
        return Some(w.around_says_blocked);
    }
    let behind = is_there(AroundWhat::Behind) == Some(true);
    Some(match (is_there(AroundWhat::Gateway), is_there(AroundWhat::Names)) {
        (_, Some(true)) => w.around_says_hub,
        (_, Some(false)) if behind => w.around_says_operator,
        (Some(false), _) => w.around_says_gateway,
        (Some(true), _) => w.around_says_line,
        (None, _) => return None,
    })
}
