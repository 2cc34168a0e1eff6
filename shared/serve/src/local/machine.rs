//! One machine: how it is, whether it is heard, and how it went over the last hours.

use super::alerts::{self, Takes};
use super::chart::{self, Chart};
use super::html::Html;
use super::machines::{class, gauge, health, reach};
use super::voice::Voice;
use crate::{Incident, Machine};

/// How far back its charts may go, in hours; the address names one.
pub(crate) const RANGES_H: [i64; 3] = [1, 6, 24];

/// What its page shows.
#[derive(Debug)]
pub(crate) struct One {
    pub(crate) machine: Machine,
    pub(crate) disk: Option<f64>,
    pub(crate) range_h: i64,
    /// Its charts, or why there are none.
    pub(crate) charts: Result<Vec<Chart>, String>,
    /// What is open on it, as far as it is shown, and how much more is.
    pub(crate) open: Vec<Incident>,
    pub(crate) more: usize,
}

impl One {
    pub(crate) fn draw(&self, out: &mut Html, voice: &Voice, takes: Takes<'_>) {
        let (w, machine) = (voice.words(), &self.machine);
        out.html("<p><a href=\"/machines\">← ").text(w.back_machines).html("</a></p>\n<article class=\"machine ");
        out.html(class(machine)).html("\">\n<h1>").name(&machine.name).html("</h1>\n<dl class=\"facts\"><dt>");
        out.text(w.health).html("</dt><dd>");
        health(out, voice, machine);
        out.html("</dd><dt>").text(w.heard).html("</dt><dd>");
        reach(out, voice, machine);
        out.html("</dd>");
        for (name, fact) in [(w.cpu, &machine.cpu), (w.memory, &machine.memory)] {
            out.html("<dt>").text(name).html("</dt><dd>");
            gauge(out, voice, fact.as_ref().map(|fact| fact.value));
            if let Some(fact) = fact {
                let span = voice.since(fact.origin.observed_at);
                out.html(" <small>").fill(w.ago, |out, _| out.text(&span)).html("</small>");
            }
            out.html("</dd>");
        }
        out.html("<dt>").text(w.disk_fullest).html("</dt><dd>");
        gauge(out, voice, self.disk);
        out.html("</dd></dl>\n</article>\n");
        out.html("<p><a href=\"/maintenance?machine=")
            .text(&in_address(&machine.name))
            .html("\">")
            .text(w.plan)
            .html("</a></p>\n");
        self.open(out, voice, takes);
        self.charts(out, voice);
    }

    fn open(&self, out: &mut Html, voice: &Voice, takes: Takes<'_>) {
        let w = voice.words();
        out.html("<section aria-labelledby=\"on\"><h2 id=\"on\">").text(w.on_machine).html("</h2>\n");
        if self.open.is_empty() {
            out.html("<p class=\"empty\">").text(w.all_is_quiet).html("</p>\n");
        } else {
            alerts::rows(out, voice, &self.open, takes);
        }
        if self.more > 0 {
            out.html("<p>").fill(w.ended_more, |out, _| out.shown(self.more)).html("</p>\n");
        }
        out.html("</section>\n");
    }

    fn charts(&self, out: &mut Html, voice: &Voice) {
        let w = voice.words();
        out.html("<section aria-labelledby=\"charts\"><h2 id=\"charts\">");
        out.fill(w.charts, |out, _| hours(out, voice, self.range_h));
        out.html("</h2>\n<nav class=\"ranges\" aria-label=\"").text(w.range).html("\">");
        for hours in RANGES_H {
            out.html("<a href=\"/machines/").shown(self.machine.id).html("?range=").shown(hours);
            out.html(if hours == self.range_h { "h\" aria-current=\"true\">" } else { "h\">" });
            self::hours(out, voice, hours).html("</a>");
        }
        out.html("</nav>\n");
        match &self.charts {
            Ok(charts) => {
                chart::textures(out);
                charts.iter().for_each(|chart| chart.draw(out, voice));
                out.html("<p><small>").text(w.chart_key).html("</small></p>\n");
            }
            Err(why) => {
                out.html("<p class=\"not-done\">").fill(w.chart_failed, |out, _| out.text(why)).html("</p>\n");
            }
        }
        out.html("</section>\n");
    }
}

fn hours<'o>(out: &'o mut Html, voice: &Voice, hours: i64) -> &'o mut Html {
    out.fill(voice.words().hours, |out, _| out.shown(hours))
}

/// A name as it stands in an address.
fn in_address(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}
