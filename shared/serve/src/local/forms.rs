//! What may be decided of an alert, as forms that need no script.

use super::alert::Alert;
use super::html::Html;
use super::voice::Voice;
use crate::IncidentState;

/// Letters of a note or a comment: what one line of a terminal and a phone's notification can be made of.
pub(crate) const MOST_LETTERS: &str = "1000";

/// For how long something may be quiet, in minutes. Longer is maintenance, which is asked for by its own name.
pub(crate) const SNOOZES_MIN: [u32; 6] = [15, 30, 60, 240, 480, 1_440];

/// A decision that was not taken: why, and what had been typed.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) decision: String,
    pub(crate) text: String,
    pub(crate) why: String,
}

impl Alert<'_> {
    /// What was typed into a form that was not taken.
    fn typed(&self, decision: &str) -> &str {
        self.draft.as_ref().filter(|draft| draft.decision == decision).map_or("", |draft| &draft.text)
    }
}

/// The forms, or why there are none.
pub(crate) fn draw(out: &mut Html, voice: &Voice, alert: &Alert<'_>) {
    let w = voice.words();
    out.html("<section class=\"forms\" aria-labelledby=\"decide\">\n<h2 id=\"decide\">").text(w.decide).html("</h2>\n");
    if !alert.may_decide {
        out.html("<p class=\"empty\">").fill(w.may_not, |out, _| out.name(alert.who)).html("</p>\n</section>\n");
        return;
    }
    let standing = alert.incident.standing;
    if standing == IncidentState::Resolved {
        out.html("<p class=\"empty\">").text(w.it_is_over).html("</p>\n");
        comment(out, voice, alert);
    } else {
        acknowledge(out, voice, alert);
        comment(out, voice, alert);
        assign(out, voice, alert);
        snooze(out, voice, alert);
        resolve(out, voice, alert);
    }
    out.html("</section>\n");
}

fn acknowledge(out: &mut Html, voice: &Voice, alert: &Alert<'_>) {
    let w = voice.words();
    begin(out, alert, "acknowledge");
    out.html("<p>").text(w.acknowledge_hint).html("</p>");
    line(out, "note", w.note, alert.typed("acknowledge"));
    out.html("<button class=\"primary\">").text(w.acknowledge).html("</button></form>\n");
    if !alert.incident.acknowledgements.is_empty() {
        begin(out, alert, "unacknowledge");
        out.html("<button>").text(w.unacknowledge).html("</button></form>\n");
    }
}

fn comment(out: &mut Html, voice: &Voice, alert: &Alert<'_>) {
    let w = voice.words();
    begin(out, alert, "comment");
    out.html("<label for=\"comment\">")
        .text(w.comment_text)
        .html("</label><textarea id=\"comment\" name=\"text\" rows=\"3\" required maxlength=\"");
    out.html(MOST_LETTERS).html("\">").text(alert.typed("comment")).html("</textarea><button>").text(w.comment);
    out.html("</button></form>\n");
}

fn assign(out: &mut Html, voice: &Voice, alert: &Alert<'_>) {
    let w = voice.words();
    folded(out, alert, "assign", w.assign);
    line(out, "whom", w.assign_whom, alert.typed("assign"));
    out.html("<span class=\"row\"><button>").text(w.assign).html("</button> <button name=\"me\" value=\"1\">");
    out.text(w.assign_me).html("</button></span></form></details>\n");
}

fn snooze(out: &mut Html, voice: &Voice, alert: &Alert<'_>) {
    let w = voice.words();
    folded(out, alert, "snooze", w.snooze);
    out.html("<label for=\"minutes\">").text(w.snooze_for).html("</label><select id=\"minutes\" name=\"minutes\">");
    for minutes in SNOOZES_MIN {
        let (sentence, count) = if minutes < 60 { (w.minutes, minutes) } else { (w.hours, minutes / 60) };
        out.html("<option value=\"").shown(minutes).html(if minutes == 60 { "\" selected>" } else { "\">" });
        out.fill(sentence, |out, _| out.shown(count)).html("</option>");
    }
    out.html("</select><button>").text(w.snooze).html("</button></form></details>\n");
    if alert.incident.snoozed_until.is_some() {
        begin(out, alert, "wake");
        out.html("<button>").text(w.wake).html("</button></form>\n");
    }
}

fn resolve(out: &mut Html, voice: &Voice, alert: &Alert<'_>) {
    let w = voice.words();
    folded(out, alert, "resolve", w.resolve);
    out.html("<p>").text(w.resolve_hint).html("</p>");
    line(out, "reason", w.reason, alert.typed("resolve"));
    out.html("<button>").text(w.resolve).html("</button></form></details>\n");
}

/// What is decided less often stays folded, unless it was just tried.
fn folded(out: &mut Html, alert: &Alert<'_>, decision: &'static str, name: &'static str) {
    let tried = alert.draft.as_ref().is_some_and(|draft| draft.decision == decision);
    out.html(if tried { "<details open><summary>" } else { "<details><summary>" }).text(name).html("</summary>");
    begin(out, alert, decision);
}

fn begin(out: &mut Html, alert: &Alert<'_>, decision: &'static str) {
    out.html("<form method=\"post\" action=\"/alerts/").text(&alert.incident.id).html("/").html(decision).html("\">");
}

/// One line to type, with its label.
fn line(out: &mut Html, id: &'static str, label: &'static str, typed: &str) {
    out.html("<label for=\"").html(id).html("\">").text(label).html("</label><input id=\"").html(id);
    out.html("\" name=\"text\" autocomplete=\"off\" maxlength=\"").html(MOST_LETTERS).html("\" value=\"").text(typed);
    out.html("\">");
}
