//! What can somebody take away from a site whose line is cut?

use super::html::Html;
use super::site_words::Words;
use super::voice::Voice;
use crate::Place;
use crate::list::MOST_ROWS;

const DAY_S: i64 = 86_400;

/// What the hub takes in.
const HUB_FILE: &str = "hub.vigie";

/// Samples of all series.
const ALL: &str = "/api/v1/export?match%5B%5D=%7B__name__%3D~%22.%2B%22%7D";

/// How many there are of what a list has a page of at most.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) alerts: usize,
    pub(crate) machines: usize,
}

/// The files that a browser saves, each made when it is asked for. `for_hub`: the one that the hub takes in, too.
pub(crate) fn draw(out: &mut Html, voice: &Voice, place: Option<&Place>, held: Held, for_hub: bool) {
    let w = Words::of(voice.lang);
    let now_s = voice.now.0.div_euclid(1_000);
    out.html("<section aria-labelledby=\"carry\">\n<h2 id=\"carry\">").text(w.carry).html("</h2>\n");
    if for_hub {
        out.html("<p>")
            .text(w.carry_hub_what)
            .html("</p>\n<ul class=\"carry\">\n<li><a href=\"/api/v1/carried\" download=\"");
        out.text(&named(place, voice, HUB_FILE)).html("\">").text(w.carry_hub).html("</a></li>\n</ul>\n");
    }
    out.html("<p>").text(w.carry_what).html("</p>\n<ul class=\"carry\">\n");
    let samples = |days: i64, format| format!("{ALL}&start={}&end={now_s}&format={format}", now_s - days * DAY_S);
    let page = |list: &str, more: &str| format!("/api/v1/{list}?{more}limit={MOST_ROWS}");
    for (says, address, file, (held, partly)) in [
        (w.carry_day, samples(1, "csv"), "samples.csv", (0, "")),
        (w.carry_week, samples(7, "jsonl"), "samples.jsonl", (0, "")),
        (w.carry_alerts, page("incidents", "standing=all&"), "alerts.json", (held.alerts, w.carry_alerts_partly)),
        (w.carry_machines, page("machines", ""), "machines.json", (held.machines, w.carry_machines_partly)),
    ] {
        out.html("<li><a href=\"").text(&address).html("\" download=\"").text(&named(place, voice, file)).html("\">");
        out.text(says).html("</a>");
        if held > MOST_ROWS {
            let count = |count: usize| voice.count(count as u64);
            let said = partly.replace("{some}", &count(MOST_ROWS)).replace("{all}", &count(held));
            out.html("<br><small>").text(&said).html("</small>");
        }
        out.html("</li>\n");
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
