//! Which machines are there, how are they, and do we hear them? Two questions, in two columns.

use super::alerts::Part;
use super::html::Html;
use super::short::short_name;
use super::voice::Voice;
use super::words::Words;
use crate::{Health, Machine, Reachability, Shown, Stamp, status};

/// Machines on the first page: those that need somebody stand first, the others are one step away.
pub(crate) const AT_A_GLANCE: usize = 6;

/// Machines on one page of their own list.
pub(crate) const ON_ONE_PAGE: usize = 50;

/// One machine in a list.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) machine: Machine,
    /// How full its fullest disk is, 0 to 1, if that was heard within the last minutes.
    pub(crate) disk: Option<f64>,
}

/// The order in which they are looked at: worst first, then by name.
pub(crate) fn by_need(machines: &mut [Machine]) {
    machines.sort_by(|a, b| {
        let shown = |machine: &Machine| status(machine.health, machine.reachability.state).shown;
        shown(b).cmp(&shown(a)).then_with(|| a.name.cmp(&b.name)).then_with(|| a.id.cmp(&b.id))
    });
}

/// How many are heard now, and how many there are.
pub(crate) fn heard(machines: &[Machine]) -> (usize, usize) {
    let live = machines.iter().filter(|machine| machine.reachability.state == Reachability::Live);
    (live.count(), machines.len())
}

/// The worst of them, on the first page.
pub(crate) fn glance(out: &mut Html, voice: &Voice, part: &Part<Seen>) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"machines\">\n<h2 id=\"machines\">");
    counted(out, voice, part.all).html("</h2>\n");
    if part.shown.is_empty() {
        out.html("<p class=\"empty\">").text(w.machines_none).html("</p>\n");
    } else {
        table(out, voice, &part.shown);
    }
    if part.pages > 1 {
        out.html("<p><a href=\"/machines\">").fill(w.all_machines, |out, _| out.shown(part.all)).html("</a></p>\n");
    }
    out.html("</section>\n");
}

/// What was asked of the list.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) q: &'a str,
    /// Why that can not be used.
    pub(crate) wrong: Option<String>,
    /// How many machines there are.
    pub(crate) all: usize,
}

/// All of them, or those that were asked for, page by page.
pub(crate) fn list(out: &mut Html, voice: &Voice, part: &Part<Seen>, asked: &Asked<'_>) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"machines\">\n<h1 id=\"machines\">");
    counted(out, voice, part.all).html("</h1>\n");
    if asked.all > 0 {
        filter(out, voice, asked);
    }
    if !part.shown.is_empty() {
        table(out, voice, &part.shown);
    } else if asked.all > 0 {
        out.html("<p class=\"empty\">").fill(w.search_none, |out, _| out.html("<code>").text(asked.q).html("</code>"));
        out.html(" <a href=\"/machines\">").fill(w.search_all, |out, _| out.shown(asked.all)).html("</a></p>\n");
    } else {
        out.html("<p class=\"empty\">").text(w.open_none_empty).html("</p>\n");
    }
    part.turn(out, voice, "/machines", asked.q);
    out.html("</section>\n");
}

/// What is looked for stands in the address: the page can be handed on, and reloaded.
fn filter(out: &mut Html, voice: &Voice, asked: &Asked<'_>) {
    let w = voice.words();
    if let Some(why) = &asked.wrong {
        out.html("<p class=\"not-done\" role=\"alert\">").fill(w.search_wrong, |out, _| out.text(why)).html("</p>\n");
    }
    out.html("<form class=\"filter\" role=\"search\"><input name=\"q\" type=\"search\" aria-label=\"").text(w.search);
    out.html("\" aria-describedby=\"how\" maxlength=\"200\" value=\"").text(asked.q).html("\"><button>").text(w.search);
    out.html("</button> <small id=\"how\">").text(w.search_hint).html("</small></form>\n");
}

fn counted<'o>(out: &'o mut Html, voice: &Voice, all: usize) -> &'o mut Html {
    out.text(voice.words().machines).html(" <span class=\"count\">").shown(all).html("</span>")
}

