//! How did something go over the last hours? A small drawing, and the same in words.
//!
//! Where nothing was measured nothing is drawn across: the stretch is hatched, and the words below say why as far as is
//! known. The drawing ends at now, so that a machine that is not heard has a gap at its right edge.

use super::html::Html;
use super::voice::Voice;
use super::words::Words;
use crate::{HoleKind, Stamp};

/// The drawing's own measure; the browser stretches it to its place.
const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 100.0;

/// Gaps that are told in words; the drawing shows all.
const GAPS_TOLD: usize = 4;

/// Something that is never below 0 over a time, in windows of equal length.
#[derive(Debug, Clone)]
pub(crate) struct Chart {
    /// What it is, in the reader's language.
    pub(crate) what: &'static str,
    pub(crate) scale: Scale,
    /// The first window begins here.
    pub(crate) from_ms: i64,
    /// How long each window is.
    pub(crate) step_ms: i64,
    /// One for each window; none where nothing was measured in it.
    pub(crate) windows: Vec<Option<Window>>,
    /// The newest value of all, if it was just heard.
    pub(crate) newest: Option<f64>,
    /// Why something is not here, as the ledger tells it.
    pub(crate) holes: Vec<(i64, i64, HoleKind)>,
}

/// How values are drawn and said.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Scale {
    /// Shares of 1; the top of the drawing is this one.
    Share(f64),
    /// Seconds, told in ms; the top is this many of them.
    Millis(f64),
}

impl Scale {
    /// For round trips up to this, in seconds. Of few sizes: one day and the next look alike.
    pub(crate) fn of_round_trips(most_s: f64) -> Self {
        let tops = [50.0, 100.0, 200.0, 500.0, 1_000.0, 2_000.0, 5_000.0];
        Self::Millis(tops.into_iter().find(|top| most_s * 1_000.0 <= *top).unwrap_or(10_000.0))
    }

    fn say(self, voice: &Voice, value: f64) -> String {
        match self {
            Self::Share(_) => voice.percent(value),
            Self::Millis(_) => format!("{}\u{a0}ms", voice.number(value * 1_000.0)),
        }
    }

    /// The number at the top of the drawing.
    fn top(self) -> f64 {
        match self {
            Self::Share(top) => top * 100.0,
            Self::Millis(top) => top,
        }
    }

    /// How far up a value stands, of 1.
    fn share(self, value: f64) -> f64 {
        match self {
            Self::Share(top) => value / top,
            Self::Millis(top) => value * 1_000.0 / top,
        }
    }
}

/// What one window came down to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Window {
    pub(crate) least: f64,
    pub(crate) mean: f64,
    pub(crate) most: f64,
}

/// A stretch of windows without a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Gap {
    from_ms: i64,
    to_ms: i64,
    kind: Option<HoleKind>,
}

