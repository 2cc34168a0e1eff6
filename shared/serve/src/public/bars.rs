//! How do the last days of something look?

use super::history::{Day, History, Sum, Was};
use super::words::Words;
use crate::local::html::Html;

/// One bar for each day: how high says how it was, and hatches what is not known, whoever tells colours apart.
pub(super) fn bars(out: &mut Html, w: &'static Words, name: &str, history: &History) {
    let known = || history.days.iter().filter_map(|day| day.sum);
    let is_well = |sum: &Sum| sum.was() == Was::Well && !sum.is_unsure();
    out.html("<svg viewBox=\"0 0 900 30\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
    out.fill(w.days, |out, place| match place {
        "name" => out.text(name),
        "well" => out.shown(known().filter(is_well).count()),
        "bad" => out.shown(known().filter(|sum| sum.down > 0).count()),
        "unsure" => out.shown(known().filter(|sum| sum.is_unsure()).count()),
        _ => out.shown(history.days.len() - known().count()),
    });
    out.html("\">");
    let look = |day: &Day| day.sum.map(Sum::was);
    let unsure = |day: &Day| day.sum.is_some_and(Sum::is_unsure);
    path(out, "n", 28, &history.days, |day| day.sum.is_none());
    path(out, "u", 0, &history.days, unsure);
    path(out, "w", 21, &history.days, |day| look(day) == Some(Was::Well));
    path(out, "d", 10, &history.days, |day| look(day) == Some(Was::Disturbed));
    path(out, "b", 0, &history.days, |day| look(day) == Some(Was::Bad));
    out.html("<rect class=\"g\" width=\"900\" height=\"30\"/></svg>\n");
}

/// All days of one kind, days beside one another in one piece.
fn path(out: &mut Html, class: &'static str, top: u32, days: &[Day], is: impl Fn(&Day) -> bool) {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (at, _) in days.iter().enumerate().filter(|(_, day)| is(day)) {
        match runs.last_mut() {
            Some((_, end)) if *end == at => *end += 1,
            _ => runs.push((at, at + 1)),
        }
    }
    if runs.is_empty() {
        return;
    }
    out.html("<path class=\"").html(class).html("\" d=\"");
    for (from, to) in runs {
        out.html("M").shown(from * 10).html(" ").shown(top).html("H").shown(to * 10).html("V30H").shown(from * 10);
        out.html("z");
    }
    out.html("\"/>");
}

/// What the bars mean, and what they are filled with.
pub(super) fn key(out: &mut Html, w: &'static Words) {
    out.html(
        "<svg class=\"fills\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\
         <pattern id=\"hatch\" width=\"5\" height=\"5\" patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\">\
         <path d=\"M0 0V5\"/></pattern><pattern id=\"gap\" width=\"10\" height=\"30\" patternUnits=\"userSpaceOnUse\">\
         <rect x=\"8\" width=\"2\" height=\"30\"/></pattern></defs></svg>\n<p class=\"key\"><b>",
    );
    out.text(w.key).html("</b>");
    for (class, top, word) in [
        ("w", "21", w.key_well),
        ("d", "10", w.key_some),
        ("b", "0", w.key_bad),
        ("u", "0", w.key_unsure),
        ("n", "28", w.key_none),
    ] {
        out.html(" <span><svg viewBox=\"0 0 8 30\" aria-hidden=\"true\"><path class=\"").html(class).html("\" d=\"M0 ");
        out.html(top).html("H8V30H0z\"/></svg> ").text(word).html("</span>");
    }
    out.html("</p>\n");
}
