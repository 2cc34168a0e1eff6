//! What is open, and what ended within the last day?

use vigie_model::{Doubt, Severity};

use super::html::Html;
use super::playbook::{self, summary};
use super::short::{short, short_name};
use super::truth::Truth;
use super::voice::Voice;
use super::words::Words;
use crate::{Incident, IncidentState, Reached, Stamp};

/// Alerts on one page: with all that a browser loads for it they stay below thirty kilobytes on the line, whatever they are
/// called, and a thumb still comes to the end of them.
pub(crate) const ON_ONE_PAGE: usize = 25;

/// Of those that ended, so many are told with the page; the digest counts the rest.
pub(crate) const ENDED_SHOWN: usize = 4;

/// Part of a list.
#[derive(Debug, Clone)]
pub(crate) struct Part<T> {
    pub(crate) shown: Vec<T>,
    /// How many there are in all.
    pub(crate) all: usize,
    /// How many stand on the pages before.
    pub(crate) before: usize,
    /// From 1.
    pub(crate) page: usize,
    pub(crate) pages: usize,
}

impl<T> Part<T> {
    /// A page of a list, the last one for whoever asks for more than there is.
    pub(crate) fn of(mut list: Vec<T>, page: usize, on_one: usize) -> Self {
        let (all, pages) = (list.len(), list.len().div_ceil(on_one).max(1));
        let page = page.clamp(1, pages);
        let before = (page - 1) * on_one;
        let mut shown = list.split_off(before);
        shown.truncate(on_one);
        Self { shown, all, before, page, pages }
    }

    /// The way to its other pages.
    pub(crate) fn turn(&self, out: &mut Html, voice: &Voice, address: &'static str, q: &str) {
        if self.pages < 2 {
            return;
        }
        let w = voice.words();
        let until = self.before + self.shown.len();
        let way = |out: &mut Html, page: usize, sentence: &'static str, more: usize| {
            out.html(" <a href=\"").html(address).html("?page=").shown(page);
            if !q.is_empty() {
                out.html("&amp;q=").text(&escaped(q));
            }
            out.html("\">").fill(sentence, |out, _| out.shown(more)).html("</a> ");
        };
        out.html("<nav class=\"turn\" aria-label=\"").text(w.turn).html("\">");
        if self.page > 1 {
            way(out, self.page - 1, w.previous, self.before);
        }
        out.html("<span>").fill(w.page_of, |out, place| {
            out.shown(match place {
                "page" => self.page,
                "pages" => self.pages,
                "from" => self.before + 1,
                "until" => until,
                _ => self.all,
            })
        });
        out.html("</span>");
        if self.page < self.pages {
            way(out, self.page + 1, w.next, self.all - until);
        }
        out.html("</nav>\n");
    }
}

/// As a part of an address.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The order in which they are looked at: what needs a person first.
pub(crate) fn by_need(incidents: &mut [Incident]) {
    incidents.sort_by_key(|incident| {
        let unheeded = incident.standing == IncidentState::Firing || incident.contradicted;
        let began = incident.since.or(incident.began).map_or(i64::MAX, Stamp::ms);
        (std::cmp::Reverse((unheeded, incident.severity)), std::cmp::Reverse(began), incident.id.clone())
    });
}

/// Whether who looks may take an alert at once: it is theirs to decide, and nobody has it.
pub(crate) type Takes<'a> = &'a dyn Fn(&Incident) -> bool;

/// The list of what is open.
pub(crate) fn open(out: &mut Html, voice: &Voice, open: &Part<Incident>, heard: (usize, usize), takes: Takes<'_>) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"open\">\n<h2 id=\"open\">").text(w.open_alerts);
    out.html(" <span class=\"count\">").shown(open.all).html("</span></h2>\n");
    if open.shown.is_empty() {
        nothing_open(out, voice, heard);
    } else {
        rows(out, voice, &open.shown, takes);
    }
    open.turn(out, voice, "/", "");
    out.html("</section>\n");
}

