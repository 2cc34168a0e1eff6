//! What does the relay know of its way to the hub, and what can somebody on the site do about it?

use super::alert::fact;
use super::chart::{self, Chart};
use super::html::Html;
use super::own;
use super::site_words::Words;
use super::truth::Truth;
use super::unreached;
use super::voice::Voice;
use crate::{Around, Line, Own, Upward};

/// How the line was over the last day, or why that can not be drawn.
pub(crate) type Day = Result<Vec<Chart>, String>;

/// The state of the link, in few lines and with a way to all of it.
pub(crate) fn glance(out: &mut Html, voice: &Voice, truth: &Truth, line: Option<&Line>) {
    let w = voice.words();
    head(out, voice);
    match &truth.up {
        None => drop(out.html("<p class=\"empty\">").text(w.doctor_none).html("</p>\n")),
        Some(up) => {
            out.html("<dl class=\"facts\">\n");
            fact(out, w.state, |out| out.text(state(voice, up, line)));
            fact(out, w.last_contact, |out| last_contact(out, voice, up));
            fact(out, w.round_trip, |out| round_trip(out, voice, up, line));
            out.html("</dl>\n<p><a href=\"/link\">").text(w.doctor_more).html("</a></p>\n");
        }
    }
    out.html("</section>\n");
}

/// All that is known, and what to do.
pub(crate) fn whole(
    out: &mut Html,
    voice: &Voice,
    truth: &Truth,
    line: Option<&Line>,
    around: &[Around],
    (day, own): (&Day, Option<&Own>),
) {
    let w = voice.words();
    head(out, voice);
    let Some(up) = &truth.up else {
        out.html("<p class=\"empty\">").text(w.doctor_none).html("</p>\n</section>\n");
        return;
    };
    out.html("<dl class=\"facts\">\n");
    fact(out, w.state, |out| out.text(state(voice, up, line)));
    fact(out, w.address, |out| match line.and_then(|line| line.found.as_ref()) {
        Some(found) => out.fill(w.address_found, |out, place| out.name(if place == "found" { found } else { &up.to })),
        None => out.name(&up.to),
    });
    fact(out, w.since, |out| match up.link.since {
        Some(since) => {
            let span = voice.since(since);
            voice.at(out, since).text(" (").text(&span).text(")")
        }
        None => out.text(w.unknown),
    });
    fact(out, w.last_contact, |out| last_contact(out, voice, up));
    fact(out, w.round_trip, |out| round_trip(out, voice, up, line));
    fact(out, w.loss, |out| loss(out, voice, line));
    search(out, voice, up, line);
    out.html("</dl>\n</section>\n");
    super::around::draw(out, voice, up, line, around);
    last_day(out, voice, day);
    waits(out, voice, truth, up);
    if let Some(room) = up.room {
        out.html("<section aria-labelledby=\"room\">\n<h2 id=\"room\">").text(w.room).html("</h2>\n");
        super::truth::room(out, voice, room);
        out.html("</section>\n");
    }
    if let Some(own) = own {
        own::draw(out, voice, own);
    }
    advice(out, voice, up, line, around);
}

fn head(out: &mut Html, voice: &Voice) {
    out.html("<section aria-labelledby=\"doctor\">\n<h2 id=\"doctor\">").text(voice.words().doctor).html("</h2>\n");
}

/// Whether the hub is heard now: a link that stands may bring nothing back.
fn is_heard(up: &Upward, line: Option<&Line>) -> bool {
    up.link.connected && !line.is_some_and(|line| line.suspect)
}

fn state(voice: &Voice, up: &Upward, line: Option<&Line>) -> &'static str {
    let w = voice.words();
    match (up.link.connected, line.is_some_and(|line| line.suspect)) {
        (false, _) => w.not_connected,
        (true, true) => w.suspect,
        (true, false) => w.connected,
    }
}

pub(super) fn last_contact<'o>(out: &'o mut Html, voice: &Voice, up: &Upward) -> &'o mut Html {
    let w = voice.words();
    let Some(heard) = up.link.last_heard else { return out.text(w.never) };
    let span = voice.since(heard);
    voice.at_second(out, heard).text(", ").fill(w.ago, |out, _| out.text(&span))
}