fn table(out: &mut Html, voice: &Voice, machines: &[Seen]) {
    let w = voice.words();
    out.html("<table class=\"machines\">\n<thead><tr>");
    for head in [w.machine, w.health, w.heard, w.cpu, w.memory, w.disk] {
        out.html("<th scope=\"col\">").text(head).html("</th>");
    }
    out.html("</tr></thead>\n<tbody>\n");
    machines.iter().for_each(|seen| row(out, voice, seen));
    out.html("</tbody></table>\n");
}

fn row(out: &mut Html, voice: &Voice, seen: &Seen) {
    let (w, machine) = (voice.words(), &seen.machine);
    out.html("<tr class=\"").html(class(machine)).html("\"><th scope=\"row\"><a href=\"/machines/").shown(machine.id);
    out.html("\">").name(&short_name(&machine.name)).html("</a></th><td>");
    health(out, voice, machine);
    out.html("</td><td>");
    reach(out, voice, machine);
    out.html("</td>");
    let value = |fact: &Option<crate::Fact<f64>>| fact.as_ref().map(|fact| fact.value);
    for (name, share) in [(w.cpu, value(&machine.cpu)), (w.memory, value(&machine.memory)), (w.disk, seen.disk)] {
        out.html("<td data-of=\"").text(name).html("\">");
        gauge(out, voice, share);
        out.html("</td>");
    }
    out.html("</tr>\n");
}

/// How full or how busy, as a number and a bar.
pub(crate) fn gauge(out: &mut Html, voice: &Voice, share: Option<f64>) {
    let Some(share) = share.filter(|share| share.is_finite()) else {
        out.text(voice.words().nothing);
        return;
    };
    out.html("<span class=\"number\">").text(&voice.percent(share)).html("</span><meter aria-hidden=\"true\" value=\"");
    out.shown(format_args!("{:.2}", share.clamp(0.0, 1.0))).html("\"></meter>");
}

/// What it said of itself, and whether that still holds.
pub(crate) fn health(out: &mut Html, voice: &Voice, machine: &Machine) {
    let w = voice.words();
    let live = machine.reachability.state == Reachability::Live;
    out.html("<span class=\"glyph\" aria-hidden=\"true\">").html(glyph(machine)).html("</span> ");
    let word = word(w, machine.health);
    if live || machine.health == Health::Unknown {
        out.text(word);
    } else {
        out.fill(w.health_was, |out, _| out.text(word));
    }
}

/// Whether we hear it, and since when not.
pub(crate) fn reach(out: &mut Html, voice: &Voice, machine: &Machine) {
    let w = voice.words();
    out.text(match machine.reachability.state {
        Reachability::Live => w.live,
        Reachability::Late => w.late,
        Reachability::Silent => w.silent,
        Reachability::Cut => w.cut,
        Reachability::Asleep => w.asleep,
        Reachability::Unseen => w.unseen,
        Reachability::Retired => w.retired,
    });
    let since: Option<Stamp> = machine.reachability.since;
    if let Some(since) = since.filter(|_| machine.reachability.state != Reachability::Retired) {
        let span = voice.since(since);
        out.html(" <small>").fill(w.ago, |out, _| out.text(&span)).html("</small>");
    }
}

/// How it is drawn. Nothing that is not heard is ever green.
pub(crate) fn class(machine: &Machine) -> &'static str {
    match status(machine.health, machine.reachability.state).shown {
        Shown::Ok => "fine",
        // Heard, and nobody judged it: that is nothing to be green about.
        Shown::Heard => "heard",
        Shown::Warning => "warning",
        Shown::Critical => "critical",
        Shown::Late => "late",
        Shown::Silent => "silent",
        Shown::Stale | Shown::Asleep | Shown::Unknown | Shown::Retired => "stale",
    }
}

fn glyph(machine: &Machine) -> &'static str {
    match status(machine.health, machine.reachability.state).shown {
        Shown::Ok => "●",
        Shown::Heard => "○",
        Shown::Warning => "▲",
        Shown::Critical => "■",
        Shown::Late => "◷",
        Shown::Silent => "✕",
        Shown::Stale => "◌",
        Shown::Asleep => "☾",
        Shown::Unknown => "?",
        Shown::Retired => "–",
    }
}

fn word(w: &'static Words, health: Health) -> &'static str {
    match health {
        Health::Ok => w.health_ok,
        Health::Warning => w.warning,
        Health::Critical => w.critical,
        Health::Unknown => w.health_unknown,
    }
}