impl Chart {
    pub(crate) fn draw(&self, out: &mut Html, voice: &Voice) {
        let w = voice.words();
        let gaps = self.gaps();
        out.html("<figure class=\"chart\"><figcaption><h3>").text(self.what).html("</h3> <span>");
        if let Some(newest) = self.newest {
            out.fill(w.chart_now, |out, _| out.text(&self.scale.say(voice, newest)));
        }
        out.html("</span></figcaption>\n<div class=\"plot\"><svg viewBox=\"0 0 720 100\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"");
        self.summary(out, voice, gaps.len());
        out.html("\">\n<path class=\"grid\" d=\"M0 .5H720M0 50H720M0 99.5H720\"/>");
        gaps.iter().for_each(|gap| self.draw_gap(out, gap));
        self.runs().for_each(|(at, run)| self.draw_run(out, at, run));
        out.html("</svg>");
        for (class, value) in [("top", self.scale.top()), ("half", self.scale.top() / 2.0)] {
            out.html("<span class=\"")
                .html(class)
                .html("\" aria-hidden=\"true\">")
                .text(&voice.number(value))
                .html("</span>");
        }
        out.html("</div>\n<p class=\"axis\">");
        for part in 0..=3 {
            voice.at(out, self.at(self.windows.len() as f64 * f64::from(part) / 3.0));
        }
        out.html("</p>\n");
        told(out, voice, &gaps);
        out.html("</figure>\n");
    }

    /// All of it in one sentence.
    fn summary(&self, out: &mut Html, voice: &Voice, gaps: usize) {
        let w = voice.words();
        let (from, to) = (self.at(0.0), self.at(self.windows.len() as f64));
        let clock = |at| voice.clock(at, false);
        let measured = || self.windows.iter().enumerate().filter_map(|(at, window)| Some((at, (*window)?)));
        let Some((at, most)) = measured().reduce(|best, next| if next.1.most > best.1.most { next } else { best })
        else {
            out.fill(w.chart_none, |out, place| match place {
                "what" => out.text(self.what),
                "from" => out.text(&clock(from)),
                _ => out.text(&clock(to)),
            });
            return;
        };
        let least = measured().map(|(_, window)| window.least).fold(f64::INFINITY, f64::min);
        let mean = measured().map(|(_, window)| window.mean).sum::<f64>() / measured().count() as f64;
        out.fill(w.chart_sum, |out, place| match place {
            "what" => out.text(self.what),
            "from" => out.text(&clock(from)),
            "to" => out.text(&clock(to)),
            "min" => out.text(&self.scale.say(voice, least)),
            "mean" => out.text(&self.scale.say(voice, mean)),
            "max" => out.text(&self.scale.say(voice, most.most)),
            "at" => out.text(&clock(self.at(at as f64))),
            _ => match gaps {
                0 => out.text(w.gaps_none),
                1 => out.text(w.gaps_one),
                _ => out.fill(w.gaps, |out, _| out.shown(gaps)),
            },
        });
    }

    fn draw_gap(&self, out: &mut Html, gap: &Gap) {
        let (from, to) = (self.x(gap.from_ms), self.x(gap.to_ms));
        out.html("<rect class=\"").html(texture(gap.kind)).html("\" x=\"").tenth(from).html("\" width=\"");
        out.tenth(to - from).html("\" height=\"100\"/>");
    }

    /// A band from the least to the most, and a line of means. A single window is as long as it was.
    fn draw_run(&self, out: &mut Html, begin: usize, run: &[Option<Window>]) {
        let windows = || run.iter().flatten();
        let step = WIDTH / self.windows.len() as f64;
        let x = |at: usize| (begin + at) as f64 * step + step / 2.0;
        if windows().any(|window| self.scale.share(window.most - window.least) > 0.005) {
            out.html("<path class=\"band\" d=\"M");
            for (at, window) in windows().enumerate() {
                out.html(if at == 0 { "" } else { "L" }).tenth(x(at)).html(" ").tenth(self.y(window.most));
            }
            for (at, window) in windows().enumerate().collect::<Vec<_>>().into_iter().rev() {
                out.html("L").tenth(x(at)).html(" ").tenth(self.y(window.least));
            }
            out.html("Z\"/>");
        }
        out.html("<path class=\"line\" d=\"M");
        if let [Some(window)] = run {
            out.tenth(x(0) - step / 2.0).html(" ").tenth(self.y(window.mean)).html("H").tenth(x(0) + step / 2.0);
        } else {
            for (at, window) in windows().enumerate() {
                out.html(if at == 0 { "" } else { "L" }).tenth(x(at)).html(" ").tenth(self.y(window.mean));
            }
        }
        out.html("\"/>");
    }

    /// Stretches of windows with values, each with where it begins.
    fn runs(&self) -> impl Iterator<Item = (usize, &[Option<Window>])> {
        let mut at = 0;
        self.windows.chunk_by(|a, b| a.is_some() == b.is_some()).filter_map(move |run| {
            let begin = at;
            at += run.len();
            run.first()?.is_some().then_some((begin, run))
        })
    }

    fn gaps(&self) -> Vec<Gap> {
        let mut at = 0;
        let mut gaps = Vec::new();
        for run in self.windows.chunk_by(|a, b| a.is_some() == b.is_some()) {
            let (from_ms, to_ms) = (self.at(at as f64).ms(), self.at((at + run.len()) as f64).ms());
            at += run.len();
            if run.first().is_some_and(Option::is_none) {
                gaps.push(Gap { from_ms, to_ms, kind: self.why(from_ms, to_ms) });
            }
        }
        gaps
    }

    /// The hole that covers most of a gap.
    fn why(&self, from_ms: i64, to_ms: i64) -> Option<HoleKind> {
        let overlap = |hole: &&(i64, i64, HoleKind)| hole.1.min(to_ms) - hole.0.max(from_ms);
        self.holes.iter().filter(|hole| overlap(hole) > 0).max_by_key(overlap).map(|(.., kind)| *kind)
    }

    fn at(&self, windows: f64) -> Stamp {
        let ms = (windows * self.step_ms as f64).round() as i64;
        Stamp(vigie_model::UtcMs(self.from_ms.saturating_add(ms)))
    }

    fn y(&self, value: f64) -> f64 {
        (1.0 - self.scale.share(value).clamp(0.0, 1.0)) * HEIGHT
    }

    fn x(&self, at_ms: i64) -> f64 {
        (at_ms - self.from_ms) as f64 / (self.step_ms * self.windows.len().max(1) as i64) as f64 * WIDTH
    }
}

fn told(out: &mut Html, voice: &Voice, gaps: &[Gap]) {
    if gaps.is_empty() {
        return;
    }
    let w = voice.words();
    out.html("<ul class=\"gaps\">");
    for gap in gaps.iter().rev().take(GAPS_TOLD) {
        let at = |ms| Stamp(vigie_model::UtcMs(ms));
        out.html("<li class=\"").html(texture(gap.kind)).html("\">").fill(w.gap_line, |out, place| match place {
            "from" => voice.at(out, at(gap.from_ms)),
            "to" => voice.at(out, at(gap.to_ms)),
            _ => out.text(kind(w, gap.kind)),
        });
        out.html("</li>");
    }
    if gaps.len() > GAPS_TOLD {
        out.html("<li>").fill(w.gap_more, |out, _| out.shown(gaps.len() - GAPS_TOLD)).html("</li>");
    }
    out.html("</ul>\n");
}

fn texture(kind: Option<HoleKind>) -> &'static str {
    match kind {
        Some(HoleKind::Waiting) => "waiting",
        Some(HoleKind::Absent) => "absent",
        Some(HoleKind::Lost) => "lost",
        Some(HoleKind::Folded) => "folded",
        None => "unknown",
    }
}