/// A list of alerts.
pub(crate) fn rows(out: &mut Html, voice: &Voice, alerts: &[Incident], takes: Takes<'_>) {
    out.html("<ul class=\"alerts\">\n");
    alerts.iter().for_each(|alert| row(out, voice, alert, takes(alert)));
    out.html("</ul>\n");
}

fn nothing_open(out: &mut Html, voice: &Voice, (live, all): (usize, usize)) {
    let w = voice.words();
    let sentence = match (live, all) {
        (_, 0) => w.open_none_empty,
        (0, _) => w.open_none_blind,
        _ => w.open_none_heard,
    };
    out.html("<p class=\"empty\">").text(w.open_none).text(" ");
    out.fill(sentence, |out, place| out.shown(if place == "live" { live } else { all }));
    out.html("</p>\n");
}

fn row(out: &mut Html, voice: &Voice, alert: &Incident, may_take: bool) {
    let w = voice.words();
    out.html("<li class=\"").html(class(alert)).html("\">");
    glyph(out, alert.severity);
    out.html("<div><h3><a href=\"/alerts/").text(&alert.id).html("\">").name(&short(&summary(voice, alert)));
    out.html("</a></h3><p>").text(severity(w, alert.severity)).text(", ").text(standing(w, alert.standing));
    if let Some(since) = alert.since.or(alert.began) {
        out.text(", ");
        since_for(out, voice, since);
    }
    if let Some(machine) = &alert.machine {
        out.text(" · ").name(&short_name(machine));
    }
    out.html("</p>");
    notes(out, voice, alert);
    if playbook::is_there(voice, alert) {
        out.html("<p class=\"way\"><a href=\"/alerts/").text(&alert.id).html("#todo\">");
        out.text(super::site_words::Words::of(voice.lang).todo).html("</a></p>");
    }
    out.html("</div>");
    if may_take {
        out.html("<form method=\"post\" action=\"/alerts/")
            .text(&alert.id)
            .html("/acknowledge\"><button aria-label=\"");
        out.text(w.acknowledge).text(": ").text(&short(&summary(voice, alert))).html("\">").text(w.acknowledge);
        out.html("</button></form>");
    }
    out.html("</li>\n");
}

/// What else is to be known of it at a glance.
pub(crate) fn notes(out: &mut Html, voice: &Voice, alert: &Incident) {
    let w = voice.words();
    out.html("<ul class=\"notes\">");
    if alert.contradicted {
        out.html("<li class=\"two\">").text(w.contradicted).html("</li>");
    }
    if let Some(doubt) = alert.doubt {
        out.html("<li class=\"doubt\">").text(doubted(w, doubt)).html("</li>");
    }
    // Several when they did not know of one another: both are told.
    for word in alert.acknowledgements.iter().take(2) {
        out.html("<li>").fill(w.acknowledged_by, |out, place| match place {
            "who" => out.name(&short_name(&word.by)),
            "where" => out.name(&short_name(&word.at)),
            _ => voice.at(out, word.happened_at),
        });
        out.html("</li>");
    }
    for word in alert.assignments.iter().filter(|word| !word.text.is_empty()).take(2) {
        out.html("<li>").fill(w.assigned_to, |out, _| out.name(&short_name(&word.text))).html("</li>");
    }
    if let Some(until) = alert.snoozed_until {
        out.html("<li>").fill(w.snoozed_until, |out, _| voice.at(out, until)).html("</li>");
    }
    if !alert.muted_by.is_empty() {
        out.html("<li class=\"muted-by\">").text(w.muted).html("</li>");
    }
    if alert.reached != Reached::Everywhere {
        out.html("<li class=\"reached\">").text(reached(w, alert.reached)).html("</li>");
    }
    out.html("</ul>");
}

