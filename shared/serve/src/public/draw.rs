//! How does the page look? Plain markup that needs no script; every text of people goes in as text.

use super::bars::{bars, key};
use super::board::{Board, Component, State};
use super::history::{Day, History};
use super::words::Words;
use crate::local::html::Html;
use crate::local::voice::{Lang, Voice};
use crate::{DAY_MS, Notice, NoticeLanguage, NoticeState, Stamp};
use jiff::tz::TimeZone;
use vigie_model::UtcMs;

/// Days that are told one by one.
const MOST_DAYS: usize = 12;

/// A page's writer.
struct Sheet<'a> {
    board: &'a Board,
    voice: Voice,
    w: &'static Words,
    listed: bool,
    /// For who sets it up alone: what it would be.
    preview: bool,
}

/// The whole page.
pub(super) fn page(board: &Board, lang: Lang, listed: bool) -> String {
    written(board, lang, listed, false)
}

/// The same for who sets it up, before anybody may read it.
pub(super) fn preview(board: &Board, lang: Lang) -> String {
    written(board, lang, false, true)
}

fn written(board: &Board, lang: Lang, listed: bool, preview: bool) -> String {
    let voice = Voice { lang, zone: TimeZone::system(), now: board.at };
    let sheet = Sheet { board, voice, w: Words::of(lang), listed, preview };
    let mut out = Html::default();
    sheet.head(&mut out);
    sheet.top(&mut out);
    out.html("<main id=\"main\" tabindex=\"-1\">\n");
    sheet.all(&mut out);
    let (open, past): (Vec<&Notice>, Vec<&Notice>) =
        board.notices.iter().partition(|notice| notice.state() != NoticeState::Over);
    sheet.notices(&mut out, ("notices", sheet.w.notices), &open);
    sheet.components(&mut out);
    sheet.work(&mut out);
    sheet.notices(&mut out, ("past", sheet.w.past), &past);
    out.html("</main>\n");
    sheet.foot(&mut out);
    out.html("</body>\n</html>\n");
    out.into_text()
}

/// What is told where there is no page.
pub(super) fn not_here(lang: Lang) -> String {
    let (mut out, w) = (Html::default(), Words::of(lang));
    start(&mut out, lang, w.gone_title, false);
    out.html("</head>\n<body>\n<main><h1>").text(w.gone_title).html("</h1><p>").text(w.gone);
    out.html("</p></main>\n</body>\n</html>\n");
    out.into_text()
}

fn start(out: &mut Html, lang: Lang, title: &str, listed: bool) {
    out.html("<!doctype html>\n<html lang=\"").html(lang.code()).html("\">\n<head>\n<meta charset=\"utf-8\">\n<title>");
    out.text(title).html("</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.html("<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"/icon.svg\">\n");
    out.html("<link rel=\"stylesheet\" href=\"/status.css\">\n");
    if !listed {
        out.html("<meta name=\"robots\" content=\"noindex\">\n");
    }
}

