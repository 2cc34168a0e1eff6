//! What can somebody take away from a site whose line is cut?

use super::html::Html;
use super::site_words::Words;
use super::voice::Voice;
use crate::Place;

const DAY_S: i64 = 86_400;

/// Samples of all series.
const ALL: &str = "/api/v1/export?match%5B%5D=%7B__name__%3D~%22.%2B%22%7D";

/// The files that a browser saves, each made when it is asked for.
pub(crate) fn draw(out: &mut Html, voice: &Voice, place: Option<&Place>) {
    let w = Words::of(voice.lang);
    let now_s = voice.now.0.div_euclid(1_000);
    out.html("<section aria-labelledby=\"carry\">\n<h2 id=\"carry\">")
        .text(w.carry)
        .html("</h2>\n<p>")
        .text(w.carry_what);
    out.html("</p>\n<ul class=\"carry\">\n");
    let samples = |days: i64, format| format!("{ALL}&start={}&end={now_s}&format={format}", now_s - days * DAY_S);
    for (says, address, file) in [
        (w.carry_day, samples(1, "csv"), "samples.csv"),
        (w.carry_week, samples(7, "jsonl"), "samples.jsonl"),
        (w.carry_alerts, "/api/v1/incidents?standing=all&limit=1000".to_owned(), "alerts.json"),
        (w.carry_machines, "/api/v1/machines?limit=1000".to_owned(), "machines.json"),
    ] {
        out.html("<li><a href=\"").text(&address).html("\" download=\"").text(&named(place, voice, file)).html("\">");
        out.text(says).html("</a></li>\n");
    }
    out.html("</ul>\n</section>\n");
}

/// A file that still says of which site and of which day it is once it lies on a stick.
fn named(place: Option<&Place>, voice: &Voice, file: &str) -> String {
    let at = crate::Stamp(voice.now).to_string();
    let day = at.split('T').next().unwrap_or_default();
    match place {
        Some(place) => format!("{}-{}-{day}-{file}", place.client, place.site),
        None => format!("{day}-{file}"),
    }
}