/// What ended within the last day, in few lines.
pub(crate) fn ended(out: &mut Html, voice: &Voice, ended: &[Incident], truth: &Truth) {
    let w = voice.words();
    out.html("<section aria-labelledby=\"ended\">\n<h2 id=\"ended\">").text(w.ended_digest);
    out.html(" <span class=\"count\">").shown(ended.len()).html("</span></h2>\n");
    if ended.is_empty() {
        out.html("<p class=\"empty\">").text(w.ended_none).html("</p>\n");
    } else {
        out.html("<ul class=\"digest\">\n");
        ended.iter().take(ENDED_SHOWN).for_each(|alert| ended_row(out, voice, alert, truth));
        out.html("</ul>\n");
    }
    if ended.len() > ENDED_SHOWN {
        out.html("<p>").fill(w.ended_more, |out, _| out.shown(ended.len() - ENDED_SHOWN)).html("</p>\n");
    }
    out.html("</section>\n");
}

fn ended_row(out: &mut Html, voice: &Voice, alert: &Incident, truth: &Truth) {
    let w = voice.words();
    let from = alert.since.or(alert.began);
    let end = over_at(alert);
    out.html("<li><a href=\"/alerts/")
        .text(&alert.id)
        .html("\">")
        .name(&short(&summary(voice, alert)))
        .html("</a> <span>");
    if let (Some(from), Some(end)) = (from, end) {
        out.fill(w.ended_from_to, |out, place| match place {
            "from" => voice.at(out, from),
            "to" => voice.at(out, end),
            _ => out.text(&voice.span(end.ms() - from.ms())),
        });
    }
    if let Some(word) = alert.closings.first() {
        out.text(", ")
            .fill(w.closed_by, |out, place| out.name(&short_name(if place == "who" { &word.by } else { &word.at })));
    }
    let cut_since = truth.up.as_ref().filter(|_| truth.is_cut()).and_then(|up| up.link.since);
    if cut_since.is_some() && from > cut_since {
        out.text(", ").text(w.ended_while_cut);
    }
    out.html("</span></li>\n");
}

/// When it was over: by its rule, or when somebody closed it.
pub(crate) fn over_at(alert: &Incident) -> Option<Stamp> {
    alert.ended.or_else(|| alert.closings.first().map(|word| word.happened_at))
}

pub(crate) fn since_for(out: &mut Html, voice: &Voice, since: Stamp) {
    out.fill(voice.words().since_for, |out, place| match place {
        "time" => voice.at(out, since),
        _ => out.text(&voice.since(since)),
    });
}

/// How it is drawn: what is over or in doubt is never drawn as something that is sure.
pub(crate) fn class(alert: &Incident) -> &'static str {
    match (alert.standing, alert.doubt, alert.severity) {
        (IncidentState::Resolved, ..) => "over",
        (_, Some(_), Severity::Critical) => "critical unsure",
        (_, Some(_), Severity::Warning) => "warning unsure",
        (_, Some(_), Severity::Info) => "info unsure",
        (_, None, Severity::Critical) => "critical",
        (_, None, Severity::Warning) => "warning",
        (_, None, Severity::Info) => "info",
    }
}

pub(crate) fn glyph(out: &mut Html, severity: Severity) {
    out.html("<span class=\"glyph\" aria-hidden=\"true\">").html(match severity {
        Severity::Critical => "■",
        Severity::Warning => "▲",
        Severity::Info => "●",
    });
    out.html("</span>");
}

pub(crate) fn severity(w: &'static Words, severity: Severity) -> &'static str {
    match severity {
        Severity::Critical => w.critical,
        Severity::Warning => w.warning,
        Severity::Info => w.info,
    }
}

pub(crate) fn standing(w: &'static Words, standing: IncidentState) -> &'static str {
    match standing {
        IncidentState::Firing => w.firing,
        IncidentState::Acknowledged => w.acknowledged,
        IncidentState::Snoozed => w.snoozed,
        IncidentState::Resolved => w.resolved,
    }
}

pub(crate) fn doubted(w: &'static Words, doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::Cut => w.doubt_cut,
        Doubt::Silent => w.doubt_silent,
        Doubt::Waiting => w.doubt_waiting,
        Doubt::JustWoken => w.doubt_woken,
    }
}

pub(crate) fn reached(w: &'static Words, reached: Reached) -> &'static str {
    match reached {
        Reached::Queued => w.reached_queued,
        Reached::Site => w.reached_site,
        Reached::Everywhere => w.reached_everywhere,
    }
}