/// Of now only while something comes back; else when it was last so.
pub(super) fn round_trip<'o>(out: &'o mut Html, voice: &Voice, up: &Upward, line: Option<&Line>) -> &'o mut Html {
    let w = voice.words();
    let Some(ms) = up.link.round_trip_ms else { return out.text(w.unknown) };
    out.text(&voice.number(ms)).text("\u{a0}ms");
    if is_heard(up, line) {
        return out;
    }
    let Some(heard) = up.link.last_heard else { return out };
    out.text(", ").fill(w.round_trip_was, |out, _| voice.at_second(out, heard))
}

fn loss<'o>(out: &'o mut Html, voice: &Voice, line: Option<&Line>) -> &'o mut Html {
    let w = voice.words();
    let Some(line) = line.filter(|line| line.sent_packets > 0) else { return out.text(w.unknown) };
    let share = line.lost_packets as f64 / line.sent_packets as f64;
    out.fill(w.loss_of, |out, place| match place {
        "percent" => out.text(&voice.percent(share)),
        "lost" => out.text(&voice.count(line.lost_packets)),
        _ => out.text(&voice.count(line.sent_packets)),
    })
}

/// How the search for a way goes while there is none. It has its place while there is one, too: a cut that begins, and a failure
/// that becomes known, move nothing that somebody reads below.
fn search(out: &mut Html, voice: &Voice, up: &Upward, line: Option<&Line>) {
    let w = voice.words();
    let line = line.filter(|_| !up.link.connected);
    fact(out, w.attempts, |out| match line {
        Some(line) => out.text(&voice.count(line.attempts)),
        None => out.text("–"),
    });
    fact(out, w.last_error, |out| {
        let why = line.and_then(|line| line.last_error.as_deref()).map(|said| unreached::why(voice.lang, said));
        out.html("<span class=\"slot\">").text(why.as_deref().unwrap_or("–")).html("</span>")
    });
}

fn last_day(out: &mut Html, voice: &Voice, day: &Day) {
    let w = Words::of(voice.lang);
    out.html("<section aria-labelledby=\"line-day\">\n<h2 id=\"line-day\">").text(w.line_day).html("</h2>\n");
    match day {
        Ok(charts) if charts.is_empty() => drop(out.html("<p class=\"empty\">").text(w.line_none).html("</p>\n")),
        Ok(charts) => {
            chart::textures(out);
            charts.iter().for_each(|chart| chart.draw(out, voice));
            out.html("<p><small>").text(voice.words().chart_key).html("</small></p>\n");
        }
        Err(why) => {
            out.html("<p class=\"not-done\">").fill(voice.words().chart_failed, |out, _| out.text(why)).html("</p>\n");
        }
    }
    out.html("</section>\n");
}

fn waits(out: &mut Html, voice: &Voice, truth: &Truth, up: &Upward) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"waits\">\n<h2 id=\"waits\">").text(w.waits);
    out.html("</h2>\n<table class=\"lanes\"><thead><tr><th scope=\"col\">").text(w.lane);
    out.html("</th><th scope=\"col\">").text(w.waits).html("</th></tr></thead><tbody>");
    for (lane, count) in [(w.lane_alerts, truth.changed), (w.lane_readings, up.waiting.ticks)] {
        out.html("<tr><th scope=\"row\">").text(lane).html("</th><td>").text(&voice.count(count)).html("</td></tr>");
    }
    out.html("</tbody></table>\n</section>\n");
}

/// Last on the page: what comes and goes here moves nothing that somebody reads.
fn advice(out: &mut Html, voice: &Voice, up: &Upward, line: Option<&Line>, around: &[Around]) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"advice\">\n<h2 id=\"advice\">").text(w.advice).html("</h2>\n");
    super::around::whom_to_call(out, voice, up, line, around);
    out.html("<p>");
    match (up.link.connected, line.is_some_and(|line| line.suspect)) {
        (true, false) => out.text(w.advice_up),
        (true, true) => out.text(w.advice_suspect).html("</p><p>").text(w.advice_site),
        (false, _) => out.text(w.advice_cut).html("</p><p>").text(w.advice_site),
    };
    out.html("</p>\n</section>\n");
}
