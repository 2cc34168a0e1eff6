//! Is the hub in reach, since when, and what waits for it? The first thing on the page.

use super::html::Html;
use super::voice::Voice;
use super::words::Words;
use crate::{Room, Upward};

/// How much of what waited when the line came back has gone.
fn drained(out: &mut Html, voice: &Voice, up: &Upward) {
    let (Some(most), Some(drain)) = (up.waited_most, up.drain) else { return };
    let (w, done) = (voice.words(), most.saturating_sub(up.waiting.ticks));
    out.html("<p><progress aria-label=\"").text(w.drained_title).html("\" max=\"").shown(most).html("\" value=\"");
    out.shown(done).html("\"></progress> ").fill(w.drained, |out, place| match place {
        "done" => out.text(&voice.count(done)),
        "most" => out.text(&voice.count(most)),
        _ => out.text(&voice.number(drain.ticks_per_second)),
    });
    out.html("</p>");
}

/// For how long what is measured has room here.
pub(crate) fn room(out: &mut Html, voice: &Voice, room: Room) {
    let w = voice.words();
    let share = room.used_bytes as f64 / room.most_bytes.max(1) as f64;
    out.html("<p><meter aria-label=\"").text(w.room).html("\" value=\"").shown(format_args!("{:.3}", share.min(1.0)));
    out.html("\" high=\"0.9\"></meter> ");
    let sentence = if room.full_in_seconds.is_some() { w.room_left } else { w.room_now };
    out.fill(sentence, |out, place| match place {
        "span" => out.text(&voice.seconds(room.full_in_seconds.unwrap_or(0))),
        "used" => out.text(&voice.bytes(room.used_bytes)),
        _ => out.text(&voice.bytes(room.most_bytes)),
    });
    out.html("</p>");
}

/// What the banner rests on.
#[derive(Debug, Clone, Default)]
pub(crate) struct Truth {
    /// The way up, as the relay knows it.
    pub(crate) up: Option<Upward>,
    /// The link stands, but nothing comes back: whether the hub is in reach is not known.
    pub(crate) suspect: bool,
    /// How many machines there are: each always has some readings under way.
    pub(crate) machines: usize,
    /// Alerts of which something has not yet reached the hub.
    pub(crate) changed: u64,
    /// Why nothing is taken in, if so.
    pub(crate) not_ready: Vec<String>,
    /// Whether rules are evaluated here.
    pub(crate) watched: bool,
    /// Rules that could not be worked out the last time, and why.
    pub(crate) blind: Vec<(String, String)>,
}

/// Readings of one machine that are under way while all is well: those of two minutes. More is a backlog.
const UNDER_WAY: u64 = 12;

/// Rules without a result that are named: with more, something else is wrong.
const BLIND_NAMED: usize = 3;

impl Truth {
    /// Whether what is decided here is known to come to the hub at once.
    pub(crate) fn is_heard(&self) -> bool {
        self.up.as_ref().is_none_or(|up| up.link.connected && !self.suspect)
    }

    /// Whether the hub is out of reach.
    pub(crate) fn is_cut(&self) -> bool {
        self.up.as_ref().is_some_and(|up| !up.link.connected)
    }

    pub(crate) fn draw(&self, out: &mut Html, voice: &Voice) {
        let w = voice.words();
        out.html("<section class=\"truth\" aria-label=\"").text(w.truth).html("\">\n");
        if let Some(up) = &self.up {
            match (up.link.connected, self.suspect) {
                (true, false) => self.in_reach(out, voice, up),
                (true, true) => self.in_doubt(out, voice, up),
                (false, _) => self.out_of_reach(out, voice, up),
            }
        }
        self.own_state(out, w);
        out.html("</section>\n");
    }

    fn in_reach(&self, out: &mut Html, voice: &Voice, up: &Upward) {
        let w = voice.words();
        let waits = self.waiting(voice, up);
        let late = self.changed > 0
            || up.rows.is_some_and(|rows| rows.alerts > 0)
            || up.waiting.ticks > UNDER_WAY * self.machines.max(1) as u64;
        out.html(if late { "<div class=\"late\">" } else { "<div class=\"fine\">" });
        title(out, if late { "◷" } else { "●" }, w.up_title);
        out.html("<p>");
        since(out, voice, up, w.up_since);
        match waits {
            None => out.text(w.up_all_there),
            Some(what) => out.fill(w.up_waiting, |out, _| out.text(&what)),
        };
        if let Some(seconds) = up.drain.and_then(|drain| drain.done_in_seconds) {
            out.text(" ").fill(w.done_in, |out, _| out.text(&voice.seconds(seconds)));
        }
        out.html("</p>");
        if late {
            drained(out, voice, up);
        }
        out.html("</div>\n");
    }