impl Sheet<'_> {
    fn head(&self, out: &mut Html) {
        start(out, self.voice.lang, &format!("{} · {}", self.board.title, self.w.status), self.listed);
        if !self.preview {
            out.html("<link rel=\"alternate\" type=\"application/atom+xml\" title=\"").text(self.w.feed);
            out.html("\" href=\"");
            self.address(out, ".atom").html("\">\n");
        }
        out.html("</head>\n<body>\n");
    }

    fn top(&self, out: &mut Html) {
        let (w, other) = (self.w, self.other());
        out.html("<a class=\"skip\" href=\"#main\">").text(w.skip).html("</a>\n<header>\n<h1>").name(&self.board.title);
        out.html("</h1>\n<p class=\"asof\">").fill(w.as_of, |out, place| match place {
            "time" => self.voice.at_second(out, Stamp(self.board.at)),
            _ => out.text(self.voice.zone_name()),
        });
        out.html(" <a href=\"?lang=").html(self.voice.lang.code()).html("\">").text(w.reload);
        out.html("</a></p>\n<p><a href=\"?lang=").html(other.code());
        out.html("\" lang=\"").html(other.code()).html("\" hreflang=\"").html(other.code()).html("\">").text(w.other);
        out.html("</a></p>\n</header>\n<p class=\"old\">").text(w.is_old).html("</p>\n");
        if self.preview {
            out.html("<p class=\"preview\">").text(w.preview).html("</p>\n");
        }
    }

    fn other(&self) -> Lang {
        match self.voice.lang {
            Lang::English => Lang::French,
            Lang::French => Lang::English,
        }
    }

    /// Its own address, in its own language.
    fn address<'o>(&self, out: &'o mut Html, ending: &'static str) -> &'o mut Html {
        out.html("/status/").text(self.board.slug.as_str()).html(ending).html("?lang=").html(self.voice.lang.code())
    }

    fn all(&self, out: &mut Html) {
        let (w, state) = (self.w, self.board.all);
        out.html("<section class=\"all ").html(class(state)).html("\"><h2>");
        glyph(out, state);
        out.text(match state {
            State::Operational => w.all_operational,
            State::Maintenance => w.all_maintenance,
            State::SwitchedOff => w.all_off,
            State::NotVerified => w.all_not_verified,
            State::Disturbed => w.all_disturbed,
            State::Down => w.all_down,
        });
        out.html("</h2>");
        if self.board.components.iter().any(|one| one.state == State::NotVerified) {
            out.html("<p>").text(w.all_unknown_hint).html("</p>");
        }
        out.html("</section>\n");
    }

    fn components(&self, out: &mut Html) {
        let w = self.w;
        out.html("<section aria-labelledby=\"parts\">\n<h2 id=\"parts\">").text(w.components).html("</h2>\n");
        if self.board.components.is_empty() {
            out.html("<p>").text(w.components_none).html("</p>\n</section>\n");
            return;
        }
        out.html("<ul class=\"parts\">\n");
        self.board.components.iter().for_each(|one| self.component(out, one));
        out.html("</ul>\n");
        if self.board.history {
            key(out, w);
        }
        out.html("</section>\n");
    }

    fn component(&self, out: &mut Html, one: &Component) {
        let w = self.w;
        out.html("<li class=\"").html(class(one.state)).html("\"><div class=\"named\"><h3>").name(&one.name);
        out.html("</h3><p class=\"state\">");
        glyph(out, one.state);
        let sentence = match (one.state, one.since) {
            (State::Operational, _) => w.operational,
            (State::Maintenance, _) => w.maintenance,
            (State::SwitchedOff, None) => w.off,
            (State::SwitchedOff, Some(_)) => w.off_since,
            (State::Disturbed, _) => w.disturbed,
            (State::NotVerified, None) => w.not_verified,
            (State::NotVerified, Some(_)) => w.not_verified_since,
            (State::Down, None) => w.down,
            (State::Down, Some(_)) => w.down_since,
        };
        out.fill(sentence, |out, _| match one.since {
            Some(since) => self.voice.at(out, since),
            None => out,
        });
        out.html("</p></div>\n");
        if let Some(history) = &one.history {
            self.history(out, &one.name, history);
        }
        out.html("</li>\n");
    }

    fn history(&self, out: &mut Html, name: &str, history: &History) {
        let w = self.w;
        let (Some(share), Some(verified)) = (history.all.share(), history.all.verified()) else {
            out.html("<p class=\"share\">").text(w.share_none).html("</p>\n");
            return;
        };
        bars(out, w, name, history);
        out.html("<p class=\"share\"><span>");
        if let Some(first) = history.days.first() {
            out.fill(w.from_to, |out, _| self.date(out, first.day));
        }
        // Before the first day of which anything is known nobody watched: those days are none of what is shared out.
        let begun = history.begun().unwrap_or_default();
        out.html("</span> <span>").fill(w.share, |out, place| match place {
            "day" => self.date(out, begun),
            "share" => out.text(&self.percent(share)),
            _ => out.text(&self.percent(verified)),
        });
        out.html("</span></p>\n");
        self.days(out, history);
    }

    /// The days that were not wholly well, the latest first.
    fn days(&self, out: &mut Html, history: &History) {
        let w = self.w;
        let stands_out = |day: &&Day| day.sum.is_some_and(|sum| sum.down > 0 || sum.is_unsure());
        let days: Vec<&Day> = history.days.iter().rev().filter(stands_out).collect();
        if days.is_empty() {
            return;
        }
        out.html("<details><summary>").fill(w.listed, |out, _| out.shown(days.len())).html("</summary><ul>");
        for day in days.iter().take(MOST_DAYS) {
            let Some(sum) = day.sum else { continue };
            let sentence = match (sum.down > 0, sum.is_unsure()) {
                (true, true) => w.day_both,
                (true, false) => w.day_down,
                _ => w.day_unsure,
            };
            let of_day = |minutes: u64| self.voice.span(day.of_one_ms(minutes));
            out.html("<li>").fill(sentence, |out, place| match place {
                "date" => self.date(out, day.day),
                "down" => out.text(&of_day(sum.down)),
                _ => out.text(&of_day(sum.unverified)),
            });
            out.html("</li>");
        }
        if days.len() > MOST_DAYS {
            out.html("<li>").fill(w.more, |out, _| out.shown(days.len() - MOST_DAYS)).html("</li>");
        }
        out.html("</ul></details>\n");
    }

    fn work(&self, out: &mut Html) {
        let w = self.w;
        if self.board.work.is_empty() {
            return;
        }
        out.html("<section aria-labelledby=\"work\">\n<h2 id=\"work\">")
            .text(w.work)
            .html("</h2>\n<ul class=\"work\">");
        for work in &self.board.work {
            out.html("<li>").fill(w.work_of, |out, place| match place {
                "from" => self.voice.at(out, work.from),
                "to" => self.voice.at(out, work.to),
                _ => names(out, &work.components),
            });
            out.html("</li>\n");
        }
        out.html("</ul>\n</section>\n");
    }

    fn notices(&self, out: &mut Html, (id, title): (&'static str, &'static str), notices: &[&Notice]) {
        if notices.is_empty() {
            return;
        }
        out.html("<section aria-labelledby=\"").html(id).html("\">\n<h2 id=\"").html(id).html("\">").text(title);
        out.html("</h2>\n");
        notices.iter().for_each(|notice| self.notice(out, notice));
        out.html("</section>\n");
    }

    fn notice(&self, out: &mut Html, notice: &Notice) {
        let w = self.w;
        out.html("<article id=\"").text(&notice.id).html("\"");
        written_in(out, notice.language).html("><h3>").name(&notice.title).html("</h3>\n");
        if !notice.components.is_empty() {
            out.html("<p lang=\"").html(self.voice.lang.code()).html("\">");
            out.fill(w.concerns, |out, _| names(out, &notice.components)).html("</p>\n");
        }
        out.html("<ol>");
        for news in notice.news.iter().rev() {
            out.html("<li><p class=\"when\" lang=\"").html(self.voice.lang.code()).html("\"><b>");
            out.text(word(w, news.state)).html("</b> ");
            self.voice.at(out, news.at).html("</p><p class=\"said\">").text(&news.text).html("</p></li>");
        }
        out.html("</ol></article>\n");
    }

    fn foot(&self, out: &mut Html) {
        let w = self.w;
        out.html("<footer><p>").fill(w.zone, |out, _| out.text(self.voice.zone_name())).html("</p>");
        if !self.preview {
            out.html("<p><a href=\"");
            self.address(out, ".atom").html("\">").text(w.feed).html("</a> · <a href=\"/status/");
            out.text(self.board.slug.as_str()).html(".json\">").text(w.data).html("</a></p>");
        }
        out.html("</footer>\n");
    }

    fn date<'o>(&self, out: &'o mut Html, day: i32) -> &'o mut Html {
        let at = Stamp(UtcMs(i64::from(day) * DAY_MS));
        let text = at.to_string();
        let day = text.get(8..10).unwrap_or_default().trim_start_matches('0');
        let month = text.get(5..7).and_then(|month| month.parse().ok()).unwrap_or(0);
        let month = self.voice.words().months.split(' ').nth(month).unwrap_or("?");
        out.text(day).text("\u{a0}").text(month)
    }

    /// Rounded down: a hundred is told of what never failed.
    fn percent(&self, share: f64) -> String {
        let hundredths = (share * 10_000.0).floor() / 100.0;
        let text = format!("{hundredths:.2}");
        let text = text.trim_end_matches('0').trim_end_matches('.');
        match self.voice.lang {
            Lang::English => format!("{text}%"),
            Lang::French => format!("{}\u{202f}%", text.replace('.', ",")),
        }
    }
}

