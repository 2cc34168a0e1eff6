//! Planned work: a form that says what is not to be told and until when, what that would mute, and what mutes now.

use super::html::Html;
use super::mutes;
use super::short::{short, short_name};
use super::truth::Truth;
use super::voice::Voice;
use crate::{Mute, MutePreview, Stamp};

/// For how long something may be muted from this page, in minutes. What recurs or lasts longer is planned at the hub.
pub(crate) const SPANS_MIN: [u32; 7] = [30, 60, 120, 240, 480, 1_440, 2_880];

/// What is chosen before somebody chooses.
pub(crate) const USUAL_MIN: u32 = 60;

/// Letters of a reason, and of a machine's name.
const MOST_LETTERS: &str = "200";

/// Machines and alerts that a preview names; the rest is counted.
const NAMED: usize = 8;

/// What its page shows.
#[derive(Debug)]
pub(crate) struct Planning<'a> {
    pub(crate) truth: &'a Truth,
    pub(crate) who: &'a str,
    pub(crate) may_decide: bool,
    /// What was typed.
    pub(crate) typed: Typed,
    /// What was just done, as its word in the address.
    pub(crate) done: Option<&'a str>,
    /// Why what was wished was not done.
    pub(crate) not_done: Option<String>,
    /// What the wish would mute, and until when.
    pub(crate) preview: Option<(MutePreview, Stamp)>,
    /// What mutes now.
    pub(crate) mutes: Vec<Mute>,
}

/// What somebody typed into the form.
#[derive(Debug, Clone, Default)]
pub(crate) struct Typed {
    /// A machine's name; all of the site if empty.
    pub(crate) machine: String,
    pub(crate) minutes: u32,
    pub(crate) why: String,
}

impl Planning<'_> {
    pub(crate) fn draw(&self, out: &mut Html, voice: &Voice) {
        let w = voice.words();
        out.html("<p><a href=\"/\">← ").text(w.back).html("</a></p>\n<h1>").text(w.plan).html("</h1>\n");
        self.said(out, voice);
        out.html("<div class=\"columns\">\n<section class=\"forms\" aria-labelledby=\"plan\">\n<h2 id=\"plan\">");
        out.text(w.plan_title).html("</h2>\n");
        if self.may_decide {
            self.form(out, voice);
        } else {
            out.html("<p class=\"empty\">").fill(w.may_not, |out, _| out.name(self.who)).html("</p>\n");
        }
        out.html("</section>\n<div>\n");
        if let Some((preview, until)) = &self.preview {
            shown(out, voice, preview, *until);
        }
        mutes::in_force(out, voice, &self.mutes, self.may_decide);
        out.html("</div>\n</div>\n");
    }

    fn said(&self, out: &mut Html, voice: &Voice) {
        let w = voice.words();
        if let Some(why) = &self.not_done {
            out.html("<p class=\"not-done\" role=\"alert\">").fill(w.not_done, |out, _| out.text(why)).html("</p>\n");
        }
        let done = match self.done {
            Some("add") => w.plan_done,
            Some("end") => w.plan_ended,
            Some(_) | None => return,
        };
        out.html("<p class=\"done\" role=\"status\">").text(done);
        if self.truth.is_cut() {
            out.text(" ").text(w.done_not_at_hub);
        }
        out.html("</p>\n");
    }

    fn form(&self, out: &mut Html, voice: &Voice) {
        let w = voice.words();
        out.html("<form method=\"post\" action=\"/maintenance\"><p>").text(w.plan_hint).html("</p><label for=\"on\">");
        out.text(w.plan_machine).html("</label>");
        field(out, "on\" name=\"machine", &self.typed.machine);
        out.html("<label for=\"minutes\">").text(w.plan_for).html("</label><select id=\"minutes\" name=\"minutes\">");
        for minutes in SPANS_MIN {
            let (sentence, count) = if minutes < 60 { (w.minutes, minutes) } else { (w.hours, minutes / 60) };
            out.html("<option value=\"").shown(minutes);
            out.html(if minutes == self.typed.minutes { "\" selected>" } else { "\">" });
            out.fill(sentence, |out, _| out.shown(count)).html("</option>");
        }
        out.html("</select><label for=\"why\">").text(w.reason).html("</label>");
        field(out, "why\" name=\"why", &self.typed.why);
        // The first one is what Enter presses: it changes nothing.
        out.html("<span class=\"row\"><button name=\"what\" value=\"preview\">").text(w.plan_preview);
        out.html("</button> <button class=\"primary\" name=\"what\" value=\"add\">").text(w.plan_add);
        out.html("</button></span></form>\n");
    }
}

/// What a wish would mute.
fn shown(out: &mut Html, voice: &Voice, preview: &MutePreview, until: Stamp) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"would\">\n<h2 id=\"would\">");
    out.fill(w.plan_would, |out, _| voice.at(out, until)).html("</h2>\n<dl class=\"facts\"><dt>").text(w.machines);
    out.html("</dt><dd>").shown(preview.machine_count);
    names(out, voice, preview.machines.iter().map(|name| short_name(name)), preview.machine_count);
    out.html("</dd><dt>").text(w.plan_open).html("</dt><dd>").shown(preview.incidents.len());
    names(out, voice, preview.incidents.iter().map(|(_, summary)| short(summary)), preview.incidents.len());
    out.html("</dd><dt>").text(w.plan_awake).html("</dt><dd>");
    if preview.awake.is_empty() {
        out.text(w.nothing);
    }
    for (at, rule) in preview.awake.iter().take(NAMED).enumerate() {
        out.text(if at > 0 { ", " } else { "" }).name(&short_name(rule));
    }
    out.html("</dd></dl>\n</section>\n");
}

fn names<T: AsRef<str>>(out: &mut Html, voice: &Voice, names: impl Iterator<Item = T>, all: usize) {
    for (at, name) in names.take(NAMED).enumerate() {
        out.text(if at > 0 { ", " } else { ": " }).name(name.as_ref());
    }
    if all > NAMED {
        out.text(" ").fill(voice.words().ended_more, |out, _| out.shown(all - NAMED));
    }
}

/// A line to type in, by its id and name.
fn field(out: &mut Html, id: &'static str, typed: &str) {
    out.html("<input id=\"").html(id).html("\" autocomplete=\"off\" maxlength=\"").html(MOST_LETTERS);
    out.html("\" value=\"").text(typed).html("\">");
}
