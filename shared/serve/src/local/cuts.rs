//! What happened here while the hub could not look?
//!
//! Counted from what the site itself noticed: what it was told of by the hub is not its own.

use super::html::Html;
use super::short::short_name;
use super::voice::Voice;
use crate::Cut;

/// Who acknowledged something meanwhile, by name; the others are counted.
const NAMED: usize = 2;

/// The last cut, where it was within a week.
pub(crate) fn last(out: &mut Html, voice: &Voice, cut: Option<&Cut>) {
    let Some(cut) = cut else { return };
    out.html("<section aria-labelledby=\"cut\">\n<h2 id=\"cut\">").text(voice.words().cuts).html("</h2>\n");
    out.html("<ul class=\"digest\">\n");
    row(out, voice, cut);
    out.html("</ul>\n</section>\n");
}

fn row(out: &mut Html, voice: &Voice, cut: &Cut) {
    let w = voice.words();
    out.html("<li><a href=\"/alerts/").text(&cut.id).html("\">");
    out.fill(w.ended_from_to, |out, place| match place {
        "from" => voice.at(out, cut.from),
        "to" => voice.at(out, cut.to),
        _ => out.text(&voice.span(cut.to.ms() - cut.from.ms())),
    });
    out.html("</a> <span>");
    if cut.began == 0 && cut.ended == 0 {
        out.text(w.cuts_nothing);
    } else {
        out.fill(w.cuts_counts, |out, place| {
            out.shown(match place {
                "began" => cut.began,
                "ended" => cut.ended,
                _ => cut.open,
            })
        });
    }
    known_by(out, voice, &cut.known_by);
    out.html("</span></li>\n");
}

fn known_by(out: &mut Html, voice: &Voice, who: &[String]) {
    if who.is_empty() {
        return;
    }
    let w = voice.words();
    out.text(" ").fill(w.cuts_known, |out, _| {
        for (at, name) in who.iter().take(NAMED).enumerate() {
            out.text(if at > 0 { ", " } else { "" }).name(&short_name(name));
        }
        if who.len() > NAMED {
            out.text(" ").fill(w.gap_more, |out, _| out.shown(who.len() - NAMED));
        }
        out
    });
}