fn names<'o>(out: &'o mut Html, names: &[String]) -> &'o mut Html {
    for (at, name) in names.iter().enumerate() {
        out.text(if at > 0 { ", " } else { "" }).name(name);
    }
    out
}

fn written_in(out: &mut Html, language: Option<NoticeLanguage>) -> &mut Html {
    match language {
        Some(NoticeLanguage::En) => out.html(" lang=\"en\""),
        Some(NoticeLanguage::Fr) => out.html(" lang=\"fr\""),
        None => out,
    }
}

/// Where a notice stands, in words.
pub(super) fn word(w: &'static Words, state: NoticeState) -> &'static str {
    match state {
        NoticeState::Investigating => w.investigating,
        NoticeState::Identified => w.identified,
        NoticeState::Watching => w.watching,
        NoticeState::Planned => w.planned,
        NoticeState::Over => w.over,
    }
}

fn class(state: State) -> &'static str {
    match state {
        State::Operational => "ok",
        State::Maintenance => "maint",
        State::SwitchedOff => "off",
        State::NotVerified => "unsure",
        State::Disturbed => "warn",
        State::Down => "bad",
    }
}

fn glyph(out: &mut Html, state: State) {
    out.html("<span class=\"glyph\" aria-hidden=\"true\">").html(match state {
        State::Operational => "●",
        State::Maintenance => "◆",
        State::SwitchedOff => "☾",
        State::NotVerified => "◌",
        State::Disturbed => "▲",
        State::Down => "■",
    });
    out.html("</span> ");
}