fn kind(w: &'static Words, kind: Option<HoleKind>) -> &'static str {
    match kind {
        Some(HoleKind::Waiting) => w.gap_waiting,
        Some(HoleKind::Absent) => w.gap_absent,
        Some(HoleKind::Lost) => w.gap_lost,
        Some(HoleKind::Folded) => w.gap_folded,
        None => w.gap_unknown,
    }
}

/// The textures of gaps, once for all drawings of a page.
pub(crate) fn textures(out: &mut Html) {
    out.html(
        "<svg class=\"textures\" width=\"0\" height=\"0\" aria-hidden=\"true\"><defs>\
         <pattern id=\"hatch\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path d=\"M-2 2L2-2M0 8L8 0M6 10L10 6\"/></pattern>\
         <pattern id=\"cross\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\"><path d=\"M0 0L8 8M0 8L8 0\"/></pattern>\
         <pattern id=\"dots\" width=\"8\" height=\"100\" patternUnits=\"userSpaceOnUse\"><path d=\"M2 98H5\"/></pattern>\
         </defs></svg>\n",
    );
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use vigie_model::UtcMs;

    use super::super::voice::Lang;
    use super::*;

    fn window(mean: f64) -> Option<Window> {
        Some(Window { least: mean - 0.1, mean, most: mean + 0.1 })
    }

    fn drawn(windows: Vec<Option<Window>>, holes: Vec<(i64, i64, HoleKind)>) -> String {
        let scale = Scale::Share(1.0);
        let chart = Chart { what: "CPU", scale, from_ms: 0, step_ms: 60_000, windows, newest: None, holes };
        let voice = Voice { lang: Lang::English, zone: TimeZone::UTC, now: UtcMs(600_000) };
        let mut out = Html::default();
        chart.draw(&mut out, &voice);
        out.into_text()
    }

    #[test]
    fn nothing_is_drawn_across_a_gap_and_the_words_say_why() {
        let windows = vec![window(0.5), window(0.5), None, None, window(0.2), window(0.2)];
        let text = drawn(windows, vec![(130_000, 230_000, HoleKind::Lost), (0, 121_000, HoleKind::Absent)]);
        assert_eq!(text.matches("class=\"line\"").count(), 2);
        assert!(text.contains("<rect class=\"lost\" x=\"240\" width=\"240\""), "{text}");
        assert!(text.contains("CPU, 00:00 to 00:06: least 10%, mean 35%, most 60% at 00:00; 1 gap"), "{text}");
        assert!(text.contains(">00:02</time> to <time datetime=\"1970-01-01T00:04:00Z\">00:04</time>: lost"), "{text}");
    }

    #[test]
    fn a_machine_that_is_not_heard_has_a_gap_up_to_now() {
        let text = drawn(vec![window(0.5), window(0.5), None], Vec::new());
        assert!(text.contains("<rect class=\"unknown\" x=\"480\" width=\"240\""), "{text}");
    }

    #[test]
    fn where_nothing_was_measured_the_whole_drawing_is_a_gap() {
        let text = drawn(vec![None; 3], Vec::new());
        assert!(!text.contains("class=\"line\"") && text.contains("nothing was measured"), "{text}");
    }

    #[test]
    fn round_trips_are_drawn_and_said_in_their_own_measure() {
        let at = |mean: f64| Some(Window { least: mean, mean, most: mean });
        let (what, scale, windows) = ("Round trip", Scale::of_round_trips(0.31), vec![at(0.05), at(0.31)]);
        let chart = Chart { what, scale, from_ms: 0, step_ms: 60_000, windows, newest: None, holes: Vec::new() };
        let voice = Voice { lang: Lang::French, zone: TimeZone::UTC, now: UtcMs(600_000) };
        let mut out = Html::default();
        chart.draw(&mut out, &voice);
        let text = out.into_text();
        assert!(text.contains("maximum 310\u{a0}ms à 00:01"), "{text}");
        assert!(text.contains("d=\"M180 90L540 38\"") && text.contains(">500</span>"), "{text}");
        assert_eq!(Scale::of_round_trips(99.0), Scale::Millis(10_000.0));
    }

    #[test]
    fn a_single_window_between_gaps_is_seen() {
        let text = drawn(vec![None, window(0.5), None], Vec::new());
        assert!(text.contains("d=\"M240 50H480\""), "{text}");
    }
}
