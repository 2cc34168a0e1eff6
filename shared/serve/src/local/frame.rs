//! What stands around each page: who asks, as of when, and the way to the others?

use super::html::Html;
use super::site_words::Words;
use super::sound;
use super::voice::{Lang, Voice};
use crate::Place;

/// What every page needs to know of its reader and its moment.
#[derive(Debug, Clone)]
pub(crate) struct Frame {
    pub(crate) voice: Voice,
    pub(crate) theme: Theme,
    /// This relay's name.
    pub(crate) node: String,
    /// Its site.
    pub(crate) place: Option<Place>,
    /// Who is signed in; nobody on the sign-in page.
    pub(crate) who: Option<String>,
    /// The address of the page, for reloading it and coming back to it.
    pub(crate) path: String,
    /// Whether it loads itself anew; nothing where it has forms that somebody may be filling in.
    pub(crate) reloads: Option<bool>,
    /// For a screen on a wall: large, and nothing to press.
    pub(crate) wall: bool,
    /// Whether a tone can be turned on for what is new.
    pub(crate) sound: bool,
}

/// Light or dark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Theme {
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub(crate) const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub(crate) fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.code() == code)
    }
}

/// The pages that are always one step away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Alerts,
    Machines,
    Link,
    /// None of them.
    Elsewhere,
}

impl Frame {
    /// A whole page around its content.
    pub(crate) fn page(&self, tab: Tab, title: &str, content: impl FnOnce(&mut Html)) -> String {
        let mut out = Html::default();
        self.head(&mut out, title);
        out.html(if self.wall { "<body class=\"wall\">\n" } else { "<body>\n" });
        self.top(&mut out, tab);
        self.old(&mut out);
        if self.sound {
            sound::draw(&mut out, &self.voice);
        }
        out.html("<main id=\"main\" tabindex=\"-1\">\n");
        content(&mut out);
        out.html("</main>\n");
        self.foot(&mut out);
        out.html("</body>\n</html>\n");
        out.into_text()
    }

    fn head(&self, out: &mut Html, title: &str) {
        out.html("<!doctype html>\n<html lang=\"").html(self.voice.lang.code()).html("\" data-theme=\"");
        out.html(self.theme.code()).html("\">\n<head>\n<meta charset=\"utf-8\">\n<title>").text(title);
        if let Some(place) = &self.place {
            out.text(" · ").shown(&place.site);
        }
        out.html(
            " · Vigie</title>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"/icon.svg\">\n\
             <link rel=\"stylesheet\" href=\"/local.css\">\n",
        );
        if self.reloads == Some(true) {
            out.html("<meta http-equiv=\"refresh\" content=\"30\">\n");
        }
        if self.sound {
            out.html(sound::SCRIPT);
        }
        out.html("</head>\n");
    }

    /// What a page is, for who does not see how it is laid out.
    pub(crate) fn heading(&self, out: &mut Html, title: &str) {
        out.html("<h1 class=\"unseen\">").text(title);
        if let Some(place) = &self.place {
            out.text(", ").shown(&place.site);
        }
        out.html("</h1>\n");
    }

    fn top(&self, out: &mut Html, tab: Tab) {
        let w = self.voice.words();
        out.html("<a class=\"skip\" href=\"#main\">").text(w.skip).html("</a>\n<header>\n");
        out.html("<p class=\"brand\"><img src=\"/icon.svg\" alt=\"\" width=\"22\" height=\"22\"> <b>Vigie</b> ");
        if let Some(place) = &self.place {
            out.html("<span>").shown(&place.client).text(" / ").shown(&place.site).html("</span> ");
        }
        out.html("<small>").name(&self.node).html("</small></p>\n");
        if self.who.is_some() {
            out.html("<nav aria-label=\"").text(w.pages).html("\">");
            for (own, href, word) in
                [(Tab::Alerts, "/", w.alerts), (Tab::Machines, "/machines", w.machines), (Tab::Link, "/link", w.link)]
            {
                let current = if own == tab { "\" aria-current=\"page\">" } else { "\">" };
                out.html("<a href=\"").html(href).html(current).text(word).html("</a>");
            }
            out.html("</nav>\n");
        }
        out.html("<p class=\"asof\">");
        out.fill(w.as_of, |out, _| self.voice.at_second(out, self.voice.now.into()));
        out.html(" <a href=\"").text(&self.path).html("\">").text(w.reload).html("</a></p>\n</header>\n");
    }

    /// Comes into sight a minute after the page was drawn, by its style alone.
    fn old(&self, out: &mut Html) {
        let w = self.voice.words();
        out.html("<p class=\"old\">").text(w.is_old).html(" <a href=\"").text(&self.path).html("\">");
        out.text(w.reload).html("</a></p>\n");
    }

    fn foot(&self, out: &mut Html) {
        let w = self.voice.words();
        out.html("<footer>\n");
        if let Some(reloads) = self.reloads {
            let (says, way, offers) =
                if reloads { (w.reloads, "/?still=1", w.hold_still) } else { (w.stands_still, "/", w.let_go) };
            out.html("<p>").text(says).html(" <a href=\"").html(way).html("\">").text(offers).html("</a> · <a href=\"");
            let (way, offers) = if self.wall { ("/", w.wall_off) } else { ("/?wall=1", w.wall) };
            out.html(way).html("\">").text(offers).html("</a> · <a href=\"");
            let heard = Words::of(self.voice.lang);
            let (way, offers) = if self.sound { ("/", heard.sound_off_page) } else { ("/?sound=1", heard.sound_page) };
            out.html(way).html("\">").text(offers).html("</a></p>\n");
        }
        out.html("<form method=\"post\" action=\"/look\"><input type=\"hidden\" name=\"to\" value=\"").text(&self.path);
        out.html("\"><label>").text(w.language).html(" <select name=\"lang\">");
        for lang in Lang::ALL {
            let code = lang.code();
            out.html("<option value=\"").html(code).html("\" lang=\"").html(code);
            out.html(if lang == self.voice.lang { "\" selected>" } else { "\">" }).text(lang.name()).html("</option>");
        }
        out.html("</select></label> <label>").text(w.theme).html(" <select name=\"theme\">");
        for (theme, word) in Theme::ALL.into_iter().zip([w.theme_system, w.theme_light, w.theme_dark]) {
            out.html("<option value=\"").html(theme.code());
            out.html(if theme == self.theme { "\" selected>" } else { "\">" }).text(word).html("</option>");
        }
        out.html("</select></label> <button>").text(w.apply).html("</button></form>\n");
        if let Some(who) = &self.who {
            out.html("<form method=\"post\" action=\"/sign-out\"><span>");
            out.fill(w.signed_in_as, |out, _| out.name(who));
            out.html("</span> <button>").text(w.sign_out).html("</button></form>\n");
        }
        out.html("<p>").fill(w.zone, |out, _| out.text(self.voice.zone_name())).html("</p>\n</footer>\n");
    }
}