    /// Nothing is green on a link that only seems to stand.
    fn in_doubt(&self, out: &mut Html, voice: &Voice, up: &Upward) {
        let w = voice.words();
        out.html("<div class=\"cut\">");
        title(out, "◌", w.doubt_title);
        out.html("<p>");
        if let Some(heard) = up.link.last_heard {
            let span = voice.since(heard);
            out.fill(w.doubt_since, |out, place| match place {
                "time" => voice.at_second(out, heard),
                _ => out.text(&span),
            });
            out.text(" ");
        }
        self.goes_on(out, voice, up);
    }

    fn out_of_reach(&self, out: &mut Html, voice: &Voice, up: &Upward) {
        let w = voice.words();
        out.html("<div class=\"cut\">");
        title(out, "◌", w.cut_title);
        out.html("<p>");
        since(out, voice, up, w.cut_since);
        if up.link.since.is_none() {
            out.text(w.cut_never).text(" ");
        }
        self.goes_on(out, voice, up);
    }

    fn goes_on(&self, out: &mut Html, voice: &Voice, up: &Upward) {
        let w = voice.words();
        out.text(w.cut_goes_on).html("</p><p>");
        match self.waiting(voice, up) {
            None => out.text(w.cut_nothing),
            Some(what) => out.fill(w.cut_waiting, |out, _| out.text(&what)),
        };
        out.text(" ").text(w.cut_decide).html("</p>");
        if let Some(room) = up.room {
            self::room(out, voice, room);
        }
        out.html("</div>\n");
    }

    fn waiting(&self, voice: &Voice, up: &Upward) -> Option<String> {
        let w = voice.words();
        let told = |count: u64, one: &str, many: &str| match count {
            0 => None,
            1 => Some(one.to_owned()),
            count => Some(many.replace("{n}", &voice.count(count))),
        };
        let readings = told(up.waiting.ticks, w.readings_one, w.readings);
        let mut all: Vec<String> = readings.into_iter().collect();
        match up.rows {
            None => all.extend(told(self.changed, w.changed_one, w.changed)),
            Some(rows) => {
                all.extend(told(rows.alerts, w.rows_alerts_one, w.rows_alerts));
                all.extend(told(rows.state, w.rows_state_one, w.rows_state));
            }
        }
        let last = all.pop()?;
        Some(if all.is_empty() { last } else { format!("{}{}{last}", all.join(", "), w.and) })
    }

    fn own_state(&self, out: &mut Html, w: &'static Words) {
        if !self.not_ready.is_empty() {
            out.html("<div class=\"bad\">");
            title(out, "■", w.not_ready);
            self.not_ready.iter().for_each(|reason| {
                out.html("<p>").text(reason).html("</p>");
            });
            out.html("</div>\n");
        }
        if !self.watched {
            out.html("<div class=\"late\"><p>").text(w.no_watch).html("</p></div>\n");
        }
        if !self.blind.is_empty() {
            out.html("<div class=\"late\">");
            title(out, "▲", w.blind_title);
            for (rule, why) in self.blind.iter().take(BLIND_NAMED) {
                out.html("<p>").fill(w.blind, |out, place| out.name(if place == "rule" { rule } else { why }));
                out.html("</p>");
            }
            out.html("</div>\n");
        }
    }
}

fn title(out: &mut Html, glyph: &'static str, words: &'static str) {
    out.html("<h2><span aria-hidden=\"true\">").html(glyph).html("</span> ").text(words).html("</h2>");
}

fn since(out: &mut Html, voice: &Voice, up: &Upward, sentence: &'static str) {
    let Some(since) = up.link.since else { return };
    out.fill(sentence, |out, place| match place {
        "time" => voice.at(out, since),
        _ => out.text(&voice.since(since)),
    });
    out.text(" ");
}
