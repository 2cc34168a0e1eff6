//! One alert: what is known of it, what happened, and what somebody may decide.

use super::alerts::{class, doubted, glyph, notes, reached, severity, since_for, standing};
use super::forms::{self, Draft};
use super::html::Html;
use super::life::life;
use super::playbook;
use super::told;
use super::truth::Truth;
use super::voice::Voice;
use crate::{Incident, IncidentState, Stamp, ToldOf};

/// Learnt so much later than it happened is worth saying: readings take seconds, a cut takes minutes.
pub(crate) const LATE_MS: i64 = 60_000;

/// What its page shows.
#[derive(Debug)]
pub(crate) struct Alert<'a> {
    pub(crate) incident: &'a Incident,
    pub(crate) truth: &'a Truth,
    /// This node's name, by which words say where they were said.
    pub(crate) node: &'a str,
    pub(crate) who: &'a str,
    pub(crate) may_decide: bool,
    /// Who was told of it, where this node tells anybody.
    pub(crate) told: Option<ToldOf>,
    /// What was just done, as its word in the address.
    pub(crate) done: Option<&'a str>,
    /// What was tried and not done, with what was typed.
    pub(crate) draft: Option<Draft>,
}

impl Alert<'_> {
    pub(crate) fn draw(&self, out: &mut Html, voice: &Voice) {
        let (w, it) = (voice.words(), self.incident);
        out.html("<p><a href=\"/\">← ").text(w.back).html("</a></p>\n");
        self.said(out, voice);
        out.html("<article class=\"alert ").html(class(it)).html("\">\n<h1>");
        glyph(out, it.severity);
        out.text(" ").name(&playbook::summary(voice, it)).html("</h1>\n<p class=\"state\">");
        out.text(severity(w, it.severity)).text(", ").text(standing(w, it.standing));
        if let Some(since) = it.since.or(it.began).filter(|_| it.standing != IncidentState::Resolved) {
            out.text(", ");
            since_for(out, voice, since);
        }
        out.html("</p>\n");
        notes(out, voice, it);
        out.html("\n</article>\n");
        if it.contradicted {
            self.versions(out, voice);
        }
        playbook::draw(out, voice, it, self.truth.is_cut());
        out.html("<div class=\"columns\">\n");
        forms::draw(out, voice, self);
        out.html("<div>\n");
        life(out, voice, it, self.node);
        self.facts(out, voice);
        if let Some(told) = &self.told {
            told::draw(out, voice, told);
        }
        out.html("</div>\n</div>\n");
    }

    /// What came of the last decision, said once.
    fn said(&self, out: &mut Html, voice: &Voice) {
        let w = voice.words();
        if let Some(draft) = &self.draft {
            out.html("<p class=\"not-done\" role=\"alert\">").fill(w.not_done, |out, _| out.text(&draft.why));
            out.html("</p>\n");
        }
        let done = match self.done {
            Some("acknowledge") => w.done_acknowledge,
            Some("unacknowledge") => w.done_unacknowledge,
            Some("comment") => w.done_comment,
            Some("assign") => w.done_assign,
            Some("snooze") => w.done_snooze,
            Some("wake") => w.done_wake,
            Some("resolve") => w.done_resolve,
            Some(_) | None => return,
        };
        out.html("<p class=\"done\" role=\"status\">").text(done);
        if !self.truth.is_heard() {
            out.text(" ").text(w.done_not_at_hub);
        }
        out.html("</p>\n");
    }

    /// Both sides of a contradiction, side by side.
    fn versions(&self, out: &mut Html, voice: &Voice) {
        let (w, it) = (voice.words(), self.incident);
        out.html("<section class=\"versions\" aria-labelledby=\"versions\">\n<h2 id=\"versions\">")
            .text(w.versions_title);
        out.html("</h2>\n<p>").text(w.versions_why).html("</p>\n<div class=\"two\"><div><h3>").text(w.version_closed);
        out.html("</h3>");
        for word in &it.closings {
            out.html("<p>").fill(w.version_closed_by, |out, place| match place {
                "who" => out.name(&word.by),
                "where" => out.name(&word.at),
                _ => voice.at(out, word.happened_at),
            });
            out.html("</p>");
            if !word.text.is_empty() {
                out.html("<blockquote>").text(&word.text).html("</blockquote>");
            }
        }
        self.decide_at_once(out, "resolve", w.version_close);
        out.html("</div><div><h3>").text(w.version_open).html("</h3>");
        if let Some(since) = it.since.or(it.began) {
            out.html("<p>").fill(w.version_open_by, |out, place| match (place, &it.judge) {
                ("who", Some(judge)) => out.name(&judge.name),
                ("who", None) => out.text(w.version_someone),
                _ => voice.at(out, since),
            });
            out.html("</p>");
        }
        if let Some(doubt) = it.doubt {
            out.html("<p>").text(doubted(w, doubt)).html("</p>");
        }
        self.decide_at_once(out, "acknowledge", w.version_keep);
        out.html("</div></div>\n</section>\n");
    }

    fn decide_at_once(&self, out: &mut Html, decision: &'static str, words: &'static str) {
        if self.may_decide {
            out.html("<form method=\"post\" action=\"/alerts/").text(&self.incident.id).html("/").html(decision);
            out.html("\"><button>").text(words).html("</button></form>");
        }
    }

    fn facts(&self, out: &mut Html, voice: &Voice) {
        let (w, it) = (voice.words(), self.incident);
        out.html("<dl class=\"facts\">\n");
        fact(out, w.rule, |out| out.name(&it.rule));
        if let Some(machine) = &it.machine {
            fact(out, w.machine, |out| match &it.machine_id {
                Some(id) => out.html("<a href=\"/machines/").text(id).html("\">").name(machine).html("</a>"),
                None => out.name(machine),
            });
        }
        if let Some(value) = it.value {
            fact(out, w.value, |out| out.text(&voice.number(value)));
        }
        if let Some(began) = it.began {
            fact(out, w.began, |out| began_at(out, voice, it, began));
        }
        if let Some(ended) = it.ended {
            fact(out, w.ended, |out| voice.at(out, ended));
        }
        fact(out, w.learnt, |out| learnt_at(out, voice, it));
        if let Some(judge) = &it.judge {
            fact(out, w.judge, |out| out.name(&judge.name));
        }
        fact(out, w.delivery, |out| out.text(reached(w, it.reached)));
        out.html("</dl>\n");
        for (name, text) in it.annotations.iter().filter(|(name, text)| !playbook::is_told_elsewhere(name, text)) {
            out.html("<p class=\"annotation\"><b>").name(name).html("</b> ").text(text).html("</p>\n");
        }
        out.html("<details><summary>").text(w.labels).html("</summary><dl class=\"facts\">");
        for (name, value) in &it.labels {
            out.html("<dt>").name(name).html("</dt><dd>").name(value).html("</dd>");
        }
        out.html("</dl></details>\n");
    }
}

fn began_at<'o>(out: &'o mut Html, voice: &Voice, it: &Incident, began: Stamp) -> &'o mut Html {
    match it.since.filter(|_| it.times > 1) {
        None => voice.at(out, began),
        Some(last) => out.fill(voice.words().began_times, |out, place| match place {
            "time" => voice.at(out, began),
            "n" => out.shown(it.times),
            _ => voice.at(out, last),
        }),
    }
}

/// Late news says so: nobody is told that it was known here all the time.
fn learnt_at<'o>(out: &'o mut Html, voice: &Voice, it: &Incident) -> &'o mut Html {
    let late_ms = it.began.map_or(0, |began| it.learnt_at.ms() - began.ms());
    if late_ms <= LATE_MS {
        return voice.at(out, it.learnt_at);
    }
    out.fill(voice.words().learnt_late, |out, place| match place {
        "time" => voice.at(out, it.learnt_at),
        _ => out.text(&voice.span(late_ms)),
    })
}

/// One line of a list of facts.
pub(crate) fn fact(out: &mut Html, name: &'static str, value: impl for<'a> FnOnce(&'a mut Html) -> &'a mut Html) {
    out.html("<dt>").text(name).html("</dt><dd>");
    value(out).html("</dd>\n");
}
