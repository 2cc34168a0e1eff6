//! What is not told now, because somebody works on it or does not want to hear of it?

use super::html::Html;
use super::short::{short, short_name};
use super::voice::Voice;
use crate::{Mute, MuteKind, Stamp};

/// So many are shown: more at once is an outage by another name.
const MOST: usize = 6;

/// Maintenance and silences in force; each with a button that ends it, where they may be ended.
pub(crate) fn in_force(out: &mut Html, voice: &Voice, mutes: &[Mute], may_end: bool) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"mutes\">\n<h2 id=\"mutes\">").text(w.maintenance).html("</h2>\n");
    if mutes.is_empty() {
        out.html("<p class=\"empty\">").text(w.maintenance_none).html("</p>\n");
    } else {
        out.html("<ul class=\"digest\">\n");
        mutes.iter().take(MOST).for_each(|mute| row(out, voice, mute, may_end));
        out.html("</ul>\n");
    }
    if mutes.len() > MOST {
        out.html("<p>").fill(w.ended_more, |out, _| out.shown(mutes.len() - MOST)).html("</p>\n");
    }
    out.html("</section>\n");
}

fn row(out: &mut Html, voice: &Voice, mute: &Mute, may_end: bool) {
    let w = voice.words();
    out.html("<li><b><span class=\"glyph\" aria-hidden=\"true\">◆</span> ").text(match mute.wish.kind {
        MuteKind::Maintenance => w.mute_maintenance,
        MuteKind::Silence => w.mute_silence,
    });
    out.html("</b> ");
    whom(out, voice, mute);
    out.html(" <span>").fill(w.mute_until, |out, _| voice.at(out, until(mute))).text(", ");
    out.fill(w.mute_by, |out, place| out.name(&short_name(if place == "who" { &mute.by } else { &mute.at })));
    if !mute.wish.why.is_empty() {
        out.text(": ").name(&short(&mute.wish.why));
    }
    out.html("</span>");
    if may_end {
        out.html("<form method=\"post\" action=\"/maintenance/")
            .text(&mute.id)
            .html("/end\"><button>")
            .text(w.plan_end);
        out.html("</button></form>");
    }
    out.html("</li>\n");
}

fn whom(out: &mut Html, voice: &Voice, mute: &Mute) {
    if mute.wish.labels.is_empty() {
        out.text(voice.words().mute_all);
        return;
    }
    for (at, (name, value)) in mute.wish.labels.iter().take(3).enumerate() {
        out.text(if at > 0 { ", " } else { "" }).name(&short_name(name)).text(" ").name(&short_name(value));
    }
}

/// The end of the window that is open now; of all of it where that is not told.
fn until(mute: &Mute) -> Stamp {
    let whole = Stamp(vigie_model::UtcMs(mute.wish.until_ms));
    mute.windows.first().map_or(whole, |(_, until)| *until)
}
